"""Message templates that no case can produce, with the reason."""

from __future__ import annotations

#: Reason by the beginning of a line of `uncovered.txt`: the module, and the first words.
EXCEPTIONS: dict[str, str] = {
    "cli/__init__.py: A signal ended the run": "A signal ends the process of the test.",
}
