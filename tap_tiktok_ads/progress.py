"""What a run is doing, for whoever watches: a line on a terminal or in the log, and a summary.

`Progress` counts and knows nothing of Singer; a `Reporter` tells. All of it goes to stderr: stdout
carries Singer messages.
"""

from __future__ import annotations

import atexit
import dataclasses
import logging
import math
import sys
import threading
import time
import typing as t

from typing_extensions import override

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    from rich.console import Console
    from typing_extensions import Self

#: Seconds between two log lines.
INTERVAL = 30.0
#: Seconds between two looks of a display; seconds to wait for another thread that writes one.
REFRESH = 0.25
PATIENCE = 1.0
#: Rows of a terminal that a display may take.
MOST_ROWS = 3
#: ECMA-48: to the start of the row and clear it; clear a row and go to the one above.
CLEAR, UP = "\r\x1b[2K", "\x1b[2K\x1b[1A"
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
        self._streams = {START: StreamCounts(START)}
        self._place = _Place(self._streams[START])
        #: Requests of each of the last seconds, as (second, requests), at second modulo SPAN.
        self._seconds = [(-1, 0)] * SPAN
        self._waiting: tuple[str, float | None] = ("", None)

    def begin(self, stream: str, advertisers: int) -> None:
        """A stream starts, which reads so many advertisers; what follows counts as its own."""
        with self._lock:
            self._place = _Place(self._counts(stream), advertisers)

    def _counts(self, stream: str | None) -> StreamCounts:
        """The counts of a stream, or of the one under way."""
        if stream is None:
            return self._place.counts
        return self._streams.setdefault(stream, StreamCounts(stream))

    def at(self, advertiser: int, window: str = "") -> None:
        """The rows of the n-th advertiser, from 1, and of these days come next."""
        with self._lock:
            self._place = self._place._replace(advertiser=advertiser, window=window)

    def wrote(self, rows: int) -> None:
        """So many more rows are written."""
        with self._lock:
            self._place.counts.rows += rows

    def requested(self, stream: str | None = None) -> None:
        """A request is sent; for the stream under way, or for one that begins ahead of its turn."""
        second = int(self.clock())
        slot = second % SPAN
        with self._lock:
            self._counts(stream).requests += 1
            of, requests = self._seconds[slot]
            self._seconds[slot] = (second, requests + 1 if of == second else 1)

    def retried(self, stream: str | None = None) -> None:
        """A request is tried again."""
        with self._lock:
            self._counts(stream).retries += 1

    def waited(self, seconds: float, stream: str | None = None) -> None:
        """A thread waited for the budget."""
        with self._lock:
            self._counts(stream).waited += seconds

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
                for counts in self._streams.values()
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


class Display(Reporter):
    """The line at the bottom of a terminal, renewed by a thread of its own.

    Log lines take its place, and it comes back below them. The cursor is never hidden: a process
    that is killed could not bring it back.
    """

    def __init__(self, progress: Progress, logger: logging.Logger, console: Console) -> None:
        super().__init__(progress, logger)
        self._console = console
        self._file = console.file
        self._lock = threading.RLock()
        self._rows = 0  # that the line takes on the terminal
        self._amid = False  # whether a text without its line break was the last
        self._done = threading.Event()
        self._handlers = [handler for handler in _handlers() if _writes_to(handler, self._file)]
        above = t.cast("t.TextIO", _Above(self._file, self.show))
        for handler in self._handlers:
            handler.setStream(above)
        self._stderr, sys.stderr = sys.stderr, above  # tracebacks and warnings of Python itself
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def _run(self) -> None:
        from rich.text import Text  # noqa: PLC0415 - as below

        while not self._done.wait(REFRESH):
            lines = Text(self.progress.line()).wrap(self._console, max(1, self._console.width - 1))
            self.show("", [line.plain for line in lines[:MOST_ROWS]])

    def show(self, text: str, lines: Sequence[str] = ()) -> None:
        """Replace the line by a text, or by new lines of its own where the text before has ended.

        A signal handler may log amid this: no wait for the lock is without end.
        """
        owned = self._lock.acquire(timeout=PATIENCE)
        try:
            if lines and (self._amid or self._done.is_set()):
                return
            cleared = UP * (self._rows - 1) + CLEAR if self._rows else ""
            self._rows = len(lines)
            self._amid = bool(text) and not text.endswith("\n")
            self._file.write(cleared + text + "\n".join(lines))
            self._file.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._done.set()
        finally:
            if owned:
                self._lock.release()

    @override
    def end(self) -> None:
        self._done.set()
        self.show("")
        for handler in self._handlers:
            handler.stream = self._file
        self._handlers = []
        sys.stderr = self._stderr


class _Above:
    """What log handlers write to while there is a display."""

    def __init__(self, file: t.IO[str], show: Callable[[str], None]) -> None:
        self._file = file
        self.write = show

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._file, name)


def _handlers() -> Iterator[logging.StreamHandler[t.Any]]:
    """The handlers of all loggers that write to a file."""
    loggers = (logging.root, *logging.root.manager.loggerDict.values())
    found = {
        id(handler): handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    }
    yield from (h for h in found.values() if isinstance(h, logging.StreamHandler))


def _writes_to(handler: logging.Handler, file: t.Any) -> bool:
    # in vars: logging's last resort looks up `sys.stderr` whenever it writes
    return vars(handler).get("stream") is file


def start(progress: Progress, logger: logging.Logger) -> Reporter:
    """Begin to tell: a display where stderr is a terminal that can show one, else log lines.

    Where stdout is a terminal too, its messages and the display would write over each other.
    """
    if not _is_terminal(sys.stderr) or _is_terminal(sys.stdout):
        return LogLines(progress, logger)
    from rich.console import Console  # noqa: PLC0415 - slow to import, and rarely needed

    console = Console(file=sys.stderr)
    shows = console.is_terminal and not console.is_dumb_terminal
    return Display(progress, logger, console) if shows else LogLines(progress, logger)


def _is_terminal(file: t.TextIO | None) -> bool:
    try:
        return file is not None and file.isatty()
    except ValueError:  # it is closed
        return False
