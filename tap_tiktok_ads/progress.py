"""What a run is doing, for whoever watches: a log line now and then, a summary at the end.

`Progress` counts and knows nothing of Singer; a `Reporter` tells. All of it goes to stderr: stdout
carries Singer messages.
"""

from __future__ import annotations

import atexit
import dataclasses
import math
import threading
import time
import typing as t

from typing_extensions import override

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

#: Seconds between two log lines.
INTERVAL = 30.0
#: Seconds over which the rate of requests is measured.
SPAN = 10
#: What the counts are for before the first stream begins: requests that look for advertisers.
START = "start"


@dataclasses.dataclass(slots=True)
class StreamCounts:
    """What one stream took; `waited` adds up the seconds that all threads waited for the budget."""

    stream: str
    rows: int = 0
    requests: int = 0
    retries: int = 0
    waited: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.stream}: {_number(self.rows, 'row', 'rows')}, "
            f"{_number(self.requests, 'request', 'requests')}, "
            f"{_number(self.retries, 'retry', 'retries')}, "
            f"{self.waited:,.1f} s waited for the budget"
        )


class _Place(t.NamedTuple):
    """Where a run is; replaced as a whole, so that who reads it sees what belongs together."""

    counts: StreamCounts
    advertisers: int = 0
    advertiser: int = 0
    window: str = ""


class Progress:
    """Counts what a run does. Thread-safe.

    `line` takes no lock: a signal handler may log while its thread holds the lock here.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float = INTERVAL,
    ) -> None:
        self.clock = clock
        self.interval = interval
        self._lock = threading.RLock()
        self._began = clock()
        self._place = _Place(StreamCounts(START))
        self._closed: list[StreamCounts] = []
        #: Requests of each of the last seconds, as (second, requests), at second modulo SPAN.
        self._seconds = [(-1, 0)] * SPAN
        self._waiting: tuple[str, float | None] = ("", None)

    def begin(self, stream: str, advertisers: int) -> None:
        """A stream starts, which reads so many advertisers; what follows counts as its own."""
        with self._lock:
            self._closed.append(self._place.counts)
            self._place = _Place(StreamCounts(stream), advertisers)

    def at(self, advertiser: int, window: str = "") -> None:
        """The rows of the n-th advertiser, from 1, and of these days come next."""
        with self._lock:
            self._place = self._place._replace(advertiser=advertiser, window=window)

    def wrote(self, rows: int) -> None:
        """So many more rows are written."""
        with self._lock:
            self._place.counts.rows += rows

    def requested(self) -> None:
        """A request is sent."""
        second = int(self.clock())
        slot = second % SPAN
        with self._lock:
            self._place.counts.requests += 1
            of, requests = self._seconds[slot]
            self._seconds[slot] = (second, requests + 1 if of == second else 1)

    def retried(self) -> None:
        """A request is tried again."""
        with self._lock:
            self._place.counts.retries += 1

    def waited(self, seconds: float) -> None:
        """A thread waited for the budget."""
        with self._lock:
            self._place.counts.waited += seconds

    def waiting(self, reason: str, until: float | None = None) -> None:
        """What the run waits for now; no reason when that is over.

        `until`, in the clock's seconds, ends it without a further call. A wait that ends earlier
        than the one that is known does not hide it.
        """
        with self._lock:
            known = self._waiting[1]
            if reason and until is not None and known is not None and until < known:
                return
            self._waiting = (reason, until)

    @property
    def rate(self) -> float:
        """Requests per second over the last ten seconds."""
        now = self.clock()
        oldest = int(now) - SPAN + 1
        requests = sum(count for second, count in self._seconds if second >= oldest)
        return requests / max(1.0, now - max(self._began, oldest))

    def line(self) -> str:
        """The facts, on one line."""
        counts, advertisers, advertiser, window = self._place
        facts = [counts.stream]
        if advertiser:
            facts.append(f"advertiser {advertiser:,} of {advertisers:,}")
        if window:
            facts.append(window)
        facts += [
            _number(counts.rows, "row", "rows"),
            _number(counts.requests, "request", "requests"),
            f"{self.rate:,.1f}/s",
        ]
        reason, until = self._waiting
        left = 0.0 if until is None else until - self.clock()
        if reason and until is None:
            facts.append(f"waiting: {reason}")
        elif reason and left > 0:
            facts.append(f"waiting: {reason}, {math.ceil(left):,} s left")
        return " · ".join(facts)

    def summary(self) -> list[StreamCounts]:
        """The counts of each stream so far, in their order; the start only if it took anything."""
        with self._lock:
            return [
                dataclasses.replace(counts)
                for counts in (*self._closed, self._place.counts)
                if counts != StreamCounts(START)
            ]


def _number(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


class Reporter:
    """Tells of a run's progress until it is closed, at the latest when Python exits."""

    def __init__(self, progress: Progress, logger: logging.Logger) -> None:
        self.progress = progress
        self.logger = logger
        self._closed = False
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def tick(self) -> None:
        """Another page is written: in the main thread, once for each."""

    def end(self) -> None:
        """Stop telling. May be called again."""

    def close(self) -> None:
        """Stop telling, and log what each stream took. May be called again."""
        self.end()
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        streams = self.progress.summary()
        for counts in streams:
            self.logger.info("%s", counts)
        if streams:
            self.logger.info("%s, all threads added up", total(streams))


def total(streams: Iterable[StreamCounts]) -> StreamCounts:
    """The counts of all streams together."""
    result = StreamCounts("total")
    for counts in streams:
        result.rows += counts.rows
        result.requests += counts.requests
        result.retries += counts.retries
        result.waited += counts.waited
    return result


class LogLines(Reporter):
    """One line in the log every `interval` seconds.

    A thread sees to it while the main thread waits, which is when people want to know why.
    """

    def __init__(self, progress: Progress, logger: logging.Logger) -> None:
        super().__init__(progress, logger)
        self._lock = threading.Lock()
        self._next = progress.clock() + progress.interval
        self._done = threading.Event()
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def _run(self) -> None:
        while not self._done.wait(self._next - self.progress.clock()):
            self.tick()

    @override
    def tick(self) -> None:
        """Log the line if it is due."""
        now = self.progress.clock()
        if now < self._next:
            return
        with self._lock:
            if now < self._next:
                return  # the other thread was faster
            self._next = now + self.progress.interval
        if not self._done.is_set():
            self.logger.info("%s", self.progress.line())

    @override
    def end(self) -> None:
        self._done.set()
