"""Bodies with invalid Unicode or JSON text."""

from __future__ import annotations

import codecs
import json
import typing as t

import msgspec
import pytest
from conftest import answering, config_at, run
from hypothesis import example, given
from hypothesis import strategies as st

from tap_tiktok_ads.api import json_repair
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.json_repair import has_null_escape, repair

R = "\ufffd"
#: The JSON text of a raw value, and the repaired value.
VALUES: list[tuple[bytes, t.Any]] = [
    (rb'"\ud83d"', R),
    (rb'"a\ud83d!"', f"a{R}!"),
    (rb'"\udc00"', R),
    (rb'"\ude00\ud83d"', R + R),
    (rb'"\ud83d\ud83d\ude00"', f"{R}\U0001f600"),
    (rb'"\\ud83d"', "\\ud83d"),
    (rb'"\\\ud83d"', f"\\{R}"),
    (b'"\xff"', R),
    (b'"caf\xe9"', f"caf{R}"),
    (b'"\xed\xa0\xbd"', R * 3),
    (b'"a\nb"', f"a{R}b"),
    (b'"a\tb"', f"a{R}b"),
    (b'"\x1f"', R),
    (b'"a\x00b"', f"a{R}b"),
    (rb'"a\u0000b"', f"a{R}b"),
    (rb'"a\\u0000b"', "a\\u0000b"),
    (b"NaN", None),
    (b"-NaN", None),
    (b"Infinity", None),
    (b"-Infinity", None),
    (b"[NaN, 1, NaN]", [None, 1, None]),
    (b'"NaN"', "NaN"),
    (b"1e400", "1e400"),
    (b"-1e400", "-1e400"),
    (b"1" * 5000, "1" * 5000),
]


@pytest.mark.parametrize(("raw", "expected"), VALUES, ids=[repr(raw)[:40] for raw, _ in VALUES])
@pytest.mark.parametrize("form", [b"%s", b'{"a": [%s]}', b'\n\t{"x": "y\\"", "a":%s}\r\n'])
def test_invalid_text_is_replaced(form: bytes, raw: bytes, expected: t.Any) -> None:
    """Invalid text becomes U+FFFD or null, and valid values stay."""
    value = msgspec.json.decode(repair(form % raw))
    if isinstance(value, dict) and "a" in value:
        value = value["a"][0] if len(value) == 1 else value["a"]
    assert value == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_is_removed(encoding: str) -> None:
    """A byte order mark at the start is removed."""
    assert json.loads(repair('{"a": "\u00e9"}'.encode(encoding)).decode()) == {"a": "\u00e9"}


@pytest.mark.parametrize("raw", [b'"a\x00b"', rb'"a\u0000b"'])
def test_null_characters_can_be_kept(raw: bytes) -> None:
    """A null character stays if the setting says so."""
    assert msgspec.json.decode(repair(raw, replaces_null=False)) == "a\x00b"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value) and "\x00" not in str(value))


@given(value=json_values, is_ascii=st.booleans(), indent=st.sampled_from([None, 1]))
def test_clean_body_is_unchanged(value: t.Any, is_ascii: bool, indent: int | None) -> None:
    """A clean body is returned unchanged."""
    body = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode("utf-8", "replace")
    if "\\u0000" not in body.decode():
        assert repair(body) == body


@given(
    text=st.text(st.characters(codec=None, categories=None), max_size=20),
    is_ascii=st.booleans(),
)
def test_any_text_is_readable_after_the_repair(text: str, is_ascii: bool) -> None:
    """A string of any characters, including surrogates, is readable after the repair."""
    body = json.dumps({"a": text}, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    value = msgspec.json.decode(repair(body))["a"]
    value.encode()
    assert "\x00" not in value


@given(body=st.binary(max_size=60))
@example(body=b"\x00\x00\x00\x001")
@example(body=b'"\\\x00"')
@example(body=codecs.BOM_UTF8 * 2 + b"1")
def test_second_repair_changes_nothing(body: bytes) -> None:
    """A second repair changes nothing, for any body."""
    once = repair(body)
    assert repair(once) == once
    assert b"\x00" not in once
    once.decode()


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 200_000, b'{"a":"' + b"\\" * 200_001, b'"' * 99])
def test_unclosed_string_is_unchanged(body: bytes) -> None:
    """A body that ends in a string stays unchanged, in linear time."""
    assert repair(body) == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'"\u0000"', True),
        (rb'"\\u0000"', True),
        (rb'"\u0001 \n"', False),
        (b'"u0000"', False),
        (b'"' + rb"\n" * 5000 + rb'\u0000"', True),
        (b'"' + rb"\n" * 5000 + b'u0000"', False),
        (rb'["\n","' + b"x" * 9999 + rb'\u0000"]', True),
        (rb'["\n","' + b"x" * 9999 + b'u0000"]', False),
    ],
)
def test_null_escape_is_found(body: bytes, expected: bool) -> None:
    """The escape of a null character is found."""
    assert has_null_escape(body) is expected


# Over HTTP

ENVELOPE = b'{"code":0,"message":"OK","request_id":"r","data":{"list":[%s],"page_info":%s}}'
PAGE_INFO = b'{"page":1,"page_size":1000,"total_number":2,"total_page":1}'
EMPTY = {"list": [], "page_info": {"total_number": 0}}
REPORT = "campaign_performance_report"
RECORDS = {
    "campaigns": b'{"campaign_id":"1","campaign_name":%s},{"campaign_id":"2","campaign_name":"b"}',
    "pixels": b'{"pixel_id":"1","pixel_name":%s},{"pixel_id":"2","pixel_name":"b"}',
    REPORT: (
        b'{"dimensions":{"campaign_id":"1","stat_time_day":"2026-11-01 00:00:00"},'
        b'"metrics":{"campaign_name":%s}},'
        b'{"dimensions":{"campaign_id":"2","stat_time_day":"2026-11-01 00:00:00"},'
        b'"metrics":{"campaign_name":"b"}}'
    ),
}
NAMES = {"campaigns": "campaign_name", "pixels": "pixel_name", REPORT: "campaign_name"}


def written_names(
    stream: str, body: bytes, caplog: pytest.LogCaptureFixture, **settings: t.Any
) -> tuple[list[t.Any], int]:
    """Return the written names, and the number of warnings about repaired text.

    No response is requested twice.
    """
    if stream == "pixels":
        body = body.replace(b'"list"', b'"pixels"')

    def respond(query: dict[str, str]) -> t.Any:
        return EMPTY if "RESERVATION_TOP_VIEW" in query.get("filtering", "") else body

    with answering(respond) as (url, requested_paths):
        config = config_at(url, report_metrics={REPORT: ["campaign_name"]}, **settings)
        messages = run(config, [stream])
    lists = [
        path for path in requested_paths if "advertiser_id=1" in path and "TOP_VIEW" not in path
    ]
    assert len(lists) == len(set(lists))
    assert "Retrying" not in caplog.text
    records = [record for record in messages.records[stream] if not record.get("is_top_view")]
    warnings = [text for text in caplog.messages if "not valid Unicode" in text]
    return [record[NAMES[stream]] for record in records], len(warnings)


@pytest.mark.parametrize("stream", RECORDS)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (rb'"\ud83d"', R),
        (b'"\xff"', R),
        (b'"a\nb"', f"a{R}b"),
        (rb'"\u0000"', R),
        (b"NaN", None),
        (b"-Infinity", None),
    ],
)
def test_records_of_invalid_bodies_are_written(
    stream: str, raw: bytes, expected: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """All records of the page are written, with one warning and without a retry."""
    body = ENVELOPE % (RECORDS[stream] % raw, PAGE_INFO)
    values, warning_count = written_names(stream, body, caplog)
    assert values == [expected, "b"]
    assert warning_count == 1


@pytest.mark.parametrize("stream", RECORDS)
def test_body_with_byte_order_mark_is_read(stream: str, caplog: pytest.LogCaptureFixture) -> None:
    """The records of a body with a byte order mark are read."""
    body = codecs.BOM_UTF8 + ENVELOPE % (RECORDS[stream] % b'"a"', PAGE_INFO)
    assert written_names(stream, body, caplog) == (["a", "b"], 1)


@pytest.mark.parametrize("stream", RECORDS)
def test_null_characters_in_records_are_kept(stream: str, caplog: pytest.LogCaptureFixture) -> None:
    """With `replace_null_characters: false`, null characters are kept without a warning."""
    body = ENVELOPE % (RECORDS[stream] % rb'"a\u0000"', PAGE_INFO)
    values, warning_count = written_names(stream, body, caplog, replace_null_characters=False)
    assert values == ["a\x00", "b"]
    assert warning_count == 0


@pytest.mark.parametrize("stream", ["campaigns", "pixels"])
@pytest.mark.parametrize("number", [b"1e400", b"1" * 5000])
def test_number_above_the_float_range_keeps_the_page(
    stream: str, number: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A number above the range of floats does not stop other records of a page."""
    body = ENVELOPE % (RECORDS[stream] % number, PAGE_INFO)
    assert written_names(stream, body, caplog)[0] == [number.decode(), "b"]


@pytest.mark.parametrize(("replaces_null", "expected"), [(True, R), (False, "\x00")])
def test_invalid_report_file_is_repaired(replaces_null: bool, expected: str) -> None:
    """A report file with invalid UTF-8 and null characters is read."""
    file = CsvFile("x", replaces_null=replaces_null)
    file.file.write(codecs.BOM_UTF8 + b"ad_id,ad_name\n1,a\xff\n2,b\x00\n")
    file.index()
    names = [record["ad_name"] for record in file.read_part(0)]
    assert names == [f"a{R}", f"b{expected}"]
    assert file.is_repaired


def test_clean_report_file_is_unchanged() -> None:
    """A clean report file is not repaired."""
    assert json_repair.replace_null_characters("a") == "a"
    file = CsvFile("x")
    file.file.write("ad_id,ad_name\n1,\u00e9\ufffd\n".encode())
    file.index()
    assert [record["ad_name"] for record in file.read_part(0)] == [f"\u00e9{R}"]
    assert not file.is_repaired
