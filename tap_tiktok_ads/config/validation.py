"""Checks of the settings, in one sentence each."""

from __future__ import annotations

import difflib
import typing as t
import urllib.parse
from importlib import metadata

import pendulum

from tap_tiktok_ads.api.client import is_loopback
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.config import custom_reports, custom_streams
from tap_tiktok_ads.config.schema import (
    AUTO_LOOKBACK,
    ID_LIST_SETTINGS,
    REMOVED_SETTINGS,
    SETTINGS_SCHEMA,
)
from tap_tiktok_ads.config.settings import Settings
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Mapping


def validate(
    config: Mapping[str, t.Any], known: t.Collection[str], *, credentials: bool = True
) -> Settings:
    """The settings of a configuration whose defaults are filled in.

    Args:
        config: names and values.
        known: every name that the tap accepts, those of the SDK included.
        credentials: whether they must suffice to read.

    Raises:
        ConfigError: the first thing that is wrong, with what to write instead.
    """
    _check_names(config, known)
    defaults = {name: spec.get("default") for name, spec in SETTINGS_SCHEMA["properties"].items()}
    values: dict[str, t.Any] = defaults | {
        name: value for name, value in config.items() if name in defaults and value is not None
    }
    _check_types(values)
    _check_ids(values)
    if (tier := str((values["simulator"] or {}).get("tier", "unlimited"))) not in TIERS:
        msg = f"Setting 'simulator': unknown tier {tier!r}, choose one of {', '.join(TIERS)}."
        raise ConfigError(msg)
    settings = Settings(
        **{
            **values,
            "access_token": (values["access_token"] or "").strip(),
            "app_id": (values["app_id"] or "").strip(),
            "app_secret": (values["app_secret"] or "").strip(),
            "api_url": (values["api_url"] or "").strip(),
            "user_agent": (values["user_agent"] or "").strip() or default_user_agent(),
            "custom_streams": custom_streams.parse_custom_streams(
                values["custom_streams"], values["api_url"] or ""
            ),
            "custom_reports": custom_reports.parse_custom_reports(values["custom_reports"]),
            "simulator": values["simulator"] or {},
            "lookback_days": None
            if values["lookback_days"] == AUTO_LOOKBACK
            else values["lookback_days"],
            "advertiser_ids": tuple(dict.fromkeys(values["advertiser_ids"])),
            "exclude_advertiser_ids": tuple(values["exclude_advertiser_ids"]),
        }
    )
    _check_url(settings)
    _check_headers(settings)
    _check_dates(settings)
    if credentials:
        _check_credentials(settings)
    return settings


def default_user_agent() -> str:
    """`tap-tiktok-ads/` and the version."""
    return f"tap-tiktok-ads/{metadata.version('tap-tiktok-ads')}"


def _check_names(config: Mapping[str, t.Any], known: t.Collection[str]) -> None:
    for name in config:
        if name in REMOVED_SETTINGS:
            msg = f"Setting {name!r} was removed: {REMOVED_SETTINGS[name]}."
            raise ConfigError(msg)
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see --about for those that exist."
            msg = f"Unknown setting {name!r}: {hint}"
            raise ConfigError(msg)


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def _check_types(values: Mapping[str, t.Any]) -> None:
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        value = values[name]
        if value is None:
            continue
        types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
        accepted = tuple(kind for word in types for kind in _KINDS.get(word, ()))
        odd = "pattern" in spec and isinstance(value, str) and value != AUTO_LOOKBACK
        if (
            odd
            or not isinstance(value, accepted)
            or (isinstance(value, bool) and bool not in accepted)
        ):
            word = next(word for word in types if word != "null")
            article = "an" if word[0] in "aio" else "a"
            other = f" or {AUTO_LOOKBACK!r}" if "pattern" in spec else ""
            msg = f"Setting {name!r} must be {article} {word}{other}."
            raise ConfigError(msg)
        if "enum" in spec and value not in spec["enum"]:
            near = difflib.get_close_matches(value, spec["enum"], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            msg = f"Unknown {name} {value!r}: choose one of {', '.join(spec['enum'])}.{hint}"
            raise ConfigError(msg)
        low, high = spec.get("minimum"), spec.get("maximum")
        if isinstance(value, int) and low is not None and not low <= value <= high:
            msg = f"Setting {name!r} must lie between {low} and {high}, not at {value}."
            raise ConfigError(msg)


def _check_ids(values: Mapping[str, t.Any]) -> None:
    for name in ID_LIST_SETTINGS:
        for advertiser_id in values[name]:
            if not isinstance(advertiser_id, str) or not (
                advertiser_id.isascii() and advertiser_id.isdigit()
            ):
                msg = (
                    f"{advertiser_id!r} in {name} is not an advertiser ID: "
                    "it consists of digits only."
                )
                raise ConfigError(msg)


def _check_url(settings: Settings) -> None:
    if not settings.api_url:
        return
    try:
        parts = urllib.parse.urlsplit(settings.api_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        usable = usable and not (parts.query or parts.fragment or set(parts.netloc) & {"@", " "})
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        msg = "Setting 'api_url' is not a base URL: write it like https://proxy.example/tiktok."
        raise ConfigError(msg)
    if parts.scheme == "http" and not is_loopback(settings.api_url):
        msg = (
            f"api_url {settings.api_url} would send the access token unencrypted: "
            "use https, or http on this machine only."
        )
        raise ConfigError(msg)


def _check_headers(settings: Settings) -> None:
    """Text for a header must be one line of ASCII, or the HTTP library quotes it in its errors."""
    for name in ("access_token", "user_agent"):
        value = getattr(settings, name)
        if not value.isascii() or not value.isprintable():
            msg = f"Setting {name!r} holds characters that no HTTP header may have."
            raise ConfigError(msg)


def _check_dates(settings: Settings) -> None:
    """Both days can be read, and in some time zone the range is not empty."""
    empty = True
    for zone in ("Etc/GMT+12", "UTC", "Etc/GMT-14"):
        now = pendulum.now(zone)
        days = {}
        for name in ("start_date", "end_date"):
            try:
                days[name] = dates.day(getattr(settings, name), now)
            except dates.DateError as error:
                msg = f"Setting {name!r}: {error}."
                raise ConfigError(msg) from None
        empty = empty and days["start_date"] > days["end_date"]
    if empty:
        msg = (
            f"start_date {settings.start_date} ({days['start_date']}) lies after "
            f"end_date {settings.end_date} ({days['end_date']})."
        )
        raise ConfigError(msg)


def _check_credentials(settings: Settings) -> None:
    if settings.simulated:
        return
    if not settings.access_token:
        msg = (
            "No access_token: set it in the config file or as TAP_TIKTOK_ADS_ACCESS_TOKEN with "
            "--config ENV, or use environment 'simulator' to try the tap without an account."
        )
        raise ConfigError(msg)
    if settings.advertiser_ids:
        return
    if settings.environment == "sandbox":
        msg = "The sandbox cannot list advertisers: set advertiser_ids."
        raise ConfigError(msg)
    if not (settings.app_id and settings.app_secret):
        msg = "Set advertiser_ids, or app_id and app_secret to find the advertisers of the token."
        raise ConfigError(msg)
