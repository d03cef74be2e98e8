"""Compiled expressions of stream maps, compared with the SDK's evaluator."""

from __future__ import annotations

import copy
import logging
import re
import threading
import typing as t

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import PluginMapper

from tap_tiktok_ads.singer.mapped_lines import MappableRecord, accelerate

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.mapper import StreamMap

COLUMNS = ("name", "count", "share", "tags", "budget", "missing")
SCHEMA = {"type": "object", "properties": {name: {"type": "string"} for name in COLUMNS}}
NAMES = (
    *(*COLUMNS, "unknown", "self", "record", "_", "config", "__stream_name__"),
    *("record['name']", "_['count']", "record['missing']", "record['unknown']"),
    *("record.name", "record.items", "record.unknown", "budget.mode", "budget['mode']"),
    *("record.get('name')", "record.get('unknown', 1)", "config['limit']", "config.limit"),
    *("None", "True", "0", "2", "-1", "2.5", "''", "'a'", "'name'", "str", "b'a'"),
)
#: Expressions of a first and a second part.
PATTERNS = (
    *(f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*", "/", "//", "%", "|", "&", "^", ">>", "@")),
    *(f"{{0}} {sign} {{1}}" for sign in ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is")),
    *("{0} is not {1}", "{0} < {1} <= {0}", "{0} == {1} in [{0}]", "{0} ** 2", "2 << {0}"),
    *("not {0}", "-{0}", "+{0}", "~{0}", "{0} and {1}", "{0} or {1}", "{0} and {1} or {0}"),
    *("{0} if {1} else {0}", "{0}[{1}]", "{0}[0]", "{0}[1:]", "{0}[:{1}:-1]", "{0}[::0]"),
    *("{0}.lower()", "{0}.strip({1})", "{0}.split({1})", "{0}.replace('a', {1})", "{0}.mode"),
    *("{0}.startswith({1})", "{0}.get({1})", "{0}.join({1})", "{0}.count({1})", "{0}.format({1})"),
    *("{0}.pop('name')", "{0}.pop('name') + {1}", "{0}.append({1})", "{0}._columns", "{0}.exec"),
    *("str({0})", "int({0})", "float({0})", "bool({0})", "md5({0})", "list({0})", "dict({0})"),
    *("len({0})", "int({0}, base={1})", "str(*{0})", "unknown({0})", "{0}({1})", "lambda: {0}"),
    *("[{0}, {1}]", "({0},)", "{{{0}}}", "{{{0}: {1}}}", "{{**{0}}}", "[*{0}]"),
    *("{0} in [{1}, 'a', None]", "{{'a': {1}}}.get({0}, {1})", "f'{{{0}}}-{{{1}!r:>5}}'"),
    *("[item for item in {0}]", "(item := {0})", "json.dumps({0})", "datetime.date({0}, 1, 1)"),
)
EXPRESSIONS = st.recursive(
    st.sampled_from(NAMES),
    lambda part: st.builds(
        lambda pattern, first, second: pattern.format(f"({first})", f"({second})"),
        st.sampled_from(PATTERNS),
        part,
        part,
    ),
    max_leaves=4,
)
VALUES = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 2.5, -0.0, 1e300])),
        *(st.sampled_from(["", "a", "name", "A-b", "3"]), st.decimals(-9, 9, places=2)),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("mode"), inner),
    max_leaves=3,
)
RECORDS = st.dictionaries(st.sampled_from([*COLUMNS[:-1], "unknown", "items"]), VALUES)
ADDRESS = re.compile("0x[0-9a-f]+")
#: Common expressions. None of them needs the SDK's evaluator.
COMPILED = (
    *("name", "record['name']", "_['name']", "record.name", "'constant'", "count * 2 + 1"),
    *("name == 'A-b'", "name in ['a', 'A-b'] and count > 0", "missing is None", "name or 'none'"),
    *(
        "name.lower()",
        "name.split('-')[0]",
        "name[:1] + '...'",
        "md5(name)",
        "str(count)",
        "int('7')",
    ),
    *("self or ''", "budget['mode']", "budget.mode", "{'A-b': 'B'}.get(name, 'other')"),
    *("'yes' if count else 'no'", "not count", "0 <= count < 9", "config['limit'] > count"),
    *("record.get('missing')", "__stream_name__ + name", "bool(tags)", "(count, int('7'))"),
)


def stream_map_of(definition: dict[str, t.Any]) -> StreamMap:
    """Return the SDK's stream map of a stream."""
    config: dict[str, t.Any] = {"stream_maps": {"s": definition}, "stream_map_config": {"limit": 2}}
    mapper = PluginMapper(config, logging.getLogger("test"))
    mapper.register_raw_stream_schema("s", SCHEMA, [])
    return mapper.stream_maps["s"][0]


def outcome_of(function: Callable[[t.Any], t.Any], record: dict[str, t.Any]) -> str:
    """Return the result of a function for a copy of a record, or its error and cause, as text."""
    source = MappableRecord(copy.deepcopy(record), frozenset(COLUMNS))
    try:
        result: t.Any = function(source)
    except Exception as error:  # noqa: BLE001 - any error must be equal
        result = error, error.__cause__
    return ADDRESS.sub("", repr((result, source)))


def accelerated(stream_map: StreamMap) -> StreamMap:
    """Return the stream map, accelerated."""
    accelerate([stream_map])
    return stream_map


@pytest.mark.filterwarnings("ignore")  # of the parser, about literals that are called
@given(EXPRESSIONS, st.lists(RECORDS, min_size=1, max_size=3))
@example("(count) if (name) else (unknown)", [{"name": "a", "count": 1}, {}, {"name": []}])
@example("name.pop('a') + 1", [{"name": {"a": "x"}}])
def test_values_and_errors_equal_those_of_the_sdk(
    expression: str, records: list[dict[str, t.Any]]
) -> None:
    """Every expression has the value, or the error, of the SDK's evaluator."""
    definition = {"name": expression, "new": expression}
    for used in (definition, {"__filter__": expression}):
        try:
            reference = stream_map_of(used)
        except MapExpressionError:
            return
        stream_map = accelerated(stream_map_of(used))
        for record in records:
            expected = outcome_of(reference.transform, record)
            assert outcome_of(stream_map.transform, record) == expected


@pytest.mark.parametrize("expression", COMPILED)
def test_common_expressions_are_compiled(expression: str) -> None:
    """The SDK's evaluator does not evaluate common expressions."""
    stream_map = accelerated(stream_map_of({"new": expression}))
    t.cast("t.Any", stream_map).expr_evaluator.eval = None
    record = {"name": "A-b", "count": 1, "tags": [], "budget": {"mode": "DAY"}}
    expected = outcome_of(stream_map_of({"new": expression}).transform, record)
    assert outcome_of(stream_map.transform, record) == expected


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"name": None, "new": "name"},
        {"__filter__": "count", "__else__": None, "new": "count + 1"},
        {"__filter__": "name != 'a'", "__alias__": "other", "name": "__NULL__"},
        {"__else__": None},
    ],
)
def test_options_of_maps_equal_those_of_the_sdk(definition: dict[str, t.Any]) -> None:
    """Filters, removed columns, aliases and `__else__` have the SDK's result."""
    reference, stream_map = stream_map_of(definition), accelerated(stream_map_of(definition))
    assert reference.stream_alias == stream_map.stream_alias
    for record in ({"name": "a", "count": 0}, {"name": "b", "count": 1}, {}):
        assert outcome_of(stream_map.transform, record) == outcome_of(reference.transform, record)


def test_threads_do_not_share_names() -> None:
    """Threads that evaluate at once each use the values of their own record."""
    stream_map = accelerated(stream_map_of({"new": "str(name) + f'{count}'", "other": "name"}))
    wrong: list[t.Any] = []

    def transform(number: int) -> None:
        for _ in range(200):
            record = stream_map.transform({"name": number, "count": number})
            if record != {"name": number, "count": number, "new": f"{number}" * 2, "other": number}:
                wrong.append(record)

    threads = [threading.Thread(target=transform, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
