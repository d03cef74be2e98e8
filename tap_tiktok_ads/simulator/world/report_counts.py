"""Expected row counts of reports, object by object and day by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.entities import TOPVIEW
from tap_tiktok_ads.simulator.spec.reports import PROMOTE_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.simulator.accounts.entities import Account, Ad, AdGroup, Campaign, SmartAd


@dataclass(frozen=True)
class CountedReport:
    """A report to count.

    Attributes:
        id_dimension: The ID dimension.
        splits: The dimensions that divide a day, hours included.
        lifetime: True if the report has no dates and one row per object.
        report_type: BASIC or AUDIENCE.
    """

    id_dimension: str
    splits: tuple[str, ...] = ()
    lifetime: bool = False
    report_type: str = "BASIC"

    @property
    def supports_promote(self) -> bool:
        """True if Promote ads support all dimensions."""
        return PROMOTE_DIMENSIONS[self.report_type].issuperset((self.id_dimension, *self.splits))


_HOURLY = ("stat_time_hour",)


_AGE_GENDER, _COUNTRY, _PLATFORM = ("gender", "age"), ("country_code",), ("platform",)


_ID_DIMENSIONS = {
    "advertiser": "advertiser_id",
    "campaign": "campaign_id",
    "ad_group": "adgroup_id",
    "ad": "ad_id",
}


_REPORTS_OF_LEVEL = {
    "performance_report": CountedReport(""),
    "performance_report_hourly": CountedReport("", _HOURLY),
    "performance_report_lifetime": CountedReport("", lifetime=True),
    "audience_report_by_age_gender": CountedReport("", _AGE_GENDER, report_type="AUDIENCE"),
    "audience_report_by_country": CountedReport("", _COUNTRY, report_type="AUDIENCE"),
    "audience_report_by_platform": CountedReport("", _PLATFORM, report_type="AUDIENCE"),
}


def _audience(split: str) -> CountedReport:
    """Return an audience report at ad level."""
    return CountedReport("ad_id", (split,), report_type="AUDIENCE")


REPORTS: dict[str, CountedReport] = {
    **{
        f"{level}_{name}" if level != "ad" or "audience" not in name else name: replace(
            report, id_dimension=id_dimension
        )
        for level, id_dimension in _ID_DIMENSIONS.items()
        for name, report in _REPORTS_OF_LEVEL.items()
    },
    "campaign_country_report": CountedReport("campaign_id", _COUNTRY),
    "ad_group_country_report": CountedReport("adgroup_id", _COUNTRY),
    "ad_country_report": CountedReport("ad_id", _COUNTRY),
    "audience_report_by_province": _audience("province_id"),
    "audience_report_by_interest": _audience("interest_category"),
    "audience_report_by_language": _audience("language"),
    "audience_report_by_placement": _audience("placement"),
    "audience_report_by_network": _audience("ac"),
    "audience_report_by_device_brand": _audience("device_brand_id"),
    "audience_report_by_dma": _audience("dma_id"),
    "smart_plus_ad_performance_report": CountedReport("ad_id_v2"),
    "campaign_audience_report_by_language": replace(
        _audience("language"), id_dimension="campaign_id"
    ),
    "search_terms_report": CountedReport("adgroup_id", ("search_terms",)),
    "search_keyword_report": CountedReport("adgroup_id", ("search_keyword",)),
}
"""Reports by stream name. Names of audience reports at ad level have no level prefix."""


@dataclass(frozen=True)
class ObjectScope:
    """The objects to count."""

    include_deleted: bool
    include_topview: bool

    def includes(self, entity: Campaign | AdGroup | Ad | SmartAd) -> bool:
        """Return True if an object counts."""
        campaign = entity.campaign
        if campaign.buying == TOPVIEW and not self.include_topview:
            return False
        return self.include_deleted or not entity.deleted


def count_reports(
    account: Account, days: range, horizon: int, scope: ObjectScope
) -> dict[str, int]:
    """Return the row count of each report. TopView ads have separate rows in each report."""
    window = sum(1 << day for day in days)
    with_deleted = replace(scope, include_deleted=True)
    ads = [ad for ad in account.ads if with_deleted.includes(ad)]
    totals = {}
    for stream, report in REPORTS.items():
        counted = [ad for ad in ads if _includes(scope, ad, report)]
        units = _days_by_unit(counted, report, horizon, -1 if report.lifetime else window)
        totals[stream] = len(units) if report.lifetime else sum(map(_rows, units.values()))
    report_days = reduce(or_, (ad.report_days(horizon) for ad in ads), 0) & window
    return totals | {"reconciliation": report_days.bit_count()}


def _days_by_unit(
    ads: Iterable[Ad], report: CountedReport, horizon: int, window: int
) -> dict[str, dict[delivery.Shares, int]]:
    """Return the days with rows as bits, by object ID and by the shares that divide the days."""
    units: dict[str, dict[delivery.Shares, int]] = {}
    for ad in ads:
        ad_days = ad.spend_days(horizon) if report.splits else ad.report_days(horizon)
        ad_days &= window
        if ad_days:
            unit = units.setdefault(_unit_id(ad, report.id_dimension), {})
            shares = delivery.audience_shares(report.splits, ad.campaign.audience)
            unit[shares] = unit.get(shares, 0) | ad_days
    return units


def _includes(scope: ObjectScope, ad: Ad, report: CountedReport) -> bool:
    """Return True if the scope includes the reported object that an ad belongs to."""
    if ad.campaign.origin is not None and not report.supports_promote:
        return False
    entity = _scoped_object(ad, report.id_dimension)
    return entity is None or scope.includes(entity)


def _scoped_object(ad: Ad, id_dimension: str) -> Ad | AdGroup | Campaign | None:
    """Return the object whose deletion excludes an ad, or None.

    Deleted ads of an existing object count.
    """
    parents: dict[str, AdGroup | Campaign | None] = {
        "adgroup_id": ad.group,
        "campaign_id": ad.campaign,
        "advertiser_id": None,
    }
    return parents.get(id_dimension, ad)


def _unit_id(ad: Ad, id_dimension: str) -> str:
    """Return the ID of the reported object that an ad belongs to."""
    return {
        "ad_id": ad.id,
        "ad_id_v2": ad.id_v2,
        "adgroup_id": ad.group.id,
        "campaign_id": ad.campaign.id,
    }.get(id_dimension, ad.campaign.buying if ad.campaign.buying == TOPVIEW else "")


def _rows(unit: dict[delivery.Shares, int]) -> int:
    """Return the number of rows of an object. Ads with equal values on a day share a row."""
    if len(unit) == 1:
        ((shares, days),) = unit.items()
        return len(shares) * days.bit_count()
    return sum(
        len({values for shares, days in unit.items() if days >> day & 1 for values, _ in shares})
        for day in delivery.bits(reduce(or_, unit.values()))
    )
