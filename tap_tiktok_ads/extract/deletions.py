"""Which objects a listing held the last time, kept in the state, so that what is gone is known.

Digests would tell that something is gone, but not what: a tombstone needs the key.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import typing as t
import zlib

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    Identity = tuple[t.Any, ...]

#: The column that tells when an object was found to be gone.
DELETED_AT = "_deleted_at"
DELETED_AT_SCHEMA = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "When a run found that TikTok lists the object no more; its other columns are "
    "empty then. Null while it is listed.",
}
#: The member of an advertiser's state that holds what was listed.
STATE_MEMBER = "listed"
#: Objects of a stream that a state holds at most, over all advertisers: some 11 bytes each.
MAX_LISTED_OBJECTS = 20_000
#: Bytes that an unpacked listing may take.
_LARGEST = 50_000_000


def pack(identities: Iterable[Identity]) -> str:
    """The keys of a listing as text for a state, the same in whatever order they came."""
    content = json.dumps(sorted(identities, key=json.dumps), separators=(",", ":"))
    return base64.b64encode(zlib.compress(content.encode(), 9)).decode()


def unpack(packed: t.Any, columns: int) -> frozenset[Identity] | None:
    """The keys, of so many columns, that a state holds; None where none can be read."""
    if not isinstance(packed, str):
        return None
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(packed), _LARGEST)
        found = frozenset(map(tuple, json.loads(content)))
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        return None
    return found if all(len(one) == columns for one in found) else None


def object_count(part: t.Any) -> int:
    """How many objects a part of the state holds."""
    found = part.get("count") if isinstance(part, dict) else 0
    return found if isinstance(found, int) else 0


@dataclasses.dataclass(frozen=True, slots=True)
class ListedObjects:
    """What a run listed of an advertiser.

    Attributes:
        keys: their keys; None where nobody knows.
        list_count: how many listings were answered: an account may be refused that of TopView.
        is_complete: whether these are all.
        was_empty: whether the run before found nothing where there had been something.
    """

    keys: frozenset[Identity] | None = None
    list_count: int = 0
    is_complete: bool = False
    was_empty: bool = False

    @classmethod
    def from_state(cls, part: t.Any, columns: int) -> ListedObjects:
        """What the state holds, of keys of so many columns."""
        if not isinstance(part, dict):
            return cls()
        listings = part.get("listings")
        return cls(
            unpack(part.get("keys"), columns),
            listings if isinstance(listings, int) else 0,
            is_complete=True,
            was_empty=bool(part.get("empty")),
        )

    def to_state(self) -> dict[str, t.Any]:
        """A part of a state."""
        identities = self.keys or frozenset()
        part = {"keys": pack(identities), "count": len(identities), "listings": self.list_count}
        return part | ({"empty": True} if self.was_empty else {})

    def _is_believable(self, before: ListedObjects) -> bool:
        """Whether what this lacks is gone: the same was asked, and all of it answered.

        Nothing at all where there was something is believed when it comes twice.
        """
        suspicious = not self.keys and bool(before.keys) and not before.was_empty
        return self.is_complete and self.list_count == before.list_count and not suspicious

    def missing_since(self, before: ListedObjects) -> list[Identity]:
        """What was listed before, and is gone; in an order that does not change."""
        if not before.keys or not self._is_believable(before):
            return []
        return sorted(before.keys - (self.keys or frozenset()), key=repr)

    def merged_with(self, before: ListedObjects) -> ListedObjects:
        """What a state should hold now: nothing is left out that no tombstone told of."""
        if self.is_complete and before.keys is None:
            return self
        if self._is_believable(before):
            return self
        kept = (before.keys or frozenset()) | (self.keys or frozenset())
        empty = self.is_complete and not self.keys and bool(before.keys)
        return dataclasses.replace(
            self, keys=kept, was_empty=empty, list_count=max(self.list_count, before.list_count)
        )
