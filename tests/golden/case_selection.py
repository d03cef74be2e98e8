"""The setting `streams`, the command `streams` and the option `--test`."""

from __future__ import annotations

import logging

from conftest import SPARSE, catalog_of, config_at, config_for

from golden.case_commands import command, invoked
from golden.case_settings import tap
from golden.collector import case, error_cases
from tap_tiktok_ads.cli.selection_cost import log_selection_cost
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

NOWHERE = config_at("http://127.0.0.1:9")


def _not_in_catalog() -> None:
    catalog = catalog_of(NOWHERE, ["pixels"], alone=True)
    TapTikTokAds(config={**NOWHERE, "streams": "ads"}, catalog=catalog)


def _cost() -> None:
    with Simulator({**SPARSE, "advertisers": 1}) as simulator:
        config = config_for(simulator, streams="apps,campaigns")
        log_selection_cost(TapTikTokAds(config=config, selected_only=True))


error_cases(
    "Settings",
    {
        "streams with a misspelled stream": tap(streams="campains"),
        "streams with a stream that resembles none": tap(streams="zzz"),
        "streams with a misspelled column": tap(streams="!ads.landing_page_ur"),
        "streams with a column that resembles none": tap(streams="ads.zzz"),
        "streams with a text that is no pattern": tap(streams=["ads."]),
        "streams with a stream that the catalog does not select": _not_in_catalog,
        "an unknown setting of --discover": lambda: TapTikTokAds(
            config={"acess_token": "t"}, validate_config=False
        ),
    },
)
error_cases(
    "Commands",
    {
        "streams of an unknown report": lambda: invoked(["streams", "--metrics", "ad_reports"]),
        "streams of a stream without metrics": lambda: invoked(["streams", "--metrics", "ads"]),
        "the last line of --test": command("--test", streams="pixels"),
        "the last line of --test without a permission": command(
            "--test",
            faults=[
                ("code", {"path": "/pixel/list/", "times": None, "code": 40001, "message": "No."})
            ],
            streams="pixels",
        ),
    },
)
case("Commands", "the requests of streams that are not default streams", logging.INFO)(_cost)
