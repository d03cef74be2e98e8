"""The built-in reports: seven report classes, and a table of reports that are not selected."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.api.report_types import PLAYABLE
from tap_tiktok_ads.streams.reports.base import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Sequence

BASIC, AUDIENCE = "BASIC", "AUDIENCE"
ADVERTISER, CAMPAIGN, AD_GROUP, AD = (
    "AUCTION_ADVERTISER",
    "AUCTION_CAMPAIGN",
    "AUCTION_ADGROUP",
    "AUCTION_AD",
)
DAY, HOUR = "stat_time_day", "stat_time_hour"
GENDER_AND_AGE = ("gender", "age")
#: The end of the description of a report by country.
COUNTRY_DELAY = "TikTok delivers it about 11 hours late."
#: The end of the description of a report by province or interest.
INCOMPLETE_DATA = "\n\nTikTok delivers it about 16 hours late. The data are known to be incomplete."
#: The end of the description of a report by age and gender, or by platform.
UNLISTED_METRICS = (
    "\n\nTikTok delivers it about 16 hours late. TikTok publishes no list of metrics "
    "for this breakdown. Other connectors request the default metrics in production."
)
#: Name in stream names, data level, dimension and label of each level, from the top down.
LEVELS = (
    ("advertiser", ADVERTISER, "advertiser_id", "advertiser"),
    ("campaign", CAMPAIGN, "campaign_id", "campaign"),
    ("ad_group", AD_GROUP, "adgroup_id", "ad group"),
    ("ad", AD, "ad_id", "ad"),
)


class AdPerformanceReport(ReportStream):
    """Daily performance of each ad. For Upgraded Smart+ ads, `ad_id` identifies a creative."""

    definition = ReportDefinition("ad_performance_report", AD, ("ad_id", DAY))


class AdGroupPerformanceReport(ReportStream):
    """Daily performance of each ad group."""

    definition = ReportDefinition("ad_group_performance_report", AD_GROUP, ("adgroup_id", DAY))


class CampaignPerformanceReport(ReportStream):
    """Daily performance of each campaign.

    Results combine the different goals of the campaign's ad groups.
    """

    definition = ReportDefinition("campaign_performance_report", CAMPAIGN, ("campaign_id", DAY))


class CampaignCountryReport(ReportStream):
    """Daily performance of each campaign by country. TikTok delivers it about 11 hours late."""

    definition = ReportDefinition(
        "campaign_country_report", CAMPAIGN, ("campaign_id", DAY, "country_code")
    )


class AudienceReportByAgeGender(ReportStream):
    """Daily performance of each ad by age and gender of the audience.

    TikTok delivers it about 16 hours late. TikTok publishes no list of metrics for this breakdown.
    Other connectors request the default metrics in production.
    """

    definition = ReportDefinition(
        "audience_report_by_age_gender", AD, ("ad_id", DAY, *GENDER_AND_AGE), report_type=AUDIENCE
    )


class AudienceReportByCountry(ReportStream):
    """Daily performance of each ad by country of the audience."""

    definition = ReportDefinition(
        "audience_report_by_country", AD, ("ad_id", DAY, "country_code"), report_type=AUDIENCE
    )


class AudienceReportByPlatform(ReportStream):
    """Daily performance of each ad by operating system of the audience.

    TikTok delivers it about 16 hours late. TikTok publishes no list of metrics for this breakdown.
    Other connectors request the default metrics in production.
    """

    definition = ReportDefinition(
        "audience_report_by_platform", AD, ("ad_id", DAY, "platform"), report_type=AUDIENCE
    )


class TableReport(ReportStream):
    """A report of the table `REPORT_DEFINITIONS`."""

    selected_by_default = False


class CustomReport(ReportStream):
    """A report of the setting `custom_reports`."""

    @override
    def configured_metrics(self) -> Sequence[str]:
        return super().configured_metrics() or self.report.metrics


class CustomTypedReport(CustomReport):
    """A report of the setting `custom_reports` whose type has no TopView ads."""

    reports_topview = False


class PlayableReportStream(ReportStream):
    """A report of playables."""

    reports_topview = selected_by_default = False


class PlayableReport(PlayableReportStream):
    """Daily performance of each playable, with one request per day.

    TikTok's response has no day. TikTok delivers it about 16 hours late. Its list of metrics is not
    public, so the report has the metrics that TikTok returns by default.
    """

    definition = ReportDefinition("playable_report", "", ("playable_id", DAY), report_type=PLAYABLE)


class PlayableReportLifetime(PlayableReportStream):
    """Lifetime performance of each playable. Every run re-reads it.

    TikTok delivers it about 16 hours late. Its list of metrics is not public, so the report has the
    metrics that TikTok returns by default.
    """

    definition = ReportDefinition(
        "playable_report_lifetime", "", ("playable_id",), report_type=PLAYABLE
    )


def _audience(
    name: str, data_level: str, dimensions: tuple[str, ...], description: str
) -> ReportDefinition:
    """Return the definition of an AUDIENCE report."""
    return ReportDefinition(
        name, data_level, dimensions, report_type=AUDIENCE, description=description
    )


def _by_undocumented_dimension(name: str, dimension: str, label: str) -> ReportDefinition:
    """Return the definition of an audience report whose metrics are not documented."""
    description = (
        f"Daily performance of each ad by {label}.\n\nTikTok does not document the metrics of this "
        "dimension. The report uses the metrics of `audience_report_by_province`."
    )
    return _audience(name, AD, ("ad_id", DAY, dimension), description)


#: Reports that are not selected by default.
REPORT_DEFINITIONS = (
    ReportDefinition(
        "advertiser_performance_report",
        ADVERTISER,
        ("advertiser_id", DAY),
        description="Daily performance of each advertiser. TikTok delivers cash and voucher spend "
        "about 16 hours late.",
    ),
    ReportDefinition(
        "smart_plus_ad_performance_report",
        AD,
        ("ad_id_v2", DAY),
        description="Daily performance of each ad. For Upgraded Smart+ ads, one record per ad, not "
        "per creative.",
    ),
    *(
        ReportDefinition(
            f"{name}_performance_report_hourly",
            data_level,
            (dimension, HOUR),
            description=f"Hourly performance of each {label}, in the advertiser's time zone. "
            "Each day takes one request.",
        )
        for name, data_level, dimension, label in LEVELS
    ),
    *(
        ReportDefinition(
            f"{name}_performance_report_lifetime",
            data_level,
            (dimension,),
            description=f"Lifetime performance of each {label}. Every run re-reads it.",
        )
        for name, data_level, dimension, label in LEVELS
    ),
    ReportDefinition(
        "ad_group_country_report",
        AD_GROUP,
        ("adgroup_id", DAY, "country_code"),
        description=f"Daily performance of each ad group by country. {COUNTRY_DELAY}",
    ),
    ReportDefinition(
        "ad_country_report",
        AD,
        ("ad_id", DAY, "country_code"),
        description=f"Daily performance of each ad by country. {COUNTRY_DELAY}",
    ),
    *(
        _audience(
            f"{name}_audience_report_by_{breakdown}",
            data_level,
            (dimension, DAY, *breakdown_dimensions),
            f"Daily performance of each {label} {description}",
        )
        for name, data_level, dimension, label in LEVELS[:-1]  # ads have templates
        for breakdown, breakdown_dimensions, description in (
            (
                "age_gender",
                GENDER_AND_AGE,
                f"by age and gender of the audience.{UNLISTED_METRICS}",
            ),
            ("country", ("country_code",), "by country of the audience."),
            (
                "platform",
                ("platform",),
                f"by operating system of the audience.{UNLISTED_METRICS}",
            ),
        )
    ),
    _audience(
        "audience_report_by_province",
        AD,
        ("ad_id", DAY, "province_id"),
        f"Daily performance of each ad by province of the audience.{INCOMPLETE_DATA}",
    ),
    _audience(
        "audience_report_by_interest",
        AD,
        ("ad_id", DAY, "interest_category"),
        f"Daily performance of each ad by interest of the audience.{INCOMPLETE_DATA}",
    ),
    _by_undocumented_dimension(
        "audience_report_by_language", "language", "language of the audience"
    ),
    _by_undocumented_dimension("audience_report_by_placement", "placement", "placement"),
    _by_undocumented_dimension("audience_report_by_network", "ac", "network connection"),
    _by_undocumented_dimension(
        "audience_report_by_device_brand", "device_brand_id", "device brand"
    ),
    _by_undocumented_dimension("audience_report_by_dma", "dma_id", "designated market area"),
    _audience(
        "campaign_audience_report_by_language",
        CAMPAIGN,
        ("campaign_id", DAY, "language"),
        f"Daily performance of each campaign by language of the audience.{UNLISTED_METRICS}",
    ),
    ReportDefinition(
        "search_terms_report",
        AD_GROUP,
        ("adgroup_id", DAY, "search_terms"),
        description="Daily performance of each ad group by the words that people searched for.\n\n"
        "TikTok delivers it about 16 hours late. It reports fewer than five impressions as `<5`, "
        "which become null. The metrics are those that TikTok's page lists for search terms.",
    ),
    ReportDefinition(
        "search_keyword_report",
        AD_GROUP,
        ("adgroup_id", DAY, "search_keyword"),
        description="Daily performance of each ad group by the keyword that matched the search.\n\n"
        "TikTok publishes no list of metrics for keywords. A third-party connector names the "
        "metrics of this report (uncertain). `negative_keywords` has the excluded keywords.",
    ),
)
