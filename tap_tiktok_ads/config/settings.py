"""The settings of a run, resolved, and what is made of raw ones before they are checked."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.hosts import API_VERSION, HOSTS
from tap_tiktok_ads.api.rate_limits import TIERS, Tier
from tap_tiktok_ads.config.schema import ID_LIST_SETTINGS, REMOVED_SETTINGS, SETTINGS_SCHEMA
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    import pendulum

    from tap_tiktok_ads.config import custom_reports, custom_streams

ENVIRONMENT_PREFIX = "TAP_TIKTOK_ADS_"
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")


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
    on_error: str
    pii: str
    report_mode: str
    rate_limit_tier: str
    requests_per_second: int | None
    max_concurrency: int | None
    request_timeout: int
    max_retries: int
    user_agent: str
    custom_streams: tuple[custom_streams.CustomStreamDefinition, ...]
    custom_reports: tuple[custom_reports.ReportDefinition, ...]
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


def read_environment(environment: Mapping[str, str]) -> dict[str, t.Any]:
    """The settings that environment variables hold.

    Raises:
        ConfigError: a variable cannot be read as its setting's type; the text names it.
    """
    found: dict[str, t.Any] = {}
    for name, spec in SETTINGS_SCHEMA["properties"].items():
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
    for name in REMOVED_SETTINGS:  # refused by the check of the settings
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable in environment:
            found[name] = environment[variable]
    return found


def normalize(config: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The configuration with lists of ids as lists of text, and days as a number.

    A comma-separated text, a single id and ids written as numbers are understood, as they come
    from environment variables and hand-written files.
    """
    result = dict(config)
    days = result.get("lookback_days")
    if isinstance(days, str) and days.isdecimal():  # as Meltano passes what may be text, too
        result["lookback_days"] = int(days)
    for name in ID_LIST_SETTINGS:
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
