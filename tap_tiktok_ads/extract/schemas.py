"""Where columns come from: `schemas/*.json` for entities, `schemas/metrics.json` for reports.

The folder lies inside the installed package, and beside it in a checkout.
"""

from __future__ import annotations

import copy
import functools
import re
import typing as t

import msgspec

from tap_tiktok_ads.api.metric_catalog import SCHEMAS_FOLDER, load_catalog, metric_schema
from tap_tiktok_ads.extract import casting as records

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Schema: t.TypeAlias = "dict[str, t.Any]"

#: What stands in a key column where there is nothing, as in TikTok's reports; databases that take
#: empty text for null would refuse it in a key.
NO_KEY = "-"
#: Columns of a time dimension; both are in account time.
TIMES: dict[str, Schema] = {
    "stat_time_day": {
        "type": "string",
        "format": "date",
        "description": "Day in the advertiser's time zone.",
    },
    "stat_time_hour": {
        "type": "string",
        "format": "local-date-time",
        "description": "Hour in the advertiser's time zone, as YYYY-MM-DDTHH:MM:SS.",
    },
}
#: The column that tells which request the rows of a report came from.
TOP_VIEW: Schema = {
    "type": "boolean",
    "description": "Whether these are TopView ads (buying type RESERVATION_TOP_VIEW), which TikTok "
    "reports only when asked for them. All others are auction or reach and frequency "
    "(RESERVATION_RF) ads: rf_campaign_type of campaigns tells which.",
}
#: The column that tells whether TikTok may still correct a row of a report.
IS_FINAL: Schema = {
    "type": ["boolean", "null"],
    "description": "Whether the day is older than the look-back and TikTok's delays, so that no "
    "later run reads it again and its numbers stand. Null on days that cannot be read.",
}
#: Columns of entity streams that hold names and addresses of people.
PERSONAL = frozenset(
    {
        "contacter",
        "email",
        "cellphone_number",
        "telephone_number",
        "phone_number",
        "contact_name",
        "contact_email",
    }
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@functools.cache
def _load(name: str) -> Schema:
    content: Schema = msgspec.json.decode((SCHEMAS_FOLDER / f"{name}.json").read_bytes())
    return content


def entity(name: str) -> Schema:
    """The JSON Schema of an entity stream."""
    return copy.deepcopy(_load(name))


def infer(rows: Iterable[Mapping[str, t.Any]]) -> Schema:
    """A JSON Schema that rows fit, nullable throughout; known metrics have their types.

    Text that is a time as TikTok writes it in all rows becomes a date-time.
    """
    import genson  # noqa: PLC0415 - rarely needed

    builder = genson.SchemaBuilder()
    builder.add_schema({"type": "object", "properties": {}})
    times: dict[str, bool] = {}
    for row in rows:
        builder.add_object(msgspec.json.decode(records.text(row) or ""))  # which has no decimals
        for name, value in row.items():
            if value not in (None, ""):
                fits = isinstance(value, str) and bool(_TIME.fullmatch(value))
                times[name] = times.get(name, True) and fits
    schema: Schema = _nullable(builder.to_schema())
    columns: Schema = schema.setdefault("properties", {})
    for name, column in columns.items():
        if name in TIMES:
            columns[name] = {**TIMES[name], "type": ["string", "null"]}
        elif "string" in column.get("type", ()):
            if name in load_catalog()["metrics"]:
                columns[name] = metric_schema(name)
            elif times.get(name):
                column["format"] = "date-time"
    return schema


def _nullable(schema: t.Any) -> t.Any:
    """A schema as genson writes it, with null allowed everywhere and nothing required."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {k: v for k, v in schema.items() if k not in {"required", "$schema", "properties"}}
    if "properties" in schema:
        result["properties"] = {k: _nullable(v) for k, v in schema["properties"].items()}
    for key in ("items", "anyOf"):
        if key in result:
            result[key] = _nullable(result[key])
    if "type" in result:
        types = result["type"] if isinstance(result["type"], list) else [result["type"]]
        kinds = [kind for kind in types if kind != "null"]
        result["type"] = [
            *(kinds or ["string"]),
            "null",
        ]  # never seen with a value: take it for text
    return result


def keyed(schema: Mapping[str, t.Any], keys: Sequence[str], owner: str | None) -> Schema:
    """The schema of an object stream, key columns first and never null.

    Args:
        schema: with `properties`; where those are empty, keys are taken for text.
        keys: names of the key columns.
        owner: a column to add in front, if it is not there.

    Raises:
        KeyError: a key is no column.
    """
    found = dict(schema["properties"])
    if owner is not None:
        found = {owner: {"type": "string"}, **found}
    if not schema["properties"]:
        found = {key: {"type": "string"} for key in keys} | found
    columns = {key: _required(found[key]) for key in keys} | {
        name: column for name, column in found.items() if name not in keys
    }
    return {"additionalProperties": True, **schema, "type": "object", "properties": columns}


def _required(column: Schema) -> Schema:
    kinds = column.get("type", [])
    kinds = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    return {**column, "type": kinds[0] if len(kinds) == 1 else kinds} if kinds else column


def report(dimensions: Sequence[str], metrics: Sequence[str], *, top_view: bool = False) -> Schema:
    """The JSON Schema of a report's flat rows: `advertiser_id`, its dimensions, its metrics.

    With `top_view`, the column of that name stands behind the first; then, with a time dimension,
    `is_final`.

    `stat_time_day` is a date in account time. Dimensions are never null; metrics may be, for
    TikTok sends `-` where one does not apply.
    """
    catalogue = load_catalog()
    properties: Schema = {
        "advertiser_id": {
            "type": "string",
            "description": catalogue["metrics"]["advertiser_id"]["description"],
        }
    }
    if top_view:
        properties["is_top_view"] = TOP_VIEW
    if any(name in TIMES for name in dimensions):
        properties["is_final"] = IS_FINAL
    for name in dimensions:
        known = catalogue["dimensions"].get(name, {})
        properties[name] = {"type": "string"} | {
            key: known[key] for key in known if key == "description"
        }
    properties |= {name: TIMES[name] for name in dimensions if name in TIMES}
    if "interest_category" in dimensions:  # which the answer has besides what is asked for
        properties["interest_category_v2"] = {
            "type": ["string", "null"],
            "description": "Interest category of the newer list.",
        }
    for name in metrics:
        properties[name] = metric_schema(name)
    return {"type": "object", "additionalProperties": True, "properties": properties}
