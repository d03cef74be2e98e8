"""The streams: one class of facts per endpoint. `STREAMS` lists the built-in ones in sync order."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing as t

from tap_tiktok_ads.streams import (
    audiences,
    business,
    catalogs,
    change_log,
    creative_reports,
    creatives,
    entities,
    gmv_max_items,
    leads,
    measurement,
    money,
    search_ads,
    shop,
    smart_plus,
    sync_errors,
    targeting,
    tools,
    transactions,
)
from tap_tiktok_ads.streams.gmv_max import GmvMaxReportStream
from tap_tiktok_ads.streams.reports import built_in, business_centers, materials, reconciliation
from tap_tiktok_ads.streams.reports.base import ReportStream, key_columns
from tap_tiktok_ads.streams.reports.reconciliation import ReconciliationStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.singer.components import ContextTap
    from tap_tiktok_ads.singer.stream import TikTokStream


@dataclasses.dataclass(frozen=True)
class StreamEntry:
    """A built-in stream.

    Attributes:
        name: Name of the stream.
        stream_class: Its class.
        definition: The report, or None if the stream is not one of the table of reports.
        selected_by_default: True if a new catalog selects it.
    """

    name: str
    stream_class: type[TikTokStream]
    definition: ReportDefinition | None
    selected_by_default: bool

    @property
    def create(self) -> Callable[[ContextTap], TikTokStream]:
        """Makes the stream for a tap."""
        if self.definition is None:
            return self.stream_class
        report_class = t.cast("type[ReportStream]", self.stream_class)
        return functools.partial(report_class, definition=self.definition)

    @property
    def report(self) -> ReportDefinition | None:
        """The definition of a report, or None for other streams."""
        return self.definition or getattr(self.stream_class, "definition", None)

    @property
    def description(self) -> str:
        """The description that users read."""
        if self.definition is not None:
            return self.definition.description
        return inspect.cleandoc(self.stream_class.__doc__ or "")

    @property
    def primary_keys(self) -> Sequence[str]:
        """The key columns."""
        if self.report is None:
            return t.cast("Sequence[str]", self.stream_class.primary_keys)
        report_class = t.cast("type[ReportStream]", self.stream_class)
        return key_columns(self.report, reports_topview=report_class.reports_topview)

    @property
    def replication_key(self) -> str | None:
        """The column whose values are the bookmarks, or None for full-table replication."""
        if self.report is not None:
            return self.report.time_dimension
        key = t.cast("t.Any", self.stream_class).replication_key
        return key if isinstance(key, str) else None

    @property
    def permission(self) -> str:
        """The scope that the token needs: TikTok's number and name."""
        return self.stream_class.permission

    @property
    def is_report(self) -> bool:
        """True if `report_metrics` applies."""
        is_report = issubclass(self.stream_class, (ReportStream, GmvMaxReportStream))
        return is_report and not issubclass(self.stream_class, ReconciliationStream)


def _class_entry(stream_class: t.Any) -> StreamEntry:
    is_report = issubclass(stream_class, ReportStream)
    name = stream_class.definition.name if is_report else stream_class.name
    return StreamEntry(name, stream_class, None, stream_class.selected_by_default)


def _report_entry(definition: ReportDefinition) -> StreamEntry:
    return StreamEntry(definition.name, built_in.TableReport, definition, False)  # noqa: FBT003


STREAMS: tuple[StreamEntry, ...] = (
    *map(
        _class_entry,
        (
            entities.Advertisers,
            entities.Campaigns,
            entities.AdGroups,
            entities.Ads,
            built_in.AdPerformanceReport,
            built_in.AdGroupPerformanceReport,
            built_in.CampaignPerformanceReport,
            built_in.CampaignCountryReport,
            built_in.AudienceReportByAgeGender,
            built_in.AudienceReportByCountry,
            built_in.AudienceReportByPlatform,
            audiences.CustomAudiences,
            audiences.Pixels,
            creatives.VideoCreatives,
            creatives.ImageCreatives,
            smart_plus.SmartPlusAds,
            smart_plus.SmartPlusAdCreatives,
            smart_plus.SmartPlusAdMedia,
            smart_plus.SmartPlusAdSuggestions,
        ),
    ),
    # not selected by default
    *map(_report_entry, built_in.REPORT_DEFINITIONS),
    *map(
        _class_entry,
        (
            smart_plus.SmartPlusCampaigns,
            smart_plus.SmartPlusAdGroups,
            materials.SmartPlusMaterialReport,
            materials.SmartPlusMaterialReportDaily,
            audiences.SavedAudiences,
            audiences.PangleAudiencePackages,
            creatives.MusicCreatives,
            creatives.CreativePortfolios,
            creatives.Playables,
            creatives.SparkAds,
            creatives.Identities,
            creatives.InstantPages,
            shop.Stores,
            shop.GmvMaxStores,
            shop.GmvMaxCampaigns,
            shop.GmvMaxReport,
            business.AuthorizedAdvertisers,
            business.BusinessCenters,
            business.BcAdvertisers,
            business.BcAdvertiserBalances,
            transactions.AdvertiserTransactions,
            transactions.BcTransactions,
            transactions.AccountTransactions,
            business.Catalogs,
            tools.AdGroupDiagnoses,
            tools.AdReviewInfo,
            tools.Apps,
            tools.PixelEventStatistics,
            tools.Comments,
            tools.AutomatedRules,
            targeting.Regions,
            targeting.Languages,
            targeting.InterestCategories,
            targeting.ActionCategories,
            targeting.Carriers,
            targeting.DeviceModels,
            targeting.OsVersions,
            tools.SplitTests,
            tools.CampaignLabels,
            money.AccountCosts,
            money.BudgetChanges,
            money.BcBalances,
            money.Invoices,
            measurement.OfflineEventSets,
            measurement.CustomConversions,
            measurement.AppEvents,
            measurement.CrmEventSets,
            measurement.InstantPageEvents,
            catalogs.CatalogProducts,
            catalogs.CatalogSets,
            catalogs.CatalogFeeds,
            catalogs.CatalogDiagnostics,
            creative_reports.CreativeReport,
            creative_reports.VideoPerformanceReport,
            creative_reports.CreativeFatigue,
            leads.Leads,
            leads.LeadFormFields,
            change_log.ChangeLog,
            shop.GmvMaxReportHourly,
            gmv_max_items.GmvMaxProductReport,
            gmv_max_items.GmvMaxProductReportHourly,
            gmv_max_items.GmvMaxCreativeReport,
            gmv_max_items.GmvMaxLiveReport,
            gmv_max_items.GmvMaxLiveReportHourly,
            gmv_max_items.GmvMaxSessions,
            search_ads.NegativeKeywords,
            built_in.PlayableReport,
            built_in.PlayableReportLifetime,
            business_centers.BcAdvertiserReport,
            reconciliation.Reconciliation,
            sync_errors.SyncErrors,
        ),
    ),
)
