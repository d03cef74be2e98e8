"""Generate documentation tables, Meltano settings and the hub plugin from the code.

`python tests/generated.py` rewrites them. `test_docs.py` fails while they are out of date.
"""

from __future__ import annotations

import collections
import json
import re
import typing as t
from pathlib import Path
from typing import Any

import yaml
from config_schema import config_schema

from tap_tiktok_ads.about import DISTRIBUTION
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.metric_rules import expand_metrics
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.config.environment import ENVIRONMENT_PREFIX
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.streams import StreamEntry

ROOT = Path(__file__).parent.parent


def repository() -> str:
    """Return the address of the repository, which only `pyproject.toml` states."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (address,) = re.findall(r'(?m)^Repository = "(\S+)"$', text)
    return str(address)


def page_address(page: str) -> str:
    """Return the address of a file in the repository."""
    return f"{repository()}/blob/main/{page}"


def setting_kind(spec: dict[str, Any]) -> str:
    """Return Meltano's kind of a setting."""
    if spec.get("secret"):
        return "password"
    if "enum" in spec:
        return "options"
    types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
    return str(next(word for word in types if word != "null"))


def meltano_settings() -> str:
    """Return the list below `settings:` of the extractor in meltano.yml."""
    lines = []
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        lines += [f"- name: {name}", f"  label: {spec['title']}", f"  kind: {setting_kind(spec)}"]
        if spec.get("secret"):
            lines.append("  sensitive: true")
        if "default" in spec:
            lines.append(f"  value: {json.dumps(spec['default'])}")
        if "enum" in spec:
            lines.append("  options:")
            options = map(json.dumps, spec["enum"])  # without quotes, `off` is false
            lines += [f"    - {{label: {value}, value: {value}}}" for value in options]
        lines.append(f"  description: {json.dumps(spec['description'])}")
    return "\n".join(lines)


def meltano_select() -> str:
    """Return the `select:` rules of the extractor: the streams that are selected by default.

    Without rules, Meltano selects all streams.
    """
    names = (stream.name for stream in STREAMS if stream.selected_by_default)
    return "\n".join(f"- {name}.*" for name in names)


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


def settings_list() -> str:
    """Return the section of each setting for `docs/settings.md`."""
    sections = []
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        facts = [spec["title"], f"`{ENVIRONMENT_PREFIX}{name.upper()}`", allowed_values(spec)]
        if "default" in spec:
            facts.append(f"default `{json.dumps(spec['default'])}`")
        text = spec["description"]
        if name == "pii":
            text += f"\n\nThe setting applies to these columns. {personal_columns()}"
        sections.append(f"### `{name}`\n\n{' · '.join(facts)}\n\n{text}")
    return "\n\n".join(sections)


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


def hub_plugin() -> str:
    """Return the plugin definition for Meltano's hub."""
    about = TapTikTokAds._get_about_info()
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    extractor = project["plugins"]["extractors"][0]
    definition = {
        "name": about.name,
        "variant": "tap-tiktok-ads",
        "label": "TikTok Ads",
        "description": about.description,
        "namespace": extractor["namespace"],
        "pip_url": DISTRIBUTION,
        "executable": about.name,
        "repo": repository(),
        "docs": page_address("docs/index.md"),
        "domain_url": "https://ads.tiktok.com",
        "logo_url": "/assets/logos/extractors/tiktok.png",  # a file of the hub
        "maintenance_status": "active",
        "quality": "unknown",  # the hub rates it
        "keywords": ["api", "meltano_sdk"],
        "capabilities": extractor["capabilities"],
        "settings_group_validation": extractor["settings_group_validation"],
        "commands": extractor["commands"],
        "select": extractor["select"],
        "settings": [
            {name: value for name, value in setting.items() if name != "env"}
            for setting in extractor["settings"]
        ],
        "supported_python_versions": about.supported_python_versions,
    }
    return yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=100)


def settings_table() -> str:
    """Return the README's table of settings."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        default = f"`{json.dumps(spec['default'])}`" if "default" in spec else ""
        secret = " (secret)" if spec.get("secret") else ""
        rows.append(f"| `{name}`{secret} | {default} | {spec['description']} |")
    return "\n".join(rows)


def primary_keys(stream: StreamEntry) -> str:
    """Return the primary keys of a stream, in code marks."""
    return ", ".join(f"`{key}`" for key in dict.fromkeys(stream.primary_keys))


def replication(stream: StreamEntry) -> str:
    """Return the replication method of a stream."""
    return f"incremental by `{stream.replication_key}`" if stream.replication_key else "full table"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def default_streams() -> str:
    """Return the README's table of the streams selected by default."""
    return table(
        ("stream", "endpoint", "primary key", "replication"),
        (
            (
                f"`{entry.name}`",
                f"`{entry.stream_class.path}`",
                primary_keys(entry),
                replication(entry),
            )
            for entry in STREAMS
            if entry.selected_by_default
        ),
    )


def all_streams() -> str:
    """Return the table of all streams for `docs/streams.md`."""
    return table(
        (
            "stream",
            "endpoint",
            "primary key",
            "replication",
            "permission",
            "page size",
            "selected by default",
        ),
        (
            (
                f"`{entry.name}`",
                f"`{entry.stream_class.path}`",
                primary_keys(entry),
                replication(entry),
                entry.permission,
                f"{entry.stream_class.page_size or '-'}",
                "yes" if entry.selected_by_default else "no",
            )
            for entry in STREAMS
        ),
    )


def stream_descriptions() -> str:
    """Return the section of each stream for `docs/streams.md`."""
    return "\n\n".join(f"### `{entry.name}`\n\n{entry.description}" for entry in STREAMS)


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


PARTS = {
    "meltano.yml": {"settings": meltano_settings, "select": meltano_select},
    "docs/loading.md": {"select": meltano_select},
    "docs/settings.md": {"settings": settings_list},
    "docs/rate-limits.md": {"tiers": tiers_table},
    "docs/errors.md": {"codes": codes_table},
    "README.md": {"settings": settings_table, "streams": default_streams},
    "docs/streams.md": {
        "streams": all_streams,
        "catalog": catalog_tables,
        "descriptions": stream_descriptions,
    },
}


#: Completely generated files.
FILES = {
    "plugins/extractors/tap-tiktok-ads.yml": hub_plugin,
    "docs/config.schema.json": config_schema,
    "tap_tiktok_ads/config/config.schema.json": config_schema,
}


def render(file: str) -> str:
    """Return a file's text with current generated parts.

    A part is between the comment lines `generated: NAME` and `end: NAME`. It has the indentation of
    the first comment line.
    """
    if file in FILES:
        return FILES[file]()
    content = (ROOT / file).read_text("utf-8")
    for name, make in PARTS[file].items():
        pattern = rf"(?ms)^( *)(\S* generated: {name}.*?\n)(.*?)^( *\S* end: {name})"
        match = re.search(pattern, content)
        if match is None:
            msg = f"{file} lacks the comment lines `generated: {name}` and `end: {name}`."
            raise ValueError(msg)
        indented = "".join(f"{match[1]}{line}".rstrip() + "\n" for line in make().splitlines())
        content = content[: match.start(3)] + indented + content[match.end(3) :]
    return content


if __name__ == "__main__":
    for target in (*PARTS, *FILES):
        (ROOT / target).write_text(render(target), "utf-8")
