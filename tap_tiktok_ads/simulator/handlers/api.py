"""What all endpoints share: their account, pages, and what is remembered between requests."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tap_tiktok_ads.simulator.spec.errors import no_permission, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.world.world import World

    from .report_tasks import Task

AUTH_CODE = "simulator-auth-code"
REMEMBERED = 32

Params: TypeAlias = dict[str, Any]
T = TypeVar("T")


@dataclass
class Answer:
    """The `data` of an envelope, which is text for a report as CSV, and response headers if any."""

    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """What the endpoints share: one world, what is remembered, codes that can be spent once."""

    def __init__(self, world: World, site: Callable[[], str] = lambda: "") -> None:
        """Keep the world, and `site`, which says where files are served."""
        self.world = world
        self.site = site
        self.tasks: dict[str, Task] = {}
        self.numbers = count()
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._auth_codes = {AUTH_CODE}
        self._lock = threading.Lock()

    def account(self, params: Params) -> Account:
        """Return the account of `advertiser_id` if the token may read it."""
        name = params["advertiser_id"]
        if not self.world.granted(name):
            raise no_permission(name)
        return self.world.accounts[name]

    def spend(self, auth_code: str) -> bool:
        """Use an authorization code up; return whether it was valid."""
        with self._lock:
            valid = auth_code in self._auth_codes
            self._auth_codes.discard(auth_code)
        return valid

    def remembered(self, key: Any, make: Callable[[], T]) -> T:
        """Return what was made for a key in this state of the world."""
        key = (self.world.version, key)
        with self._lock:
            found: T | None = self._kept.pop(key, None)
            if found is None:
                found = make()
            self._kept[key] = found
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return found


def info(params: Params, total: int) -> dict[str, int]:
    """Return the `page_info` of a page."""
    size = params["page_size"]
    return {
        "page": params["page"],
        "page_size": size,
        "total_number": total,
        "total_page": -(-total // size),
    }


def bounds(params: Params) -> slice:
    """Return which items the page holds."""
    start = (params["page"] - 1) * params["page_size"]
    return slice(start, start + params["page_size"])


def page_of(
    params: Params, items: Sequence[T], record: Callable[[T], Any], name: str = "list"
) -> Answer:
    """Return one page of items as records."""
    rows = [record(item) for item in items[bounds(params)]]
    return Answer({name: rows, "page_info": info(params, len(items))})


def check_fields(fields: Iterable[str], *known: Iterable[str]) -> None:
    """Refuse names of fields that no object has."""
    names = {name for names in known for name in names}
    for name in fields:
        if name not in names:
            refuse(f"fields: Invalid field {name!r}.")


def day_count(start_date: str, end_date: str) -> int:
    """Return the days from one date to another, both included."""
    if start_date > end_date:
        refuse("start_date: Must not be after end_date.")
    return (date.fromisoformat(end_date) - date.fromisoformat(start_date)).days + 1


Handler: TypeAlias = Callable[[Api, Params], Answer]
"""What answers the checked parameters of a request."""
