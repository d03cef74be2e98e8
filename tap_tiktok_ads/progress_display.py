"""Show the progress of a run: a live line on a terminal, otherwise a log line every 30 seconds."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import typing as t
from threading import Event, RLock, Thread

from tap_tiktok_ads.progress import Progress, log_summary, total_of

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def show(progress: Progress, logger: logging.Logger, done: Event | None = None) -> Iterator[None]:
    """Show the progress of the block, then log the counts of each stream. `done` is the timer."""
    action, seconds = lambda: logger.info("%s", str(progress)), 30.0
    done = done or Event()
    with contextlib.ExitStack() as stack:
        is_live = supports_live_line()
        stack.callback(*((print_summary, progress) if is_live else (log_summary, progress, logger)))
        if is_live:
            action, seconds = stack.enter_context(_live_line(progress)), 0.25
        thread = Thread(target=_repeat, args=(action, seconds, done), daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(done.set)
        yield


def _repeat(action: Callable[[], None], seconds: float, done: Event) -> None:
    with contextlib.suppress(OSError, ValueError):  # stderr is closed or its terminal is gone
        while not done.wait(seconds):
            action()


def supports_live_line() -> bool:
    """Return True if stderr is a terminal that shows no records."""
    with contextlib.suppress(AttributeError, ValueError):  # stdout or stderr is missing or closed
        if "SINGER_SDK_LOG_CONFIG" in os.environ or sys.stdout.isatty() or not sys.stderr.isatty():
            return False
        from rich.console import Console  # noqa: PLC0415 - slow to import, rarely needed

        return Console(file=sys.stderr).is_interactive
    return False


def print_summary(progress: Progress) -> None:
    """Print a table with the counts of each stream and their total on stderr."""
    from rich import box, console, table  # noqa: PLC0415 - slow to import

    streams = progress.summary()
    if not streams:
        return
    grid = table.Table(box=box.SIMPLE, show_footer=False)
    grid.add_column("stream")
    for name in ("records", "requests", "retries", "waited", "skipped windows"):
        grid.add_column(name, justify="right")
    for counts in (*streams, total_of(streams)):
        numbers = (counts.records, counts.requests, counts.retries)
        waited = f"{counts.seconds_waited:,.1f} s"
        grid.add_row(
            counts.stream, *map("{:,}".format, numbers), waited, str(counts.windows_skipped)
        )
    with contextlib.suppress(OSError, ValueError):
        console.Console(file=sys.stderr).print(grid)


def _is_for_people(record: logging.LogRecord) -> bool:
    """Return False for the SDK's lines with metrics, which programs read."""
    return not record.name.startswith("singer_sdk.metrics")


@contextlib.contextmanager
def _live_line(progress: Progress) -> Iterator[Callable[[], None]]:
    """Show the progress below the log, and yield the function that refreshes it."""
    from rich import console, logging as rich_logging, progress as bars, table  # noqa: PLC0415, I001

    stderr = console.Console(file=sys.stderr)
    off: t.Any = dict.fromkeys(("auto_refresh", "redirect_stdout", "redirect_stderr"), False)
    text = bars.TextColumn("{task.fields[line]}", markup=False, table_column=table.Column())
    live = bars.Progress(text, bars.TimeElapsedColumn(), console=stderr, transient=True, **off)
    live.add_task("", line=progress)
    off = dict.fromkeys(("show_time", "show_level", "show_path"), False)  # the format has them
    handler = rich_logging.RichHandler(console=stderr, **off)
    handler.addFilter(_is_for_people)
    original = logging.root.handlers
    replaced = [
        log_handler
        for log_handler in original
        if getattr(log_handler, "stream", None) is sys.stderr
    ]
    handler.setFormatter(replaced[0].formatter if replaced else None)
    lock = handler.lock or RLock()  # for all output, or a signal handler that logs can deadlock

    def refresh() -> None:
        with lock:
            live.refresh()

    with lock:
        live.start()
        stderr.show_cursor()  # a process that is killed could not restore it
    logging.root.handlers = [
        handler if log_handler in replaced else log_handler for log_handler in original
    ]
    try:
        yield refresh
    finally:
        with lock, contextlib.suppress(OSError, ValueError):
            live.stop()
        logging.root.handlers = original
