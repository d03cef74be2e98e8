"""`tap-tiktok-ads authorize`: from an app's id and secret to a token in a file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import stat
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
from tap_tiktok_ads.config import settings
from tap_tiktok_ads.tap import TapTikTokAds, read_json

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = "https://business-api.tiktok.com/portal/auth"
TOKEN_PATH = "/oauth2/access_token/"  # noqa: S105 - where one is asked for
CODE = "auth_code"


@click.command("authorize", short_help="Get an access token for an app.")
@common.config_option
@click.option("--app-id", help="ID of the developer app; else the setting app_id.")
@click.option(
    "--app-secret",
    help="Its secret; else the setting app_secret, or asked for on a terminal.",
)
@click.option("--auth-code", help="What the redirect brought: auth_code, or its whole URL.")
@click.option("--redirect-uri", help="Where the portal sends the advertiser afterwards.")
@click.option("--state", help="Text that the redirect brings back.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the token goes: a configuration file for the tap, readable by you alone.",
)
def command(  # noqa: PLR0913 - the options, by name
    *,
    config: t.Any,
    app_id: str | None,
    app_secret: str | None,
    auth_code: str | None,
    redirect_uri: str | None,
    state: str | None,
    output: Path | None,
) -> None:
    """Get an access token for an app that an advertiser authorises.

    Without --auth-code, prints the page on which the advertiser does that; on a terminal, asks for
    what its redirect brought. A code is valid for an hour, and once.

    Example: tap-tiktok-ads authorize --config config.json --output token.json
    """
    chosen = _settings(config, app_id=app_id, app_secret=app_secret)
    terminal = sys.stdin.isatty()
    if auth_code is None:
        wanted = {"app_id": chosen.app_id, "state": state, "redirect_uri": redirect_uri}
        query = urllib.parse.urlencode({name: text for name, text in wanted.items() if text})
        common.say(f"{PORTAL}?{query}")
        if output is None or not terminal:
            common.say("Then run again with --auth-code and --output.", err=True)
            return
        auth_code = click.prompt("auth_code or URL of the redirect", err=True)
    if output is None:
        msg = "--output FILE is needed for the token; the code has not been used."
        raise ConfigError(msg)
    code = _code(auth_code, state)
    if not chosen.app_secret:
        if not terminal:
            msg = "No app_secret: set it in the config file or as TAP_TIKTOK_ADS_APP_SECRET."
            raise ConfigError(msg)
        secret = click.prompt("app_secret", hide_input=True, err=True).strip()
        chosen = dataclasses.replace(chosen, app_secret=secret)
    file = TokenFile(output)
    _authorize(chosen, code, file)
    common.say(f"Wrote access_token and advertiser_ids to {output}: use it as a --config.")


def _settings(config: t.Any, **given: str | None) -> settings.Settings:
    """The settings, those of the command line first; a token is not needed.

    Raises:
        ConfigError: they cannot be used.
    """
    merged = TapTikTokAds.merged(config.config, environment=config.parse_env)
    merged |= {name: text for name, text in given.items() if text}
    chosen = settings.check(merged, TapTikTokAds.known_settings(), credentials=False)
    if chosen.simulated:
        msg = "The embedded simulator ends with the command: run `simulator`, and set its api_url."
        raise ConfigError(msg)
    if not chosen.app_id:
        msg = "No app_id: give --app-id, or set it in the config file."
        raise ConfigError(msg)
    return chosen


def _code(text: str, state: str | None) -> str:
    """The code in what the redirect brought: the code itself, or a whole URL.

    Raises:
        ConfigError: there is none, or the URL brings back another state.
    """
    text = text.strip()
    if not (set(text) & set("=&?/")):
        return text
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query)
    if CODE not in query:
        msg = f"The URL of the redirect has no {CODE}."
        raise ConfigError(msg)
    if state is not None and query.get("state") != [state]:
        msg = "The redirect brought back another state: authorise again."
        raise ConfigError(msg)
    return query[CODE][0]


def _authorize(chosen: settings.Settings, code: str, file: TokenFile) -> None:
    """Exchange the code, keep the token, list its advertisers.

    Raises:
        TapError: the code or the app is refused.
    """
    body = {"app_id": chosen.app_id, "secret": chosen.app_secret, CODE: code}
    # one try: a second one would find the code used
    transport = _transport(chosen, "", [chosen.app_secret, code], max_retries=0)
    data = transport.send(Request(TOKEN_PATH, {}, method="POST", body=body)).data
    token, ids = data.get("access_token"), data.get("advertiser_ids") or []
    if not (isinstance(token, str) and token):
        msg = f"{TOKEN_PATH} answered without access_token."
        raise ResponseError(msg)
    file.write(access_token=token, advertiser_ids=list(map(str, ids)))  # before anything can fail
    reader = _transport(chosen, token, [chosen.app_secret], max_retries=chosen.max_retries)
    granted = accounts.authorized_advertisers(reader, chosen.app_id, chosen.app_secret)
    file.write(access_token=token, advertiser_ids=list(granted))
    common.show_table(["advertiser", "name"], list(granted.items()))


def _transport(
    chosen: settings.Settings, token: str, secrets: list[str], *, max_retries: int
) -> Client:
    return Client(
        chosen.base_url,
        token,
        RateLimiter(chosen.tier),
        user_agent=chosen.user_agent,
        timeout=chosen.request_timeout,
        max_retries=max_retries,
        secrets=secrets,
    )


class TokenFile:
    """A JSON object in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        """Read what is there, and see that it can be replaced.

        Raises:
            ConfigError: it cannot be used.
        """
        self._path = path.resolve()  # a link stays one
        self._mode = stat.S_IRUSR | stat.S_IWUSR
        self._content: dict[str, t.Any] = {}
        if self._path.exists():
            self._content = read_json(str(self._path), f"File {path}", open)
            self._mode &= self._path.stat().st_mode
        with self._writing():
            tempfile.TemporaryFile(dir=self._path.parent).close()

    def write(self, **changes: t.Any) -> None:
        """Put a new file with these members in its place, at once.

        Raises:
            ConfigError: it cannot be written.
        """
        self._content |= changes
        with self._writing(), tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            new = Path(folder) / self._path.name
            new.touch(stat.S_IRUSR | stat.S_IWUSR)
            new.write_text(json.dumps(self._content, indent=2) + "\n", "utf-8")
            new.chmod(self._mode)
            new.replace(self._path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"File {self._path} cannot be written: {error.strerror}."
            raise ConfigError(msg) from None
