"""Print the rules with the number of checked requests and violations.

Run `python -m contract` in `tests/`.
"""

from __future__ import annotations

import logging

import pytest

from .checks import ALL_RULES, RuleReport, check_runs
from .endpoints import ENDPOINTS
from .waits import shorten_waits


def rows(report: RuleReport) -> list[tuple[str, str, int, int]]:
    """Return name, source, number of checks and number of violations of each rule."""
    table = [
        (
            rule.name,
            rule.source,
            report.checked[rule.name],
            len(report.broken.get(rule.name, ())),
        )
        for rule in ALL_RULES
    ]
    for (method, path), endpoint in ENDPOINTS.items():
        prefix = f"{path} "
        broken = sum(len(cases) for name, cases in report.broken.items() if name.startswith(prefix))
        name = f"{method} {path}: the {len(endpoint.parameters)} parameters are as documented"
        table.append((name, endpoint.source, report.requests[method, path], broken))
    return table


def main() -> None:
    """Print a table of rules and the violations."""
    logging.disable(logging.CRITICAL)
    report = check_runs()
    print("| rule | source | checked | violations |")  # noqa: T201 - the purpose of the module
    print("|---|---|---|---|")  # noqa: T201
    for row in rows(report):
        print("|", " | ".join(str(cell) for cell in row), "|")  # noqa: T201
    print(f"\n{report.summary}\n")  # noqa: T201
    print("\n".join(report.lines()))  # noqa: T201


if __name__ == "__main__":  # subprocesses of commands import this module
    with pytest.MonkeyPatch.context() as patch:
        shorten_waits(patch)
        main()
