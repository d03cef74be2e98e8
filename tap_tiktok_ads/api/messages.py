"""Requests, responses and the JSON envelope of the TikTok Marketing API.

Every endpoint returns this envelope:

    {"code": 0, "message": "OK", "request_id": "2026...", "data": {...}}
"""

from __future__ import annotations

import dataclasses
import decimal
import math
import re
import typing as t

import msgspec

from tap_tiktok_ads.api.masking import escape

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: Decodes the bodies that it knows faster than `decode_envelope`. Returns None for others.
    Decode = Callable[[bytes], t.Any]
    #: Raises an error for a response that lacks what the endpoint always returns.
    Check = Callable[["Response"], None]

#: Maximum absolute return code. All documented codes have five digits.
MAX_CODE = 10**15
#: A number of at most 15 characters is exact as a float.
MAX_EXACT_LENGTH = 15
#: Exceptions of msgspec for text that is not the expected JSON.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,2})?", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One request to TikTok.

    Example:
        >>> request = Request("/campaign/get/", {"advertiser_id": "7", "page": 1})
        >>> request.with_page_params(page=2).query()
        {'advertiser_id': '7', 'page': '2'}

    Attributes:
        path: Path below the base URL. A path with the prefix `/open_api/` starts at the host.
        params: Query parameters. Values may have any JSON type.
        method: HTTP method.
        body: JSON body of a POST request. If there is one, it contains the page parameters.
        headers: Additional HTTP headers.
        shared: True if several streams send this request. Its response is cached for the run.
        splittable: True if the caller can split the request. It is not retried when too large.
    """

    path: str
    params: Mapping[str, t.Any]
    method: str = "GET"
    body: Mapping[str, t.Any] | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    shared: bool = False
    splittable: bool = False

    @property
    def page_params(self) -> Mapping[str, t.Any]:
        """The parameters that include `page` and `page_size`: the body, or else the query."""
        return self.params if self.body is None else self.body

    def with_page_params(self, **changes: t.Any) -> Request:
        """Return a copy of the request with changed page parameters."""
        page_params = {**self.page_params, **changes}
        if self.body is None:
            return dataclasses.replace(self, params=page_params)
        return dataclasses.replace(self, body=page_params)

    @property
    def cache_key(self) -> str:
        """The text that identifies the request in the response cache."""
        query = sorted(self.query().items())
        return f"{self.method} {self.path} {query} {self.body} {self.headers}"

    def query(self) -> dict[str, str]:
        """Return the query parameters as text. Values other than text become JSON."""
        return {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in self.params.items()
        }

    @property
    def label(self) -> str:
        """The endpoint and advertiser of the request, for messages."""
        params = {**self.params, **(self.body or {})}
        advertiser = params.get("advertiser_id") or params.get("advertiser_ids")
        if isinstance(advertiser, (list, tuple)):
            more = f" and {len(advertiser) - 1} more" if len(advertiser) > 1 else ""
            advertiser = f"{advertiser[0]}{more}" if advertiser else None
        return escape(f"{self.path} for advertiser {advertiser}" if advertiser else self.path)


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """A successful response.

    Attributes:
        data: The envelope's `data`.
        request_id: TikTok's ID of the request.
        server_time: The HTTP `Date` header, or None.
        is_truncated: True if TikTok warns that records may be missing.
        body: The body as received, or as it was repaired.
        is_repaired: True if the body was not clean JSON or Unicode.
    """

    data: dict[str, t.Any]
    request_id: str
    server_time: str | None = None
    is_truncated: bool = False
    body: bytes = b""
    is_repaired: bool = False


class Envelope(msgspec.Struct):
    """The JSON object that every endpoint returns.

    TikTok's OpenAPI files declare `code` as optional in a success.
    """

    code: t.Annotated[int, msgspec.Meta(ge=-MAX_CODE, le=MAX_CODE)] | None = None
    message: t.Any = None
    request_id: t.Any = None
    data: t.Any = None


def exact_number(text: str) -> float | decimal.Decimal:
    """Return a float if it has exactly the value of the text, else a decimal."""
    result = float(text)
    if len(text) > MAX_EXACT_LENGTH and decimal.Decimal(repr(result)) != decimal.Decimal(text):
        return decimal.Decimal(text)
    return result


def json_number(text: str) -> float | decimal.Decimal:
    """Return the exact value of a JSON number with a fraction or an exponent.

    A number with an exponent of three digits becomes the nearest float.

    Raises:
        msgspec.ValidationError: The number is outside the range of floats.
    """
    if len(text) > MAX_EXACT_LENGTH and _NUMBER.fullmatch(text):
        return exact_number(text)
    result = float(text)
    if math.isinf(result):
        msg = "Number out of range"
        raise msgspec.ValidationError(msg)
    return result


_decoder = msgspec.json.Decoder(Envelope, strict=False, float_hook=json_number)


def decode_envelope(body: bytes) -> Envelope:
    """Return the envelope of a response body.

    Raises:
        DECODE_ERRORS: The body is not TikTok's JSON.
    """
    return _decoder.decode(body)
