"""Handlers of the reports on the materials of Upgraded Smart+ ads: overview and breakdown."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.materials import delivered_creatives, main_material
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.reports.aggregation import delivery_by_time
from tap_tiktok_ads.simulator.reports.metrics import formula
from tap_tiktok_ads.simulator.reports.query import CONFLICT, check_window
from tap_tiktok_ads.simulator.reports.rows import window
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import MATERIAL_METRICS
from tap_tiktok_ads.simulator.spec.reports import MATERIAL_ID_DIMENSIONS, MATERIAL_TIMES, SETTINGS

from .aggregated_reports import aggregated_report, check_metrics
from .objects import smart_plus_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator.accounts.entities import Account, Creative, SmartAd
    from tap_tiktok_ads.simulator.reports.aggregation import AggregatedRow, AggregatedRows

    from .api import Api, Handler, Params, Payload

STATUS_METRICS = (
    "ad_material_id",
    "material_primary_status",
    "material_second_status_list",
    "operation_status",
)
"""Properties of a material in an overview. Empty unless `smart_plus_ad_id` is a dimension."""

MAX_DAYS = {"stat_time_hour": 7}

_SHARES = {
    "ad_text_entity_id": (600, 370),
    "call_to_action_entity_id": (1000,),
    "interactive_add_on_entity_id": (900,),
}
"""Shares of a day by the entities of a setting, in thousandths."""

_FORMULAS = {name: formula(name) for name in MATERIAL_METRICS}


def _overview(api: Api, params: Params) -> Payload:
    """Return a page of an overview: totals of the period by material."""
    account = smart_plus_account(api, params)
    ids = [name for name in params["dimensions"] if name in MATERIAL_ID_DIMENSIONS]
    if len(ids) != 1:
        text = ", ".join(MATERIAL_ID_DIMENSIONS)
        reject(f"dimensions: Exactly one of {text} is needed. {CONFLICT}")
    if params["query_lifetime"]:
        params = params | {"start_date": None, "end_date": None}
    else:
        check_window(params["start_date"], params["end_date"], None)
    return _report(api, params, account, STATUS_METRICS)


def _breakdown(api: Api, params: Params) -> Payload:
    """Return a page of a breakdown by material, setting or time."""
    account = smart_plus_account(api, params)
    times = [name for name in params["dimensions"] if name in MATERIAL_TIMES]
    if len(times) > 1:
        reject(f"dimensions: Only one time dimension is allowed. {CONFLICT}")
    if not {"main_material_id", *SETTINGS}.intersection(params["dimensions"]):
        reject(f"dimensions: main_material_id or an entity is needed. {CONFLICT}")
    time = times[0] if times else None
    check_window(params["start_date"], params["end_date"], time, max_days=MAX_DAYS)
    return _report(api, params, account)


def _report(
    api: Api, params: Params, account: Account, status_metrics: tuple[str, ...] = ()
) -> Payload:
    """Return a page of a report on materials."""
    dimensions = params["dimensions"]
    if len(set(dimensions)) != len(dimensions):
        reject("dimensions: Contains duplicates.")
    check_metrics(params["metrics"], {*MATERIAL_METRICS, *status_metrics})
    days = window(api.world, account, params["start_date"], params["end_date"])
    time = next((name for name in dimensions if name in MATERIAL_TIMES), None)

    def fill(rows: AggregatedRows) -> None:
        for smart, creative, ad in delivered_creatives(account):
            ids = _ids(account, smart, creative)
            for moment, counters in delivery_by_time(api.world, account, ad, days, time):
                for entities, share in _entities(account, dimensions):
                    values = ids | entities | {time or "": _period(moment, time)}
                    if _selects(values, params["filtering"]):
                        row = {name: values[name] for name in dimensions}
                        if "main_material_id" in row:
                            row["main_material_type"] = values["main_material_type"]
                        rows.add(row, (smart, creative), delivery.scaled(counters, share))

    return aggregated_report(api, account, params, fill, _FORMULAS, _status)


def _ids(account: Account, smart: SmartAd, creative: Creative) -> dict[str, str]:
    """Return the ID dimensions of a creative."""
    material_id, material_type = main_material(account, creative)
    return {
        "advertiser_id": account.id,
        "campaign_id": smart.campaign.id,
        "adgroup_id": smart.group.id,
        "smart_plus_ad_id": smart.id,
        "main_material_id": material_id,
        "main_material_type": material_type,
    }


def _entities(account: Account, dimensions: list[str]) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the combinations of the setting dimensions, each with its share in thousandths."""
    names = [name for name in SETTINGS if name in dimensions]
    for choice in product(*(enumerate(_SHARES[name]) for name in names)):
        share = 1000
        entities = {}
        for name, (number, per_mille) in zip(names, choice, strict=True):
            entities[name] = str(76 * 10**17 + mix(account.key, len(name), number) % 10**16)
            share = share * per_mille // 1000
        yield entities, share


def _period(moment: str, time: str | None) -> str:
    """Return the value of a time dimension. A week starts on Monday, a month on its first day."""
    if time == "stat_time_month":
        return f"{moment[:8]}01 00:00:00"
    if time == "stat_time_week":
        day = date.fromisoformat(moment[:10])
        return f"{day - timedelta(days=day.weekday())} 00:00:00"
    return moment


def _selects(values: dict[str, str], filtering: dict[str, list[str]]) -> bool:
    """Return True if the filters select a row. Filters on other dimensions are ignored."""
    return all(values.get(name[:-1], allowed[0]) in allowed for name, allowed in filtering.items())


def _status(row: AggregatedRow, name: str) -> Any:
    """Return a status metric of a material in a Smart+ ad."""
    smart, creative = row.subject
    if "smart_plus_ad_id" not in row.dimensions:
        return ""
    delivers = mix(smart.key, int(creative.material_id)) % 3 > 0
    return {
        "ad_material_id": creative.material_id,
        "material_primary_status": "DELIVERING" if delivers else "NOT_DELIVERING",
        "material_second_status_list": pick(([], ["MATERIAL_DISABLE"]), smart.key),
        "operation_status": "ENABLE" if delivers else "DISABLE",
    }[name]


HANDLERS: dict[str, Handler] = {
    "/smart_plus/material_report/overview/": _overview,
    "/smart_plus/material_report/breakdown/": _breakdown,
}
