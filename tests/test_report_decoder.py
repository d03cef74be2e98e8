"""Typed rows of reports: the fast way gives what the caster gives, or steps aside."""

from __future__ import annotations

import copy
import decimal
import json
import typing as t

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract import casting, report_decoder, schemas
from tap_tiktok_ads.singer.writer import RecordLines

DIMENSIONS = ("ad_id", "stat_time_day")
METRICS = ("ad_name", "spend", "impressions", "ctr", "is_smart_creative")
SCHEMA = schemas.report_schema(DIMENSIONS, METRICS)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.decimals(-(10**20), 10**20, places=9).map("{:f}".format),
    st.decimals(-(10**10), 10**10, places=6).map("{:f}".format),
    st.integers().map(str),
    st.sampled_from(["-", "", "1.0", "<5", "true", "0", '\\"-', '-"', ':"-"', "nan", "1e5"]),
    st.text(max_size=8),
)


def body_of(rows: list[dict[str, t.Any]], **envelope: t.Any) -> bytes:
    """A page as TikTok sends it."""
    page = {"list": rows, "page_info": {"page": 1}}
    return json.dumps(
        {"code": 0, "message": "OK", "request_id": "x", "data": page, **envelope},
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def row_of(**metrics: t.Any) -> dict[str, t.Any]:
    """A row with these metrics."""
    day = {"ad_id": "1740000000000000001", "stat_time_day": "2026-11-01 00:00:00"}
    return {"dimensions": day, "metrics": metrics}


def by_caster(rows: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The rows as the caster makes them, as they would read on the wire."""
    caster = casting.Caster(SCHEMA, dash_is_null=True)
    flat = [{**row["dimensions"], **row["metrics"]} for row in copy.deepcopy(rows)]
    encoded = msgspec.json.Encoder(decimal_format="number").encode(list(caster.records(flat)))
    return t.cast("list[dict[str, t.Any]]", json.loads(encoded, parse_float=str, parse_int=str))


def by_decoder(rows: list[dict[str, t.Any]]) -> list[dict[str, t.Any]] | None:
    """The rows as the decoder makes them; None where it steps aside."""
    decoder = report_decoder.ReportDecoder(SCHEMA, DIMENSIONS, METRICS)
    envelope = decoder.decode(body_of(rows))
    if envelope is None:
        return None
    lines = (
        RecordLines("s", ())
        .join_members([row for row, _ in envelope.data.records], {"advertiser_id": "7"})
        .splitlines()
    )
    found = [json.loads(line, parse_float=str, parse_int=str)["record"] for line in lines]
    assert all(row.pop("advertiser_id") == "7" for row in found)
    return found


@given(st.lists(st.dictionaries(st.sampled_from(METRICS), VALUES), min_size=1, max_size=3))
def test_same_rows(rows: list[dict[str, t.Any]]) -> None:
    """Whatever the values are, the decoder gives the caster's rows, or none."""
    raw = [row_of(**metrics) for metrics in rows]
    decoded = by_decoder(raw)
    if decoded is not None:
        expected = by_caster(raw)
        assert [{k: _number(v) for k, v in row.items()} for row in decoded] == [
            {k: _number(v) for k, v in row.items()} for row in expected
        ]


def _number(value: t.Any) -> t.Any:
    try:
        number = decimal.Decimal(value)
    except (decimal.InvalidOperation, TypeError, ValueError):
        return value
    return number if number.is_finite() else value  # a name may be "nan", which equals nothing


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"spend": "14.68", "impressions": "1079", "ctr": "0.5", "ad_name": "a"},
        {"spend": "-", "impressions": "-", "ad_name": "-"},
        {"spend": "", "impressions": "", "ad_name": ""},
        {"impressions": "1.0", "spend": 3.5, "is_smart_creative": "true"},
        {"ad_name": 'say \\"-'},
        {"ad_name": ':"-"'},
        {"ad_name": None},
    ],
    ids=str,
)
def test_plain_pages_are_decoded(metrics: dict[str, t.Any]) -> None:
    """Pages as TikTok sends them are decoded, and equal the caster's."""
    assert by_decoder([row_of(**metrics)]) == by_caster([row_of(**metrics)])


@pytest.mark.parametrize(
    "body",
    [
        body_of([row_of(unknown_metric="1")]),
        body_of([row_of(spend="<5")]),
        body_of([row_of(impressions="1.5")]),
        body_of([row_of(impressions="1721714152180402.88")]),
        body_of([row_of(ctr="0.12345678901234567890")]),
        body_of([row_of(spend="12345678901.123456")]),
        body_of([row_of(spend="nan")]),
        body_of([{"dimensions": {"ad_id": "-", "stat_time_day": "2026-11-01 00:00:00"}}]),
        body_of([{"dimensions": {"ad_id": "1", "stat_time_day": "2026-11-01 13:00:00"}}]),
        body_of([{"dimensions": {"ad_id": 1, "stat_time_day": "2026-11-01 00:00:00"}}]),
        body_of(
            [{"dimensions": {"ad_id": "1", "stat_time_day": "2026-99-99 00:00:00"}, "metrics": {}}]
        ),
        body_of([row_of(ctr="12345678901234567e-10")]),
        body_of([row_of(ad_name="-")]).replace(b'"-"', b'"\\u002d"'),
        body_of([row_of(ad_name="x" * 5000), row_of(ad_name="-")]).replace(b':"-"', b': "-"'),
        body_of([row_of(ad_name="?")]).replace(b"?", b"\xff"),
        body_of([row_of()], message="?").replace(b"?", b"\xff"),
        body_of([row_of()], code=40100),
        b'{"code": 0, "data": {"list": []}}',
        b"<html>",
        b"",
    ],
)
def test_other_pages_are_left(body: bytes) -> None:
    """A page that needs a closer look is left to the caster."""
    assert report_decoder.ReportDecoder(SCHEMA, DIMENSIONS, METRICS).decode(body) is None


def test_the_same_bytes() -> None:
    """A number of zeros at its end is written in the same way by both."""
    row = row_of(spend="123456789.100000")
    assert by_decoder([row]) == by_caster([row])
