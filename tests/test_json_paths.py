"""JSONPaths: what they find, and what is suggested for an unknown answer."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract import json_paths

ANSWER = {
    "code": 0,
    "data": {
        "page_info": {"page": 1, "total_number": 2},
        "extra": [{"k": 1}],
        "list": [
            {"id": "1", "tags": [{"name": "a"}, {"name": "b"}], "none": []},
            {"id": "2", "tags": []},
        ],
        "texts": ["a", "b"],
        "odd name": [{"x": 1}] * 5,
    },
}

#: Names that a path has to quote, or to escape, among others.
names = st.text(alphabet="ab'\".[]$*\\ @?-é1", max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.data.list[*]", ANSWER["data"]["list"]),  # type: ignore[index]
        ("$.data.list[*].id", ["1", "2"]),
        ("$.data.list[?(@.id == '2')].id", ["2"]),
        ("$.data.page_info.total_number", [2]),
        ("$.nothing", []),
    ],
)
def test_find(path: str, expected: list[t.Any]) -> None:
    """A path gives all the values it leads to."""
    assert json_paths.find(path, ANSWER) == expected


@pytest.mark.parametrize("path", ["$.[", "data list", "$..[?(", "", "$.data.list[*"])
def test_bad_paths(path: str) -> None:
    """What is no JSONPath is refused with the path in the message."""
    with pytest.raises(json_paths.PathError, match="is not a JSONPath"):
        json_paths.parse(path)


def test_suggestions_rank_the_records_first() -> None:
    """Every array of objects, with size and keys: usual names first, deeper ones last."""
    found = json_paths.suggest_paths(ANSWER)
    assert [str(one) for one in found] == [
        "$.data.list[*] (2: id, tags, none)",
        "$.data.'odd name'[*] (5: x)",
        "$.data.extra[*] (1: k)",
        "$.data.list[*].tags[*] (2: name)",
    ]
    assert json_paths.suggest_paths({"data": {"texts": ["a"], "empty": []}}) == []


@given(json_values)
def test_suggestions_lead_to_objects(document: t.Any) -> None:
    """Whatever the answer is, each suggested path finds objects in it."""
    for one in json_paths.suggest_paths(document):
        found = json_paths.find(one.path, document)
        assert sum(isinstance(value, dict) for value in found) >= one.size > 0


@pytest.mark.parametrize(
    ("path", "name"),
    [("$.data.total", "total"), ("$.total", "total"), ("$.data.list[*]", None), ("$.data.*", None)],
)
def test_last_key(path: str, name: str | None) -> None:
    """The column of a single metadata path is the last name in it."""
    assert json_paths.last_key(path) == name


@pytest.mark.parametrize("name", ["where", "wherenot", "false_positives"])
def test_names_that_are_words_of_the_dialect(name: str) -> None:
    """They are quoted in what is suggested."""
    document = {"data": {name: [{name: [{"x": 1}]}]}}
    assert [
        len(json_paths.find(one.path, document)) for one in json_paths.suggest_paths(document)
    ] == [1, 1]


@pytest.mark.parametrize("path", ["$.a[\\x]", "$.a.`sub(/a/, b)`"])
def test_paths_that_the_answer_has_no_values_for(path: str) -> None:
    """Values that have no order, or are no text, are told with the path."""
    with pytest.raises(json_paths.PathError, match="cannot be followed in this response"):
        json_paths.find(path, {"a": [{"x": 1}, {"x": None}]})
