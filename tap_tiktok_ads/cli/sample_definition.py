"""The custom stream that the options of `sample` define, and the settings of its run."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
import urllib.parse

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli.atomic_files import PRIVATE_MODE, replace_file
from tap_tiktok_ads.config.curl_commands import parse_curl, sends_cookies
from tap_tiktok_ads.config.custom_requests import (
    ADVERTISER_MACRO,
    literal_advertiser,
    normalize,
    parse_body,
    parse_headers,
    parse_value,
    secret_values,
)
from tap_tiktok_ads.config.files import read_json
from tap_tiktok_ads.config.json_editing import append_item
from tap_tiktok_ads.config.request_templates import REQUEST_KEYS
from tap_tiktok_ads.extract import macros

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SETTING = "custom_streams"
#: Settings with definitions of streams.
DEFINITION_SETTINGS = (SETTING, "custom_reports")
#: Settings whose keys are names of streams.
SETTINGS_BY_STREAM = ("report_metrics", "stream_maps")
_VERSION = re.compile(r"^/?open_api/v[\d.]+/")


@dataclasses.dataclass(frozen=True)
class EndpointOptions:
    """The options of `sample` that define a custom stream.

    Attributes:
        url: URL or path of the endpoint, or None.
        curl: Command line of curl in place of the URL, or None.
        method: HTTP method, or None for the default.
        params: Query parameters as `name=value`.
        headers: Headers as `name: value`.
        body: JSON text of the body, or None.
        once: Read the endpoint once, and not for each advertiser.
        records_path: JSONPath of the records, or None if it is to be found.
    """

    url: str | None
    curl: str | None
    method: str | None
    params: tuple[str, ...]
    headers: tuple[str, ...]
    body: str | None
    once: bool
    records_path: str | None

    @property
    def is_defined(self) -> bool:
        """True if the options name an endpoint."""
        return bool(self.url or self.curl)

    @property
    def has_details(self) -> bool:
        """True if options beside the endpoint are set."""
        details = (self.method, self.params, self.headers, self.body, self.records_path)
        return self.once or any(detail is not None and detail != () for detail in details)


@dataclasses.dataclass(frozen=True)
class Definition:
    """A custom stream that options define.

    Attributes:
        entry: The entry of `custom_streams`, in its documented form.
        advertiser: The literal advertiser ID of the request, or None.
        had_cookies: True if the curl command has cookies, which the entry does not have.
    """

    entry: dict[str, t.Any]
    advertiser: str | None
    had_cookies: bool = False

    @property
    def name(self) -> str:
        """Name of the stream."""
        return str(self.entry["name"])

    def with_records_path(self, path: str) -> Definition:
        """Return a copy whose records are at a JSONPath."""
        return dataclasses.replace(self, entry={**self.entry, "records_path": path})


def define(name: str | None, options: EndpointOptions) -> Definition:
    """Return the custom stream that the options define.

    Args:
        name: Name of the stream, or None for a name from the path.
        options: The options.

    Raises:
        ConfigError: An option cannot be used.
    """
    try:
        # normalized for one advertiser, so that the ID is not yet replaced
        literal = normalize({**_pasted(options), "per_advertiser": False})
        if options.params:
            literal["params"] = {**literal.get("params", {}), **dict(map(_param, options.params))}
        advertiser = literal_advertiser(literal)
        if not options.once:
            del literal["per_advertiser"]
            _add_advertiser(literal)
        entry = {"name": name or stream_name(literal["url"]), **normalize(literal)}
        if entry.get("method") == "GET":  # the default
            del entry["method"]
        had_cookies = options.curl is not None and sends_cookies(options.curl)
    except ValueError as error:
        msg = f"Cannot sample the endpoint: {error}."
        raise ConfigError(msg) from None
    if options.records_path is not None:
        entry["records_path"] = options.records_path
    return Definition(entry, advertiser, had_cookies)


def _pasted(options: EndpointOptions) -> dict[str, t.Any]:
    """Return the request of the options without the parameters of --param.

    Raises:
        ValueError: The command of curl, a header or the body cannot be parsed.
    """
    entry: dict[str, t.Any] = parse_curl(options.curl) if options.curl else {"url": options.url}
    if options.body is not None:
        entry |= {"method": "POST", "body": parse_body(options.body) or {}}
    if options.method:
        entry["method"] = options.method
    if options.headers:
        entry["headers"] = entry.get("headers", {}) | parse_headers("\n".join(options.headers))
    return entry


def _param(text: str) -> tuple[str, t.Any]:
    """Return the name and value of a parameter.

    Raises:
        ValueError: The text is not a name and a value.
    """
    name, equal_sign, value = text.partition("=")
    if not name or not equal_sign:
        msg = "--param must be NAME=VALUE, such as page_size=20"
        raise ValueError(msg)
    return name, parse_value(value)


def _add_advertiser(entry: dict[str, t.Any]) -> None:
    """Add the advertiser to a request that does not name one."""
    request = {key: entry[key] for key in REQUEST_KEYS if key in entry}
    key = "body" if "body" in entry else "params"
    members = entry.get(key, {})
    if ADVERTISER_MACRO not in macros.macro_names(request) and ADVERTISER_MACRO not in members:
        entry[key] = {ADVERTISER_MACRO: f"{{{ADVERTISER_MACRO}}}", **members}


def stream_name(url: str) -> str:
    """Return a name for the stream of a URL.

    Example:
        >>> stream_name("https://business-api.tiktok.com/open_api/v1.3/pixel/list/")
        'pixel_list'
    """
    path = _VERSION.sub("", urllib.parse.urlsplit(url).path)
    name = re.sub(r"\W+", "_", path, flags=re.ASCII).strip("_")
    return re.sub(r"^(?=\d)|^$", "_", name)


def settings_of_sample(
    config: Mapping[str, t.Any], name: str, definition: Definition | None, advertiser: str | None
) -> dict[str, t.Any]:
    """Return the settings that the sample of one stream needs.

    Definitions of other streams are left out, so that a wrong one does not stop the sample.

    Args:
        config: All settings.
        name: The stream.
        definition: The custom stream that options define, or None.
        advertiser: The only advertiser to read, or None.
    """
    result = _without_other_definitions(config, name)
    result.pop("streams", None)  # it can name a stream whose definition is left out
    if definition is not None:
        # while the path of the records is unknown, a response without objects has no records
        is_path_unknown = "records_path" not in definition.entry
        result[SETTING] = [{"allow_missing_records": is_path_unknown, **definition.entry}]
    if advertiser is not None:
        result |= {"advertiser_ids": [advertiser], "exclude_advertiser_ids": [], "shard": None}
    return result


def _without_other_definitions(config: Mapping[str, t.Any], name: str) -> dict[str, t.Any]:
    """Return the settings with the definitions of a stream and of the streams that it looks up."""
    result = dict(config)
    needed = {name, *_looked_up(config.get(SETTING), name)}
    dropped = set(defined_names(config)) - needed
    for setting in DEFINITION_SETTINGS:
        if isinstance(config.get(setting), list):
            result[setting] = [entry for entry in config[setting] if _name(entry) in needed]
    for setting in SETTINGS_BY_STREAM:
        if isinstance(config.get(setting), dict):
            by_name = config[setting].items()
            result[setting] = {key: value for key, value in by_name if key not in dropped}
    return result


def defined_names(config: Mapping[str, t.Any]) -> list[str]:
    """Return the names in the definitions of streams and reports."""
    lists = [config.get(setting) for setting in DEFINITION_SETTINGS]
    entries = (entry for entries in lists if isinstance(entries, list) for entry in entries)
    return [name for name in map(_name, entries) if name]


def _name(entry: t.Any) -> str | None:
    """Return the name of a definition, or None if it has none."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else None


def _looked_up(entries: t.Any, name: str) -> Iterator[str]:
    """Yield the streams that the custom stream of a name looks up."""
    for entry in entries if isinstance(entries, list) else ():
        if _name(entry) == name:
            named = entry.get("lookups")
            lookups = [entry.get("for_each"), *(named.values() if isinstance(named, dict) else ())]
            for lookup in lookups:
                source = lookup.get("stream") if isinstance(lookup, dict) else lookup
                if isinstance(source, str):
                    yield source.partition(".")[0]


class SaveTarget:
    """A configuration file that takes one more custom stream."""

    def __init__(self, path: Path, definition: Definition, mask: Callable[[str], str]) -> None:
        """Check that the file takes the stream. Write nothing.

        Args:
            path: The file. It need not exist.
            definition: The custom stream.
            mask: Replaces the secrets of the settings in a text.

        Raises:
            ConfigError: The entry contains a secret, or the file cannot take it.
        """
        self.path = path
        text = json.dumps(definition.entry)
        if mask(text) != text or any(secret_values(definition.entry)):
            msg = (
                f"Cannot save stream {definition.name!r}: its request contains a secret. Secrets "
                "belong into the settings access_token and app_secret only."
            )
            raise ConfigError(msg)
        self._content_with(definition)

    def write(self, definition: Definition) -> None:
        """Add the custom stream to the file, and replace the file atomically.

        Raises:
            ConfigError: The file cannot take the stream, or cannot be written.
        """
        file = self.path.resolve()  # a symbolic link is kept
        content = self._content_with(definition)
        try:
            replace_file(file, content, file.stat().st_mode if file.exists() else PRIVATE_MODE)
        except OSError as error:
            msg = f"File {self.path} cannot be written: {error.strerror}. Choose another path."
            raise ConfigError(msg) from None

    def _content_with(self, definition: Definition) -> bytes:
        """Return the content of the file with the custom stream, in the encoding of the file.

        Raises:
            ConfigError: The file cannot be read, or has a stream of this name.
        """
        if not self.path.exists():
            return f"{append_item('{}', SETTING, definition.entry)}\n".encode()
        content = read_json(str(self.path), f"File {self.path}", open)
        if definition.name in defined_names(content):
            msg = (
                f"File {self.path} already defines the stream {definition.name!r}. Write another "
                "name after `sample`."
            )
            raise ConfigError(msg)
        if not isinstance(content.get(SETTING), (list, type(None))):
            msg = f"File {self.path}: setting {SETTING!r} must be a list. Correct the file."
            raise ConfigError(msg)
        stored = self.path.read_bytes()
        encoding = json.detect_encoding(stored)
        return append_item(stored.decode(encoding), SETTING, definition.entry).encode(encoding)
