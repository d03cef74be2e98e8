"""JSON Schemas of streams: `schemas/*.json` for entities, `schemas/metrics.json` for reports.

The folder is inside the installed package. In a checkout it is beside the package.
"""

from __future__ import annotations

import copy
import functools
import re
import typing as t

import msgspec

from tap_tiktok_ads.api.gmv_max_metrics import gmv_max_metric_schema, load_gmv_max_metrics
from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH, MATERIAL_REPORTS_PATH, REPORT_PATH
from tap_tiktok_ads.api.metric_catalog import SCHEMAS_FOLDER, load_catalog, metric_schema
from tap_tiktok_ads.extract.values import to_text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Schema: t.TypeAlias = "dict[str, t.Any]"

#: The text of a key column without a value, as in TikTok's reports. Databases that read the empty
#: text as null would reject it in a key.
EMPTY_KEY = "-"
#: Columns of time dimensions, both in account time.
TIME_COLUMNS: dict[str, Schema] = {
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
#: Column that separates the records of the two requests of a report.
IS_TOPVIEW_SCHEMA: Schema = {
    "type": "boolean",
    "description": "True for TopView ads (buying type RESERVATION_TOP_VIEW), which TikTok reports "
    "only on request. False for auction ads and reach and frequency ads (RESERVATION_RF). Use "
    "rf_campaign_type of campaigns to separate these two. At advertiser level, False also for "
    "TopView ads if TikTok's totals of the account hold them.",
}
#: Column that separates final records from records that TikTok may still correct.
IS_FINAL_SCHEMA: Schema = {
    "type": ["boolean", "null"],
    "description": "True if the day is older than the lookback and TikTok's delays, so no later "
    "run re-reads it and its numbers are final. Null if the day is invalid.",
}
#: Column that TikTok returns with the dimension `interest_category`, without a request for it.
INTEREST_CATEGORY_V2_SCHEMA: Schema = {
    "type": ["string", "null"],
    "description": "Interest category of the newer list.",
}
#: Times as TikTok sends them.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@functools.cache
def _load(name: str) -> Schema:
    """Return the content of `schemas/{name}.json`. The caller must not change it."""
    content: Schema = msgspec.json.decode((SCHEMAS_FOLDER / f"{name}.json").read_bytes())
    return content


def entity_schema(name: str) -> Schema:
    """Return a copy of the JSON Schema of an entity stream."""
    return copy.deepcopy(_load(name))


def report_schema(
    dimensions: Sequence[str], metrics: Sequence[str], *, topview: bool = False
) -> Schema:
    """Return the JSON Schema of a report's flat records: advertiser, dimensions, metrics.

    Dimensions are never null. Metrics may be null, because TikTok sends `-` where a metric does
    not apply. A time dimension adds the column `is_final`.

    Args:
        dimensions: Names of the dimensions.
        metrics: Names of the metrics.
        topview: True to add the column `is_top_view`.
    """
    catalog = load_catalog()
    advertiser_description = catalog["metrics"]["advertiser_id"]["description"]
    columns: Schema = {"advertiser_id": {"type": "string", "description": advertiser_description}}
    if topview:
        columns["is_top_view"] = IS_TOPVIEW_SCHEMA
    if any(name in TIME_COLUMNS for name in dimensions):
        columns["is_final"] = IS_FINAL_SCHEMA
    columns |= {name: _dimension(name) for name in dimensions}
    if "interest_category" in dimensions:
        columns["interest_category_v2"] = INTEREST_CATEGORY_V2_SCHEMA
    columns |= {name: metric_schema(name) for name in metrics}
    return {"type": "object", "additionalProperties": True, "properties": columns}


def _dimension(name: str) -> Schema:
    """Return the column of a report's dimension, a text unless it is a time."""
    if name in TIME_COLUMNS:
        return TIME_COLUMNS[name]
    entry = load_catalog()["dimensions"].get(name, {})
    description = {"description": entry["description"]} if "description" in entry else {}
    return {"type": "string", **description}


def keyed_schema(schema: Mapping[str, t.Any], keys: Sequence[str], owner: str | None) -> Schema:
    """Return the schema of a stream with its key columns first and never null.

    Args:
        schema: JSON Schema of an object with `properties`. Without any column, keys are texts.
        keys: Names of the key columns.
        owner: A text column to add in front, if the schema does not have it.

    Raises:
        KeyError: A key is not a column.
    """
    columns = dict(schema["properties"])
    if owner is not None:
        columns = {owner: {"type": "string"}, **columns}
    if not schema["properties"]:
        columns = {key: {"type": "string"} for key in keys} | columns
    key_columns = {key: _without_null(columns[key]) for key in keys}
    other_columns = {name: column for name, column in columns.items() if name not in keys}
    properties = key_columns | other_columns
    return {"additionalProperties": True, **schema, "type": "object", "properties": properties}


def _without_null(column: Schema) -> Schema:
    """Return a column that must not be null. A column without a type is returned unchanged."""
    types = [name for name in _types(column) if name != "null"]
    if not types:
        return column
    return {**column, "type": types[0] if len(types) == 1 else types}


def is_report_path(path: str) -> bool:
    """Return True if an endpoint of any version of the API returns reports."""
    return path.endswith((REPORT_PATH, GMV_MAX_REPORT_PATH)) or MATERIAL_REPORTS_PATH in path


def infer_schema(records: Iterable[Mapping[str, t.Any]], path: str = "") -> Schema:
    """Return a JSON Schema that all records fit once they are cast, every column nullable.

    Every column has one type. Null and the empty text have no type. A column without other values
    is text. A column with values of several types is text, too: its objects and arrays are cast to
    their JSON text. Metrics and time dimensions that TikTok documents have their own types. A text
    column is a date-time if each of its values is a time as TikTok sends it.

    Args:
        records: The records.
        path: The endpoint of the records.
    """
    import genson  # noqa: PLC0415 - rarely needed

    builder = genson.SchemaBuilder()
    builder.add_schema({"type": "object", "properties": {}})
    is_time: dict[str, bool] = {}
    for record in records:
        plain_record = msgspec.json.decode(to_text(record) or "")  # genson knows no decimals
        builder.add_object(_without_empty_texts(plain_record))
        for name, value in _filled(record):
            is_time[name] = is_time.get(name, True) and _is_date_time(value)
    columns: Schema = builder.to_schema().get("properties", {})
    for name, inferred in columns.items():
        columns[name] = _report_metric(name, path) or _inferred_column(
            name, inferred, is_time=is_time.get(name, False)
        )
    return {"type": ["object", "null"], "properties": columns}


def _report_metric(name: str, path: str) -> Schema | None:
    """Return the column of a documented metric of a report, or None for other columns."""
    if path.endswith(GMV_MAX_REPORT_PATH) and name in load_gmv_max_metrics():
        return gmv_max_metric_schema(name)
    if is_report_path(path) and name in load_catalog()["metrics"]:
        return metric_schema(name)
    return None


def _without_empty_texts(value: t.Any) -> t.Any:
    """Return a JSON value with null in place of the empty text, which TikTok sends for no value."""
    if isinstance(value, dict):
        return {name: _without_empty_texts(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_empty_texts(item) for item in value]
    return None if value == "" else value


def _filled(record: Mapping[str, t.Any]) -> Iterator[tuple[str, t.Any]]:
    """Yield the names and values of a record, without null and empty texts."""
    return ((name, value) for name, value in record.items() if value not in (None, ""))


def _is_date_time(value: t.Any) -> bool:
    """Return True if the value is a time as TikTok sends it."""
    return isinstance(value, str) and bool(_DATE_TIME.fullmatch(value))


def _inferred_column(name: str, inferred: Schema, *, is_time: bool) -> Schema:
    """Return a column of genson with the type that TikTok documents for its name."""
    if name in TIME_COLUMNS:
        return {**TIME_COLUMNS[name], "type": ["string", "null"]}
    column = _nullable(inferred)
    if "string" not in column["type"]:
        return column
    if name in load_catalog()["metrics"] and "anyOf" not in inferred:  # objects and arrays
        return metric_schema(name)
    return {**column, "format": "date-time"} if is_time else column


def _nullable(schema: Schema) -> Schema:
    """Return a schema of genson with one type and null, and nothing required."""
    alternatives = [
        (name, alternative)
        for alternative in schema.get("anyOf", [schema])
        for name in _types(alternative)
        if name != "null"
    ]
    if len(alternatives) != 1:
        return {"type": ["string", "null"]}
    ((name, alternative),) = alternatives
    nullable: Schema = {"type": [name, "null"]}
    if "items" in alternative:
        items = _nullable(alternative["items"])
        # Postgres rejects arrays of arrays that differ in length.
        is_nested = "array" in items["type"]
        nullable["items"] = {"type": ["string", "null"]} if is_nested else items
    if "properties" in alternative:
        columns = alternative["properties"].items()
        nullable["properties"] = {name: _nullable(column) for name, column in columns}
    return nullable


def _types(column: Mapping[str, t.Any]) -> list[str]:
    """Return the JSON types of a column as a list."""
    types = column.get("type", [])
    return [types] if isinstance(types, str) else types
