"""The settings: one table for `--about`, the checks, and the resolved values."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse
from importlib import metadata

import pendulum
from singer_sdk import typing as th

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.hosts import API_VERSION, HOSTS, is_loopback
from tap_tiktok_ads.api.rate_limits import TIERS, Tier
from tap_tiktok_ads.api.suggestions import close_match
from tap_tiktok_ads.config import custom_reports as report_definitions
from tap_tiktok_ads.config import custom_streams as definitions
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_tiktok_ads.api.report_rules import ReportDefinition

#: Look-back by the attribution windows of ad groups.
AUTO = "auto"

JSONSCHEMA: dict[str, t.Any] = th.PropertiesList(
    th.Property(
        "access_token",
        th.StringType(nullable=True),
        secret=True,
        title="Access token",
        description="Access token of the TikTok Marketing API. Not needed for the simulator.",
    ),
    th.Property(
        "app_id",
        th.StringType(nullable=True),
        title="App ID",
        description="ID of your developer app; only to find the advertisers of the token.",
    ),
    th.Property(
        "app_secret",
        th.StringType(nullable=True),
        secret=True,
        title="App secret",
        description="Secret of your developer app; only to find the advertisers of the token.",
    ),
    th.Property(
        "advertiser_ids",
        th.ArrayType(th.StringType),
        title="Advertiser IDs",
        description=(
            "Advertisers to read. Empty: all that the token may read (needs app_id and "
            "app_secret). In an environment variable: separated by commas, or a JSON list."
        ),
        default=[],
    ),
    th.Property(
        "exclude_advertiser_ids",
        th.ArrayType(th.StringType),
        title="Excluded advertiser IDs",
        description="Advertisers to leave out.",
        default=[],
    ),
    th.Property(
        "environment",
        th.StringType,
        allowed_values=list(HOSTS),
        title="Environment",
        description=(
            "production; sandbox (TikTok's test accounts: campaigns, ad groups, ads and mock "
            "reports of December 2020 only); simulator (an embedded API with made-up data, "
            "no account or network needed)."
        ),
        default="production",
    ),
    th.Property(
        "api_url",
        th.URIType(nullable=True),
        title="API URL",
        description=(
            "Another base URL, such as a proxy's; https, or http on this machine. Without a path, "
            f"{API_VERSION} is added."
        ),
    ),
    th.Property(
        "start_date",
        th.StringType,
        title="Start date",
        description=(
            "First day of the reports, in each advertiser's time zone: a date, a date-time or a "
            "macro such as {now-30}, {now-2w}, {start_of_month}, {yesterday}."
        ),
        default="{now-30}",
    ),
    th.Property(
        "end_date",
        th.StringType,
        title="End date",
        description="Last day of the reports, included; as start_date. Not beyond today.",
        default="{now}",
    ),
    th.Property(
        "lookback_days",
        th.CustomType(
            {"type": ["integer", "string"], "minimum": 0, "maximum": 400, "pattern": f"^{AUTO}$"}
        ),
        title="Look-back days",
        description=(
            "Days before the bookmark that reports read again, because TikTok still corrects "
            "them. Conversions may arrive up to 28 days late. auto: as many as each advertiser's "
            "ad groups need by their attribution windows, at least 3, and 28 where they do not "
            "tell."
        ),
        default=7,
    ),
    th.Property(
        "include_deleted",
        th.BooleanType,
        title="Include deleted",
        description="Also deleted campaigns, ad groups and ads, and what was spent on them.",
        default=True,
    ),
    th.Property(
        "track_deleted",
        th.BooleanType,
        title="Track deleted",
        description=(
            "Write a row with the key and _deleted_at for each object that TikTok lists no more, "
            "and keep what was listed in the state, up to 20,000 objects of a stream. Ads and "
            "Smart+ ads are listed in full, then."
        ),
        default=False,
    ),
    th.Property(
        "check_totals",
        th.BooleanType,
        title="Check totals",
        description=(
            "Ask TikTok for the totals of reports, where it tells them, and compare the sums of "
            "the rows: a difference is logged with its size, and told by the stream sync_errors."
        ),
        default=False,
    ),
    th.Property(
        "on_error",
        th.StringType,
        allowed_values=["fail", "skip"],
        title="On error",
        description=(
            "What cannot be read for lack of permission is always skipped. Of what fails "
            "otherwise: fail ends the run there; skip goes on with other advertisers and streams, "
            "and ends with exit code 1. Bookmarks of what failed stay."
        ),
        default="fail",
    ),
    th.Property(
        "pii",
        th.StringType,
        allowed_values=["keep", "hash", "drop"],
        title="Personal data",
        description=(
            "What becomes of names, e-mail addresses and phone numbers of contacts in the ready "
            "streams: keep; hash (SHA-256 of the text, in hexadecimal); drop the columns."
        ),
        default="keep",
    ),
    th.Property(
        "report_mode",
        th.StringType,
        allowed_values=["auto", "sync", "async"],
        title="Report mode",
        description=(
            "auto: reports are read synchronously, and by TikTok's asynchronous tasks where that "
            "leaves out rows or is too large; async: by tasks from the outset; sync: never by "
            "tasks. See docs/rate-limits.md."
        ),
        default="auto",
    ),
    th.Property(
        "rate_limit_tier",
        th.StringType,
        allowed_values=["basic", "advanced", "premium", "ultimate", "sandbox"],
        title="Rate limit tier",
        description=(
            "The level of your developer app: basic, advanced, premium, ultimate or sandbox; "
            "requests are paced below its limits. Environment sandbox always has the sandbox's: "
            "one request a second for each endpoint."
        ),
        default="basic",
    ),
    th.Property(
        "requests_per_second",
        th.IntegerType(minimum=1, maximum=1000, nullable=True),
        title="Requests per second",
        description="Instead of the tier's rate, for an app that other programs use, too.",
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64, nullable=True),
        title="Maximum concurrency",
        description=(
            "Requests under way at once, at most; by default as many as the rate and TikTok's "
            "response time call for, up to 32."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        title="Request timeout",
        description="Seconds to wait for an answer.",
        default=60,
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=50),
        title="Maximum retries",
        description="Further tries after one that failed in passing.",
        default=7,
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=True),
        title="User agent",
        description="Text of the User-Agent header; by default the tap's name and version.",
    ),
    th.Property(
        "custom_streams",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom streams",
        description=(
            "Streams of your own from any endpoint that reads: a list of objects with name, url "
            "and more; see docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "custom_reports",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom reports",
        description=(
            "Reports of your own: a list of objects with name, data_level, dimensions, metrics "
            "and more; see docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "report_metrics",
        th.ObjectType(additional_properties=True),
        title="Report metrics",
        description=(
            "Metrics of a report instead of its usual ones: streams, each with a list of names or "
            "groups of schemas/metrics.json, usual for those it has anyway, or all."
        ),
        default={},
    ),
    th.Property(
        "simulator",
        th.ObjectType(additional_properties=True, nullable=True),
        title="Simulator",
        description=(
            "Options of the embedded API: seed, advertisers, campaigns, ads, days and more; "
            "only with environment simulator."
        ),
    ),
).to_dict()

ENVIRONMENT_PREFIX = "TAP_TIKTOK_ADS_"
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")
LISTS = ("advertiser_ids", "exclude_advertiser_ids")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run, checked. Dates stay text: they resolve in each advertiser's zone."""

    access_token: str = dataclasses.field(repr=False)
    app_id: str
    app_secret: str = dataclasses.field(repr=False)
    advertiser_ids: tuple[str, ...]
    exclude_advertiser_ids: tuple[str, ...]
    environment: str
    api_url: str
    start_date: str
    end_date: str
    lookback_days: int | None  # None: as ad groups need
    include_deleted: bool
    track_deleted: bool
    check_totals: bool
    on_error: str
    pii: str
    report_mode: str
    rate_limit_tier: str
    requests_per_second: int | None
    max_concurrency: int | None
    request_timeout: int
    max_retries: int
    user_agent: str
    custom_streams: tuple[definitions.StreamDefinition, ...]
    custom_reports: tuple[ReportDefinition, ...]
    report_metrics: Mapping[str, t.Any]
    simulator: Mapping[str, t.Any]

    @property
    def simulated(self) -> bool:
        """Whether the embedded API answers."""
        return self.environment == "simulator" and not self.api_url

    @property
    def base_url(self) -> str:
        """Base URL with the version, without a slash at its end; empty for the simulator."""
        if not self.api_url:
            host = HOSTS[self.environment]
            return host + API_VERSION if host else ""
        parts = urllib.parse.urlsplit(self.api_url)
        path = parts.path.rstrip("/") or API_VERSION
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    @property
    def tier(self) -> Tier:
        """The request limits that apply; those of the simulator are among its own options."""
        if self.environment == "simulator":
            tier = TIERS[self.simulator.get("tier", "unlimited")]
        else:
            tier = TIERS["sandbox" if self.environment == "sandbox" else self.rate_limit_tier]
        if self.requests_per_second is None:
            return tier
        per_second = float(self.requests_per_second)
        return dataclasses.replace(tier, per_second=per_second, per_minute=60 * per_second)

    def days(self, now: pendulum.DateTime) -> tuple[pendulum.Date, pendulum.Date]:
        """First and last day of the reports, where `now` is in the advertiser's time zone."""
        return dates.day(self.start_date, now), min(dates.day(self.end_date, now), now.date())


def from_environment(environment: Mapping[str, str]) -> dict[str, t.Any]:
    """The settings that environment variables hold.

    Raises:
        ConfigError: a variable cannot be read as its setting's type; the text names it.
    """
    found: dict[str, t.Any] = {}
    for name, spec in JSONSCHEMA["properties"].items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable not in environment:
            continue
        text = environment[variable].strip()
        types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
        try:
            if "integer" in types and ("string" not in types or text.isdigit()):
                found[name] = int(text)
            elif "boolean" in types:
                found[name] = text.lower() in TRUE
                if text.lower() not in TRUE + FALSE:
                    raise ValueError(text)  # noqa: TRY301 - one message for all types
            elif "object" in types or text.startswith("["):
                found[name] = json.loads(text)
            else:
                found[name] = text
        except ValueError:
            msg = f"Environment variable {variable} cannot be read as {types[0]}."
            raise ConfigError(msg) from None
    return found


def normalise(config: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The configuration with lists of ids as lists of text, and days as a number.

    A comma-separated text, a single id and ids written as numbers are understood, as they come
    from environment variables and hand-written files.
    """
    result = dict(config)
    days = result.get("lookback_days")
    if isinstance(days, str) and days.isdecimal():  # as Meltano passes what may be text, too
        result["lookback_days"] = int(days)
    for name in LISTS:
        value = result.get(name)
        if isinstance(value, bool) or name not in result:
            continue
        if value is None:
            value = []
        elif isinstance(value, (str, int)):
            value = str(value).split(",")
        if isinstance(value, list):
            ids = (str(item).strip() if isinstance(item, (str, int)) else item for item in value)
            result[name] = [item for item in ids if item != ""]
    return result


def check(
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
    defaults = {name: spec.get("default") for name, spec in JSONSCHEMA["properties"].items()}
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
            "custom_streams": definitions.streams(
                values["custom_streams"], values["api_url"] or ""
            ),
            "custom_reports": report_definitions.parse_custom_reports(values["custom_reports"]),
            "simulator": values["simulator"] or {},
            "lookback_days": None if values["lookback_days"] == AUTO else values["lookback_days"],
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
        if name not in known:
            near = close_match(name, known)
            hint = f"did you mean {near!r}?" if near else "see --about for those that exist."
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
    for name, spec in JSONSCHEMA["properties"].items():
        value = values[name]
        if value is None:
            continue
        types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
        accepted = tuple(kind for word in types for kind in _KINDS.get(word, ()))
        odd = "pattern" in spec and isinstance(value, str) and value != AUTO
        if (
            odd
            or not isinstance(value, accepted)
            or (isinstance(value, bool) and bool not in accepted)
        ):
            word = next(word for word in types if word != "null")
            article = "an" if word[0] in "aio" else "a"
            other = f" or {AUTO!r}" if "pattern" in spec else ""
            msg = f"Setting {name!r} must be {article} {word}{other}."
            raise ConfigError(msg)
        if "enum" in spec and value not in spec["enum"]:
            near = close_match(str(value), spec["enum"])
            hint = f" Did you mean {near!r}?" if near else ""
            msg = f"Unknown {name} {value!r}: choose one of {', '.join(spec['enum'])}.{hint}"
            raise ConfigError(msg)
        low, high = spec.get("minimum"), spec.get("maximum")
        if isinstance(value, int) and low is not None and not low <= value <= high:
            msg = f"Setting {name!r} must lie between {low} and {high}, not at {value}."
            raise ConfigError(msg)


def _check_ids(values: Mapping[str, t.Any]) -> None:
    for name in LISTS:
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
