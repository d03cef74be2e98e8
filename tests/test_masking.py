"""Masking of secrets, and escaping of server text."""

from __future__ import annotations

import json

import pytest
from conftest import answering, config_at, run
from edge_server import serving
from test_client import transport_to

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.masking import MAX_MESSAGE_LENGTH, SecretMask, escape, escape_json
from tap_tiktok_ads.api.messages import Request


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        pytest.param(["abc"], "token abc, abc", "token ***, ***", id="repeated"),
        pytest.param(['a"b'], '{"token": "a\\"b"}', '{"token": "***"}', id="in JSON"),
        pytest.param(["abc", "def"], "abcdef", "******", id="several"),
        pytest.param([""], "token", "token", id="empty secret"),
        pytest.param([], "token", "token", id="no secrets"),
    ],
)
def test_every_occurrence_of_a_secret_is_masked(
    secrets: list[str], text: str, expected: str
) -> None:
    """Every occurrence of a secret is replaced."""
    assert SecretMask(secrets).mask(text) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("a\n b\t c", "a b c", id="one line"),
        pytest.param(5, "5", id="not text"),
        pytest.param("key abc", "key ***", id="secret"),
        pytest.param("x" * 1000, "x" * MAX_MESSAGE_LENGTH + "...", id="too long"),
    ],
)
def test_server_message_becomes_one_short_line(message: object, expected: str) -> None:
    """A server message becomes one short line without secrets."""
    assert SecretMask(["abc"]).printable(message) == expected


DANGEROUS = "a\x1b[31m\x00\x9b\u202e\u2066\u200b\ufeff\u2028\x85\nb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("é 字 😀", "é 字 😀", id="printable"),
        pytest.param("a\nb\r\tc", "a\\nb\\r\\tc", id="line breaks"),
        pytest.param("\x1b[31m", "\\u001b[31m", id="terminal sequence"),
        pytest.param("\x9b31m", "\\u009b31m", id="C1 control character"),
        pytest.param("\u202ea\u2066", "\\u202ea\\u2066", id="direction of text"),
        pytest.param("a\u200b\ufeff", "a\\u200b\\ufeff", id="without width"),
        pytest.param("\u2028\x85", "\\u2028\\u0085", id="Unicode line breaks"),
        pytest.param("\U000e0001", "\\udb40\\udc01", id="tag"),
        pytest.param("\ud800", "\\ud800", id="half a surrogate pair"),
    ],
)
def test_unsafe_characters_are_escaped(text: str, expected: str) -> None:
    """Characters that change the display of a terminal become visible escapes."""
    assert escape(text) == expected
    assert escape(expected) == expected


@pytest.mark.parametrize("indent", [None, 2])
def test_escaped_json_keeps_its_value(indent: int | None) -> None:
    """Escaped JSON keeps its value and line breaks, without other control characters."""
    value = {DANGEROUS: [DANGEROUS, 1]}
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    escaped = escape_json(text)
    assert json.loads(escaped) == value
    assert all(line.isprintable() for line in escaped.split("\n"))


def test_error_messages_are_escaped() -> None:
    """Every error escapes the server's message."""
    for error in (
        errors.ResponseError(DANGEROUS),
        errors.from_code(40002, DANGEROUS, DANGEROUS, DANGEROUS),
        errors.from_code(50000, DANGEROUS, DANGEROUS, DANGEROUS),
        errors.from_code(40100, DANGEROUS, DANGEROUS, DANGEROUS),
        errors.TooLargeError(errors.ResponseError(DANGEROUS)),
    ):
        assert str(error).isprintable()


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        pytest.param("a/b+c d=", "a%2Fb%2Bc%20d%3D", id="quoted"),
        pytest.param("a/b+c d=", "a%2fb%2bc%20d%3d", id="quoted, lower case"),
        pytest.param("a/b+c d=", "a/b%2Bc%20d%3D", id="quoted but for slashes"),
        pytest.param("a/b+c d=", "a%2Fb%2Bc+d%3D", id="quoted with plus signs"),
        pytest.param("secret-token", "c2VjcmV0LXRva2Vu", id="base64"),
        pytest.param("sécret??>>", "c8OpY3JldD8_Pj4", id="base64 for URLs"),
    ],
)
def test_encoded_secret_is_masked(secret: str, text: str) -> None:
    """A secret is masked in every encoding of a URL or a header."""
    assert SecretMask([secret]).mask(f"<{text}>").strip("=") == "<***>"


@pytest.mark.parametrize("member", ["message", "request_id"])
def test_error_masks_message_and_request_id(member: str) -> None:
    """The message and the request ID of a response are escaped and masked."""
    members = {"code": 40002, "message": "m", "data": {}, member: f"{DANGEROUS} a%2Fsecret-1"}
    with serving(lambda _: json.dumps(members).encode()) as (url, _):
        client = transport_to(url, secrets=["a/secret-1"])
        with pytest.raises(errors.RejectedRequestError) as error:
            client.send(Request("/x/", {}))
    assert str(error.value).isprintable()
    assert "***" in str(error.value)
    assert "secret-1" not in str(error.value)
    assert str(error.value.request_id).isprintable()


def test_warning_escapes_names_of_new_fields(caplog: pytest.LogCaptureFixture) -> None:
    """The warning about a new field escapes its name."""
    page_info = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1}
    data = {"list": [{"campaign_id": "1", DANGEROUS: 1}], "page_info": page_info}
    with answering(lambda _: data) as (url, _):
        run(config_at(url), ["campaigns"])
    (warning,) = [text for text in caplog.messages if "not in its schema" in text]
    assert warning.isprintable()
    assert "\\u202e" in warning
