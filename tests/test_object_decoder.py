"""The fast path of objects returns the lines of the slow path, for every body."""

from __future__ import annotations

import copy
import json
import random
import re
import typing as t

import msgspec
import pytest
from conftest import SPARSE, catalog_of, config_for

from tap_tiktok_ads.api.messages import Response
from tap_tiktok_ads.extract.casting import Caster
from tap_tiktok_ads.extract.conversion import PageBuilder
from tap_tiktok_ads.extract.object_decoder import ObjectDecoder
from tap_tiktok_ads.extract.page_decoder import decode_list_page
from tap_tiktok_ads.extract.record_types import merge_names
from tap_tiktok_ads.extract.source import AddedColumns
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.singer.writer import RecordLines
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_tiktok_ads.extract.pages import Page, Task
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.streams.dependent import LookupStream

    Record = dict[str, t.Any]

TIME = re.compile(rb',"time_extracted":"[^"]*"')
SEEDS = (1, 2, 3)
#: The streams of objects that are written as they are listed.
NAMES = [
    entry.name
    for entry in STREAMS
    if entry.report is None
    and isinstance(entry.stream_class.flatten, AddedColumns)
    and entry.stream_class.records_field == "list"
    and entry.stream_class.source_class.reads_list_only
    and entry.stream_class.per_advertiser
    and entry.stream_class.page_size is not None
]
#: Values that replace or extend the values of records.
VALUES: list[t.Any] = [
    *("", "-", "12", "1.50", "true", "2026-01-02 03:04:05", "0000-00-00 00:00:00", "1767225600"),
    *("\u65e5\u672c", "a/b&<c>", 'say "x":', "\u0000", "\u2028", "\U0001f600", "\\u0041"),
    *(0, 1, -7, 1767225600, 2**63, 10**20, 1.0, 1.5, -0.0, 1e22, 1e-7, 0.1, True, False, None),
    *([], [None], ["a", 1], [1, 2.5], [[1]], [{}], [{"id": 5, "new": 1}], ["2026-01-02 03:04:05"]),
    *({}, {"new": None}, {"id": "5", "list": [1]}, {"a": {"b": {"c": "\u00e9"}}}),
]


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Run a simulator for each seed."""
    with Simulator({**SPARSE, "days": 4, "seed": request.param}) as running:
        yield running


def stream_of(world: Simulator, name: str, **settings: t.Any) -> TikTokStream:
    """Return a stream, and remove the tap's other streams."""
    tap = TapTikTokAds(
        config=config_for(world, **settings), catalog=catalog_of({}, [name], alone=True)
    )
    return t.cast("TikTokStream", tap.streams[name])


def raw_pages(stream: TikTokStream) -> list[tuple[Task, list[Record]]]:
    """Return the tasks of a stream, with the raw records of their responses."""
    pages = []
    tasks = list(stream.plan.tasks())
    while tasks:
        task = tasks.pop(0)
        if task.is_pending:
            tasks[:0] = t.cast("LookupStream", stream).lookup_plan.expand(task)
            continue
        (records, _), following = stream.reader.fetch_raw(task)
        pages.append((task, json.loads(msgspec.json.encode(records))))
        tasks[:0] = following
    return pages


def builder_of(stream: TikTokStream, deselected: Sequence[str], *, fast: bool) -> PageBuilder:
    """Return a builder of RECORD lines that has learned nothing yet."""
    caster = Caster(stream.record_schema, required=stream.primary_keys)
    builder = PageBuilder(stream.flattener, caster, stream.record_filter)
    lines = RecordLines(stream.name, deselected)
    if fast:
        builder.encode_lines(lines, deselected)
    else:
        builder.encoder = lines
    return builder


def built(builder: PageBuilder, task: Task, body: bytes) -> tuple[t.Any, ...]:
    """Return the lines and fingerprints of a page, or the error."""
    envelope = decode_list_page(body)
    assert envelope is not None
    try:
        page: Page = builder.build(task, envelope.data.records, Response({}, "1", body=body))
    except Exception as error:  # noqa: BLE001 - both paths raise the same
        return (repr(error),)
    return [TIME.sub(b"", line) for line in page.records], page.fingerprints  # type: ignore[arg-type]


def body_of(records: Sequence[Record], *, escaped: bool = False, space: str = "") -> bytes:
    """Return the body of a page."""
    envelope = {"code": 0, "message": "OK", "request_id": "1", "data": {"list": records}}
    separators = ("," + space, ":" + space)
    return json.dumps(envelope, ensure_ascii=escaped, separators=separators).encode()


def objects_in(value: t.Any) -> Iterator[Record]:
    """Yield an object and all objects inside it."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from objects_in(item)


def mutated(record: Record, chance: random.Random) -> Record:
    """Return a copy of a record with a few unexpected members, values or orders."""
    record = copy.deepcopy(record)
    for _ in range(chance.choice([0, 1, 1, 2, 5])):
        target = chance.choice(list(objects_in(record)))
        members = list(target.items())
        place = chance.randint(0, len(members))
        kind = chance.choice(["add", "replace", "replace", "remove", "shuffle"])
        if kind == "add":
            name = chance.choice(["new", "new_2", "\u00e9 x", 'a"b', "", "page_info"])
            members.insert(place, (name, copy.deepcopy(chance.choice(VALUES))))
        elif kind == "shuffle":
            chance.shuffle(members)
        elif place < len(members):
            name, _ = members.pop(place)
            if kind == "replace":
                members.insert(place, (name, copy.deepcopy(chance.choice(VALUES))))
        target.clear()
        target.update(members)
    return record


def assert_equal_paths(
    stream: TikTokStream, chance: random.Random, deselected: Sequence[str] = ()
) -> None:
    """Compare the fast and the slow path over received and mutated records."""
    fast, slow = (builder_of(stream, deselected, fast=is_fast) for is_fast in (True, False))
    pages = raw_pages(stream)
    for _ in range(4):
        for task, records in pages:
            changed = [mutated(record, chance) for record in records[:30]]
            unusual = body_of(
                changed, escaped=chance.random() < 0.2, space=chance.choice(["", "", "", " "])
            )
            for body in (body_of(records[:30]), unusual):
                assert built(fast, task, body) == built(slow, task, body)
    assert fast.caster.drift.take() == slow.caster.drift.take()


@pytest.mark.parametrize("name", NAMES)
def test_unexpected_records_have_equal_lines(world: Simulator, name: str) -> None:
    """The paths agree on members, types and orders that no schema has."""
    assert_equal_paths(stream_of(world, name), random.Random(name))


@pytest.mark.parametrize("name", NAMES)
def test_unexpected_keys_have_equal_lines(world: Simulator, name: str) -> None:
    """The paths agree on missing keys, keys of other types, and records of other advertisers."""
    stream = stream_of(world, name)
    fast, slow = (builder_of(stream, (), fast=is_fast) for is_fast in (True, False))
    task, records = max(raw_pages(stream), key=lambda page: len(page[1]))
    for key in stream.primary_keys:
        rest = {column: value for column, value in records[-1].items() if column != key}
        for record in (rest, *({**records[-1], key: value} for value in [*VALUES, 7])):
            body = body_of([records[-1], record, record])
            assert built(fast, task, body) == built(slow, task, body)
    assert fast.caster.drift.take() == slow.caster.drift.take()


@pytest.mark.parametrize("name", ["ad_groups", "ads", "smart_plus_ads"])
@pytest.mark.parametrize(
    "settings",
    [{"pii": "hash"}, {"pii": "drop"}, {"track_deleted": True}, {"include_deleted": False}],
    ids=str,
)
def test_settings_have_equal_lines(world: Simulator, name: str, settings: dict[str, t.Any]) -> None:
    """The paths agree for all settings that change records."""
    if settings == {"pii": "hash"} and name != "ad_groups":
        pytest.skip("no personal data")
    assert_equal_paths(stream_of(world, name, **settings), random.Random(name))


@pytest.mark.parametrize("name", ["ad_groups", "ads", "smart_plus_ads"])
def test_deselected_columns_have_equal_lines(world: Simulator, name: str) -> None:
    """The paths agree if columns are not written."""
    stream = stream_of(world, name)
    chance = random.Random(name)
    columns = [
        column for column in stream.schema["properties"] if column not in stream.primary_keys
    ]
    assert_equal_paths(stream, chance, chance.sample(columns, len(columns) // 2))


@pytest.mark.parametrize("name", ["ad_groups", "ads", "smart_plus_ads"])
def test_catalog_types_have_equal_lines(world: Simulator, name: str) -> None:
    """The paths agree if a catalog overrides the types of columns."""
    chance = random.Random(name)
    catalog = catalog_of({}, [name], alone=True)
    for column, schema in catalog["streams"][0]["schema"]["properties"].items():
        if column.endswith(("_id", "modify_time")) or chance.random() < 0.5:
            continue
        schema.pop("format", None)
        if "object" not in schema["type"] and "array" not in schema["type"]:
            schema["type"] = ["string", "null"]
        elif "properties" in schema:
            schema["properties"].pop(next(iter(schema["properties"])))
    tap = TapTikTokAds(config=config_for(world), catalog=catalog)
    assert_equal_paths(t.cast("TikTokStream", tap.streams[name]), chance)


def decoder_of(stream: TikTokStream) -> ObjectDecoder:
    """Return a decoder that has learned nothing yet."""
    caster = Caster(stream.record_schema, required=stream.primary_keys)
    decoder = ObjectDecoder.of(caster, stream.source.flatten, stream.record_filter, ())
    assert decoder is not None
    return decoder


def fast_count(decoder: ObjectDecoder, task: Task, records: Sequence[Record]) -> int:
    """Return the number of records that take the fast path."""
    envelope = decode_list_page(body_of(records))
    decode = decoder.for_page(task)
    assert envelope is not None
    assert decode is not None
    return sum(decode(raw) is not None for raw in envelope.data.records)


@pytest.mark.parametrize("name", NAMES)
def test_records_take_the_fast_path(world: Simulator, name: str) -> None:
    """Records whose members and types were seen before take the fast path."""
    stream = stream_of(world, name)
    decoder = decoder_of(stream)
    task, records = max(raw_pages(stream), key=lambda page: len(page[1]))
    complete = [record for record in records if 2 * len(record) > max(map(len, records))]
    fast_count(decoder, task, complete)
    assert fast_count(decoder, task, complete) == len(complete)


@pytest.mark.parametrize(
    "change",
    [
        {"new_field": {"list": [1, "a"]}},
        {"budget": "12.50"},
        {"campaign_id": 1795000010000000133},
        {"campaign_name": None},
        {"audience_rule": {"new_field": 1, "retention_days": "11", "filter_set": ""}},
        {"schedule_infos": [{"new_field": 1}]},
        {"languages": "en"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_only_the_first_unusual_record_takes_the_slow_path(
    world: Simulator, change: dict[str, t.Any]
) -> None:
    """An unknown field, or a value of another type, joins the fast path for the rest of the run."""
    stream = stream_of(world, "ad_groups")
    decoder = decoder_of(stream)
    task, records = max(raw_pages(stream), key=lambda page: len(page[1]))
    complete = max(records, key=len)
    fast_count(decoder, task, [complete])
    assert fast_count(decoder, task, [complete]) == 1
    unusual = [{**complete, **change}] * 10
    assert fast_count(decoder, task, unusual) == (10 if change == {"campaign_name": None} else 9)
    assert fast_count(decoder, task, [complete]) == 1


def test_fast_path_is_given_up(world: Simulator) -> None:
    """Records that never take the fast path are not tried any more after some hundred records."""
    stream = stream_of(world, "ad_groups")
    decoder = decoder_of(stream)
    task, records = max(raw_pages(stream), key=lambda page: len(page[1]))
    body = body_of([records[0]] * 600, space=" ")
    envelope = decode_list_page(body)
    decode = decoder.for_page(task)
    assert envelope is not None
    assert decode is not None
    assert not any(decode(raw) for raw in envelope.data.records)
    assert decoder.for_page(task) is None


@pytest.mark.parametrize(
    ("known", "received", "merged"),
    [
        ([], ["a"], ["a"]),
        (["a", "b"], ["b", "c"], ["a", "b", "c"]),
        (["b", "d"], ["a", "b", "c", "d", "e"], ["a", "b", "c", "d", "e"]),
        (["a", "b", "c"], ["c", "a"], None),
    ],
)
def test_orders_are_merged(known: list[str], received: list[str], merged: list[str] | None) -> None:
    """Two orders become one that fits both, unless they contradict each other."""
    assert merge_names(known, received) == merged
