"""The fast path of objects: msgspec decodes, checks and encodes a record in C."""

from __future__ import annotations

import operator
import threading
import typing as t

import msgspec

from tap_tiktok_ads.api.messages import DECODE_ERRORS
from tap_tiktok_ads.extract import values
from tap_tiktok_ads.extract.deduplication import Fingerprint, KeyedFilter
from tap_tiktok_ads.extract.page_decoder import decode_record
from tap_tiktok_ads.extract.record_types import ObjectMember
from tap_tiktok_ads.extract.source import ADVERTISER, AddedColumns
from tap_tiktok_ads.extract.values import BadValueError, encode_json

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_tiktok_ads.extract.casting import Caster
    from tap_tiktok_ads.extract.deduplication import RecordFilter
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.source import Flatten

    Decoded = tuple[bytes, Fingerprint]

#: Maximum number of records that are learned. Each takes longer than a record of the slow path.
MAX_LEARNED = 200
#: The fast path is given up once so many more records failed on it than passed it.
MAX_FAILED = 500


class ObjectDecoder:
    """Decodes raw records to the JSON of typed records. Thread-safe.

    The result is what `Caster` and the writer produce, several times faster. A record is first
    encoded as it was decoded. If that is not the text that was received, the record takes the
    slow path. So no member is lost, no order changes and no number is rounded. Its members are
    learned: the next record with these members takes the fast path.
    """

    def __init__(
        self,
        caster: Caster,
        added_columns: AddedColumns,
        record_filter: KeyedFilter,
        deselected: Collection[str],
    ) -> None:
        """Prepare.

        Args:
            caster: Casts the records of the slow path.
            added_columns: The columns that are added to a raw record.
            record_filter: The filter of the stream, whose records have keys.
            deselected: Columns that are not written.
        """
        keys = {*caster.required, *record_filter.key_columns} - {ADVERTISER}
        self._record = ObjectMember(caster.schema, "", caster, keys)
        self._keys = keys
        self._added_columns = added_columns
        self._filter = record_filter
        self._deselected = deselected
        self._lock = threading.Lock()
        self._type: _RecordType | None = None
        self._learned = 0
        self._failed = 0

    @classmethod
    def of(
        cls,
        caster: Caster,
        flatten: Flatten,
        record_filter: RecordFilter,
        deselected: Collection[str],
    ) -> ObjectDecoder | None:
        """Return the decoder of a stream, or None if its records pass more steps than casting.

        Args:
            caster: Casts the records of the slow path.
            flatten: Flattens the records of the slow path.
            record_filter: Makes the fingerprints of the slow path.
            deselected: Columns that are not written.
        """
        if not isinstance(flatten, AddedColumns) or not isinstance(record_filter, KeyedFilter):
            return None
        columns, keys = caster.schema["properties"], record_filter.key_columns
        if not keys or ADVERTISER in keys or not columns.keys() >= {*flatten.names}:
            return None
        texts = {ADVERTISER, *caster.required, *keys}
        converters = [caster.converter(columns.get(name, {}), name) for name in texts]
        if any(convert is not values.to_text for convert in converters):
            return None
        return cls(caster, flatten, record_filter, deselected)

    def for_page(self, task: Task) -> Callable[[msgspec.Raw], Decoded | None] | None:
        """Return the decoder of the records of one page, or None for a page of the slow path.

        It returns the JSON of a record and its fingerprint, or None for an unusual record.
        """
        if task.advertiser is None or self._failed >= MAX_FAILED:
            return None
        added = self._added_columns.values(task)
        tails = {
            name: b"" if name in self._deselected else b"," + encode_json({name: value})[1:-1]
            for name, value in added.items()
        }
        owner = added[ADVERTISER]

        def decode(raw: msgspec.Raw) -> Decoded | None:
            text, record_type = bytes(raw), self._type
            decoded = None if record_type is None else record_type.decode(text, owner, tails)
            if decoded is None:
                self._failed += 1
                self._learn(text)
            elif self._failed:
                self._failed -= 1
            return decoded

        return decode

    def _learn(self, text: bytes) -> None:
        """Add the members of a record to the type of records.

        The slow path leaves out a record without keys before it reports new members.
        """
        with self._lock:
            if self._learned >= MAX_LEARNED:
                return
            self._learned += 1
            try:
                record = decode_record(text)
            except DECODE_ERRORS:
                return
            has_keys = isinstance(record, dict) and all(map(record.get, self._keys))
            if has_keys and self._record.learn(record):
                self._type = self._compile()

    def _compile(self) -> _RecordType | None:
        """Return the type of the records learned so far, or None if it has no keys yet."""
        record_type, steps, attributes = self._record.compile_object()
        if not attributes.keys() >= self._keys:
            return None
        return _RecordType(
            record_type,
            steps,
            [attributes[name] for name in self._filter.key_columns],
            attributes.get(self._filter.change_column),
            [(name, attributes.get(name)) for name in self._added_columns.names],
            [attributes[name] for name in self._deselected if name in attributes],
        )


class _RecordType:
    """The type of the records learned so far."""

    def __init__(  # noqa: PLR0913, PLR0917 - made by `ObjectDecoder` only
        self,
        record_type: type,
        steps: Sequence[t.Any],
        keys: Sequence[str],
        changed_at: str | None,
        added: Sequence[tuple[str, str | None]],
        deselected: Sequence[str],
    ) -> None:
        """Prepare.

        Args:
            record_type: The msgspec type.
            steps: Conversions of members, by attribute.
            keys: Attributes of the keys.
            changed_at: Attribute of the time of the last change, if records have it.
            added: Columns that are added where they are missing, with their attributes.
            deselected: Attributes that are not written.
        """
        self._decode: t.Any = msgspec.json.Decoder(record_type).decode
        self._steps = steps
        self._keys = [operator.attrgetter(key) for key in keys]
        self._changed_at = changed_at
        self._added = added
        self._deselected = deselected

    def decode(self, text: bytes, owner: str, tails: dict[str, bytes]) -> Decoded | None:
        """Return the JSON of a record and its fingerprint, or None for an unusual record.

        Args:
            text: The raw record.
            owner: The ID of the advertiser whose records are read.
            tails: The JSON of each column that is added where it is missing.
        """
        record = self._typed(text)
        tail = None if record is None else self._tail(record, owner, tails)
        if record is None or tail is None:
            return None
        changed_at = None if self._changed_at is None else getattr(record, self._changed_at)
        changed_at = None if changed_at is msgspec.UNSET else changed_at
        fingerprint = Fingerprint(tuple([key(record) for key in self._keys]), changed_at)
        return self._encode(record, tail), fingerprint

    def _typed(self, text: bytes) -> t.Any:
        """Return the typed record, or None for an unusual record."""
        try:
            record = self._decode(text)
            if encode_json(record) != text:
                return None
            for attribute, convert, kept in self._steps:
                value = getattr(record, attribute)
                if type(value) not in kept:
                    setattr(record, attribute, convert(value))
        except (*DECODE_ERRORS, BadValueError):
            return None
        return record

    def _tail(self, record: t.Any, owner: str, tails: dict[str, bytes]) -> bytes | None:
        """Return the JSON of the added columns, or None for a record of another advertiser."""
        tail = b""
        for name, attribute in self._added:
            value = msgspec.UNSET if attribute is None else getattr(record, attribute)
            if value is msgspec.UNSET:
                tail += tails[name]
            elif name == ADVERTISER and value != owner:
                return None
        return tail

    def _encode(self, record: t.Any, tail: bytes) -> bytes:
        """Return the JSON of a typed record, with added columns at its end."""
        for attribute in self._deselected:
            setattr(record, attribute, msgspec.UNSET)
        encoded = encode_json(record)
        return encoded[:-1] + tail + b"}" if tail else encoded
