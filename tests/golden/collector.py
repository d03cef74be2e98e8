"""Run cases and collect the messages that they produce."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import tempfile
import threading
import typing as t
from pathlib import Path
from unittest import mock

from conftest import SMALL, answering, config_at, config_for, run

from tap_tiktok_ads import context
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN_FILE = Path(__file__).parent / "messages.txt"

#: Subjects in the order of the golden file, each with its cases.
CASES: dict[str, dict[str, Callable[[], object]]] = {
    "Settings": {},
    "Custom reports": {},
    "Custom streams": {},
    "Lookups": {},
    "Dates": {},
    "Catalog": {},
    "State": {},
    "Credentials and advertisers": {},
    "Network": {},
    "Return codes": {},
    "Responses": {},
    "Lists and completeness": {},
    "Reports": {},
    "Report tasks": {},
    "Output": {},
    "Commands": {},
    "Python client": {},
}
#: Parts of a message that differ between runs, with their placeholders.
VOLATILE = (
    (re.compile(r"127\.0\.0\.1:\d+|localhost:\d+"), "<host>"),
    (re.compile(r"request_id \w+"), "request_id <request_id>"),
    (re.compile(r"(?:/[\w.-]+)*/(?:golden-\w+|schemas)/"), "<folder>/"),
    (re.compile(r"in \d+\.\d+ s\b"), "in <seconds> s"),
    (re.compile(r"\d+\.\d+ s off"), "<seconds> s off"),
    (re.compile(r"[\d,]+ free bytes"), "<number> free bytes"),
    (re.compile(r"golden-\w+"), "<file>"),
)
#: Days of runs, which move with the clock.
RUN_DAYS = re.compile(r"\b20(?!20|23|24)\d\d-\d\d-\d\d\b")


class Messages(logging.Handler):
    """Handler that keeps the messages of one case.

    It ignores threads that are older than the case. Workers of an earlier run may still retry.
    """

    def __init__(self, level: int) -> None:
        """Prepare for messages of this level and above."""
        super().__init__(level)
        self.texts: list[str] = []
        self._older_threads = {*threading.enumerate()} - {threading.current_thread()}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log line with its level. Leave out the lines of the SDK and of older threads."""
        is_own = threading.current_thread() not in self._older_threads
        if is_own and "singer_sdk" not in record.pathname:
            self.texts.append(f"{record.levelname}: {record.getMessage()}")


def case(
    subject: str, name: str, level: int = logging.WARNING
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Add a case: a function that raises an error, logs lines, or returns texts.

    Args:
        subject: Subject in the golden file.
        name: Name of the case. It says what is wrong, in the words of a user.
        level: Level of the least important log lines that are kept.
    """

    def add(function: Callable[[], object]) -> Callable[[], object]:
        assert name not in CASES[subject], name
        CASES[subject][name] = functools.partial(messages_of, function, level)
        return function

    return add


def messages_of(function: Callable[[], object], level: int) -> list[str]:
    """Return the messages of a case."""
    messages = Messages(level)
    logger = logging.getLogger("tap-tiktok-ads")
    previous_level, was_propagating = logger.level, logger.propagate
    logger.addHandler(messages)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        returned = function()
        if isinstance(returned, list):
            messages.texts.extend(map(str, returned))
    except Exception as error:  # noqa: BLE001 - its text is the subject of the case
        messages.texts.append(f"{type(error).__name__}: {error}")
    finally:
        logger.removeHandler(messages)
        logger.setLevel(previous_level)
        logger.propagate = was_propagating
    return messages.texts


def error_cases(subject: str, cases: dict[str, Callable[[], object]]) -> None:
    """Add several cases of pure functions."""
    for name, function in cases.items():
        case(subject, name)(function)


@contextlib.contextmanager
def short_waits() -> Iterator[None]:
    """Retry after milliseconds, one request at a time."""
    with (
        mock.patch.object(context, "FIRST_RETRY_SECONDS", 0.001),
        mock.patch.object(context, "PASS_INTERVAL_SECONDS", 0.001),
    ):
        yield


def simulated(
    streams: list[str] | None,
    *faults: tuple[str, dict[str, t.Any]],
    options: dict[str, t.Any] | None = None,
    state: dict[str, t.Any] | None = None,
    **settings: t.Any,
) -> Callable[[], object]:
    """Return a case: read streams of the simulator with faults."""

    def read() -> None:
        with short_waits(), Simulator({**SMALL, "advertisers": 1, **(options or {})}) as simulator:
            for kind, arguments in faults:
                simulator.add_fault(kind, **arguments)
            settings.setdefault("start_date", "{now-2}")
            settings.setdefault("max_retries", 0)
            run(config_for(simulator, max_concurrency=1, **settings), streams, state=state)

    return read


def answered(
    stream: str,
    answer: Callable[[dict[str, str]], t.Any],
    state: dict[str, t.Any] | None = None,
    **settings: t.Any,
) -> Callable[[], object]:
    """Return a case: read a stream of a server that returns the data of a function."""

    def read() -> None:
        with short_waits(), answering(answer) as (url, _):
            settings.setdefault("max_retries", 0)
            run(config_at(url, max_concurrency=1, **settings), [stream], state=state)

    return read


def temporary_file(content: str | bytes, suffix: str = ".json") -> str:
    """Return the path of a new file with this content, which is removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="golden-")
    FOLDERS.append(folder)
    path = Path(folder.name) / f"file{suffix}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


#: Folders to remove at the end.
FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def normalized(text: str) -> str:
    """Return a message with placeholders for what differs between runs."""
    for pattern, placeholder in VOLATILE:
        text = pattern.sub(placeholder, text)
    return RUN_DAYS.sub("<day>", text)


def collect() -> dict[str, dict[str, list[str]]]:
    """Run every case, and return its messages by subject and name."""
    try:
        return {
            subject: {name: function() for name, function in cases.items()}  # type: ignore[misc]
            for subject, cases in CASES.items()
        }
    finally:
        while FOLDERS:
            FOLDERS.pop().cleanup()


def render(collected: dict[str, dict[str, list[str]]]) -> str:
    """Return the golden file: one block per case. A message appears once."""
    seen: set[str] = set()
    lines = []
    for subject, cases in collected.items():
        lines += [subject, "=" * len(subject), ""]
        for name, messages in cases.items():
            texts = [text for text in dict.fromkeys(map(normalized, messages)) if text not in seen]
            seen.update(texts)
            if texts:
                lines += [f"## {name}", *texts, ""]
    return "\n".join(lines)
