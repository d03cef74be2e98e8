"""The fast report decoder, compared with the caster."""

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


def body_of(records: list[dict[str, t.Any]], **envelope: t.Any) -> bytes:
    """Return a page as TikTok sends it."""
    page = {"list": records, "page_info": {"page": 1}}
    return json.dumps(
        {"code": 0, "message": "OK", "request_id": "x", "data": page, **envelope},
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def raw_record(**metrics: t.Any) -> dict[str, t.Any]:
    """Return a raw record with these metrics."""
    day = {"ad_id": "1740000000000000001", "stat_time_day": "2026-11-01 00:00:00"}
    return {"dimensions": day, "metrics": metrics}


def cast_records(records: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the caster's records, as decoded from their JSON."""
    caster = casting.Caster(SCHEMA, dash_is_null=True)
    flat = [{**record["dimensions"], **record["metrics"]} for record in copy.deepcopy(records)]
    encoded = msgspec.json.Encoder(decimal_format="number").encode(list(caster.records(flat)))
    return t.cast("list[dict[str, t.Any]]", json.loads(encoded, parse_float=str, parse_int=str))


def decode_records(records: list[dict[str, t.Any]]) -> list[dict[str, t.Any]] | None:
    """Return the fast decoder's records, or None if it leaves the page to the caster."""
    decoder = report_decoder.ReportDecoder(SCHEMA, DIMENSIONS, METRICS)
    envelope = decoder.decode(body_of(records))
    if envelope is None:
        return None
    lines = (
        RecordLines("s", ())
        .join_members([record for record, _ in envelope.data.records], {"advertiser_id": "7"})
        .splitlines()
    )
    records = [json.loads(line, parse_float=str, parse_int=str)["record"] for line in lines]
    assert all(record.pop("advertiser_id") == "7" for record in records)
    return records


@given(st.lists(st.dictionaries(st.sampled_from(METRICS), VALUES), min_size=1, max_size=3))
def test_decoder_and_caster_records_are_equal(records: list[dict[str, t.Any]]) -> None:
    """For any values, the decoder returns the caster's records or None."""
    raw = [raw_record(**metrics) for metrics in records]
    decoded = decode_records(raw)
    if decoded is not None:
        expected = cast_records(raw)
        assert [{k: _number(v) for k, v in record.items()} for record in decoded] == [
            {k: _number(v) for k, v in record.items()} for record in expected
        ]


def _number(value: t.Any) -> t.Any:
    try:
        number = decimal.Decimal(value)
    except (decimal.InvalidOperation, TypeError, ValueError):
        return value
    return number if number.is_finite() else value  # the name "nan" is not a number


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
def test_valid_page_is_decoded(metrics: dict[str, t.Any]) -> None:
    """A page as TikTok sends it is decoded, and equals the caster's records."""
    assert decode_records([raw_record(**metrics)]) == cast_records([raw_record(**metrics)])


@pytest.mark.parametrize(
    "body",
    [
        body_of([raw_record(unknown_metric="1")]),
        body_of([raw_record(spend="<5")]),
        body_of([raw_record(impressions="1.5")]),
        body_of([raw_record(impressions="1721714152180402.88")]),
        body_of([raw_record(ctr="0.12345678901234567890")]),
        body_of([raw_record(spend="12345678901.123456")]),
        body_of([raw_record(spend="nan")]),
        body_of([{"dimensions": {"ad_id": "-", "stat_time_day": "2026-11-01 00:00:00"}}]),
        body_of([{"dimensions": {"ad_id": "1", "stat_time_day": "2026-11-01 13:00:00"}}]),
        body_of([{"dimensions": {"ad_id": 1, "stat_time_day": "2026-11-01 00:00:00"}}]),
        body_of(
            [{"dimensions": {"ad_id": "1", "stat_time_day": "2026-99-99 00:00:00"}, "metrics": {}}]
        ),
        body_of([raw_record(ctr="12345678901234567e-10")]),
        body_of([raw_record(ad_name="-")]).replace(b'"-"', b'"\\u002d"'),
        body_of([raw_record(ad_name="x" * 5000), raw_record(ad_name="-")]).replace(
            b':"-"', b': "-"'
        ),
        body_of([raw_record(ad_name="?")]).replace(b"?", b"\xff"),
        body_of([raw_record()], message="?").replace(b"?", b"\xff"),
        body_of([raw_record()], code=40100),
        b'{"code": 0, "data": {"list": []}}',
        b"<html>",
        b"",
    ],
)
def test_unexpected_page_is_left_to_the_caster(body: bytes) -> None:
    """The decoder returns None for a page with unexpected values."""
    assert report_decoder.ReportDecoder(SCHEMA, DIMENSIONS, METRICS).decode(body) is None


def test_trailing_zeros_are_written_equally() -> None:
    """Decoder and caster write trailing zeros of a number equally."""
    record = raw_record(spend="123456789.100000")
    assert decode_records([record]) == cast_records([record])
