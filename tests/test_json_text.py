"""Texts within JSON, decoded block by block."""

from __future__ import annotations

import json
import typing as t

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api.json_text import TextBlocks, start_of_data


def split(body: bytes, size: int) -> list[bytes]:
    """Return the blocks of a body."""
    return [body[start : start + size] for start in range(0, len(body), size)]


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(1, 9),
    st.booleans(),
)
def test_blocks_of_any_size_join_to_the_text(text: str, size: int, is_ascii: bool) -> None:
    """The decoded blocks are the text, wherever escapes and characters are cut."""
    body = json.dumps(f"a,{text},", ensure_ascii=is_ascii).encode()[1:] + b',"code":0}'
    blocks = iter(split(body, size))
    decoded = TextBlocks(blocks)
    assert b"".join(decoded).decode() == f"a,{text},"
    assert decoded.rest + b"".join(blocks) == b'","code":0}'


@pytest.mark.parametrize("damage", [rb"\ud800", rb"\q", b"\xff", b"\n"])
def test_block_that_is_not_clean_is_left_to_the_caller(damage: bytes) -> None:
    """The rest begins with the block that cannot be decoded."""
    body = b"first,second," + damage + b',third"}'
    blocks = iter(split(body, 7))
    decoded = TextBlocks(blocks)
    text = b"".join(decoded)
    assert b"first,second,third" not in text
    assert text + decoded.rest + b"".join(blocks) == body


def test_text_without_an_end_is_left_to_the_caller() -> None:
    """A body that ends within its text does not become an envelope."""
    decoded = TextBlocks([b"a,b", b",c"])
    assert b"".join(decoded) + decoded.rest == b"a,b,c"
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b'{"data":"' + decoded.rest)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"code": 0, "data": "a,b"}, "a,b"),
        ({"code": 0, "message": '"data":"x', "data": "a"}, "a"),
        ({"code": 0, "data": {"data": "a"}}, None),
        ({"code": 0, "data": {}}, None),
        ({"code": 40001, "message": "no permission"}, None),
    ],
)
def test_start_of_data_finds_the_text_of_the_envelope(
    body: dict[str, t.Any], expected: str | None
) -> None:
    """Only a text in the `data` of the envelope itself is found."""
    encoded = json.dumps(body).encode()
    start = start_of_data(encoded)
    found = None if start is None else b"".join(TextBlocks([encoded[start:]])).decode()
    assert found == expected
