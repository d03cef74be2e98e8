"""What a run tells while it is under way: counts, the line and the log."""

from __future__ import annotations

import concurrent.futures
import logging
import sys
import threading
import time
import typing as t

import pytest

from tap_tiktok_ads.progress import LogLines, Progress, StreamCounts

if t.TYPE_CHECKING:
    from collections.abc import Callable

#: Longer than any test should wait.
PATIENCE = 30.0
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
    reporter = LogLines(progress, logger)
    progress.waiting("rate limit", None)
    end = time.monotonic() + PATIENCE
    while sum("waiting: rate limit" in message for message in caplog.messages) < 3:
        assert time.monotonic() < end
        time.sleep(0.005)
    reporter.close()
    time.sleep(0.05)
    known = len(caplog.messages)
    time.sleep(0.1)
    assert len(caplog.messages) == known


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
