"""What users define in the setting `custom_reports`, and what TikTok rules out in reports. Pure."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.entries import NAME_SCHEMA, TEXT_LIST_SCHEMA, TEXT_SCHEMA, parse_entries
from tap_tiktok_ads.extract import schemas

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LEVELS = ("ADVERTISER", "CAMPAIGN", "ADGROUP", "AD")
#: The lowest level at which each id is told, by its place in `LEVELS`.
LEVEL_OF_ID = {
    "advertiser_id": 0,
    "campaign_id": 1,
    "adgroup_id": 2,
    "ad_id": 3,
    "ad_id_v2": 3,
}
#: Catalogue's words for the levels that have an attribute, and the first of them.
FIRST_LEVEL = {
    "campaign+": 1,
    "adgroup+": 2,
    "adgroup only": 2,
    "ad only": 3,
    "any level with an ID dimension": 0,
}
#: Those that are told at one level only.
ONE_LEVEL = {"adgroup only": 2, "ad only": 3}
TIME_OF_GRANULARITY = {"day": "stat_time_day", "hour": "stat_time_hour", "lifetime": None}
#: Filters that the API knows: the fact sheet, section 5.1.
OPERATORS = [
    *("IN", "NOT_IN", "MATCH", "GREATER_EQUAL", "GREATER_THAN", "LOWER_EQUAL", "LOWER_THAN"),
    *("BETWEEN", "RANGE", "CONTAIN_ANY_OF"),
]
#: The name that stands for every metric that is valid in a report.
ALL = "all"
#: At advertiser level and by day only: the fact sheet, section 5.4.
CASH = frozenset({"cash_spend", "voucher_spend"})
#: Metrics that one request may ask for (portal 1738864817670145: keep to 100 or fewer).
MAX_METRICS = 100
#: Breakdowns beside which report tasks have no metrics of unique viewers, and those metrics
#: (portal 1740302766489602).
AUDIENCE_SPLITS = frozenset(
    ("gender", "age", "country_code", "ac", "language", "platform", "interest_category")
) | {"placement", "contextual_tag"}
UNIQUE_VIEWERS = frozenset(
    (
        "average_video_play_per_user",
        "frequency",
        "cost_per_1000_reached",
        "reach",
        "live_play_count",
    )
) | {
    f"{time}{name}"
    for time in ("", "real_time_")
    for name in ("result", "result_rate", "cost_per_result")
}
#: Filters that the same page names. Those of a status it does not, nor any other way to deleted
#: objects.
TASK_FILTERS = frozenset(("campaign_ids", "adgroup_ids", "ad_ids", "ad_ids_v2", "buying_type")) | {
    "campaign_status",
    "adgroup_status",
    "ad_status",
}
#: Report types of tasks whose columns bear the names that were asked for.
TASK_TYPES = frozenset({"BASIC", "AUDIENCE"})
REPORT_ENTRY_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "data_level", "dimensions"],
    "properties": {
        "name": NAME_SCHEMA,
        "report_type": {"enum": ["BASIC", "AUDIENCE"]},
        "service_type": {"enum": ["AUCTION"]},
        "data_level": {"enum": [f"AUCTION_{level}" for level in LEVELS]},
        "dimensions": {**TEXT_LIST_SCHEMA, "minItems": 1, "uniqueItems": True},
        "metrics": {**TEXT_LIST_SCHEMA, "minItems": 1},
        "filters": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "values"],
                "properties": {
                    "field": TEXT_SCHEMA,
                    "operator": {"enum": OPERATORS},
                    "values": {"type": "array", "items": {"type": ["string", "number"]}},
                },
            },
        },
        "granularity": {"enum": list(TIME_OF_GRANULARITY)},
        "lookback_days": {"type": "integer", "minimum": 0, "maximum": 400},
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class ReportDefinition:
    """An entry of `custom_reports`, with the dimension of its granularity and single metrics."""

    name: str
    report_type: str
    service_type: str
    data_level: str
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    filters: tuple[dict[str, str], ...]
    lookback_days: int | None


def parse_custom_reports(entries: t.Any) -> tuple[ReportDefinition, ...]:
    """The definitions in `custom_reports`.

    Raises:
        ConfigError: the first thing that is wrong, or that TikTok rules out.
    """
    return parse_entries("custom_reports", entries, REPORT_ENTRY_SCHEMA, _report)


def _report(entry: Mapping[str, t.Any]) -> ReportDefinition:
    report_type = entry.get("report_type", "BASIC")
    dimensions = _dimensions(entry, report_type)
    data_level = entry["data_level"]
    names = entry.get("metrics", ["spend", "impressions"])
    metrics = expand(names, report_type, data_level, dimensions)
    _check_report(report_type, data_level, dimensions, metrics)
    return ReportDefinition(
        name=entry["name"],
        report_type=report_type,
        service_type=entry.get("service_type", "AUCTION"),
        data_level=data_level,
        dimensions=dimensions,
        metrics=metrics,
        filters=tuple(
            {
                "field_name": one["field"],
                "filter_type": one.get("operator", "IN"),
                "filter_value": json.dumps([str(value) for value in one["values"]]),
            }
            for one in entry.get("filters", ())
        ),
        lookback_days=entry.get("lookback_days"),
    )


def _dimensions(entry: Mapping[str, t.Any], report_type: str) -> tuple[str, ...]:
    """The dimensions, with that of the granularity."""
    known = schemas.catalogue()["dimensions"]
    for name in entry["dimensions"]:
        if name not in known:
            msg = f"unknown dimension {name!r}{suggest(name, known)}"
            raise ValueError(msg)
        if report_type not in known[name]["report_types"]:
            fits = " or ".join(known[name]["report_types"])
            msg = f"dimension {name!r} is for report_type {fits}, not {report_type}"
            raise ValueError(msg)
    times = [name for name in entry["dimensions"] if name in TIME_OF_GRANULARITY.values()]
    told = next((g for g, name in TIME_OF_GRANULARITY.items() if times == [name]), "day")
    granularity = entry.get("granularity", told)
    if len(times) > 1 or (times and granularity != told):
        msg = f"dimensions {', '.join(times)} do not fit the granularity {granularity!r}"
        raise ValueError(msg)
    time = TIME_OF_GRANULARITY[granularity]
    return (*entry["dimensions"], *([time] if time and not times else []))


def expand(
    names: Sequence[str], report_type: str, data_level: str, dimensions: Sequence[str]
) -> tuple[str, ...]:
    """The metrics that names, groups of the catalogue and `all` stand for in a report.

    Groups, and `all`, stand for those of their metrics that are valid there.

    Raises:
        ValueError: a name that is much like a known one.
    """
    known = schemas.catalogue()["metrics"]
    groups: dict[str, list[str]] = {ALL: list(known)}
    for name, metric in known.items():
        groups.setdefault(metric["group"], []).append(name)
    found: dict[str, None] = {}
    for name in names:
        if name in known:
            found[name] = None
        elif name in groups:
            valid = (
                one
                for one in groups[name]
                if why_not(one, report_type, data_level, dimensions, proven=True) is None
            )
            found |= dict.fromkeys(valid)
        else:
            near = difflib.get_close_matches(name, [*known, *groups], n=1, cutoff=0.8)
            if near:
                msg = f"unknown metric {name!r} (did you mean {near[0]!r}?)"
                raise ValueError(msg)
            found[name] = None
    return tuple(found)


def metrics_setting(setting: t.Any, stream: str) -> list[str]:
    """The names that `report_metrics` holds for a stream; none where it does not name it.

    Raises:
        ConfigError: it has another shape.
    """
    names = setting.get(stream, []) if isinstance(setting, dict) else setting or []
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        msg = "Setting 'report_metrics' must be an object of streams, each with a list of metrics."
        raise ConfigError(msg)
    return names


def check_report_metrics(setting: t.Any, known: Collection[str]) -> None:
    """Refuse `report_metrics` of what is no report.

    Raises:
        ConfigError: which stream it is.
    """
    for name in setting if isinstance(setting, dict) else ():
        if name not in known:
            msg = f"Setting 'report_metrics': {name!r} is no report{suggest(name, known)}"
            raise ConfigError(msg)


#: Where an error names what it is about: in quotes, in brackets, or behind the last colon.
_NAMED = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^:]*$")
#: Behind these words, an error names what would be right.
_ALLOWED = re.compile(
    r"(?i)must be one of|allowed|supported|valid values|available|expected|choices? (are|is)"
    r"|choose|valid (metrics|ones|fields) are"
)


def rejected_metrics(message: str, asked: Sequence[str]) -> tuple[str, ...]:
    """The metrics that an error calls invalid; none where it is about something else.

    TikTok's wording is not documented: the text must speak of metrics, and name some of those that
    were asked for.
    """
    if "metric" not in message.lower():
        return ()
    told = " ".join(_NAMED.findall(_ALLOWED.split(message)[0]))
    words = set(re.findall(r"\w+", told))
    return tuple(name for name in asked if name in words)


def unknown(metrics: Sequence[str]) -> tuple[str, ...]:
    """Those that the catalogue does not know."""
    return tuple(name for name in metrics if name not in schemas.catalogue()["metrics"])


def why_not(
    metric: str,
    report_type: str,
    data_level: str,
    dimensions: Sequence[str],
    *,
    proven: bool = False,
) -> str | None:
    """Why TikTok refuses a metric in a report (fact sheet, section 5.4); None where it does not.

    Of a metric that the catalogue does not know, nothing is known against it. For most splits of
    the audience TikTok's list could not be read: with `proven`, only what connectors ask for in
    production counts there.
    """
    facts = schemas.catalogue()["metrics"].get(metric)
    reason = None
    if metric in dimensions:
        reason = f"{metric!r} is a dimension of the report"
    elif {"ad_id", "ad_id_v2"} <= {metric, *dimensions}:
        reason = "ad_id and ad_id_v2 cannot be in one request"
    elif facts is not None and facts["group"] == "attribute":
        level, told = LEVELS.index(data_level.partition("_")[2]), facts.get("levels", "")
        if FIRST_LEVEL.get(told, 0) > level or (told in ONE_LEVEL and ONE_LEVEL[told] != level):
            reason = f"metric {metric!r} does not exist at data_level {data_level}"
    elif metric in CASH and ("ADVERTISER" not in data_level or "stat_time_day" not in dimensions):
        reason = f"metric {metric!r} exists at data_level AUCTION_ADVERTISER and by day only"
    elif facts is not None:
        for one in schemas.catalogue()["supported"]:
            beside = [name for name in dimensions if name in one["dimensions"]]
            if not (one["official"] or proven) or one["report_type"] != report_type:
                continue
            if beside and metric not in one["metrics"]:
                reason = (
                    f"metric {metric!r} cannot be asked for beside {beside[0]} "
                    f"in {report_type} reports"
                )
    return reason


def why_no_task(
    report_type: str, dimensions: Sequence[str], metrics: Sequence[str], filters: Sequence[str]
) -> str | None:
    """Why a report cannot be had by a task with the same rows; None where nothing is against it."""
    missing = [name for name in metrics if name in UNIQUE_VIEWERS]
    beside = [name for name in dimensions if name in AUDIENCE_SPLITS]
    others = [name for name in filters if name not in TASK_FILTERS]
    if report_type not in TASK_TYPES:
        return f"there are none of {report_type} reports that name their columns"
    if "country_code" in dimensions:
        return "they tell names of countries instead of country_code"
    if missing and beside:
        return f"they have no {', '.join(missing)} beside {', '.join(beside)}"
    if others:
        return f"they do not filter by {', '.join(others)}"
    if len(metrics) > MAX_METRICS:
        return f"more than {MAX_METRICS} metrics need several requests"
    return None


def _check_report(
    report_type: str, data_level: str, dimensions: Sequence[str], metrics: Sequence[str]
) -> None:
    """Refuse what TikTok refuses (fact sheet, sections 5.3 and 5.4).

    Raises:
        ValueError: what does not go together.
    """
    ids = [name for name in dimensions if name in LEVEL_OF_ID]
    time = next((name for name in dimensions if name in TIME_OF_GRANULARITY.values()), None)
    others = [name for name in dimensions if name not in LEVEL_OF_ID and name != time]
    if len(ids) != 1:
        msg = f"a report has one id dimension ({', '.join(LEVEL_OF_ID)}), not {len(ids)}"
        raise ValueError(msg)
    if LEVEL_OF_ID[ids[0]] > LEVELS.index(data_level.partition("_")[2]):
        msg = f"dimension {ids[0]!r} lies below data_level {data_level}"
        raise ValueError(msg)
    if report_type == "AUDIENCE" and (len(others) != 1 and set(others) != {"gender", "age"}):
        msg = f"an AUDIENCE report has one audience dimension, or gender and age, not {others}"
        raise ValueError(msg)
    if time is None and report_type == "AUDIENCE":
        msg = "AUDIENCE reports have no lifetime mode: choose granularity day"
        raise ValueError(msg)
    if time is None and "country_code" in others:
        msg = "a lifetime report cannot have country_code: choose granularity day"
        raise ValueError(msg)
    for metric in metrics:
        reason = why_not(metric, report_type, data_level, dimensions)
        if reason is not None:
            raise ValueError(reason)
    if {"ad_id", "ad_id_v2"} <= set(metrics):
        msg = "ad_id and ad_id_v2 cannot be in one request"
        raise ValueError(msg)
