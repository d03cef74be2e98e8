"""The settings of a sync, and the conversion of raw settings before they are checked."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
import urllib.parse

import pendulum

from tap_tiktok_ads.api.hosts import API_VERSION, HOSTS
from tap_tiktok_ads.api.rate_limits import TIERS, Tier
from tap_tiktok_ads.config.schema import LIST_SETTINGS
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.api.shards import Shard
    from tap_tiktok_ads.config import custom_streams
    from tap_tiktok_ads.config.selection import Selection

#: Member of a config file with the URL or path of its JSON Schema.
SCHEMA_MEMBER = "$schema"


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings of a sync. Dates are text until they resolve in an advertiser's zone."""

    access_token: str = dataclasses.field(repr=False)
    app_id: str
    app_secret: str = dataclasses.field(repr=False)
    advertiser_ids: tuple[str, ...]
    exclude_advertiser_ids: tuple[str, ...]
    streams: Selection
    shard: Shard
    environment: str
    api_url: str
    start_date: str
    end_date: str
    lookback_days: int | None  # None: by the attribution windows of ad groups
    skip_days_before_creation: bool
    skip_dormant: str
    backfill_order: str
    include_deleted: bool
    track_deleted: bool
    on_error: str
    pii: str
    replace_null_characters: bool
    report_mode: str
    rate_limit_tier: str
    requests_per_second: int | None
    shared_budget: str = dataclasses.field(repr=False)
    max_concurrency: int | None
    request_timeout: int
    max_retries: int
    user_agent: str
    custom_streams: tuple[custom_streams.CustomStreamDefinition, ...]
    custom_reports: tuple[ReportDefinition, ...]
    report_metrics: Mapping[str, t.Any]
    simulator: Mapping[str, t.Any]

    @property
    def simulated(self) -> bool:
        """True if the tap starts the embedded simulator."""
        return self.environment == "simulator" and not self.api_url

    def now(self) -> pendulum.DateTime:
        """Return the current time, or noon (UTC) of `today` if the embedded simulator has it."""
        if self.simulated:
            from tap_tiktok_ads.simulator.options import Options  # noqa: PLC0415 - rarely needed

            with contextlib.suppress(ValueError):  # the simulator raises it when it starts
                if today := Options.parse(self.simulator).today:
                    return dates.parse_time(f"{today}T12:00:00Z")
        return pendulum.now("UTC")

    @property
    def base_url(self) -> str:
        """Base URL with the version and without a final slash. Empty for the simulator."""
        if not self.api_url:
            host = HOSTS[self.environment]
            return host + API_VERSION if host else ""
        split_url = urllib.parse.urlsplit(self.api_url)
        path = split_url.path.rstrip("/") or API_VERSION
        return urllib.parse.urlunsplit((split_url.scheme, split_url.netloc, path, "", ""))

    @property
    def tier(self) -> Tier:
        """The request limits. The simulator has a tier among its own options."""
        if self.environment == "simulator":
            tier = TIERS[self.simulator.get("tier", "unlimited")]
        else:
            tier = TIERS["sandbox" if self.environment == "sandbox" else self.rate_limit_tier]
        if self.requests_per_second is None:
            return tier
        per_second = float(self.requests_per_second)
        return dataclasses.replace(tier, per_second=per_second, per_minute=60 * per_second)

    def days(self, now: pendulum.DateTime) -> tuple[pendulum.Date, pendulum.Date]:
        """Return the first and the last day of the reports.

        Args:
            now: The time in the advertiser's time zone. The last day is today at the latest.
        """
        return dates.parse_day(self.start_date, now), min(
            dates.parse_day(self.end_date, now), now.date()
        )


def normalize(config: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the configuration with lists of text, with days as a number, and without `$schema`.

    Environment variables and hand-written files hold lists as comma-separated text, as a single
    item, or as numbers. Meltano passes the days as text, because they may be text. Editors read the
    member `$schema`.

    Example:
        >>> normalize({"advertiser_ids": "1, 2", "lookback_days": "7"})
        {'advertiser_ids': ['1', '2'], 'lookback_days': 7}
    """
    result = {name: value for name, value in config.items() if name != SCHEMA_MEMBER}
    days = result.get("lookback_days")
    if isinstance(days, str) and days.isdecimal():
        result["lookback_days"] = int(days)
    for name in LIST_SETTINGS:
        if name in result:
            result[name] = _normalize_list(result[name])
    return result


def _normalize_list(value: t.Any) -> t.Any:
    """Return a list of text. A value of another type is unchanged."""
    if value is None:
        return []
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        value = str(value).split(",")
    if not isinstance(value, list):
        return value
    items = (str(item).strip() if isinstance(item, (str, int)) else item for item in value)
    return [item for item in items if item != ""]
