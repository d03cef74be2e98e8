"""One small class for each endpoint; `STREAMS` is the list that the tap offers."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.streams import (
    audiences,
    creatives,
    entities,
    more_reports,
    reports,
    smart_plus,
)

if t.TYPE_CHECKING:
    from tap_tiktok_ads.client import TikTokStream

STREAMS: tuple[type[TikTokStream], ...] = (
    entities.Advertisers,
    entities.Campaigns,
    entities.AdGroups,
    entities.Ads,
    reports.AdPerformanceReport,
    reports.AdGroupPerformanceReport,
    reports.CampaignPerformanceReport,
    reports.CampaignCountryReport,
    reports.AudienceReportByAgeGender,
    reports.AudienceReportByCountry,
    reports.AudienceReportByPlatform,
    audiences.CustomAudiences,
    audiences.Pixels,
    creatives.VideoCreatives,
    creatives.ImageCreatives,
    smart_plus.SmartPlusAds,
    smart_plus.SmartPlusAdCreatives,
    smart_plus.SmartPlusAdMedia,
    smart_plus.SmartPlusAdSuggestions,
    # not selected by default
    more_reports.AdvertiserPerformanceReport,
    more_reports.SmartPlusAdPerformanceReport,
    more_reports.AdvertiserPerformanceReportHourly,
    more_reports.CampaignPerformanceReportHourly,
    more_reports.AdGroupPerformanceReportHourly,
    more_reports.AdPerformanceReportHourly,
    more_reports.AdvertiserPerformanceReportLifetime,
    more_reports.CampaignPerformanceReportLifetime,
    more_reports.AdGroupPerformanceReportLifetime,
    more_reports.AdPerformanceReportLifetime,
    more_reports.AdGroupCountryReport,
    more_reports.AdCountryReport,
    more_reports.AdvertiserAudienceReportByAgeGender,
    more_reports.AdvertiserAudienceReportByCountry,
    more_reports.AdvertiserAudienceReportByPlatform,
    more_reports.CampaignAudienceReportByAgeGender,
    more_reports.CampaignAudienceReportByCountry,
    more_reports.CampaignAudienceReportByPlatform,
    more_reports.AdGroupAudienceReportByAgeGender,
    more_reports.AdGroupAudienceReportByCountry,
    more_reports.AdGroupAudienceReportByPlatform,
    more_reports.AudienceReportByProvince,
    more_reports.AudienceReportByInterest,
    more_reports.AudienceReportByLanguage,
    more_reports.AudienceReportByPlacement,
    more_reports.AudienceReportByNetwork,
    more_reports.AudienceReportByDeviceBrand,
    more_reports.AudienceReportByDma,
)
