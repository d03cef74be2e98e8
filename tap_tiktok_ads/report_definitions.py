"""What users define in the setting `custom_reports`, and what TikTok rules out in reports. Pure."""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing as t

from tap_tiktok_ads import schemas
from tap_tiktok_ads.definitions import NAME, TEXT, TEXTS, each, hint

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
TIME_OF_GRANULARITY = {"day": "stat_time_day", "hour": "stat_time_hour", "lifetime": None}
#: Filters that the API knows: the fact sheet, section 5.1.
OPERATORS = [
    *("IN", "NOT_IN", "MATCH", "GREATER_EQUAL", "GREATER_THAN", "LOWER_EQUAL", "LOWER_THAN"),
    *("BETWEEN", "RANGE", "CONTAIN_ANY_OF"),
]
ADVISED_METRICS = 100
REPORT_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "data_level", "dimensions"],
    "properties": {
        "name": NAME,
        "report_type": {"enum": ["BASIC", "AUDIENCE"]},
        "service_type": {"enum": ["AUCTION"]},
        "data_level": {"enum": [f"AUCTION_{level}" for level in LEVELS]},
        "dimensions": {**TEXTS, "minItems": 1, "uniqueItems": True},
        "metrics": {**TEXTS, "minItems": 1},
        "filters": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "values"],
                "properties": {
                    "field": TEXT,
                    "operator": {"enum": OPERATORS},
                    "values": {"type": ["array", "string", "number"]},
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
    unknown: tuple[str, ...]
    filters: tuple[dict[str, str], ...]
    lookback_days: int | None


def reports(entries: t.Any) -> tuple[ReportDefinition, ...]:
    """The definitions in `custom_reports`.

    Raises:
        ConfigError: the first thing that is wrong, or that TikTok rules out.
    """
    return each("custom_reports", entries, REPORT_SCHEMA, _report)


def _report(entry: Mapping[str, t.Any]) -> ReportDefinition:
    report_type = entry.get("report_type", "BASIC")
    dimensions = _dimensions(entry, report_type)
    metrics, unknown = _metrics(entry.get("metrics", ["spend", "impressions"]))
    level = LEVELS.index(entry["data_level"].partition("_")[2])
    _check_report(report_type, level, dimensions, metrics)
    return ReportDefinition(
        name=entry["name"],
        report_type=report_type,
        service_type=entry.get("service_type", "AUCTION"),
        data_level=entry["data_level"],
        dimensions=dimensions,
        metrics=metrics,
        unknown=unknown,
        filters=tuple(
            {
                "field_name": one["field"],
                "filter_type": one.get("operator", "IN"),
                "filter_value": one["values"]
                if isinstance(one["values"], str)
                else json.dumps(one["values"]),
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
            msg = f"unknown dimension {name!r}{hint(name, known)}"
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


def _metrics(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The metrics, groups spelt out, and those of them that the catalogue does not know."""
    known = schemas.catalogue()["metrics"]
    groups: dict[str, list[str]] = {}
    for name, metric in known.items():
        groups.setdefault(metric["group"], []).append(name)
    found: dict[str, None] = {}
    for name in names:
        if name not in known and name not in groups:
            near = difflib.get_close_matches(name, [*known, *groups], n=1, cutoff=0.8)
            if near:
                msg = f"unknown metric {name!r}: did you mean {near[0]!r}?"
                raise ValueError(msg)
        found |= dict.fromkeys([name] if name in known else groups.get(name, [name]))
    return tuple(found), tuple(name for name in found if name not in known)


def _check_report(
    report_type: str, level: int, dimensions: Sequence[str], metrics: Sequence[str]
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
    if LEVEL_OF_ID[ids[0]] > level:
        msg = f"dimension {ids[0]!r} lies below data_level AUCTION_{LEVELS[level]}"
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
    _check_metrics(report_type, level, dimensions, metrics)


def _check_metrics(
    report_type: str, level: int, dimensions: Sequence[str], metrics: Sequence[str]
) -> None:
    catalogue = schemas.catalogue()
    country = catalogue["with_country_code"][report_type] if "country_code" in dimensions else None
    for name in metrics:
        metric = catalogue["metrics"].get(name)
        if metric is None:
            continue
        if metric["group"] == "attribute":
            first = FIRST_LEVEL.get(metric.get("levels", ""), 0)
            if first > level:
                msg = f"metric {name!r} does not exist at data_level AUCTION_{LEVELS[level]}"
                raise ValueError(msg)
        elif country is not None and name not in country:
            msg = (
                f"metric {name!r} cannot be asked for beside country_code in {report_type} reports"
            )
            raise ValueError(msg)
    if {"ad_id", "ad_id_v2"} <= {*dimensions, *metrics}:
        msg = "ad_id and ad_id_v2 cannot be in one request"
        raise ValueError(msg)
    if len(metrics) > ADVISED_METRICS:
        msg = (
            f"{len(metrics)} metrics are more than the {ADVISED_METRICS} that TikTok takes at once"
        )
        raise ValueError(msg)
