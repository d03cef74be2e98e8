"""Type of an endpoint, and common parameters."""

from __future__ import annotations

import dataclasses
import typing as t

from .parameters import (
    DATE_FORMAT,
    TIME_FORMAT,
    Array,
    Boolean,
    Id,
    Integer,
    Text,
    Time,
    Type,
    one_of,
)

if t.TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Parameters that an endpoint accepts.

    Attributes:
        method: HTTP method.
        path: Path below the version.
        source: Where TikTok documents the parameters. An OpenAPI file (yml), a model of the
            official SDKs (sdk), the Go SDK (go), or the ID of a page of the portal.
        parameters: Types by name. A trailing `!` marks a required parameter.
    """

    method: str
    path: str
    source: str
    parameters: Mapping[str, Type]


ID, TEXT, FLAG = Id(), Text(), Boolean()
DATE, TIME = Time(DATE_FORMAT), Time(TIME_FORMAT)
ORDER = one_of("ASC DESC")
ADVERTISER: dict[str, Type] = {"advertiser_id!": ID}
CENTER: dict[str, Type] = {"bc_id!": ID}


def ids(maximum: int | None = None) -> Array:
    """Return the type of an array of IDs."""
    return Array(ID, maximum)


def texts(*names: str, maximum: int | None = None) -> Array:
    """Return the type of an array of text, optionally with allowed names."""
    return Array(one_of(*names), maximum)


def pages(maximum: int | None) -> dict[str, Type]:
    """Return the paging parameters."""
    return {"page": Integer(1), "page_size": Integer(1, maximum)}


CREATION_TIMES: dict[str, Type] = {
    "creation_filter_start_time": TIME,
    "creation_filter_end_time": TIME,
}
