"""Records of ads that the simulator does not generate, and their rows in `ads_resolved`."""

from __future__ import annotations

import random
import typing as t

from .expected_ads import UTM

if t.TYPE_CHECKING:
    from .dbt_support import Row

ADVERTISER = "900"
PAGE = "https://shop.example/p"
NO_UTM: Row = dict.fromkeys(UTM)


def pairs(**values: str | None) -> list[Row]:
    """Return URL parameters as TikTok returns them."""
    return [{"key": key, "value": value} for key, value in values.items()]


#: Landing page, appended parameters, and the UTM parameters other than null.
URLS: list[tuple[str, list[Row] | None, Row]] = [
    (PAGE, None, {}),
    (f"{PAGE}?", [], {}),
    (f"{PAGE}?a=1&b", None, {}),
    (
        f"{PAGE}?utm_source=tiktok&utm_medium=cpc",
        None,
        {"utm_source": "tiktok", "utm_medium": "cpc"},
    ),
    (f"{PAGE}?utm_source=a#top?utm_medium=b", None, {"utm_source": "a"}),
    (f"{PAGE}#/app?utm_source=a", None, {}),
    (f"{PAGE}?utm_source=a?b=c", None, {"utm_source": "a?b=c"}),
    (f"{PAGE}?utm_source=a&utm_source=b", None, {"utm_source": "a"}),
    (f"{PAGE}?utm_source=&utm_source=b", None, {"utm_source": ""}),
    (f"{PAGE}?utm_term", None, {"utm_term": ""}),
    (f"{PAGE}?utm_term=a=b==", None, {"utm_term": "a=b=="}),
    (f"{PAGE}?&&utm_term=x&", None, {"utm_term": "x"}),
    (f"{PAGE}?UTM_SOURCE=a&utm_Medium=b&xutm_term=c", None, {}),
    (f"{PAGE}?utm_source=a;utm_medium=b", None, {"utm_source": "a;utm_medium=b"}),
    (f"{PAGE}?utm%5Fcampaign=Caf%C3%A9+%26%20Bar", None, {"utm_campaign": "Café & Bar"}),
    (f"{PAGE}?utm_campaign=%E6%97%A5%e6%9c%ac%20%F0%9F%99%82é", None, {"utm_campaign": "日本 🙂é"}),
    (f"{PAGE}?utm_campaign=%2520%2B", None, {"utm_campaign": "%20+"}),
    (
        f"{PAGE}?utm_campaign=100%&utm_term=%zz%4",
        None,
        {"utm_campaign": "100%", "utm_term": "%zz%4"},
    ),
    (
        f"{PAGE}?utm_campaign=%E9t%C3%A9&utm_term=%00",
        None,
        {"utm_campaign": "%E9té", "utm_term": "%00"},
    ),
    (f"{PAGE}?utm_campaign=%C0%80%ED%A0%80", None, {"utm_campaign": "%C0%80%ED%A0%80"}),
    (f"{PAGE}?utm_content=%22a%27%5C%0Ab", None, {"utm_content": "\"a'\\\nb"}),
    (
        f"{PAGE}?utm_campaign=__CAMPAIGN_NAME__&utm_content=__CID__&ttclid=__CLICKID__",
        None,
        {"utm_campaign": "__CAMPAIGN_NAME__", "utm_content": "__CID__"},
    ),
    ("shop://product?id=1&utm_source=app#x", None, {"utm_source": "app"}),
    (
        PAGE,
        pairs(utm_source="tiktok", utm_term="a%20b+c"),
        {"utm_source": "tiktok", "utm_term": "a%20b+c"},
    ),
    (
        f"{PAGE}?utm_source=url",
        pairs(utm_source="appended", utm_medium=None, utm_campaign="__CAMPAIGN_ID__"),
        {"utm_source": "url", "utm_campaign": "__CAMPAIGN_ID__"},
    ),
    (
        PAGE,
        [*pairs(utm_content="first"), *pairs(utm_content="second"), *pairs(UTM_TERM="x")],
        {"utm_content": "first"},
    ),
]
PIECES = (
    *("utm_source", "utm_term", "utm%5fmedium", "=", "&", "#", "?", "+", "%", "%2", "%C3", "%A9"),
    *("%F0%9F%98%80", "%e2%82%ac", "é", " ", "\n", "'", '"', "\\", "a", "/", ";", "__CID__", "%00"),
)


def random_url(number: int) -> str:
    """Return a URL of random pieces."""
    source = random.Random(number)
    return f"{PAGE}?" + "".join(source.choices(PIECES, k=source.randint(1, 14)))


def ad(ad_id: str, **values: t.Any) -> tuple[str, Row]:
    """Return a record of the stream `ads`."""
    return "ads", {
        "advertiser_id": ADVERTISER,
        "ad_id": ad_id,
        "campaign_id": "1",
        "campaign_name": "Old name",
        "adgroup_id": "11",
        "adgroup_name": "Old group",
        "ad_name": f"Ad {ad_id}",
        "operation_status": "ENABLE",
        "secondary_status": "AD_STATUS_DELIVERY_OK",
        "campaign_automation_type": "MANUAL",
        **values,
    }


def smart_ad(ad_id: str, **values: t.Any) -> tuple[str, Row]:
    """Return a record of the stream `smart_plus_ads`."""
    _, record = ad(ad_id, smart_plus_ad_id=ad_id, **values)
    del record["ad_id"], record["campaign_automation_type"]
    return "smart_plus_ads", record


def creative(**info: t.Any) -> Row:
    """Return a creative of an Upgraded Smart+ ad."""
    return {"ad_material_id": "5", "material_operation_status": "ENABLE", "creative_info": info}


def shown(ad_id: str, day: str, impressions: int) -> tuple[str, Row]:
    """Return a record of the daily report of ads."""
    numbers = {"spend": 0.5, "impressions": impressions, "clicks": 1, "conversion": 1}
    ids = {"advertiser_id": ADVERTISER, "ad_id": ad_id, "stat_time_day": day}
    return "ad_performance_report", {**ids, "is_top_view": False, "is_final": True, **numbers}


SMART_PAGE = f"{PAGE}/smart?utm_campaign=smart"
CREATIVE_OF_SMART = {
    "smart_plus_ad_id": "31",
    "ad_id_v2": "31",
    "campaign_automation_type": "UPGRADED_SMART_PLUS",
}
CREATIVE_OF_UNLISTED = {**CREATIVE_OF_SMART, "smart_plus_ad_id": "32", "ad_id_v2": "32"}
RECORDS: list[tuple[str, Row]] = [
    *(
        ("campaigns", {"advertiser_id": ADVERTISER, "campaign_id": id_, **values})
        for id_, values in {
            "1": {"campaign_name": "Current name", "secondary_status": "CAMPAIGN_STATUS_ENABLE"},
            "2": {"campaign_name": "Deleted", "secondary_status": "CAMPAIGN_STATUS_DELETE"},
        }.items()
    ),
    *(
        ("ad_groups", {"advertiser_id": ADVERTISER, "adgroup_id": id_, **values})
        for id_, values in {
            "11": {"adgroup_name": "Current group"},
            "12": {"adgroup_name": "Catalog group", "catalog_id": "c1"},
        }.items()
    ),
    *(
        ("spark_ads", {"advertiser_id": ADVERTISER, "item_id": id_, **t.cast("Row", values)})
        for id_, values in {
            "71": {
                "video_info": {"video_id": "v71"},
                "item_info": {"video_info": {"video_id": "v71"}},
            },
            "72": {"item_info": {"video_info": {"video_id": "v72"}}},
            "73": {"item_info": {"carousel_info": {"image_info": [{"image_id": "i73"}, {}]}}},
        }.items()
    ),
    ad("21", video_id="v1", image_ids=["i2", "i1"]),
    shown("21", "2026-01-03", 5),
    shown("21", "2026-01-02", 1),
    shown("21", "2026-01-01", 0),
    shown("21", "2026-01-04", 0),
    ad("22", campaign_id="2", image_ids=["i1"], smart_plus_ad_id=""),
    shown("22", "2026-01-05", 0),
    ad("23", campaign_id="3", adgroup_id="13", video_id="", image_ids=[]),
    ad("24", tiktok_item_id="71", catalog_id="c9", image_ids=["cover"]),
    ad("25", tiktok_item_id="72", video_id=None),
    ad("26", tiktok_item_id="73", ad_format="CAROUSEL_ADS"),
    ad(
        "27", adgroup_id="12", ad_format="CATALOG_CAROUSEL", catalog_id="c2", image_ids=["end card"]
    ),
    ad("28", vertical_video_strategy="CATALOG_UPLOADED_VIDEOS"),
    ad("29", product_specific_type="ALL"),
    ad("2a", ad_format="LIVE_CONTENT"),
    ad("2b", playable_url="https://playable.example"),
    ("ads", {"advertiser_id": ADVERTISER, "ad_id": "2c", "campaign_system_origin": "PROMOTE"}),
    ("ads", {"advertiser_id": ADVERTISER, "ad_id": "2d"}),
    (
        "ads",
        {"advertiser_id": ADVERTISER, "ad_id": "2f", "_deleted_at": "2026-03-01T00:00:00Z"},
    ),
    ad(
        "2e",
        landing_page_urls=[f"{PAGE}/2?utm_term=2", f"{PAGE}/1?utm_term=1", f"{PAGE}/2?utm_term=2"],
        deeplink="app://x?utm_term=query",
        deeplink_utm_params=pairs(utm_source="link", utm_term="appended"),
    ),
    smart_ad(
        "31",
        ad_name=None,
        operation_status="DISABLE",
        creative_list=[
            creative(video_info={"video_id": "v31"}, image_info=[{"web_uri": "i31"}]),
            creative(video_info={"video_id": None}, tiktok_item_id="72"),
            creative(image_info=[{"web_uri": "i33"}, {"web_uri": "i32"}], ad_format="CAROUSEL_ADS"),
            {"ad_material_id": "6", "creative_info": None},
        ],
        playable_list=[{"playable_url": "https://playable.example"}],
        landing_page_url_list=[{"landing_page_url": SMART_PAGE}, {"landing_page_url": PAGE}],
        deeplink_list=[{"deeplink": "app://smart"}],
        ad_configuration={
            "catalog_creative_toggle": True,
            "utm_params": pairs(utm_source="tiktok"),
            "deeplink_utm_params": [],
        },
    ),
    ad("41", **CREATIVE_OF_SMART, video_id="v31", landing_page_url=SMART_PAGE),
    ad("42", **CREATIVE_OF_SMART, video_id="generated", secondary_status="AD_STATUS_DELETE"),
    shown("41", "2026-02-02", 1),
    shown("42", "2026-02-01", 9),
    ad("43", **CREATIVE_OF_UNLISTED, video_id="v43", landing_page_url=f"{PAGE}?utm_term=43"),
    ad(
        "44",
        **CREATIVE_OF_UNLISTED,
        operation_status="DISABLE",
        landing_page_url=f"{PAGE}?utm_term=44",
    ),
    smart_ad("33", secondary_status="AD_STATUS_DELETE", ad_configuration=None),
    shown("99", "2026-02-02", 1),
    *(
        ad(f"u{number}", landing_page_url=url, utm_params=appended)
        for number, (url, appended, _) in enumerate(URLS)
    ),
    *(
        ad(f"r{number}", landing_page_url=random_url(number), utm_params=pairs(utm_term="appended"))
        for number in range(100)
    ),
]

#: Columns of ads by ad.
RESOLVED: dict[str, Row] = {
    "21": {
        "ad_source": "MANUAL",
        "ad_name": "Ad 21",
        "campaign_name": "Current name",
        "adgroup_name": "Current group",
        "secondary_status": "AD_STATUS_DELIVERY_OK",
        "is_deleted": False,
        "creative_sources": ["ASSET_LIBRARY"],
        "report_ad_ids": ["21"],
        "video_ids": ["v1"],
        "image_ids": ["i1", "i2"],
        "tiktok_item_ids": None,
        "landing_page_url": None,
        **NO_UTM,
        "first_day": "2026-01-02",
        "last_day": "2026-01-03",
    },
    "22": {
        "campaign_name": "Deleted",
        "is_deleted": True,
        "creative_sources": ["ASSET_LIBRARY"],
        "first_day": None,
        "last_day": None,
    },
    "23": {
        "campaign_name": "Old name",
        "adgroup_name": "Old group",
        "is_deleted": False,
        "creative_sources": None,
        "video_ids": None,
    },
    "24": {
        "creative_sources": ["TIKTOK_POST"],
        "tiktok_item_ids": ["71"],
        "video_ids": ["v71"],
        "image_ids": ["cover"],
        "catalog_ids": ["c9"],
    },
    "25": {"video_ids": ["v72"], "creative_sources": ["TIKTOK_POST"]},
    "26": {"video_ids": None, "image_ids": ["i73"]},
    "27": {"creative_sources": ["CATALOG"], "catalog_ids": ["c1", "c2"]},
    "28": {"creative_sources": ["CATALOG"], "catalog_ids": None},
    "29": {"creative_sources": ["CATALOG"]},
    "2a": {"creative_sources": ["LIVE"]},
    "2b": {"creative_sources": ["PLAYABLE"]},
    "2c": {"ad_source": "PROMOTE", "creative_sources": None, "campaign_name": None},
    "2d": {"ad_source": None, "is_deleted": False, "report_ad_ids": ["2d"]},
    "2f": {"ad_source": None, "is_deleted": True, "report_ad_ids": ["2f"]},
    "2e": {
        "landing_page_url": f"{PAGE}/2?utm_term=2",
        "utm_term": "2",
        "landing_page_urls": [f"{PAGE}/1?utm_term=1", f"{PAGE}/2?utm_term=2"],
        "deeplinks": ["app://x?utm_term=query"],
    },
    "31": {
        "ad_source": "UPGRADED_SMART_PLUS",
        "ad_name": None,
        "operation_status": "DISABLE",
        "secondary_status": "AD_STATUS_DELIVERY_OK",
        "is_deleted": False,
        "creative_sources": ["ASSET_LIBRARY", "CATALOG", "PLAYABLE", "TIKTOK_POST"],
        "report_ad_ids": ["41", "42"],
        "video_ids": ["generated", "v31", "v72"],
        "image_ids": ["i31", "i32", "i33"],
        "tiktok_item_ids": ["72"],
        "landing_page_url": SMART_PAGE,
        "landing_page_urls": [PAGE, SMART_PAGE],
        "deeplinks": ["app://smart"],
        **NO_UTM,
        "utm_source": "tiktok",
        "utm_campaign": "smart",
        "first_day": "2026-02-01",
        "last_day": "2026-02-02",
    },
    "32": {
        "ad_source": "UPGRADED_SMART_PLUS",
        "ad_name": None,
        "operation_status": None,
        "secondary_status": "AD_STATUS_DELIVERY_OK",
        "report_ad_ids": ["43", "44"],
        "landing_page_url": f"{PAGE}?utm_term=43",
        "utm_term": "43",
        "landing_page_urls": [f"{PAGE}?utm_term=43", f"{PAGE}?utm_term=44"],
    },
    "33": {
        "ad_source": "UPGRADED_SMART_PLUS",
        "is_deleted": True,
        "report_ad_ids": None,
        "creative_sources": None,
        "first_day": None,
    },
    **{
        f"u{number}": {"landing_page_url": url, **NO_UTM, **expected}
        for number, (url, _, expected) in enumerate(URLS)
    },
}
#: Links of the ad 2e: type, index, URL, source and term.
LINKS = {
    ("LANDING_PAGE", 1, f"{PAGE}/2?utm_term=2", None, "2"),
    ("LANDING_PAGE", 2, f"{PAGE}/1?utm_term=1", None, "1"),
    ("DEEPLINK", 1, "app://x?utm_term=query", "link", "query"),
}
