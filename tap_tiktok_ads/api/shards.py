"""Shards: the parts of the advertisers that several jobs read. A hash of the ID decides."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import zlib

#: The number of the shard, and the number of shards.
SHARD_FORM = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


def shard_number(advertiser_id: str, count: int) -> int:
    """Return the number of the shard that reads an advertiser, starting at 1.

    The number depends on nothing but its arguments. Other advertisers may come and go.

    Example:
        >>> [shard_number(advertiser_id, 4) for advertiser_id in ("7001", "7002", "7003")]
        [2, 4, 2]
    """
    return zlib.crc32(advertiser_id.encode()) % count + 1


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of the advertisers. The default holds all advertisers.

    Attributes:
        number: Which of the shards this is, starting at 1.
        count: The number of shards.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: t.Any) -> Shard | None:
        """Return the shard that a text such as `2/4` names, or None if it names none."""
        match = SHARD_FORM.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            return None
        return cls(int(match[1]), int(match[2]))

    def contains(self, advertiser_id: str) -> bool:
        """Return True if the shard reads an advertiser."""
        return shard_number(advertiser_id, self.count) == self.number

    @property
    def is_first(self) -> bool:
        """True for the shard that reads the unpartitioned streams."""
        return self.number == 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
