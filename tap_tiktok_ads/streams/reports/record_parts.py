"""Records that several responses bring in parts, joined by their dimensions."""

from __future__ import annotations

import array
import io
import threading
import typing as t

import msgspec

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.temporary_files import open_temporary_file, storing

if t.TYPE_CHECKING:
    from collections.abc import Sequence

_EMPTY = b"{}"
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.decode


class _RawRecord(msgspec.Struct):
    """A record of a report, its members still JSON."""

    dimensions: msgspec.Raw = msgspec.Raw(_EMPTY)
    metrics: msgspec.Raw = msgspec.Raw(_EMPTY)


_decode_record = msgspec.json.Decoder(_RawRecord).decode


class RecordParts:
    """The records of a list, each received in parts: one for each batch of metrics. Thread-safe.

    The JSON text of all parts is in a temporary file. So memory holds a few numbers per record.

    Attributes:
        part_bytes: Size of the largest response that was added.
    """

    def __init__(self, label: str, dimensions: Sequence[str], batch_count: int) -> None:
        """Create an empty file.

        Args:
            label: Endpoint and advertiser of the list, for messages.
            dimensions: The dimensions that identify a record.
            batch_count: Number of parts of a complete record.
        """
        self._content = f"the records of {label}"
        self._label = label
        self._dimensions = dimensions
        self._file = open_temporary_file(self, self._content)
        self._lock = threading.Lock()
        self._positions: dict[int, int] = {}  # by the hash of the dimensions
        self._ends = [array.array("q") for _ in range(batch_count)]  # in the file, 0 for no part
        self._sizes = [array.array("q") for _ in range(batch_count)]
        self.part_bytes = 0
        self._size = 0
        self._repeated = 0

    @property
    def count(self) -> int:
        """Number of distinct records."""
        return len(self._positions)

    @property
    def are_complete(self) -> bool:
        """True if each record was received once in every batch."""
        is_equal = all(len(ends) == self.count and all(ends) for ends in self._ends)
        return is_equal and not self._repeated

    def add(self, batch: int, raw_records: Sequence[t.Any]) -> None:
        """Add the records of a response.

        Args:
            batch: Number of the batch of metrics, starting at 0.
            raw_records: Raw JSON, or objects.

        Raises:
            TypeError: The dimensions or metrics of a record are not an object.
            StorageError: The file cannot be written.
        """
        ends, sizes, start = self._ends[batch], self._sizes[batch], self._size
        with storing(self._content):
            for raw in raw_records:
                is_raw = isinstance(raw, msgspec.Raw)
                text = bytes(raw) if is_raw else _encode(raw)
                self._size += self._file.write(text)
                position = self._position(_decode_record(text))
                missing = position + 1 - len(ends)
                ends.extend([0] * missing)
                sizes.extend([0] * missing)
                self._repeated += ends[position] > 0
                ends[position], sizes[position] = self._size, len(text)
        self.part_bytes = max(self.part_bytes, self._size - start)

    def _position(self, record: _RawRecord) -> int:
        """Return the position of a record. A record with new dimensions is the last one."""
        dimensions = _decode(_members(record.dimensions))
        key = hash(tuple(map(dimensions.get, self._dimensions)))
        return self._positions.setdefault(key, len(self._positions))

    def size(self, positions: range) -> int:
        """Return the number of bytes of the records at some positions."""
        return sum(sum(sizes[positions.start : positions.stop]) for sizes in self._sizes)

    def read(self, positions: range) -> bytes:
        """Return the JSON array of the joined records at some positions.

        Raises:
            ResponseError: Parts of two records were taken for parts of one record.
        """
        text = io.BytesIO()
        text.write(b"[")
        with self._lock:
            for position in positions:
                text.write(b"," if position > positions.start else b"")
                text.write(self._join(position))
        text.write(b"]")
        return text.getvalue()

    def _join(self, position: int) -> bytes:
        """Return the JSON of a record: the dimensions, and the metrics of all its parts."""
        raw_records = [
            _decode_record(self._part(ends[position], sizes[position]))
            for ends, sizes in zip(self._ends, self._sizes, strict=True)
            if position < len(ends) and ends[position]
        ]
        dimensions = _members(raw_records[0].dimensions)
        for raw_record in raw_records[1:]:
            self._check_equal(dimensions, _members(raw_record.dimensions))
        metrics = (_members(raw_record.metrics)[1:-1].strip() for raw_record in raw_records)
        joined = b",".join(filter(None, metrics))
        return b'{"dimensions":%s,"metrics":{%s}}' % (dimensions, joined)

    def _part(self, end: int, size: int) -> bytes:
        self._file.seek(end - size)
        return self._file.read(size)

    def _check_equal(self, dimensions: bytes, others: bytes) -> None:
        """Raise `ResponseError` if the dimensions of two parts with one hash differ."""
        if dimensions == others:
            return
        one, other = _decode(dimensions), _decode(others)
        if any(one.get(name) != other.get(name) for name in self._dimensions):
            msg = f"{self._label}: two records have the same hash. The next run reads them again."
            raise ResponseError(msg)


def _members(raw: msgspec.Raw) -> bytes:
    """Return the JSON object in a member of a record. A missing or empty member has no members.

    Raises:
        TypeError: It is not an object.
    """
    text = bytes(raw)
    if text.startswith(b"{"):
        return text
    if _decode(text):
        msg = f"expected an object, got {text[:100]!r}"
        raise TypeError(msg)
    return _EMPTY
