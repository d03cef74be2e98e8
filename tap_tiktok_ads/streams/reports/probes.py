"""Probes: reports of several advertisers at advertiser level, which show if there is delivery."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import (
    INVALID_PARAMETER,
    ClosedError,
    PermissionDeniedError,
    RejectedRequestError,
    RestrictedError,
    TapError,
)
from tap_tiktok_ads.api.metric_rules import rejected_metrics
from tap_tiktok_ads.extract.dormancy import DormancyFacts, ProbeTask, is_zero
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.extract.source import Source, damaged
from tap_tiktok_ads.extract.values import EMPTY_TEXTS, BadValueError, to_date
from tap_tiktok_ads.streams.reports.probe_definitions import BASE_METRICS, DAY, ID, PAGE_SIZE

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.probe_definitions import Probe

#: Members of the metrics that TikTok adds to reports of several advertisers.
ACCOUNT_MEMBERS = frozenset({"currency", "timezone", "advertiser_id"})


class ProbeSource(Source):
    """The endpoint of probes. A record that was not requested damages the response."""

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a response is damaged, or holds records that were not requested.

        Raises:
            DamagedResponseError: It is, or it does.
        """
        super().check(task, response)
        probe = t.cast("ProbeTask", task)
        raw_records = response.data.get(self.records_field) or ()
        unrequested = [raw for raw in raw_records if not _is_requested(raw, probe)]
        if unrequested or response.is_truncated:
            received = (
                f"{unrequested[0]!r:.300}" if unrequested else "a warning that ads are missing"
            )
            damage = f"expected all records of the probe's advertisers and days, got {received}."
            raise damaged(task.request, response, damage)


def _is_requested(raw: t.Any, task: ProbeTask) -> bool:
    """Return True if a record is of an advertiser and a day of a probe, or a placeholder."""
    dimensions, metrics = raw.get("dimensions"), raw.get("metrics")
    if not isinstance(dimensions, dict) or not isinstance(metrics, dict):
        return False
    moment = dimensions.get(DAY)
    if moment is None or moment in tuple(EMPTY_TEXTS):  # a placeholder
        return not _is_active(metrics)
    is_own = str(dimensions.get(ID)) in {advertiser.id for advertiser in task.group}
    day = _day(dimensions)
    return is_own and day is not None and str(task.block.start) <= day <= str(task.block.end)


def _day(dimensions: Mapping[str, t.Any]) -> str | None:
    try:
        return to_date(dimensions.get(DAY))
    except BadValueError:
        return None


def _is_active(metrics: Mapping[str, t.Any]) -> bool:
    """Return True if a metric is not zero, or not readable."""
    return not all(is_zero(value) for name, value in metrics.items() if name not in ACCOUNT_MEMBERS)


class ProbeReader:
    """Sends probes and adds their results to the facts of the run. Used by workers."""

    def __init__(
        self,
        client: Client,
        facts: DormancyFacts,
        probes: Sequence[Probe],
        stream: str,
        warnings: Warnings,
    ) -> None:
        """Prepare.

        Args:
            client: Sends requests.
            facts: Receives the results.
            probes: The probes of the run.
            stream: Name of the stream that counts the requests.
            warnings: The warnings of the stream.
        """
        self._client = client
        self._facts = facts
        self._probes = probes
        self._source = ProbeSource(stream, page_size=PAGE_SIZE)
        self._warnings = warnings

    def fetch(self, task: ProbeTask) -> Sequence[ProbeTask]:
        """Probe the advertisers of a task. Return the halves of a batch that TikTok rejects.

        An advertiser that cannot be probed is given up.

        Raises:
            ClosedError: The client was closed.
            RestrictedError: TikTok keeps throttling requests.
        """
        group = [owner for owner in task.group if not self._facts.is_given_up(owner.id)]
        if self._facts.is_known(group, task.block):
            return ()
        task = dataclasses.replace(task, group=tuple(group))
        while True:
            try:
                self._facts.add([owner.id for owner in group], task.block, self._read(task))
            except (ClosedError, RestrictedError):
                raise
            except TapError as error:
                if self._reject_metrics(error):
                    continue
                return self._divide(task, error)
            return ()

    def _read(self, task: ProbeTask) -> dict[str, set[int]]:
        """Return the ordinals of the days with delivery, by advertiser ID.

        Raises:
            TapError: A probe cannot be read completely.
        """
        active: dict[str, set[int]] = {}
        owners = [owner.id for owner in task.group]
        for probe in self._probes:
            for metrics in probe.chunks(self._facts.rejected_metrics):
                request = probe.request(owners, task.block, metrics)
                first_task = dataclasses.replace(task, request=request)
                for owner, days in read_complete(
                    self._read_pages, first_task, self._source.name
                ).items():
                    active.setdefault(owner, set()).update(days)
        return active

    def _read_pages(self, first_task: Task) -> dict[str, set[int]]:
        """Return the days with delivery of one pass over a probe."""
        active: dict[str, set[int]] = {}
        for raw_records, _ in read_pages(self._client, self._source, first_task):
            for raw in raw_records:
                day = _day(raw["dimensions"])
                if day is not None and _is_active(raw["metrics"]):
                    owner = str(raw["dimensions"][ID])
                    active.setdefault(owner, set()).add(dt.date.fromisoformat(day).toordinal())
        return active

    def _reject_metrics(self, error: TapError) -> bool:
        """Leave out the metrics that an error names. Return False if it names none."""
        if not isinstance(error, RejectedRequestError) or error.code != INVALID_PARAMETER:
            return False
        requested = sorted(frozenset().union(*(probe.metrics for probe in self._probes)))
        names = set(rejected_metrics(error.api_message, requested))
        names -= {*self._facts.rejected_metrics, *BASE_METRICS}
        self._facts.rejected_metrics |= names
        return bool(names)

    def _divide(self, task: ProbeTask, error: TapError) -> Sequence[ProbeTask]:
        """Return the halves of a rejected batch, or give up its advertisers."""
        is_rejected = isinstance(error, (PermissionDeniedError, RejectedRequestError))
        if len(task.group) > 1 and is_rejected:
            middle = len(task.group) // 2
            halves = (task.group[:middle], task.group[middle:])
            return [dataclasses.replace(task, group=half) for half in halves]
        for owner in task.group:
            self.give_up(owner, error)
        return ()

    def give_up(self, owner: Advertiser, error: TapError) -> None:
        """Read all days of an advertiser that cannot be probed."""
        self._facts.give_up(owner.id)
        self._warnings.log(
            f"probe {owner.id}",
            "Stream %s requests all days of advertiser %s, because its delivery could not be "
            "checked: %s",
            owner.id,
            error,
        )
