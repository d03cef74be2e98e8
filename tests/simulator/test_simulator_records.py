"""Records of campaigns, ads and reports: completeness, sums, filters, fields."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_tiktok_ads.simulator import World
from tap_tiktok_ads.simulator.spec.facts import (
    CONNECTOR_METRICS,
    DIMENSION_METRICS,
    METRICS,
    RECORDS,
)
from tap_tiktok_ads.streams import STREAMS

from .helpers import ORIGINS, START, TODAY, report_params, status_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from .helpers import Client

LISTS = [
    ("campaigns", "/campaign/get/", 3, "list"),
    ("ad_groups", "/adgroup/get/", 4, "list"),
    ("ads", "/ad/get/", 7, "list"),
    ("custom_audiences", "/dmp/custom_audience/list/", 10, "list"),
    ("pixels", "/pixel/list/", 20, "pixels"),
    ("video_creatives", "/file/video/ad/search/", 5, "list"),
    ("image_creatives", "/file/image/ad/search/", 5, "list"),
    ("smart_plus_ads", "/smart_plus/ad/get/", 3, "list"),
]
WITH_STATUS = {"campaigns", "ad_groups", "ads", "smart_plus_ads"}
KEYS = {
    "campaigns": "campaign_id",
    "ad_groups": "adgroup_id",
    "ads": "ad_id",
    "custom_audiences": "audience_id",
    "pixels": "pixel_id",
    "video_creatives": "video_id",
    "image_creatives": "image_id",
    "smart_plus_ads": "smart_plus_ad_id",
}
LEVELS = [
    ("advertiser", "AUCTION_ADVERTISER", "advertiser_id"),
    ("campaign", "AUCTION_CAMPAIGN", "campaign_id"),
    ("ad_group", "AUCTION_ADGROUP", "adgroup_id"),
    ("ad", "AUCTION_AD", "ad_id"),
]
AUDIENCES = [
    ("age_gender", ["gender", "age"]),
    ("country", ["country_code"]),
    ("platform", ["platform"]),
    ("province", ["province_id"]),
    ("interest", ["interest_category"]),
]
REPORTS = [
    *(
        (f"{name}_performance_report", "BASIC", level, [dimension, "stat_time_day"])
        for name, level, dimension in LEVELS
    ),
    *(
        (f"{name}_country_report", "BASIC", level, [dimension, "stat_time_day", "country_code"])
        for name, level, dimension in LEVELS[1:]
    ),
    *(
        (
            f"{name}_audience_report_by_{audience}",
            "AUDIENCE",
            level,
            [dimension, "stat_time_day", *splits],
        )
        for name, level, dimension in LEVELS[:3]
        for audience, splits in AUDIENCES[:3]
    ),
    *(
        (
            f"audience_report_by_{audience}",
            "AUDIENCE",
            "AUCTION_AD",
            ["ad_id", "stat_time_day", *splits],
        )
        for audience, splits in AUDIENCES
    ),
    ("smart_plus_ad_performance_report", "BASIC", "AUCTION_AD", ["ad_id_v2", "stat_time_day"]),
]
SELECTIONS = ["all", "not deleted"]
ADDITIVE = ("spend", "impressions", "clicks", "conversion", "likes", "video_views_p50")


def expected_counts(client: Client, selection: str = "all") -> dict[str, int]:
    """Return the expected record counts of the first advertiser."""
    return client.world.expected(
        START, TODAY, include_deleted=selection == "all", advertiser_ids=[client.first_advertiser]
    )


def sums_by(records: list[Any], *dimensions: str) -> dict[tuple[str, ...], dict[str, Decimal]]:
    """Return the sums of additive metrics by dimensions or attribute metrics."""
    totals: dict[tuple[str, ...], dict[str, Decimal]] = {}
    for record in records:
        values = record["dimensions"] | record["metrics"]
        total = totals.setdefault(
            tuple(values[name] for name in dimensions), dict.fromkeys(ADDITIVE, Decimal(0))
        )
        for name in ADDITIVE:
            total[name] += Decimal(record["metrics"][name])
    return totals


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("stream", "path", "size", "name"), LISTS)
def test_list_matches_expected_count(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, selection: str
) -> None:
    """The pages of a list contain each expected record once."""
    filtering: dict[str, Any] = {}
    if selection == "all" and stream in WITH_STATUS:
        filtering = {"primary_status": "STATUS_ALL"}
    if stream in {"campaigns", "ad_groups", "ads"}:
        filtering |= ORIGINS
    records = client.all_records(path, size, name, filtering=filtering or None)
    assert len(records) == expected_counts(client, selection)[stream] > 0
    assert len({record[KEYS[stream]] for record in records}) == len(records)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("stream", "report_type", "level", "dimensions"), REPORTS)
def test_report_matches_expected_count(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, report_type: str, level: str, dimensions: list[str], selection: str
) -> None:
    """The pages of a report contain each expected key once."""
    records = client.report(
        397,
        report_type=report_type,
        data_level=level,
        dimensions=dimensions,
        filtering=status_all(level) if selection == "all" else None,
    )
    assert len(records) == expected_counts(client, selection)[stream] > 0
    assert len(
        {tuple(record["dimensions"][name] for name in dimensions) for record in records}
    ) == len(records)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("name", "level", "dimension"), LEVELS)
def test_hourly_and_lifetime_reports_match_expected_count(
    client: Client, name: str, level: str, dimension: str, selection: str
) -> None:
    """Hourly and lifetime reports match the expected count."""
    filtering = status_all(level) if selection == "all" else None
    params: dict[str, Any] = {"data_level": level, "filtering": filtering}
    hours = client.world.expected(
        TODAY, TODAY, include_deleted=selection == "all", advertiser_ids=[client.first_advertiser]
    )
    day: dict[str, Any] = {
        "start_date": TODAY,
        "end_date": TODAY,
        "dimensions": [dimension, "stat_time_hour"],
    }
    records = client.report(**params, **day)
    assert len(records) == hours[f"{name}_performance_report_hourly"] > 0
    records = client.report(**params, query_lifetime=True, dimensions=[dimension])
    assert (
        len(records)
        == expected_counts(client, selection)[f"{name}_performance_report_lifetime"]
        > 0
    )


@pytest.mark.parametrize("split", ["language", "placement", "ac", "device_brand_id", "dma_id"])
@pytest.mark.parametrize(("name", "level", "dimension"), LEVELS)
def test_audience_dimension_is_valid_at_every_level(
    client: Client, name: str, level: str, dimension: str, split: str
) -> None:
    """Every audience dimension is valid at every data level."""
    dimensions = [dimension, "stat_time_day", split]
    records = client.report(data_level=level, report_type="AUDIENCE", dimensions=dimensions)
    assert records, name
    assert all(record["dimensions"][split] for record in records)


def test_report_includes_reservation_campaigns_by_default(client: Client) -> None:
    """A report without a buying type filter includes Reach & Frequency campaigns."""
    campaigns = client.all_records(
        "/campaign/get/", 100, filtering={"buying_types": ["RESERVATION_RF"]}
    )
    dimensions = ["campaign_id", "stat_time_day"]
    records = client.report(data_level="AUCTION_CAMPAIGN", dimensions=dimensions)
    assert campaigns
    assert {campaign["campaign_id"] for campaign in campaigns} <= {
        record["dimensions"]["campaign_id"] for record in records
    }


@pytest.mark.parametrize("selection", SELECTIONS)
def test_smart_plus_details_match_expected_count(client: Client, selection: str) -> None:
    """Creatives, media and reviews of Smart+ ads match the expected count."""
    filtering = {"primary_status": "STATUS_ALL"} if selection == "all" else None
    ads = client.all_records("/smart_plus/ad/get/", 100, filtering=filtering)
    media = set()
    for ad in ads:
        for creative in ad["creative_list"]:
            info, material = creative["creative_info"], creative["ad_material_id"]
            references = [("VIDEO", (info["video_info"] or {}).get("video_id"))]
            references += [("IMAGE", image["web_uri"]) for image in info["image_info"] or []]
            references += [("MUSIC", (info["music_info"] or {}).get("music_id"))]
            references += [("TIKTOK_POST", info["tiktok_item_id"])]
            media |= {
                (ad["smart_plus_ad_id"], kind, name, material) for kind, name in references if name
            }
        for playable in ad["playable_list"] or []:
            media.add((ad["smart_plus_ad_id"], "PLAYABLE", playable["playable_url"], ""))
    ids = [ad["smart_plus_ad_id"] for ad in ads]
    extra = {"include_reject_info": True, "include_violation_frame": True}
    reviews = client.data(
        "/smart_plus/ad/review_info/", smart_plus_ad_ids=ids, extra_info_setting=extra
    )
    counts = expected_counts(client, selection)
    assert sum(len(ad["creative_list"]) for ad in ads) == counts["smart_plus_ad_creatives"]
    assert len(media) == counts["smart_plus_ad_media"]
    assert sum(map(len, reviews.values())) == counts["smart_plus_ad_suggestions"]
    assert "page_info" not in reviews


def test_every_stream_has_records(client: Client) -> None:
    """The first advertiser of the default world has records of each stream."""
    for name in client.world.advertiser_ids[:1]:
        counts = client.world.expected(START, TODAY, advertiser_ids=[name], include_deleted=False)
        assert len(counts) == len(STREAMS) - 1
        assert all(counts.values()), counts


@pytest.mark.parametrize(
    ("level", "dimension"), [("AUCTION_ADGROUP", "adgroup_id"), ("AUCTION_CAMPAIGN", "campaign_id")]
)
def test_report_is_sum_of_ads(client: Client, level: str, dimension: str) -> None:
    """The record of an ad group or campaign is the exact sum of its ads."""
    ads = client.report(metrics=[*ADDITIVE, "campaign_id", "adgroup_id"])
    records = client.report(
        data_level=level, dimensions=[dimension, "stat_time_day"], metrics=[*ADDITIVE]
    )
    assert sums_by(ads, dimension, "stat_time_day") == sums_by(records, dimension, "stat_time_day")


def test_country_report_is_sum_of_ads(client: Client) -> None:
    """The country record of a campaign is the exact sum of its ads."""
    ads = client.report(
        dimensions=["ad_id", "stat_time_day", "country_code"], metrics=[*ADDITIVE, "campaign_id"]
    )
    records = client.report(
        data_level="AUCTION_CAMPAIGN",
        dimensions=["campaign_id", "stat_time_day", "country_code"],
        metrics=[*ADDITIVE],
    )
    keys = ("campaign_id", "stat_time_day", "country_code")
    assert sums_by(ads, *keys) == sums_by(records, *keys)


@pytest.mark.parametrize(
    "splits", [["gender", "age"], ["country_code"], ["platform"], ["province_id"]]
)
def test_audience_breakdown_stays_within_total(client: Client, splits: list[str]) -> None:
    """The sum of an audience breakdown is at most the daily record of the ad."""
    totals = sums_by(client.report(metrics=[*ADDITIVE]), "ad_id", "stat_time_day")
    records = client.report(
        report_type="AUDIENCE",
        dimensions=["ad_id", "stat_time_day", *splits],
        metrics=[*ADDITIVE],
    )
    for key, partial in sums_by(records, "ad_id", "stat_time_day").items():
        assert all(partial[name] <= totals[key][name] for name in ADDITIVE)


def test_hours_stay_within_day(client: Client) -> None:
    """Hourly records name the hour, and their sum is at most the daily record."""
    day: dict[str, Any] = {"start_date": TODAY, "end_date": TODAY}
    hours = client.report(dimensions=["ad_id", "stat_time_hour"], metrics=[*ADDITIVE], **day)
    totals = sums_by(client.report(metrics=[*ADDITIVE], **day), "ad_id")
    assert hours[0]["dimensions"]["stat_time_hour"].startswith(f"{TODAY} ")
    for key, partial in sums_by(hours, "ad_id").items():
        assert all(partial[name] <= totals[key][name] for name in ADDITIVE)


@pytest.mark.parametrize(
    "period",
    [
        {"query_lifetime": True, "start_date": None, "end_date": None},
        {"start_date": "2025-12-01", "end_date": TODAY},
    ],
)
def test_report_without_time_dimension_has_one_record_per_object(
    client: Client, period: dict[str, Any]
) -> None:
    """A report without a time dimension has one record per object."""
    days = client.report(metrics=[*ADDITIVE], start_date="2026-10-22")
    records = client.report(dimensions=["ad_id"], metrics=[*ADDITIVE], **period)
    assert len({record["dimensions"]["ad_id"] for record in records}) == len(records)
    spent = sums_by(days, "ad_id")
    assert all(
        spent[key]["spend"] <= total["spend"] for key, total in sums_by(records, "ad_id").items()
    )


def test_smart_plus_report_merges_creatives(client: Client) -> None:
    """The dimension `ad_id_v2` merges the creatives of a Smart+ ad into one record."""
    metrics = ["spend", "ad_text", "campaign_automation_type"]
    records = client.report(dimensions=["ad_id_v2", "stat_time_day"], metrics=metrics)
    smart_plus = [
        record
        for record in records
        if record["metrics"]["campaign_automation_type"] == "UPGRADED_SMART_PLUS"
    ]
    assert all(isinstance(record["metrics"]["ad_text_list"], list) for record in smart_plus)
    ads = client.all_records("/smart_plus/ad/get/", 100, filtering={"primary_status": "STATUS_ALL"})
    assert {record["dimensions"]["ad_id_v2"] for record in smart_plus} <= {
        ad["smart_plus_ad_id"] for ad in ads
    }


def test_metrics_are_formatted_text(client: Client) -> None:
    """Metrics are text: money has two decimals, and some integers end with ".0"."""
    excluded = {"cash_spend", "voucher_spend", "cost"}  # advertiser and AUDIENCE reports only
    names = [name for name, metric in METRICS.items() if metric.group != "attribute"]
    names = ["spend", "clicks", "cpc", *names]
    names = [name for name in dict.fromkeys(names) if name not in excluded]
    records = client.report(metrics=names[:100])
    for start in range(100, len(names), 100):
        next_rows = client.report(metrics=names[start : start + 100])
        for record, next_row in zip(records, next_rows, strict=True):
            record["metrics"] |= next_row["metrics"]
    texts = {text for record in records for text in record["metrics"].values()}
    assert all(isinstance(text, str) for text in texts)
    assert "-" in texts
    assert any(text.endswith(".0") for text in texts)
    for record in records:
        metrics = record["metrics"]
        assert set(metrics) == set(names)
        spend, clicks = Decimal(metrics["spend"]), int(metrics["clicks"])
        assert metrics["cpc"] == (f"{float(spend) / clicks:.2f}" if clicks else "0.00")
        assert record["dimensions"]["stat_time_day"].endswith(" 00:00:00")
    assert any(record["metrics"]["spend"] == "0.00" for record in records)


def test_report_has_default_metrics(client: Client) -> None:
    """A report without `metrics` has spend and impressions."""
    assert set(client.report()[0]["metrics"]) == {"spend", "impressions"}


@pytest.mark.parametrize(
    ("report_type", "dimension"),
    [(kind, dimension) for kind, lists in DIMENSION_METRICS.items() for dimension in lists],
)
def test_documented_metrics_of_dimension_are_accepted(
    client: Client, report_type: str, dimension: str
) -> None:
    """Every metric that TikTok documents for a dimension is accepted."""
    names = sorted(DIMENSION_METRICS[report_type][dimension])
    dimensions = ["ad_id", "stat_time_day", dimension]
    assert client.report(report_type=report_type, dimensions=dimensions, metrics=names)


def test_option_accepts_connector_metrics_by_country(serve: Callable[..., Client]) -> None:
    """An option accepts the metrics of a production connector with `country_code` only."""
    client = serve(country_reports_have_connector_metrics=True)
    names = ["spend", *sorted(CONNECTOR_METRICS["BASIC"]["country_code"])]
    records = client.report(dimensions=["ad_id", "stat_time_day", "country_code"], metrics=names)
    assert set(records[0]["metrics"]) == set(names)
    other = report_params(dimensions=["ad_id", "search_terms"], metrics=names)
    assert client.get("/report/integrated/get/", **other)["code"] == 40002


def test_report_supports_order_and_totals(client: Client) -> None:
    """`order_field` sorts a report, and `enable_total_metrics` adds the sum."""
    params = report_params(metrics=["spend"], order_field="spend", enable_total_metrics=True)
    data = client.data("/report/integrated/get/", page_size=1000, **params)
    spends = [Decimal(record["metrics"]["spend"]) for record in data["list"]]
    assert spends == sorted(spends, reverse=True)
    assert Decimal(data["total_metrics"]["spend"]) == sum(spends)


def test_topview_report_needs_buying_type_filter(client: Client) -> None:
    """TopView delivery is reported only with the `buying_type` filter."""
    value = json.dumps(["RESERVATION_TOP_VIEW"])
    filtering = [{"field_name": "buying_type", "filter_type": "IN", "filter_value": value}]
    topview = client.report(metrics=["spend", "campaign_id"], filtering=filtering)
    default = client.report(metrics=["spend", "campaign_id"])
    assert not {record["metrics"]["campaign_id"] for record in topview} & {
        record["metrics"]["campaign_id"] for record in default
    }


def test_report_filters_by_id(client: Client) -> None:
    """A filter by ID returns the records of these objects."""
    name = client.all_records("/campaign/get/", 1000)[0]["campaign_id"]
    value = json.dumps([name])
    filtering = [{"field_name": "campaign_ids", "filter_type": "IN", "filter_value": value}]
    records = client.report(metrics=["campaign_id"], filtering=filtering)
    assert {record["metrics"]["campaign_id"] for record in records} == {name}


def test_report_ads_limit_keeps_newest_ads(serve: Callable[..., Client]) -> None:
    """`report_ads_limit` keeps only the newest ads and sets a response header."""
    client = serve(report_ads_limit=3)
    response = client.raw("/report/integrated/get/", **report_params(page_size=1000))
    records = response.json()["data"]["list"]
    assert response.headers["X-Tt-Ads-Throttle"] == "true"
    assert len({record["dimensions"]["ad_id"] for record in records}) == 3


@pytest.mark.parametrize("path", ["/campaign/get/", "/adgroup/get/", "/ad/get/"])
def test_topview_list_needs_buying_type_filter(client: Client, path: str) -> None:
    """TopView objects are listed only if TopView is the only buying type."""
    default = client.all_records(path, 100)
    topview = client.all_records(path, 100, filtering={"buying_types": ["RESERVATION_TOP_VIEW"]})
    assert topview
    campaigns = {record["campaign_id"] for record in topview}
    assert not campaigns & {record["campaign_id"] for record in default}


def test_promote_campaign_needs_origin_filter(client: Client) -> None:
    """A Promote campaign needs an origin filter and lacks `modify_time`."""
    default = client.all_records("/campaign/get/", 1000)
    assert not any("campaign_system_origin" in record for record in default)
    origins = {"campaign_system_origins": ["PROMOTE", "TT_ADS_PLATFORM"]}
    records = client.all_records("/campaign/get/", 1000, filtering=origins)
    promoted = [record for record in records if "campaign_system_origin" in record]
    assert len(records) == len(default) + 1
    assert len(promoted[0]) == 6 + 1
    assert "modify_time" not in promoted[0]


@pytest.mark.parametrize(
    ("stream", "path", "size", "name"), [entry for entry in LISTS if entry[0] in WITH_STATUS]
)
def test_status_filter_selects_deleted_objects(
    client: Client, stream: str, path: str, size: int, name: str
) -> None:
    """`STATUS_DELETE` returns only the deleted objects, newest first."""
    all_ids, deleted, existing = (
        [
            record[KEYS[stream]]
            for record in client.all_records(path, size, name, filtering=filtering)
        ]
        for filtering in ({"primary_status": "STATUS_ALL"}, {"primary_status": "STATUS_DELETE"}, {})
    )
    assert deleted
    assert sorted(deleted + existing, reverse=True) == all_ids


@pytest.mark.parametrize("path", ["/ad/get/", "/smart_plus/ad/get/"])
def test_modified_after_filters_records(client: Client, path: str) -> None:
    """`modified_after` returns the objects changed at that second or later."""
    records = client.all_records(path, 100)
    moment = sorted(record["modify_time"] for record in records)[len(records) // 2]
    filtered = client.all_records(path, 100, filtering={"modified_after": moment})
    assert filtered == [record for record in records if record["modify_time"] >= moment]
    assert 0 < len(filtered) < len(records)


@pytest.mark.parametrize(("stream", "path", "size", "name"), LISTS)
def test_record_has_documented_fields(
    client: Client, stream: str, path: str, size: int, name: str
) -> None:
    """A record has the documented fields, and its key is text."""
    optional = {"budget_optimize_on", "create_time", "modify_time", "campaign_system_origin"}
    for record in client.all_records(path, size, name):
        assert set(RECORDS[stream]) - optional <= set(record) <= set(RECORDS[stream])
        assert isinstance(record[KEYS[stream]], str)


def test_fields_parameter_limits_record(client: Client) -> None:
    """The parameter `fields` limits the fields of a record, including nested fields."""
    record = client.data("/ad/get/", fields=["ad_id", "ad_name"])["list"][0]
    assert set(record) == {"ad_id", "ad_name"}
    fields = ["smart_plus_ad_id", "identity_type"]
    record = client.data("/smart_plus/ad/get/", fields=fields)["list"][0]
    assert set(record["ad_configuration"]) == {"identity_type"}
    records = client.data("/ad/get/", exclude_field_types_in_response=["NULL_FIELD"])["list"]
    assert all(value is not None for record in records for value in record.values())
    editable = client.data(
        "/advertiser/info/",
        advertiser_ids=[client.first_advertiser],
        fields=["company_name_editable"],
    )
    assert set(editable["list"][0]) == {"advertiser_id", "company_name_editable"}


def test_values_have_inconsistent_types(client: Client) -> None:
    """Times, numbers and booleans have TikTok's inconsistent types."""
    ads = client.all_records("/ad/get/", 1000)
    assert {type(ad["page_id"]) for ad in ads} == {int, type(None)}
    assert any(ad["tracking_pixel_id"] and ad["tracking_pixel_id"] > 2**53 for ad in ads)
    flags = {repr(ad["is_new_structure"]) for ad in ads}
    flags |= {repr(ad["is_aco"]) for ad in ads}
    assert flags & {"'true'", "'false'"}
    pixels = client.all_records("/pixel/list/", 20, "pixels")
    assert {type(pixel["create_time"]) for pixel in pixels} == {int, str}
    info = client.data("/advertiser/info/", advertiser_ids=client.world.advertiser_ids)
    assert all(isinstance(record["create_time"], int) for record in info["list"])
    assert "page_info" not in info
    videos = client.all_records("/file/video/ad/search/", 100)
    assert all(video["modify_time"].endswith("Z") for video in videos)
    images = client.all_records("/file/image/ad/search/", 100)
    assert any("modify_time" not in image for image in images)


@pytest.mark.parametrize("is_ignored", [False, True])
def test_videos_can_be_listed_by_modification(
    serve: Callable[..., Client], is_ignored: bool
) -> None:
    """Videos come last modified first on request, unless the option `ignores_sort_field` is set."""
    client = serve(ignores_sort_field=is_ignored, videos=30)
    path, page = "/file/video/ad/search/", {"page_size": 100}
    advertiser_id = client.world.advertiser_ids[0]
    by_creation, by_change = (
        client.data(path, advertiser_id=advertiser_id, sort_field=field, **page)["list"]
        for field in ("CREATE_TIME", "MODIFY_TIME")
    )
    expected = sorted(by_creation, key=lambda video: str(video["modify_time"]), reverse=True)
    assert by_creation != expected
    assert by_change == (by_creation if is_ignored else expected)


def test_response_has_envelope_and_headers(client: Client) -> None:
    """A response has a request ID in the body and header, and a date."""
    response = client.raw("/user/info/")
    envelope = response.json()
    assert set(envelope) == {"code", "message", "request_id", "data"}
    assert (envelope["code"], envelope["message"]) == (0, "OK")
    assert response.headers["X-TT-LOGID"] == envelope["request_id"]
    assert response.headers["Date"].endswith("GMT")


def test_option_adds_unknown_fields(serve: Callable[..., Client]) -> None:
    """The option `unknown_fields` adds an undocumented field to some records."""
    client = serve(unknown_fields=True)
    records = client.all_records("/ad/get/", 1000)
    assert 0 < sum("field_in_no_sheet" in record for record in records) < len(records)


def test_touch_and_delete_change_lists_and_reports(serve: Callable[..., Client]) -> None:
    """`touch` changes `modify_time`. `delete` hides an object and its children."""
    client = serve()
    ad = client.all_records("/ad/get/", 1000)[0]["ad_id"]
    moment = client.world.today(client.first_advertiser)
    client.world.touch("ads", ad, datetime(moment.year + 1, 6, 1, tzinfo=timezone.utc))
    touched = client.all_records(
        "/ad/get/", 10, filtering={"modified_after": f"{moment.year + 1}-01-01 00:00:00"}
    )
    assert [record["ad_id"] for record in touched] == [ad]
    initial = client.world.expected(START, TODAY)
    campaign = client.all_records("/adgroup/get/", 1000)[-1]["campaign_id"]
    client.world.delete("campaigns", campaign, datetime(2026, 6, 1, tzinfo=timezone.utc))
    assert not client.all_records("/ad/get/", 100, filtering={"campaign_ids": [campaign]})
    final = client.world.expected(START, TODAY)
    assert final["campaigns"] == initial["campaigns"]
    assert final["ad_performance_report"] < initial["ad_performance_report"]
    assert (
        len(client.report())
        == client.world.expected(START, TODAY, advertiser_ids=[client.first_advertiser])[
            "ad_performance_report"
        ]
    )


def test_option_adds_late_conversions(serve: Callable[..., Client]) -> None:
    """The option `late_conversions` adds conversions to recent days as time advances."""
    client = serve(late_conversions=True)
    initial = sums_by(client.report(metrics=[*ADDITIVE]), "stat_time_day")
    client.world.advance()
    final = sums_by(client.report(metrics=[*ADDITIVE]), "stat_time_day")
    changed = {day for day in initial if initial[day] != final[day]}
    assert changed
    assert min(changed) > (f"{TODAY[:8]}13",)
    assert all(final[day]["spend"] == initial[day]["spend"] for day in initial)


def test_options_determine_bytes() -> None:
    """Equal options produce equal bytes in processes with different hash seeds."""
    code = (
        "import json, msgspec\n"
        "from tap_tiktok_ads.simulator import World\n"
        "from tap_tiktok_ads.simulator.handlers.api import Api\n"
        "from tap_tiktok_ads.simulator.handlers.routes import ENDPOINTS, HANDLERS\n"
        f"world = World({{'today': {TODAY!r}}})\n"
        "name = world.advertiser_ids[0]\n"
        "def get(path, **query):\n"
        "    params = ENDPOINTS[path].read({'advertiser_id': name, **query})\n"
        "    return msgspec.json.encode(HANDLERS[path](Api(world), params).data).decode()\n"
        "print(get('/ad/get/', page_size='100'), get('/smart_plus/ad/get/'))\n"
        "report = {'report_type': 'BASIC', 'data_level': 'AUCTION_AD',\n"
        "          'dimensions': json.dumps(['ad_id', 'stat_time_day']),\n"
        f"          'start_date': {START!r}, 'end_date': {TODAY!r}, 'page_size': '100'}}\n"
        "print(get('/report/integrated/get/', **report))\n"
        "print(get('/tt_video/list/'), get('/tool/diagnosis/get/'), get('/store/list/'))\n"
        "print(get('/smart_plus/material_report/overview/', query_lifetime='true',\n"
        "          dimensions=json.dumps(['campaign_id', 'main_material_id'])))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


def test_advertisers_have_local_dates() -> None:
    """Without a fixed date, today depends on the time zone of the advertiser."""
    world = World()
    days = defaultdict(set)
    for name in world.advertiser_ids:
        days[str(world.accounts[name].zone)].add(world.today(name))
    assert len(days) == 3
    assert len(set.union(*days.values())) in {1, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [({"campains": 3}, "'campaigns'"), ({"ads": -1}, "'ads'"), ({"ads": "many"}, "'ads'")],
)
def test_wrong_option_is_rejected(options: dict[str, Any], message: str) -> None:
    """A wrong option is rejected. An unknown option gets a suggestion."""
    with pytest.raises(ValueError, match=message):
        World(options)
