"""Recognition of duplicate records, and of records unchanged since the bookmark."""

from __future__ import annotations

import operator
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.json_kinds import json_kind
from tap_tiktok_ads.extract.values import encode_json

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.pages import Page, Record
    from tap_tiktok_ads.extract.task_groups import TaskGroup

Key = tuple[t.Any, ...]


def _no_list(advertiser: Advertiser | None) -> None:
    """Return None, because no previous list is known."""


class RecordFilter:
    """Keeps every record: for streams whose records have no key."""

    #: True if repeated records are recognized.
    has_keys = False

    def fingerprint(self, record: Record) -> t.Any:
        """Return the hash of the record, by which equal pages are recognized."""
        return hash(encode_json(record))

    def key_of(self, fingerprint: t.Any) -> t.Any:
        """Return the value that all fingerprints of one object share."""
        return fingerprint

    def select(self, page: Page, group: TaskGroup) -> Page:  # noqa: ARG002 - for subclasses
        """Return the page with the records to write, and register their keys in the group."""
        return page


class ReportFilter(RecordFilter):
    """Drops duplicate report records of a window, recognized by their dimensions."""

    has_keys = True

    def __init__(self, dimensions: Sequence[str]) -> None:
        self._dimensions = tuple(dimensions)

    @override
    def fingerprint(self, record: Record) -> int:
        """Return the hash of the dimensions, as `ReportDecoder` computes it."""
        return hash(tuple(map(record.__getitem__, self._dimensions)))

    @override
    def select(self, page: Page, group: TaskGroup) -> Page:
        fingerprints: Sequence[int] = page.fingerprints or ()
        new_keys = set(fingerprints)
        if len(new_keys) == len(fingerprints) and group.seen_keys.isdisjoint(new_keys):
            group.seen_keys |= new_keys
            return page
        mask = []
        for fingerprint in fingerprints:
            mask.append(fingerprint not in group.seen_keys)
            group.seen_keys.add(fingerprint)
        group.repeated += mask.count(False)
        return page.select(mask)


class Fingerprint(t.NamedTuple):
    """The key of an object and the time of its last change."""

    key: Key
    changed_at: str | None


def _has_changed(
    fingerprint: Fingerprint, start: t.Any, listed_keys: AbstractSet[Key] | None
) -> bool:
    """Return True if an object has changed since the bookmark, or is new in the list."""
    changed_at = fingerprint.changed_at
    if start is None or not changed_at or changed_at >= start:
        return True
    return listed_keys is not None and fingerprint.key not in listed_keys


class KeyedFilter(RecordFilter):
    """Drops duplicate objects of a list, and objects unchanged since the bookmark.

    An object without a time of change is always kept.

    Attributes:
        key_columns: Columns that identify a record within an advertiser.
        change_column: Column with the time of the last change, or an empty text.
    """

    def __init__(
        self,
        stream_name: str,
        key_columns: Sequence[str],
        change_column: str,
        *,
        starts: Mapping[str | None, t.Any],
        listed_keys: Callable[[Advertiser | None], AbstractSet[Key] | None] = _no_list,
    ) -> None:
        """Prepare.

        Args:
            stream_name: The stream, for messages.
            key_columns: Columns that identify a record.
            change_column: Column with the time of the last change, or an empty text.
            starts: Bookmark by advertiser id, filled before the first page.
            listed_keys: Returns the keys of an advertiser's previous complete list, or None.
        """
        self.stream_name = stream_name
        self.key_columns = list(key_columns)
        self.change_column = change_column
        self._starts = starts
        self.listed_keys = listed_keys
        self.has_keys = bool(key_columns)

    @override
    def fingerprint(self, record: Record) -> Fingerprint:
        """Return the key and the time of the last change. Without a key, the hash of the record."""
        changed_at = record.get(self.change_column)
        if not self.has_keys:
            return Fingerprint((hash(encode_json(record)),), changed_at)
        return Fingerprint(tuple(map(record.get, self.key_columns)), changed_at)

    @override
    def key_of(self, fingerprint: Fingerprint) -> Key:
        return fingerprint.key

    def has_changed(self, fingerprint: Fingerprint, advertiser: Advertiser | None) -> bool:
        """Return True if an object has changed since the bookmark, or is new in the list."""
        start = self._starts.get(advertiser.id if advertiser else None)
        return _has_changed(fingerprint, start, self.listed_keys(advertiser))

    @override
    def select(self, page: Page, group: TaskGroup) -> Page:
        """Return the page with the records to write.

        Raises:
            ResponseError: Keys or times of change are of types that cannot be compared.
        """
        if not page.fingerprints:
            return page
        try:
            return self._select(page, page.fingerprints, group)
        except TypeError:
            start = self._starts.get(group.advertiser.id if group.advertiser else None)
            found = _types_text(self._values(page.fingerprints), start)
            msg = (
                f"Keys of {self.stream_name} have values of several types, so records cannot be "
                f"compared: {found}. Set one type for each key in the schema."
            )
            raise ResponseError(msg) from None

    def _values(self, fingerprints: Sequence[Fingerprint]) -> dict[str, list[t.Any]]:
        """Return the values of the keys and of the column of changes, by column."""
        values = {self.change_column: [fingerprint.changed_at for fingerprint in fingerprints]}
        for position, name in enumerate(self.key_columns):
            values[name] = [fingerprint.key[position] for fingerprint in fingerprints]
        return values

    def _select(self, page: Page, fingerprints: Sequence[Fingerprint], group: TaskGroup) -> Page:
        start = self._starts.get(group.advertiser.id if group.advertiser else None)
        group.latest_change = self._latest_change(fingerprints, group.latest_change)
        new_keys = {fingerprint.key for fingerprint in fingerprints} if self.has_keys else set()
        is_unique = len(new_keys) in {0, len(fingerprints)}
        if start is None and is_unique and group.seen_keys.isdisjoint(new_keys):
            group.seen_keys |= new_keys
            return page
        listed_keys = self.listed_keys(group.advertiser)
        mask = []
        for fingerprint in fingerprints:
            is_repeated = fingerprint.key in group.seen_keys
            group.repeated += is_repeated
            has_changed = _has_changed(fingerprint, start, listed_keys)
            mask.append(has_changed and not is_repeated)
            if self.has_keys:
                group.seen_keys.add(fingerprint.key)
        return page.select(mask)

    @staticmethod
    def _latest_change(fingerprints: Sequence[Fingerprint], previous: str | None) -> str | None:
        changes = filter(None, map(operator.attrgetter("changed_at"), fingerprints))
        return max([*changes, *([] if previous is None else [previous])], default=None)


def _types_text(values: Mapping[str, Sequence[t.Any]], start: t.Any) -> str:
    """Return the JSON types of the values of each column, and of the bookmark."""
    texts = []
    for name, column in values.items():
        if kinds := sorted({json_kind(value) for value in column if value is not None}):
            texts.append(f"{name} has {' and '.join(kinds)}")
    if start is not None:
        texts.append(f"the bookmark is {json_kind(start)}")
    return ", ".join(texts)
