"""RECORD lines of streams with stream maps or flattening, compared with the SDK's."""

from __future__ import annotations

import copy
import sys
import typing as t

import pytest
from conftest import SPARSE, answering, catalog_of, config_at
from singer_sdk import Stream
from test_sdk import lines_of

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

REPORT = "ad_performance_report"
STREAMS = ["ads", "ad_groups", "smart_plus_ads", "campaigns", REPORT, "audience_report_by_country"]
FLAT = {"start_date": "{now-2}", "flattening_enabled": True, "flattening_max_depth": 3}
OPTIONS: dict[str, dict[str, t.Any]] = {
    "deep": FLAT,
    "short names": FLAT | {"flattening_max_depth": 1, "flattening_max_key_length": 25},
    "map of another stream": FLAT | {"stream_maps": {"pixels": None}},
    "only mapped streams": FLAT | {"stream_maps": {"__else__": None, "pixels": {}}},
    "flattened map": FLAT
    | {
        "stream_maps": {
            "*": {
                "__filter__": "md5(advertiser_id + str(record)) > '4'",
                "all": "record",
                "advertiser_id": "self[:5]",
                "label": "__stream_name__ + (f'{_}'[:9] if advertiser_id else 'x')",
                "first": "record.get('image_ids') or []",
            }
        }
    },
    "made-up values": FLAT
    | {
        "faker_config": {"seed": 1},
        "stream_maps": {"*": {"name": "fake.name() + advertiser_id"}},
    },
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("stream", STREAMS)
def test_lines_of_all_options_equal_the_sdk_lines(
    seed: int, stream: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """RECORD lines with maps and flattening are equal, byte for byte, to the SDK's lines."""
    with Simulator({**SPARSE, "seed": seed, "days": 4, "unknown_fields": True}) as world:
        catalog = catalog_of({}, [stream], alone=True)
        for name, options in OPTIONS.items():
            tap_lines, sdk_lines = [
                # a copy, because the SDK removes `__else__` from the settings
                lines_of(world, capsysbinary, sync, stream, catalog, copy.deepcopy(options))
                for sync in (lambda instance: instance._sync_records(), Stream._sync_records)
            ]
            assert bool(tap_lines) is (name != "only mapped streams")
            assert tap_lines == sdk_lines


def test_error_of_a_map_follows_the_records_before(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """An expression that fails for one record ends the run after the records before it."""
    page = {
        "list": [{"ad_id": str(number)} for number in range(5)],
        "page_info": {"total_number": 5},
    }
    maps = {"ads": {"label": "6 / (3 - int(ad_id))"}}
    with answering(lambda _: page) as (url, _):
        config = config_at(url, stream_maps=maps)
        tap = TapTikTokAds(config=config, catalog=catalog_of({}, ["ads"], alone=True))
        with pytest.raises(ConfigError, match="'stream_maps' cannot be used on a record of ads"):
            tap.sync_all()
    sys.stdout.flush()
    lines = capsysbinary.readouterr().out.splitlines()
    labels = [line.partition(b'"label":')[2][:3] for line in lines if b'"RECORD"' in line]
    assert labels == [b"2.0", b"3.0", b"6.0"]
