"""Progress counters, log lines and the live line on a pseudo-terminal."""

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
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 1000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """Return a Progress without counts."""
    return Progress(clock=clock)


@pytest.fixture(autouse=True)
def log_info_messages(caplog: pytest.LogCaptureFixture) -> None:
    """Capture log messages of level INFO."""
    caplog.set_level(logging.INFO)


def send_requests(progress: Progress, count: int) -> None:
    """Count `count` sent requests."""
    for _ in range(count):
        progress.requested()


# Text of the line


def no_activity(_: Progress) -> None:
    """Count nothing."""


def before_first_stream(progress: Progress) -> None:
    """Count two requests before the first stream."""
    send_requests(progress, 2)


def second_stream_begun(progress: Progress) -> None:
    """Begin a second stream, without counts."""
    progress.begin("campaigns", 3)
    progress.at(3, WINDOW)
    progress.wrote(7)
    progress.begin("ads", 3)


def second_advertiser(progress: Progress) -> None:
    """Count records and requests of the second advertiser."""
    progress.begin("ads", 3)
    progress.at(2, WINDOW)
    progress.wrote(12_000)
    progress.wrote(345)
    send_requests(progress, 40)


def waiting_stream(progress: Progress) -> None:
    """Count a stream, then wait without a known end."""
    second_advertiser(progress)
    progress.waiting("rate limit", None)


def singular_counts(progress: Progress) -> None:
    """Count exactly one advertiser, record and request."""
    progress.begin("ads", 1)
    progress.at(1)
    progress.wrote(1)
    send_requests(progress, 1)


def large_counts(progress: Progress) -> None:
    """Count thousands."""
    progress.begin("ads", 4321)
    progress.at(1234)
    progress.wrote(1_234_567)
    send_requests(progress, 12_345)


@pytest.mark.parametrize(
    ("activity", "line"),
    [
        (no_activity, "start · 0 records · 0 requests · 0.0/s"),
        (before_first_stream, "start · 0 records · 2 requests · 0.5/s"),
        (second_stream_begun, "ads · 0 records · 0 requests · 0.0/s"),
        (
            second_advertiser,
            f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 records · 40 requests · 10.0/s",
        ),
        (
            waiting_stream,
            (
                f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 records · 40 requests · 10.0/s · "
                "waiting: rate limit"
            ),
        ),
        (singular_counts, "ads · advertiser 1 of 1 · 1 record · 1 request · 0.2/s"),
        (
            large_counts,
            "ads · advertiser 1,234 of 4,321 · 1,234,567 records · 12,345 requests · 3,086.2/s",
        ),
    ],
)
def test_line_names_stream_counts_rate_and_wait(
    activity: Callable[[Progress], None], line: str, clock: Clock, progress: Progress
) -> None:
    """The line shows stream, advertiser, window, records, requests, rate and wait."""
    clock.now += 4
    activity(progress)
    assert str(progress) == line


def test_rate_covers_the_last_ten_seconds(clock: Clock, progress: Progress) -> None:
    """The rate is the mean of the last ten seconds and falls to zero without requests."""
    for _ in range(300):
        clock.now += 0.125
        progress.requested()
    assert progress.rate == pytest.approx(8, rel=0.05)
    clock.now += 5
    assert progress.rate == pytest.approx(4, rel=0.2)
    clock.now += 6
    assert progress.rate == 0


def test_rate_in_first_second_is_the_request_count(clock: Clock, progress: Progress) -> None:
    """In the first second, the rate equals the number of requests."""
    clock.now += 0.001
    send_requests(progress, 3)
    assert progress.rate == 3


def test_wait_with_a_known_end_counts_down(clock: Clock, progress: Progress) -> None:
    """A wait with a known end shows the remaining seconds and disappears once over."""
    progress.waiting("pause of 60 s", clock.now + 60)
    clock.now += 17.5
    assert str(progress).endswith(" · waiting: pause of 60 s, 43 s left")
    clock.now += 42.5
    assert str(progress).endswith("/s")


@pytest.mark.parametrize(
    ("waits", "shown"),
    [
        ([("pause", 60), ("retry", 1)], "waiting: pause, 60 s left"),
        ([("retry", 1), ("pause", 60)], "waiting: pause, 60 s left"),
        ([("pause", 60), ("responses", None)], "waiting: responses"),
        ([("responses", None), ("retry", 2)], "waiting: retry, 2 s left"),
        ([("pause", 60), ("", None)], "0.0/s"),
        ([("pause", 60), ("", None), ("retry", 1)], "waiting: retry, 1 s left"),
    ],
)
def test_longest_wait_is_shown(
    waits: list[tuple[str, float | None]], shown: str, clock: Clock, progress: Progress
) -> None:
    """A short wait does not hide a longer one, and an empty reason ends every wait."""
    for reason, seconds in waits:
        progress.waiting(reason, None if seconds is None else clock.now + seconds)
    assert str(progress).endswith(f" · {shown}")


# Counts


def test_each_stream_has_separate_counts(progress: Progress) -> None:
    """Each stream counts only what happens between its beginning and the next stream's."""
    progress.begin("campaigns", 2)
    progress.wrote(10)
    send_requests(progress, 3)
    progress.retried()
    progress.begin("ads", 2)
    progress.waited(1.5)
    progress.waited(0.25)
    progress.wrote(5)
    send_requests(progress, 1)
    progress.begin("adgroups", 2)
    assert progress.summary() == [
        StreamCounts("campaigns", records=10, requests=3, retries=1),
        StreamCounts("ads", records=5, requests=1, seconds_waited=1.75),
        StreamCounts("adgroups"),
    ]


def test_requests_before_the_first_stream_are_summarized(progress: Progress) -> None:
    """Requests before the first stream appear in the summary as `start`."""
    send_requests(progress, 2)
    progress.begin("ads", 1)
    assert progress.summary() == [StreamCounts("start", requests=2), StreamCounts("ads")]


def test_summary_is_a_copy(progress: Progress) -> None:
    """Later counts do not change an earlier summary."""
    progress.begin("ads", 1)
    earlier = progress.summary()
    progress.wrote(1)
    assert earlier == [StreamCounts("ads")]


def test_counts_are_thread_safe(clock: Clock, progress: Progress) -> None:
    """Threads lose no count, even while streams change."""
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


def test_reading_the_line_takes_no_lock(progress: Progress) -> None:
    """The line is readable in the middle of a count, as a signal handler needs."""

    class ReadingInt(int):
        line = ""

        def __radd__(self, other: int) -> int:
            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            reader.join(PATIENCE)
            return other

    def read() -> None:
        ReadingInt.line = str(progress)

    progress.wrote(ReadingInt())
    assert ReadingInt.line.startswith("start · 0 records")


# Log lines


class Timer(threading.Event):
    """A timer whose first `intervals` waits return at once. Later waits block until the end."""

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


def test_line_is_logged_every_thirty_seconds(
    clock: Clock, progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread logs the line every 30 seconds."""
    timer = Timer(clock, intervals=3)
    with progress_display.show(progress, logger, timer):
        assert timer.used_up.wait(PATIENCE)
        assert caplog.messages == ["start · 0 records · 0 requests · 0.0/s"] * 3
    assert timer.requested == [30, 30, 30, 30]
    assert timer.is_set()


def test_display_thread_ends_with_the_block(progress: Progress) -> None:
    """The display's daemon thread ends with the block, also after an exception."""
    threads_before = set(threading.enumerate())
    threads: set[threading.Thread] = set()

    def fail() -> None:
        threads.update(set(threading.enumerate()) - threads_before)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), progress_display.show(progress, logger):
        fail()
    assert [(thread.daemon, thread.is_alive()) for thread in threads] == [(True, False)]


def test_summary_is_logged_at_the_end(progress: Progress, caplog: pytest.LogCaptureFixture) -> None:
    """At the end, one INFO line for each stream and one total are logged."""
    with progress_display.show(progress, logger):
        progress.begin("campaigns", 1)
        progress.wrote(1)
        send_requests(progress, 1)
        progress.retried()
        progress.begin("ads", 1)
        progress.wrote(12_344)
        send_requests(progress, 39)
        progress.waited(1234.56)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "campaigns: 1 record, 1 request, 1 retry, 0.0 s waited for the request budget"),
        (
            "INFO",
            "ads: 12,344 records, 39 requests, 0 retries, 1,234.6 s waited for the request budget",
        ),
        (
            "INFO",
            (
                "total: 12,345 records, 40 requests, 1 retry, 1,234.6 s waited for the request "
                "budget (sum of all threads)"
            ),
        ),
    ]


def test_run_without_counts_logs_no_summary(
    progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """Without streams and requests, nothing is logged."""
    with progress_display.show(progress, logger):
        pass
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_missing_standard_stream_is_supported(
    name: str, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without stdout or stderr logs lines."""
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
SUMMARY = ["ads", "total"]
#: Control sequences (ECMA-48): ESC, [, parameters and a final letter.
CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def run_on_terminal(
    body: str, *, wide: int = 200, shared: bool = False, env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a script whose stderr is a terminal. Return its code, stdout and terminal text.

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
    removed = ("TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR", "LINES", "SINGER_SDK_LOG_CONFIG")
    clean = {name: value for name, value in os.environ.items() if name not in removed}
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
    """Return the non-empty lines that a terminal of unlimited height finally shows."""
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
def test_live_line_is_erased_at_the_end(ending: str, code: int) -> None:
    """However a run ends, the live line is erased, and summary and log handlers remain."""
    body = f"""
    try:
        with show(progress, logger):
            sys.stdout.write('{{"type":"RECORD"}}\\n' * 100)
            work()
            {ending}
    finally:
        assert logging.root.handlers == [handler]
    """
    returned, out, written = run_on_terminal(body)
    assert returned == code
    assert out == '{"type":"RECORD"}\n' * 100
    assert SHOWN in written
    remaining = screen(written)
    assert remaining[0] == "INFO | at work"
    rows = [line.split() for line in remaining if "12,345" in line]
    assert [row[:2] for row in rows] == [[name, "12,345"] for name in SUMMARY]
    assert not any(SHOWN in line for line in remaining)
    assert ("ValueError: broken" in remaining) == (code == 1)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_log_lines_are_complete_beside_the_live_line() -> None:
    """Log lines of several threads appear complete and in order beside the live line."""
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
    _, out, written = run_on_terminal(body)
    remaining = screen(written)
    assert out == ""
    for name in ("a", "b", "c"):
        assert [line for line in remaining if line.startswith(f"INFO | {name} ")] == [
            f"INFO | {name} {number} [bold] {'x' * 50} end" for number in range(200)
        ]
    assert sum(line.split()[:1] in [[name] for name in SUMMARY] for line in remaining) == 2
    assert sum(line.startswith("INFO | ") for line in remaining) == 1 + 600


def test_metric_lines_stay_out_of_the_terminal() -> None:
    """The SDK's METRIC lines are for programs: a terminal does not show them."""
    body = """
    with show(progress, logger):
        work()
        logging.getLogger("singer_sdk.metrics").info("METRIC: %s", "{}")
    """
    _, _, written = run_on_terminal(body)
    assert "METRIC" not in written
    assert "INFO | at work" in screen(written)


def test_line_shows_stream_share_and_time_left(clock: Clock, progress: Progress) -> None:
    """With an estimate, the line shows the stream's number, the share done and the time left."""
    progress.expect({"ads": 10, "campaigns": 20, "pixels": 30})
    progress.begin("ads", 1)
    send_requests(progress, 20)  # twice as many as estimated
    clock.now += 10
    progress.begin("campaigns", 1)
    send_requests(progress, 10)
    text = str(progress)  # 90 are left: 40 - 10 and 60, at 3 per second
    assert text.startswith("stream 2 of 3 · 25% · about 30 s left · campaigns · ")


def test_a_stream_without_an_estimate_has_no_share(progress: Progress) -> None:
    """Before the first stream, the line shows no share."""
    progress.expect({"ads": 10})
    assert str(progress).startswith("start · ")


def test_live_line_wraps_on_a_narrow_terminal() -> None:
    """A live line wider than the terminal is wrapped, and erased at the end."""
    body = """
    with show(progress, logger):
        progress.waiting("rate limit")
        work()
    """
    _, _, written = run_on_terminal(body, wide=50)
    assert "rate limit" in written
    assert not any("rate limit" in line for line in screen(written))


def test_logging_signal_handler_does_not_deadlock() -> None:
    """A signal handler may log in the middle of a log line or a count."""
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
    code, _, written = run_on_terminal(body)
    assert code == 0, written
    lines = set(screen(written))
    assert [number for number in range(1, 101) if f"INFO | signal {number}" not in lines] == []
    assert sum(line.split()[:2] == ["total", "12,345"] for line in screen(written)) == 1


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
def test_log_lines_replace_the_live_line(env: dict[str, str]) -> None:
    """Without an interactive terminal, lines are logged and log handlers stay unchanged."""
    body = """
    with show(progress, logger):
        assert logging.root.handlers == [handler]
        work()
    """
    code, _, written = run_on_terminal(body, env=env, shared=not env)
    assert code == 0
    assert "\x1b" not in written
    assert [line.split(":")[0] for line in screen(written)] == [
        "INFO | at work",
        "INFO | ads",
        "INFO | total",
    ]
