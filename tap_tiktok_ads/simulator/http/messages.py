"""HTTP requests and responses, TikTok's envelope, and a gateway's HTML pages."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_HTML = "<html><head><title>{status}</title></head><body><h1>{status} {phrase}</h1></body></html>"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Request:
    """A served request.

    Attributes:
        path: Path below the version, such as "/ad/get/".
        params: Texts of the query string by name, or the values of a POST's JSON body.
        status: HTTP status. 0 if the connection broke before a response.
        code: Code of the envelope. None if the response had no envelope.
        time: Monotonic time at which the response was ready.
        advertiser_id: Advertiser of the request. None if the request names none.
    """

    path: str
    params: Mapping[str, Any]
    status: int
    code: int | None
    time: float
    advertiser_id: str | None


@dataclass
class Response:
    """An HTTP response.

    Attributes:
        status: HTTP status.
        code: Code of the envelope. None without an envelope.
        body: Body of the response.
        headers: Headers of the response.
        broken_by: Kind of the fault that breaks the connection. Empty without a fault.
        seconds: Argument `seconds` of the fault.
    """

    status: int
    code: int | None
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    broken_by: str = ""
    seconds: float | None = None


class NoEnvelope(Exception):  # noqa: N818
    """Raised to replace the endpoint's response by a response without an envelope."""

    def __init__(self, response: Response) -> None:
        """Keep the response to send."""
        super().__init__(response.broken_by or str(response.status))
        self.response = response


def envelope(code: int, message: str, data: Any) -> Response:
    """Return a response with TikTok's envelope and a new request ID."""
    request_id = time.strftime("%Y%m%d%H%M%S", time.gmtime()) + secrets.token_hex(10).upper()
    body = {"code": code, "message": message, "request_id": request_id, "data": data}
    headers = {"Content-Type": "application/json", "X-TT-LOGID": request_id}
    return Response(200, code, _encode(body), headers)


def html_page(status: int) -> Response:
    """Return an HTML page, as a gateway sends it."""
    text = _HTML.format(status=status, phrase=HTTPStatus(status).phrase)
    return Response(status, None, text.encode(), {"Content-Type": "text/html"})


def decode_body(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or None if the body is anything else."""
    if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        decoded = json.loads(body)
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None


def advertiser_of(params: Mapping[str, Any]) -> str | None:
    """Return the advertiser of a request, or None.

    The advertiser is `advertiser_id`, or the only ID of `advertiser_ids`.
    """
    if "advertiser_id" in params:
        return str(params["advertiser_id"])
    try:
        advertiser_ids = json.loads(params.get("advertiser_ids", ""))
    except (TypeError, ValueError):
        return None
    is_single = isinstance(advertiser_ids, list) and len(advertiser_ids) == 1
    return str(advertiser_ids[0]) if is_single else None
