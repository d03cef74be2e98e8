"""Fault injection: the kinds of faults, and the requests that they affect."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from tap_tiktok_ads.simulator.options import unknown_name
from tap_tiktok_ads.simulator.pseudorandom import mix
from tap_tiktok_ads.simulator.spec.errors import RATE_LIMITED, ApiError

from .messages import NoEnvelope, Response, html_page

Details: TypeAlias = Mapping[str, Any]
Data: TypeAlias = dict[str, Any]

BLOCKED_COUNTRY, BLOCKED_COUNTRY_MESSAGE = -1, "Client IP address is in banned Country list."
RATE_LIMIT_MESSAGE = "Too many requests. Please retry in some time."


class Target(Protocol):
    """The state of the server that faults change."""

    def pause(self, seconds: float) -> None:
        """Wait, at most until the server stops."""

    def revoke_token(self) -> None:
        """Reject the access token from now on."""

    def revoke_advertiser(self, advertiser_id: str) -> None:
        """Withdraw the grant of an advertiser."""


@dataclass
class Page:
    """A page of a list, as faults receive it.

    Attributes:
        data: Data of the response.
        member: Member of `data` that holds the records.
        previous: Returns the data of the previous page.
    """

    data: Data
    member: str
    previous: Callable[[], Mapping[str, Any]]

    @property
    def records(self) -> list[Any]:
        """The records of the page."""
        records: list[Any] = self.data[self.member]
        return records

    @property
    def middle(self) -> int:
        """Position of the record in the middle."""
        return len(self.records) // 2


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault.

    Attributes:
        effect: Effect that a client sees.
        arguments: Arguments of the kind. Each value parses the argument's text.
        error: Returns the error that replaces the response.
        act: Changes the state of the server before it responds.
        records: Returns the value that replaces the records of a page.
        page_info: Returns the value that replaces `page_info`. None removes `page_info`.
        breaks: True if the connection breaks, or slows down, while the response is sent.
        headers: Returns additional response headers.
    """

    effect: str
    arguments: dict[str, Callable[[str], Any]] = field(default_factory=dict)
    error: Callable[[Details], Exception] | None = None
    act: Callable[[Target, Details, str | None], None] | None = None
    records: Callable[[Page], Any] | None = None
    page_info: Callable[[Data, Details], Data | None] | None = None
    breaks: bool = False
    headers: Callable[[Details], dict[str, str]] | None = None


def _http_error(details: Details) -> NoEnvelope:
    response = html_page(details.get("status", 500))
    if "retry_after" in details:
        response.headers["Retry-After"] = str(details["retry_after"])
    return NoEnvelope(response)


def _no_response(kind: str, seconds: float | None = None) -> NoEnvelope:
    return NoEnvelope(Response(0, None, b"", broken_by=kind, seconds=seconds))


def _revoke_advertiser(target: Target, details: Details, advertiser_id: str | None) -> None:
    revoked = details.get("advertiser", advertiser_id)
    if revoked is not None:
        target.revoke_advertiser(revoked)


def _wrong_total(info: Data, details: Details) -> Data:
    total = max(0, info["total_number"] + details.get("by", 1))
    return {**info, "total_number": total, "total_page": -(-total // info["page_size"])}


def _status(text: str) -> int:
    return HTTPStatus(int(text)).value


KINDS: dict[str, FaultKind] = {
    "code": FaultKind(
        "A return code other than 0.",
        {"code": int, "message": str},
        error=lambda details: ApiError(
            details.get("code", 50000), details.get("message", "System error.")
        ),
    ),
    "rate_limit": FaultKind(
        "Return code 40100.", error=lambda _: ApiError(RATE_LIMITED, RATE_LIMIT_MESSAGE)
    ),
    "blocked_country": FaultKind(
        "Return code -1, for an IP address of a blocked country.",
        error=lambda _: ApiError(BLOCKED_COUNTRY, BLOCKED_COUNTRY_MESSAGE),
    ),
    "http": FaultKind("An HTTP error.", {"status": _status, "retry_after": int}, error=_http_error),
    "reset": FaultKind("A connection reset, no response.", error=lambda _: _no_response("reset")),
    "truncate": FaultKind("A connection that closes in the middle of the body.", breaks=True),
    "delay": FaultKind(
        "A late response.",
        {"seconds": float},
        act=lambda target, details, _: target.pause(details.get("seconds", 1)),
    ),
    "hang": FaultKind(
        "No response.",
        {"seconds": float},
        error=lambda details: _no_response("hang", details.get("seconds")),
    ),
    "empty_page": FaultKind("A page without records.", records=lambda _: []),
    "no_records": FaultKind(
        "A list without records: the page is empty, and the total is 0.",
        records=lambda _: [],
        page_info=lambda info, _: {**info, "total_number": 0, "total_page": 0},
    ),
    "drop_row": FaultKind(
        "A page that lacks a record.",
        records=lambda page: page.records[: page.middle] + page.records[page.middle + 1 :],
    ),
    "repeat_row": FaultKind(
        "A page with a record twice.",
        records=lambda page: page.records[: page.middle + 1] + page.records[page.middle :],
    ),
    "shift": FaultKind(
        "A page that starts with the last record of the previous page.",
        records=lambda page: [*page.previous()[page.member][-1:], *page.records[:-1]],
    ),
    "total": FaultKind("A wrong total_number.", {"by": int}, page_info=_wrong_total),
    "shape": FaultKind(
        "An object in place of the list.", records=lambda page: {"rows": page.records}
    ),
    "drip": FaultKind("A body that arrives in small pieces.", {"seconds": float}, breaks=True),
    "no_page_info": FaultKind("A page without page_info.", page_info=lambda _info, _details: None),
    "not_json": FaultKind(
        "HTTP 200 with an HTML page.", error=lambda _: NoEnvelope(html_page(200))
    ),
    "deprecation": FaultKind(
        "A response with the header X-Api-Deprecation-Info.",
        {"message": str},
        headers=lambda details: {
            "X-Api-Deprecation-Info": details.get("message", "This version will be retired.")
        },
    ),
    "revoke_token": FaultKind(
        "Return code 40105 from now on.", act=lambda target, *_: target.revoke_token()
    ),
    "revoke_advertiser": FaultKind(
        "Return code 40001 for an advertiser from now on.",
        {"advertiser": str},
        act=_revoke_advertiser,
    ),
}
"""Every kind of fault with its arguments and its effect."""

#: Arguments that every kind has. They select the affected requests. Each value parses the text.
REQUEST_ARGUMENTS: dict[str, Callable[[str], Any]] = {
    "path": str,
    "advertiser_id": str,
    "page": int,
    "containing": str,
    "after": int,
    "times": lambda text: None if text == "null" else int(text),
    "probability": float,
}


@dataclass
class Fault:
    """A fault and the requests that it affects.

    Attributes:
        kind: Name of a kind in `KINDS`.
        path: Endpoint path below the version, such as "/ad/get/". None affects any path.
        advertiser_id: Advertiser of the affected requests.
        page: Page of the affected requests.
        containing: Text that a parameter of the affected requests contains.
        after: Number of matching requests that the fault leaves unaffected first.
        times: Maximum number of affected requests. None sets no limit.
        probability: Probability that a matching request is affected. It depends on the seed only.
        details: Arguments of the kind, such as code, status or seconds.
        matched_count: Number of requests so far that matched.
        affected_count: Number of requests so far that were affected.
    """

    kind: str
    path: str | None = None
    advertiser_id: str | None = None
    page: int | None = None
    containing: str = ""
    after: int = 0
    times: int | None = 1
    probability: float = 1.0
    details: Details = field(default_factory=dict)
    matched_count: int = 0
    affected_count: int = 0

    def matches(self, path: str, advertiser_id: str | None, params: Mapping[str, Any]) -> bool:
        """Return True if path, advertiser, page and parameters of a request match the fault."""
        return (
            self.path in (None, path)
            and self.advertiser_id in (None, advertiser_id)
            and (self.page is None or str(self.page) == str(params.get("page", 1)))
            and (
                not self.containing or any(self.containing in str(text) for text in params.values())
            )
        )

    def act(self, target: Target, advertiser_id: str | None) -> None:
        """Change the state of the server. Raise the error that replaces the response, if any."""
        kind = KINDS[self.kind]
        if kind.act is not None:
            kind.act(target, self.details, advertiser_id)
        if kind.error is not None:
            raise kind.error(self.details)

    def alter_data(self, data: Data, previous: Callable[[], Mapping[str, Any]]) -> Data:
        """Return the data of a page with the changes of the fault.

        Args:
            data: Data of the page.
            previous: Returns the data of the previous page.
        """
        kind = KINDS[self.kind]
        member = next((name for name, value in data.items() if isinstance(value, list)), None)
        if kind.records is not None and member is not None:
            data = {**data, member: kind.records(Page(data, member, previous))}
        if kind.page_info is not None and "page_info" in data:
            data = {**data, "page_info": kind.page_info(data["page_info"], self.details)}
        return {name: value for name, value in data.items() if value is not None}

    def alter_response(self, response: Response) -> None:
        """Add the headers of the fault to a response, and set how its connection breaks."""
        kind = KINDS[self.kind]
        if kind.headers is not None:
            response.headers.update(kind.headers(self.details))
        if kind.breaks:
            response.broken_by = self.kind
            response.seconds = self.details.get("seconds", 0.1)


class Faults:
    """The active faults of a simulator. Safe to use from several threads."""

    def __init__(self, seed: int) -> None:
        """Start without faults."""
        self._seed = seed
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add a fault.

        Raises:
            ValueError: The kind is not in `KINDS`.
        """
        if fault.kind not in KINDS:
            raise ValueError(unknown_name("fault", fault.kind, KINDS))
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, advertiser_id: str | None, params: Mapping[str, Any]) -> list[Fault]:
        """Return the faults that affect a request, in the order of their addition.

        The request counts towards `after` and `times` of each matching fault.
        """
        taken = []
        with self._lock:
            for number, fault in enumerate(self._faults):
                if not fault.matches(path, advertiser_id, params):
                    continue
                fault.matched_count += 1
                if fault.matched_count <= fault.after:
                    continue
                if fault.times is not None and fault.affected_count >= fault.times:
                    continue
                if (
                    mix(self._seed, number, fault.matched_count) % 10_000
                    >= fault.probability * 10_000
                ):
                    continue
                fault.affected_count += 1
                taken.append(fault)
        return taken


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Return the kind and the arguments of a fault written as `KIND[:name=value,...]`.

    Raises:
        ValueError: The kind, or the name or value of an argument, is invalid.
    """
    kind, _, arguments_text = text.partition(":")
    if kind not in KINDS:
        raise ValueError(unknown_name("fault", kind, KINDS))
    readers = REQUEST_ARGUMENTS | KINDS[kind].arguments
    arguments = {}
    for argument in re.split(r",(?=\w+=)", arguments_text) if arguments_text else ():
        name, _, value = argument.partition("=")
        if name not in readers:
            raise ValueError(unknown_name(f"argument of the fault {kind!r}:", name, readers))
        try:
            arguments[name] = readers[name](value)
        except ValueError:
            msg = f"Fault {kind!r}: the argument {name!r} has the invalid value {value!r}."
            raise ValueError(msg) from None
    return kind, arguments
