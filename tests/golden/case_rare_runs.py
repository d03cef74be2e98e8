"""The end of a run: its problems, its counts, and a client that is closed."""

# ruff: noqa: PLW0108
from __future__ import annotations

import logging
import typing as t
from unittest import mock

from conftest import SMALL, Collector, answering, catalog_of, config_at, config_for

from golden.collector import case, error_cases, short_waits
from tap_tiktok_ads import TikTokAds
from tap_tiktok_ads.extract.lookahead import Workers
from tap_tiktok_ads.progress import Progress, log_summary
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams.creatives import VideoCreatives
from tap_tiktok_ads.tap import TapTikTokAds
from tap_tiktok_ads.termination import termination

if t.TYPE_CHECKING:
    from collections.abc import Callable

CAMPAIGNS = "/campaign/get/"
ALL: dict[str, t.Any] = {"times": None}


def finish(config: dict[str, t.Any], *streams: str) -> None:
    """Run the tap up to its end, which reports the problems of the run."""
    tap = TapTikTokAds(
        config=config,
        catalog=catalog_of(config, streams, alone=True),
        message_writer=Collector(),
        selected_only=True,
    )
    with short_waits(), mock.patch.object(termination, "before_end"):
        tap.run()


def finished(
    streams: list[str],
    *faults: tuple[str, dict[str, t.Any]],
    options: dict[str, t.Any] | None = None,
    **settings: t.Any,
) -> Callable[[], object]:
    """Return a case: run the tap up to its end, on a simulator with faults."""

    def read() -> None:
        with Simulator({**SMALL, "advertisers": 1, **(options or {})}) as simulator:
            for kind, arguments in faults:
                simulator.add_fault(kind, **arguments)
            config = config_for(simulator, max_concurrency=1, max_retries=0)
            finish({**config, "start_date": "{now-2}", **settings}, *streams)

    return read


def finished_with(stream: str, data: t.Any, **settings: t.Any) -> Callable[[], object]:
    """Return a case: run the tap up to its end, on a server whose responses have this data."""

    def read() -> None:
        with answering(lambda _: data) as (url, _):
            finish(config_at(url, max_concurrency=1, max_retries=0, **settings), stream)

    return read


def _capped() -> None:
    with mock.patch.object(VideoCreatives, "list_cap", 100):
        finished(["video_creatives"], options={"videos": 120})()


FRACTION = {
    "list": [{"pixel_id": "1", "activity_status": "ACTIVE", "events": "many"}],
    "page_info": {"total_number": 1},
}
error_cases(
    "Lists and completeness",
    {
        "the end of a run with denied streams": finished(
            ["campaigns", "pixels"],
            ("code", {"path": CAMPAIGNS, "code": 40001, "message": "No permission.", **ALL}),
        ),
        "the end of a run with incomplete streams": finished(
            ["campaigns", "pixels"], ("drop_row", {"path": CAMPAIGNS, **ALL})
        ),
        "the end of a run with records that do not fit": finished_with(
            "campaigns",
            {
                "list": [{"campaign_id": "1"}, {"campaign_name": "x"}],
                "page_info": {"total_number": 2},
            },
        ),
        "a list that is longer than its endpoint lists": lambda: _capped(),
    },
)


def _counts() -> None:
    progress = Progress(clock=lambda: 0.0)
    progress.begin("ads", advertisers=3)
    progress.wrote(1000)
    progress.requested()
    progress.retried()
    progress.waited(2.5)
    log_summary(progress, logging.getLogger("tap-tiktok-ads"))


case("Output", "the counts of a run", logging.INFO)(_counts)


def _closed_workers() -> None:
    workers = Workers(1)
    results = workers.ordered([1, 2], lambda page: (page, ()))
    next(results)
    workers.close(1.0)
    next(results)


def _records_missing() -> None:
    with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
        simulator.add_fault("drop_row", path=CAMPAIGNS, times=None)
        with TikTokAds(**config_for(simulator, max_retries=0)) as ads:
            list(ads.records("campaigns"))


error_cases(
    "Python client",
    {
        "close while records are read": _closed_workers,
        "records of another list that are missing": _records_missing,
    },
)
