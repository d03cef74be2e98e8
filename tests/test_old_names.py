"""The table of old field names in docs/migrating.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _columns(stream: str) -> set[str]:
    """Return the columns of a stream, or the metrics of all reports."""
    name = "metrics" if stream == "reports" else stream
    schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text("utf-8"))
    return set(schema["metrics" if stream == "reports" else "properties"])


def test_old_names_lead_to_columns() -> None:
    """Each new name of the table is a column of its stream, and no old name is one besides."""
    page = (ROOT / "docs" / "migrating.md").read_text("utf-8")
    table = page.partition("## Old names of fields")[2]
    streams: list[str] = []
    rows = 0
    for line in table.splitlines():
        if not line.startswith("| `") and not line.startswith(("| | `", "| reports")):
            continue
        first, old_names, new_names = (cell.strip() for cell in line.strip("|").split("|"))
        streams = first.replace("`", "").split(", ") if first else streams
        for stream in streams:
            columns = _columns(stream)
            assert set(re.findall(r"`(\w+)`", new_names)) <= columns, line
            assert columns.isdisjoint(re.findall(r"`(\w+)`", old_names)), line
        rows += 1
    assert rows > 30
