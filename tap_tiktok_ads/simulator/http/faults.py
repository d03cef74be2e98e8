"""Faults on demand: what goes wrong, for which requests, how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.options import unknown
from tap_tiktok_ads.simulator.pseudorandom import mix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _status(text: str) -> int:
    return HTTPStatus(int(text)).value


KINDS: dict[str, dict[str, Callable[[str], Any]]] = {
    "code": {"code": int, "message": str},
    "rate_limit": {},
    "http": {"status": _status, "retry_after": int},
    "reset": {},
    "truncate": {},
    "delay": {"seconds": float},
    "hang": {"seconds": float},
    "empty_page": {},
    "drop_row": {},
    "repeat_row": {},
    "shift": {},
    "total": {"by": int},
    "shape": {},
    "drip": {"seconds": float},
    "no_page_info": {},
    "not_json": {},
    "revoke_token": {},
    "revoke_advertiser": {"advertiser": str},
}
"""The kinds of faults, with the details of each and how they are read from text."""

_REQUESTS: dict[str, Callable[[str], Any]] = {
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
    """One fault and the requests it is for.

    Attributes:
        kind: One of `KINDS`.
        path: Endpoint path below the version, such as "/ad/get/"; any if None.
        advertiser_id: Only requests for this advertiser.
        page: Only this page.
        containing: Only requests with this text in one of their parameters.
        after: Matching requests that pass first.
        times: How often it happens; None for ever.
        probability: Chance per matching request, from the seed.
        details: What the kind needs, such as code, status or seconds.
    """

    kind: str
    path: str | None = None
    advertiser_id: str | None = None
    page: int | None = None
    containing: str = ""
    after: int = 0
    times: int | None = 1
    probability: float = 1.0
    details: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    done: int = 0

    def matches(self, path: str, advertiser_id: str | None, sent: Mapping[str, Any]) -> bool:
        """Return whether a request is one the fault is for."""
        return (
            self.path in (None, path)
            and self.advertiser_id in (None, advertiser_id)
            and (self.page is None or str(self.page) == str(sent.get("page", 1)))
            and (not self.containing or any(self.containing in str(v) for v in sent.values()))
        )


class Faults:
    """The faults of a simulator; safe to use from several threads."""

    def __init__(self, seed: int) -> None:
        """Start without faults."""
        self._seed = seed
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Arm a fault.

        Raises:
            ValueError: Its kind is none of `KINDS`.
        """
        if fault.kind not in KINDS:
            raise ValueError(unknown("fault", fault.kind, KINDS))
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, advertiser_id: str | None, sent: Mapping[str, Any]) -> list[Fault]:
        """Return the faults that happen to a request, in the order they were added."""
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
        ValueError: A kind, name or value is wrong; the text says which.
    """
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise ValueError(unknown("fault", kind, KINDS))
    readers = _REQUESTS | KINDS[kind]
    arguments = {}
    for part in re.split(r",(?=\w+=)", rest) if rest else ():
        name, _, value = part.partition("=")
        if name not in readers:
            raise ValueError(unknown(f"argument of the fault {kind!r}:", name, readers))
        try:
            arguments[name] = readers[name](value)
        except ValueError:
            msg = f"{value!r} is no {name} of a fault."
            raise ValueError(msg) from None
    return kind, arguments


def alter(
    fault: Fault, data: dict[str, Any], before: Callable[[], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the data of an answer as a fault in its page leaves it.

    Args:
        fault: What happens.
        data: Those of the page.
        before: Reads those of the page before it.
    """
    kind = fault.kind
    name = next((key for key, value in data.items() if isinstance(value, list)), None)
    rows = data[name] if name is not None else []
    middle = len(rows) // 2
    changed = dict(data)
    if kind == "no_page_info":
        changed.pop("page_info", None)
    if kind == "total" and "page_info" in data:
        info = data["page_info"]
        total = max(0, info["total_number"] + fault.details.get("by", 1))
        pages = -(-total // info["page_size"])
        changed["page_info"] = {**info, "total_number": total, "total_page": pages}
    if name is None:
        return changed
    if kind == "empty_page":
        changed[name] = []
    elif kind == "drop_row":
        changed[name] = rows[:middle] + rows[middle + 1 :]
    elif kind == "repeat_row":
        changed[name] = rows[: middle + 1] + rows[middle:]
    elif kind == "shift":  # as if an object had come to the front since the page before was read
        changed[name] = list(before()[name])[-1:] + rows[:-1]
    elif kind == "shape":
        changed[name] = {"rows": rows}
    return changed
