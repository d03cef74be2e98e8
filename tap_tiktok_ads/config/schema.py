"""The JSON Schema of the settings, which `--about` shows."""

from __future__ import annotations

import typing as t

from singer_sdk import typing as th

from tap_tiktok_ads.api.hosts import API_VERSION, HOSTS

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Values of `backfill_order`.
NEWEST_FIRST = "newest_first"
OLDEST_FIRST = "oldest_first"
#: Value of `lookback_days` that derives the days from the attribution windows of ad groups.
AUTO_LOOKBACK = "auto"

SETTINGS_SCHEMA: dict[str, t.Any] = th.PropertiesList(
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
            {
                "type": ["integer", "string"],
                "minimum": 0,
                "maximum": 400,
                "pattern": f"^{AUTO_LOOKBACK}$",
            }
        ),
        title="Look-back days",
        description=(
            "Days after which TikTok no longer corrects the numbers of a day. Each run re-reads "
            "the younger days of reports. Conversions can be up to 28 days late. auto: as many as "
            "the attribution windows of each advertiser's ad groups require, at least 3, and 28 "
            "if they are unknown."
        ),
        default=7,
    ),
    th.Property(
        "backfill_order",
        th.StringType,
        allowed_values=[NEWEST_FIRST, OLDEST_FIRST],
        title="Backfill order",
        description=(
            "Order of the windows of a report. newest_first: the newest window of every "
            "advertiser, then the next older ones. oldest_first: advertiser by advertiser, from "
            "the first day on. Streams without keys are always read oldest_first."
        ),
        default=NEWEST_FIRST,
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
        "replace_null_characters",
        th.BooleanType,
        title="Replace null characters",
        description=(
            "Replace null characters in texts with U+FFFD, because databases such as Postgres "
            "reject them. false keeps them."
        ),
        default=True,
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

#: Settings whose values are lists of advertiser IDs.
ID_LIST_SETTINGS = ("advertiser_ids", "exclude_advertiser_ids")
#: Settings of earlier versions, and what to do instead.
REMOVED_SETTINGS = {"check_totals": "select the stream 'reconciliation' instead"}


def json_types(setting_schema: Mapping[str, t.Any]) -> list[str]:
    """Return the JSON types that a setting accepts."""
    types = setting_schema["type"]
    return types if isinstance(types, list) else [types]
