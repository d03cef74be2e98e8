"""Descriptions of columns say more than the names of the columns."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_FILES = sorted((Path(__file__).parent.parent / "schemas").glob("*.json"))
FILLER_WORDS = frozenset({"the", "of", "a", "an", "its", "for", "enum"})


def columns(schema: dict[str, t.Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the path, the name and the description of each column, nested ones included."""
    for name, column in schema.get("properties", {}).items():
        column_path = f"{path}{name}"
        yield column_path, name, column.get("description", "")
        yield from columns(column, f"{column_path}.")
    if isinstance(items := schema.get("items"), dict):
        yield from columns(items, f"{path.removesuffix('.')}[].")


def words(text: str) -> list[str]:
    """Return the sorted words of a text or a name, in the singular and without filler words."""
    lower = re.findall(r"[a-z]+", text.lower())
    return sorted(word.removesuffix("s") for word in lower if word not in FILLER_WORDS)


def repeats_name(name: str, description: str) -> bool:
    """Return True if a description has the words of the name and no others."""
    return words(description) == words(name)


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("ad_name", "Ad name."),
        ("ad_name", "The name of an ad."),
        ("image_id", "Image IDs."),
        ("badge_image_info", "Badge image info."),
        ("card_type", "Type of card (enum)."),
        ("title", "Title"),
    ],
)
def test_repetition_is_recognized(name: str, description: str) -> None:
    """A description with the words of the name repeats it, in any order, singular or plural."""
    assert repeats_name(name, description)


def test_further_fact_is_no_repetition() -> None:
    """A description with a fact that the name does not contain is accepted."""
    assert not repeats_name("ad_name", "Name of the ad in TikTok Ads Manager.")


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: str(file.stem))
def test_description_says_more_than_the_name(file: Path) -> None:
    """Each column has a description that says more than its name."""
    repeated = [
        f"{path}: {description!r}"
        for path, name, description in columns(json.loads(file.read_text(encoding="utf-8")))
        if repeats_name(name, description)
    ]
    assert not repeated, "\n".join(repeated)
