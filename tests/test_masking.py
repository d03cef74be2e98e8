"""Masking of secrets."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.masking import MAX_MESSAGE_LENGTH, SecretMask


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        pytest.param(["abc"], "token abc, abc", "token ***, ***", id="repeated"),
        pytest.param(['a"b'], '{"token": "a\\"b"}', '{"token": "***"}', id="in JSON"),
        pytest.param(["abc", "def"], "abcdef", "******", id="several"),
        pytest.param([""], "token", "token", id="empty secret"),
        pytest.param([], "token", "token", id="none"),
    ],
)
def test_mask(secrets: list[str], text: str, expected: str) -> None:
    """Every occurrence of a secret is replaced."""
    assert SecretMask(secrets).mask(text) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("a\n b\t c", "a b c", id="one line"),
        pytest.param(5, "5", id="not text"),
        pytest.param("key abc", "key ***", id="secret"),
        pytest.param("x" * 1000, "x" * MAX_MESSAGE_LENGTH + "...", id="long"),
    ],
)
def test_printable(message: object, expected: str) -> None:
    """A text of the server becomes one short line without secrets."""
    assert SecretMask(["abc"]).printable(message) == expected
