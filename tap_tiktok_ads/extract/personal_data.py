"""Personal data: the setting `pii` keeps, hashes or drops it."""

from __future__ import annotations

import hashlib
import typing as t

from tap_tiktok_ads.extract.schemas import PERSONAL_COLUMNS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.extract.pages import Record


class PersonalData:
    """The columns of a stream that hold names and addresses of people.

    Attributes:
        schema: The JSON Schema of the stream, without the columns that are dropped.
    """

    def __init__(self, schema: dict[str, t.Any], mode: str | None) -> None:
        """Prepare.

        Args:
            schema: The JSON Schema of the stream, changed in place.
            mode: The setting `pii`: keep, hash or drop. None means keep.
        """
        self.schema = schema
        self._columns = PERSONAL_COLUMNS & schema["properties"].keys()
        self._mode = mode
        if mode == "drop":
            for column in self._columns:
                del schema["properties"][column]

    def transforms(self) -> Sequence[Callable[[Record], Record]]:
        """Return the functions that a record passes before it is cast."""
        if not self._columns or self._mode in {None, "keep"}:
            return ()
        return (self._hash,) if self._mode == "hash" else (self._drop,)

    def _drop(self, record: Record) -> Record:
        for column in self._columns & record.keys():
            del record[column]
        return record

    def _hash(self, record: Record) -> Record:
        for column in self._columns & record.keys():
            value = record.pop(column)
            record[column] = None
            if value not in (None, ""):
                record[column] = hashlib.sha256(str(value).encode()).hexdigest()
        return record
