"""Faults on demand: kinds of faults, and the requests that they affect."""

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

RATE_LIMIT_MESSAGE = "Too many requests. Please retry in some time."


class Target(Protocol):
    """The server that faults act on."""

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the server runs."""

    def revoke_token(self) -> None:
        """Reject the access token from now on."""

    def revoke_advertiser(self, advertiser_id: str) -> None:
        """Withdraw the grant of an advertiser."""


@dataclass
class Page:
    """A page of a list that faults change."""

    data: Data
    member: str
    records: list[Any]
    previous: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        effect: What a client sees.
        arguments: How the arguments of the kind are read from text.
        before: Acts before the endpoint responds, or raises another response.
        alter: Changes the data of a page.
        breaks: True if the fault breaks the connection while the response is sent.
    """

    effect: str
    arguments: dict[str, Callable[[str], Any]] = field(default_factory=dict)
    before: Callable[[Target, Details, str | None], None] | None = None
    alter: Callable[[Page, Details], None] | None = None
    breaks: bool = False


def _code(_target: Target, details: Details, _advertiser_id: str | None) -> None:
    raise ApiError(details.get("code", 50000), details.get("message", "System error."))


def _rate_limit(_target: Target, _details: Details, _advertiser_id: str | None) -> None:
    raise ApiError(RATE_LIMITED, RATE_LIMIT_MESSAGE)


def _http(_target: Target, details: Details, _advertiser_id: str | None) -> None:
    response = html_page(details.get("status", 500))
    if "retry_after" in details:
        response.headers["Retry-After"] = str(details["retry_after"])
    raise NoEnvelope(response)


def _not_json(_target: Target, _details: Details, _advertiser_id: str | None) -> None:
    raise NoEnvelope(html_page(200))


def _reset(_target: Target, _details: Details, _advertiser_id: str | None) -> None:
    raise NoEnvelope(Response(0, None, b"", broken_by="reset"))


def _hang(_target: Target, details: Details, _advertiser_id: str | None) -> None:
    raise NoEnvelope(Response(0, None, b"", broken_by="hang", seconds=details.get("seconds")))


def _delay(target: Target, details: Details, _advertiser_id: str | None) -> None:
    target.pause(details.get("seconds", 1))


def _revoke_token(target: Target, _details: Details, _advertiser_id: str | None) -> None:
    target.revoke_token()


def _revoke_advertiser(target: Target, details: Details, advertiser_id: str | None) -> None:
    revoked = details.get("advertiser", advertiser_id)
    if revoked is not None:
        target.revoke_advertiser(revoked)


def _empty_page(page: Page, _details: Details) -> None:
    page.data[page.member] = []


def _drop_row(page: Page, _details: Details) -> None:
    middle = len(page.records) // 2
    page.data[page.member] = page.records[:middle] + page.records[middle + 1 :]


def _repeat_row(page: Page, _details: Details) -> None:
    middle = len(page.records) // 2
    page.data[page.member] = page.records[: middle + 1] + page.records[middle:]


def _shift(page: Page, _details: Details) -> None:
    page.data[page.member] = list(page.previous()[page.member])[-1:] + page.records[:-1]


def _shape(page: Page, _details: Details) -> None:
    page.data[page.member] = {"rows": page.records}


def _no_page_info(page: Page, _details: Details) -> None:
    page.data.pop("page_info", None)


def _total(page: Page, details: Details) -> None:
    if "page_info" in page.data:
        info = page.data["page_info"]
        total = max(0, info["total_number"] + details.get("by", 1))
        pages = -(-total // info["page_size"])
        page.data["page_info"] = {**info, "total_number": total, "total_page": pages}


def _status(text: str) -> int:
    return HTTPStatus(int(text)).value


_SECONDS: dict[str, Callable[[str], Any]] = {"seconds": float}

KINDS: dict[str, Kind] = {
    "code": Kind("A return code other than 0.", {"code": int, "message": str}, before=_code),
    "rate_limit": Kind("Return code 40100.", before=_rate_limit),
    "http": Kind("An HTTP error.", {"status": _status, "retry_after": int}, before=_http),
    "reset": Kind("A connection reset instead of a response.", before=_reset),
    "truncate": Kind("A connection that closes in the middle of the body.", breaks=True),
    "delay": Kind("A late response.", _SECONDS, before=_delay),
    "hang": Kind("No response.", _SECONDS, before=_hang),
    "empty_page": Kind("A page without records.", alter=_empty_page),
    "drop_row": Kind("A page that lacks a record.", alter=_drop_row),
    "repeat_row": Kind("A page with a record twice.", alter=_repeat_row),
    "shift": Kind("A page shifted by an object that was created meanwhile.", alter=_shift),
    "total": Kind("A wrong total_number.", {"by": int}, alter=_total),
    "shape": Kind("An object in place of the list of records.", alter=_shape),
    "drip": Kind("A body that arrives 16 bytes at a time.", _SECONDS, breaks=True),
    "no_page_info": Kind("A page without page_info.", alter=_no_page_info),
    "not_json": Kind("HTTP 200 with an HTML page.", before=_not_json),
    "revoke_token": Kind("Return code 40105 from now on.", before=_revoke_token),
    "revoke_advertiser": Kind(
        "Return code 40001 for an advertiser from now on.",
        {"advertiser": str},
        before=_revoke_advertiser,
    ),
}
"""Every kind of fault with its arguments and its effect."""

_REQUEST_ARGUMENTS: dict[str, Callable[[str], Any]] = {
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
        containing: Text in one of the parameters of the affected requests.
        after: Number of matching requests that pass first.
        times: Number of affected requests. None sets no limit.
        probability: Probability for each matching request, drawn from the seed.
        details: Arguments of the kind, such as code, status or seconds.
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
    seen: int = 0
    done: int = 0

    def matches(self, path: str, advertiser_id: str | None, sent: Mapping[str, Any]) -> bool:
        """Return True if the fault may affect a request."""
        return (
            self.path in (None, path)
            and self.advertiser_id in (None, advertiser_id)
            and (self.page is None or str(self.page) == str(sent.get("page", 1)))
            and (not self.containing or any(self.containing in str(text) for text in sent.values()))
        )

    def before(self, target: Target, advertiser_id: str | None) -> None:
        """Act before the endpoint responds."""
        if (act := KINDS[self.kind].before) is not None:
            act(target, self.details, advertiser_id)

    def alter(self, data: Data, previous: Callable[[], Mapping[str, Any]]) -> Data:
        """Return the data of a page as the fault changes it.

        Args:
            data: Data of the page.
            previous: Returns the data of the previous page.
        """
        change = KINDS[self.kind].alter
        member = next((name for name, value in data.items() if isinstance(value, list)), None)
        if change is None or member is None:
            return data
        page = Page(dict(data), member, data[member], previous)
        change(page, self.details)
        return page.data

    def break_response(self, response: Response) -> None:
        """Mark a response whose connection the fault breaks."""
        if KINDS[self.kind].breaks:
            response.broken_by = self.kind
            response.seconds = self.details.get("seconds", 0.1)


class Faults:
    """The armed faults of a simulator. Safe to use from several threads."""

    def __init__(self, seed: int) -> None:
        """Start without faults."""
        self._seed = seed
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Arm a fault.

        Raises:
            ValueError: The kind is not in `KINDS`.
        """
        if fault.kind not in KINDS:
            raise ValueError(unknown_name("fault", fault.kind, KINDS))
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, advertiser_id: str | None, sent: Mapping[str, Any]) -> list[Fault]:
        """Return the faults that affect a request, in the order in which they were armed."""
        taken = []
        with self._lock:
            for number, fault in enumerate(self._faults):
                if not fault.matches(path, advertiser_id, sent):
                    continue
                fault.seen += 1
                if fault.seen <= fault.after:
                    continue
                if fault.times is not None and fault.done >= fault.times:
                    continue
                if mix(self._seed, number, fault.seen) % 10_000 >= fault.probability * 10_000:
                    continue
                fault.done += 1
                taken.append(fault)
        return taken


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Return the kind and the arguments of a fault written as `KIND[:name=value,...]`.

    Raises:
        ValueError: A kind, name or value is wrong. The message names it.
    """
    kind, _, arguments_text = text.partition(":")
    if kind not in KINDS:
        raise ValueError(unknown_name("fault", kind, KINDS))
    readers = _REQUEST_ARGUMENTS | KINDS[kind].arguments
    arguments = {}
    for argument in re.split(r",(?=\w+=)", arguments_text) if arguments_text else ():
        name, _, value = argument.partition("=")
        if name not in readers:
            raise ValueError(unknown_name(f"argument of the fault {kind!r}:", name, readers))
        try:
            arguments[name] = readers[name](value)
        except ValueError:
            msg = f"{value!r} is no {name} of a fault."
            raise ValueError(msg) from None
    return kind, arguments
