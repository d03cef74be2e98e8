"""Rows over HTTP against the world's own count, and what they look like."""

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
DELETED = ["all", "not deleted"]
ADDITIVE = ("spend", "impressions", "clicks", "conversion", "likes", "video_views_p50")


def expected(client: Client, kept: str = "all") -> dict[str, int]:
    """Return the counts of the first advertiser."""
    return client.world.expected(
        START, TODAY, include_deleted=kept == "all", advertiser_ids=[client.first]
    )


def sums(rows: list[Any], *dimensions: str) -> dict[tuple[str, ...], dict[str, Decimal]]:
    """Add up the additive metrics of rows by dimensions or attribute metrics."""
    totals: dict[tuple[str, ...], dict[str, Decimal]] = {}
    for row in rows:
        values = row["dimensions"] | row["metrics"]
        total = totals.setdefault(
            tuple(values[name] for name in dimensions), dict.fromkeys(ADDITIVE, Decimal(0))
        )
        for name in ADDITIVE:
            total[name] += Decimal(row["metrics"][name])
    return totals


@pytest.mark.parametrize("kept", DELETED)
@pytest.mark.parametrize(("stream", "path", "size", "name"), LISTS)
def test_lists_are_complete(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, kept: str
) -> None:
    """All pages of a list together are the rows the world counts, each once."""
    filtering: dict[str, Any] = {}
    if kept == "all" and stream in WITH_STATUS:
        filtering = {"primary_status": "STATUS_ALL"}
    if stream in {"campaigns", "ad_groups", "ads"}:
        filtering |= ORIGINS
    rows = client.every(path, size, name, filtering=filtering or None)
    assert len(rows) == expected(client, kept)[stream] > 0
    assert len({row[KEYS[stream]] for row in rows}) == len(rows)


@pytest.mark.parametrize("kept", DELETED)
@pytest.mark.parametrize(("stream", "report_type", "level", "dimensions"), REPORTS)
def test_reports_are_complete(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, report_type: str, level: str, dimensions: list[str], kept: str
) -> None:
    """All pages of a report together are the rows the world counts, each key once."""
    rows = client.report(
        397,
        report_type=report_type,
        data_level=level,
        dimensions=dimensions,
        filtering=status_all(level) if kept == "all" else None,
    )
    assert len(rows) == expected(client, kept)[stream] > 0
    assert len({tuple(row["dimensions"][name] for name in dimensions) for row in rows}) == len(rows)


@pytest.mark.parametrize("kept", DELETED)
@pytest.mark.parametrize(("name", "level", "dimension"), LEVELS)
def test_reports_by_hour_and_of_all_time(
    client: Client, name: str, level: str, dimension: str, kept: str
) -> None:
    """Hours of single days, and rows of all time, are those the world counts."""
    filtering = status_all(level) if kept == "all" else None
    params: dict[str, Any] = {"data_level": level, "filtering": filtering}
    hours = client.world.expected(
        TODAY, TODAY, include_deleted=kept == "all", advertiser_ids=[client.first]
    )
    day: dict[str, Any] = {
        "start_date": TODAY,
        "end_date": TODAY,
        "dimensions": [dimension, "stat_time_hour"],
    }
    rows = client.report(**params, **day)
    assert len(rows) == hours[f"{name}_performance_report_hourly"] > 0
    rows = client.report(**params, query_lifetime=True, dimensions=[dimension])
    assert len(rows) == expected(client, kept)[f"{name}_performance_report_lifetime"] > 0


@pytest.mark.parametrize("split", ["language", "placement", "ac", "device_brand_id", "dma_id"])
@pytest.mark.parametrize(("name", "level", "dimension"), LEVELS)
def test_audiences_of_all_levels(
    client: Client, name: str, level: str, dimension: str, split: str
) -> None:
    """Every audience dimension goes with every data level."""
    dimensions = [dimension, "stat_time_day", split]
    rows = client.report(data_level=level, report_type="AUDIENCE", dimensions=dimensions)
    assert rows, name
    assert all(row["dimensions"][split] for row in rows)


def test_reservation_needs_no_filter(client: Client) -> None:
    """Reach & frequency campaigns are in reports that name no buying type."""
    campaigns = client.every("/campaign/get/", 100, filtering={"buying_types": ["RESERVATION_RF"]})
    dimensions = ["campaign_id", "stat_time_day"]
    rows = client.report(data_level="AUCTION_CAMPAIGN", dimensions=dimensions)
    assert campaigns
    assert {one["campaign_id"] for one in campaigns} <= {
        row["dimensions"]["campaign_id"] for row in rows
    }


@pytest.mark.parametrize("kept", DELETED)
def test_smart_plus_parts_are_complete(client: Client, kept: str) -> None:
    """Creatives, media and reviews read over HTTP are the ones the world counts."""
    filtering = {"primary_status": "STATUS_ALL"} if kept == "all" else None
    ads = client.every("/smart_plus/ad/get/", 100, filtering=filtering)
    media = set()
    for ad in ads:
        for creative in ad["creative_list"]:
            info, material = creative["creative_info"], creative["ad_material_id"]
            found = [("VIDEO", (info["video_info"] or {}).get("video_id"))]
            found += [("IMAGE", image["web_uri"]) for image in info["image_info"] or []]
            found += [("MUSIC", (info["music_info"] or {}).get("music_id"))]
            found += [("TIKTOK_POST", info["tiktok_item_id"])]
            media |= {(ad["smart_plus_ad_id"], *one, material) for one in found if one[1]}
        for playable in ad["playable_list"] or []:
            media.add((ad["smart_plus_ad_id"], "PLAYABLE", playable["playable_url"], ""))
    ids = [ad["smart_plus_ad_id"] for ad in ads]
    extra = {"include_reject_info": True, "include_violation_frame": True}
    reviews = client.data(
        "/smart_plus/ad/review_info/", smart_plus_ad_ids=ids, extra_info_setting=extra
    )
    counts = expected(client, kept)
    assert sum(len(ad["creative_list"]) for ad in ads) == counts["smart_plus_ad_creatives"]
    assert len(media) == counts["smart_plus_ad_media"]
    assert sum(map(len, reviews.values())) == counts["smart_plus_ad_suggestions"]
    assert "page_info" not in reviews


def test_every_stream_has_rows(client: Client) -> None:
    """The default world has a row of each stream; what is shared counts with the first account."""
    for name in client.world.advertiser_ids[:1]:
        counts = client.world.expected(START, TODAY, advertiser_ids=[name], include_deleted=False)
        assert len(counts) == len(STREAMS) - 1
        assert all(counts.values()), counts


@pytest.mark.parametrize(
    ("level", "dimension"), [("AUCTION_ADGROUP", "adgroup_id"), ("AUCTION_CAMPAIGN", "campaign_id")]
)
def test_levels_add_up(client: Client, level: str, dimension: str) -> None:
    """An ad group's or campaign's row is the exact sum of the rows of its ads."""
    ads = client.report(metrics=[*ADDITIVE, "campaign_id", "adgroup_id"])
    rows = client.report(
        data_level=level, dimensions=[dimension, "stat_time_day"], metrics=[*ADDITIVE]
    )
    assert sums(ads, dimension, "stat_time_day") == sums(rows, dimension, "stat_time_day")


def test_countries_add_up(client: Client) -> None:
    """A campaign's row of a country is the sum of its ads' rows of the country."""
    ads = client.report(
        dimensions=["ad_id", "stat_time_day", "country_code"], metrics=[*ADDITIVE, "campaign_id"]
    )
    rows = client.report(
        data_level="AUCTION_CAMPAIGN",
        dimensions=["campaign_id", "stat_time_day", "country_code"],
        metrics=[*ADDITIVE],
    )
    keys = ("campaign_id", "stat_time_day", "country_code")
    assert sums(ads, *keys) == sums(rows, *keys)


@pytest.mark.parametrize(
    "splits", [["gender", "age"], ["country_code"], ["platform"], ["province_id"]]
)
def test_parts_stay_below_the_whole(client: Client, splits: list[str]) -> None:
    """The parts of an audience breakdown never exceed the ad's row of the day."""
    whole = sums(client.report(metrics=[*ADDITIVE]), "ad_id", "stat_time_day")
    rows = client.report(
        report_type="AUDIENCE",
        dimensions=["ad_id", "stat_time_day", *splits],
        metrics=[*ADDITIVE],
    )
    for key, parts in sums(rows, "ad_id", "stat_time_day").items():
        assert all(parts[name] <= whole[key][name] for name in ADDITIVE)


def test_hours_stay_below_the_day(client: Client) -> None:
    """Hourly rows carry the hour and sum to at most the day."""
    day: dict[str, Any] = {"start_date": TODAY, "end_date": TODAY}
    hours = client.report(dimensions=["ad_id", "stat_time_hour"], metrics=[*ADDITIVE], **day)
    whole = sums(client.report(metrics=[*ADDITIVE], **day), "ad_id")
    assert hours[0]["dimensions"]["stat_time_hour"].startswith(f"{TODAY} ")
    for key, parts in sums(hours, "ad_id").items():
        assert all(parts[name] <= whole[key][name] for name in ADDITIVE)


@pytest.mark.parametrize(
    "period",
    [
        {"query_lifetime": True, "start_date": None, "end_date": None},
        {"start_date": "2025-12-01", "end_date": TODAY},
    ],
)
def test_without_time_dimension(client: Client, period: dict[str, Any]) -> None:
    """Without a time dimension there is one row per object, for the window or the lifetime."""
    days = client.report(metrics=[*ADDITIVE], start_date="2026-10-22")
    rows = client.report(dimensions=["ad_id"], metrics=[*ADDITIVE], **period)
    assert len({row["dimensions"]["ad_id"] for row in rows}) == len(rows)
    spent = sums(days, "ad_id")
    assert all(spent[key]["spend"] <= total["spend"] for key, total in sums(rows, "ad_id").items())


def test_smart_plus_ad_report(client: Client) -> None:
    """With ad_id_v2 the creatives of a Smart+ ad become one row, with list attributes."""
    metrics = ["spend", "ad_text", "campaign_automation_type"]
    rows = client.report(dimensions=["ad_id_v2", "stat_time_day"], metrics=metrics)
    smart = [
        row for row in rows if row["metrics"]["campaign_automation_type"] == "UPGRADED_SMART_PLUS"
    ]
    assert all(isinstance(row["metrics"]["ad_text_list"], list) for row in smart)
    ads = client.every("/smart_plus/ad/get/", 100, filtering={"primary_status": "STATUS_ALL"})
    assert {row["dimensions"]["ad_id_v2"] for row in smart} <= {
        ad["smart_plus_ad_id"] for ad in ads
    }


def test_metric_values(client: Client) -> None:
    """Metrics are strings: money with two decimals, ratios of the sums, some integers "1.0"."""
    others = {"cash_spend", "voucher_spend", "cost"}  # of an account's day, of AUDIENCE reports
    names = [name for name, metric in METRICS.items() if metric.group != "attribute"]
    names = ["spend", "clicks", "cpc", *names]
    names = [name for name in dict.fromkeys(names) if name not in others]
    rows = client.report(metrics=names[:100])
    for start in range(100, len(names), 100):
        more = client.report(metrics=names[start : start + 100])
        for row, other in zip(rows, more, strict=True):
            row["metrics"] |= other["metrics"]
    texts = {text for row in rows for text in row["metrics"].values()}
    assert all(isinstance(text, str) for text in texts)
    assert "-" in texts
    assert any(text.endswith(".0") for text in texts)
    for row in rows:
        metrics = row["metrics"]
        assert set(metrics) == set(names)
        spend, clicks = Decimal(metrics["spend"]), int(metrics["clicks"])
        assert metrics["cpc"] == (f"{float(spend) / clicks:.2f}" if clicks else "0.00")
        assert row["dimensions"]["stat_time_day"].endswith(" 00:00:00")
    assert any(row["metrics"]["spend"] == "0.00" for row in rows)


def test_default_metrics(client: Client) -> None:
    """Without metrics a report has spend and impressions."""
    assert set(client.report()[0]["metrics"]) == {"spend", "impressions"}


@pytest.mark.parametrize(
    ("report_type", "dimension"),
    [(kind, dimension) for kind, lists in DIMENSION_METRICS.items() for dimension in lists],
)
def test_metrics_of_a_dimension(client: Client, report_type: str, dimension: str) -> None:
    """Every metric of TikTok's list of a dimension is accepted with it."""
    names = sorted(DIMENSION_METRICS[report_type][dimension])
    dimensions = ["ad_id", "stat_time_day", dimension]
    assert client.report(report_type=report_type, dimensions=dimensions, metrics=names)


def test_country_metrics_of_connectors(serve: Callable[..., Client]) -> None:
    """An option accepts what a connector requests with country_code, and nothing else."""
    client = serve(country_reports_have_connector_metrics=True)
    names = ["spend", *sorted(CONNECTOR_METRICS["BASIC"]["country_code"])]
    rows = client.report(dimensions=["ad_id", "stat_time_day", "country_code"], metrics=names)
    assert set(rows[0]["metrics"]) == set(names)
    other = report_params(dimensions=["ad_id", "search_terms"], metrics=names)
    assert client.get("/report/integrated/get/", **other)["code"] == 40002


def test_order_and_totals(client: Client) -> None:
    """Rows can be ordered by a metric, and enable_total_metrics adds their sum."""
    params = report_params(metrics=["spend"], order_field="spend", enable_total_metrics=True)
    data = client.data("/report/integrated/get/", page_size=1000, **params)
    spends = [Decimal(row["metrics"]["spend"]) for row in data["list"]]
    assert spends == sorted(spends, reverse=True)
    assert Decimal(data["total_metrics"]["spend"]) == sum(spends)


def test_report_of_top_view(client: Client) -> None:
    """TopView delivery comes only with the buying_type filter."""
    value = json.dumps(["RESERVATION_TOP_VIEW"])
    filtering = [{"field_name": "buying_type", "filter_type": "IN", "filter_value": value}]
    top = client.report(metrics=["spend", "campaign_id"], filtering=filtering)
    rest = client.report(metrics=["spend", "campaign_id"])
    assert not {row["metrics"]["campaign_id"] for row in top} & {
        row["metrics"]["campaign_id"] for row in rest
    }


def test_report_filters_by_id(client: Client) -> None:
    """An id filter keeps the rows of these objects."""
    name = client.every("/campaign/get/", 1000)[0]["campaign_id"]
    value = json.dumps([name])
    filtering = [{"field_name": "campaign_ids", "filter_type": "IN", "filter_value": value}]
    rows = client.report(metrics=["campaign_id"], filtering=filtering)
    assert {row["metrics"]["campaign_id"] for row in rows} == {name}


def test_newest_ads_only(serve: Callable[..., Client]) -> None:
    """With report_ads_limit only the newest ads count, and a header says so."""
    client = serve(report_ads_limit=3)
    response = client.raw("/report/integrated/get/", **report_params(page_size=1000))
    rows = response.json()["data"]["list"]
    assert response.headers["X-Tt-Ads-Throttle"] == "true"
    assert len({row["dimensions"]["ad_id"] for row in rows}) == 3


@pytest.mark.parametrize("path", ["/campaign/get/", "/adgroup/get/", "/ad/get/"])
def test_top_view_must_be_asked_for(client: Client, path: str) -> None:
    """TopView objects come only when theirs is the only buying type."""
    default = client.every(path, 100)
    top = client.every(path, 100, filtering={"buying_types": ["RESERVATION_TOP_VIEW"]})
    assert top
    campaigns = {row["campaign_id"] for row in top}
    assert not campaigns & {row["campaign_id"] for row in default}


def test_promote_campaign(client: Client) -> None:
    """A Promote campaign comes when asked for, with a handful of fields and no modify_time."""
    default = client.every("/campaign/get/", 1000)
    assert not any("campaign_system_origin" in row for row in default)
    origins = {"campaign_system_origins": ["PROMOTE", "TT_ADS_PLATFORM"]}
    rows = client.every("/campaign/get/", 1000, filtering=origins)
    promoted = [row for row in rows if "campaign_system_origin" in row]
    assert len(rows) == len(default) + 1
    assert len(promoted[0]) == 6 + 1
    assert "modify_time" not in promoted[0]


@pytest.mark.parametrize(
    ("stream", "path", "size", "name"), [one for one in LISTS if one[0] in WITH_STATUS]
)
def test_deleted_objects(client: Client, stream: str, path: str, size: int, name: str) -> None:
    """STATUS_DELETE gives the deleted objects only, newest first like all lists."""
    everything, deleted, alive = (
        [row[KEYS[stream]] for row in client.every(path, size, name, filtering=filtering)]
        for filtering in ({"primary_status": "STATUS_ALL"}, {"primary_status": "STATUS_DELETE"}, {})
    )
    assert deleted
    assert sorted(deleted + alive, reverse=True) == everything


@pytest.mark.parametrize("path", ["/ad/get/", "/smart_plus/ad/get/"])
def test_modified_after(client: Client, path: str) -> None:
    """modified_after keeps the objects changed at that second or later."""
    rows = client.every(path, 100)
    moment = sorted(row["modify_time"] for row in rows)[len(rows) // 2]
    found = client.every(path, 100, filtering={"modified_after": moment})
    assert found == [row for row in rows if row["modify_time"] >= moment]
    assert 0 < len(found) < len(rows)


@pytest.mark.parametrize(("stream", "path", "size", "name"), LISTS)
def test_fields(client: Client, stream: str, path: str, size: int, name: str) -> None:
    """Rows carry the documented fields, id fields are strings of digits or library names."""
    optional = {"budget_optimize_on", "create_time", "modify_time", "campaign_system_origin"}
    for row in client.every(path, size, name):
        assert set(RECORDS[stream]) - optional <= set(row) <= set(RECORDS[stream])
        assert isinstance(row[KEYS[stream]], str)


def test_chosen_fields(client: Client) -> None:
    """The parameter fields limits a row, inside ad_configuration too; nulls can be left out."""
    row = client.data("/ad/get/", fields=["ad_id", "ad_name"])["list"][0]
    assert set(row) == {"ad_id", "ad_name"}
    fields = ["smart_plus_ad_id", "identity_type"]
    row = client.data("/smart_plus/ad/get/", fields=fields)["list"][0]
    assert set(row["ad_configuration"]) == {"identity_type"}
    rows = client.data("/ad/get/", exclude_field_types_in_response=["NULL_FIELD"])["list"]
    assert all(value is not None for row in rows for value in row.values())
    editable = client.data(
        "/advertiser/info/", advertiser_ids=[client.first], fields=["company_name_editable"]
    )
    assert set(editable["list"][0]) == {"advertiser_id", "company_name_editable"}


def test_raw_dialect(client: Client) -> None:
    """Times, numbers and booleans come in TikTok's mixed ways."""
    ads = client.every("/ad/get/", 1000)
    assert {type(ad["page_id"]) for ad in ads} == {int, type(None)}
    assert any(ad["tracking_pixel_id"] and ad["tracking_pixel_id"] > 2**53 for ad in ads)
    flags = {repr(ad["is_new_structure"]) for ad in ads}
    flags |= {repr(ad["is_aco"]) for ad in ads}
    assert flags & {"'true'", "'false'"}
    pixels = client.every("/pixel/list/", 20, "pixels")
    assert {type(pixel["create_time"]) for pixel in pixels} == {int, str}
    info = client.data("/advertiser/info/", advertiser_ids=client.world.advertiser_ids)
    assert all(isinstance(row["create_time"], int) for row in info["list"])
    assert "page_info" not in info
    videos = client.every("/file/video/ad/search/", 100)
    assert all(video["modify_time"].endswith("Z") for video in videos)
    images = client.every("/file/image/ad/search/", 100)
    assert any("modify_time" not in image for image in images)


def test_envelope(client: Client) -> None:
    """Answers carry a request id in the body and in X-TT-LOGID, and a Date."""
    response = client.raw("/user/info/")
    envelope = response.json()
    assert set(envelope) == {"code", "message", "request_id", "data"}
    assert (envelope["code"], envelope["message"]) == (0, "OK")
    assert response.headers["X-TT-LOGID"] == envelope["request_id"]
    assert response.headers["Date"].endswith("GMT")


def test_unknown_fields(serve: Callable[..., Client]) -> None:
    """With unknown_fields some rows carry a field that no document names."""
    client = serve(unknown_fields=True)
    rows = client.every("/ad/get/", 1000)
    assert 0 < sum("field_in_no_sheet" in row for row in rows) < len(rows)


def test_changes(serve: Callable[..., Client]) -> None:
    """After touch modify_time is later; delete hides an object and what is below it."""
    client = serve()
    ad = client.every("/ad/get/", 1000)[0]["ad_id"]
    moment = client.world.today(client.first)
    client.world.touch("ads", ad, datetime(moment.year + 1, 6, 1, tzinfo=timezone.utc))
    found = client.every(
        "/ad/get/", 10, filtering={"modified_after": f"{moment.year + 1}-01-01 00:00:00"}
    )
    assert [row["ad_id"] for row in found] == [ad]
    before = client.world.expected(START, TODAY)
    campaign = client.every("/adgroup/get/", 1000)[-1]["campaign_id"]
    client.world.delete("campaigns", campaign, datetime(2026, 6, 1, tzinfo=timezone.utc))
    assert not client.every("/ad/get/", 100, filtering={"campaign_ids": [campaign]})
    after = client.world.expected(START, TODAY)
    assert after["campaigns"] == before["campaigns"]
    assert after["ad_performance_report"] < before["ad_performance_report"]
    assert (
        len(client.report())
        == client.world.expected(START, TODAY, advertiser_ids=[client.first])[
            "ad_performance_report"
        ]
    )


def test_late_conversions(serve: Callable[..., Client]) -> None:
    """With late_conversions recent days gain conversions when time advances, older ones do not."""
    client = serve(late_conversions=True)
    before = sums(client.report(metrics=[*ADDITIVE]), "stat_time_day")
    client.world.advance()
    after = sums(client.report(metrics=[*ADDITIVE]), "stat_time_day")
    changed = {day for day in before if before[day] != after[day]}
    assert changed
    assert min(changed) > (f"{TODAY[:8]}13",)
    assert all(after[day]["spend"] == before[day]["spend"] for day in before)


def test_same_in_every_process() -> None:
    """The same options give the same bytes in another process with another hash seed."""
    code = (
        "import json, msgspec\n"
        "from tap_tiktok_ads.simulator import World\n"
        "from tap_tiktok_ads.simulator.handlers.api import Api\n"
        "from tap_tiktok_ads.simulator.handlers.routes import ENDPOINTS, HANDLERS\n"
        f"world = World({{'today': {TODAY!r}}})\n"
        "name = world.advertiser_ids[0]\n"
        "def get(path, **sent):\n"
        "    params = ENDPOINTS[path].read({'advertiser_id': name, **sent})\n"
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


def test_time_zones() -> None:
    """Without a fixed date every advertiser has today's date in its own time zone."""
    world = World()
    days = defaultdict(set)
    for name in world.advertiser_ids:
        days[str(world.accounts[name].zone)].add(world.today(name))
    assert len(days) == 3
    assert len(set.union(*days.values())) in {1, 2}


@pytest.mark.parametrize(
    ("options", "part"),
    [({"campains": 3}, "'campaigns'"), ({"ads": -1}, "'ads'"), ({"ads": "many"}, "'ads'")],
)
def test_wrong_options(options: dict[str, Any], part: str) -> None:
    """A wrong option is refused, and an unknown one is answered with the nearest name."""
    with pytest.raises(ValueError, match=part):
        World(options)
