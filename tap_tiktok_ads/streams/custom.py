"""Streams of the setting `custom_streams`: any endpoint that reads."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
import urllib.parse

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import (
    AuthError,
    ConfigError,
    PermissionDeniedError,
    ResponseError,
    TapError,
    ThrottledError,
)
from tap_tiktok_ads.api.file_tasks import FileTask
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.config.custom_downloads import FAILED, TASK_MACRO
from tap_tiktok_ads.config.schema import json_types
from tap_tiktok_ads.extract import json_paths, macros
from tap_tiktok_ads.extract.casting import Caster
from tap_tiktok_ads.extract.conversion import RecordFlattener
from tap_tiktok_ads.extract.schemas import infer_schema, is_report_path, keyed_schema
from tap_tiktok_ads.extract.values import NUMBER_TYPES
from tap_tiktok_ads.singer.catalog import fields_left_out
from tap_tiktok_ads.singer.state import TimeBookmarks, ValueBookmarks
from tap_tiktok_ads.streams.custom_source import CustomSource
from tap_tiktok_ads.streams.dependent import MAX_SAMPLE_REQUESTS, LookupTask
from tap_tiktok_ads.streams.file_parts import FileStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.config.custom_streams import CustomStreamDefinition
    from tap_tiktok_ads.config.request_templates import RequestTemplate
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.singer.components import ContextTap
    from tap_tiktok_ads.singer.state import Bookmarks

#: Maximum number of records that a schema is inferred from.
MAX_SAMPLE_RECORDS = 1000


def _value_types(column: Mapping[str, t.Any]) -> tuple[type, ...]:
    """Return the types of a bookmark that can be compared with the values of a column."""
    types = {*json_types({"type": [], **column})} - {"null"}
    if types == {"string"}:
        return (str,)
    if types and types <= {"integer", "number"}:
        return tuple(NUMBER_TYPES)
    return ValueBookmarks.value_types


class CustomStream(FileStream):
    """A stream of the setting `custom_streams`."""

    begins_with_account = False  # what the endpoint returns is not known

    def __init__(self, tap: ContextTap, definition: CustomStreamDefinition) -> None:
        self.definition = definition
        self.name = definition.name
        self.path = definition.path
        self.window_days = definition.window_days or 0
        self.lookups = definition.lookups
        self.per_advertiser = definition.per_advertiser
        self.dash_is_null = definition.schema is None and is_report_path(definition.path)
        if definition.download is not None:
            requests = (definition, definition.download.check, definition.download.result)
            self.task_paths = tuple(request.path for request in requests)
        super().__init__(tap)
        self.primary_keys = definition.primary_keys
        self.replication_key = definition.replication_key

    @override
    def description(self) -> str:
        return f"{self.definition.method} {self.definition.path}, as the settings define it."

    @property
    @override
    def has_keys(self) -> bool:
        return bool(self.definition.primary_keys)

    # Schema

    @override
    def columns(self) -> dict[str, t.Any]:
        """Return the schema of the definition or the catalog, or else one inferred from a sample.

        Raises:
            TapError: No sample can be read.
        """
        schema = self.definition.schema or self._schema_in_catalog()
        if schema is None:
            schema = infer_schema(self._sample_records(), self.path)
        return self._with_keys(schema)

    def _with_keys(self, schema: Mapping[str, t.Any]) -> dict[str, t.Any]:
        definition = self.definition
        keys = (*definition.primary_keys, *filter(None, [definition.replication_key]))
        try:
            owner = "advertiser_id" if definition.per_advertiser else None
            return keyed_schema(schema, keys, owner)
        except KeyError as error:
            msg = (
                f"Custom stream {self.name!r} has no column {error.args[0]!r} for its keys: "
                f"there are {', '.join(schema['properties'])}."
            )
            raise ConfigError(msg) from None

    def _schema_in_catalog(self) -> dict[str, t.Any] | None:
        catalog = self.run_context.input_catalog
        if catalog is None:
            return None if self.run_context.allow_requests else {"properties": {}}
        entry = catalog.get_stream(self.name)
        return {"properties": {}, **(entry.schema.to_dict() if entry else {})}

    def _sample_records(self) -> list[Record]:
        """Return the records that the schema is inferred from. They are equal in all shards.

        Raises:
            TapError: No response has records, and one was an error.
        """
        try:
            if self.per_advertiser:
                self.selected_advertisers = self.run_context.all_advertisers
            records = self.sample(MAX_SAMPLE_REQUESTS, self.run_context.client.send)
        except PermissionDeniedError as error:
            self.run_context.logger.warning(
                "Cannot infer the columns of custom stream %s: %s", self.name, error
            )
            records = []
        except (AuthError, ConfigError, ThrottledError):
            raise
        except TapError as error:
            msg = f"Cannot infer the columns of custom stream {self.name!r}: {error}"
            raise ResponseError(msg) from None
        finally:
            self.selected_advertisers = None
        if not records:
            self.run_context.logger.warning(
                "Cannot infer the columns of custom stream %s: the sample has no records. Write "
                "its 'schema', or run --discover again later.",
                self.name,
            )
        return records[:MAX_SAMPLE_RECORDS]

    @override
    def sample_caster(self, records: Sequence[Record]) -> Caster:
        """Return the caster for a sample. Without a schema, it uses the columns of the sample."""
        if self.definition.schema is not None:
            return self.builder.caster
        schema = self._with_keys(infer_schema(records, self.path))
        return Caster(schema, dash_is_null=self.dash_is_null, required=self.primary_keys)

    # Requests

    @functools.cached_property
    @override
    def plan(self) -> t.Any:
        return CustomPlan(self)

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        """Return the request for a first page, with its macros resolved.

        Raises:
            ConfigError: A value cannot be used in a URL.
        """
        definition = self.definition
        macro_values = self._macro_values(advertiser, window, values)
        request = self._resolved(definition, advertiser, macro_values)
        request = dataclasses.replace(
            request, splittable=window is not None and definition.download is None
        )
        if definition.page_size is not None:
            request = request.with_page_params(page_size=definition.page_size)
        return request

    def _macro_values(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> dict[str, t.Any]:
        """Return the values of macros by name, besides dates."""
        macro_values: dict[str, t.Any] = {"advertiser_id": advertiser.id} if advertiser else {}
        if window is not None:
            macro_values["start_date"] = window.start.format(self.definition.date_format)
            macro_values["end_date"] = window.end.format(self.definition.date_format)
        return {**macro_values, **values}

    def _resolved(
        self,
        template: RequestTemplate | CustomStreamDefinition,
        advertiser: Advertiser | None,
        values: Mapping[str, t.Any],
    ) -> Request:
        """Return a request with its macros resolved.

        Raises:
            ConfigError: A value cannot be used in a URL.
        """
        resolve = functools.partial(
            macros.resolve,
            now=self.run_context.now(advertiser),
            unit=self.definition.unit,
            render=self._render,
        )
        path_values = {
            name: _path_segment(value, f"{self.name!r}, macro {{{name}}}")
            for name, value in values.items()
        }
        return Request(
            resolve(template.path, path_values),
            resolve(template.params, values),
            method=template.method,
            body=resolve(template.body, values),
            headers=resolve(template.headers, values),
        )

    @override
    def file_task(self, task: Task) -> FileTask | None:
        download = self.definition.download
        if download is None:
            return None
        advertiser = task.advertiser
        values = self._macro_values(
            advertiser, task.window, task.values if isinstance(task, LookupTask) else {}
        )

        def request(template: RequestTemplate, task_id: str) -> Request:
            return self._resolved(template, advertiser, {**values, TASK_MACRO: task_id})

        return FileTask(
            create=task.request,
            check=functools.partial(request, download.check),
            download=functools.partial(request, download.result),
            owner=id_of(advertiser) or "",
            task_id=functools.partial(_value_at, download.task_id_path),
            status=functools.partial(_value_at, download.status_path),
            pending=frozenset(download.pending),
            ready=frozenset(download.ready),
            failed=frozenset({FAILED}),
        )

    def _render(self, moment: pendulum.DateTime) -> str:
        return str(moment.format(self.definition.date_format))

    # Components

    def read_records_at(self, path: str) -> None:
        """Take the records of later responses from another JSONPath."""
        self.definition = dataclasses.replace(self.definition, records_path=path)
        self.source.definition = self.definition

    @functools.cached_property
    @override
    def source(self) -> CustomSource:
        source = CustomSource(self.name, flatten=self.flatten_record, split=self.split)
        source.definition = self.definition
        source.warnings = self.warnings
        return source

    @functools.cached_property
    @override
    def bookmarks(self) -> Bookmarks:
        if self.window_days:
            return t.cast("Bookmarks", super().bookmarks)
        column = self.schema["properties"].get(self.replication_key or "", {})
        if column.get("format") == "date-time":
            return self.make_bookmarks(TimeBookmarks)
        bookmarks = self.make_bookmarks(ValueBookmarks)
        bookmarks.value_types = _value_types(column)
        return bookmarks

    # Records

    @property
    @override
    def flattener(self) -> RecordFlattener:
        transforms = self.personal_data.transforms()
        if self.definition.schema is None and self.run_context.input_catalog is not None:
            transforms = (*transforms, self._in_catalog)
        return RecordFlattener(self.source, transforms)

    def _in_catalog(self, record: Record) -> Record:
        """Return the record with the columns of the catalog."""
        columns = self.schema["properties"]
        left_out = fields_left_out(record, columns, {"advertiser_id", *self.primary_keys})
        if not left_out:
            return record
        self.warnings.log(
            f"left out {left_out}",
            "Stream %s leaves out fields that the catalog does not have: %.500s. To read them, run "
            "--discover again.",
            self.run_context.client.printable(", ".join(left_out)),
        )
        return {name: value for name, value in record.items() if name in columns}

    def flatten_record(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the flat record, with the advertiser and the keys that lookups bring."""
        owner = {"advertiser_id": task.advertiser.id} if task.advertiser else {}
        if self._is_report_record(raw):
            nested = {"dimensions", "metrics"}
            raw = {
                **{name: value for name, value in raw.items() if name not in nested},
                **raw["dimensions"],
                **(raw.get("metrics") or {}),
            }
        lookup_values = task.values if isinstance(task, LookupTask) else {}
        for name, value in lookup_values.items():
            column = name.split(".")[-1]
            if column in self.definition.primary_keys and column not in raw:
                raw[column] = value
        yield {**owner, **raw}

    def _is_report_record(self, raw: Mapping[str, t.Any]) -> bool:
        """Return True if the dimensions and metrics of a raw record are to be columns."""
        dimensions, metrics = raw.get("dimensions"), raw.get("metrics")
        if not isinstance(dimensions, dict) or not isinstance(metrics or {}, dict):
            return False
        keys = {*self.definition.primary_keys, self.definition.replication_key}
        nested_columns = {*dimensions, *(metrics or {})}
        return self.definition.flatten or not keys.isdisjoint(nested_columns - raw.keys())

    @override
    def finalize(self) -> None:
        repeated = self.verifier.repeated if self.verifier else 0
        if repeated:
            self.logger.warning(
                "Stream %s left out %d record(s): an earlier record has an equal %s. Check "
                "'primary_keys'.",
                self.name,
                repeated,
                ", ".join(self.primary_keys),
            )


class CustomPlan:
    """One task per advertiser, and per window if the request has dates."""

    def __init__(self, stream: CustomStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the first task of every advertiser and window. Reads the bookmarks at once."""
        stream = self._stream
        if not stream.window_days:
            stream.read_starts(stream.owners)
        return stream.window_plan.tasks()

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        return self._stream.window_plan.sample_tasks()


def _value_at(path: str, response: Response) -> t.Any:
    """Return the value at a JSONPath of a response, or None."""
    return next(iter(json_paths.find(path, {"data": response.data})), None)


def _path_segment(value: t.Any, label: str) -> str:
    """Return a value as one segment of a path, which it can neither leave nor end.

    Args:
        value: The value.
        label: The stream and the macro, for the message.

    Raises:
        ConfigError: It consists of dots only.
    """
    text = urllib.parse.quote(str(value), safe="")
    if text.strip(".") == "":
        msg = (
            f"Custom stream {label}: the value {value!r} cannot be used in a URL. Remove it from "
            "the lookup."
        )
        raise ConfigError(msg)
    return text
