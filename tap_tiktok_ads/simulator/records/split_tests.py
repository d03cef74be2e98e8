"""Records of split tests and of labels for campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import pick

from . import campaigns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.simulator.accounts.entities import Account, AdGroup, Asset

    from .values import Record


def split_test_ids(groups: Iterable[AdGroup]) -> set[str]:
    """Return the IDs of the split tests of some ad groups."""
    records = map(campaigns.ad_group, groups)
    ids = (record.get("split_test_group_id") for record in records)
    return {group_id for group_id in ids if group_id is not None}


def split_test(groups: Sequence[AdGroup]) -> Record:
    """Return the result of the split test of some ad groups. It does not contain its own ID."""
    key = groups[0].key
    return {
        "split_test_status": pick(("COMPLETED", "IN_PROGRESS", "CANCELLED"), key),
        "split_test_level": "ADGROUP",
        "object_info": [
            {"adgroup_id": group.id, "adgroup_name": group.name, "optimization_goal": "CLICK"}
            for group in groups
        ],
        "cells": [{"object_ids": [group.id]} for group in groups],
        "test_variable": pick(("BIDDING_OPTIMIZATION", "CREATIVE", "CUSTOM"), key),
        "key_metric": "COST_PER_CONVERT",
        "start_time": groups[0].created,
        "end_time": groups[0].modified,
        "p_value_info": [{"metric": "COST_PER_CONVERT", "p_value": key % 100 / 100}],
    }


def campaign_label(label: Asset, _account: Account) -> Record:
    """Return a label as in `/campaign_label/get/`."""
    return {
        "campaign_label_id": label.id,
        "campaign_label_name": f"Label {label.number + 1} ✨",
        "campaign_label_type": pick(("GENERAL", "MARKETING_EVENT"), label.number),
        "campaign_label_color": pick(("pinkFilled", "blueOutlined"), label.number),
        "create_time": label.created,
    }
