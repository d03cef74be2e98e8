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
#: Values of `skip_dormant`.
NEVER_SKIP, LOOKBACK_ONLY, ALWAYS_SKIP = "off", "lookback", "always"
#: Value of `lookback_days` that derives the days from the attribution windows of ad groups.
AUTO_LOOKBACK = "auto"

SETTINGS_SCHEMA: dict[str, t.Any] = th.PropertiesList(
    th.Property(
        "access_token",
        th.StringType(nullable=True),
        secret=True,
        title="Access token",
        description=(
            "Access token of the TikTok Marketing API. Required unless the tap starts the "
            "embedded simulator. The command `authorize` requests one."
        ),
    ),
    th.Property(
        "app_id",
        th.StringType(nullable=True),
        title="App ID",
        description=(
            "ID of your developer app. Used with `app_secret` to list the advertisers of the "
            "token if `advertiser_ids` is empty. The stream `authorized_advertisers` requires "
            "both."
        ),
    ),
    th.Property(
        "app_secret",
        th.StringType(nullable=True),
        secret=True,
        title="App secret",
        description=(
            "Secret of your developer app. Used with `app_id` to list the advertisers of the "
            "token if `advertiser_ids` is empty."
        ),
    ),
    th.Property(
        "advertiser_ids",
        th.ArrayType(th.StringType),
        title="Advertiser IDs",
        description=(
            "IDs of the advertisers to sync. A JSON list or comma-separated text. If empty, all "
            "advertisers that authorized the app are synced, which requires `app_id` and "
            "`app_secret`."
        ),
        default=[],
    ),
    th.Property(
        "exclude_advertiser_ids",
        th.ArrayType(th.StringType),
        title="Excluded advertiser IDs",
        description=(
            "IDs of the advertisers to leave out. A JSON list or comma-separated text. Useful if "
            "`advertiser_ids` is empty."
        ),
        default=[],
    ),
    th.Property(
        "streams",
        th.ArrayType(th.StringType),
        title="Streams",
        description=(
            "Streams and columns to read. A JSON list or comma-separated text of patterns, such "
            "as `campaigns,ad_*,!ads.landing_page_url`. `*` stands for any text, `!` excludes, "
            "and `ads.ad_name` reads this column only. Keys are always read. If empty, the "
            "default streams are read. With a catalog, the patterns narrow its selection. The "
            "option `--select` overrides the setting."
        ),
        default=[],
    ),
    th.Property(
        "shard",
        th.StringType(nullable=True),
        title="Shard",
        description=(
            "Part of the advertisers that this job reads, as `2/4`: the second of four. A hash of "
            "the ID decides, so that four jobs with `1/4` to `4/4` read each advertiser once. "
            "Streams of no single advertiser are read by the first shard only. Each shard needs a "
            "state of its own. See docs/state.md."
        ),
    ),
    th.Property(
        "environment",
        th.StringType,
        allowed_values=list(HOSTS),
        title="Environment",
        description=(
            "API to connect to. `production` is TikTok's API. `sandbox` is TikTok's API for test "
            "accounts, with campaigns, ad groups, ads and mock reports of December 2020 only. "
            "`simulator` is an embedded API with made-up data that needs no account and no "
            "network."
        ),
        default="production",
    ),
    th.Property(
        "api_url",
        th.URIType(nullable=True),
        title="API URL",
        description=(
            "Base URL of the API, in place of the URL of the environment, for example a proxy. "
            "The scheme is https, or http for a loopback address. If the URL has no path, "
            f"`{API_VERSION}` is appended."
        ),
    ),
    th.Property(
        "start_date",
        th.StringType,
        title="Start date",
        description=(
            "First day of the reports, in each advertiser's time zone. A date, a date-time or a "
            "macro such as `{now-30}`, `{now-2w}`, `{start_of_month}` or `{yesterday}`. After a "
            "change to an earlier date, the next run reads the missing days once."
        ),
        default="{now-29}",
    ),
    th.Property(
        "end_date",
        th.StringType,
        title="End date",
        description=(
            "Last day of the reports, inclusive, in each advertiser's time zone. A date, a "
            "date-time or a macro, as in `start_date`. A day in the future counts as today."
        ),
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
            "Age in days after which TikTok no longer corrects a day of a report. Every run "
            "re-reads the younger days. `auto` derives the number from the attribution windows of "
            "each advertiser's ad groups, with a minimum of 3. If the windows are unknown, `auto` "
            "uses 28. Conversions can arrive up to 28 days late, and later corrections are "
            "missed."
        ),
        default=7,
    ),
    th.Property(
        "skip_days_before_creation",
        th.BooleanType,
        title="Skip days before creation",
        description=(
            "Do not request reports of days before the advertiser's account was created. One day "
            "of margin is read. With `false`, all days from `start_date` on are requested. Pixel "
            "statistics, comments and custom streams always request all days."
        ),
        default=True,
    ),
    th.Property(
        "skip_dormant",
        th.StringType,
        allowed_values=[NEVER_SKIP, LOOKBACK_ONLY, ALWAYS_SKIP],
        title="Skip dormant advertisers",
        description=(
            "Do not request reports of days on which an advertiser delivers nothing. One small "
            "report of five advertisers finds these days. `lookback` skips only days that an "
            "earlier run has already read once. `always` also skips days that no run has read. "
            "Records whose metrics are all zero are left out on skipped days. Skipped days are "
            "read once, some weeks later, so that a wrong result is corrected. `off` requests "
            "all days. See docs/rate-limits.md."
        ),
        default=NEVER_SKIP,
    ),
    th.Property(
        "backfill_order",
        th.StringType,
        allowed_values=[NEWEST_FIRST, OLDEST_FIRST],
        title="Backfill order",
        description=(
            "Order in which a report's windows are read. `newest_first` reads the newest window "
            "of every advertiser, then the next older windows. `oldest_first` reads one "
            "advertiser after the other, from the first day on. Streams without primary keys "
            "always use `oldest_first`."
        ),
        default=NEWEST_FIRST,
    ),
    th.Property(
        "include_deleted",
        th.BooleanType,
        title="Include deleted",
        description=(
            "Include deleted campaigns, ad groups and ads, and their reports. With `false`, "
            "totals lack the spend of deleted objects."
        ),
        default=True,
    ),
    th.Property(
        "track_deleted",
        th.BooleanType,
        title="Track deleted",
        description=(
            "Write a record with the key and `_deleted_at` for each object that TikTok no longer "
            "lists. With `true`, the state stores the listed objects, up to 20,000 per stream. "
            "Every run then reads the complete lists of ads and Smart+ ads."
        ),
        default=False,
    ),
    th.Property(
        "on_error",
        th.StringType,
        allowed_values=["fail", "skip"],
        title="On error",
        description=(
            "How to handle errors. `fail` stops the sync. `skip` continues with the other "
            "advertisers and streams and exits with code 1. Missing permissions are always "
            "skipped. The bookmark of a stream that failed does not advance."
        ),
        default="fail",
    ),
    th.Property(
        "pii",
        th.StringType,
        allowed_values=["keep", "hash", "drop"],
        title="Personal data",
        description=(
            "How to write names, email addresses and phone numbers of contacts in the built-in "
            "streams. Names of authors of comments, values in leads and operators in the change "
            "log belong to them. `keep` writes them as received. `hash` writes their SHA-256 in "
            "hexadecimal. `drop` removes the columns. Without the setting, values in leads are "
            "hashed, and all others are kept."
        ),
    ),
    th.Property(
        "replace_null_characters",
        th.BooleanType,
        title="Replace null characters",
        description=(
            "Replace null characters in text with U+FFFD. With `false`, they are kept. Databases "
            "such as Postgres reject text with null characters."
        ),
        default=True,
    ),
    th.Property(
        "report_mode",
        th.StringType,
        allowed_values=["auto", "sync", "async"],
        title="Report mode",
        description=(
            "How to request reports. `auto` uses synchronous requests, and TikTok's asynchronous "
            "tasks if TikTok leaves out records or the report is too large. `async` uses tasks "
            "from the start. `sync` never uses tasks, and logs a warning if records may be "
            "missing. See docs/rate-limits.md."
        ),
        default="auto",
    ),
    th.Property(
        "rate_limit_tier",
        th.StringType,
        allowed_values=["basic", "advanced", "premium", "ultimate", "sandbox"],
        title="Rate limit tier",
        description=(
            "Level of your developer app at TikTok, which limits its requests. `basic`, "
            "`advanced`, `premium`, `ultimate` or `sandbox`. Requests are paced below these "
            "limits. The environment `sandbox` always uses the level `sandbox`: one request per "
            "second for each endpoint."
        ),
        default="basic",
    ),
    th.Property(
        "requests_per_second",
        th.IntegerType(minimum=1, maximum=1000, nullable=True),
        title="Requests per second",
        description=(
            "Maximum number of requests per second, in place of the limit of `rate_limit_tier`. "
            "Set it if other programs use the same developer app."
        ),
    ),
    th.Property(
        "shared_budget",
        th.StringType(nullable=True),
        secret=True,  # it may contain a password
        title="Shared budget",
        description=(
            "URL of a store through which several jobs share the limits of one app. "
            "`sqlite:///path` is for jobs of one machine. `redis://host:6379/0` and "
            "`postgresql://user:password@host/database` are servers. The extra `shared` is "
            "required."
        ),
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=128, nullable=True),
        title="Maximum concurrency",
        description=(
            "Maximum number of concurrent requests. By default, the tap derives it from the rate "
            "limit and TikTok's response time, up to 128."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        title="Request timeout",
        description=(
            "Maximum time to wait for a response, in seconds. A request that times out is "
            "retried. A report request that times out is divided into shorter periods."
        ),
        default=60,
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=50),
        title="Maximum retries",
        description=(
            "Maximum number of retries after a transient error. After the last retry the request "
            "fails, and `on_error` applies."
        ),
        default=7,
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=True),
        title="User agent",
        description=(
            "Value of the `User-Agent` header of requests. By default, the name and version of "
            "the tap."
        ),
    ),
    th.Property(
        "custom_streams",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom streams",
        description=(
            "Additional streams that you define for any endpoint that reads data. A list of "
            "objects with `name`, `url` and optional keys. See docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "custom_reports",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom reports",
        description=(
            "Additional reports that you define. A list of objects with `name`, `data_level`, "
            "`dimensions`, `metrics` and optional keys. See docs/custom.md."
        ),
        default=[],
    ),
    th.Property(
        "report_metrics",
        th.ObjectType(additional_properties=True),
        title="Report metrics",
        description=(
            "Metrics of each report, in place of its default metrics. An object with stream names "
            "as keys and lists as values. A list holds metric names, groups of "
            "schemas/metrics.json, `usual` (the default metrics) or `all`."
        ),
        default={},
    ),
    th.Property(
        "simulator",
        th.ObjectType(additional_properties=True, nullable=True),
        title="Simulator",
        description=(
            "Options of the embedded API of the environment `simulator`. An object with keys such "
            "as `seed`, `advertisers`, `campaigns`, `ads` and `days`. Used only with that "
            "environment."
        ),
    ),
).to_dict()

#: Settings whose values are lists of advertiser IDs.
ID_LIST_SETTINGS = ("advertiser_ids", "exclude_advertiser_ids")
#: Settings whose values are lists, and can be comma-separated text.
LIST_SETTINGS = (*ID_LIST_SETTINGS, "streams")
#: Settings of earlier versions, and what to do instead.
REMOVED_SETTINGS = {"check_totals": "Select the stream 'reconciliation' instead"}


def json_types(setting_schema: Mapping[str, t.Any]) -> list[str]:
    """Return the JSON types that a setting accepts."""
    types = setting_schema["type"]
    return types if isinstance(types, list) else [types]
