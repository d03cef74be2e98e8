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
COLUMN = "_deleted_at"
SCHEMA = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "When a run found that TikTok lists the object no more; its other columns are "
    "empty then. Null while it is listed.",
}
#: The member of an advertiser's state that holds what was listed.
MEMBER = "listed"
#: Objects of a stream that a state holds at most, over all advertisers: some 11 bytes each.
MOST = 20_000
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


def count(part: t.Any) -> int:
    """How many objects a part of the state holds."""
    found = part.get("count") if isinstance(part, dict) else 0
    return found if isinstance(found, int) else 0


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """What a run listed of an advertiser.

    Attributes:
        identities: their keys; None where nobody knows.
        listings: how many listings were answered: an account may be refused that of TopView.
        whole: whether these are all.
        empty: whether the run before found nothing where there had been something.
    """

    identities: frozenset[Identity] | None = None
    listings: int = 0
    whole: bool = False
    empty: bool = False

    @classmethod
    def of_state(cls, part: t.Any, columns: int) -> Listed:
        """What the state holds, of keys of so many columns."""
        if not isinstance(part, dict):
            return cls()
        listings = part.get("listings")
        return cls(
            unpack(part.get("keys"), columns),
            listings if isinstance(listings, int) else 0,
            whole=True,
            empty=bool(part.get("empty")),
        )

    def for_state(self) -> dict[str, t.Any]:
        """A part of a state."""
        identities = self.identities or frozenset()
        part = {"keys": pack(identities), "count": len(identities), "listings": self.listings}
        return part | ({"empty": True} if self.empty else {})

    def _is_believable(self, before: Listed) -> bool:
        """Whether what this lacks is gone: the same was asked, and all of it answered.

        Nothing at all where there was something is believed when it comes twice.
        """
        suspicious = not self.identities and bool(before.identities) and not before.empty
        return self.whole and self.listings == before.listings and not suspicious

    def lacks(self, before: Listed) -> list[Identity]:
        """What was listed before, and is gone; in an order that does not change."""
        if not before.identities or not self._is_believable(before):
            return []
        return sorted(before.identities - (self.identities or frozenset()), key=repr)

    def after(self, before: Listed) -> Listed:
        """What a state should hold now: nothing is left out that no tombstone told of."""
        if self.whole and before.identities is None:
            return self
        if self._is_believable(before):
            return self
        kept = (before.identities or frozenset()) | (self.identities or frozenset())
        empty = self.whole and not self.identities and bool(before.identities)
        return dataclasses.replace(
            self, identities=kept, empty=empty, listings=max(self.listings, before.listings)
        )
