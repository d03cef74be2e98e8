"""Print the effect of damaged responses on each kind of stream.

Run `python -m damage [KIND ...]` in `tests/`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys

import pytest

from .checks import check, run_damaged
from .conftest import shorten_waits
from .kinds import KINDS
from .shapes import HEALTHY_SHAPES, SHAPES, Verdict

HEADINGS = ("shape", "damage", "kind", "exit code", "lost with exit code 0", "requests", "verdict")


def main() -> None:
    """Print a table with a row for each shape and kind."""
    logging.disable(logging.CRITICAL)
    kind_names = sys.argv[1:]
    print("|", " | ".join(HEADINGS), "|")  # noqa: T201 - the purpose of the module
    print("|", " | ".join("---" for _ in HEADINGS), "|")  # noqa: T201
    for shape in [*HEALTHY_SHAPES, *SHAPES]:
        for kind in KINDS:
            if kind.name not in shape.kinds or (kind_names and kind.name not in kind_names):
                continue
            for is_transient in (False, True) if shape.can_be_transient else (False,):
                with contextlib.redirect_stderr(io.StringIO()):
                    result = run_damaged(shape, kind, is_transient=is_transient)
                verdict = Verdict.EXACT if is_transient else shape.verdict
                try:
                    check(result, verdict, has_keys=kind.has_keys)
                    check_result = "holds"
                except AssertionError:
                    check_result = f"FAILS: {verdict.value}"
                cells = (
                    shape.name,
                    "first attempts" if is_transient else "every attempt",
                    kind.name,
                    str(result.first.exit_code),
                    str(result.lost_silently),
                    str(result.first.request_count),
                    check_result,
                )
                print("|", " | ".join(cells), "|", flush=True)  # noqa: T201


with pytest.MonkeyPatch.context() as patch:
    shorten_waits(patch)
    main()
