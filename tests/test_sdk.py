"""The SDK's test suite over all streams, and RECORD lines compared with the SDK's."""

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
#: Streams that keep undocumented fields, which the SDK's suite requires in the schema.
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
# The simulator's records may leave columns empty.
TestTap = pytest.mark.filterwarnings("ignore:Fields in transformed catalog")(TestTap)


OPTIONS: dict[str, dict[str, t.Any]] = {
    "plain": {},
    "flattened": {"flattening_enabled": True, "flattening_max_depth": 2},
    "mapped": {
        "stream_maps": {
            "STREAM": {
                "__alias__": "renamed",
                "__filter__": "md5(str(record)) < 'a' and OWNER is not None",
                "row_id": "str(OWNER)",
            },
            "copy": {
                "__source__": "STREAM",
                "__else__": None,
                "__key_properties__": ["row_id"],
                "row_id": "OWNER",
            },
        }
    },
}


@pytest.fixture(scope="module")
def discovered() -> dict[str, t.Any]:
    """Return the catalog without selected streams."""
    return catalog_of({}, ())


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """Yield a simulator shared by all comparisons."""
    with Simulator({**SPARSE, "unknown_fields": True}) as running:
        yield running


def lines_of(  # noqa: PLR0913, PLR0917 - settings of one run
    world: Simulator,
    capture: pytest.CaptureFixture[bytes],
    sync: t.Any,
    stream: str,
    catalog: dict[str, t.Any] | None,
    options: dict[str, t.Any],
) -> list[bytes]:
    """Return the RECORD lines of a stream, without `time_extracted`."""
    tap = TapTikTokAds(config=config_for(world, **options), catalog=catalog, selected_only=True)
    for name in [name for name in tap.streams if name != stream]:
        del tap.streams[name]  # the look-ahead would send their requests
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
def test_record_lines_equal_the_sdk_lines(  # noqa: PLR0913, PLR0917 - parameters and fixtures
    world: Simulator,
    discovered: dict[str, t.Any],
    capsysbinary: pytest.CaptureFixture[bytes],
    stream: str,
    options: str,
    selected: bool,
) -> None:
    """RECORD lines are equal, byte for byte, to the lines of the SDK's sync loop."""
    entry = next(e for e in discovered["streams"] if e["tap_stream_id"] == stream)
    entry = copy.deepcopy(entry)
    has_advertiser = "advertiser_id" in entry["schema"]["properties"]
    owner = "advertiser_id" if has_advertiser else entry["key_properties"][0]
    for number, item in enumerate(entry["metadata"]):
        if not item["breadcrumb"] or (options == "mapped" and item["breadcrumb"][-1] == owner):
            item["metadata"]["selected"] = True
        elif not selected and not number % 3 and item["metadata"]["inclusion"] == "available":
            item["metadata"]["selected"] = False
    default = next(item.selected_by_default for item in STREAMS if item.name == stream)
    catalog = None if default and selected else {"streams": [entry]}
    text = json.dumps(OPTIONS[options]).replace("STREAM", stream).replace("OWNER", owner)
    config = json.loads(text)
    config["start_date"] = "{now-31}"  # two windows
    if stream.endswith("_hourly"):
        config["start_date"] = "{now-5}"  # one window per day
    tap_lines, sdk_lines = [
        lines_of(world, capsysbinary, sync, stream, catalog, config)
        for sync in (lambda instance: instance._sync_records(), Stream._sync_records)
    ]
    assert tap_lines
    assert tap_lines == sdk_lines
