"""Differences between a schema and the records received, collected for warnings and errors."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from tap_tiktok_ads.extract.values import BadValueError, FractionError, to_text

#: Maximum number of records without a usable key that are kept until they are reported.
MAX_UNUSABLE_RECORDS = 100
#: Maximum number of characters of a value in a message.
MAX_VALUE_LENGTH = 100


@dataclasses.dataclass(frozen=True)
class DriftReport:
    """Values that do not fit the schema, by column. A column is a path: `creatives[].video.id`.

    Attributes:
        unknown_columns: Columns that the schema does not have.
        bad_values: The first value of each column that the column cannot hold.
        fractions: The first fraction of each column of integers.
        unusable_records: A text for each record that was left out.
        has_repaired_text: True if a response was not clean JSON or Unicode.
    """

    unknown_columns: list[str] = dataclasses.field(default_factory=list)
    bad_values: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    fractions: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    unusable_records: list[str] = dataclasses.field(default_factory=list)
    has_repaired_text: bool = False


class Drift:
    """Collects the differences between a schema and the records received. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._unknown_columns: set[str] = set()
        self._bad_values: dict[str, t.Any] = {}
        self._fractions: dict[str, t.Any] = {}
        self._unusable_records: list[str] = []
        self._has_repaired_text = False

    def add_unknown_column(self, path: str) -> None:
        """Add a column that the schema does not have."""
        with self._lock:
            self._unknown_columns.add(path)

    def add_bad_value(self, path: str, error: BadValueError) -> None:
        """Add a value that its column cannot hold. The first value of each column is kept.

        Objects and arrays are kept as JSON text.
        """
        value = error.args[0]
        if isinstance(value, (dict, list)):
            value = _json_text(value)
        values = self._fractions if isinstance(error, FractionError) else self._bad_values
        with self._lock:
            values.setdefault(path, value)

    def add_unusable_record(self, reason: str, keys: dict[str, t.Any]) -> None:
        """Add a record that was left out, with the raw values of its key columns."""
        shown = {name: f"{_json_text(value):.{MAX_VALUE_LENGTH}}" for name, value in keys.items()}
        text = ", ".join(f"{name} {value}" for name, value in shown.items())
        with self._lock:
            if len(self._unusable_records) < MAX_UNUSABLE_RECORDS:
                self._unusable_records.append(f"{reason} ({text})" if text else reason)

    def add_repaired_text(self) -> None:
        """Register that a response was not clean JSON or Unicode."""
        with self._lock:
            self._has_repaired_text = True

    def take(self) -> DriftReport:
        """Return the collected differences, sorted by column, and reset them."""
        with self._lock:
            report = DriftReport(
                sorted(self._unknown_columns),
                dict(sorted(self._bad_values.items())),
                dict(sorted(self._fractions.items())),
                self._unusable_records,
                self._has_repaired_text,
            )
            self._reset()
        return report


def _json_text(value: t.Any) -> str:
    """Return the JSON text of a value."""
    if isinstance(value, str):
        return to_text([value])[1:-1]  # type: ignore[index] # a list is never None
    try:
        return to_text(value) or "null"
    except BadValueError:
        return "(nested too deeply)"
