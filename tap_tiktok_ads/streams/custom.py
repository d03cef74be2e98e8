"""Streams that users define: any endpoint (`custom_streams`), any report (`custom_reports`)."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from typing_extensions import override

from tap_tiktok_ads.api.errors import (
    AuthError,
    ConfigError,
    PermissionDeniedError,
    ResponseError,
    TapError,
    ThrottledError,
)
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.pagination import MAX_PAGES, last_page, next_pages
from tap_tiktok_ads.extract import casting as records
from tap_tiktok_ads.extract import json_paths as paths
from tap_tiktok_ads.extract import macros as templates
from tap_tiktok_ads.extract import schemas
from tap_tiktok_ads.streams.base import KeyedStream, WindowedStream
from tap_tiktok_ads.streams.integrated import ReportStream
from tap_tiktok_ads.streams.lookup import SAMPLE_REQUESTS, LookupStream, LookupTask

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pendulum
    from singer_sdk.helpers.types import Record

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode, Response
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.config.custom_streams import Cursor, StreamDefinition
    from tap_tiktok_ads.context import ContextTap
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Group, Mark, Task

#: Rows that a schema is inferred from, and requests for them, at most.
SAMPLE_ROWS = 1000


class CustomStream(LookupStream):
    """A stream of the setting `custom_streams`."""

    def __init__(self, tap: ContextTap, definition: StreamDefinition) -> None:
        self.definition = definition
        self.name = definition.name
        self.path = definition.path
        self.window_days = definition.window_days or 0
        self.lookups = definition.lookups
        self.per_advertiser = definition.per_advertiser
        super().__init__(tap)
        self.primary_keys = definition.primary_keys
        self.replication_key = definition.replication_key
        self.identify()

    @override
    def description(self) -> str:
        return f"{self.definition.method} {self.definition.path}, as the settings define it."

    @override
    def columns(self) -> dict[str, t.Any]:
        """The schema of the definition or the catalog; else one inferred from a sample."""
        schema = self.definition.schema or self._catalogued()
        if schema is None:
            rows = self._sample_rows()
            if not rows:
                self.run_context.logger.warning(
                    "No rows of %s yet to infer its columns from: write its 'schema', or discover "
                    "again later.",
                    self.name,
                )
            schema = schemas.infer(rows)
        return self._keyed(schema)

    def _keyed(self, schema: Mapping[str, t.Any]) -> dict[str, t.Any]:
        keys = (*self.definition.primary_keys, *filter(None, [self.definition.replication_key]))
        try:
            owner = "advertiser_id" if self.definition.per_advertiser else None
            return schemas.keyed(schema, keys, owner)
        except KeyError as error:
            msg = (
                f"Custom stream {self.name!r} has no column {error.args[0]!r} for its keys: "
                f"there are {', '.join(schema['properties'])}."
            )
            raise ConfigError(msg) from None

    def _catalogued(self) -> dict[str, t.Any] | None:
        if self.run_context.input_catalog is None:
            return {"properties": {}} if self.run_context.frugal else None
        entry = self.run_context.input_catalog.get_stream(self.name)
        return {"properties": {}, **(entry.schema.to_dict() if entry else {})}

    # Requests

    @override
    def plan(self) -> Iterable[Task]:
        if not self.window_days:
            self._since = self.since(self.owners)
        return super().plan()

    @override
    def bookmark(self, advertiser: Advertiser | None) -> t.Any:
        """As ever for moments and days; a replication key of another kind is kept as it is."""
        if self.window_days or self._is_moment:
            return super().bookmark(advertiser)
        return self.bookmark_value(advertiser)

    @override
    def bookmark_text(self, moment: pendulum.DateTime) -> str:
        kind = WindowedStream if self.window_days else KeyedStream
        return kind.bookmark_text(self, moment)

    @property
    def _is_moment(self) -> bool:
        """Whether the replication key's values are date-times, which bookmarks can be told from."""
        column = self.schema["properties"].get(self.replication_key or "", {})
        return bool(column.get("format") == "date-time")

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        """The request with its macros filled in, for its first page."""
        definition = self.definition
        now = self._now(advertiser)
        known = {"advertiser_id": advertiser.id} if advertiser else {}
        if window is not None:
            known["start_date"] = window.start.format(definition.date_format)
            known["end_date"] = window.end.format(definition.date_format)

        def render(moment: pendulum.DateTime) -> str:
            return str(moment.format(definition.date_format))

        def filled(part: t.Any) -> t.Any:
            every = {**known, **values}
            return templates.fill(part, every, now, unit=definition.unit, render=render)

        request = Request(
            templates.fill(
                definition.path,
                {name: _step(value) for name, value in {**known, **values}.items()},
                now,
                unit=definition.unit,
                render=render,
            ),
            filled(definition.params),
            method=definition.method,
            body=filled(definition.body),
            headers=filled(definition.headers),
            splittable=window is not None,
        )
        if definition.page_size is not None:
            request = request.with_page_params(page_size=definition.page_size)
        return request

    @override
    def following(self, task: Task, reply: Response, found: int) -> Sequence[Task]:
        definition = self.definition
        if definition.cursor is not None:
            return self._after_cursor(task, reply, definition.cursor)
        page_info = reply.data.get("page_info")
        told = page_info if isinstance(page_info, dict) else {}
        size = task.request.page_params.get("page_size") or told.get("page_size")
        if not definition.paged:
            self._warn_of_more(task, told, found)
            return ()
        if not size:
            told = {"total_page": told.get("total_page")}  # nothing else tells how many there are
        if not size and told["total_page"] is None:
            return ()
        pages = next_pages(task.page, task.last_page, told or None, found, int(size or 1))
        return [task.at_page(page, pages[-1]) for page in pages]

    def _warn_of_more(self, task: Task, page_info: Mapping[str, t.Any], found: int) -> None:
        if (last_page(page_info, max(found, 1)) or 1) > 1:
            self._warn_once(
                "more pages",
                "%s has more pages than the one that is read, because 'pagination' is none.",
                task.request.label,
            )

    def _after_cursor(self, task: Task, reply: Response, cursor: Cursor) -> Sequence[Task]:
        """The page that the answer's cursor leads to.

        Raises:
            ResponseError: there is more, but no way to it, or it would be read for ever.
        """
        document = self._document(reply)
        told = paths.find(cursor.more_path, document) if cursor.more_path else []
        more = records.boolean(told[0]) if told else None
        found = [one for one in paths.find(cursor.path, document) if one not in (None, "")]
        seen = task.seen if isinstance(task, LookupTask) else ()
        sent = task.request.page_params.get(cursor.parameter)
        if more is False or (more is None and (not found or found[0] == sent)):
            if not seen and not found and not told and reply.data:
                self._warn_once(
                    "cursor", "Neither cursor_path nor has_more_path is in the answers: one page."
                )
            return ()
        if not found or found[0] == sent or found[0] in seen or len(seen) >= MAX_PAGES:
            msg = (
                f"{task.request.label} has no further cursor at {cursor.path} though more pages "
                f"are to come, or has told it before: check 'pagination' of {self.name!r}"
            )
            raise ResponseError(msg)
        onward = task.request.with_page_params(**{cursor.parameter: found[0]})
        return [dataclasses.replace(task, request=onward, seen=(*seen, found[0]))]  # type: ignore[call-arg]

    # Rows

    @staticmethod
    def _document(reply: Response) -> dict[str, t.Any]:
        """The answer as JSONPaths see it."""
        return {"code": 0, "request_id": reply.request_id, "data": reply.data}

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        return None

    @override
    def read(self, task: Task, reply: Response) -> Sequence[dict[str, t.Any]]:
        document = self._document(reply)
        path = self.definition.records_path
        found = paths.find(path, document)
        if len(found) == 1 and isinstance(found[0], list):  # the path of the list, not of its items
            found = found[0]
        elif not found and reply.data and not self._is_empty(path, document):
            others = "; ".join(map(str, paths.suggestions(document)[:5])) or "none"
            msg = (
                f"{task.request.label}: records_path {path} of custom stream {self.name!r} "
                f"matches nothing. Arrays of objects in the answer: {others} "
                f"(request_id {reply.request_id})"
            )
            raise ResponseError(msg)
        metadata = {
            name: next(iter(paths.find(where, document)), None)
            for name, where in self.definition.metadata.items()
        }
        return [
            {**metadata, **(record if isinstance(record, dict) else {"value": record})}
            for record in found
        ]

    @staticmethod
    def _is_empty(path: str, document: t.Any) -> bool:
        """Whether the list that records are taken from is there, with none that fits."""
        holder = paths.holder(path)
        lists = paths.find(holder, document) if holder is not None else []
        return bool(lists) and all(one is None or isinstance(one, list) for one in lists)

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        owner = {"advertiser_id": task.advertiser.id} if task.advertiser else {}
        if self._flattens(raw):
            raw = {
                **{k: v for k, v in raw.items() if k not in {"dimensions", "metrics"}},
                **raw["dimensions"],
                **(raw.get("metrics") or {}),
            }
        for key in self.definition.primary_keys:
            if key not in raw and isinstance(task, LookupTask):
                raw |= {
                    k: v for name, v in task.values.items() if (k := name.split(".")[-1]) == key
                }
        yield {**owner, **raw}

    @override
    def mark(self, row: Record) -> Mark:
        mark = super().mark(row)
        if None in mark.identity:
            msg = f"A row of {self.name!r} lacks a key: {', '.join(self.primary_keys)}"
            raise ResponseError(msg)
        return mark

    def _flattens(self, raw: Mapping[str, t.Any]) -> bool:
        """Whether a row is one of a report, whose dimensions and metrics are to be columns."""
        dimensions, metrics = raw.get("dimensions"), raw.get("metrics")
        if not isinstance(dimensions, dict) or not isinstance(metrics or {}, dict):
            return False
        keys = {*self.definition.primary_keys, self.definition.replication_key}
        inside = {*dimensions, *(metrics or {})}
        return self.definition.flatten or not keys.isdisjoint(inside - raw.keys())

    @override
    def _end(self, written: int) -> None:
        if self.repeated:
            self.logger.warning(
                "%d row(s) left out because an earlier row has the same %s: check 'primary_keys'.",
                self.repeated,
                ", ".join(self.primary_keys),
            )
        super()._end(written)

    @override
    def bookmark_after(self, group: Group) -> t.Any:
        if self.definition.window_days is not None:
            return WindowedStream.bookmark_after(self, group)
        if self._is_moment:
            return KeyedStream.bookmark_after(self, group)
        return group.newest

    # Samples

    @override
    def typed(self, rows: Iterable[Record]) -> list[Record]:
        rows = list(rows)
        if self.definition.schema is None:
            self.caster = records.Caster(self._keyed(schemas.infer(rows)))
        return super().typed(rows)

    def _sample_rows(self) -> list[Record]:
        """Rows to infer the schema from."""
        try:
            return self.sample(SAMPLE_REQUESTS, self.run_context.transport.send)[:SAMPLE_ROWS]
        except PermissionDeniedError as error:
            self.run_context.logger.warning("No sample of %s for its schema: %s", self.name, error)
            return []
        except (AuthError, ConfigError, ThrottledError):
            raise
        except TapError as error:
            msg = f"Custom stream {self.name!r} gives no sample to infer its columns from: {error}"
            raise ResponseError(msg) from None


def _step(value: t.Any) -> str:
    """A value as a part of a path, which it can neither leave nor end.

    Raises:
        ConfigError: it would.
    """
    text = urllib.parse.quote(str(value), safe="")
    if text.strip(".") == "":
        msg = f"The value {value!r} cannot stand in a url."
        raise ConfigError(msg)
    return text


class CustomReport(ReportStream):
    """A report of the setting `custom_reports`."""

    def __init__(self, tap: ContextTap, definition: ReportDefinition) -> None:
        self.definition = definition
        self.name = definition.name
        self.service_type = definition.service_type
        self.report_type = definition.report_type
        self.data_level = definition.data_level
        self.dimensions = definition.dimensions
        self.filters = definition.filters
        super().__init__(tap)

    @override
    def description(self) -> str:
        level = self.data_level.partition("_")[2].lower()
        return f"{self.report_type} report at {level} level, as the settings define it."

    @override
    def metric_names(self) -> Sequence[str]:
        return self.definition.metrics

    @override
    def named_by_users(self) -> Sequence[str]:
        return self.definition.metrics

    @property
    @override
    def looks_back_by_ad_groups(self) -> bool:
        return super().looks_back_by_ad_groups and self.definition.lookback_days is None

    @override
    def lookback_days(self, advertiser: Advertiser | None) -> int:
        days = self.definition.lookback_days
        return super().lookback_days(advertiser) if days is None else days
