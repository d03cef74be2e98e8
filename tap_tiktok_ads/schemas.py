"""Where columns come from: `schemas/*.json` for entities, `schemas/metrics.json` for reports.

The folder lies inside the installed package, and beside it in a checkout.
"""

from __future__ import annotations

import copy
import functools
import typing as t
from pathlib import Path

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    Schema = dict[str, t.Any]

PACKAGED = Path(__file__).parent / "schemas"
FOLDER = PACKAGED if PACKAGED.is_dir() else Path(__file__).parent.parent / "schemas"


@functools.cache
def _load(name: str) -> Schema:
    content: Schema = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    return content


def entity(name: str) -> Schema:
    """The JSON Schema of an entity stream."""
    return copy.deepcopy(_load(name))


def default_metrics(report: str) -> tuple[str, ...]:
    """The metrics that a built-in report asks for when all its columns are selected."""
    return tuple(_load("metrics")["reports"][report])


def report(dimensions: Sequence[str], metrics: Sequence[str]) -> Schema:
    """The JSON Schema of a report's flat rows: `advertiser_id`, its dimensions, its metrics.

    `stat_time_day` is a date in account time. Dimensions are never null; metrics may be, for
    TikTok sends `-` where one does not apply.
    """
    catalogue = _load("metrics")
    properties: Schema = {
        "advertiser_id": {
            "type": "string",
            "description": catalogue["metrics"]["advertiser_id"]["description"],
        }
    }
    for name in dimensions:
        properties[name] = {"type": "string", "description": catalogue["dimensions"][name]}
    if "stat_time_day" in properties:
        properties["stat_time_day"] = {
            "type": "string",
            "format": "date",
            "description": "Day in the advertiser's time zone.",
        }
    for name in metrics:
        metric = catalogue["metrics"][name]
        properties[name] = {
            "type": [metric["type"], "null"],
            "description": metric["description"],
        }
    return {"type": "object", "additionalProperties": True, "properties": properties}
