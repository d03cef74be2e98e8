"""Rare messages of the Singer layer: deletions, stream maps, bookmarks and stdout."""

from __future__ import annotations

import json
import sys
import typing as t
from unittest import mock

from conftest import SMALL, answering, config_at, config_for, run
from singer_sdk.singerlib.encoding.simple import RecordMessage

from golden.case_commands import invoked
from golden.collector import answered, error_cases, short_waits, simulated, temporary_file
from tap_tiktok_ads.extract import deletions
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.singer.stdout import check_stdout, output_errors
from tap_tiktok_ads.singer.writer import BufferedWriter

if t.TYPE_CHECKING:
    from collections.abc import Callable

TOPVIEW_DENIED: dict[str, t.Any] = {
    "path": "/campaign/get/",
    "containing": "RESERVATION_TOP_VIEW",
    "code": 40002,
    "message": "Invalid value of buying_types.",
    "times": None,
}


def twice(
    stream: str, between: Callable[[Simulator], object], **settings: t.Any
) -> Callable[[], object]:
    """Return a case: track deletions in two runs, and change the simulator between them."""

    def read() -> None:
        with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
            config = config_for(simulator, track_deleted=True, max_concurrency=1, **settings)
            first = run(config, [stream])
            between(simulator)
            run(config, [stream], state=first.state)

    return read


def _remove_pixel(simulator: Simulator) -> None:
    simulator.world.version += 1
    simulator.world.accounts[simulator.world.advertiser_ids[0]].pixels.pop()


def _too_many() -> None:
    with mock.patch.object(deletions, "MAX_LISTED_OBJECTS", 3):
        simulated(["pixels"], track_deleted=True)()


error_cases(
    "Lists and completeness",
    {
        "deletions of an advertiser with too many objects": _too_many,
        "deletions without a list of an earlier run": twice(
            "campaigns", lambda simulator: simulator.add_fault("code", **TOPVIEW_DENIED)
        ),
        "a deletion that a stream map cannot use": twice(
            "pixels", _remove_pixel, stream_maps={"pixels": {"label": "pixel_name.upper()"}}
        ),
    },
)


def bookmark(value: t.Any, stream: str = "video_creatives") -> Callable[[], object]:
    """Return a case: read a stream from a bookmark of advertiser 1."""
    partition = {
        "context": {"advertiser_id": "1"},
        "replication_key": "modify_time",
        "replication_key_value": value,
    }
    state = {"bookmarks": {stream: {"partitions": [partition]}}}
    return answered(stream, lambda _: {"list": [], "page_info": {"total_number": 0}}, state)


error_cases(
    "State",
    {
        "a bookmark in the future": bookmark("2999-01-01T00:00:00Z"),
        "a bookmark of another type": bookmark(["soon"]),
    },
)


def _sample_without_key() -> list[str]:
    data = {"list": [{"campaign_name": "x"}], "page_info": {"total_number": 1}}
    with answering(lambda _: data) as (url, _):
        file = temporary_file(json.dumps(config_at(url, max_retries=0)))
        return invoked(["sample", "campaigns", "--config", file])


error_cases("Commands", {"a sample of a record without its key": _sample_without_key})


def _no_stdout() -> None:
    with mock.patch.object(sys, "stdout", None):
        check_stdout()


def _full_stdout() -> None:
    with output_errors():
        raise OSError(28, "No space left on device")


class ClosedPipe:
    """A stdout whose reader has ended."""

    buffer: ClosedPipe

    def __init__(self) -> None:
        self.buffer = self

    def write(self, _: t.Any) -> int:
        """Raise the error of a closed pipe."""
        raise BrokenPipeError

    flush = write


def _closed_pipe() -> None:
    with mock.patch.object(sys, "stdout", ClosedPipe()):
        BufferedWriter().write_message(RecordMessage("ads", {"ad_id": "1"}))


def _nested() -> None:
    value: t.Any = []
    for _ in range(100_000):
        value = [value]
    BufferedWriter().write_message(RecordMessage("ads", {"targeting": value}))


error_cases(
    "Output",
    {
        "stdout is closed": _no_stdout,
        "stdout is full": _full_stdout,
        "the target ends": _closed_pipe,
        "a record that is nested too deeply": _nested,
        "a stream map that fails on a record": simulated(
            ["pixels"], stream_maps={"pixels": {"label": "pixel_name + 1"}}
        ),
    },
)
