"""Conversion of raw records to a page of typed records, or of finished RECORD lines."""

from __future__ import annotations

import typing as t

import msgspec

from tap_tiktok_ads.api.json_repair import repair
from tap_tiktok_ads.api.messages import DECODE_ERRORS
from tap_tiktok_ads.extract.object_decoder import ObjectDecoder
from tap_tiktok_ads.extract.page_decoder import decode_record
from tap_tiktok_ads.extract.pages import Page

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.casting import Caster
    from tap_tiktok_ads.extract.deduplication import RecordFilter
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Source

    Transform = Callable[[Record], Record]

#: Approximate bytes in memory of a typed record, per byte of its JSON text.
BYTES_PER_JSON_BYTE = 5


class LineEncoder(t.Protocol):
    """Encodes records as RECORD lines. Implemented by the Singer layer.

    A record that only the Singer layer can write stays a record.

    Attributes:
        completes_json: True if it also completes records that are JSON already.
    """

    completes_json: bool

    def for_page(self) -> Callable[[t.Any], bytes | Record]:
        """Return the function that encodes the records of one page, or completes their JSON."""

    def encode_members(
        self, members: list[bytes], columns: Mapping[str, t.Any]
    ) -> Sequence[bytes | Record]:
        """Return the lines of report records whose JSON members are encoded already."""


class RecordFlattener:
    """Turns raw records into flat records that are not yet cast."""

    def __init__(self, source: Source, transforms: Sequence[Transform] = ()) -> None:
        """Prepare.

        Args:
            source: Flattens one raw record.
            transforms: Functions that change a flat record, in this order.
        """
        self.source = source
        self._transforms = transforms

    @property
    def has_transforms(self) -> bool:
        """True if functions change the flat records."""
        return bool(self._transforms)

    def records(self, task: Task, raw_records: Sequence[t.Any]) -> Iterator[Record]:
        """Yield the flat records of raw records."""
        flatten = self.source.flatten
        records = (flat for raw in raw_records for flat in flatten(_decoded(raw), task))
        for transform in self._transforms:
            records = map(transform, records)  # type: ignore[assignment]
        return records


class PageBuilder:
    """Turns the raw records of a response into a page.

    One record passes these steps: decode, flatten, transform, cast, fingerprint, encode. They run
    record by record, while the record is in the processor's cache.

    Attributes:
        encoder: Encodes RECORD lines, or None if the SDK must still process the records.
        columns: Columns of typed records, or None for all.
    """

    def __init__(
        self, flattener: RecordFlattener, caster: Caster, record_filter: RecordFilter
    ) -> None:
        self.source = flattener.source
        self.caster = caster
        self.encoder: LineEncoder | None = None
        self.columns: Collection[str] | None = None
        self._object_decoder: ObjectDecoder | None = None
        self._flattener = flattener
        self._filter = record_filter

    def encode_lines(self, encoder: LineEncoder, deselected: Collection[str]) -> None:
        """Build pages of RECORD lines from now on.

        Args:
            encoder: Encodes the lines.
            deselected: Columns that are not written.
        """
        self.encoder = encoder
        if encoder.completes_json and not self._flattener.has_transforms:
            self._object_decoder = ObjectDecoder.of(
                self.caster, self.source.flatten, self._filter, deselected
            )

    def build(self, task: Task, raw_records: Sequence[t.Any], response: Response) -> Page:
        """Return the page of typed records, or of RECORD lines."""
        facts = self._facts(task, raw_records, response)
        if raw_records and isinstance(raw_records[0], tuple):
            return self._from_members(task, raw_records, facts)
        if self.encoder is not None:
            return self._encoded(self.encoder, task, raw_records, facts)
        typed, fingerprints = [], []
        for record, fingerprint in self._cast(task, raw_records):
            typed.append(self._needed(record))
            fingerprints.append(fingerprint)
        weight = BYTES_PER_JSON_BYTE * len(response.body)
        return Page(typed, len(typed), _usable(fingerprints), weight=weight, **facts)

    def _needed(self, record: Record) -> Record:
        """Return the record without the columns that are not needed."""
        if self.columns is None:
            return record
        return {name: record[name] for name in self.columns if name in record}

    def _facts(
        self, task: Task, raw_records: Sequence[t.Any], response: Response
    ) -> dict[str, t.Any]:
        """Return the facts about the response that every page carries."""
        facts: dict[str, t.Any] = {
            "server_time": response.server_time,
            "is_truncated": response.is_truncated,
        }
        page_facts = self.source.page_facts(task, response, len(raw_records))
        return facts if page_facts is None else facts | page_facts._asdict()

    def _from_members(
        self, task: Task, raw_records: Sequence[t.Any], facts: dict[str, t.Any]
    ) -> Page:
        """Return the lines of records that a report decoder has typed and encoded."""
        members, fingerprints = map(list, zip(*raw_records, strict=True))
        encoder = t.cast("LineEncoder", self.encoder)
        lines = encoder.encode_members(members, self.source.constant_columns(task))
        weight = sum(map(len, lines))
        return Page(lines, len(raw_records), fingerprints, weight=weight, **facts)

    def _encoded(
        self,
        encoder: LineEncoder,
        task: Task,
        raw_records: Sequence[t.Any],
        facts: dict[str, t.Any],
    ) -> Page:
        """Return the page of RECORD lines."""
        fingerprints, lines = [], []
        encode = encoder.for_page()
        for record, fingerprint in self._fingerprinted(task, raw_records):
            fingerprints.append(fingerprint)
            lines.append(encode(record))
        weight = sum(map(len, lines))
        return Page(lines, len(lines), _usable(fingerprints), weight=weight, **facts)

    def _fingerprinted(
        self, task: Task, raw_records: Sequence[t.Any]
    ) -> Iterator[tuple[Record | bytes, t.Any]]:
        """Yield the typed records, some as JSON, with their fingerprints."""
        decode = None
        if self._object_decoder and raw_records and isinstance(raw_records[0], msgspec.Raw):
            decode = self._object_decoder.for_page(task)
        if decode is None:
            yield from self._cast(task, raw_records)
            return
        for raw in raw_records:
            decoded = decode(raw)
            if decoded is None:
                yield from self._cast(task, [raw])
            else:
                yield decoded

    def _cast(self, task: Task, raw_records: Sequence[t.Any]) -> Iterator[tuple[Record, t.Any]]:
        """Yield the typed records with their fingerprints."""
        fingerprint = self._filter.fingerprint
        for record in self.caster.records(self._flattener.records(task, raw_records)):
            yield record, fingerprint(record)


def _decoded(raw: t.Any) -> Record:
    """Return a raw record as a dictionary."""
    if not isinstance(raw, msgspec.Raw):
        return t.cast("Record", raw)
    try:
        return decode_record(raw)
    except DECODE_ERRORS:  # a number that no float holds: the page decoder skips it
        return decode_record(repair(bytes(raw), replaces_null=False))


def _usable(fingerprints: list[t.Any]) -> list[t.Any] | None:
    """Return the fingerprints, or None if the stream has none."""
    return fingerprints if fingerprints and fingerprints[0] is not None else None
