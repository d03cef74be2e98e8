"""One small class for each endpoint; `STREAMS` is the list that the tap offers."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.streams import audiences, creatives, entities, reports, smart_plus

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
)
