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
        description="ID of your developer app. Needed only to find the advertisers of the token.",
    ),
    th.Property(
        "app_secret",
        th.StringType(nullable=True),
        secret=True,
        title="App secret",
        description=(
            "Secret of your developer app. Needed only to find the advertisers of the token."
        ),
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
        description="Advertisers that are not read.",
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
        title="Lookback days",
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
        description="Also read deleted campaigns, ad groups and ads, and their reports.",
        default=True,
    ),
    th.Property(
        "track_deleted",
        th.BooleanType,
        title="Track deleted",
        description=(
            "Write a record with the key and _deleted_at for each object that TikTok no longer "
            "lists. The state keeps the listed objects, up to 20,000 per stream. Ads and Smart+ "
            "ads are listed in full in every run."
        ),
        default=False,
    ),
    th.Property(
        "on_error",
        th.StringType,
        allowed_values=["fail", "skip"],
        title="On error",
        description=(
            "How to handle errors. fail stops the sync. skip continues with the other advertisers "
            "and streams and exits with code 1. Missing permissions are always skipped. The "
            "bookmark of a stream that failed does not advance."
        ),
        default="fail",
    ),
    th.Property(
        "pii",
        th.StringType,
        allowed_values=["keep", "hash", "drop"],
        title="Personal data",
        description=(
            "How to write names, e-mail addresses and phone numbers of contacts in the built-in "
            "streams. keep writes them as received. hash writes the SHA-256 of the text in "
            "hexadecimal. drop removes the columns."
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
            "auto reads reports synchronously, and by TikTok's asynchronous tasks if records are "
            "left out or the report is too large. async uses tasks from the start. sync never "
            "uses tasks. See docs/rate-limits.md."
        ),
        default="auto",
    ),
    th.Property(
        "rate_limit_tier",
        th.StringType,
        allowed_values=["basic", "advanced", "premium", "ultimate", "sandbox"],
        title="Rate limit tier",
        description=(
            "Level of your developer app: basic, advanced, premium, ultimate or sandbox. Requests "
            "are paced below its limits. Environment sandbox always uses the limit of the "
            "sandbox: one request per second for each endpoint."
        ),
        default="basic",
    ),
    th.Property(
        "requests_per_second",
        th.IntegerType(minimum=1, maximum=1000, nullable=True),
        title="Requests per second",
        description="Maximum rate, in place of the tier's. For an app that other programs use.",
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=64, nullable=True),
        title="Maximum concurrency",
        description=(
            "Maximum number of concurrent requests. Default: as many as the rate and TikTok's "
            "response time require, up to 32."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        title="Request timeout",
        description="Seconds to wait for a response.",
        default=60,
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=50),
        title="Maximum retries",
        description="Maximum number of retries after a transient error.",
        default=7,
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=True),
        title="User agent",
        description="Text of the User-Agent header. Default: the tap's name and version.",
    ),
    th.Property(
        "custom_streams",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom streams",
        description=(
            "Streams of your own from any endpoint that reads: a list of objects with name, url "
            "and other keys. See docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "custom_reports",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom reports",
        description=(
            "Reports of your own: a list of objects with name, data_level, dimensions, metrics "
            "and other keys. See docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "report_metrics",
        th.ObjectType(additional_properties=True),
        title="Report metrics",
        description=(
            "Metrics of a report, in place of its default metrics. The keys are streams. The "
            "values are lists of metric names, groups of schemas/metrics.json, usual (the default "
            "metrics) or all."
        ),
        default={},
    ),
    th.Property(
        "simulator",
        th.ObjectType(additional_properties=True, nullable=True),
        title="Simulator",
        description=(
            "Options of the embedded API: seed, advertisers, campaigns, ads, days and others. "
            "Only with environment simulator."
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
