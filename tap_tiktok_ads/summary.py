"""What a run did, as a file of OpenMetrics text for whoever watches over many runs."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import time
import typing as t
from pathlib import Path

from tap_tiktok_ads.errors import ConfigError, TapError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_tiktok_ads.progress import StreamCounts

logger = logging.getLogger("tap-tiktok-ads")
PREFIX = "tap_tiktok_ads"
#: Counters by stream: the name without `_total`, the member of `StreamCounts`, and what it is.
COUNTERS = (
    ("rows", "records", "Rows written."),
    ("requests", "requests", "Requests sent."),
    ("retries", "retries", "Requests sent again."),
    ("waited_seconds", "seconds_waited", "Seconds that all threads waited for the request budget."),
)


def render(
    streams: Iterable[StreamCounts],
    unread: Mapping[str, Iterable[tuple[str, str]]],
    run: Mapping[str, tuple[float, str]],
) -> str:
    """The text, as https://openmetrics.io describes it.

    Args:
        streams: what each stream took.
        unread: by reason, stream and advertiser of what was not read.
        run: single numbers, each with what it is.
    """
    streams, lines = list(streams), []
    for name, member, what in COUNTERS:
        lines += _heading(name, "counter", what)
        lines += [_sample(f"{name}_total", getattr(one, member), one.stream) for one in streams]
    for name, pairs in unread.items():
        lines += _heading(name, "gauge", f"Advertisers of a stream that were not read: {name}.")
        counts = collections.Counter(stream for stream, _ in dict.fromkeys(pairs))
        lines += [_sample(name, count, stream) for stream, count in counts.items()]
    for name, (value, what) in run.items():
        lines += [*_heading(name, "gauge", what), _sample(name, value)]
    return "\n".join([*lines, "# EOF", ""])


def _heading(name: str, kind: str, what: str) -> list[str]:
    unit = [f"# UNIT {PREFIX}_{name} seconds"] if name.endswith("_seconds") else []
    return [f"# TYPE {PREFIX}_{name} {kind}", *unit, f"# HELP {PREFIX}_{name} {what}"]


def _sample(name: str, value: float, stream: str | None = None) -> str:
    label = "" if stream is None else f'{{stream="{stream}"}}'
    number = str(value) if isinstance(value, int) else f"{value:.3f}"
    return f"{PREFIX}_{name}{label} {number}"


@contextlib.contextmanager
def written_to(
    file: str | None,
    streams: t.Callable[[], Iterable[StreamCounts]],
    unread: Mapping[str, Iterable[tuple[str, str]]],
) -> Iterator[None]:
    """Write the file at the end of a run, however it ends; nothing without a file.

    Raises:
        ConfigError: it cannot be written; told before the run if its folder says so.
    """
    if file is None:
        yield
        return
    path = Path(os.path.realpath(file))
    _check(path)
    began, code = time.time(), 1
    try:
        yield
        code = 0
    except TapError as error:
        code = error.exit_code
        raise
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    finally:
        ended = time.time()
        run = {
            "duration_seconds": (ended - began, "Seconds that the run took."),
            "ended_timestamp_seconds": (ended, "When it ended, in seconds since 1970."),
            "exit_code": (code, "0: all was read that may be; 75: try again later."),
        }
        failed = code != 0
        try:
            _write(path, render(streams(), unread, run))
        except ConfigError as error:
            if not failed:
                raise
            logger.error("%s", error)  # noqa: TRY400 - the run's own error ends it


def _check(file: Path) -> None:
    try:
        usable = file.parent.is_dir() and os.access(file.parent, os.W_OK)
        usable = usable and (file.is_file() or not file.exists())
    except OSError:  # a name that is too long, for one
        usable = False
    if not usable:
        msg = f"Summary file {file} cannot be written there, or is no file."
        raise ConfigError(msg)


def _write(file: Path, text: str) -> None:
    """Put the text in place at once: who reads meanwhile gets the old file or the new one."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, "utf-8")
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        msg = f"Summary file {file} cannot be written: {error.strerror}."
        raise ConfigError(msg) from None
