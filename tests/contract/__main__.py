"""Print the table of rules and what it judged: `python -m contract`, in `tests/`."""

from __future__ import annotations

import logging

import pytest

from .endpoints import ENDPOINTS
from .judgment import ALL_RULES, Judgment, judge_runs
from .waits import shorten_waits


def rows(judgment: Judgment) -> list[tuple[str, str, int, int]]:
    """Return name, source, number judged and number of violations of each rule."""
    found = [
        (
            rule.name,
            rule.source,
            judgment.judged[rule.name],
            len(judgment.broken.get(rule.name, ())),
        )
        for rule in ALL_RULES
    ]
    for (method, path), endpoint in ENDPOINTS.items():
        start = f"{path} "
        broken = sum(
            len(cases) for name, cases in judgment.broken.items() if name.startswith(start)
        )
        name = f"{method} {path}: the {len(endpoint.parameters)} parameters are as documented"
        found.append((name, endpoint.source, judgment.requests[method, path], broken))
    return found


def main() -> None:
    """Print a row for each rule, as a table, then each violation."""
    logging.disable(logging.CRITICAL)
    judgment = judge_runs()
    print("| rule | source | judged | violations |")  # noqa: T201 - what the module is for
    print("|---|---|---|---|")  # noqa: T201
    for row in rows(judgment):
        print("|", " | ".join(str(cell) for cell in row), "|")  # noqa: T201
    print(f"\n{judgment.summary}\n")  # noqa: T201
    print("\n".join(judgment.lines()))  # noqa: T201


if __name__ == "__main__":  # processes of commands import this module
    with pytest.MonkeyPatch.context() as patch:
        shorten_waits(patch)
        main()
