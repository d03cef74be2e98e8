"""The rows of the dbt models `ads_resolved` and `ad_links`, computed from records of the tap."""

from __future__ import annotations

import collections
import re
import typing as t

if t.TYPE_CHECKING:
    from .dbt_support import Row

Rows: t.TypeAlias = "dict[str, list[Row]]"

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
LISTS = (
    *("report_ad_ids", "creative_sources", "video_ids", "image_ids", "tiktok_item_ids"),
    *("catalog_ids", "landing_page_urls", "deeplinks"),
)
FROM_AD = (
    *("ad_name", "campaign_id", "campaign_name", "adgroup_id", "adgroup_name"),
    *("operation_status", "secondary_status"),
)
COLUMNS = (
    *("advertiser_id", "ad_id", "ad_source", "is_deleted", *FROM_AD, *LISTS),
    *("landing_page_url", *UTM, "first_day", "last_day"),
)


def decode(text: str) -> str:
    """Return a decoded name or value of a query. Escapes of no text in UTF-8 stay."""

    def decode_run(match: re.Match[str]) -> str:
        data = bytes.fromhex(match[0].replace("%", ""))
        try:
            return data.decode() if b"\0" not in data else match[0]
        except UnicodeDecodeError:
            return match[0]

    return re.sub(r"(%[0-9A-Fa-f]{2})+", decode_run, text.replace("+", " "))


def utm_of(url: str, appended: list[Row] | None) -> Row:
    """Return the UTM parameters of a link, where the first value of each counts."""
    found: dict[str | None, str] = {}
    for parameter in url.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = parameter.partition("=")
        found.setdefault(decode(name), decode(value))
    for pair in appended or ():
        if pair.get("value") is not None:
            found.setdefault(pair.get("key"), pair["value"])
    return {name: found.get(name) for name in UTM}


class ExpectedAd:
    """An ad with the rows that describe it."""

    def __init__(self, advertiser_id: str, ad_id: str) -> None:
        self.key = advertiser_id, ad_id
        self.smart: Row | None = None
        self.rows: list[Row] = []

    def value(self, column: str) -> t.Any:
        """Return the value of the Smart+ ad, or without one the only value of the rows of ads."""
        if self.smart:
            return self.smart.get(column)
        values = {row[column] for row in self.rows if row.get(column) is not None}
        return values.pop() if len(values) == 1 else None

    def creatives(self) -> t.Iterator[tuple[str | None, str | None, str | None, list[str]]]:
        """Yield source, post, video and images of each creative."""
        for row in sorted(self.rows, key=lambda row: str(row["ad_id"])):
            images = row.get("image_ids") or []
            yield source_of(row, images), row.get("tiktok_item_id"), row.get("video_id"), images
        for item in (self.smart or {}).get("creative_list") or ():
            info = item.get("creative_info") or {}
            images = [image.get("web_uri") for image in info.get("image_info") or ()]
            video = (info.get("video_info") or {}).get("video_id")
            source = source_of({**info, "video_id": video}, images)
            yield source, info.get("tiktok_item_id"), video, images

    def links(self, link_type: str) -> list[tuple[str, Row]]:
        """Return each landing page or link into an app with its UTM parameters, in order."""
        member, appended = (
            ("landing_page_url", "utm_params")
            if link_type == "LANDING_PAGE"
            else ("deeplink", "deeplink_utm_params")
        )
        smart = self.smart or {}
        settings = smart.get("ad_configuration") or {}
        links = [
            (item.get(member), settings.get(appended)) for item in smart.get(f"{member}_list") or ()
        ]
        for row in sorted(self.rows, key=lambda row: str(row["ad_id"])):
            older = row.get("landing_page_urls") or [] if link_type == "LANDING_PAGE" else []
            links += [(url, row.get(appended)) for url in (row.get(member), *older)]
        result: list[tuple[str, Row]] = []
        for url, parameters in links:
            link = (url, utm_of(url, parameters)) if url else None
            if link and link not in result:
                result.append(link)
        return result


def source_of(creative: Row, images: list[str]) -> str | None:
    """Return where a creative is."""
    strategy = creative.get("vertical_video_strategy") or ""
    ad_format = creative.get("ad_format")
    sources = {
        "TIKTOK_POST": creative.get("tiktok_item_id"),
        "LIVE": ad_format == "LIVE_CONTENT" or strategy == "LIVE_STREAM",
        "CATALOG": ad_format == "CATALOG_CAROUSEL" or strategy.startswith("CATALOG_"),
        "ASSET_LIBRARY": creative.get("video_id") or images,
        "PLAYABLE": creative.get("playable_url"),
    }
    fallback = creative.get("catalog_id") or creative.get("product_specific_type")
    return next((name for name, found in sources.items() if found), fallback and "CATALOG")


def group_ads(rows: Rows) -> list[ExpectedAd]:
    """Return the ads of the streams `ads` and `smart_plus_ads`."""
    ads: dict[tuple[str, str], ExpectedAd] = {}
    for row in rows["smart_plus_ads"]:
        key = row["advertiser_id"], row["smart_plus_ad_id"]
        ads.setdefault(key, ExpectedAd(*key)).smart = row
    for row in rows["ads"]:
        key = row["advertiser_id"], row.get("smart_plus_ad_id") or row["ad_id"]
        ads.setdefault(key, ExpectedAd(*key)).rows.append(row)
    return list(ads.values())


def expected_links(rows: Rows) -> list[Row]:
    """Return the rows of `ad_links`."""
    return [
        {
            **dict(zip(("advertiser_id", "ad_id"), ad.key, strict=True)),
            "link_type": link_type,
            "link_index": index,
            "url": url,
            **parameters,
        }
        for ad in group_ads(rows)
        for link_type in ("LANDING_PAGE", "DEEPLINK")
        for index, (url, parameters) in enumerate(ad.links(link_type), 1)
    ]


def expected_ads(rows: Rows) -> list[Row]:
    """Return the rows of `ads_resolved`."""
    parents = {
        (stream, row["advertiser_id"], row[key]): row
        for stream, key in (("campaigns", "campaign_id"), ("ad_groups", "adgroup_id"))
        for row in rows[stream]
    }
    posts = {(row["advertiser_id"], row["item_id"]): row for row in rows["spark_ads"]}
    days: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for row in rows["ad_performance_report"]:
        if row["impressions"]:
            days[row["advertiser_id"], row["ad_id"]].append(row["stat_time_day"])
    return [_expected_ad(ad, parents, posts, days) for ad in group_ads(rows)]


def _expected_ad(
    ad: ExpectedAd,
    parents: dict[tuple[str, str, str], Row],
    posts: dict[tuple[str, str], Row],
    days: dict[tuple[str, str], list[str]],
) -> Row:
    advertiser_id, ad_id = ad.key
    campaign = parents.get(("campaigns", advertiser_id, ad.value("campaign_id")), {})
    group = parents.get(("ad_groups", advertiser_id, ad.value("adgroup_id")), {})
    shown = sorted(day for row in ad.rows for day in days.get((advertiser_id, row["ad_id"]), ()))
    pages = ad.links("LANDING_PAGE")
    page, parameters = pages[0] if pages else (None, dict.fromkeys(UTM))
    automation = "UPGRADED_SMART_PLUS" if ad.smart else ad.value("campaign_automation_type")
    names = {
        "campaign_name": campaign.get("campaign_name"),
        "adgroup_name": group.get("adgroup_name"),
    }
    own = [ad.smart] if ad.smart else ad.rows
    return {
        "advertiser_id": advertiser_id,
        "ad_id": ad_id,
        "ad_source": ad.value("campaign_system_origin")
        or automation
        or campaign.get("campaign_automation_type"),
        "is_deleted": all(map(_is_deleted, own)) or _is_deleted(campaign) or _is_deleted(group),
        **{column: names.get(column) or ad.value(column) for column in FROM_AD},
        **_lists(ad, group, posts),
        "landing_page_url": page,
        **parameters,
        "first_day": shown[0] if shown else None,
        "last_day": shown[-1] if shown else None,
    }


def _is_deleted(row: Row) -> bool:
    status = str(row.get("secondary_status"))
    return status.endswith("_DELETE") or row.get("_deleted_at") is not None


def _lists(ad: ExpectedAd, group: Row, posts: dict[tuple[str, str], Row]) -> Row:
    lists: dict[str, set[str | None]] = {name: set() for name in LISTS}
    for source, post_id, video_id, images in ad.creatives():
        lists["creative_sources"].add(source)
        lists["tiktok_item_ids"].add(post_id)
        post = posts.get((ad.key[0], post_id or ""), {})
        item = post.get("item_info") or {}
        videos = (post.get("video_info") or {}, item.get("video_info") or {})
        lists["video_ids"] |= {
            video_id,
            next(filter(None, (v.get("video_id") for v in videos)), None),
        }
        carousel = item.get("carousel_info") or {}
        lists["image_ids"].update(images)
        lists["image_ids"].update(i.get("image_id") for i in carousel.get("image_info") or ())
    smart = ad.smart or {}
    if (smart.get("ad_configuration") or {}).get("catalog_creative_toggle"):
        lists["creative_sources"].add("CATALOG")
    if smart.get("playable_list"):
        lists["creative_sources"].add("PLAYABLE")
    lists["catalog_ids"] = {group.get("catalog_id"), *(row.get("catalog_id") for row in ad.rows)}
    lists["report_ad_ids"] = {row["ad_id"] for row in ad.rows}
    lists["landing_page_urls"] = {url for url, _ in ad.links("LANDING_PAGE")}
    lists["deeplinks"] = {url for url, _ in ad.links("DEEPLINK")}
    return {name: sorted(filter(None, values)) or None for name, values in lists.items()}
