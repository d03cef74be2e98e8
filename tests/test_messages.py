"""Requests, response envelopes and exact numbers."""

from __future__ import annotations

import decimal
import typing as t

import msgspec
import pytest

from tap_tiktok_ads.api.messages import (
    DECODE_ERRORS,
    Request,
    decode_envelope,
    exact_number,
    json_number,
)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({"advertiser_id": "7"}, {"advertiser_id": "7"}, id="text"),
        pytest.param({"page": 2}, {"page": "2"}, id="integer"),
        pytest.param({"deep": True}, {"deep": "true"}, id="boolean"),
        pytest.param({"ids": ["1", "2"]}, {"ids": '["1","2"]'}, id="list"),
        pytest.param({"filtering": {"a": None}}, {"filtering": '{"a":null}'}, id="object"),
        pytest.param({}, {}, id="none"),
    ],
)
def test_query_encodes_parameters_as_json(
    params: dict[str, t.Any], expected: dict[str, str]
) -> None:
    """Strings are sent unchanged, and all other parameters as JSON."""
    assert Request("/x/", params).query() == expected


@pytest.mark.parametrize(
    ("params", "body", "expected"),
    [
        pytest.param({}, None, "/x/", id="no advertiser"),
        pytest.param({"advertiser_id": "7"}, None, "/x/ for advertiser 7", id="query"),
        pytest.param({}, {"advertiser_id": "7"}, "/x/ for advertiser 7", id="body"),
        pytest.param({"advertiser_ids": ["7"]}, None, "/x/ for advertiser 7", id="list of one"),
        pytest.param(
            {"advertiser_ids": ["7", "8", "9"]},
            None,
            "/x/ for advertiser 7 and 2 more",
            id="list of several",
        ),
        pytest.param({"advertiser_ids": []}, None, "/x/", id="empty list"),
    ],
)
def test_label_names_endpoint_and_advertiser(
    params: dict[str, t.Any], body: dict[str, t.Any] | None, expected: str
) -> None:
    """A label names the endpoint and the first advertiser."""
    assert Request("/x/", params, body=body).label == expected


@pytest.mark.parametrize(
    ("body", "params", "changed_body"),
    [
        pytest.param(None, {"a": "1", "page": 2}, None, id="query"),
        pytest.param({"b": 1}, {"a": "1"}, {"b": 1, "page": 2}, id="body"),
    ],
)
def test_page_parameters_go_to_body_or_query(
    body: dict[str, t.Any] | None,
    params: dict[str, t.Any],
    changed_body: dict[str, t.Any] | None,
) -> None:
    """Page parameters go to the body, or to the query without a body."""
    request = Request("/x/", {"a": "1"}, body=body).with_page_params(page=2)
    assert (request.params, request.body) == (params, changed_body)


@pytest.mark.parametrize(
    ("changes", "is_equal"),
    [
        pytest.param({"params": {"b": "2", "a": "1"}}, True, id="order of parameters"),
        pytest.param({"splittable": True}, True, id="not sent"),
        pytest.param({"params": {"a": "2", "b": "2"}}, False, id="parameters"),
        pytest.param({"path": "/y/"}, False, id="path"),
        pytest.param({"method": "POST"}, False, id="method"),
        pytest.param({"body": {}}, False, id="body"),
        pytest.param({"headers": {"X": "1"}}, False, id="headers"),
    ],
)
def test_equal_requests_have_equal_cache_keys(changes: dict[str, t.Any], is_equal: bool) -> None:
    """Requests have equal cache keys if they are sent equally."""
    members: dict[str, t.Any] = {"path": "/x/", "params": {"a": "1", "b": "2"}}
    key = Request(**members).cache_key
    assert (Request(**{**members, **changes}).cache_key == key) is is_equal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", 0.1),
        ("1e3", 1000.0),
        ("12345678901234.5", 12345678901234.5),
        ("0.1234567890123456789", decimal.Decimal("0.1234567890123456789")),
        ("9007199254740993.0", decimal.Decimal("9007199254740993.0")),
    ],
)
def test_number_beyond_float_precision_is_a_decimal(
    text: str, expected: float | decimal.Decimal
) -> None:
    """A number that a float cannot represent exactly becomes a decimal."""
    for number in (exact_number(text), json_number(text)):
        assert (number, type(number)) == (expected, type(expected))


def test_number_out_of_range_raises_error() -> None:
    """A number outside the range of floats raises ValidationError."""
    with pytest.raises(msgspec.ValidationError):
        json_number("1e999")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"code": 0, "data": {"list": []}}', (0, {"list": []})),
        (b'{"code": "40100"}', (40100, None)),
        (b'{"data": {}}', (None, {})),
        (b'{"code": 0, "unknown": 1}', (0, None)),
    ],
)
def test_envelope_members_are_optional(body: bytes, expected: tuple[int | None, t.Any]) -> None:
    """An envelope's code may be text or missing, and unknown members are ignored."""
    envelope = decode_envelope(body)
    assert (envelope.code, envelope.data) == expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"code": 0', b"[]", b'{"code": {}}', b'{"code": 1e20}', b"\xff"]
)
def test_invalid_envelope_raises_decode_error(body: bytes) -> None:
    """A body that is not TikTok's JSON raises one of DECODE_ERRORS."""
    with pytest.raises(DECODE_ERRORS):
        decode_envelope(body)
