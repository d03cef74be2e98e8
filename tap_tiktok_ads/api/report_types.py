"""Report types of `/report/integrated/get/` besides BASIC and AUDIENCE.

Sources: TikTok's pages on synchronous reports (portal 1740302848100353), Business Center reports
(portal 1775747432712194) and dimensions of playable ad reports (portal 1751617879104514).
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Collection, Sequence

BC, CATALOG, PLAYABLE = "BC", "CATALOG", "PLAYABLE_MATERIAL"
DAY = "stat_time_day"


@dataclasses.dataclass(frozen=True, slots=True)
class ReportType:
    """The rules of a report type.

    Attributes:
        groupings: The dimensions that TikTok documents, or nothing if they are not public.
        granularities: The granularities of the type.
        has_data_level: True if a request has `data_level`.
    """

    groupings: tuple[tuple[str, ...], ...]
    granularities: tuple[str, ...]
    has_data_level: bool = False


REPORT_TYPES = {
    BC: ReportType((("advertiser_id",), ("advertiser_id", "country_code"), (DAY,)), ("day",)),
    CATALOG: ReportType((), ("day", "hour"), has_data_level=True),
    PLAYABLE: ReportType((("playable_id",), ("playable_id", "country_code")), ("day", "lifetime")),
}


def requested_dimensions(report_type: str, dimensions: Sequence[str]) -> list[str]:
    """Return the dimensions of a request, without a day that the type does not have.

    The tap adds that day, and each request spans one day.
    """
    groupings = (REPORT_TYPES[report_type].groupings if report_type in REPORT_TYPES else ()) or ()
    has_day = not groupings or {*dimensions} in map(set, groupings)
    return [name for name in dimensions if has_day or name != DAY]


def type_conflict(report_type: str, dimensions: Collection[str]) -> str | None:
    """Return why TikTok rejects the dimensions of a report of such a type, or None."""
    groupings = REPORT_TYPES[report_type].groupings
    if groupings and not any({*dimensions} - {DAY} == {*names} - {DAY} for names in groupings):
        expected = " or ".join(f"[{', '.join(names)}]" for names in groupings)
        return f"expected the dimensions {expected} in a {report_type} report"
    if "country_code" in dimensions and DAY not in dimensions:
        return "a lifetime report cannot have country_code. Set granularity to 'day'"
    return None


def type_granularity(report_type: str, granularity: str | None) -> str:
    """Return the granularity of a report of such a type.

    Raises:
        ValueError: The type does not have it.
    """
    allowed = REPORT_TYPES[report_type].granularities
    if granularity is not None and granularity not in allowed:
        words = " or ".join(map(repr, allowed))
        msg = f"{report_type} reports have the granularity {words}, not {granularity!r}"
        raise ValueError(msg)
    return granularity or allowed[0]


def check_data_level(report_type: str, data_level: str | None) -> None:
    """Return if a report of a type has a data level, or must not have one.

    Raises:
        ValueError: The data level is missing, or the type has none.
    """
    rules = REPORT_TYPES.get(report_type)
    has_data_level = rules is None or rules.has_data_level
    if has_data_level and data_level is None:
        msg = f"{report_type} reports need a data_level, such as AUCTION_CAMPAIGN"
        raise ValueError(msg)
    if not has_data_level and data_level is not None:
        msg = f"{report_type} reports have no data_level. Remove it"
        raise ValueError(msg)
