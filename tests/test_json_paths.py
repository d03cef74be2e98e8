"""JSONPaths: the values that they find, and suggestions for a response."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract import json_paths

RESPONSE = {
    "code": 0,
    "data": {
        "page_info": {"page": 1, "total_number": 2},
        "extra": [{"k": 1}],
        "list": [
            {"id": "1", "tags": [{"name": "a"}, {"name": "b"}], "none": []},
            {"id": "2", "tags": []},
        ],
        "texts": ["a", "b"],
        "spaced name": [{"x": 1}] * 5,
    },
}

#: Names, some of which need quotes or escapes in a path.
names = st.text(alphabet="ab'\".[]$*\\ @?-é1", max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.data.list[*]", RESPONSE["data"]["list"]),  # type: ignore[index]
        ("$.data.list[*].id", ["1", "2"]),
        ("$.data.list[?(@.id == '2')].id", ["2"]),
        ("$.data.page_info.total_number", [2]),
        ("$.nothing", []),
    ],
)
def test_find_returns_all_values(path: str, expected: list[t.Any]) -> None:
    """A path finds all its values."""
    assert json_paths.find(path, RESPONSE) == expected


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"balance": 5, "currency": "USD"}, ["$.data"]),
        ({"balance": 5, "parts": [{"id": 1}]}, ["$.data.parts[*]", "$.data"]),
        ({"list": [{"id": 1}], "page_info": {"page": 1}}, ["$.data.list[*]"]),
        ({"list": [], "page_info": {"page": 1}}, []),
        ([{"id": 1}], ["$.data[*]"]),
    ],
)
def test_single_object_is_suggested(data: t.Any, paths: list[str]) -> None:
    """`$.data` is suggested last, if it holds values of its own."""
    suggestions = json_paths.suggest_paths({"code": 0, "data": data})
    assert [suggestion.path for suggestion in suggestions] == paths


@pytest.mark.parametrize("path", ["$.[", "data list", "$..[?(", "", "$.data.list[*"])
def test_invalid_path_is_an_error(path: str) -> None:
    """An invalid JSONPath is an error that quotes it."""
    with pytest.raises(json_paths.PathError, match="is not a JSONPath"):
        json_paths.parse(path)


def test_suggestions_start_with_the_records() -> None:
    """All arrays of objects are suggested: common names first, deeply nested arrays last."""
    suggestions = json_paths.suggest_paths(RESPONSE)
    assert [str(suggestion) for suggestion in suggestions] == [
        "$.data.list[*] (2: id, tags, none)",
        "$.data.'spaced name'[*] (5: x)",
        "$.data.extra[*] (1: k)",
        "$.data.list[*].tags[*] (2: name)",
    ]
    assert json_paths.suggest_paths({"data": {"texts": ["a"], "empty": []}}) == []


@given(json_values)
def test_suggestions_lead_to_objects(document: t.Any) -> None:
    """Each suggested path finds objects, in any response."""
    for suggestion in json_paths.suggest_paths(document):
        values = json_paths.find(suggestion.path, document)
        assert sum(isinstance(value, dict) for value in values) >= suggestion.size > 0


@pytest.mark.parametrize(
    ("path", "name"),
    [("$.data.total", "total"), ("$.total", "total"), ("$.data.list[*]", None), ("$.data.*", None)],
)
def test_last_key_names_the_column(path: str, name: str | None) -> None:
    """The last key of a metadata path is the name of its column."""
    assert json_paths.last_key(path) == name


@pytest.mark.parametrize("name", ["where", "wherenot", "false_positives"])
def test_reserved_words_are_quoted(name: str) -> None:
    """Reserved words of JSONPath are quoted in suggestions."""
    document = {"data": {name: [{name: [{"x": 1}]}]}}
    assert [
        len(json_paths.find(suggestion.path, document))
        for suggestion in json_paths.suggest_paths(document)
    ] == [1, 1]


@pytest.mark.parametrize("path", ["$.a[\\x]", "$.a.`sub(/a/, b)`"])
def test_path_that_does_not_fit_is_an_error(path: str) -> None:
    """A path that compares or edits unsuitable values is an error that quotes it."""
    with pytest.raises(json_paths.PathError, match="cannot be followed in this response"):
        json_paths.find(path, {"a": [{"x": 1}, {"x": None}]})
