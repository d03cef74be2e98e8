"""Checks of the settings. Each error names the setting. All errors are reported together."""

from __future__ import annotations

import functools
import typing as t
import urllib.parse

from tap_tiktok_ads.about import version
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.hosts import is_loopback
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.shards import Shard
from tap_tiktok_ads.api.shared_stores import STORES
from tap_tiktok_ads.api.suggestions import closest_match, suggest
from tap_tiktok_ads.config.custom_reports import parse_custom_reports
from tap_tiktok_ads.config.custom_streams import parse_custom_streams
from tap_tiktok_ads.config.schema import (
    AUTO_LOOKBACK,
    ID_LIST_SETTINGS,
    REMOVED_SETTINGS,
    SETTINGS_SCHEMA,
    json_types,
)
from tap_tiktok_ads.config.selection import Selection
from tap_tiktok_ads.config.settings import Settings
from tap_tiktok_ads.config.values import TYPE_NAMES, describe_value
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import pendulum

#: Settings whose text is used without the white space around it.
STRIPPED_SETTINGS = (
    "access_token",
    "app_id",
    "app_secret",
    "api_url",
    "user_agent",
    "shared_budget",
)
#: Settings that HTTP headers hold.
HEADER_SETTINGS = ("access_token", "user_agent")
#: The first and the last time zone that start a day, and one between them.
SAMPLE_TIME_ZONES = ("Etc/GMT+12", "UTC", "Etc/GMT-14")
#: Settings of the SDK that count levels or characters.
FLATTENING_SETTINGS = ("flattening_max_depth", "flattening_max_key_length")
#: Python types of the JSON types.
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def validate(
    config: Mapping[str, t.Any], known_names: Collection[str], *, credentials: bool = True
) -> Settings:
    """Return the settings of a configuration, with the defaults of absent and null settings.

    Args:
        config: The normalized configuration.
        known_names: Names of all accepted settings, including the settings of the SDK.
        credentials: Require the settings that a request needs.

    Raises:
        ConfigError: A setting cannot be used. The message says what to write instead.
    """
    schemas = SETTINGS_SCHEMA["properties"]
    values = {name: schema.get("default") for name, schema in schemas.items()}
    values |= {
        name: value for name, value in config.items() if name in schemas and value is not None
    }
    _check_values(config, known_names, values)
    settings = Settings(**_resolve(values))
    checks = [
        functools.partial(_check_api_url, settings.api_url),
        functools.partial(_check_headers, settings),
        functools.partial(_check_dates, settings),
    ]
    if credentials:
        checks.append(functools.partial(_check_credentials, settings))
    raise_together(checks)
    return settings


def _check_values(
    config: Mapping[str, t.Any], known_names: Collection[str], values: Mapping[str, t.Any]
) -> None:
    """Raise `ConfigError` if a setting does not exist, or has a value of the wrong form."""
    raise_together(
        [
            *(functools.partial(_check_name, name, known_names) for name in config),
            *(
                functools.partial(_check_value, name, schema, values[name])
                for name, schema in SETTINGS_SCHEMA["properties"].items()
                if values[name] is not None
            ),
        ]
    )
    raise_together(
        [
            *(functools.partial(_check_ids, name, values[name]) for name in ID_LIST_SETTINGS),
            functools.partial(Selection.parse, values["streams"]),
            functools.partial(parse_shard, values["shard"]),
            functools.partial(_check_flattening, config),
            functools.partial(_check_simulator_tier, values["simulator"] or {}),
            functools.partial(_check_shared_budget, (values["shared_budget"] or "").strip()),
        ]
    )


def raise_together(checks: Iterable[Callable[[], object]]) -> None:
    """Run all checks.

    Raises:
        ConfigError: A check failed. The message contains the messages of all failed checks.
    """
    messages = []
    for check in checks:
        try:
            check()
        except ConfigError as error:
            messages.append(str(error))
    if messages:
        raise ConfigError(" ".join(messages))


def default_user_agent() -> str:
    """Return `tap-tiktok-ads/` and the version of the tap."""
    return f"tap-tiktok-ads/{version()}"


def _resolve(values: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the values with their types in `Settings`."""
    resolved = {**values, **{name: (values[name] or "").strip() for name in STRIPPED_SETTINGS}}
    days = values["lookback_days"]
    return {
        **resolved,
        "user_agent": resolved["user_agent"] or default_user_agent(),
        "custom_streams": parse_custom_streams(values["custom_streams"], values["api_url"] or ""),
        "custom_reports": parse_custom_reports(values["custom_reports"]),
        "simulator": values["simulator"] or {},
        "lookback_days": None if days == AUTO_LOOKBACK else days,
        "streams": Selection.parse(values["streams"]),
        "shard": parse_shard(values["shard"]),
        "advertiser_ids": tuple(dict.fromkeys(values["advertiser_ids"])),
        "exclude_advertiser_ids": tuple(values["exclude_advertiser_ids"]),
    }


def parse_shard(value: t.Any) -> Shard:
    """Return the shard of a setting. Without the setting, it contains all advertisers.

    Raises:
        ConfigError: The value does not name a shard.
    """
    if value is None:
        return Shard()
    shard = Shard.parse(value)
    if shard is None:
        msg = (
            "Setting 'shard' must be the number of the shard and the number of shards, such as "
            f"'1/4' to '4/4', got {describe_value(value)}."
        )
        raise ConfigError(msg)
    return shard


def _check_flattening(config: Mapping[str, t.Any]) -> None:
    """Raise `ConfigError` if a setting of the SDK is negative, which the SDK ignores."""
    for name in FLATTENING_SETTINGS:
        value = config.get(name)
        if isinstance(value, int) and value < 0:
            msg = f"Setting {name!r} must be 0 or more, got {value}."
            raise ConfigError(msg)


def warn_of_unknown_settings(
    names: Iterable[str], known_names: Collection[str], logger: logging.Logger
) -> None:
    """Warn of settings that do not exist, where a configuration is not validated."""
    for name in names:
        try:
            _check_name(name, known_names)
        except ConfigError as error:
            logger.warning("%s", error)


def _check_name(name: str, known_names: Collection[str]) -> None:
    """Raise `ConfigError` if a setting does not exist."""
    if name in REMOVED_SETTINGS:
        msg = f"Setting {name!r} was removed. {REMOVED_SETTINGS[name]}."
        raise ConfigError(msg)
    if name not in known_names:
        resembles = closest_match(name, known_names) is not None
        hint = suggest(name, known_names) if resembles else ". --about lists all settings."
        msg = f"Unknown setting {name!r}{hint}"
        raise ConfigError(msg)


def _check_value(name: str, schema: Mapping[str, t.Any], value: t.Any) -> None:
    """Raise `ConfigError` if a value is not one that its setting accepts."""
    _check_type(name, schema, value)
    _check_allowed_values(name, schema, value)


def _check_type(name: str, schema: Mapping[str, t.Any], value: t.Any) -> None:
    """Raise `ConfigError` if a value does not have a type of its setting."""
    types = json_types(schema)
    accepts_auto = "pattern" in schema
    if not _has_type(value, types, accepts_auto=accepts_auto):
        expected = TYPE_NAMES[next(word for word in types if word != "null")]
        alternative = f" or {AUTO_LOOKBACK!r}" if accepts_auto else ""
        received = describe_value(value, is_secret=schema.get("secret", False))
        msg = f"Setting {name!r} must be {expected}{alternative}, got {received}."
        raise ConfigError(msg)


def _has_type(value: t.Any, types: Sequence[str], *, accepts_auto: bool) -> bool:
    """Return True if a value has one of the JSON types, or is an accepted `auto`."""
    python_types = tuple(kind for word in types for kind in _PYTHON_TYPES.get(word, ()))
    if isinstance(value, bool):  # a subclass of int
        return bool in python_types
    if accepts_auto and isinstance(value, str):
        return value == AUTO_LOOKBACK
    return isinstance(value, python_types)


def _check_allowed_values(name: str, schema: Mapping[str, t.Any], value: t.Any) -> None:
    """Raise `ConfigError` if a value is not one of the options, or out of range."""
    if "enum" in schema and value not in schema["enum"]:
        match = closest_match(value, schema["enum"])
        hint = f" Did you mean {match!r}?" if match else ""
        msg = (
            f"Setting {name!r} must be one of {', '.join(schema['enum'])}, "
            f"got {describe_value(value)}.{hint}"
        )
        raise ConfigError(msg)
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    if isinstance(value, int) and not low <= value <= high:
        msg = f"Setting {name!r} must be between {low} and {high}, got {value}."
        raise ConfigError(msg)


def _check_ids(name: str, ids: Sequence[t.Any]) -> None:
    """Raise `ConfigError` if an advertiser ID is not text of ASCII digits."""
    for value in ids:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            msg = f"Setting {name!r} must contain IDs of digits only, got {describe_value(value)}."
            raise ConfigError(msg)


def _check_shared_budget(url: str) -> None:
    """Raise `ConfigError` if the URL does not name a store. It may contain a password."""
    if url and (url in STORES or not url.startswith(tuple(STORES))):
        msg = (
            "Setting 'shared_budget' must be a URL that begins with "
            f"{', '.join(STORES)}, and names a file or a server."
        )
        raise ConfigError(msg)


def _check_simulator_tier(options: Mapping[str, t.Any]) -> None:
    """Raise `ConfigError` if the tier of the simulator does not exist."""
    tier = str(options.get("tier", "unlimited"))
    if tier not in TIERS:
        msg = (
            f"Setting 'simulator': tier must be one of {', '.join(TIERS)}, "
            f"got {describe_value(tier)}."
        )
        raise ConfigError(msg)


def _check_api_url(url: str) -> None:
    """Raise `ConfigError` if a URL cannot be a base URL, or would send the token unencrypted."""
    if not url:
        return
    if not is_base_url(url):
        is_secret = bool(set(url) & {"@", "?", "#"})  # it may contain a password
        msg = (
            "Setting 'api_url' must be a base URL such as https://proxy.example/tiktok, "
            f"got {describe_value(url, is_secret=is_secret)}."
        )
        raise ConfigError(msg)
    if urllib.parse.urlsplit(url).scheme == "http" and not is_loopback(url):
        msg = (
            f"Setting 'api_url' must start with https://, got {describe_value(url)}. With http, "
            "the access token would be sent unencrypted. Only this machine may use http."
        )
        raise ConfigError(msg)


def is_base_url(url: str) -> bool:
    """Return True if a URL has a scheme, a host and a path at most.

    Example:
        >>> is_base_url("https://proxy.example/tiktok"), is_base_url("https://user@proxy.example")
        (True, False)
    """
    try:
        split_url = urllib.parse.urlsplit(url)
        _ = split_url.port  # raises an error if it is not a number in range
    except ValueError:
        return False
    return (
        split_url.scheme in {"http", "https"}
        and bool(split_url.hostname)
        and not (split_url.query or split_url.fragment or set(split_url.netloc) & {"@", " "})
    )


def _check_headers(settings: Settings) -> None:
    """Raise `ConfigError` if a setting cannot be a header.

    The HTTP library would quote the value in its errors.
    """
    for name in HEADER_SETTINGS:
        value = getattr(settings, name)
        if not value.isascii() or not value.isprintable():
            msg = (
                f"Setting {name!r} must consist of printable ASCII characters, because it is an "
                "HTTP header. Copy the value again, without line breaks."
            )
            raise ConfigError(msg)


def _check_dates(settings: Settings) -> None:
    """Raise `ConfigError` if a date cannot be read, or no time zone has a day in the range."""
    ranges = []
    for zone in SAMPLE_TIME_ZONES:
        now = settings.now().in_timezone(zone)
        start = _parse_day("start_date", settings.start_date, now)
        ranges.append((start, _parse_day("end_date", settings.end_date, now)))
    if all(start > end for start, end in ranges):
        start, end = ranges[-1]
        msg = (
            f"Setting 'start_date' must not be after 'end_date', got "
            f"{_with_day(settings.start_date, start)} and {_with_day(settings.end_date, end)}."
        )
        raise ConfigError(msg)


def _with_day(text: str, day: pendulum.Date) -> str:
    """Return a date setting for a message. A macro is followed by the day that it means."""
    return repr(text) if text == str(day) else f"{text!r} ({day})"


def _parse_day(name: str, text: str, now: pendulum.DateTime) -> pendulum.Date:
    """Return the day that a setting names, in the time zone of `now`."""
    try:
        return dates.parse_day(text, now)
    except dates.DateError as error:
        msg = f"Setting {name!r}: {error}."
        raise ConfigError(msg) from None


def _check_credentials(settings: Settings) -> None:
    """Raise `ConfigError` if the token, or the way to find the advertisers, is not set."""
    if settings.simulated:
        return
    if not settings.access_token:
        msg = (
            "Setting 'access_token' is required. Set it in the config file, or set "
            "TAP_TIKTOK_ADS_ACCESS_TOKEN and pass --config ENV. To try the tap without an "
            "account, set environment to 'simulator'."
        )
        raise ConfigError(msg)
    if settings.advertiser_ids:
        return
    if settings.environment == "sandbox":
        msg = (
            "Setting 'advertiser_ids' is required, because the sandbox cannot list the advertisers "
            "of a token."
        )
        raise ConfigError(msg)
    if not (settings.app_id and settings.app_secret):
        msg = (
            "Setting 'advertiser_ids' is required. To read all advertisers of the token instead, "
            "set app_id and app_secret."
        )
        raise ConfigError(msg)
