"""Requests that users define in `custom_streams`, before their macros are resolved."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from tap_tiktok_ads.config.endpoint_paths import parse_path
from tap_tiktok_ads.config.entries import TEXT_SCHEMA

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Headers that the tap or the HTTP library sets itself.
RESERVED_HEADERS = frozenset(
    {
        *("access-token", "accept", "accept-encoding", "connection", "content-encoding"),
        *("content-length", "content-type", "expect", "host", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
#: Headers that turn a request that reads into another one, where a server heeds them.
OVERRIDE_HEADERS = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
#: Keys of a request, each with its schema.
REQUEST_PROPERTIES: dict[str, t.Any] = {
    "method": {"enum": ["GET", "POST"]},
    "url": TEXT_SCHEMA,
    "params": {"type": "object"},
    "body": {"type": "object"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}},
}
#: Keys of a request whose strings may hold macros.
REQUEST_KEYS = ("url", "params", "body", "headers")
HEADER_NAME = re.compile(r"[\w-]+", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request whose strings may hold macros."""

    method: str
    path: str
    params: Mapping[str, t.Any]
    body: Mapping[str, t.Any] | None
    headers: Mapping[str, str]


def parse_template(entry: Mapping[str, t.Any], api_url: str) -> RequestTemplate:
    """Return the request in an entry.

    Args:
        entry: The keys of the request.
        api_url: The setting `api_url`, whose host a full URL may name.

    Raises:
        ValueError: The endpoint does not read, or the body or a header cannot be sent.
    """
    method = entry.get("method", "GET")
    path = parse_path(entry["url"], method, api_url)
    _check_message(entry, method)
    return RequestTemplate(
        method=method,
        path=path,
        params=entry.get("params", {}),
        body=entry.get("body", {}) if method == "POST" else None,
        headers=entry.get("headers", {}),
    )


def _check_message(entry: Mapping[str, t.Any], method: str) -> None:
    """Raise `ValueError` if the body or a header of an entry cannot be sent."""
    if method == "GET" and entry.get("body") is not None:
        msg = "a GET request has no body. Move 'body' to 'params', or set method to POST"
        raise ValueError(msg)
    for name in entry.get("headers", {}):
        normalized = name.lower().replace("_", "-")  # some servers take one for the other
        if normalized in RESERVED_HEADERS or normalized.startswith("proxy-"):
            msg = f"the tap sets header {name!r} itself. Remove it from 'headers'"
            raise ValueError(msg)
        if normalized in OVERRIDE_HEADERS:
            msg = f"header {name!r} changes the method of the request. Set 'method' instead"
            raise ValueError(msg)
        if not HEADER_NAME.fullmatch(name):
            msg = f"header {name!r} must consist of letters, digits, '_' and '-'"
            raise ValueError(msg)
