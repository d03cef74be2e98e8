"""Suggestions in messages about unknown names."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.suggestions import closest_match, suggest


@pytest.mark.parametrize(
    ("name", "valid_names", "expected"),
    [
        pytest.param("spent", ["clicks", "spend"], ": did you mean 'spend'?", id="similar"),
        pytest.param("zzz", ["spend", "clicks"], ". Known names: clicks, spend.", id="not similar"),
        pytest.param("spent", iter(["spend"]), ": did you mean 'spend'?", id="iterator"),
        pytest.param("zzz", iter(["spend"]), ". Known names: spend.", id="iterator, not similar"),
        pytest.param(5, ["spend"], ". Known names: spend.", id="not a string"),
    ],
)
def test_similar_name_is_suggested(name: str, valid_names: list[str], expected: str) -> None:
    """A similar name is suggested. Without one, all names are listed in order."""
    assert suggest(name, valid_names) == expected


@pytest.mark.parametrize(
    ("name", "min_similarity", "expected"),
    [
        pytest.param("spend", 1.0, "spend", id="equal"),
        pytest.param("spent", 0.6, "spend", id="similar"),
        pytest.param("spent", 0.9, None, id="not similar enough"),
        pytest.param("zzz", 0.6, None, id="not similar"),
        pytest.param("real_time_app", 0.9, "real_time_app_installs", id="beginning"),
        pytest.param("re", 0.9, None, id="too short a beginning"),
    ],
)
def test_closest_match_has_a_minimum_similarity(
    name: str, min_similarity: float, expected: str | None
) -> None:
    """The most similar name is returned if it reaches the minimum similarity, or begins so."""
    names = ["clicks", "spend", "send", "real_time_app_installs_rate", "real_time_app_installs"]
    assert closest_match(name, names, min_similarity) == expected
