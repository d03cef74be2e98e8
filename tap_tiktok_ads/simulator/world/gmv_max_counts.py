"""Expected row counts of GMV Max reports, and numbers of sessions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.records.shops import (
    PRODUCT_CAMPAIGN,
    gmv_max_type,
    is_available,
    session_numbers,
)

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

GMV_MAX_STREAMS = (
    *("gmv_max_report", "gmv_max_report_hourly", "gmv_max_product_report"),
    *("gmv_max_product_report_hourly", "gmv_max_creative_report", "gmv_max_live_report"),
    *("gmv_max_live_report_hourly", "gmv_max_sessions"),
)


def count_gmv_max(account: Account, days: range, horizon: int) -> dict[str, int]:
    """Count the rows of GMV Max reports, and the sessions of campaigns for products.

    Only reports by campaign include deleted campaigns. Each campaign has two products, two posts or
    two livestreams.

    Args:
        account: Account of the campaigns.
        days: Indexes of the days to count.
        horizon: Index of today.
    """
    counts: Counter[str] = Counter()
    for store in account.existing_assets("stores"):
        existing = account.gmv_max_campaigns(store)
        products = [entry for entry in existing if gmv_max_type(entry) == PRODUCT_CAMPAIGN]
        counts["gmv_max_sessions"] += sum(len(session_numbers(entry)) for entry in products)
        if is_available(store, account):
            lives = [entry for entry in existing if entry not in products]
            campaigns = account.gmv_max_campaigns(store, with_deleted=True)
            counts.update(_report_rows("", campaigns, days, horizon))
            counts.update(_report_rows("product_", products, days, horizon))
            counts.update(_report_rows("live_", lives, days, horizon))
    counts["gmv_max_creative_report"] = counts["gmv_max_product_report"]
    return {name: counts[name] for name in GMV_MAX_STREAMS}


def _report_rows(prefix: str, campaigns: list[Asset], days: range, horizon: int) -> Counter[str]:
    """Return the number of rows of the reports of campaigns, or of their two items, by stream."""
    counts: Counter[str] = Counter()
    for campaign in campaigns:
        spend_days = delivery.days_with_rows(campaign.key, 0, horizon)
        spend_days &= ~delivery.days_without_spend(campaign.key, horizon)
        count = sum(spend_days >> day & 1 for day in days) * (2 if prefix else 1)
        hours = len(delivery.audience_shares(("stat_time_hour",), campaign.audience))
        counts[f"gmv_max_{prefix}report"] += count
        counts[f"gmv_max_{prefix}report_hourly"] += count * hours
    return counts
