"""Suggestions: what a message about an unknown name says."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.suggestions import closest_match, suggest


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        pytest.param("spent", ["clicks", "spend"], ": did you mean 'spend'?", id="similar"),
        pytest.param("zzz", ["spend", "clicks"], "; known are clicks, spend.", id="far from all"),
        pytest.param("spent", iter(["spend"]), ": did you mean 'spend'?", id="iterator"),
        pytest.param("zzz", iter(["spend"]), "; known are spend.", id="iterator, far from all"),
        pytest.param(5, ["spend"], "; known are spend.", id="not a text"),
    ],
)
def test_suggest(name: str, known: list[str], expected: str) -> None:
    """A similar name is suggested, and otherwise all names are listed in order."""
    assert suggest(name, known) == expected


@pytest.mark.parametrize(
    ("name", "min_similarity", "expected"),
    [
        pytest.param("spend", 1.0, "spend", id="equal"),
        pytest.param("spent", 0.6, "spend", id="similar"),
        pytest.param("spent", 0.9, None, id="not similar enough"),
        pytest.param("zzz", 0.6, None, id="far from all"),
    ],
)
def test_closest_match(name: str, min_similarity: float, expected: str | None) -> None:
    """The most similar name is returned, unless it is less similar than required."""
    assert closest_match(name, ["clicks", "spend", "send"], min_similarity) == expected
