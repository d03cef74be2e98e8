"""Tombstones: with `track_deleted`, a deleted object becomes a record with `_deleted_at`."""

from __future__ import annotations

import copy
import datetime as dt
import typing as t

import pytest
from conftest import catalog_of, config_for, run
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract import deletions
from tap_tiktok_ads.extract.deletions import DELETED_AT

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

NAMES = ["campaigns", "ads", "pixels", "custom_audiences", "video_creatives", "smart_plus_ads"]
NAMES += ["smart_plus_ad_creatives", "stores", "advertisers", "smart_plus_ad_suggestions"]


def tombstones(records: list[dict[str, t.Any]], key: str) -> dict[str, dict[str, t.Any]]:
    """Return the tombstones among the records, by key."""
    return {record[key]: record for record in records if record.get(DELETED_AT)}


def test_deleted_pixel_has_one_tombstone(sim: Simulator) -> None:
    """A deleted object has one tombstone with its key. A restored object has none."""
    config = config_for(sim, track_deleted=True)
    owner = sim.world.advertiser_ids[1]
    pixels = sim.world.accounts[owner].pixels
    first = run(config, ["pixels"])
    assert all(record[DELETED_AT] is None for record in first.records["pixels"])

    removed = pixels.pop(3)
    sim.world.version += 1
    second = run(config, ["pixels"], state=first.state)
    (record,) = tombstones(second.records["pixels"], "pixel_id").values()
    moment = record.pop(DELETED_AT)
    not_null = {name: value for name, value in record.items() if value is not None}
    assert not_null == {"advertiser_id": owner, "pixel_id": removed.id}
    assert record.keys() == second.schemas["pixels"]["schema"]["properties"].keys() - {DELETED_AT}
    assert abs(dt.datetime.fromisoformat(moment) - dt.datetime.now(dt.timezone.utc)) < dt.timedelta(
        minutes=5
    )
    third = run(config, ["pixels"], state=second.state)
    assert not tombstones(third.records["pixels"], "pixel_id")

    pixels.insert(3, removed)
    sim.world.version += 1
    assert removed.id in {
        record["pixel_id"] for record in run(config, ["pixels"]).records["pixels"]
    }


def test_restored_object_is_written_despite_the_bookmark(sim: Simulator) -> None:
    """A restored object is written again, even if it is older than the bookmark."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["video_creatives"])
    owner = sim.world.advertiser_ids[0]
    video = sim.world.accounts[owner].videos[0]
    video.removed = True
    sim.world.version += 1
    second = run(config, ["video_creatives"], state=first.state)
    assert [*tombstones(second.records["video_creatives"], "video_id")] == [video.id]
    video.removed = False
    sim.world.version += 1
    third = run(config, ["video_creatives"], state=second.state)
    records = third.records["video_creatives"]
    record = next(record for record in records if record["video_id"] == video.id)
    assert record[DELETED_AT] is None
    later = run(config, ["video_creatives"], state=third.state).records["video_creatives"]
    assert len(later) < len(first.records["video_creatives"])


def test_tombstones_without_include_deleted(sim: Simulator) -> None:
    """Without `include_deleted`, a deleted campaign and its ads have tombstones."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    first = run(config, ["campaigns", "ads"])
    campaign = first.records["campaigns"][0]["campaign_id"]
    ads = {record["ad_id"] for record in first.records["ads"] if record["campaign_id"] == campaign}
    assert ads
    sim.world.delete("campaigns", campaign, dt.datetime.now(dt.timezone.utc))
    second = run(config, ["campaigns", "ads"], state=first.state)
    assert [*tombstones(second.records["campaigns"], "campaign_id")] == [campaign]
    assert tombstones(second.records["ads"], "ad_id").keys() == ads
    unchanged = len(first.records["ads"]) - len(second.records["ads"])
    assert unchanged > 0


def test_no_tombstones_without_deletions(sim: Simulator) -> None:
    """Without deletions, records differ only in a null `_deleted_at`."""
    untracked = run(config_for(sim), NAMES)
    first = run(config_for(sim, track_deleted=True), NAMES)
    for name in NAMES:
        without = [
            {column: record[column] for column in record if column != DELETED_AT}
            for record in first.records[name]
        ]
        assert without == untracked.records[name]
    second = run(config_for(sim, track_deleted=True), NAMES, state=first.state)
    assert not [
        record
        for records in second.records.values()
        for record in records
        if record.get("_deleted_at")
    ]
    columns = first.schemas["advertisers"]["schema"]["properties"]
    assert DELETED_AT not in columns


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "code", "path": "/pixel/list/", "code": 40001},
        {"kind": "empty_page", "path": "/pixel/list/"},
        {"kind": "drop_row", "path": "/pixel/list/"},
        {"kind": "no_page_info", "path": "/pixel/list/"},
    ],
    ids=lambda fault: fault["kind"],
)
@pytest.mark.parametrize("sim", [{"pixels": 23}], indirect=True)
def test_incomplete_list_writes_no_tombstones(sim: Simulator, fault: dict[str, t.Any]) -> None:
    """An incomplete list writes no tombstones, and the next complete list does."""
    config = config_for(sim, track_deleted=True, on_error="skip")
    first = run(config, ["pixels"])
    removed = sim.world.accounts[sim.world.advertiser_ids[0]].pixels.pop()
    sim.world.version += 1
    sim.add_fault(**{"times": None, **fault})
    second = run(config, ["pixels"], state=first.state)
    assert not tombstones(second.records["pixels"], "pixel_id")
    sim.faults.clear()
    third = run(config, ["pixels"], state=second.state)
    assert [*tombstones(third.records["pixels"], "pixel_id")] == [removed.id]


def test_tombstones_are_repeated_from_an_old_state(sim: Simulator) -> None:
    """A run that starts from an older state repeats the tombstones."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["pixels"])
    old_state = copy.deepcopy(first.state)
    sim.world.accounts[sim.world.advertiser_ids[0]].pixels.pop()
    sim.world.version += 1
    second = run(config, ["pixels"], state=old_state).records["pixels"]
    third = run(config, ["pixels"], state=old_state).records["pixels"]
    assert tombstones(second, "pixel_id").keys() == tombstones(third, "pixel_id").keys() != set()


def test_state_size_is_limited(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """State lists a maximum number of objects, and the log names omitted advertisers."""
    monkeypatch.setattr(deletions, "MAX_LISTED_OBJECTS", 25)
    first = run(config_for(sim, track_deleted=True), ["pixels"])
    partitions = first.state["bookmarks"]["pixels"]["partitions"]
    assert [deletions.STATE_MEMBER in partition for partition in partitions] == [True, False]
    owner = sim.world.advertiser_ids[1]
    assert f"Stream pixels does not report deletions of advertiser {owner}" in caplog.text


identities = st.frozensets(
    st.tuples(st.text(max_size=30), st.none() | st.text(max_size=5) | st.integers()), max_size=30
)


@given(objects=identities)
def test_packed_identities_are_unpacked(objects: frozenset[tuple[t.Any, ...]]) -> None:
    """`unpack` reverses `pack`, whose result does not depend on the order."""
    packed = deletions.pack(objects)
    assert deletions.unpack(packed, 2) == objects
    assert deletions.pack(sorted(objects, key=repr, reverse=True)) == packed
    assert not objects or deletions.unpack(packed, 3) is None


@pytest.mark.parametrize("packed", [None, 7, "", "x", "YWJj", deletions.pack([])[:-5], [], {}])
def test_invalid_packed_text_is_ignored(packed: t.Any) -> None:
    """`unpack` returns None for text that `pack` did not write."""
    assert deletions.unpack(packed, 1) is None


def test_packed_object_takes_less_than_16_bytes() -> None:
    """A packed object takes less than 16 bytes of state."""
    ids = [(str(1_700_000_000_000_000_000 + 7_919_777_777 * number**2),) for number in range(5000)]
    assert len(deletions.pack(ids)) / len(ids) < 16


# Incomplete or rejected lists


def remove_pixel(sim: Simulator) -> str:
    """Delete a pixel of the first advertiser. Return its ID."""
    sim.world.version += 1
    return sim.world.accounts[sim.world.advertiser_ids[0]].pixels.pop().id


@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "code", "code": 40001},
        {"kind": "http", "status": 500},
        {"kind": "no_page_info"},
    ],
    ids=lambda fault: fault["kind"],
)
@pytest.mark.parametrize("sim", [{"pixels": 45}], indirect=True)
def test_failed_second_pass_writes_no_tombstones(
    sim: Simulator, fault: dict[str, t.Any], on_error: str
) -> None:
    """If the second pass of an inconsistent list fails, no tombstones are written."""
    owner = sim.world.advertiser_ids[0]
    config = config_for(
        sim, track_deleted=True, advertiser_ids=[owner], on_error=on_error, max_retries=0
    )
    first = run(config, ["pixels"])
    sim.add_fault("empty_page", path="/pixel/list/", page=2, times=1)
    sim.add_fault(**{"path": "/pixel/list/", "after": 3, "times": None, **fault})
    try:
        second = run(config, ["pixels"], state=first.state)
    except errors.TapError as error:
        second = error.messages  # type: ignore[attr-defined]
    assert not tombstones(second.records["pixels"], "pixel_id")
    sim.faults.clear()
    removed = remove_pixel(sim)
    third = run(config, ["pixels"], state=second.state)
    assert [*tombstones(third.records["pixels"], "pixel_id")] == [removed]


def test_empty_list_is_confirmed_by_a_second_run(sim: Simulator) -> None:
    """An empty list writes tombstones only once a second run confirms it."""
    config = config_for(sim, track_deleted=True)
    state = run(config, ["pixels"]).state
    owner = sim.world.advertiser_ids[0]
    pixels = sim.world.accounts[owner].pixels
    kept, pixels[:] = pixels[:], []
    sim.world.version += 1
    second = run(config, ["pixels"], state=state)
    assert not tombstones(second.records["pixels"], "pixel_id")
    pixels[:] = kept[:-1]
    third = run(config, ["pixels"], state=second.state)
    assert [*tombstones(third.records["pixels"], "pixel_id")] == [kept[-1].id]
    pixels[:] = []
    fourth = run(config, ["pixels"], state=third.state)
    fifth = run(config, ["pixels"], state=fourth.state)
    assert not tombstones(fourth.records["pixels"], "pixel_id")
    assert len(tombstones(fifth.records["pixels"], "pixel_id")) == len(kept) - 1
    sixth = run(config, ["pixels"], state=fifth.state)
    assert not tombstones(sixth.records["pixels"], "pixel_id")


def test_tombstones_without_topview_permission(sim: Simulator) -> None:
    """An account whose TopView list is always rejected has tombstones for other campaigns."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    fault: dict[str, t.Any] = {"path": "/campaign/get/", "containing": "RESERVATION_TOP_VIEW"}
    complete = run(config, ["campaigns"])
    sim.add_fault("code", code=40002, times=None, **fault)
    first = run(config, ["campaigns"])
    campaign_ids = [record["campaign_id"] for record in first.records["campaigns"]]
    sim.world.delete("campaigns", campaign_ids[0], dt.datetime.now(dt.timezone.utc))
    second = run(config, ["campaigns"], state=first.state)
    assert [*tombstones(second.records["campaigns"], "campaign_id")] == [campaign_ids[0]]
    # rejected in this run only: TopView campaigns are not deleted
    third = run(config, ["campaigns"], state=complete.state)
    assert not tombstones(third.records["campaigns"], "campaign_id")


@pytest.mark.parametrize(
    ("maps", "has_tombstone"),
    [
        ({"pixels": {"label": "pixel_name"}}, True),
        ({"pixels": {"label": "pixel_name.upper()"}}, False),
        ({"pixels": {"label": "md5(pixel_name)"}}, False),
    ],
)
def test_stream_map_failure_skips_the_tombstone(
    sim: Simulator, caplog: pytest.LogCaptureFixture, maps: dict[str, t.Any], has_tombstone: bool
) -> None:
    """Stream maps apply to tombstones, and a map that fails on null skips only the tombstone."""
    config = config_for(sim, track_deleted=True, stream_maps=maps)
    first = run(config, ["pixels"])
    removed = remove_pixel(sim)
    second = run(config, ["pixels"], state=first.state)
    assert [*tombstones(second.records["pixels"], "pixel_id")] == (
        [removed] if has_tombstone else []
    )
    assert (
        "'stream_maps' cannot be used on a record of pixels" in caplog.text
    ) is not has_tombstone


def test_stream_map_failure_raises_config_error(sim: Simulator) -> None:
    """A stream map that fails on a live record raises ConfigError."""
    config = config_for(sim, stream_maps={"pixels": {"label": "pixel_name + 1"}})
    with pytest.raises(errors.ConfigError, match="cannot be used on a record of pixels"):
        run(config, ["pixels"])


@pytest.mark.parametrize("selected", [True, False])
def test_unselected_deleted_at_logs_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture, selected: bool
) -> None:
    """Without `_deleted_at` in the catalog or selection, a warning replaces the tombstones."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["pixels"])
    removed = remove_pixel(sim)
    catalog = catalog_of(config if not selected else config_for(sim), ["pixels"])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not selected and item["breadcrumb"][1:] == [DELETED_AT]:
                item["metadata"]["selected"] = False
    second = run(config, catalog=catalog, state=first.state)
    assert removed not in {record["pixel_id"] for record in second.records["pixels"]}
    assert not any(DELETED_AT in record for record in second.records["pixels"])
    assert f"column {DELETED_AT} is not in the catalog" in caplog.text


def test_object_of_an_incomplete_run_has_a_tombstone(sim: Simulator) -> None:
    """An object first written by an incomplete run has a tombstone once deleted."""
    config = config_for(sim, track_deleted=True)
    account = sim.world.accounts[sim.world.advertiser_ids[0]]
    pixel = account.pixels.pop()
    first = run(config, ["pixels"])
    account.pixels.append(pixel)
    sim.world.version += 1
    sim.add_fault("drop_row", path="/pixel/list/", page=2, times=None)
    second = run(config, ["pixels"], state=first.state)
    assert pixel.id in {record["pixel_id"] for record in second.records["pixels"]}
    sim.faults.clear()
    assert remove_pixel(sim) == pixel.id
    third = run(config, ["pixels"], state=second.state)
    assert [*tombstones(third.records["pixels"], "pixel_id")] == [pixel.id]


def test_state_limit_counts_all_advertisers(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit counts the objects of all advertisers. Without the setting, state has none."""
    monkeypatch.setattr(deletions, "MAX_LISTED_OBJECTS", 25)
    first, second = sim.world.advertiser_ids
    state = run(config_for(sim, track_deleted=True, advertiser_ids=[first]), ["pixels"]).state
    config = config_for(sim, track_deleted=True, advertiser_ids=[second])
    state = run(config, ["pixels"], state=state).state
    partitions = state["bookmarks"]["pixels"]["partitions"]
    assert sum(deletions.STATE_MEMBER in partition for partition in partitions) == 1
    state = run(config_for(sim), ["pixels"], state=state).state
    assert not any(
        deletions.STATE_MEMBER in partition
        for partition in state["bookmarks"]["pixels"]["partitions"]
    )
