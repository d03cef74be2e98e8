"""`tap-tiktok-ads authorize`: get an access token for an app and write it to a file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import tempfile
import typing as t
import urllib.parse
from pathlib import Path

import click

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.errors import ConfigError, ResponseError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import RateLimiter
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.cli.atomic_files import PRIVATE_MODE, replace_file
from tap_tiktok_ads.config.files import read_json
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.config.settings import Settings

PORTAL = "https://business-api.tiktok.com/portal/auth"
TOKEN_PATH = "/oauth2/access_token/"  # noqa: S105 - a path, not a token
#: Parameter of the redirect, and of the token request.
CODE_PARAMETER = "auth_code"
#: Exit code if the code is missing, and there is no terminal to prompt for it.
MISSING_CODE_EXIT_CODE = 2
#: Space that the disk must have before the code is exchanged.
MIN_FREE_BYTES = 65536


@click.command("authorize", short_help="Request an access token for a developer app.")
@common.config_option
@click.option("--app-id", help="ID of the developer app. Default: setting app_id.")
@click.option(
    "--app-secret",
    help="Secret of the developer app. Default: setting app_secret, or a prompt on a terminal.",
)
@click.option("--auth-code", help="auth_code parameter of the redirect, or its complete URL.")
@click.option("--redirect-uri", help="URL to which TikTok redirects the advertiser.")
@click.option("--state", help="Text that the redirect repeats in its state parameter.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file for the tap with the token. Only its owner can read it.",
)
@click.pass_context
def command(  # noqa: PLR0913 - the options, keyword-only
    context: click.Context,
    *,
    config: t.Any,
    app_id: str | None,
    app_secret: str | None,
    auth_code: str | None,
    redirect_uri: str | None,
    state: str | None,
    output: Path | None,
) -> None:
    """Request an access token for a developer app.

    An advertiser authorizes the app on TikTok's authorization page, which redirects to a URL with
    a code. Without --auth-code, the command prints the URL of the page. On a terminal, it prompts
    for the code. Elsewhere, it ends with exit code 2. A code is valid once, for one hour.

    Example: tap-tiktok-ads authorize --config config.json --output token.json
    """
    settings = _settings(config, app_id=app_id, app_secret=app_secret)
    is_terminal = sys.stdin.isatty()
    if auth_code is None:
        common.say(_portal_url(settings.app_id, state, redirect_uri))
        if output is None or not is_terminal:
            common.say("Then run again with --auth-code and --output.", err=True)
            context.exit(0 if is_terminal else MISSING_CODE_EXIT_CODE)
        auth_code = click.prompt("auth_code or URL of the redirect", err=True)
    if output is None:
        msg = (
            "Option --output FILE is required, because the token is written to a file. The code "
            "is still valid."
        )
        raise ConfigError(msg)
    code = _code(auth_code, state)
    settings = _with_app_secret(settings, is_terminal=is_terminal)
    _authorize(settings, code, TokenFile(output))
    common.say(f"Wrote access_token and advertiser_ids to {output}: use it as a --config.")


def _portal_url(app_id: str, state: str | None, redirect_uri: str | None) -> str:
    """Return the URL of the authorization page."""
    parameters = {"app_id": app_id, "state": state, "redirect_uri": redirect_uri}
    query = urllib.parse.urlencode({name: text for name, text in parameters.items() if text})
    return f"{PORTAL}?{query}"


def _with_app_secret(settings: Settings, *, is_terminal: bool) -> Settings:
    """Return the settings with an app secret. Prompt for a missing secret on a terminal.

    Raises:
        ConfigError: The secret is missing, and there is no terminal.
    """
    if settings.app_secret:
        return settings
    if not is_terminal:
        msg = (
            "Setting 'app_secret' is required. Pass --app-secret, or set it in the config file or "
            "in TAP_TIKTOK_ADS_APP_SECRET with --config ENV."
        )
        raise ConfigError(msg)
    secret = click.prompt("app_secret", hide_input=True, err=True).strip()
    return dataclasses.replace(settings, app_secret=secret)


def _settings(config: t.Any, **options: str | None) -> Settings:
    """Return the settings. Options of the command line override them. The token is optional.

    Raises:
        ConfigError: The settings are invalid.
    """
    merged = TapTikTokAds.merged(config.config, with_environment=config.parse_env)
    merged |= {name: text for name, text in options.items() if text}
    settings = validate(merged, TapTikTokAds.known_settings(), credentials=False)
    if settings.simulated:
        msg = (
            "Cannot authorize with the embedded simulator, because it ends with this command. Run "
            "`tap-tiktok-ads simulator` and use its settings."
        )
        raise ConfigError(msg)
    if not settings.app_id:
        msg = "Setting 'app_id' is required. Pass --app-id, or set it in the config file."
        raise ConfigError(msg)
    return settings


def _code(text: str, state: str | None) -> str:
    """Return the code of the redirect.

    Args:
        text: The code, or the complete URL.
        state: The state of the request, or None.

    Raises:
        ConfigError: The URL has no code, or another state.
    """
    text = text.strip()
    if not (set(text) & set("=&?/")):
        return text
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query)
    if CODE_PARAMETER not in query:
        msg = (
            f"The URL of --auth-code has no parameter {CODE_PARAMETER}. Copy the complete URL to "
            "which TikTok redirected the browser."
        )
        raise ConfigError(msg)
    if state is not None and query.get("state") != [state]:
        msg = (
            f"The redirect has another state than {state!r}, so it may be of another request. "
            "Open the authorization page again."
        )
        raise ConfigError(msg)
    return query[CODE_PARAMETER][0]


def _authorize(settings: Settings, code: str, file: TokenFile) -> None:
    """Exchange the code for a token, write the token to the file, and print its advertisers.

    The file is not changed unless there is an advertiser: an empty list would later mean all.

    Raises:
        ConfigError: No advertiser granted access.
        TapError: The code or the app is rejected.
    """
    body = {"app_id": settings.app_id, "secret": settings.app_secret, CODE_PARAMETER: code}
    # No retry, because the code is valid once.
    client = _client(settings, "", [settings.app_secret, code], max_retries=0)
    data = client.send(Request(TOKEN_PATH, {}, method="POST", body=body)).data
    token, ids = data.get("access_token"), _text_list(data.get("advertiser_ids"))
    if not (isinstance(token, str) and token):
        msg = f"{TOKEN_PATH} returned no access_token."
        raise ResponseError(msg)
    if ids:
        file.write(access_token=token, advertiser_ids=ids)  # before anything can fail
    token_client = _client(settings, token, [settings.app_secret], max_retries=settings.max_retries)
    granted = accounts.authorized_advertisers(token_client, settings.app_id, settings.app_secret)
    if granted:
        file.write(access_token=token, advertiser_ids=list(granted))
    elif not ids:
        msg = (
            "No advertiser granted access to the app, so no token was written. Select at least one "
            "advertiser on the authorization page, then run again with the new auth_code."
        )
        raise ConfigError(msg)
    common.show_table(["advertiser", "name"], list(granted.items()))


def _text_list(value: t.Any) -> list[str]:
    """Return a list of IDs as text. A value that is not a list has none."""
    return list(map(str, value)) if isinstance(value, list) else []


def _client(settings: Settings, token: str, secrets: list[str], *, max_retries: int) -> Client:
    """Return a client with the settings of the connection."""
    return Client(
        settings.base_url,
        token,
        RateLimiter(settings.tier),
        user_agent=settings.user_agent,
        timeout=settings.request_timeout,
        max_retries=max_retries,
        secrets=secrets,
    )


class TokenFile:
    """A JSON object in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Read the file if it exists, and check that it can be replaced.

        Raises:
            ConfigError: The file is not a JSON object, or cannot be written.
        """
        self._path = path.resolve()  # a symbolic link is kept
        self._mode = PRIVATE_MODE
        self._content: dict[str, t.Any] = {}
        if self._path.exists():
            self._content = read_json(str(self._path), f"File {path}", open)
            self._mode &= self._path.stat().st_mode
        with self._writing(), tempfile.TemporaryFile(dir=self._path.parent) as file:
            file.write(bytes(MIN_FREE_BYTES))  # a full disk still takes an empty file

    def write(self, **changes: t.Any) -> None:
        """Replace the file atomically. Members that are not changed are kept.

        Raises:
            ConfigError: The file cannot be written.
        """
        self._content |= changes
        with self._writing():
            content = json.dumps(self._content, indent=2) + "\n"
            replace_file(self._path, content.encode(), self._mode)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Convert errors of writing to `ConfigError`."""
        try:
            yield
        except OSError as error:
            msg = (
                f"File {self._path} cannot be written: {error.strerror}. Choose another path for "
                "--output."
            )
            raise ConfigError(msg) from None
