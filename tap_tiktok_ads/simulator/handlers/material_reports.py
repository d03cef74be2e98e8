"""Reports on the materials of Upgraded Smart+ ads: overview and breakdown."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.reports.in_memory import Line, Lines, answer, days_of, report, window
from tap_tiktok_ads.simulator.reports.integrated import CONFLICT, check_window
from tap_tiktok_ads.simulator.reports.metrics import formula
from tap_tiktok_ads.simulator.spec.assets import MATERIAL_TIMES, OVER_SETTINGS, SETTINGS
from tap_tiktok_ads.simulator.spec.errors import refuse
from tap_tiktok_ads.simulator.spec.facts import MATERIAL_METRICS

from .objects import smart_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.accounts.entities import Ad, Creative, SmartAd

    from .api import Answer, Api, Handler, Params

STATUS_METRICS = (
    "ad_material_id",
    "material_primary_status",
    "material_second_status_list",
    "operation_status",
)
"""What an overview says of a material; empty unless the Smart+ ad is a dimension."""

LIMITS = {"stat_time_hour": 7}

_KINDS = {
    "video": "VIDEO_NON_SPARK_ADS",
    "video_with_music": "VIDEO_NON_SPARK_ADS",
    "image": "SINGLE_IMAGE_NON_SPARK_ADS",
    "carousel": "CAROUSEL_NON_SPARK_ADS",
    "spark": "VIDEO_SPARK_ADS",
}
_SHARES = {
    "ad_text_entity_id": (600, 370),
    "call_to_action_entity_id": (1000,),
    "interactive_add_on_entity_id": (900,),
}
"""How a day divides by the entities of a setting, per mille."""

_FORMULAS = {name: formula(name) for name in MATERIAL_METRICS}


def delivered(account: Account) -> Iterator[tuple[SmartAd, Creative, Ad]]:
    """Yield the creatives of the Smart+ ads of an account with what each delivered."""
    for smart in account.smart_ads:
        ads = (ad for ad in smart.group.ads if ad.smart is smart)
        for creative, ad in zip(smart.creatives, ads, strict=True):
            yield smart, creative, ad


def material(account: Account, creative: Creative) -> tuple[str, str]:
    """Return `main_material_id` and its type; a video or image used twice is one material."""
    kind = _KINDS[creative.kind]
    if creative.post:
        return creative.post, kind
    if creative.videos:
        return account.object_id("videos", int(creative.videos[0][-6:])), kind
    if creative.kind == "image":
        return account.object_id("images", int(creative.images[0][-6:])), kind
    return creative.material_id, kind


def _overview(api: Api, params: Params) -> Answer:
    account = smart_account(api, params)
    above = [name for name in params["dimensions"] if name in OVER_SETTINGS]
    if len(above) != 1:
        refuse(f"dimensions: Exactly one of {', '.join(OVER_SETTINGS)} is needed. {CONFLICT}")
    lifetime = params["query_lifetime"]
    if not lifetime:
        check_window(params["start_date"], params["end_date"], None)
    dates = (None, None) if lifetime else (params["start_date"], params["end_date"])
    return _answer(api, params, account, dates, STATUS_METRICS)


def _breakdown(api: Api, params: Params) -> Answer:
    account = smart_account(api, params)
    dimensions = params["dimensions"]
    times = [name for name in dimensions if name in MATERIAL_TIMES]
    if len(times) > 1:
        refuse(f"dimensions: Only one time dimension is allowed. {CONFLICT}")
    if not {"main_material_id", *SETTINGS}.intersection(dimensions):
        refuse(f"dimensions: main_material_id or an entity is needed. {CONFLICT}")
    dates = (params["start_date"], params["end_date"])
    check_window(*dates, times[0] if times else None, LIMITS)
    return _answer(api, params, account, dates)


def _answer(
    api: Api,
    params: Params,
    account: Account,
    dates: tuple[str | None, str | None],
    more: tuple[str, ...] = (),
) -> Answer:
    dimensions = params["dimensions"]
    if len(set(dimensions)) != len(dimensions):
        refuse("dimensions: Contains duplicates.")
    unknown = [name for name in params["metrics"] if name not in {*MATERIAL_METRICS, *more}]
    if unknown:
        refuse(f"Invalid metric fields: {unknown}")
    days = window(api.world, account, *dates)
    time = next((name for name in dimensions if name in MATERIAL_TIMES), None)

    def materials(lines: Lines) -> None:
        for smart, creative, ad in delivered(account):
            known = _dimensions(account, smart, creative)
            for moment, counters in days_of(api.world, account, ad, days, time):
                for entities, share in _divided(account, dimensions):
                    values = known | entities | {time or "": _period(moment, time)}
                    if _kept(values, params["filtering"]):
                        row = {name: values[name] for name in dimensions}
                        if "main_material_id" in row:
                            row["main_material_type"] = values["main_material_type"]
                        lines.add(row, (smart, creative), delivery.scaled(counters, share))

    found = report(api, account, params, materials, _FORMULAS)
    return answer(params, found, _FORMULAS, _attribute)


def _dimensions(account: Account, smart: SmartAd, creative: Creative) -> dict[str, str]:
    name, kind = material(account, creative)
    return {
        "advertiser_id": account.id,
        "campaign_id": smart.campaign.id,
        "adgroup_id": smart.group.id,
        "smart_plus_ad_id": smart.id,
        "main_material_id": name,
        "main_material_type": kind,
    }


def _divided(account: Account, dimensions: list[str]) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the entities of the settings among the dimensions, with their share."""
    names = [name for name in SETTINGS if name in dimensions]
    for choice in product(*(enumerate(_SHARES[name]) for name in names)):
        share = 1000
        entities = {}
        for name, (number, part) in zip(names, choice, strict=True):
            entities[name] = str(76 * 10**17 + mix(account.key, len(name), number) % 10**16)
            share = share * part // 1000
        yield entities, share


def _period(moment: str, time: str | None) -> str:
    """Return the Monday of a week and the first day of a month."""
    if time == "stat_time_month":
        return f"{moment[:8]}01 00:00:00"
    if time == "stat_time_week":
        day = date.fromisoformat(moment[:10])
        return f"{day - timedelta(days=day.weekday())} 00:00:00"
    return moment


def _kept(values: dict[str, str], wanted: dict[str, list[str]]) -> bool:
    """Return whether the filters keep a row; an entity that is no dimension is not filtered by."""
    return all(values.get(name[:-1], one[0]) in one for name, one in wanted.items())


def _attribute(line: Line, name: str) -> Any:
    """Return what is known of a material in one Smart+ ad."""
    smart, creative = line.about
    if "smart_plus_ad_id" not in line.dimensions:
        return ""
    on = mix(smart.key, int(creative.material_id)) % 3 > 0
    return {
        "ad_material_id": creative.material_id,
        "material_primary_status": "DELIVERING" if on else "NOT_DELIVERING",
        "material_second_status_list": pick(([], ["MATERIAL_DISABLE"]), smart.key),
        "operation_status": "ENABLE" if on else "DISABLE",
    }[name]


HANDLERS: dict[str, Handler] = {
    "/smart_plus/material_report/overview/": _overview,
    "/smart_plus/material_report/breakdown/": _breakdown,
}
