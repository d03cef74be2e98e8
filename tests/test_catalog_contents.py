"""Contents of catalogs: read per catalog, which is listed once, without credentials of feeds."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STREAMS = ["catalog_products", "catalog_sets", "catalog_feeds", "catalog_diagnostics"]


@pytest.mark.parametrize("sim", [{"business_centers": 2, "catalogs": 3}], indirect=True)
def test_catalogs_are_listed_once(sim: Simulator) -> None:
    """All streams of catalogs share one list of catalogs per Business Center."""
    messages = run(config_for(sim), ["catalogs", *STREAMS])
    lists = [request for request in sim.requests if request.path == "/catalog/get/"]
    assert len(lists) == 2
    catalogs = {(r["bc_id"], r["catalog_id"]) for r in messages.records["catalogs"]}
    for name in STREAMS:
        owners = {(r["bc_id"], r["catalog_id"]) for r in messages.records[name]}
        assert owners == catalogs, name


def test_credentials_of_feeds_are_not_written(sim: Simulator) -> None:
    """User name and password of a feed are in no message, but the address of its file is."""
    text = json.dumps(run(config_for(sim), ["catalog_feeds"]).all)
    assert "https://example.com/feed.csv" in text
    assert "open sesame" not in text
    assert '"username"' not in text


def test_rejected_catalog_does_not_stop_the_others(sim: Simulator) -> None:
    """A catalog that TikTok rejects is skipped, and the other catalogs are read."""
    sim.add_fault("code", path="/catalog/set/get/", times=1, code=40002)
    messages = run(config_for(sim), ["catalogs", "catalog_sets", "sync_errors"])
    read = {record["catalog_id"] for record in messages.records["catalog_sets"]}
    listed = {record["catalog_id"] for record in messages.records["catalogs"]}
    assert len(listed - read) == 1
    (error,) = messages.records["sync_errors"]
    assert (error["stream"], error["code"], error["action"]) == ("catalog_sets", 40002, "skipped")
