"""The setting `streams` and the option `--select`: streams and columns that a run reads."""

from __future__ import annotations

import functools
import json
import os
import typing as t

import pytest
from conftest import SPARSE, catalog_of, command, config_at, config_for

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.selection import Selection
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

COLUMNS: dict[str, list[str]] = {
    "ads": ["ad_id", "ad_name", "spend"],
    "ad_groups": ["adgroup_id", "budget"],
    "campaigns": ["campaign_id", "campaign_name"],
}
DEFAULTS = {"ads", "campaigns"}
BY_DEFAULT = {stream.name for stream in STREAMS if stream.selected_by_default}


def selected(patterns: str) -> dict[str, list[str]]:
    """Return the selected columns of each selected stream."""
    selection = Selection.parse(patterns.split(",") if patterns else [])
    return {
        name: [column for column in columns if column not in excluded]
        for name, columns in COLUMNS.items()
        if selection.selects(name, columns.copy, default=name in DEFAULTS)
        for excluded in [selection.excluded_columns(name, columns)]
    }


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("", {"ads": COLUMNS["ads"], "campaigns": COLUMNS["campaigns"]}),
        ("ad_groups", {"ad_groups": COLUMNS["ad_groups"]}),
        ("ad_groups.*", {"ad_groups": COLUMNS["ad_groups"]}),
        ("*", COLUMNS),
        ("ad*", {"ads": COLUMNS["ads"], "ad_groups": COLUMNS["ad_groups"]}),
        ("*,!ad_groups", {"ads": COLUMNS["ads"], "campaigns": COLUMNS["campaigns"]}),
        ("!ads,ads,ad_groups", {"ad_groups": COLUMNS["ad_groups"]}),
        ("!ads", {"campaigns": COLUMNS["campaigns"]}),
        ("!ads.*", {"campaigns": COLUMNS["campaigns"]}),
        ("!ads.ad_*", {"ads": ["spend"], "campaigns": COLUMNS["campaigns"]}),
        ("ads.ad_name", {"ads": ["ad_name"]}),
        ("ads,ads.ad_name", {"ads": COLUMNS["ads"]}),
        ("ads.ad_id,ads.spend", {"ads": ["ad_id", "spend"]}),
        ("*.spend", {"ads": ["spend"]}),
        ("ads, ! ads.spend", {"ads": ["ad_id", "ad_name"]}),
    ],
)
def test_patterns_select_streams_and_columns(patterns: str, expected: dict[str, list[str]]) -> None:
    """Patterns include and exclude streams and columns, and an exclusion prevails."""
    assert selected(patterns) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("campains", "no stream matches 'campains'. Did you mean 'campaigns'?"),
        ("!zzz", "no stream matches 'zzz'. The command `streams` lists all streams."),
        ("ads.ad_nam", "no column of 'ads' matches 'ad_nam'. Did you mean 'ad_name'?"),
        ("!*.zzz", "no column of '*' matches 'zzz'. --discover lists all columns."),
        ("!", "must contain patterns such as"),
        ("ads.", "got 'ads.'"),
        (5, "got 5"),
    ],
)
def test_pattern_that_matches_nothing_is_an_error(pattern: t.Any, message: str) -> None:
    """A pattern that matches no stream or column is an error with a suggestion."""
    with pytest.raises(ConfigError) as caught:
        Selection.parse([pattern]).check(
            {name: functools.partial(COLUMNS.__getitem__, name) for name in COLUMNS}
        )
    assert message in str(caught.value)


def test_columns_that_are_not_known_are_no_error() -> None:
    """A column of a custom stream without a schema is accepted, and excluded by its name."""
    selection = Selection.parse(["mine", "!mine.a"])
    selection.check({"mine": lambda: None})
    assert selection.excluded_columns("mine", []) == {"a"}


def streams_of(config: dict[str, t.Any], **options: t.Any) -> set[str]:
    """Return the selected streams of a tap."""
    tap = TapTikTokAds(config=config, **options)
    return {name for name, stream in tap.streams.items() if stream.selected}


NOWHERE = config_at("http://127.0.0.1:9")


@pytest.mark.parametrize("selected_only", [True, False])
def test_setting_selects_without_a_catalog(*, selected_only: bool) -> None:
    """Without a catalog, the setting decides. Without the setting, the default streams are read."""
    options = {"selected_only": selected_only}
    assert streams_of(NOWHERE, **options) == BY_DEFAULT
    assert streams_of({**NOWHERE, "streams": "apps, pixels"}, **options) == {"apps", "pixels"}
    assert streams_of({**NOWHERE, "streams": ["!pixels"]}, **options) == BY_DEFAULT - {"pixels"}


@pytest.mark.parametrize("selected_only", [True, False])
def test_setting_narrows_a_catalog(
    caplog: pytest.LogCaptureFixture, *, selected_only: bool
) -> None:
    """With a catalog, the setting deselects. A stream that it names in vain causes a warning."""
    catalog = catalog_of(NOWHERE, ["apps", "pixels"], alone=selected_only)
    config = {**NOWHERE, "streams": "pixels,ads,c*"}
    assert streams_of(config, catalog=catalog, selected_only=selected_only) == {"pixels"}
    assert "Skipping stream 'ads' of the setting 'streams'" in caplog.text


def test_discovered_catalog_follows_the_setting() -> None:
    """`--discover` writes all streams, and selects the streams and columns of the setting."""
    config = {**NOWHERE, "streams": "pixels,!pixels.pixel_name,!pixels.pixel_id"}
    entries = {
        entry["tap_stream_id"]: entry
        for entry in TapTikTokAds(config=config).catalog_dict["streams"]
    }
    assert entries.keys() == {stream.name for stream in STREAMS}
    metadata = {
        tuple(item["breadcrumb"]): item["metadata"] for item in entries["pixels"]["metadata"]
    }
    assert metadata[()]["selected"] is True
    assert metadata["properties", "pixel_name"]["selected"] is False
    assert "selected" not in metadata["properties", "pixel_id"]  # a key


@pytest.mark.parametrize("sim", [SPARSE], indirect=True)
def test_repeated_options_are_combined(sim: Simulator, tmp_path: Path) -> None:
    """The patterns of all `--select` options count."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim)))
    options = ("--select", "campaigns,ads", "--select", "pixels", "--select", "!ads")
    result = command("--config", str(file), *options)
    assert result.returncode == 0, result.stderr
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    streams = {message["stream"] for message in messages if "stream" in message}
    assert streams == {"campaigns", "pixels"}


def test_option_overrides_the_setting(sim: Simulator, tmp_path: Path) -> None:
    """`--select` replaces the setting of the file and of the environment."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim, streams=["ads"])))
    environment = {**os.environ, "TAP_TIKTOK_ADS_STREAMS": "campaigns"}
    options = ("--config", str(file), "--config", "ENV")
    for select, stream in (((), "campaigns"), (("--select", "pixels.pixel_name"), "pixels")):
        result = command(*options, *select, env=environment)
        assert result.returncode == 0, result.stderr
        messages = [json.loads(line) for line in result.stdout.splitlines()]
        assert {message["stream"] for message in messages if "stream" in message} == {stream}
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert {frozenset(record) for record in records} == {
        frozenset(["advertiser_id", "pixel_id", "pixel_name"])
    }
