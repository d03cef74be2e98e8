"""Decoding of list pages that leaves their records as raw JSON."""

from __future__ import annotations

import codecs
import typing as t

import msgspec

from tap_tiktok_ads.api.messages import DECODE_ERRORS, json_number

#: Number of bytes whose UTF-8 is checked at a time.
UTF8_CHECK_BYTES = 64 * 1024


class _ListData(msgspec.Struct, rename={"records": "list"}):
    """The `data` of a list page."""

    records: list[msgspec.Raw]
    page_info: t.Any = None


class ListEnvelope(msgspec.Struct):
    """The envelope of a successful list page, `{"code": 0, "data": {"list": [...], ...}, ...}`."""

    code: t.Literal[0]
    data: _ListData
    message: t.Any = None
    request_id: t.Any = None


#: Decode the envelope of a list page. Items of the list may have any type.
decode_envelope = msgspec.json.Decoder(ListEnvelope, float_hook=json_number).decode
#: Decode one raw record of a page, an object.
decode_record = msgspec.json.Decoder(dict[str, t.Any], float_hook=json_number).decode
#: Decode an array of records, which stay raw JSON.
decode_records = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decode_list_page(body: bytes) -> ListEnvelope | None:
    """Return the envelope of a successful list page, its records still raw JSON objects.

    Decoding record by record is faster than decoding the page, because a record is cast and
    encoded while it is in the processor's cache. It also takes a fraction of the memory.

    Returns:
        The envelope with `data.records` and `data.page_info`, or None for any other response.
    """
    try:
        envelope = decode_envelope(body)
        _check_utf8(body)  # msgspec does not look into raw values
    except DECODE_ERRORS:
        return None
    are_objects = all(bytes(memoryview(raw)[:1]) == b"{" for raw in envelope.data.records)
    return envelope if are_objects else None


def _check_utf8(body: bytes) -> None:
    """Raise an error for a body that is not UTF-8.

    The body is checked in blocks, because the decoded text would take several times its memory.

    Raises:
        UnicodeDecodeError: The body is not UTF-8.
    """
    if body.isascii():
        return
    check = codecs.getincrementaldecoder("utf-8")().decode
    for start in range(0, len(body), UTF8_CHECK_BYTES):
        end = start + UTF8_CHECK_BYTES
        check(body[start:end], end >= len(body))
