"""Tables and sections of the documentation, generated from the code."""

from __future__ import annotations

import collections
import dataclasses
import json
import re
import textwrap
import typing as t
from typing import Any

import click

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.metric_rules import expand_metrics
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.cli import executable
from tap_tiktok_ads.config.environment import ENVIRONMENT_PREFIX
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.simulator.options import Options
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.streams import StreamEntry


def setting_kind(spec: dict[str, Any]) -> str:
    """Return Meltano's kind of a setting."""
    if spec.get("secret"):
        return "password"
    if "enum" in spec:
        return "options"
    types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
    return str(next(word for word in types if word != "null"))


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def allowed_values(spec: dict[str, Any]) -> str:
    """Return the type of a setting, with its allowed values or its range."""
    if spec.get("secret"):
        return "string, secret"
    if "enum" in spec:
        return f"one of {', '.join(f'`{value}`' for value in spec['enum'])}"
    text = setting_kind(spec)
    if "minimum" in spec:
        text += f" from {spec['minimum']} to {spec['maximum']}"
    if "pattern" in spec:
        text += f", or `{spec['pattern'].strip('^$')}`"
    return text


def personal_columns() -> str:
    """Return the columns that the setting `pii` changes, by stream."""
    tap = TapTikTokAds(config={}, allow_requests=False, setup_mapper=False, validate_config=False)
    lines = []
    for entry in STREAMS:
        paths = t.cast("Any", tap.streams[entry.name]).personal_data.paths
        if paths:
            lines.append(f"* `{entry.name}`: {', '.join(f'`{path}`' for path in paths)}")
    return "Dots lead to nested columns.\n\n" + "\n".join(lines)


def tiers_table() -> str:
    """Return the limits of each tier and of endpoints with separate limits."""
    rows = []
    for name, tier in TIERS.items():
        if name == "unlimited":  # the embedded simulator only
            continue
        suffix = " (default)" if name == "basic" else ", per endpoint" if tier.per_endpoint else ""
        rows.append((f"{name}{suffix}", tier))
        rows += [(f"{name}, `{path}`", limit) for path, limit in tier.endpoints.items()]
    return table(
        ("tier", "requests per second", "requests per minute", "requests per day"),
        (
            (name, f"{tier.per_second:,}", f"{tier.per_minute:,}", f"{tier.per_day:,}")
            for name, tier in rows
        ),
    )


def simulator_defaults() -> str:
    """Return the default of each option of the simulator, as a paragraph."""
    options = dataclasses.asdict(Options())
    texts = (f"`{name}` {json.dumps(value)}" for name, value in options.items())
    return "\n".join(textwrap.wrap(", ".join(texts) + ".", 100, break_long_words=False))


#: What the tap does after a return code, by the action of the code's rule.
ACTION_TEXTS = {
    errors.Action.RETRY: "retries the request",
    errors.Action.DAMAGED: "retries the request, re-reads the list, then reports missing records",
    errors.Action.THROTTLE: "pauses all requests, then retries. If TikTok still throttles, the "
    "run ends with exit code 75",
    errors.Action.SKIP: "skips the advertiser or stream",
    errors.Action.STOP: "stops the run, even with `on_error: skip`",
    errors.Action.FAIL: "reports an error and applies `on_error`",
}


def codes_table() -> str:
    """Return TikTok's codes and the tap's action for each, for `docs/errors.md`."""
    rules: dict[tuple[str, str], list[str]] = {}
    single_codes = [(str(code), rule) for code, rule in sorted(errors.CODES.items()) if code]
    ranges = [(f"{codes[0]} to {codes[-1]}", rule) for codes, rule in errors.RANGES]
    for code, rule in [*single_codes, *ranges]:
        action = ACTION_TEXTS[rule.action]
        if rule.shrink:
            action = f"splits the request, or {action} if it cannot be split"
        rules.setdefault((action, rule.advice), []).append(code)
    return table(
        ("codes", "what the tap does", "meaning and next step"),
        ((", ".join(codes), action, advice) for (action, advice), codes in rules.items()),
    )


def primary_keys(stream: StreamEntry) -> str:
    """Return the primary keys of a stream, in code marks."""
    return ", ".join(f"`{key}`" for key in dict.fromkeys(stream.primary_keys))


def replication(stream: StreamEntry) -> str:
    """Return the replication method of a stream."""
    return f"incremental by `{stream.replication_key}`" if stream.replication_key else "full table"


def metric_count(level: str, dimensions: tuple[str, ...], report_type: str) -> str:
    """Return the number of valid metrics of a report."""
    report = ReportDefinition("", level, dimensions, report_type=report_type)
    return str(len(expand_metrics(["all"], report)))


def catalog_tables() -> str:
    """Return two tables: the number of metrics by group, and by data level of a daily report."""
    metrics = load_catalog()["metrics"]
    groups = collections.Counter(metric["group"] for metric in metrics.values())
    id_dimensions = {
        "AUCTION_ADVERTISER": "advertiser_id",
        "AUCTION_CAMPAIGN": "campaign_id",
        "AUCTION_ADGROUP": "adgroup_id",
        "AUCTION_AD": "ad_id",
    }
    by_group = table(
        ("group", "number of metrics"),
        [(f"`{name}`", str(count)) for name, count in groups.most_common()]
        + [("`all`", str(len(metrics)))],
    )
    by_level = table(
        (
            "`data_level`",
            "metrics of BASIC reports by day",
            "metrics of AUDIENCE reports by country",
            "metrics of AUDIENCE reports by age and gender",
        ),
        [
            (
                f"`{level}`",
                *(
                    metric_count(level, (id_dimension, *dimensions), report_type)
                    for report_type, dimensions in (
                        ("BASIC", ("stat_time_day",)),
                        ("AUDIENCE", ("stat_time_day", "country_code")),
                        ("AUDIENCE", ("stat_time_day", "gender", "age")),
                    )
                ),
            )
            for level, id_dimension in id_dimensions.items()
        ],
    )
    return f"{by_group}\n\n{by_level}"


#: Families of streams: title, content, and the streams, as a pattern of their modules and names.
FAMILIES = (
    (
        "Accounts, campaigns, ads",
        "Advertisers, campaigns, ad groups and ads of every buying type",
        r"entities:",
    ),
    (
        "Daily reports",
        "Spend, delivery, video and conversions by day, also by country",
        r"built_in:(?!.*(audience|hourly|lifetime))",
    ),
    (
        "Audience reports",
        "The daily numbers by age, gender, country, platform, device or interest",
        r"built_in:.*audience",
    ),
    ("Hourly reports", "The numbers by hour", r"built_in:.*hourly"),
    (
        "Lifetime reports",
        "The numbers of the complete lifetime of an object",
        r"built_in:.*lifetime",
    ),
    (
        "Audiences and measurement",
        "Custom and saved audiences, pixels, event sets, custom conversions",
        r"(audiences|measurement):",
    ),
    (
        "Creatives",
        "Videos, images, music, posts, pages, identities, and how creatives perform",
        r"(creatives|creative_reports):",
    ),
    (
        "Smart+",
        "Upgraded Smart+ campaigns, ads, creatives, media and materials",
        r"(smart_plus|materials):",
    ),
    (
        "Shop, GMV Max and catalogs",
        "TikTok Shops, GMV Max campaigns, sessions and reports, products of catalogs",
        r"(shop|gmv_max_items|catalogs):",
    ),
    (
        "Business Center and money",
        "Business Centers, their ad accounts, balances, transactions, costs and invoices",
        r"(business|business_centers|transactions|money):",
    ),
    (
        "Leads and changes",
        "Leads with their form fields, and the log of changes",
        r"(leads|change_log):",
    ),
    (
        "Tools",
        "Names of IDs, diagnoses, reviews, split tests, keywords, apps, comments, rules, events",
        r"(tools|targeting|search_ads):",
    ),
    (
        "Checks",
        "Comparison of the levels of reports, and everything that a run could not read",
        r"(reconciliation|sync_errors):",
    ),
)


def members(pattern: str) -> list[StreamEntry]:
    """Return the streams of a family."""
    return [
        entry
        for entry in STREAMS
        if re.match(pattern, f"{entry.stream_class.__module__.rpartition('.')[2]}:{entry.name}")
    ]


def slug(title: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")


def families_table() -> str:
    """Return the README's table of the families of streams."""
    rows = []
    for title, content, pattern in FAMILIES:
        entries = members(pattern)
        defaults = sum(entry.selected_by_default for entry in entries)
        link = f"[{title}](docs/streams.md#{slug(title)})"
        rows.append((link, content, f"{len(entries)}", f"{defaults or '-'}"))
    count = sum(entry.selected_by_default for entry in STREAMS)
    families = table(("family", "content", "streams", "by default"), rows)
    return f"{count} of {len(STREAMS)} streams are selected by default.\n\n{families}"


def summary(entry: StreamEntry) -> str:
    """Return the first sentence of a stream's description."""
    return re.split(r"(?<=\.)\s", entry.description, maxsplit=1)[0].rstrip(".")


def stream_section(entry: StreamEntry) -> str:
    """Return the description of a stream and its facts."""
    page_size = entry.stream_class.page_size
    facts = [
        f"**Endpoint** `{entry.stream_class.path}`",
        f"**Key** {primary_keys(entry)}",
        f"**Replication** {replication(entry)}",
        f"**Permission** {entry.permission}",
        *([f"**Page size** {page_size}"] if page_size else []),
    ]
    lines = "\n".join(f"* {fact}" for fact in facts)
    return f"### `{entry.name}`\n\n{entry.description}\n\n{lines}"


def streams_by_family() -> str:
    """Return the families of streams, each with a short table and the facts of its streams."""
    sections = []
    for title, content, pattern in FAMILIES:
        entries = members(pattern)
        rows = [
            (
                f"[`{entry.name}`](#{entry.name})",
                summary(entry),
                "yes" if entry.selected_by_default else "-",
            )
            for entry in entries
        ]
        sections += [f"## {title}", f"{content}.", table(("stream", "content", "default"), rows)]
        sections += map(stream_section, entries)
    return "\n\n".join(sections)


#: Settings by need. `test_settings_have_a_need` fails if a setting is missing.
NEEDS = {
    "Access": "access_token app_id app_secret environment api_url user_agent",
    "What to read": "advertiser_ids exclude_advertiser_ids shard streams include_deleted "
    "track_deleted report_metrics report_mode",
    "Dates": "start_date end_date lookback_days backfill_order skip_days_before_creation "
    "skip_dormant",
    "Limits and errors": "rate_limit_tier requests_per_second shared_budget max_concurrency "
    "request_timeout max_retries on_error",
    "Streams of your own": "custom_streams custom_reports",
    "Privacy and values": "pii replace_null_characters",
    "Simulator": "simulator",
}


def settings_by_need() -> str:
    """Return the settings in groups, each with a short table and a section for each setting."""
    specs = SETTINGS_SCHEMA["properties"]
    sections = []
    for need, names in NEEDS.items():
        known = [name for name in names.split() if name in specs]
        rows = []
        for name in known:
            default = f"`{json.dumps(specs[name]['default'])}`" if "default" in specs[name] else "-"
            meaning = specs[name]["description"].partition(". ")[0].rstrip(".")
            rows.append((f"[`{name}`](#{name})", meaning, default))
        sections += [f"## {need}", table(("setting", "meaning", "default"), rows)]
        sections += [setting_section(name, specs[name]) for name in known]
    return "\n\n".join(sections)


def setting_section(name: str, spec: dict[str, Any]) -> str:
    """Return the description of a setting and its facts."""
    facts = [
        f"**Values** {allowed_values(spec)}",
        *([f"**Default** `{json.dumps(spec['default'])}`"] if "default" in spec else []),
        f"**Variable** `{ENVIRONMENT_PREFIX}{name.upper()}`",
    ]
    text = re.sub(r"\bdocs/([\w-]+\.md)", r"[\1](\1)", spec["description"])
    if name == "pii":
        text += f"\n\nThe setting applies to these columns. {personal_columns()}"
    lines = "\n".join(f"* {fact}" for fact in facts)
    return f"### `{name}`\n\n{text}\n\n{lines}"


def commands() -> str:
    """Return the help of the tap and of each command."""
    group = executable()
    context = click.Context(group, info_name="tap-tiktok-ads")
    sections = [help_section("tap-tiktok-ads", group)]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        sections.append(help_section(f"tap-tiktok-ads {name}", command))
        if isinstance(command, click.Group):
            sections += [
                help_section(f"tap-tiktok-ads {name} {inner}", subcommand)
                for inner, subcommand in command.commands.items()
            ]
    return "\n\n".join(sections)


def help_section(name: str, command: click.Command) -> str:
    """Return the section of a command."""
    context = click.Context(command, info_name=name, terminal_width=68)
    depth = "###" if name.count(" ") > 1 else "##"
    return f"{depth} `{name}`\n\n```text\n{command.get_help(context)}\n```"
