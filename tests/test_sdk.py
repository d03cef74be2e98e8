"""The SDK's own tests over all streams, and the SDK's own loop against ours."""

from __future__ import annotations

import copy
import json
import re
import sys
import typing as t

import pytest
from conftest import SPARSE, catalog_of, config_for
from singer_sdk import Stream
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TIME = re.compile(rb',"time_extracted":"[^"]*"')

NAMES = [stream.name for stream in STREAMS if stream.name != "sync_errors"]
#: Their fields are not documented and kept as they come: the SDK's suite wants all in the schema.
UNDOCUMENTED = {stream.name for stream in STREAMS if "kept as" in stream.description}

TestTap = get_tap_test_class(
    TapTikTokAds,
    config={
        "environment": "simulator",
        "start_date": "{now-5}",
        "simulator": {"advertisers": 1, "days": 10},
    },
    suite_config=SuiteConfig(max_records_limit=200, ignore_no_records_for_streams=["sync_errors"]),
    catalog=catalog_of({}, NAMES),
)
CONFORMING = "test_tap_stream_record_schema_matches_transformed_catalog"
TestTap.params[CONFORMING] = [
    param for param in TestTap.params[CONFORMING] if param.id not in UNDOCUMENTED
]
# Columns that no row of the small world fills are fine.
TestTap = pytest.mark.filterwarnings("ignore:Fields in transformed catalog")(TestTap)


OPTIONS: dict[str, dict[str, t.Any]] = {
    "plain": {},
    "flattened": {"flattening_enabled": True, "flattening_max_depth": 1},
    "mapped": {"stream_maps": {"STREAM": {"row_id": "str(OWNER)"}}},
}


@pytest.fixture(scope="module")
def discovered() -> dict[str, t.Any]:
    """The catalog, nothing selected."""
    return catalog_of({}, ())


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """One simulator for all comparisons."""
    with Simulator({**SPARSE, "unknown_fields": True}) as running:
        yield running


def lines_of(  # noqa: PLR0913, PLR0917 - what tells one run from another
    world: Simulator,
    capture: pytest.CaptureFixture[bytes],
    sync: t.Any,
    stream: str,
    catalog: dict[str, t.Any] | None,
    options: dict[str, t.Any],
) -> list[bytes]:
    """The RECORD lines that a way to sync writes, without the time in them."""
    tap = TapTikTokAds(config=config_for(world, **options), catalog=catalog, selected_only=True)
    for other in [name for name in tap.streams if name != stream]:
        del tap.streams[other]  # whose requests would be made ahead
    capture.readouterr()
    for _ in sync(tap.streams[stream]):
        pass
    sys.stdout.flush()
    lines = capture.readouterr().out.splitlines()
    return [TIME.sub(b"", line) for line in lines if line.startswith(b'{"type":"RECORD"')]


@pytest.mark.parametrize("stream", NAMES)
@pytest.mark.parametrize(
    ("options", "selected"),
    [("plain", True), ("plain", False), ("flattened", True), ("mapped", False)],
)
def test_lines_equal_those_of_the_sdk_loop(  # noqa: PLR0913, PLR0917 - parameters and fixtures
    world: Simulator,
    discovered: dict[str, t.Any],
    capsysbinary: pytest.CaptureFixture[bytes],
    stream: str,
    options: str,
    selected: bool,
) -> None:
    """Our loop writes, byte for byte, the lines that the SDK's own loop writes."""
    entry = next(e for e in discovered["streams"] if e["tap_stream_id"] == stream)
    entry = copy.deepcopy(entry)
    owner = "advertiser_id" if "advertiser_id" in entry["schema"]["properties"] else "bc_id"
    for number, item in enumerate(entry["metadata"]):
        if not item["breadcrumb"] or (options == "mapped" and item["breadcrumb"][-1] == owner):
            item["metadata"]["selected"] = True
        elif not selected and not number % 3 and item["metadata"]["inclusion"] == "available":
            item["metadata"]["selected"] = False
    default = next(one.selected_by_default for one in STREAMS if one.name == stream)
    catalog = None if default and selected else {"streams": [entry]}
    told = json.dumps(OPTIONS[options]).replace("STREAM", stream).replace("OWNER", owner)
    config = json.loads(told)
    config["start_date"] = "{now-31}"  # two windows
    if stream.endswith("_hourly"):
        config["start_date"] = "{now-5}"  # a window is a day: these are as many as others have
    both = [
        lines_of(world, capsysbinary, sync, stream, catalog, config)
        for sync in (lambda found: found._sync_records(), Stream._sync_records)
    ]
    assert both[0]
    assert both[0] == both[1]
