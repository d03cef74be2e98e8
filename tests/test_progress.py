"""Counters of a run, its log lines and its live line on a pseudo-terminal."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import os
import pty
import re
import subprocess
import sys
import textwrap
import threading
import typing as t

import pytest
from conftest import PATIENCE

from tap_tiktok_ads import progress_display
from tap_tiktok_ads.progress import Progress, StreamCounts

if t.TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = "2026-10-23 to 2026-11-21"
logger = logging.getLogger("test-progress")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until moved."""
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """Nothing counted yet."""
    return Progress(clock=clock)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Let INFO pass."""
    caplog.set_level(logging.INFO)


def requests(progress: Progress, count: int) -> None:
    """Send so many."""
    for _ in range(count):
        progress.requested()


# The line


def nothing(_: Progress) -> None:
    """Leave all as it is."""


def before_the_first_stream(progress: Progress) -> None:
    """Look for the advertisers."""
    requests(progress, 2)


def stream_just_begun(progress: Progress) -> None:
    """Begin, with counts of a stream before."""
    progress.begin("campaigns", 3)
    progress.at(3, WINDOW)
    progress.wrote(7)
    progress.begin("ads", 3)


def report(progress: Progress) -> None:
    """Read the second advertiser's windows."""
    progress.begin("ads", 3)
    progress.at(2, WINDOW)
    progress.wrote(12_000)
    progress.wrote(345)
    requests(progress, 40)


def report_that_waits(progress: Progress) -> None:
    """The same, held up for an unknown time."""
    report(progress)
    progress.waiting("rate limit", None)


def one_of_each(progress: Progress) -> None:
    """Count one of what has a plural."""
    progress.begin("ads", 1)
    progress.at(1)
    progress.wrote(1)
    requests(progress, 1)


def large(progress: Progress) -> None:
    """Count thousands."""
    progress.begin("ads", 4321)
    progress.at(1234)
    progress.wrote(1_234_567)
    requests(progress, 12_345)


@pytest.mark.parametrize(
    ("happens", "line"),
    [
        (nothing, "start · 0 records · 0 requests · 0.0/s"),
        (before_the_first_stream, "start · 0 records · 2 requests · 0.5/s"),
        (stream_just_begun, "ads · 0 records · 0 requests · 0.0/s"),
        (report, f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 records · 40 requests · 10.0/s"),
        (
            report_that_waits,
            (
                f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 records · 40 requests · 10.0/s · "
                "waiting: rate limit"
            ),
        ),
        (one_of_each, "ads · advertiser 1 of 1 · 1 record · 1 request · 0.2/s"),
        (
            large,
            "ads · advertiser 1,234 of 4,321 · 1,234,567 records · 12,345 requests · 3,086.2/s",
        ),
    ],
)
def test_the_line_tells_the_facts(
    happens: Callable[[Progress], None], line: str, clock: Clock, progress: Progress
) -> None:
    """The line names stream, advertiser, window, records, requests, rate and wait, where known."""
    clock.now += 4
    happens(progress)
    assert str(progress) == line


def test_the_rate_is_that_of_the_last_ten_seconds(clock: Clock, progress: Progress) -> None:
    """A steady rate is told as it is, and falls to nothing when no more requests are sent."""
    for _ in range(300):
        clock.now += 0.125
        progress.requested()
    assert progress.rate == pytest.approx(8, rel=0.05)
    clock.now += 5
    assert progress.rate == pytest.approx(4, rel=0.2)
    clock.now += 6
    assert progress.rate == 0


def test_the_first_request_is_no_high_rate(clock: Clock, progress: Progress) -> None:
    """In the first second the rate is the number of requests."""
    clock.now += 0.001
    requests(progress, 3)
    assert progress.rate == 3


def test_a_wait_with_an_end_counts_down(clock: Clock, progress: Progress) -> None:
    """The seconds that are left are told, and the wait is forgotten once it is over."""
    progress.waiting("pause of 60 s", clock.now + 60)
    clock.now += 17.5
    assert str(progress).endswith(" · waiting: pause of 60 s, 43 s left")
    clock.now += 42.5
    assert str(progress).endswith("/s")


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        ([("pause", 60), ("retry", 1)], "waiting: pause, 60 s left"),
        ([("retry", 1), ("pause", 60)], "waiting: pause, 60 s left"),
        ([("pause", 60), ("answers", None)], "waiting: answers"),
        ([("answers", None), ("retry", 2)], "waiting: retry, 2 s left"),
        ([("pause", 60), ("", None)], "0.0/s"),
        ([("pause", 60), ("", None), ("retry", 1)], "waiting: retry, 1 s left"),
    ],
)
def test_the_wait_that_ends_last_is_told(
    waits: list[tuple[str, float | None]], told: str, clock: Clock, progress: Progress
) -> None:
    """A short wait of one thread does not hide the long one of all; an empty reason ends any."""
    for reason, seconds in waits:
        progress.waiting(reason, None if seconds is None else clock.now + seconds)
    assert str(progress).endswith(f" · {told}")


# Counts


def test_each_stream_has_its_own_counts(progress: Progress) -> None:
    """What happens after a stream began counts as its own, what came before stays as it was."""
    progress.begin("campaigns", 2)
    progress.wrote(10)
    requests(progress, 3)
    progress.retried()
    progress.begin("ads", 2)
    progress.waited(1.5)
    progress.waited(0.25)
    progress.wrote(5)
    requests(progress, 1)
    progress.begin("adgroups", 2)
    assert progress.summary() == [
        StreamCounts("campaigns", records=10, requests=3, retries=1),
        StreamCounts("ads", records=5, requests=1, seconds_waited=1.75),
        StreamCounts("adgroups"),
    ]


def test_requests_before_the_first_stream_are_counted(progress: Progress) -> None:
    """What finding the advertisers took is told too, so that the total is right."""
    requests(progress, 2)
    progress.begin("ads", 1)
    assert progress.summary() == [StreamCounts("start", requests=2), StreamCounts("ads")]


def test_a_summary_does_not_change_afterwards(progress: Progress) -> None:
    """A summary holds copies."""
    progress.begin("ads", 1)
    before = progress.summary()
    progress.wrote(1)
    assert before == [StreamCounts("ads")]


def test_no_count_is_lost_between_threads(clock: Clock, progress: Progress) -> None:
    """Threads that count at the same time, while streams change and the line is read, lose none."""
    threads, each = 8, 2000
    barrier = threading.Barrier(threads + 1)

    def work(_: int) -> None:
        barrier.wait(PATIENCE)
        for _ in range(each):
            progress.requested()
            progress.retried()
            progress.waited(0.5)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            done = [pool.submit(work, number) for number in range(threads)]
            barrier.wait(PATIENCE)
            for number in range(50):
                progress.begin(f"stream {number}", 1)
                progress.wrote(1)
                assert str(progress).startswith(f"stream {number} ")
            for future in done:
                future.result(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    summary = progress.summary()
    clock.now += 0.75
    assert sum(counts.records for counts in summary) == 50
    assert sum(counts.requests for counts in summary) == threads * each
    assert sum(counts.retries for counts in summary) == threads * each
    assert sum(counts.seconds_waited for counts in summary) == threads * each * 0.5
    assert progress.rate == threads * each


def test_the_line_is_read_while_a_thread_counts(progress: Progress) -> None:
    """The line waits for no lock: a signal may log, and so wait for the display, amid a count."""

    class Amid(int):
        line = ""

        def __radd__(self, other: int) -> int:
            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            reader.join(PATIENCE)
            return other

    def read() -> None:
        Amid.line = str(progress)

    progress.wrote(Amid())
    assert Amid.line.startswith("start · 0 records")


# Log lines


class Timer(threading.Event):
    """A timer of which a given number of intervals pass at once; then it waits for the end."""

    def __init__(self, clock: Clock, intervals: int) -> None:
        super().__init__()
        self.clock = clock
        self.intervals = intervals
        self.requested: list[float | None] = []
        self.used_up = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.requested.append(timeout)
        if len(self.requested) <= self.intervals:
            self.clock.now += timeout or 0
            return False
        self.used_up.set()
        return super().wait(PATIENCE)


def test_a_line_is_logged_every_thirty_seconds(
    clock: Clock, progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread logs the line every 30 seconds while the main thread waits."""
    timer = Timer(clock, intervals=3)
    with progress_display.show(progress, logger, timer):
        assert timer.used_up.wait(PATIENCE)
        assert caplog.messages == ["start · 0 records · 0 requests · 0.0/s"] * 3
    assert timer.requested == [30, 30, 30, 30]
    assert timer.is_set()


def test_the_thread_ends_with_the_block(progress: Progress) -> None:
    """No thread is left when the block ends, also by an exception. Its thread is a daemon."""
    before = set(threading.enumerate())
    threads: set[threading.Thread] = set()

    def fail() -> None:
        threads.update(set(threading.enumerate()) - before)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), progress_display.show(progress, logger):
        fail()
    assert [(thread.daemon, thread.is_alive()) for thread in threads] == [(True, False)]


def test_the_summary_is_logged_at_the_end(
    progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each stream and one for the total are logged at INFO."""
    with progress_display.show(progress, logger):
        progress.begin("campaigns", 1)
        progress.wrote(1)
        requests(progress, 1)
        progress.retried()
        progress.begin("ads", 1)
        progress.wrote(12_344)
        requests(progress, 39)
        progress.waited(1234.56)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "campaigns: 1 record, 1 request, 1 retry, 0.0 s waited for the budget"),
        ("INFO", "ads: 12,344 records, 39 requests, 0 retries, 1,234.6 s waited for the budget"),
        (
            "INFO",
            (
                "total: 12,345 records, 40 requests, 1 retry, 1,234.6 s waited for the budget, "
                "all threads added up"
            ),
        ),
    ]


def test_a_run_without_counts_has_no_summary(
    progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a stream and a request, nothing is logged."""
    with progress_display.show(progress, logger):
        pass
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_missing_standard_stream(
    name: str, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was started without stdout or stderr logs lines."""
    monkeypatch.setattr(sys, name, None)
    with progress_display.show(progress, logger):
        progress.begin("ads", 1)


# The terminal


HEAD = """
import logging, os, signal, sys, threading
from tap_tiktok_ads.progress import Progress
from tap_tiktok_ads.progress_display import show

handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(logging.Formatter("%(levelname)s | %(message)s"))
logging.root.addHandler(handler)
logging.root.setLevel(logging.INFO)
logger = logging.getLogger("tap")

class Busy(threading.Event):
    def wait(self, timeout=None):
        return super().wait(0.001)

def work():
    progress.begin("ads", 3)
    progress.at(2, "2026-10-23 to 2026-11-21")
    progress.wrote(12345)
    logger.info("at work")

progress = Progress()
"""
SHOWN = f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 records"
SUMMARY = ["INFO | ads: 12,345", "INFO | total: 12,345"]
#: ECMA-48: what follows ESC [ up to its letter.
CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def on_terminal(
    body: str, *, wide: int = 200, shared: bool = False, env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a script whose stderr is a terminal. Return its code, its stdout and the terminal's text.

    `shared` makes the terminal its stdout too.
    """
    master, slave = pty.openpty()
    pieces: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: no process has it open any more
            while piece := os.read(master, 65536):
                pieces.append(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    ours = ("TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR", "LINES", "SINGER_SDK_LOG_CONFIG")
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    terminal = {"TERM": "xterm", "NO_COLOR": "1", "PYTHON_COLORS": "0", "COLUMNS": str(wide)}
    try:
        result = subprocess.run(
            [sys.executable, "-c", HEAD + textwrap.dedent(body)],
            stdout=slave if shared else subprocess.PIPE,
            stderr=slave,
            env=clean | terminal | (env or {}),
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(slave)
        reader.join(PATIENCE)
        os.close(master)
    return result.returncode, (result.stdout or b"").decode(), b"".join(pieces).decode()


def screen(written: str) -> list[str]:
    """Return the lines that a terminal of endless height shows in the end, without empty ones."""
    lines, row, column = [""], 0, 0
    for code, letter, back, down, text in CONTROL.findall(written):
        if back:
            column = 0
        elif down:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif letter == "K":
            assert code == "2"
            lines[row] = ""
        elif letter == "A":
            row -= int(code or 1)
            assert row >= 0
        elif text:
            lines[row] = lines[row].ljust(column)[:column] + text + lines[row][column + len(text) :]
            column += len(text)
        elif letter != "m" and code != "?25":
            pytest.fail(f"the test knows no code {code}{letter}")
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize(
    ("ending", "code"),
    [("pass", 0), ("sys.exit(3)", 3), ("raise ValueError('broken')", 1)],
    ids=["end", "exit", "error"],
)
def test_the_live_line_is_shown_and_erased(ending: str, code: int) -> None:
    """The line is erased however a run ends. The summary remains, and the log handlers."""
    body = f"""
    try:
        with show(progress, logger):
            sys.stdout.write('{{"type":"RECORD"}}\\n' * 100)
            work()
            {ending}
    finally:
        assert logging.root.handlers == [handler]
    """
    returned, out, written = on_terminal(body)
    assert returned == code
    assert out == '{"type":"RECORD"}\n' * 100
    assert SHOWN in written
    remaining = screen(written)
    assert remaining[0] == "INFO | at work"
    assert [line.partition(" records")[0] for line in remaining[1:3]] == SUMMARY
    assert not any(SHOWN in line for line in remaining)
    assert ("ValueError: broken" in remaining) == (code == 1)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_no_log_line_is_lost() -> None:
    """Lines of several threads appear complete and in order while the live line is refreshed."""
    body = """
    def log(name):
        for number in range(200):
            logging.getLogger(name).info("%s %d [bold] %s end", name, number, "x" * 50)

    with show(progress, logger, Busy()):
        work()
        threads = [threading.Thread(target=log, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    _, out, written = on_terminal(body)
    remaining = screen(written)
    assert out == ""
    for name in ("a", "b", "c"):
        assert [line for line in remaining if line.startswith(f"INFO | {name} ")] == [
            f"INFO | {name} {number} [bold] {'x' * 50} end" for number in range(200)
        ]
    assert len(remaining) == 1 + 600 + len(SUMMARY)


def test_a_narrow_terminal_shows_the_wait() -> None:
    """A line that is longer than the terminal is wide is wrapped, and erased."""
    body = """
    with show(progress, logger):
        progress.waiting("rate limit")
        work()
    """
    _, _, written = on_terminal(body, wide=50)
    assert "rate limit" in written
    assert not any("rate limit" in line for line in screen(written))


def test_a_signal_handler_that_logs_does_not_deadlock() -> None:
    """A signal may arrive in the middle of a log line or a count, while the line is refreshed."""
    body = """
    received = 0

    def on_signal(*_):
        global received
        received += 1
        logger.info("signal %d", received)

    signal.signal(signal.SIGALRM, on_signal)
    with show(progress, logger, Busy()):
        work()
        for sent in range(100):
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            while received == sent:
                logger.info("busy")
                progress.wrote(0)
    """
    code, _, written = on_terminal(body)
    assert code == 0, written
    lines = set(screen(written))
    assert [number for number in range(1, 101) if f"INFO | signal {number}" not in lines] == []
    assert written.count("INFO | total: 12,345 records") == 1


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb"},
        {"TTY_COMPATIBLE": "0"},
        {"TTY_INTERACTIVE": "0"},
        {"SINGER_SDK_LOG_CONFIG": "log.yaml"},
        {},
    ],
    ids=["dumb", "not compatible", "not interactive", "log config", "stdout is the terminal"],
)
def test_log_lines_instead_of_a_live_line(env: dict[str, str]) -> None:
    """Without a live line the log handlers are untouched."""
    body = """
    with show(progress, logger):
        assert logging.root.handlers == [handler]
        work()
    """
    code, _, written = on_terminal(body, env=env, shared=not env)
    assert code == 0
    assert "\x1b" not in written
    assert [line.split(":")[0] for line in screen(written)] == [
        "INFO | at work",
        "INFO | ads",
        "INFO | total",
    ]
