"""Every message of errors, warnings and log lines, in one file that a reviewer can read."""

from __future__ import annotations

import logging
import threading

import pytest
from golden import cases
from golden.collector import GOLDEN_FILE, collect, messages_of, render
from golden.exceptions import EXCEPTIONS
from golden.templates import templates, unmade

assert cases
Collected = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def collected() -> Collected:
    """The messages of all cases."""
    return collect()


def test_messages_equal_the_golden_file(collected: Collected) -> None:
    """The messages are those of the file. `python -m golden` in tests/ rewrites it."""
    assert render(collected) == GOLDEN_FILE.read_text("utf-8")


def test_every_template_has_a_case(collected: Collected) -> None:
    """Every message template of the package is produced by a case, or has an exception."""
    lines = [line for line in unmade(collected) if not line.startswith((*EXCEPTIONS,))]
    assert not lines
    assert len(templates()) > 300


def test_exceptions_are_needed(collected: Collected) -> None:
    """Every exception is the beginning of a template that no case produces."""
    lines = unmade(collected)
    unused = [begin for begin in EXCEPTIONS if not any(line.startswith(begin) for line in lines)]
    assert not unused


def test_workers_of_an_earlier_run_are_ignored() -> None:
    """A case keeps no line of a thread that is older than the case."""
    is_started, can_log = threading.Event(), threading.Event()
    logger = logging.getLogger("tap-tiktok-ads")

    def log_late() -> None:
        is_started.set()
        can_log.wait()
        logger.warning("late")

    older_thread = threading.Thread(target=log_late)
    older_thread.start()
    is_started.wait()

    def log_own() -> None:
        can_log.set()
        older_thread.join()
        logger.warning("own")

    assert messages_of(log_own, logging.WARNING) == ["WARNING: own"]
