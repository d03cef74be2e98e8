"""Streams of the setting `custom_streams`, parsed and checked before any request."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from pathlib import Path

import jsonschema
import jsonschema.exceptions

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import closest_match, suggest
from tap_tiktok_ads.config.custom_downloads import (
    DOWNLOAD_SCHEMA,
    DownloadDefinition,
    parse_download,
    with_first_request,
)
from tap_tiktok_ads.config.custom_requests import ADVERTISER_MACRO, check_days, normalize
from tap_tiktok_ads.config.entries import NAME_SCHEMA, TEXT_LIST_SCHEMA, TEXT_SCHEMA, parse_entries
from tap_tiktok_ads.config.lookups import LOOKUP_SCHEMA, parse_lookups
from tap_tiktok_ads.config.request_templates import (
    REQUEST_KEYS,
    REQUEST_PROPERTIES,
    parse_template,
)
from tap_tiktok_ads.extract import dates, json_paths, macros

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap_tiktok_ads.config.lookups import Lookup

WINDOW_MACROS = ("start_date", "end_date")
#: Days of a window unless `window_days` is set.
DEFAULT_WINDOW_DAYS = 30
DEFAULT_RECORDS_PATH, DEFAULT_DATE_FORMAT = "$.data.list[*]", "yyyy-MM-dd"

STREAM_ENTRY_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": NAME_SCHEMA,
        **REQUEST_PROPERTIES,
        "download": DOWNLOAD_SCHEMA,
        "date_format": TEXT_SCHEMA,
        "time_unit": {"enum": list(dates.UNIT_WORDS)},
        "for_each": LOOKUP_SCHEMA,
        "lookups": {"type": "object", "additionalProperties": LOOKUP_SCHEMA},
        "records_path": TEXT_SCHEMA,
        "metadata_path": {
            "anyOf": [TEXT_SCHEMA, {"type": "object", "additionalProperties": TEXT_SCHEMA}],
            "expected": "be a JSONPath, or an object of column names and JSONPaths",
        },
        "pagination": {
            "anyOf": [
                {"enum": ["page_info", "none"]},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["type", "cursor_path", "parameter"],
                    "properties": {
                        "type": {"enum": ["cursor"]},
                        "cursor_path": TEXT_SCHEMA,
                        "has_more_path": TEXT_SCHEMA,
                        "parameter": TEXT_SCHEMA,
                    },
                },
            ],
            "expected": "be 'page_info', 'none' or an object with the type 'cursor'",
        },
        "page_size": {"type": "integer", "minimum": 1, "maximum": 10_000},
        "per_advertiser": {"type": "boolean"},
        "primary_keys": TEXT_LIST_SCHEMA,
        "replication_key": TEXT_SCHEMA,
        "window_days": {"type": "integer", "minimum": 1, "maximum": 365},
        "flatten": {"type": "boolean"},
        "allow_missing_records": {"type": "boolean"},
        "schema": {
            "anyOf": [TEXT_SCHEMA, {"type": "object", "required": ["properties"]}],
            "expected": "be a file name, or a JSON Schema with 'properties'",
        },
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """Pagination by a cursor.

    Attributes:
        path: JSONPath of the next cursor in a response.
        parameter: Request parameter that the next cursor goes into.
        more_path: JSONPath of the flag that more pages follow, or None.
    """

    path: str
    parameter: str
    more_path: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CustomStreamDefinition:
    """An entry of `custom_streams`. docs/custom.md explains its keys."""

    name: str
    method: str
    path: str
    params: Mapping[str, t.Any]
    body: Mapping[str, t.Any] | None
    headers: Mapping[str, str]
    download: DownloadDefinition | None
    date_format: str
    unit: str
    lookups: tuple[Lookup, ...]
    records_path: str
    metadata: Mapping[str, str]
    paged: bool
    cursor: Cursor | None
    page_size: int | None
    per_advertiser: bool
    primary_keys: tuple[str, ...]
    replication_key: str | None
    window_days: int | None
    flatten: bool
    allow_missing_records: bool
    schema: Mapping[str, t.Any] | None


def parse_custom_streams(entries: t.Any, api_url: str = "") -> tuple[CustomStreamDefinition, ...]:
    """Return the definitions in `custom_streams`.

    Args:
        entries: Value of the setting.
        api_url: The setting `api_url`, whose host a full URL may name.

    Raises:
        ConfigError: An entry cannot be used.
    """
    parse = functools.partial(_parse_entry, api_url=api_url)
    return parse_entries("custom_streams", entries, STREAM_ENTRY_SCHEMA, parse, normalize)


def _parse_entry(entry: Mapping[str, t.Any], api_url: str) -> CustomStreamDefinition:
    """Return the definition in an entry that fits the schema."""
    entry = with_first_request(entry)
    request = parse_template(entry, api_url)
    lookups = parse_lookups(entry)
    unit = dates.UNIT_WORDS[entry.get("time_unit", "day")]
    check_days(request, unit)
    per_advertiser = entry.get("per_advertiser", True)
    used_macros = _check_macros(entry, lookups, unit, per_advertiser=per_advertiser)
    window_days = _window_days(entry, used_macros)
    known_macros = _known_macros(lookups, per_advertiser=per_advertiser)
    download = parse_download(entry.get("download"), known_macros, unit, api_url)
    records_path = entry.get("records_path", DEFAULT_RECORDS_PATH)
    json_paths.parse(records_path)
    return CustomStreamDefinition(
        name=entry["name"],
        **{field.name: getattr(request, field.name) for field in dataclasses.fields(request)},
        download=download,
        cursor=_parse_cursor(entry.get("pagination")),
        date_format=dates.to_pendulum_format(entry.get("date_format", DEFAULT_DATE_FORMAT)),
        unit=unit,
        lookups=lookups,
        records_path=records_path,
        metadata=parse_metadata(entry.get("metadata_path", {})),
        paged=entry.get("pagination", "page_info") == "page_info",
        page_size=entry.get("page_size"),
        per_advertiser=per_advertiser,
        primary_keys=tuple(entry.get("primary_keys", ())),
        replication_key=entry.get("replication_key"),
        window_days=window_days,
        flatten=entry.get("flatten", False),
        allow_missing_records=entry.get("allow_missing_records", False),
        schema=parse_schema(entry.get("schema")),
    )


def _check_macros(
    entry: Mapping[str, t.Any], lookups: Sequence[Lookup], unit: str, *, per_advertiser: bool
) -> set[str]:
    """Return the names of the macros in a request.

    Raises:
        ValueError: A macro cannot be resolved, or a lookup or the advertiser is not used.
    """
    request = {key: entry[key] for key in REQUEST_KEYS if key in entry}
    known_macros = _known_macros(lookups, per_advertiser=per_advertiser)
    lists = _lookup_macros([lookup for lookup in lookups if lookup.batch])
    macros.validate(request, known_macros, lists, unit)
    used_macros = macros.macro_names(request)
    for lookup in lookups:
        _check_lookup_is_used(lookup, used_macros)
    if per_advertiser and ADVERTISER_MACRO not in used_macros:
        msg = (
            "no part of the request contains {advertiser_id}, so all advertisers would have equal "
            "records. Add it to the request, or set per_advertiser to false"
        )
        raise ValueError(msg)
    return used_macros


def _known_macros(lookups: Sequence[Lookup], *, per_advertiser: bool) -> set[str]:
    """Return the names of the macros that a request can use."""
    owner_macros = [ADVERTISER_MACRO] if per_advertiser else []
    return {*WINDOW_MACROS, *owner_macros, *_lookup_macros(lookups)}


def _lookup_macros(lookups: Sequence[Lookup]) -> set[str]:
    """Return the names of the macros of lookups."""
    return {macro for lookup in lookups for macro in lookup.macro_names}


def _check_lookup_is_used(lookup: Lookup, used_macros: set[str]) -> None:
    """Raise `ValueError` if a request uses no macro of a lookup."""
    if not any(name.startswith(f"{lookup.name}.") for name in used_macros):
        macro = f"{{{lookup.macro_names[0]}}}"
        msg = (
            f"no part of the request uses the lookup {lookup.name!r}. Write {macro} where a value "
            "of the lookup belongs, or remove the lookup"
        )
        raise ValueError(msg)


def _window_days(entry: Mapping[str, t.Any], used_macros: set[str]) -> int | None:
    """Return the days of a window, or None if the request has no date window.

    Raises:
        ValueError: The request has one end of a window only, or days but no window.
    """
    unused = [name for name in WINDOW_MACROS if name not in used_macros]
    if len(unused) == len(WINDOW_MACROS):
        if "window_days" in entry:
            msg = "'window_days' needs {start_date} and {end_date} in the request. Add them"
            raise ValueError(msg)
        return None
    if unused:
        used = next(name for name in WINDOW_MACROS if name in used_macros)
        msg = f"the request contains {{{used}}} without {{{unused[0]}}}. Add {{{unused[0]}}}"
        raise ValueError(msg)
    return int(entry.get("window_days", DEFAULT_WINDOW_DAYS))


def _parse_cursor(pagination: t.Any) -> Cursor | None:
    """Return the cursor of `pagination`, or None if it names another kind of pagination."""
    if not isinstance(pagination, dict):
        return None
    for key in ("cursor_path", "has_more_path"):
        if key in pagination:
            json_paths.parse(pagination[key])
    return Cursor(
        pagination["cursor_path"], pagination["parameter"], pagination.get("has_more_path")
    )


def parse_metadata(paths: str | Mapping[str, str]) -> dict[str, str]:
    """Return the JSONPaths of `metadata_path` by column name.

    Example:
        >>> parse_metadata("$.data.page_info.total_number")
        {'total_number': '$.data.page_info.total_number'}

    Raises:
        ValueError: A path is not a JSONPath, or ends in no name.
    """
    if isinstance(paths, str):
        name = json_paths.last_key(paths)
        if name is None:
            msg = f"metadata_path {paths!r} must end in a name, or be an object of names and paths"
            raise ValueError(msg)
        return {name: paths}
    for path in paths.values():
        json_paths.parse(path)
    return dict(paths)


def parse_schema(schema: t.Any) -> Mapping[str, t.Any] | None:
    """Return the JSON Schema of a stream, or None if it is to be inferred.

    Args:
        schema: The schema, the name of a file that holds it, or None.

    Raises:
        ValueError: The file cannot be read, or does not hold the schema of an object.
    """
    if schema is None:
        return None
    schema = _read_schema(schema) if isinstance(schema, str) else schema
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        msg = f"'schema' is not a JSON Schema: {error.message:.200}"
        raise ValueError(msg) from None
    if not (isinstance(schema, dict) and isinstance(schema.get("properties"), dict)):
        msg = "'schema' must be an object with 'properties'"
        raise ValueError(msg)  # noqa: TRY004 - a definition that cannot be used is a ValueError
    for name, column in schema["properties"].items():
        if not isinstance(column, dict) or not isinstance(column.get("items", {}), dict):
            msg = f"the schema of column {name!r} must be an object, and its 'items' also"
            raise ValueError(msg)  # noqa: TRY004 - a definition that cannot be used is a ValueError
    return schema


def _read_schema(file: str) -> t.Any:
    """Return the JSON value in a file."""
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"schema file {file} cannot be read: {error.strerror}. Check the path in 'schema'"
        raise ValueError(msg) from None
    except (ValueError, RecursionError):
        msg = f"schema file {file} is not JSON. Correct the file, or write 'schema' as an object"
        raise ValueError(msg) from None


def check_names(
    custom: Sequence[CustomStreamDefinition],
    reports: Sequence[str],
    built_in: Mapping[str, Callable[[], Collection[str]]],
) -> None:
    """Raise an error if a stream has the name of another one, or a lookup cannot be resolved.

    Args:
        custom: The custom streams.
        reports: Names of the custom reports.
        built_in: Built-in streams by name, each with a function that returns its columns.

    Raises:
        ConfigError: A name is taken, or a lookup names a stream or column that does not exist.
    """
    streams = set(built_in)
    for name in (*(stream.name for stream in custom), *reports):
        if name in streams:
            kind = "report" if name in reports else "stream"
            msg = f"Custom {kind} {name!r}: another stream has this name. Choose another name."
            raise ConfigError(msg)
        streams.add(name)
    dependent = {stream.name for stream in custom if stream.lookups}
    for stream in custom:
        for lookup in stream.lookups:
            problem = _lookup_problem(lookup, streams, dependent, built_in)
            if problem is not None:
                msg = f"Custom stream {stream.name!r}: lookup stream {lookup.stream!r} {problem}"
                raise ConfigError(msg)


def _lookup_problem(
    lookup: Lookup,
    streams: Collection[str],
    dependent: Collection[str],
    built_in: Mapping[str, Callable[[], Collection[str]]],
) -> str | None:
    """Return why a stream cannot be looked up, or None if it can.

    Args:
        lookup: The lookup.
        streams: Names of all streams.
        dependent: Names of the streams with lookups of their own.
        built_in: Built-in streams by name, each with a function that returns its columns.
    """
    source = lookup.stream
    if source is None:
        return None
    if source not in streams:
        return f"does not exist{suggest(source, streams)}"
    if source in dependent:
        return "has lookups of its own. Name a stream without lookups."
    columns = built_in[source]() if source in built_in else ()
    for column in (*lookup.columns, *lookup.where):
        if columns and column not in columns:
            match = closest_match(column, columns)
            hint = f": did you mean {match!r}?" if match else ". --discover lists its columns."
            return f"has no column {column!r}{hint}"
    return None
