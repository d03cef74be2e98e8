"""`track_deleted`: objects that TikTok lists no more become rows with `_deleted_at`."""

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


def deleted(rows: list[dict[str, t.Any]], key: str) -> dict[str, dict[str, t.Any]]:
    """The tombstones by key."""
    return {row[key]: row for row in rows if row.get(DELETED_AT)}


def test_pixels(sim: Simulator) -> None:
    """One that is gone is told of once, with its key; one that is back is a row again."""
    config = config_for(sim, track_deleted=True)
    owner = sim.world.advertiser_ids[1]
    pixels = sim.world.accounts[owner].pixels
    first = run(config, ["pixels"])
    assert all(row[DELETED_AT] is None for row in first.records["pixels"])

    lost = pixels.pop(3)
    sim.world.version += 1
    second = run(config, ["pixels"], state=first.state)
    (row,) = deleted(second.records["pixels"], "pixel_id").values()
    moment = row.pop(DELETED_AT)
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {"advertiser_id": owner, "pixel_id": lost.id}
    assert row.keys() == second.schemas["pixels"]["schema"]["properties"].keys() - {DELETED_AT}
    assert abs(dt.datetime.fromisoformat(moment) - dt.datetime.now(dt.timezone.utc)) < dt.timedelta(
        minutes=5
    )
    third = run(config, ["pixels"], state=second.state)
    assert not deleted(third.records["pixels"], "pixel_id")

    pixels.insert(3, lost)
    sim.world.version += 1
    assert lost.id in {row["pixel_id"] for row in run(config, ["pixels"]).records["pixels"]}


def test_incremental(sim: Simulator) -> None:
    """An unchanged object that is back comes again, older than the bookmark though it is."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["video_creatives"])
    owner = sim.world.advertiser_ids[0]
    video = sim.world.accounts[owner].videos[0]
    video.removed = True
    sim.world.version += 1
    second = run(config, ["video_creatives"], state=first.state)
    assert [*deleted(second.records["video_creatives"], "video_id")] == [video.id]
    video.removed = False
    sim.world.version += 1
    third = run(config, ["video_creatives"], state=second.state)
    row = next(one for one in third.records["video_creatives"] if one["video_id"] == video.id)
    assert row[DELETED_AT] is None
    later = run(config, ["video_creatives"], state=third.state).records["video_creatives"]
    assert len(later) < len(first.records["video_creatives"])


def test_without_deleted_objects(sim: Simulator) -> None:
    """With `include_deleted` off, a deleted campaign is told of with its ads; only changes come."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    first = run(config, ["campaigns", "ads"])
    campaign = first.records["campaigns"][0]["campaign_id"]
    ads = {row["ad_id"] for row in first.records["ads"] if row["campaign_id"] == campaign}
    assert ads
    sim.world.delete("campaigns", campaign, dt.datetime.now(dt.timezone.utc))
    second = run(config, ["campaigns", "ads"], state=first.state)
    assert [*deleted(second.records["campaigns"], "campaign_id")] == [campaign]
    assert deleted(second.records["ads"], "ad_id").keys() == ads
    unchanged = len(first.records["ads"]) - len(second.records["ads"])
    assert unchanged > 0


def test_nothing_gone(sim: Simulator) -> None:
    """All streams: where nothing is gone, rows are as without, and a null."""
    plain = run(config_for(sim), NAMES)
    first = run(config_for(sim, track_deleted=True), NAMES)
    for name in NAMES:
        without = [
            {column: row[column] for column in row if column != DELETED_AT}
            for row in first.records[name]
        ]
        assert without == plain.records[name]
    second = run(config_for(sim, track_deleted=True), NAMES, state=first.state)
    assert not [row for rows in second.records.values() for row in rows if row.get("_deleted_at")]
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
def test_a_listing_that_is_not_whole(sim: Simulator, fault: dict[str, t.Any]) -> None:
    """It says nothing of what is gone, and the next whole one does."""
    config = config_for(sim, track_deleted=True, on_error="skip")
    first = run(config, ["pixels"])
    gone = sim.world.accounts[sim.world.advertiser_ids[0]].pixels.pop()
    sim.world.version += 1
    sim.add_fault(**{"times": None, **fault})
    second = run(config, ["pixels"], state=first.state)
    assert not deleted(second.records["pixels"], "pixel_id")
    sim.faults.clear()
    third = run(config, ["pixels"], state=second.state)
    assert [*deleted(third.records["pixels"], "pixel_id")] == [gone.id]


def test_stopped_between(sim: Simulator) -> None:
    """A run from the state before the tombstones tells of them again."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["pixels"])
    known = copy.deepcopy(first.state)
    sim.world.accounts[sim.world.advertiser_ids[0]].pixels.pop()
    sim.world.version += 1
    once = run(config, ["pixels"], state=known).records["pixels"]
    again = run(config, ["pixels"], state=known).records["pixels"]
    assert deleted(once, "pixel_id").keys() == deleted(again, "pixel_id").keys() != set()


def test_too_many(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The state holds so many objects of a stream and no more; the log tells whose are left out."""
    monkeypatch.setattr(deletions, "MAX_LISTED_OBJECTS", 25)
    first = run(config_for(sim, track_deleted=True), ["pixels"])
    parts = first.state["bookmarks"]["pixels"]["partitions"]
    assert [deletions.STATE_MEMBER in part for part in parts] == [True, False]
    assert f"Advertiser {sim.world.advertiser_ids[1]} has too many objects" in caplog.text


identities = st.frozensets(
    st.tuples(st.text(max_size=30), st.none() | st.text(max_size=5) | st.integers()), max_size=30
)


@given(found=identities)
def test_packing(found: frozenset[tuple[t.Any, ...]]) -> None:
    """What is packed is unpacked, and its text does not depend on the order."""
    packed = deletions.pack(found)
    assert deletions.unpack(packed, 2) == found
    assert deletions.pack(sorted(found, key=repr, reverse=True)) == packed
    assert not found or deletions.unpack(packed, 3) is None


@pytest.mark.parametrize("packed", [None, 7, "", "x", "YWJj", deletions.pack([])[:-5], [], {}])
def test_unreadable(packed: t.Any) -> None:
    """Text that somebody changed counts as nothing known."""
    assert deletions.unpack(packed, 1) is None


def test_size() -> None:
    """An object takes some eleven bytes of the state."""
    ids = [(str(1_700_000_000_000_000_000 + 7_919_777_777 * number**2),) for number in range(5000)]
    assert len(deletions.pack(ids)) / len(ids) < 16


# Where nothing may be declared gone


def lose_a_pixel(sim: Simulator) -> str:
    """Take a pixel of the first advertiser away; its id."""
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
def test_a_reading_that_fails(sim: Simulator, fault: dict[str, t.Any], on_error: str) -> None:
    """A listing drifts, and reading it again fails: what lacks is not gone."""
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
    assert not deleted(second.records["pixels"], "pixel_id")
    sim.faults.clear()
    gone = lose_a_pixel(sim)
    third = run(config, ["pixels"], state=second.state)
    assert [*deleted(third.records["pixels"], "pixel_id")] == [gone]


def test_empty_once(sim: Simulator) -> None:
    """Nothing at all, where there was something, is believed when it comes twice."""
    config = config_for(sim, track_deleted=True)
    state = run(config, ["pixels"]).state
    owner = sim.world.advertiser_ids[0]
    pixels = sim.world.accounts[owner].pixels
    kept, pixels[:] = pixels[:], []
    sim.world.version += 1
    second = run(config, ["pixels"], state=state)
    assert not deleted(second.records["pixels"], "pixel_id")
    pixels[:] = kept[:-1]
    third = run(config, ["pixels"], state=second.state)
    assert [*deleted(third.records["pixels"], "pixel_id")] == [kept[-1].id]
    pixels[:] = []
    fourth = run(config, ["pixels"], state=third.state)
    fifth = run(config, ["pixels"], state=fourth.state)
    assert not deleted(fourth.records["pixels"], "pixel_id")
    assert len(deleted(fifth.records["pixels"], "pixel_id")) == len(kept) - 1
    sixth = run(config, ["pixels"], state=fifth.state)
    assert not deleted(sixth.records["pixels"], "pixel_id")


def test_without_top_view(sim: Simulator) -> None:
    """An account that is refused its TopView listing in each run has tombstones all the same."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    asked: dict[str, t.Any] = {"path": "/campaign/get/", "containing": "RESERVATION_TOP_VIEW"}
    whole = run(config, ["campaigns"])
    sim.add_fault("code", code=40002, times=None, **asked)
    first = run(config, ["campaigns"])
    ours = [row["campaign_id"] for row in first.records["campaigns"]]
    sim.world.delete("campaigns", ours[0], dt.datetime.now(dt.timezone.utc))
    second = run(config, ["campaigns"], state=first.state)
    assert [*deleted(second.records["campaigns"], "campaign_id")] == [ours[0]]
    # refused now, though it was not before: TopView campaigns are not gone
    third = run(config, ["campaigns"], state=whole.state)
    assert not deleted(third.records["campaigns"], "campaign_id")


@pytest.mark.parametrize(
    ("maps", "told"),
    [
        ({"pixels": {"label": "pixel_name"}}, True),
        ({"pixels": {"label": "pixel_name.upper()"}}, False),
        ({"pixels": {"label": "md5(pixel_name)"}}, False),
    ],
)
def test_stream_maps(
    sim: Simulator, caplog: pytest.LogCaptureFixture, maps: dict[str, t.Any], told: bool
) -> None:
    """Maps get all columns; one that cannot do with nulls loses the tombstone, not the run."""
    config = config_for(sim, track_deleted=True, stream_maps=maps)
    first = run(config, ["pixels"])
    gone = lose_a_pixel(sim)
    second = run(config, ["pixels"], state=first.state)
    assert [*deleted(second.records["pixels"], "pixel_id")] == ([gone] if told else [])
    assert ("'stream_maps' cannot be used on a record of pixels" in caplog.text) is not told


def test_a_map_that_fails(sim: Simulator) -> None:
    """On other rows it is an error of one sentence."""
    config = config_for(sim, stream_maps={"pixels": {"label": "pixel_name + 1"}})
    with pytest.raises(errors.ConfigError, match="cannot be used on a record of pixels"):
        run(config, ["pixels"])


@pytest.mark.parametrize("selected", [True, False])
def test_a_catalog_without_the_column(
    sim: Simulator, caplog: pytest.LogCaptureFixture, selected: bool
) -> None:
    """Where it is from before the setting, or the column is not selected, a warning says so."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["pixels"])
    gone = lose_a_pixel(sim)
    catalog = catalog_of(config if not selected else config_for(sim), ["pixels"])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not selected and item["breadcrumb"][1:] == [DELETED_AT]:
                item["metadata"]["selected"] = False
    second = run(config, catalog=catalog, state=first.state)
    assert gone not in {row["pixel_id"] for row in second.records["pixels"]}
    assert not any(DELETED_AT in row for row in second.records["pixels"])
    assert f"Column {DELETED_AT} is not in the catalog" in caplog.text


def test_seen_by_a_run_that_was_not_whole(sim: Simulator) -> None:
    """What such a run wrote is told of, too, when it is gone."""
    config = config_for(sim, track_deleted=True)
    account = sim.world.accounts[sim.world.advertiser_ids[0]]
    new = account.pixels.pop()
    first = run(config, ["pixels"])
    account.pixels.append(new)
    sim.world.version += 1
    sim.add_fault("drop_row", path="/pixel/list/", page=2, times=None)
    second = run(config, ["pixels"], state=first.state)
    assert new.id in {row["pixel_id"] for row in second.records["pixels"]}
    sim.faults.clear()
    assert lose_a_pixel(sim) == new.id
    third = run(config, ["pixels"], state=second.state)
    assert [*deleted(third.records["pixels"], "pixel_id")] == [new.id]


def test_bound_over_runs(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other advertisers' parts of the state hold counts, too; without the setting it goes."""
    monkeypatch.setattr(deletions, "MAX_LISTED_OBJECTS", 25)
    one, other = sim.world.advertiser_ids
    state = run(config_for(sim, track_deleted=True, advertiser_ids=[one]), ["pixels"]).state
    config = config_for(sim, track_deleted=True, advertiser_ids=[other])
    state = run(config, ["pixels"], state=state).state
    parts = state["bookmarks"]["pixels"]["partitions"]
    assert sum(deletions.STATE_MEMBER in part for part in parts) == 1
    state = run(config_for(sim), ["pixels"], state=state).state
    assert not any(
        deletions.STATE_MEMBER in one for one in state["bookmarks"]["pixels"]["partitions"]
    )
