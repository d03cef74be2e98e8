"""Reports beyond the ready ones: other levels, hours, all time, further splits of the audience."""

from __future__ import annotations

from tap_tiktok_ads.streams.integrated import ReportStream


class MoreReport(ReportStream):
    """A report that is not selected by default."""

    selected_by_default = False


class AdvertiserPerformanceReport(MoreReport):
    """Daily performance of each advertiser; cash and voucher spend some sixteen hours late."""

    name = "advertiser_performance_report"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_day")


class SmartPlusAdPerformanceReport(MoreReport):
    """Daily performance of each ad; of Upgraded Smart+, of the ad and not of its creatives."""

    name = "smart_plus_ad_performance_report"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id_v2", "stat_time_day")


class AdvertiserPerformanceReportHourly(MoreReport):
    """Hourly performance of each advertiser, in account time; one request for each day."""

    name = "advertiser_performance_report_hourly"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_hour")


class CampaignPerformanceReportHourly(MoreReport):
    """Hourly performance of each campaign, in account time; one request for each day."""

    name = "campaign_performance_report_hourly"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_hour")


class AdGroupPerformanceReportHourly(MoreReport):
    """Hourly performance of each ad group, in account time; one request for each day."""

    name = "ad_group_performance_report_hourly"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_hour")


class AdPerformanceReportHourly(MoreReport):
    """Hourly performance of each ad, in account time; one request for each day."""

    name = "ad_performance_report_hourly"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_hour")


class AdvertiserPerformanceReportLifetime(MoreReport):
    """Performance of each advertiser over all its time, read anew in each run."""

    name = "advertiser_performance_report_lifetime"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id",)


class CampaignPerformanceReportLifetime(MoreReport):
    """Performance of each campaign over all its time, read anew in each run."""

    name = "campaign_performance_report_lifetime"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id",)


class AdGroupPerformanceReportLifetime(MoreReport):
    """Performance of each ad group over all its time, read anew in each run."""

    name = "ad_group_performance_report_lifetime"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id",)


class AdPerformanceReportLifetime(MoreReport):
    """Performance of each ad over all its time, read anew in each run."""

    name = "ad_performance_report_lifetime"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id",)


class AdGroupCountryReport(MoreReport):
    """Daily performance of each ad group by country; some eleven hours late."""

    name = "ad_group_country_report"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_day", "country_code")


class AdCountryReport(MoreReport):
    """Daily performance of each ad by country; some eleven hours late."""

    name = "ad_country_report"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "country_code")


class AdvertiserAudienceReportByAgeGender(MoreReport):
    """Daily performance of each advertiser by age and gender; some sixteen hours late."""

    name = "advertiser_audience_report_by_age_gender"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_day", "gender", "age")


class AdvertiserAudienceReportByCountry(MoreReport):
    """Daily performance of each advertiser by country of the audience."""

    name = "advertiser_audience_report_by_country"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_day", "country_code")


class AdvertiserAudienceReportByPlatform(MoreReport):
    """Daily performance of each advertiser by operating system; some sixteen hours late."""

    name = "advertiser_audience_report_by_platform"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_day", "platform")


class CampaignAudienceReportByAgeGender(MoreReport):
    """Daily performance of each campaign by age and gender; some sixteen hours late."""

    name = "campaign_audience_report_by_age_gender"
    report_type = "AUDIENCE"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_day", "gender", "age")


class CampaignAudienceReportByCountry(MoreReport):
    """Daily performance of each campaign by country of the audience."""

    name = "campaign_audience_report_by_country"
    report_type = "AUDIENCE"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_day", "country_code")


class CampaignAudienceReportByPlatform(MoreReport):
    """Daily performance of each campaign by operating system; some sixteen hours late."""

    name = "campaign_audience_report_by_platform"
    report_type = "AUDIENCE"
    data_level = "AUCTION_CAMPAIGN"
    dimensions = ("campaign_id", "stat_time_day", "platform")


class AdGroupAudienceReportByAgeGender(MoreReport):
    """Daily performance of each ad group by age and gender; some sixteen hours late."""

    name = "ad_group_audience_report_by_age_gender"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_day", "gender", "age")


class AdGroupAudienceReportByCountry(MoreReport):
    """Daily performance of each ad group by country of the audience."""

    name = "ad_group_audience_report_by_country"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_day", "country_code")


class AdGroupAudienceReportByPlatform(MoreReport):
    """Daily performance of each ad group by operating system; some sixteen hours late."""

    name = "ad_group_audience_report_by_platform"
    report_type = "AUDIENCE"
    data_level = "AUCTION_ADGROUP"
    dimensions = ("adgroup_id", "stat_time_day", "platform")


class AudienceReportByProvince(MoreReport):
    """Daily performance of each ad by province; known to be incomplete, some sixteen hours late."""

    name = "audience_report_by_province"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "province_id")


class AudienceReportByInterest(MoreReport):
    """Daily performance of each ad by interest; known to be incomplete, some sixteen hours late."""

    name = "audience_report_by_interest"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "interest_category")


class AudienceReportByLanguage(MoreReport):
    """Daily performance of each ad by language of the audience.

    Which metrics go with this dimension is not
    documented: the set is that of the report by platform.
    """

    name = "audience_report_by_language"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "language")


class AudienceReportByPlacement(MoreReport):
    """Daily performance of each ad by placement.

    Which metrics go with this dimension is not
    documented: the set is that of the report by platform.
    """

    name = "audience_report_by_placement"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "placement")


class AudienceReportByNetwork(MoreReport):
    """Daily performance of each ad by network connection.

    Which metrics go with this dimension is not
    documented: the set is that of the report by platform.
    """

    name = "audience_report_by_network"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "ac")


class AudienceReportByDeviceBrand(MoreReport):
    """Daily performance of each ad by device brand.

    Which metrics go with this dimension is not
    documented: the set is that of the report by platform.
    """

    name = "audience_report_by_device_brand"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "device_brand_id")


class AudienceReportByDma(MoreReport):
    """Daily performance of each ad by designated market area.

    Which metrics go with this dimension is not
    documented: the set is that of the report by platform.
    """

    name = "audience_report_by_dma"
    report_type = "AUDIENCE"
    data_level = "AUCTION_AD"
    dimensions = ("ad_id", "stat_time_day", "dma_id")
