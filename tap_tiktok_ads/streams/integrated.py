"""Reports of `/report/integrated/get/`: the base of all that is a row of dimensions and metrics."""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import json
import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads import totals
from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.errors import (
    ApiError,
    ConfigError,
    PermissionDeniedError,
    RejectedRequestError,
    ResponseError,
    TooLargeError,
)
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.api.metric_catalog import default_metrics, unknown_metrics
from tap_tiktok_ads.api.pagination import total_number
from tap_tiktok_ads.api.report_rules import (
    MAX_METRICS,
    ReportDefinition,
    expand_metrics,
    metric_conflict,
    rejected_metrics,
)
from tap_tiktok_ads.config import custom_reports as report_definitions
from tap_tiktok_ads.extract import casting as records
from tap_tiktok_ads.extract import dates, schemas
from tap_tiktok_ads.extract import lookahead as fetch
from tap_tiktok_ads.extract.pages import READINGS_MORE, Group, Page, Task
from tap_tiktok_ads.singer.stream import TikTokStream
from tap_tiktok_ads.streams import background
from tap_tiktok_ads.streams.base import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Record

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode
    from tap_tiktok_ads.context import ContextTap

#: Ids that a filter of a report may hold.
ID_BATCH = 100
#: Rows that may be merged at once where a report needs several requests.
MERGED_ROWS = 2_000
#: Rows of a window at most, roughly; fewer need less memory, and less to read again after a stop.
WINDOW_ROWS = 100_000
#: Days after which the slowest numbers of a day are there: audiences and reach take most of one.
DELAY_DAYS = 2
#: Days that a report may span in one request, by its time dimension.
WINDOW_DAYS = {"stat_time_day": 30, "stat_time_hour": 1}
#: The word in `report_metrics` for what a report has without it.
USUAL = "usual"
#: Dimensions that are objects with one buying type; rows of others would be of several.
OBJECTS = frozenset({"campaign_id", "adgroup_id", "ad_id", "ad_id_v2"})


@dataclasses.dataclass(frozen=True, slots=True)
class LookbackTask(Task):
    """Finds out how far back an advertiser's windows begin; the next of them follows it."""

    rest: Iterator[tuple[Advertiser | None, dates.Window]] | None = None


class ReportStream(WindowedStream):
    """Rows of `/report/integrated/get/`: by day or hour over windows of days, or of all time.

    The dates follow the advertiser's time zone. Rows of deleted objects are included unless
    `include_deleted` is off: TikTok leaves them out by default, and their spend with them.
    """

    path = background.PATH
    permission = "44 Consolidated Report"
    page_size = 1000
    replication_key = "stat_time_day"
    service_type: str = "AUCTION"
    report_type: str = "BASIC"
    data_level: str
    dimensions: tuple[str, ...]
    filters: tuple[dict[str, str], ...] = ()
    """Filters besides the one for deleted objects."""
    distinct = True
    fixed_metrics: t.ClassVar[bool] = False
    """Whether `report_metrics` has no say."""
    top_view: bool = True
    """Whether TopView ads are reported only when asked for, and rows tell which they are."""

    def __init__(self, tap: ContextTap) -> None:
        self.time_dimension = next((one for one in self.dimensions if one in WINDOW_DAYS), None)
        self.window_days = WINDOW_DAYS.get(self.time_dimension or "", 0)
        super().__init__(tap)
        self.primary_keys = self.keys(self.dimensions)
        self.replication_key = self.time_dimension  # type: ignore[assignment]
        self._final_days: dict[Advertiser | None, str] = {}
        self._time_member = b'"%s":"' % (self.time_dimension or "").encode()
        self._dropped: set[str] = set()  # metrics that TikTok calls invalid
        self._dropped_of_top_view: set[str] = set()
        self.ways = background.Ways(self, self._warn_once)

    @override
    def plan(self) -> Iterable[Task]:
        known = self.tap_state.get("bookmarks", {}).get(self.name, {}).get("metrics")
        new = [name for name in self.metrics if known is not None and name not in known]
        if new and self.only is None:
            self._warn_once(
                "new metrics",
                "Metrics that earlier runs did not read: %s. They are read from the bookmarks on, "
                "look-back included; for earlier days, too, if the stream's part of the state is "
                "removed.",
                ", ".join(new),
            )
        if not self.looks_back_by_ad_groups:
            return super().plan()
        self._width = self.window_days
        nothing = Request(self.path, {})
        return (LookbackTask(nothing, advertiser) for advertiser in self.owners)

    @property
    def looks_back_by_ad_groups(self) -> bool:
        """Whether each advertiser's ad groups tell which days are read again."""
        configured = self.run_context.settings.lookback_days
        return (
            configured is None and self.time_dimension is not None and not self.run_context.frugal
        )

    @override
    def lookback_days(self, advertiser: Advertiser | None) -> int:
        if advertiser is None or not self.looks_back_by_ad_groups:
            return super().lookback_days(advertiser)
        return self.run_context.lookback_days(advertiser)

    @override
    def work(self, task: Task) -> tuple[Page, Sequence[Task]]:
        if isinstance(task, LookbackTask):
            return self.caught(task, self._next_window)
        return super().work(task)

    def _next_window(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """The task of the next window, and that of those after it: its width may yet change."""
        rest = t.cast("LookbackTask", task).rest or self.windows([task.advertiser])
        following = [
            part
            for advertiser, window in itertools.islice(rest, 1)
            for part in (
                self.first(advertiser, window),
                LookbackTask(task.request, advertiser, rest=rest),
            )
        ]
        return Page(), following

    @override
    def _end(self, written: int) -> None:
        part = self.tap_state.get("bookmarks", {}).get(self.name)
        if part and self.time_dimension:
            part["metrics"] = sorted(self.metrics)
        super()._end(written)

    @classmethod
    def keys(cls, dimensions: Sequence[str]) -> tuple[str, ...]:
        """The key columns of a report with these dimensions."""
        several = cls.top_view and not OBJECTS & {*dimensions}
        apart = ("is_top_view",) if several else ()
        return tuple(dict.fromkeys(("advertiser_id", *apart, *dimensions)))

    def metric_names(self) -> Sequence[str]:
        """Names, and groups, of the metrics that there are columns for, unless settings tell."""
        return default_metrics(self.name)

    def named_by_users(self) -> Sequence[str]:
        """Those of `metric_names` that users wrote."""
        return ()

    @override
    def columns(self) -> dict[str, t.Any]:
        """The dimensions and metrics.

        Raises:
            ConfigError: `report_metrics` names a metric that is not valid in this report.
        """
        configured = report_definitions.metrics_setting(
            self.run_context.config.get("report_metrics"), self.name
        )
        written = [
            name
            for word in configured or self.named_by_users()
            for name in (self.metric_names() if word == USUAL else (word,))
        ]
        self.all_metrics = self._expanded(written) if written else tuple(self.metric_names())
        return schemas.report(self.dimensions, self.all_metrics, top_view=self.top_view)

    def report_definition(self) -> ReportDefinition:
        """Return the report's level, type and dimensions."""
        return ReportDefinition(
            self.name, self.data_level, tuple(self.dimensions), report_type=self.report_type
        )

    def _expanded(self, written: Sequence[str]) -> tuple[str, ...]:
        report = self.report_definition()
        try:
            metrics = expand_metrics(written, report)
            if not metrics:
                msg = f"nothing of {', '.join(written)} is valid in this report"
                raise ValueError(msg)  # noqa: TRY301 - one message for both
            for name in written:
                if (reason := metric_conflict(name, report)) is not None:
                    raise ValueError(reason)  # noqa: TRY301 - one message for both
        except ValueError as error:
            msg = f"Setting 'report_metrics', {self.name}: {error}."
            raise ConfigError(msg) from None
        if unknown := unknown_metrics(metrics):
            self.run_context.logger.warning(
                "Metrics of %s that are not in the catalogue, and taken for text: %s.",
                self.name,
                ", ".join(unknown),
            )
        return metrics

    @override
    def new_caster(self) -> records.Caster:
        keys = self.keys(self.dimensions)
        return records.Caster(self.schema, attributes=True, required=keys)

    @property
    def metrics(self) -> list[str]:
        """The metrics to ask for: those selected. TikTok wants at least one."""
        selected = [name for name in self.all_metrics if self.mask[("properties", name)]]
        return selected or ["spend"]

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        """A `ReportDecoder`, where every metric that is asked for is written, too.

        None where rows are added up.
        """
        if self.compares_totals:
            return None
        merged = len(self.metrics) > MAX_METRICS
        twice = "advertiser_id" in (*self.dimensions, *self.metrics)
        if left_out & set(self.metrics) or twice or merged:
            return None
        return records.ReportDecoder(self.schema, self.dimensions, self.metrics).decode

    @override
    def first(self, advertiser: Advertiser | None, window: dates.Window | None) -> Task:
        return Task(self.request(advertiser, window, self.metrics), advertiser, window)

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return self.ways.endpoints(task)

    @override
    def answered(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """As ever; then, TopView ads.

        What TikTok calls invalid metrics is left out from then on, with a warning.
        """
        if isinstance(task, background.PartOfReport):
            return self._part_of_report(task), ()
        if task.optional and task.page == 1 and not self._has_top_view(task):
            return Page(), ()
        page, following = self._answered(task)
        if self.top_view and task.page == 1 and not _buying_types(task):
            following = [*following, of_top_view(task)]
        return page, following

    def _answered(self, task: Task) -> tuple[Page, Sequence[Task]]:
        dropped = self._dropped_of_top_view if task.optional else self._dropped
        while True:
            invalid = self._dropped | dropped
            metrics = [one for one in task.request.params["metrics"] if one not in invalid]
            part = _asking_for(task, metrics)
            try:
                return self.ways.answered(part, self._synchronous)
            except RejectedRequestError as error:
                if error.code == errors.INVALID_PARAMETER and totals.PARAMETER in error.api_message:
                    self._warn_once("totals", "Going on without totals: %s", error)
                    task = _without_totals(task)
                    continue
                refused = self.invalid(part, error)
                if not refused:
                    raise
                dropped |= {*refused}
                self._warn_once(
                    f"dropped {refused} {task.optional}",
                    "Going on without metrics %s: %s",
                    ", ".join(refused),
                    error,
                )

    @override
    def dispensable(self, task: Task, error: ApiError) -> bool:
        """Whether TikTok does not make this report of TopView ads at all."""
        return super().dispensable(task, error) and isinstance(error, RejectedRequestError)

    def _has_top_view(self, task: Task) -> bool:
        """Whether the advertiser ever had a TopView campaign; no, where nobody may know.

        Raises:
            TapError: there is no answer that tells.
        """
        owner = task.advertiser.id if task.advertiser else ""
        request = accounts.topview_campaigns_request(owner)
        try:
            data = self.run_context.transport.send(request, stream=self.name).data
        except (PermissionDeniedError, RejectedRequestError) as error:
            if not self.skippable(dataclasses.replace(task, request=request), error):
                raise
            self._warn_once(
                f"top view {owner}", "Reading no TopView ads, if there are any: %s", error
            )
            return False
        told = total_number(data.get("page_info"))
        if not isinstance(data.get("list"), list) and told != 0:
            msg = f"{request.label} answered in another shape: no list at data.list"
            raise ResponseError(msg)
        return bool(data.get("list") or told)

    def _synchronous(self, task: Task) -> tuple[Page, Sequence[Task]]:
        if len(task.request.params["metrics"]) > MAX_METRICS:
            return self._merged(task), ()
        page, following = super().answered(task)
        rows = len(following) * int(task.request.params["page_size"])
        if rows > WINDOW_ROWS and task.request.splittable and task.window and task.window.days > 1:
            msg = f"{task.request.label} has {page.total or rows:,} rows in one window"
            raise TooLargeError(ResponseError(msg))
        return page, following

    def _part_of_report(self, task: background.PartOfReport) -> Page:
        page = self.page_of(task, task.rows(self.dimensions), Response({}, "unknown"))
        return dataclasses.replace(
            page, weight=page.weight or 5 * task.report.part_size(task.number)
        )

    def invalid(self, task: Task, error: ApiError) -> tuple[str, ...]:
        """The metrics that an error calls invalid, where others are left."""
        metrics = task.request.params["metrics"]
        if not isinstance(error, RejectedRequestError) or error.code != errors.INVALID_PARAMETER:
            return ()
        refused = rejected_metrics(error.api_message, metrics)
        return refused if len(refused) < len(metrics) else ()

    def _merged(self, task: Task) -> Page:
        """All rows of a window whose metrics need several requests, merged by their dimensions.

        Where a row is not in all of the answers, all are asked for again.

        Raises:
            TooLargeError: there are too many to hold; a shorter window has fewer.
        """
        for _ in range(1 + READINGS_MORE):
            page, whole = self._merge(task)
            if whole:
                return page
        self._warn_once(
            f"merged {task.request.label} {task.window}",
            "%s: some rows lack metrics, for the answers that are merged held different rows "
            "however often they were asked for.",
            task.request.label,
        )
        return page

    def _merge(self, task: Task) -> tuple[Page, bool]:
        """The merged rows, and whether each is made of all answers."""
        parts: collections.Counter[tuple[t.Any, ...]] = collections.Counter()
        rows: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
        splittable = task.window is not None and task.window.days > 1
        replies: list[Response] = []

        def page(part: Task) -> tuple[Sequence[dict[str, t.Any]], Sequence[Task]]:
            reply = self.run_context.transport.send(part.request, None, self.name)
            replies[:] = [reply]
            found = self.read(part, reply)
            following = self.following(part, reply, len(found))
            if splittable and len(following) * len(found) > MERGED_ROWS:
                msg = f"{part.request.label} has too many rows to merge several answers"
                raise TooLargeError(ResponseError(msg))
            return found, following

        batches = list(accounts.batches(task.request.params["metrics"], MAX_METRICS))
        for metrics in batches:
            for _, found in fetch.in_turn([_asking_for(task, metrics)], page):
                for raw in found:
                    dimensions = raw.get("dimensions") or {}
                    key = tuple(dimensions.get(name) for name in self.dimensions)
                    row = rows.setdefault(key, {"dimensions": dimensions, "metrics": {}})
                    row["metrics"] |= raw.get("metrics") or {}
                    parts[key] += 1
        whole = all(count == len(batches) for count in parts.values())
        return self.page_of(task, list(rows.values()), replies[0]), whole

    @override
    def page_of(self, task: Task, found: Sequence[t.Any], reply: Response) -> Page:
        """As ever; rows of advertisers' TopView ads have the dimensions of the others."""
        if found and isinstance(found[0], tuple) and self._shows_final:
            found = self._with_final(found, task)
        told = None
        if totals.PARAMETER in task.request.params:
            found = [one if isinstance(one, dict) else records.decode_object(one) for one in found]
            metrics = [one.get("metrics") or {} for one in found]
            told = totals.Totals.of_page(metrics, reply.data.get(totals.MEMBER))
            if found and not told.told and not isinstance(task, background.PartOfReport):
                self._warn_once("no totals", "TikTok told no totals to compare rows with.")
        page = dataclasses.replace(super().page_of(task, found, reply), totals=told)
        apart = self.top_view and not OBJECTS & {*self.dimensions}
        if page.marks and apart and accounts.TOPVIEW in _buying_types(task):
            return dataclasses.replace(page, marks=[~mark for mark in page.marks])
        return page

    @property
    def compares_totals(self) -> bool:
        """Whether TikTok can tell the totals of this report, and they are wanted."""
        settings = self.run_context.settings
        wanted = settings.check_totals and settings.environment != "sandbox"
        others = {*self.dimensions} - OBJECTS - {"advertiser_id", "stat_time_day"}
        return wanted and (self.path, self.report_type, others) == (background.PATH, "BASIC", set())

    @functools.cached_property
    def _shows_final(self) -> bool:
        return bool(self.time_dimension) and self.mask[("properties", "is_final")]

    def _with_final(
        self, found: Sequence[tuple[bytes, t.Any]], task: Task
    ) -> list[tuple[bytes, t.Any]]:
        """The members of each row's JSON object, with `is_final`."""
        told: dict[bytes, bytes] = {}  # by day: a page has few
        member, length = self._time_member, len(self._time_member)
        result = []
        for members, mark in found:
            start = members.index(member) + length
            day = members[start : start + 10]
            final = told.get(day)
            if final is None:
                final = told[day] = b'"is_final":%s,' % (
                    b"true" if self.is_final(day.decode(), task) else b"false"
                )
            result.append((final + members, mark))
        return result

    def is_final(self, moment: t.Any, task: Task) -> bool | None:
        """Whether a day, or the day of an hour, will not be read again."""
        last = self._final_days.get(task.advertiser)
        if last is None:
            # the next run reads those before, too
            days = max(self.lookback_days(task.advertiser) + 1, DELAY_DAYS)
            last = self._now(task.advertiser).subtract(days=days).to_date_string()
            self._final_days[task.advertiser] = last
        return moment[:10] <= last if isinstance(moment, str) else None

    @override
    def mark(self, row: Record) -> int:
        """A digest of the dimensions, as `records.ReportDecoder` has it."""
        return hash(tuple(row[name] for name in self.dimensions))

    @override
    def wanted(self, page: Page, group: Group) -> Page:
        """Drop what came before in this window: a row that moved from one page to the next."""
        marks: Sequence[int] = page.marks or ()
        new = set(marks)
        if len(new) == len(marks) and group.seen.isdisjoint(new):
            group.seen |= new
            return page
        wanted = []
        for mark in marks:
            wanted.append(mark not in group.seen)
            group.seen.add(mark)
        group.repeated += wanted.count(False)
        return page.only(wanted)

    @override
    def divide(self, task: Task) -> Sequence[Task]:
        """The two halves of the window; of a single day, the halves of its campaigns.

        Rows of an advertiser cannot be divided further: each campaign would bring one.
        """
        params = task.request.params
        if task.window is not None and task.window.days > 1:
            parts = [
                {**params, "start_date": str(half.start), "end_date": str(half.end)}
                for half in self.halves(task.window)
            ]
        elif "advertiser_id" in self.dimensions or self._filters_campaigns():
            return [_undivided(task)]
        else:
            others = [one for one in params.get("filtering", ()) if one != _campaigns_in(params)]
            known = _campaigns_in(params)
            ids = json.loads(known["filter_value"]) if known else self._campaign_ids(task)
            size = min(ID_BATCH, len(ids) - len(ids) // 2) if known else ID_BATCH
            parts = [
                {**params, "filtering": [*others, in_filter("campaign_ids", batch)]}
                for batch in accounts.batches(ids, max(1, size))
            ]
        if not parts and self.ways.may_be_task(task):
            request = _undivided(task).request
            return [
                background.InBackground(
                    request, task.advertiser, task.window, optional=task.optional
                )
            ]
        return [self._part(task, part) for part in parts]

    def _filters_campaigns(self) -> bool:
        return any(one["field_name"] == "campaign_ids" for one in self.filters)

    @staticmethod
    def _part(task: Task, params: dict[str, t.Any]) -> Task:
        window = task.window and dates.Window(
            pendulum.Date.fromisoformat(params["start_date"]),
            pendulum.Date.fromisoformat(params["end_date"]),
        )
        known = _campaigns_in(params)
        single = known is not None and len(json.loads(known["filter_value"])) <= 1
        request = dataclasses.replace(task.request, params=params, splittable=not single)
        return dataclasses.replace(task, request=request, window=window)

    def _campaign_ids(self, task: Task) -> list[str]:
        """The campaigns of the task's advertiser, deleted and TopView ones included.

        Raises:
            TapError: they cannot be read.
        """
        found: dict[str, None] = {}
        top_view = accounts.topview_campaigns_request(task.advertiser.id if task.advertiser else "")
        filtering = {"primary_status": "STATUS_ALL"}
        others = {**top_view.params, "page_size": 1000, "filtering": filtering}

        def page(part: Task) -> tuple[Sequence[dict[str, t.Any]], Sequence[Task]]:
            reply = self.run_context.transport.send(part.request, stream=self.name)
            rows = TikTokStream.read(self, part, reply)
            return rows, TikTokStream.following(self, part, reply, len(rows))

        for request in (dataclasses.replace(top_view, params=others), top_view):
            for _, rows in fetch.in_turn([Task(request, task.advertiser)], page):
                found |= dict.fromkeys(str(row["campaign_id"]) for row in rows)
        return list(found)

    def request(
        self, advertiser: Advertiser | None, window: dates.Window | None, metrics: list[str]
    ) -> Request:
        """The request for a window's first page."""
        params: dict[str, t.Any] = {
            "advertiser_id": advertiser.id if advertiser else "",
            "service_type": self.service_type,
            "report_type": self.report_type,
            "data_level": self.data_level,
            "dimensions": list(self.dimensions),
            "metrics": metrics,
            "page": 1,
            "page_size": self.page_size,
        }
        if window is None:
            params["query_lifetime"] = True
        else:
            params |= {"start_date": str(window.start), "end_date": str(window.end)}
        filters = list(self.filters)
        level = self.data_level.partition("_")[2].lower()
        if level != "advertiser" and self.run_context.settings.include_deleted:
            filters.append(in_filter(f"{level}_status", ["STATUS_ALL"]))
        if filters:
            params["filtering"] = filters
        if self.compares_totals and len(metrics) <= MAX_METRICS:
            params[totals.PARAMETER] = True
        elif self.compares_totals:
            self._warn_once("merged", "Totals are not compared: more metrics than one request has.")
        return Request(self.path, params, splittable=True)

    @override
    def common(self, task: Task) -> dict[str, t.Any]:
        """The advertiser, and which ads the request was for."""
        columns = super().common(task)
        if self.top_view:
            columns["is_top_view"] = accounts.TOPVIEW in _buying_types(task)
        return columns

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        dimensions = raw.get("dimensions") or {}
        for name in self.dimensions:
            if not isinstance(dimensions.get(name), (str, int)):
                msg = f"{task.request.label} answered a row without the dimension {name}"
                raise ResponseError(msg)
        row = self.common(task)
        if self.time_dimension:
            row["is_final"] = self.is_final(dimensions[self.time_dimension], task)
        row |= {name: dimensions[name] for name in self.dimensions}  # in the order of the keys
        for part in (dimensions, raw.get("metrics") or {}):
            row |= {name: part[name] for name in part if name not in row}
        yield row


def _asking_for(task: Task, metrics: Sequence[str]) -> Task:
    """The same task for these metrics."""
    params = {**task.request.params, "metrics": list(metrics)}
    return dataclasses.replace(task, request=dataclasses.replace(task.request, params=params))


def _without_totals(task: Task) -> Task:
    """The same task, not asking for totals."""
    params = {**task.request.params}
    del params[totals.PARAMETER]
    return dataclasses.replace(task, request=dataclasses.replace(task.request, params=params))


def _buying_types(task: Task) -> str:
    """The buying types, as JSON text, that a report's filters ask for; empty: they do not."""
    filters = task.request.params.get("filtering", ())
    values = (one["filter_value"] for one in filters if one["field_name"] == "buying_type")
    return next(values, "")


def of_top_view(task: Task) -> Task:
    """The same for TopView ads, where the advertiser has any."""
    params = {**task.request.params}
    asked = in_filter("buying_type", [accounts.TOPVIEW])
    params["filtering"] = [*params.get("filtering", ()), asked]
    request = dataclasses.replace(task.request, params=params)
    return dataclasses.replace(task, request=request, optional=True)


def _undivided(task: Task) -> Task:
    """The same task, to be tried again where it is too large."""
    return dataclasses.replace(task, request=dataclasses.replace(task.request, splittable=False))


def in_filter(field: str, values: Sequence[str]) -> dict[str, str]:
    """A filter of a report; its value is text that holds a JSON array."""
    return {"field_name": field, "filter_type": "IN", "filter_value": json.dumps(list(values))}


def _campaigns_in(params: Mapping[str, t.Any]) -> dict[str, str] | None:
    """The filter on campaigns, if the request has one."""
    filters = params.get("filtering", ())
    return next((one for one in filters if one["field_name"] == "campaign_ids"), None)
