"""What users define in the setting `custom_streams`, checked. Pure.

A definition that can be refused is refused here, before any request.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import json
import re
import typing as t
import urllib.parse
from pathlib import Path

import jsonschema
import jsonschema.exceptions

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.hosts import API_VERSION, TIKTOK_HOSTS
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract import json_paths as paths
from tap_tiktok_ads.extract import macros as templates

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

T = t.TypeVar("T")
#: Requests that the look-ups of a stream may make for one advertiser and window, at most.
MOST_COMBINATIONS = 100_000

#: Headers that the tap sets itself.
OWN_HEADERS = frozenset({"access-token", "content-type", "accept", "host", "content-length"})
#: What the last part of a path says where TikTok documents a POST that changes something.
WRITES = frozenset(
    {
        *("add", "appeal", "apply", "assign", "batch", "batch_bind", "bind", "cancel"),
        *("capitalize", "confirm", "create", "delete", "disable", "edit", "enable", "file"),
        *("generate", "invite", "post", "remove", "revoke", "save", "set", "share", "track"),
        *("transfer", "unassign", "unbind", "update", "upload"),
    }
)
#: Those that create nothing but a file to download.
NO_WRITES = frozenset({"/report/task/create/"})
WINDOW_MACROS = ("start_date", "end_date")
#: Days that a window spans where none is set.
DEFAULT_WINDOW = 30
NAME = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*\Z"}
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}

_LOOKUP_OBJECT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": NAME,
        "values": {"type": "array", "minItems": 1},
        "file": TEXT,
        "column": TEXT,
        "stream": TEXT,
        "where": {"type": "object"},
        "batch": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
}
_LOOKUP = {"anyOf": [TEXT, {"type": "array", "minItems": 1}, _LOOKUP_OBJECT]}
STREAM_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "url"],
    "properties": {
        "name": NAME,
        "method": {"enum": ["GET", "POST"]},
        "url": TEXT,
        "params": {"type": "object"},
        "body": {"type": "object"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "date_format": TEXT,
        "time_unit": {"enum": list(dates.UNIT_WORDS)},
        "for_each": _LOOKUP,
        "lookups": {"type": "object", "additionalProperties": _LOOKUP},
        "records_path": TEXT,
        "metadata_path": {
            "anyOf": [TEXT, {"type": "object", "additionalProperties": TEXT}],
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
                        "cursor_path": TEXT,
                        "has_more_path": TEXT,
                        "parameter": TEXT,
                    },
                },
            ],
        },
        "page_size": {"type": "integer", "minimum": 1, "maximum": 10_000},
        "per_advertiser": {"type": "boolean"},
        "primary_keys": TEXTS,
        "replication_key": TEXT,
        "window_days": {"type": "integer", "minimum": 1, "maximum": 365},
        "flatten": {"type": "boolean"},
        "schema": {"anyOf": [TEXT, {"type": "object", "required": ["properties"]}]},
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Lookup:
    """Values to iterate over: one request for each, or for each batch of them.

    Attributes:
        name: what it is called in macros, as in `{name.column}`.
        columns: the columns that macros may name.
        values: the rows of a literal list or a file.
        stream: the stream whose rows are taken instead.
        where: columns and the values, or lists of values, that a row must have.
        batch: how many values go into one request, as an array; None: one, as it is.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[Mapping[str, t.Any], ...] = ()
    stream: str | None = None
    where: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    batch: int | None = None

    def select(
        self, rows: Iterable[Mapping[str, t.Any]], most: int | None = None
    ) -> list[dict[str, t.Any]]:
        """The distinct values of rows, by column, in the order in which they come.

        With `most`, no row is taken once there are so many.

        Raises:
            ConfigError: no row has a column that is named.
        """
        found: dict[tuple[str, ...], dict[str, t.Any]] = {}
        missing = {*self.columns, *self.where}
        known: set[str] = set()
        for row in rows:
            missing -= row.keys()
            known |= row.keys()
            if all(row.get(column) is not None for column in self.columns) and all(
                row.get(column) in (wanted if isinstance(wanted, list) else [wanted])
                for column, wanted in self.where.items()
            ):
                value = {column: row[column] for column in self.columns}
                found.setdefault(tuple(map(str, value.values())), value)
                if len(found) == most:
                    break
        if missing and known:
            column = min(missing)
            msg = f"Look-up {self.name!r} has no column {column!r}{suggest(column, known)}"
            raise ConfigError(msg)
        return list(found.values())

    def batches(self, values: Sequence[dict[str, t.Any]]) -> Iterator[dict[str, t.Any]]:
        """What macros stand for in each request: `name.column` and a value or an array."""
        size = self.batch or 1
        for start in range(0, len(values), size):
            part = values[start : start + size]
            yield {
                f"{self.name}.{column}": [value[column] for value in part]
                if self.batch
                else part[0][column]
                for column in self.columns
            }


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """Pages by a cursor: where the next one is told, whether there is more, and its parameter."""

    path: str
    parameter: str
    more_path: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class StreamDefinition:
    """An entry of `custom_streams`; see the table in the README."""

    name: str
    method: str
    path: str
    params: Mapping[str, t.Any]
    body: Mapping[str, t.Any] | None
    headers: Mapping[str, str]
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
    schema: Mapping[str, t.Any] | None


def streams(entries: t.Any, api_url: str = "") -> tuple[StreamDefinition, ...]:
    """The definitions in `custom_streams`.

    Args:
        entries: what the setting holds.
        api_url: the configured base URL, whose host may be named in a full URL.

    Raises:
        ConfigError: the first thing that is wrong, with what to write instead.
    """
    return each(
        "custom_streams", entries, STREAM_SCHEMA, functools.partial(_stream, api_url=api_url)
    )


def each(
    setting: str,
    entries: t.Any,
    schema: Mapping[str, t.Any],
    make: Callable[[dict[str, t.Any]], T],
) -> tuple[T, ...]:
    """What is made of each entry of a setting.

    Raises:
        ConfigError: an entry has another shape, or `make` calls it wrong with a `ValueError`.
    """
    found = []
    for where, entry in checked(setting, entries, schema):
        try:
            found.append(make(entry))
        except ValueError as error:
            msg = f"{where}: {sentence(str(error))}"
            raise ConfigError(msg) from None
    return tuple(found)


def checked(
    setting: str, entries: t.Any, schema: Mapping[str, t.Any]
) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """Each entry with what to call it in messages.

    Raises:
        ConfigError: an entry has another shape, or the name of one before it.
    """
    if entries is None:
        return
    if not isinstance(entries, list):
        msg = f"Setting {setting!r} must be a list of objects."
        raise ConfigError(msg)
    names = set()
    for number, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"{setting}[{number}]" + (f" ({name})" if isinstance(name, str) else "")
        problem = jsonschema.exceptions.best_match(
            jsonschema.Draft7Validator(schema).iter_errors(entry)
        )
        if isinstance(entry, dict):
            for key in entry.keys() - schema["properties"].keys():
                msg = f"{where}: unknown key {key!r}{suggest(key, schema['properties'])}"
                raise ConfigError(msg)
        if problem is not None:
            path = "".join(f"[{step!r}]" for step in problem.absolute_path)
            said = problem.message
            if problem.validator == "anyOf":
                said = "is none of the forms that the README's table names"
            elif problem.validator == "pattern":
                said = f"{problem.instance!r} must consist of letters, digits and underscores"
            msg = f"{where}: {path + ' ' if path else ''}{said:.200}."
            raise ConfigError(msg)
        if name in names:
            msg = f"{where}: an earlier entry has the same name."
            raise ConfigError(msg)
        names.add(name)
        yield where, entry


def sentence(text: str) -> str:
    """A text with its full stop, if it lacks one."""
    return text if text.endswith((".", "?")) else f"{text}."


def check_names(
    custom: Sequence[StreamDefinition],
    reports: Sequence[str],
    built_in: Mapping[str, Callable[[], Collection[str]]],
) -> None:
    """Refuse the name of another stream, and look-ups in streams that cannot be looked up.

    Args:
        custom: the definitions of streams.
        reports: the names of those of reports.
        built_in: the other streams, each with what tells its columns.

    Raises:
        ConfigError: what is wrong.
    """
    taken = set(built_in)
    for name in (*(one.name for one in custom), *reports):
        if name in taken:
            msg = f"The name {name!r} of a custom stream is that of another stream: choose another."
            raise ConfigError(msg)
        taken.add(name)
    nested = {one.name for one in custom if one.lookups}
    for one in custom:
        for lookup in one.lookups:
            if (source := lookup.stream) is None:
                continue
            where = f"Custom stream {one.name!r}: lookup stream {source!r}"
            if source not in taken:
                msg = f"{where} does not exist{suggest(source, taken)}"
                raise ConfigError(msg)
            if source in nested:
                msg = f"{where} has look-ups itself: name one without."
                raise ConfigError(msg)
            known = built_in[source]() if source in built_in else ()
            for column in (*lookup.columns, *lookup.where) if known else ():
                if column not in known:
                    msg = f"{where} has no column {column!r}{suggest(column, known)}"
                    raise ConfigError(msg)


def _stream(entry: Mapping[str, t.Any], api_url: str) -> StreamDefinition:
    method = entry.get("method", "GET")
    path = _path(entry["url"], method, api_url)
    body = entry.get("body")
    if method == "GET" and body is not None:
        msg = "a GET sends no body: put it into 'params', or set method POST"
        raise ValueError(msg)
    for name in entry.get("headers", {}):
        if name.lower() in OWN_HEADERS:
            msg = f"header {name!r} is the tap's own: leave it out"
            raise ValueError(msg)
        if not re.fullmatch(r"[\w-]+", name, re.ASCII):
            msg = f"{name!r} is no name of a header"
            raise ValueError(msg)
    lookups = _lookups(entry)
    unit = dates.UNIT_WORDS[entry.get("time_unit", "day")]
    per_advertiser = entry.get("per_advertiser", True)
    window_days = _check_macros(entry, lookups, unit, per_advertiser=per_advertiser)
    records_path = entry.get("records_path", "$.data.list[*]")
    paths.parsed(records_path)
    cursor = _cursor(entry.get("pagination"))
    return StreamDefinition(
        name=entry["name"],
        method=method,
        path=path,
        params=entry.get("params", {}),
        body=(body or {}) if method == "POST" else None,
        headers=entry.get("headers", {}),
        date_format=dates.date_format(entry.get("date_format", "yyyy-MM-dd")),
        unit=unit,
        lookups=lookups,
        records_path=records_path,
        metadata=_metadata(entry.get("metadata_path", {})),
        paged=entry.get("pagination", "page_info") == "page_info",
        cursor=cursor,
        page_size=entry.get("page_size"),
        per_advertiser=per_advertiser,
        primary_keys=tuple(entry.get("primary_keys", ())),
        replication_key=entry.get("replication_key"),
        window_days=window_days,
        flatten=entry.get("flatten", False),
        schema=_schema(entry.get("schema")),
    )


def _path(url: str, method: str, api_url: str) -> str:
    """The path below the base URL, or one that begins with `/open_api/` and starts at the host."""
    parts = urllib.parse.urlsplit(url)
    path = parts.path
    if parts.scheme or parts.netloc:
        own = urllib.parse.urlsplit(api_url).netloc if api_url else None
        if parts.netloc not in TIKTOK_HOSTS | {own} or parts.scheme not in {"https", "http"}:
            msg = (
                f"url {url!r} is none of TikTok's: the access token goes to "
                f"{', '.join(sorted(TIKTOK_HOSTS))} or the host of api_url only"
            )
            raise ValueError(msg)
        if parts.scheme == "http" and parts.hostname in TIKTOK_HOSTS:
            msg = f"url {url!r} would send the access token unencrypted: use https"
            raise ValueError(msg)
    elif not path.startswith("/"):
        msg = f"url {url!r} must be a full URL, or a path such as /campaign/get/"
        raise ValueError(msg)
    if parts.query or parts.fragment:
        msg = f"url {url!r} has a query: put its parameters into 'params'"
        raise ValueError(msg)
    if not path.endswith("/"):
        msg = f"url {url!r} must end with a slash, as all of TikTok's do"
        raise ValueError(msg)
    path = path.removeprefix(API_VERSION)
    _check_path(path, url, method)
    return path


def _check_path(path: str, url: str, method: str) -> None:
    steps = path.strip("/").split("/")
    if not all(map(re.compile(r"[\w{}][\w.{}-]*").fullmatch, steps)):
        msg = f"url {url!r} has a path that TikTok's API cannot have"
        raise ValueError(msg)
    if method == "POST":
        if "{" in path:
            msg = f"the url of a POST cannot hold macros: {path}"
            raise ValueError(msg)
        if steps[-1].lower() in WRITES and path not in NO_WRITES:
            msg = f"POST {path} changes something at TikTok ({steps[-1]!r}): a tap only reads"
            raise ValueError(msg)


def _check_macros(
    entry: Mapping[str, t.Any], lookups: Sequence[Lookup], unit: str, *, per_advertiser: bool
) -> int | None:
    """Check the macros of a request; the days of its windows, None where it has none."""
    request = {key: entry[key] for key in ("url", "params", "body", "headers") if key in entry}
    known = {f"{lookup.name}.{column}" for lookup in lookups for column in lookup.columns}
    lists = {f"{one.name}.{column}" for one in lookups if one.batch for column in one.columns}
    known |= {*WINDOW_MACROS, *(["advertiser_id"] if per_advertiser else [])}
    templates.check(request, known, lists, unit)
    used = templates.names(request)
    for lookup in lookups:
        if not any(name.startswith(f"{lookup.name}.") for name in used):
            macro = f"{{{lookup.name}.{lookup.columns[0]}}}"
            msg = f"nothing uses the lookup {lookup.name!r}: write {macro} where its values go"
            raise ValueError(msg)
    if per_advertiser and "advertiser_id" not in used:
        msg = (
            "nothing uses {advertiser_id}, so that all advertisers would have the same rows: write "
            "it where it goes, or set per_advertiser to false"
        )
        raise ValueError(msg)
    windowed = not used.isdisjoint(WINDOW_MACROS)
    if "window_days" in entry and not windowed:
        msg = "'window_days' needs the macros {start_date} and {end_date} in the request"
        raise ValueError(msg)
    if windowed and not used.issuperset(WINDOW_MACROS):
        missing = next(name for name in WINDOW_MACROS if name not in used)
        msg = f"the request names one end of its window only: write {{{missing}}}, too"
        raise ValueError(msg)
    return entry.get("window_days", DEFAULT_WINDOW) if windowed else None


def _cursor(pagination: t.Any) -> Cursor | None:
    if not isinstance(pagination, dict):
        return None
    for key in ("cursor_path", "has_more_path"):
        if key in pagination:
            paths.parsed(pagination[key])
    return Cursor(
        pagination["cursor_path"], pagination["parameter"], pagination.get("has_more_path")
    )


def _metadata(value: str | Mapping[str, str]) -> dict[str, str]:
    """Column names and the JSONPaths of their values."""
    if isinstance(value, str):
        name = paths.last_key(value)
        if name is None:
            msg = f"metadata_path {value!r} ends in no name: write an object of names and paths"
            raise ValueError(msg)
        return {name: value}
    for path in value.values():
        paths.parsed(path)
    return dict(value)


def _schema(value: t.Any) -> Mapping[str, t.Any] | None:
    """The JSON Schema, read from its file where one is named."""
    if value is None:
        return None
    schema: dict[str, t.Any] = _read_json(value) if isinstance(value, str) else value
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        msg = f"the schema is no JSON Schema ({error.message:.200})"
        raise ValueError(msg) from None
    if not (isinstance(schema, dict) and isinstance(schema.get("properties"), dict)):
        msg = "the schema must be that of an object, with 'properties'"
        raise ValueError(msg)  # noqa: TRY004 - as all that is wrong in a definition
    for name, column in schema["properties"].items():
        if not isinstance(column, dict) or not isinstance(column.get("items", {}), dict):
            msg = f"the schema of column {name!r} must be an object, as that of its items"
            raise ValueError(msg)  # noqa: TRY004 - likewise
    return schema


def _read_json(file: str) -> t.Any:
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"schema file {file} cannot be read ({error.strerror})"
        raise ValueError(msg) from None
    except (ValueError, RecursionError):
        msg = f"schema file {file} is not JSON"
        raise ValueError(msg) from None


def _lookups(entry: Mapping[str, t.Any]) -> tuple[Lookup, ...]:
    found = [_lookup(name, spec) for name, spec in entry.get("lookups", {}).items()]
    if "for_each" in entry:
        found.insert(0, _lookup(None, entry["for_each"]))
    names = [lookup.name for lookup in found]
    if len(set(names)) < len(names):
        msg = f"two lookups have the same name: {', '.join(names)}"
        raise ValueError(msg)
    return tuple(found)


def _lookup(name: str | None, spec: t.Any) -> Lookup:  # noqa: C901 - three kinds of sources
    if isinstance(spec, str):
        spec = {"stream": spec}
    elif isinstance(spec, list):
        spec = {"values": spec}
    sources = [key for key in ("values", "file", "stream") if key in spec]
    if len(sources) != 1:
        msg = "a lookup has one of 'values', 'file' and 'stream'"
        raise ValueError(msg)
    if "column" in spec and sources != ["file"]:
        msg = "'column' is for lookups with a 'file'"
        raise ValueError(msg)
    facts = {"where": spec.get("where", {}), "batch": spec.get("batch")}
    name = spec.get("name", name)
    if sources == ["stream"]:
        stream, _, field = spec["stream"].partition(".")
        if not (stream and field):
            msg = f"lookup stream {spec['stream']!r} must be STREAM.FIELD, as campaigns.campaign_id"
            raise ValueError(msg)
        return Lookup(name or stream, (field,), stream=stream, **facts)
    if sources == ["file"]:
        rows = _read_rows(spec["file"])
        columns = (spec["column"],) if "column" in spec else tuple(rows[0])
        name = name or re.sub(r"^(?=\d)|\W", "_", Path(spec["file"]).stem)
    else:
        rows = [row if isinstance(row, dict) else {"value": row} for row in spec["values"]]
        columns = tuple(rows[0])
        name = name or "for_each"
    if not columns:
        msg = f"lookup {name!r} has no columns"
        raise ValueError(msg)
    for column in columns:
        if not any(column in row for row in rows):
            msg = f"lookup {name!r} has no column {column!r}{suggest(column, rows[0])}"
            raise ValueError(msg)
    lookup = Lookup(name, columns, **facts)
    return dataclasses.replace(lookup, values=tuple(lookup.select(rows)))


def _read_rows(file: str) -> list[dict[str, t.Any]]:
    """The rows of a CSV file with a header, of a JSON array or of JSON Lines."""
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        msg = f"lookup file {file} cannot be read ({getattr(error, 'strerror', None) or 'no text'})"
        raise ValueError(msg) from None
    try:
        if path.suffix.lower() == ".csv":
            rows: t.Any = list(csv.DictReader(text.splitlines()))
        elif path.suffix.lower() in {".jsonl", ".ndjson"}:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = json.loads(text)
    except (ValueError, RecursionError, csv.Error):
        msg = f"lookup file {file} is neither CSV, JSON nor JSON Lines as its name says"
        raise ValueError(msg) from None
    if not isinstance(rows, list) or not rows:
        msg = f"lookup file {file} holds no rows"
        raise ValueError(msg)
    return [row if isinstance(row, dict) else {"value": row} for row in rows]
