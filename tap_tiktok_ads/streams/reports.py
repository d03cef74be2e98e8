"""Performance and audience reports."""

from __future__ import annotations

from tap_tiktok_ads.streams.integrated import ReportStream


class AdPerformanceReport(ReportStream):
    """Daily performance of each ad; for Upgraded Smart+, `ad_id` names a creative."""

    name = "ad_performance_report"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day")


class AdGroupPerformanceReport(ReportStream):
    """Daily performance of each ad group."""

    name = "ad_group_performance_report"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_day")


class CampaignPerformanceReport(ReportStream):
    """Daily performance of each campaign. Results mix the goals of the campaign's ad groups."""

    name = "campaign_performance_report"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_day")


class CampaignCountryReport(ReportStream):
    """Daily performance of each campaign by country; some eleven hours late."""

    name = "campaign_country_report"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_day", "country_code")


class AudienceReportByAgeGender(ReportStream):
    """Daily performance of each ad by age and gender of the audience; some sixteen hours late."""

    name = "audience_report_by_age_gender"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "gender", "age")


class AudienceReportByCountry(ReportStream):
    """Daily performance of each ad by country of the audience."""

    name = "audience_report_by_country"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "country_code")


class AudienceReportByPlatform(ReportStream):
    """Daily performance of each ad by operating system; some sixteen hours late."""

    name = "audience_report_by_platform"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "platform")
