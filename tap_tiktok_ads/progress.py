"""Counters of a run: records, requests, retries and seconds waited for each stream."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
import typing as t

from typing_extensions import override

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

#: Seconds over which the request rate is measured.
RATE_WINDOW_SECONDS = 10
#: Name that the counts have before the first stream begins: the tap requests the advertisers.
BEFORE_FIRST_STREAM = "start"
#: Maximum factor by which streams that have ended correct the estimate of the others.
MAX_CORRECTION = 3.0


@dataclasses.dataclass(slots=True)
class StreamCounts:
    """Counts of one stream. `seconds_waited` adds up the waits of all threads.

    `windows_skipped` counts the windows that were not requested because they hold no delivery.
    """

    stream: str
    records: int = 0
    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    windows_skipped: int = 0

    def __str__(self) -> str:
        skipped = _number(self.windows_skipped, "window", "windows")
        return (
            f"{self.stream}: {_number(self.records, 'record', 'records')}, "
            f"{_number(self.requests, 'request', 'requests')}, "
            f"{_number(self.retries, 'retry', 'retries')}, "
            f"{self.seconds_waited:,.1f} s waited for the request budget"
            f"{f', {skipped} skipped' if self.windows_skipped else ''}"
        )


class _Position(t.NamedTuple):
    """Position of the run. It is replaced as a unit, so a reader sees consistent values."""

    counts: StreamCounts
    advertisers: int = 0
    advertiser: int = 0
    window: str = ""


class Progress:
    """Thread-safe counters of a run, and its position as one line of text.

    `str(progress)` takes no lock: a signal handler may log while its thread holds the lock.

    Example:
        >>> progress = Progress()
        >>> progress.begin("ads", advertisers=3)
        >>> progress.at(2, "2026-10-23 to 2026-11-21")
        >>> progress.wrote(1000)
        >>> str(progress)
        'ads · advertiser 2 of 3 · 2026-10-23 to 2026-11-21 · 1,000 records · 0 requests · 0.0/s'
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._started = clock()
        self._streams = {BEFORE_FIRST_STREAM: StreamCounts(BEFORE_FIRST_STREAM)}
        self._position = _Position(self._streams[BEFORE_FIRST_STREAM])
        #: Requests in each of the last seconds: (second, requests), at second modulo the window.
        self._requests_by_second = [(-1, 0)] * RATE_WINDOW_SECONDS
        self._wait: tuple[str, float | None] = ("", None)
        #: Names of the streams that were read to their end, in this order.
        self.completed: list[str] = []
        self._expected: Mapping[str, int] = {}

    def expect(self, requests: Mapping[str, int]) -> None:
        """Set the estimated number of requests of each stream, in the order of the streams."""
        self._expected = requests

    def begin(self, stream: str, advertisers: int) -> None:
        """Make a stream the current one. It reads this number of advertisers."""
        with self._lock:
            self._position = _Position(self._counts(stream), advertisers)

    def _counts(self, stream: str | None) -> StreamCounts:
        """Return the counts of a stream. None is the current stream."""
        if stream is None:
            return self._position.counts
        return self._streams.setdefault(stream, StreamCounts(stream))

    def at(self, advertiser: int, window: str = "") -> None:
        """Set the position: the number of the advertiser, from 1, and the date window."""
        with self._lock:
            self._position = self._position._replace(advertiser=advertiser, window=window)

    def wrote(self, records: int) -> None:
        """Count written records of the current stream."""
        with self._lock:
            self._position.counts.records += records

    def requested(self, stream: str | None = None) -> None:
        """Count a request. `stream` names a stream that fetches ahead of its turn."""
        second = int(self.clock())
        slot = second % RATE_WINDOW_SECONDS
        with self._lock:
            self._counts(stream).requests += 1
            slot_second, requests = self._requests_by_second[slot]
            requests = requests + 1 if slot_second == second else 1
            self._requests_by_second[slot] = (second, requests)

    def retried(self, stream: str | None = None) -> None:
        """Count a retry."""
        with self._lock:
            self._counts(stream).retries += 1

    def skipped_windows(self, count: int, stream: str) -> None:
        """Count windows that are not requested, because nothing was delivered in them."""
        with self._lock:
            self._counts(stream).windows_skipped += count

    def waited(self, seconds: float, stream: str | None = None) -> None:
        """Add the seconds that a thread waited for the request budget."""
        with self._lock:
            self._counts(stream).seconds_waited += seconds

    def waiting(self, reason: str, until: float | None = None) -> None:
        """Set the reason for which the run waits now. An empty reason ends the wait.

        `until`, in the clock's seconds, ends the wait without another call. A wait that ends
        earlier than the current one is ignored.
        """
        with self._lock:
            current = self._wait[1]
            if reason and until is not None and current is not None and until < current:
                return
            self._wait = (reason, until)

    @property
    def rate(self) -> float:
        """Requests per second over the last ten seconds."""
        now = self.clock()
        oldest = int(now) - RATE_WINDOW_SECONDS + 1
        requests = sum(count for second, count in self._requests_by_second if second >= oldest)
        return requests / max(1.0, now - max(self._started, oldest))

    def _requests_left(self) -> float:
        """Return the expected number of requests until the end of the run.

        Streams that have ended show how far the estimate is off.
        """
        names = list(self._expected)
        current = self._position.counts.stream
        position = names.index(current) if current in names else 0
        sent = {name: counts.requests for name, counts in list(self._streams.items())}
        planned = sum(self._expected[name] for name in names[:position])
        actual = sum(sent.get(name, 0) for name in names[:position])
        factor = min(MAX_CORRECTION, max(1 / MAX_CORRECTION, actual / planned)) if planned else 1.0
        return sum(
            max(0.0, self._expected[name] * factor - sent.get(name, 0)) for name in names[position:]
        )

    def _plan_facts(self) -> list[str]:
        """Return the stream's number, the share of the run that is done, and the time left."""
        names = list(self._expected)
        if self._position.counts.stream not in names:
            return []
        sent = sum(counts.requests for counts in list(self._streams.values()))
        left = self._requests_left()
        facts = [
            f"stream {names.index(self._position.counts.stream) + 1} of {len(names)}",
            f"{sent / max(1.0, sent + left):.0%}",
        ]
        rate = sent / max(1.0, self.clock() - self._started)
        if rate and left:
            facts.append(f"about {_duration(left / rate)} left")
        return facts

    @override
    def __str__(self) -> str:
        counts, advertisers, advertiser, window = self._position
        facts = [*self._plan_facts(), counts.stream]
        if advertiser:
            facts.append(f"advertiser {advertiser:,} of {advertisers:,}")
        if window:
            facts.append(window)
        facts += [
            _number(counts.records, "record", "records"),
            _number(counts.requests, "request", "requests"),
            f"{self.rate:,.1f}/s",
        ]
        reason, until = self._wait
        seconds_left = 0.0 if until is None else until - self.clock()
        if reason and until is None:
            facts.append(f"waiting: {reason}")
        elif reason and seconds_left > 0:
            facts.append(f"waiting: {reason}, {math.ceil(seconds_left):,} s left")
        return " · ".join(facts)

    def summary(self) -> list[StreamCounts]:
        """Return a copy of the counts of each stream, in the order of their first count."""
        with self._lock:
            return [
                dataclasses.replace(counts)
                for counts in self._streams.values()
                if counts != StreamCounts(BEFORE_FIRST_STREAM)
            ]


def total_of(streams: Sequence[StreamCounts]) -> StreamCounts:
    """Return the sums of the counts of all streams."""
    total = StreamCounts("total")
    for counts in streams:
        total.records += counts.records
        total.requests += counts.requests
        total.retries += counts.retries
        total.seconds_waited += counts.seconds_waited
        total.windows_skipped += counts.windows_skipped
    return total


def log_summary(progress: Progress, logger: logging.Logger) -> None:
    """Log the counts of each stream and their total."""
    streams = progress.summary()
    for counts in streams:
        logger.info("%s", counts)
    if streams:
        logger.info("%s (sum of all threads)", total_of(streams))


def _duration(seconds: float) -> str:
    """Return seconds, minutes or hours as text."""
    if seconds < 60:  # noqa: PLR2004
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:,.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"  # noqa: PLR2004


def _number(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"
