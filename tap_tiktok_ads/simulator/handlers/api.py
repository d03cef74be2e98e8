"""The state of the simulated API, and the functions that its handlers share."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tap_tiktok_ads.simulator.accounts.entities import Entity
from tap_tiktok_ads.simulator.spec.errors import (
    PERMISSION_DENIED,
    ApiError,
    permission_denied,
    reject,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter
    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.reports.query import ReportTask
    from tap_tiktok_ads.simulator.world.world import World

AUTH_CODE = "simulator-auth-code"
MAX_CACHED_RESULTS = 32
TASK_PERIOD_SECONDS = 3600

Params: TypeAlias = dict[str, Any]
T = TypeVar("T")
E = TypeVar("E", bound=Entity)


@dataclass
class Payload:
    """The result of a handler.

    Attributes:
        data: Field `data` of the envelope: an object, or the text of a CSV report.
        headers: Additional response headers.
        body: Body of the response without an envelope, or None.
    """

    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class Api:
    """The state of the endpoints: a world, report tasks, cached results and unused auth codes."""

    def __init__(
        self,
        world: World,
        base_url: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start without report tasks, with one unused auth code.

        Args:
            world: The data to serve.
            base_url: Returns the URL of the server, for the URLs of report files.
            clock: Returns the time in seconds.
        """
        self.world = world
        self.base_url = base_url
        self.tasks: dict[str, ReportTask] = {}
        self.file_tasks: dict[str, Any] = {}
        self.task_numbers = count()
        self._clock = clock
        self._task_times: dict[str, deque[float]] = {}  # times of new tasks by advertiser ID
        self._cache: OrderedDict[Any, Any] = OrderedDict()
        self._auth_codes = {AUTH_CODE}
        self._lock = threading.Lock()

    def account(self, params: Params) -> Account:
        """Return the account of `advertiser_id`.

        Raises:
            ApiError: With code 40001, if the token has no access to the advertiser.
        """
        advertiser_id = params["advertiser_id"]
        if not self.world.granted(advertiser_id):
            raise permission_denied(advertiser_id)
        return self.world.accounts[advertiser_id]

    def center(self, params: Params) -> BusinessCenter:
        """Return the Business Center of `bc_id`.

        Raises:
            ApiError: With code 40001, if the token's user is not a member of it.
        """
        center_id = params["bc_id"]
        if center_id not in self.world.centers:
            msg = f"No permission to operate Business Center {center_id}."
            raise ApiError(PERMISSION_DENIED, msg)
        return self.world.centers[center_id]

    def allows_report_task(self, advertiser_id: str, limit: int) -> bool:
        """Count a new report task. Return True if the account is within `limit` tasks per hour."""
        now = self._clock()
        with self._lock:
            times = self._task_times.setdefault(advertiser_id, deque())
            while times and times[0] <= now - TASK_PERIOD_SECONDS:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(now)
        return True

    def redeem(self, auth_code: str) -> bool:
        """Redeem an auth code. Return True if it was valid. A code is valid once."""
        with self._lock:
            valid = auth_code in self._auth_codes
            self._auth_codes.discard(auth_code)
        return valid

    def cached(self, key: Any, make: Callable[[], T]) -> T:
        """Return the cached result of a key, or make it. It is valid until the world changes."""
        key = (self.world.version, key)
        with self._lock:
            result: T | None = self._cache.pop(key, None)
            if result is None:
                result = make()
            self._cache[key] = result
            if len(self._cache) > MAX_CACHED_RESULTS:
                self._cache.popitem(last=False)
        return result


Handler: TypeAlias = Callable[[Api, Params], Payload]
"""Function that returns the payload of a request, given its checked parameters."""


def page_info(params: Params, total: int) -> dict[str, int]:
    """Return the `page_info` of a page."""
    size = params["page_size"]
    return {
        "page": params["page"],
        "page_size": size,
        "total_number": total,
        "total_page": -(-total // size),
    }


def page_bounds(params: Params) -> slice:
    """Return the positions of the records of the requested page."""
    start = (params["page"] - 1) * params["page_size"]
    return slice(start, start + params["page_size"])


def page_of(
    params: Params, objects: Sequence[T], record: Callable[[T], Any], member: str = "list"
) -> Payload:
    """Return the requested page: the records of its objects, and `page_info`."""
    records = [record(entry) for entry in objects[page_bounds(params)]]
    return Payload({member: records, "page_info": page_info(params, len(objects))})


def select_by_id(objects: Iterable[E], params: Params, parameter: str, kind: str) -> list[E]:
    """Return the objects whose IDs a parameter lists, without duplicates.

    Raises:
        ApiError: With code 40002, if an ID is unknown.
    """
    by_id = {entry.id: entry for entry in objects}
    object_ids = dict.fromkeys(params[parameter])
    for object_id in object_ids:
        if object_id not in by_id:
            reject(f"{parameter}: {kind} {object_id} does not exist.")
    return [by_id[object_id] for object_id in object_ids]


def check_fields(fields: Iterable[str], *shapes: Iterable[str]) -> None:
    """Reject fields that no shape contains."""
    allowed = {name for shape in shapes for name in shape}
    for name in fields:
        if name not in allowed:
            reject(f"fields: Invalid field {name!r}.")


def day_count(start_date: str, end_date: str) -> int:
    """Return the number of days in a range of dates, which includes both dates."""
    if start_date > end_date:
        reject("start_date: Must not be after end_date.")
    return (date.fromisoformat(end_date) - date.fromisoformat(start_date)).days + 1
