"""Which objects a listing held the last time, kept in the state, so that what is gone is known.

Digests would tell that something is gone, but not what: a tombstone needs the key.
"""

from __future__ import annotations

import base64
import binascii
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
