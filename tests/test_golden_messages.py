"""Every message of errors, warnings and log lines, in one file that a reviewer can read."""

from __future__ import annotations

import pytest
from golden import cases
from golden.collector import GOLDEN_FILE, collect, render
from golden.templates import UNCOVERED_FILE, templates, uncovered

assert cases
#: Maximum number of message templates that no case produces. Lower it when a case is added.
MAX_UNCOVERED = 94
Collected = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def collected() -> Collected:
    """The messages of all cases."""
    return collect()


def test_messages_equal_the_golden_file(collected: Collected) -> None:
    """The messages are those of the file. `python -m golden` in tests/ rewrites it."""
    assert render(collected) == GOLDEN_FILE.read_text("utf-8")


def test_uncovered_templates_are_listed(collected: Collected) -> None:
    """Every message template is produced by a case, or listed in `uncovered.txt`."""
    text = uncovered(collected)
    assert text == UNCOVERED_FILE.read_text("utf-8")
    assert text.count("\n") <= MAX_UNCOVERED < len(templates())
