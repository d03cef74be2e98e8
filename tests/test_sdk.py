"""The SDK's own tests over all streams, and the SDK's own loop against ours."""

from __future__ import annotations

import typing as t

import pytest
from conftest import Collector, config_for
from singer_sdk import Stream
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

TestTap = get_tap_test_class(
    TapTikTokAds,
    config={
        "environment": "simulator",
        "start_date": "{now-5}",
        "simulator": {"advertisers": 1, "days": 10},
    },
    suite_config=SuiteConfig(max_records_limit=200),
)
# Columns that no row of the small world fills are fine.
TestTap = pytest.mark.filterwarnings("ignore:Fields in transformed catalog")(TestTap)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
@pytest.mark.parametrize("options", [{}, {"flattening_enabled": True, "flattening_max_depth": 1}])
def test_records_equal_those_of_the_sdk_loop(
    sim: Simulator, stream: t.Any, options: dict[str, t.Any]
) -> None:
    """Our loop writes the records that the SDK's own loop writes, in the same order."""

    def records(sync: t.Any) -> list[t.Any]:
        collector = Collector()
        tap = TapTikTokAds(config=config_for(sim, **options), message_writer=collector)
        for _ in sync(tap.streams[stream.name]):
            pass
        return [m["record"] for m in collector.messages.all if m["type"] == "RECORD"]

    ours = records(lambda found: found._sync_records())
    assert ours
    assert ours == records(Stream._sync_records)
