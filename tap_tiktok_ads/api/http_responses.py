"""Status codes of HTTP responses, and the causes of failed connections."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import requests

from tap_tiktok_ads.api import errors

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Transient HTTP statuses below 500: request timeout, too early.
TRANSIENT_STATUSES = frozenset({408, 425})
#: Next step after a status that may pass.
TRY_LATER = "Try again later."
#: TikTok's return code for too many requests.
THROTTLED_CODE = 40100
_ADVICE = {
    requests.codes.forbidden: (
        "a proxy or firewall may block the request. Check api_url and the proxy (HTTPS_PROXY)."
    ),
    requests.codes.not_found: (
        "there is no such path. Check api_url, and 'url' of a custom stream. Otherwise look for a "
        "newer version of the tap."
    ),
    requests.codes.proxy_authentication_required: (
        "the proxy requires a login. Add user and password to the URL in HTTPS_PROXY."
    ),
}
_OTHER_ADVICE = (
    "expected HTTP 200. The response may come from a proxy: check api_url and HTTPS_PROXY."
)
_SECONDS = re.compile(r"\d{1,5}", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response of any HTTP status.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        body: The body, or the first block of a text that was written to a file.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_transient(status: int) -> bool:
    """Return True if an HTTP status says that a retry may succeed."""
    return status >= requests.codes.internal_server_error or status in TRANSIENT_STATUSES


def check_status(response: HttpResponse, label: str) -> None:
    """Return if the HTTP status is 200.

    Args:
        response: The HTTP response.
        label: Endpoint and advertiser, for the message.

    Raises:
        ThrottledError: HTTP 429, with the seconds of `Retry-After`.
        TransientError: HTTP 5xx, 408 or 425.
        ResponseError: Any other status, including redirects.
    """
    status = response.status
    if status == requests.codes.ok:
        return
    msg = f"HTTP {status} from {label}: {_advice(status)}"
    if status == requests.codes.too_many_requests:
        wait = _SECONDS.fullmatch(response.headers.get("Retry-After", ""))
        raise errors.ThrottledError(msg, float(wait[0]) if wait else None)
    if is_transient(status):
        timed_out = status == requests.codes.gateway_timeout
        raise errors.TransientError(msg, timed_out=timed_out, advice=TRY_LATER)
    raise errors.ResponseError(msg)


def _advice(status: int) -> str:
    """Return the probable cause of an HTTP status, and what to do next."""
    if status == requests.codes.too_many_requests:
        return f"too many requests. {errors.rule(THROTTLED_CODE).advice}"
    if is_transient(status):
        return f"TikTok or a proxy had a problem. {TRY_LATER}"
    if status in range(300, 400):
        return (
            "a redirect is not followed, because it would carry the token to another URL. Check "
            "api_url."
        )
    return _ADVICE.get(status, _OTHER_ADVICE)


def root_cause(error: BaseException) -> str:
    """Return the name and reason of the innermost error.

    The outer errors of requests quote the URL, which may contain secrets.
    """
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            return f"{type(error).__name__}: {getattr(error, 'strerror', None) or ''}".rstrip(": ")
        error = inner
