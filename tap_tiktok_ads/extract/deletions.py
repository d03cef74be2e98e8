"""Detection of deleted objects: the keys of the last complete list are kept in the state.

A digest of the list would show that an object is missing. A tombstone needs its key.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import typing as t
import zlib

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Key = tuple[t.Any, ...]

#: The column with the time when an object was found deleted.
DELETED_AT = "_deleted_at"
DELETED_AT_SCHEMA = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "Time when a run found that TikTok no longer lists the object. In this "
    "record, all other columns except the keys are null. Null while TikTok lists the object.",
}
#: The member of an advertiser's state with the objects listed.
STATE_MEMBER = "listed"
#: Maximum number of objects of a stream in a state, over all advertisers: about 11 bytes each.
MAX_LISTED_OBJECTS = 20_000
MAX_UNPACKED_BYTES = 50_000_000
_MAX_COMPRESSION = 9
#: Number of hexadecimal digits of the digest of missing objects.
DIGEST_LENGTH = 16


def pack(keys: Iterable[Key]) -> str:
    """Return keys as text for a state. The text does not depend on their order."""
    content = json.dumps(sorted(keys, key=json.dumps), separators=(",", ":"))
    return base64.b64encode(zlib.compress(content.encode(), _MAX_COMPRESSION)).decode()


def unpack(packed: t.Any, column_count: int) -> frozenset[Key] | None:
    """Return the keys in a state, or None if they cannot be read.

    Args:
        packed: A result of `pack`.
        column_count: Number of columns of each key.
    """
    if not isinstance(packed, str):
        return None
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(packed), MAX_UNPACKED_BYTES)
        keys = frozenset(map(tuple, json.loads(content)))
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        return None
    return keys if all(len(key) == column_count for key in keys) else None


def object_count(listed: t.Any) -> int:
    """Return the number of objects in the `listed` member of a state."""
    count = listed.get("count") if isinstance(listed, dict) else 0
    return count if isinstance(count, int) else 0


@dataclasses.dataclass(frozen=True, slots=True)
class ListedObjects:
    """The objects of an advertiser that a run received from a list endpoint.

    Attributes:
        keys: Keys of the objects. None: unknown.
        list_count: Number of lists received. An account may lack permission for TopView objects.
        is_complete: True if all objects were received.
        suspected: Digest of the missing objects, if more than half were missing. They are
            deleted if the next run misses the same objects.
    """

    keys: frozenset[Key] | None = None
    list_count: int = 0
    is_complete: bool = False
    suspected: str | None = None

    @classmethod
    def from_state(cls, listed: t.Any, column_count: int) -> ListedObjects:
        """Return the objects in the `listed` member of a state.

        Args:
            listed: A result of `to_state`. Anything else yields unknown keys.
            column_count: Number of columns of each key.
        """
        if not isinstance(listed, dict):
            return cls()
        list_count = listed.get("listings")
        return cls(
            unpack(listed.get("keys"), column_count),
            list_count if isinstance(list_count, int) else 0,
            is_complete=True,
            suspected=_suspected_in(listed),
        )

    def to_state(self) -> dict[str, t.Any]:
        """Return the `listed` member: `{"keys": "eJyL...", "count": 2, "listings": 1}`."""
        keys = self.keys or frozenset()
        listed = {"keys": pack(keys), "count": len(keys), "listings": self.list_count}
        return listed | {"suspected": self.suspected}

    def missing_since(self, earlier: ListedObjects) -> list[Key]:
        """Return the keys of the objects deleted since an earlier run, in a stable order."""
        if not earlier.keys or not self._is_credible_after(earlier):
            return []
        return sorted(earlier.keys - (self.keys or frozenset()), key=repr)

    def merged_with(self, earlier: ListedObjects) -> ListedObjects:
        """Return the objects for the state. No object leaves the state without a tombstone.

        Args:
            earlier: Objects of the earlier run.
        """
        if self.is_complete and earlier.keys is None:
            return self
        if self._is_credible_after(earlier):
            return self
        return dataclasses.replace(
            self,
            keys=(earlier.keys or frozenset()) | (self.keys or frozenset()),
            list_count=max(self.list_count, earlier.list_count),
            suspected=self._suspicion_after(earlier),
        )

    def _is_credible_after(self, earlier: ListedObjects) -> bool:
        """Return True if the objects missing since an earlier run are deleted.

        The same lists must be complete in both runs. More than half of the objects must be missing
        in two runs.
        """
        if not self.is_complete or self.list_count != earlier.list_count:
            return False
        suspicion = self._suspicion_after(earlier)
        return suspicion is None or suspicion == earlier.suspected

    def _suspicion_after(self, earlier: ListedObjects) -> str | None:
        """Return the digest of the missing objects if more than half are missing, or None."""
        earlier_keys = earlier.keys or frozenset()
        missing_keys = earlier_keys - (self.keys or frozenset())
        if not self.is_complete or 2 * len(missing_keys) <= len(earlier_keys):
            return None
        return hashlib.sha256(pack(missing_keys).encode()).hexdigest()[:DIGEST_LENGTH]


def _suspected_in(listed: Mapping[str, t.Any]) -> str | None:
    """Return the digest of the objects that a state holds as suspected."""
    suspected = listed.get("suspected")
    return suspected if isinstance(suspected, str) else None
