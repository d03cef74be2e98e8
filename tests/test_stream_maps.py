"""The setting `stream_maps`: missing columns, unknown streams and `fake`."""

from __future__ import annotations

import typing as t

import pytest
from conftest import answering, config_at, run

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config import stream_maps
from tap_tiktok_ads.config.stream_maps import check_stream_maps

if t.TYPE_CHECKING:
    from conftest import Messages

STREAMS = ["ads", "ad_groups", "campaigns"]
ADS = [
    {"ad_id": "1", "ad_name": "n", "operation_status": "ENABLE"},
    {"ad_id": "2", "ad_name": "m"},
]


def read_ads(maps: t.Any, **settings: t.Any) -> Messages:
    """Return the messages of a run of two ads, the second without `operation_status`."""
    ads = {"list": ADS, "page_info": {"total_number": 2}}
    empty = {"list": [], "page_info": {"total_number": 0}}
    with answering(lambda query: empty if "TOP_VIEW" in str(query) else ads) as (url, _):
        return run(config_at(url, stream_maps=maps, **settings), ["ads"])


@pytest.mark.parametrize(
    ("maps", "expected"),
    [
        ({"__filter__": "operation_status != 'DISABLE'"}, ["1", "2"]),
        ({"__filter__": "operation_status == 'ENABLE'"}, ["1"]),
        ({"__filter__": "_['operation_status'] is None"}, ["2"]),
        ({"__filter__": "record['operation_status']"}, ["1"]),
        ({"operation_status": "self or '-'"}, ["1", "2"]),
        ({"is_on": "bool(operation_status)"}, ["1", "2"]),
    ],
)
def test_missing_column_is_null_in_expressions(maps: dict[str, t.Any], expected: list[str]) -> None:
    """A column missing in a record is null in expressions."""
    assert [record["ad_id"] for record in read_ads({"ads": maps}).records["ads"]] == expected


def test_missing_column_is_not_added() -> None:
    """A stream map adds only the mapped columns to a record."""
    first, second = read_ads({"ads": {"label": "ad_name"}}).records["ads"]
    assert first["operation_status"] == "ENABLE"
    assert "operation_status" not in second
    assert (first["label"], second["label"]) == ("n", "m")


@pytest.mark.parametrize("column", ["no_such_column", "self_name"])
def test_unknown_column_raises_config_error(column: str) -> None:
    """An unknown name in an expression raises ConfigError with that name."""
    with pytest.raises(ConfigError, match=f"'{column}' is not defined"):
        read_ads({"ads": {"label": column}})


@pytest.mark.parametrize(
    "maps",
    [
        None,
        {},
        {"ads": {"ad_name": "md5(ad_name)"}},
        {"ads": None, "campaigns": "__NULL__"},
        {"ad*": {"x": "'y'"}},
        {"*": {"x": "'y'"}},
        {"__else__": None, "ads": {}},
        {"copy_of_ads": {"__source__": "ads"}},
        {"ads": {"__alias__": "renamed"}},
        {"ads": {"x": "fake_name", "y": "'fake'", "z": "broken +"}},
    ],
)
def test_stream_names_patterns_and_sources_are_valid(
    maps: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stream names, patterns and sources are valid, even without the package faker."""
    monkeypatch.setattr(stream_maps, "find_spec", lambda _: None)
    check_stream_maps(maps, STREAMS)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"adz": {"ad_name": "md5(ad_name)"}}, "unknown stream 'adz'. Did you mean 'ads'?"),
        ({"zzz": None}, "unknown stream 'zzz'. --discover lists the streams."),
        ({"x_*": {}}, "unknown stream 'x_*'."),
        ({"copy": {"__source__": "adz"}}, "unknown stream 'adz'."),
    ],
)
def test_unknown_stream_raises_config_error(maps: t.Any, message: str) -> None:
    """A map of an unknown stream raises ConfigError with the closest name."""
    with pytest.raises(ConfigError) as failure:
        check_stream_maps(maps, STREAMS)
    assert message in str(failure.value)


def test_unknown_stream_prevents_the_run() -> None:
    """A run with a map of an unknown stream writes no record."""
    with pytest.raises(ConfigError, match=r"unknown stream 'adz'. Did you mean 'ads'"):
        read_ads({"adz": {"ad_name": "md5(ad_name)"}})


@pytest.mark.parametrize("expression", ["fake.first_name()", "ad_name or fake.name()"])
def test_fake_requires_the_extra_faker(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fake` without its package raises ConfigError with the install command."""
    monkeypatch.setattr(stream_maps, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'meltano-tap-tiktok-ads\[faker\]'"):
        check_stream_maps({"ads": {"ad_name": expression}}, STREAMS)


def test_fake_values_depend_on_the_seed() -> None:
    """With the extra `faker`, `fake` returns equal values for an equal seed."""
    pytest.importorskip("faker")
    maps = {"ads": {"ad_name": "fake.first_name()"}}
    first, second = (read_ads(maps, faker_config={"seed": 1}).records["ads"] for _ in range(2))
    names = [record["ad_name"] for record in first]
    assert names == [record["ad_name"] for record in second]
    assert names != ["n", "m"]
