"""What a run tells while it is under way: counts, the line, the log, and the display on a pty."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
import threading
import typing as t

import pytest
from conftest import PATIENCE, until

from tap_tiktok_ads.progress import LogLines, Progress, StreamCounts, start

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        (nothing, "start · 0 rows · 0 requests · 0.0/s"),
        (before_the_first_stream, "start · 0 rows · 2 requests · 0.5/s"),
        (stream_just_begun, "ads · 0 rows · 0 requests · 0.0/s"),
        (report, f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 rows · 40 requests · 10.0/s"),
        (
            report_that_waits,
            (
                f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 rows · 40 requests · 10.0/s · "
                "waiting: rate limit"
            ),
        ),
        (one_of_each, "ads · advertiser 1 of 1 · 1 row · 1 request · 0.2/s"),
        (large, "ads · advertiser 1,234 of 4,321 · 1,234,567 rows · 12,345 requests · 3,086.2/s"),
    ],
)
def test_the_line_tells_the_facts(
    happens: Callable[[Progress], None], line: str, clock: Clock, progress: Progress
) -> None:
    """The line names stream, advertiser, window, rows, requests, rate and wait, where known."""
    clock.now += 4
    happens(progress)
    assert progress.line() == line


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
    assert progress.line().endswith(" · waiting: pause of 60 s, 43 s left")
    clock.now += 42.5
    assert progress.line().endswith("/s")


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
    assert progress.line().endswith(f" · {told}")


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
        StreamCounts("campaigns", rows=10, requests=3, retries=1),
        StreamCounts("ads", rows=5, requests=1, waited=1.75),
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
                assert progress.line().startswith(f"stream {number} ")
            for future in done:
                future.result(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    summary = progress.summary()
    clock.now += 0.75
    assert sum(counts.rows for counts in summary) == 50
    assert sum(counts.requests for counts in summary) == threads * each
    assert sum(counts.retries for counts in summary) == threads * each
    assert sum(counts.waited for counts in summary) == threads * each * 0.5
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
        Amid.line = progress.line()

    progress.wrote(Amid())
    assert Amid.line.startswith("start · 0 rows")


# Log lines


def test_a_log_line_is_due_every_thirty_seconds(
    clock: Clock, progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """However many pages are written, one line is logged in each 30 seconds."""
    with LogLines(progress, logger) as reporter:
        progress.begin("ads", 1)
        lines = []
        for _ in range(950):
            clock.now += 0.1
            reporter.tick()
            lines.append(len(caplog.messages))
        assert [lines[at] for at in (298, 301, 598, 602, 898, 902, 949)] == [0, 1, 1, 2, 2, 3, 3]
        assert set(caplog.messages) == {"ads · 0 rows · 0 requests · 0.0/s"}


def test_log_lines_appear_while_the_main_thread_waits(caplog: pytest.LogCaptureFixture) -> None:
    """A long pause, in which no page is written, is logged too, and nothing after the end."""
    progress = Progress(interval=0.02)
    before = set(threading.enumerate())
    reporter = LogLines(progress, logger)
    (thread,) = set(threading.enumerate()) - before
    progress.waiting("rate limit", None)
    until(lambda: sum("waiting: rate limit" in text for text in caplog.messages) >= 3)
    reporter.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_end_tells_what_each_stream_took(
    progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each stream and one for all, at INFO, and once only."""
    reporter = LogLines(progress, logger)
    progress.begin("campaigns", 1)
    progress.wrote(1)
    requests(progress, 1)
    progress.retried()
    progress.begin("ads", 1)
    progress.wrote(12_344)
    requests(progress, 39)
    progress.waited(1234.56)
    reporter.close()
    reporter.close()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "campaigns: 1 row, 1 request, 1 retry, 0.0 s waited for the budget"),
        ("INFO", "ads: 12,344 rows, 39 requests, 0 retries, 1,234.6 s waited for the budget"),
        (
            "INFO",
            (
                "total: 12,345 rows, 40 requests, 1 retry, 1,234.6 s waited for the budget, "
                "all threads added up"
            ),
        ),
    ]


def test_a_run_that_did_nothing_tells_nothing(
    progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a stream and a request there is no summary."""
    LogLines(progress, logger).close()
    assert caplog.messages == []


# The terminal


HEAD = """
import atexit, logging, os, signal, sys, time
import tap_tiktok_ads.progress
from tap_tiktok_ads.progress import Progress, start

tap_tiktok_ads.progress.REFRESH = 0.02

stderr = sys.stderr
handlers = [logging.StreamHandler(stderr), logging.StreamHandler(stderr)]
logging.root.addHandler(handlers[0])
logging.root.setLevel(logging.INFO)
named = logging.getLogger("named")
named.addHandler(handlers[1])
named.propagate = False
other = logging.StreamHandler(sys.stdout)
logging.getLogger("other").addHandler(other)

def restored():
    assert sys.stderr is stderr
    assert all(handler.stream is stderr for handler in handlers)
    assert other.stream is sys.stdout
    os.write(1, b"restored")

atexit.register(restored)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
progress = Progress()
reporter = start(progress, logging.getLogger())
progress.begin("ads", 3)
progress.at(2, "2026-10-23 to 2026-11-21")

def displayed():
    # wait until the display shows what is known now: its second look follows the first text
    looks, line = [], progress.line
    progress.line = lambda: looks.append(None) or line()
    while len(looks) < 2:
        time.sleep(0.002)
    progress.line = line
"""
#: ECMA-48: what follows ESC [ up to its letter.
CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, Callable[[], str]]]:
    """A terminal to give to a process, and what is written there once the process has ended."""
    master, slave = pty.openpty()
    pieces: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: no process has it open any more
            while piece := os.read(master, 65536):
                pieces.append(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    open_here = [slave]

    def written() -> str:
        while open_here:
            os.close(open_here.pop())
        reader.join(PATIENCE)
        assert not reader.is_alive()
        return b"".join(pieces).decode()

    try:
        yield slave, written
    finally:
        written()
        os.close(master)


def on_terminal(
    body: str, *, wide: int = 200, send: int | None = None, env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a script whose stderr is a terminal: its code, its stdout and what the terminal got.

    With a signal to send, that is sent once the script has written to stdout.
    """
    with terminal() as (stderr, written):
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(body)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={
                **clean_environment(),
                "TERM": "xterm",
                "PYTHON_COLORS": "0",
                "COLUMNS": str(wide),
                **(env or {}),
            },
        )
        with process:
            try:
                assert process.stdout is not None
                out = b""
                if send is not None:
                    out = process.stdout.readline()
                    process.send_signal(send)
                out += process.communicate(timeout=PATIENCE)[0]
            finally:
                process.kill()
        return process.returncode, out.decode(), written()


def clean_environment() -> dict[str, str]:
    """The environment without what says how terminals are."""
    ours = ("TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR", "LINES")
    return {name: value for name, value in os.environ.items() if name not in ours}


def screen(written: str) -> list[str]:
    """The lines that a terminal of endless height shows in the end, without empty ones."""
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
        else:
            pytest.fail(f"the test knows no code {code}{letter}")
    return [line.rstrip() for line in lines if line.strip()]


SHOWN = f"ads · advertiser 2 of 3 · {WINDOW} · 12,345 rows"


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("reporter.close()", 0),
        ("with reporter: sys.exit(3)", 3),
        ("with reporter: raise ValueError('broken')", 1),
        ("sys.exit(4)", 4),
        ("raise ValueError('broken')", 1),
        ("pass", 0),
    ],
    ids=["closed", "exit", "error", "exit, not closed", "error, not closed", "never closed"],
)
def test_the_display_is_shown_and_taken_away(ending: str, code: int) -> None:
    """However a run ends: a display, then the summary, stdout untouched, the handlers as before."""
    body = f"""
    for number in range(100):
        sys.stdout.write('{{"type":"RECORD"}}\\n')
        reporter.tick()
    sys.stdout.flush()
    progress.wrote(12345)
    progress.requested()
    displayed()
    {ending}
    """
    returned, out, written = on_terminal(body)
    assert returned == code
    assert out == '{"type":"RECORD"}\n' * 100 + "restored"
    assert SHOWN in written
    left = screen(written)
    assert not any(SHOWN in line for line in left)
    assert [line for line in left if line.startswith(("ads", "total"))] == [
        "ads: 12,345 rows, 1 request, 0 retries, 0.0 s waited for the budget",
        (
            "total: 12,345 rows, 1 request, 0 retries, 0.0 s waited for the budget, "
            "all threads added up"
        ),
    ]
    if "broken" in ending:
        assert "ValueError: broken" in left
    else:
        assert len(left) == 2
    assert "\x1b[?25l" not in written  # the cursor is never hidden


def test_the_display_moves_while_the_main_thread_waits() -> None:
    """The seconds that are left of a pause count down on the terminal without any call."""
    body = """
    now = 1000.0
    progress.clock = lambda: now
    progress.waiting("rate limit", now + 60)
    displayed()
    now += 1
    displayed()
    reporter.close()
    """
    _, _, written = on_terminal(body)
    assert "waiting: rate limit, 60 s left" in written
    assert "waiting: rate limit, 59 s left" in written


def test_log_lines_appear_above_the_display() -> None:
    """What threads log meanwhile is whole and in order."""
    body = """
    import threading

    def work(name, log):
        for number in range(100):
            log(f"{name} {number} [bold] " + "x" * 100 + " end")
            time.sleep(0.003)

    logs = {"root": logging.info, "named": named.info}
    threads = [threading.Thread(target=work, args=item) for item in logs.items()]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    reporter.close()
    """
    _, out, written = on_terminal(body, wide=60)
    left = screen(written)
    assert out == "restored"
    for name in ("root", "named"):
        assert [line for line in left if line.startswith(f"{name} ")] == [
            f"{name} {number} [bold] {'x' * 100} end" for number in range(100)
        ]
    assert len(left) == 202


def test_a_narrow_terminal_shows_the_wait_too() -> None:
    """Where the line is too long for the terminal it takes two, and both are taken away."""
    body = """
    progress.waiting("rate limit", None)
    for number in range(5):
        logging.info("logged %d", number)
        displayed()
    reporter.close()
    """
    _, _, written = on_terminal(body, wide=60)
    assert "waiting: rate limit" in written
    left = screen(written)
    assert left[:5] == [f"logged {number}" for number in range(5)]
    assert [line.split(":")[0] for line in left[5:]] == ["ads", "total"]


def test_a_signal_ends_the_display() -> None:
    """SIGTERM, which raises SystemExit in the main thread, leaves terminal and handlers as before.

    It may arrive amid a log line or a count.
    """
    body = """
    print("ready", flush=True)
    with reporter:
        while True:
            logging.info("x")
            progress.wrote(1)
            reporter.tick()
    """
    code, out, written = on_terminal(body, send=signal.SIGTERM)
    assert code == 7
    assert out == "ready\nrestored"
    assert screen(written)[-1].startswith("total: ")


@pytest.mark.parametrize(
    "env",
    [{"TERM": "dumb"}, {"TTY_COMPATIBLE": "0"}],
    ids=["dumb", "not compatible"],
)
def test_a_display_can_be_refused(env: dict[str, str]) -> None:
    """A terminal that cannot show a display, or whose user wants none, gets log lines."""
    body = """
    logging.info("logged")
    time.sleep(0.1)
    reporter.close()
    """
    _, out, written = on_terminal(body, env=env)
    assert out == "restored"
    assert "\x1b" not in written
    assert [line.split(":")[0] for line in screen(written)] == ["logged", "ads", "total"]


def test_messages_on_a_terminal_are_not_mixed_with_a_display() -> None:
    """Where stdout is the terminal too, there are log lines, and all messages stay readable."""
    body = """
    print('{"type":"RECORD"}', flush=True)
    time.sleep(0.1)
    reporter.close()
    """
    with terminal() as (slave, written):
        subprocess.run(
            [sys.executable, "-c", HEAD + textwrap.dedent(body)],
            stdout=slave,
            stderr=slave,
            env={**clean_environment(), "TERM": "xterm", "PYTHON_COLORS": "0"},
            timeout=PATIENCE,
            check=True,
        )
        assert "\x1b" not in written()
        assert screen(written())[0] == '{"type":"RECORD"}'


def test_a_closed_stderr_is_no_terminal(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was started without stderr runs all the same."""
    monkeypatch.setattr(sys, "stderr", None)
    with start(progress, logger) as reporter:
        assert isinstance(reporter, LogLines)
