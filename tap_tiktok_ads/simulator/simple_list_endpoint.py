"""The declaration of a simple list endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .spec.errors import reject
from .spec.params import REQUIRED_ID, Endpoint, Param, pages

if TYPE_CHECKING:
    from .records.values import Record

Params: TypeAlias = Mapping[str, Any]
Objects: TypeAlias = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True)
class SimpleListEndpoint:
    """A list endpoint: its parameters, objects, records and filters.

    Dotted paths name parameters and record fields, such as "filtering.keyword".

    Attributes:
        path: Path below the version.
        objects: Returns the objects of an owner.
        record: Returns the record of an object, given the object and its owner.
        stream: Stream of the tap that reads the endpoint. `World.expected` counts its records.
        counted: Field values of the records that the stream reads. Empty if it reads all records.
        owner: Parameter with the ID of the owner. Empty if the owner is the world.
        params: Parameters other than the owner and the page.
        max_page_size: Maximum of `page_size`. None if the endpoint has no pages.
        default_page_size: Page size of a request without `page_size`.
        member: Member of `data` that holds the records.
        method: HTTP method.
        filters: Record field by parameter. The parameter is a value or a list of values.
        text_filters: Record field by parameter. The field contains the text of the parameter.
        selects: Returns True if the parameters select an object of an owner.
        sort: Returns the objects of an owner in the order that the parameters request.
        check: Rejects invalid combinations of parameters.
        date_of: Returns the time of an object, compared with `start_date` and `end_date`.
        parts: Record field with an array whose items the stream reads. Empty for the records.
        is_common: True if all owners list the same objects, so that the stream reads one owner.
    """

    path: str
    objects: Objects
    record: Callable[[Any, Any], Record]
    stream: str = ""
    counted: Params = field(default_factory=dict)
    owner: str = "advertiser_id"
    params: Mapping[str, Param] = field(default_factory=dict)
    max_page_size: int | None = None
    default_page_size: int = 10
    member: str = "list"
    method: str = "GET"
    filters: Mapping[str, str] = field(default_factory=dict)
    text_filters: Mapping[str, str] = field(default_factory=dict)
    selects: Callable[[Any, Any, Params], bool] | None = None
    sort: Callable[[Sequence[Any], Any, Params], Sequence[Any]] | None = None
    check: Callable[[Params], None] | None = None
    date_of: Callable[[Any], str] | None = None
    parts: str = ""
    is_common: bool = False

    @property
    def definition(self) -> Endpoint:
        """The method and the parameters of the endpoint, including owner and page."""
        params = {self.owner: REQUIRED_ID} if self.owner else {}
        params |= self.params
        if self.max_page_size is not None:
            params |= pages(self.max_page_size, self.default_page_size)
        return Endpoint(params, method=self.method)

    def check_params(self, params: Params) -> None:
        """Reject invalid combinations of parameters."""
        start, end = self._dates(params)
        if start and end and start > end:
            reject("start_date: Must not be after end_date.")
        if self.check is not None:
            self.check(params)

    def _dates(self, params: Params) -> tuple[str, str]:
        """Return the first and the last date of a request. An empty date sets no limit."""
        dates = params if "start_date" in params else params.get("filtering", {})
        if self.date_of is None:
            return "", ""
        return dates.get("start_date") or "", dates.get("end_date") or ""

    def select(self, owner: Any, params: Params) -> list[Any]:
        """Return the objects of an owner that the parameters select, in the requested order."""
        objects = self.objects(owner)
        if self.sort is not None:
            objects = self.sort(objects, owner, params)
        if self.selects is not None:
            objects = [entry for entry in objects if self.selects(entry, owner, params)]
        if self.date_of is not None:
            objects = self._select_dates(objects, self.date_of, params)
        return self._select_records(objects, owner, params)

    def _select_dates(
        self, objects: Sequence[Any], date_of: Callable[[Any], str], params: Params
    ) -> list[Any]:
        """Return the objects between the first and the last date of a request."""
        start, end = self._dates(params)
        last = end or "9999"
        return [entry for entry in objects if start <= date_of(entry)[:10] <= last]

    def _select_records(self, objects: Sequence[Any], owner: Any, params: Params) -> list[Any]:
        """Return the objects whose records match the filters."""
        # records are slow to build, and a request without filters does not need them
        if not any(_member(params, name) for name in (*self.filters, *self.text_filters)):
            return list(objects)
        return [entry for entry in objects if self._matches(self.record(entry, owner), params)]

    def _matches(self, record: Record, params: Params) -> bool:
        """Return True if a record matches all filters."""
        for name, path in self.filters.items():
            accepted, value = _member(params, name), _member(record, path)
            if accepted and (
                value not in accepted if isinstance(accepted, list) else value != accepted
            ):
                return False
        return all(
            (_member(params, name) or "") in _member(record, path)
            for name, path in self.text_filters.items()
        )

    def count(self, owner: Any, within: Callable[[str], bool]) -> int:
        """Return the number of objects that the stream reads from an owner.

        Args:
            owner: Owner of the objects.
            within: Returns True if the stream reads objects with that time.
        """
        objects = self.objects(owner)
        if self.date_of is not None:
            objects = [entry for entry in objects if within(self.date_of(entry))]
        if self.parts:
            return sum(len(self.record(entry, owner)[self.parts]) for entry in objects)
        if self.counted:
            records = (self.record(entry, owner) for entry in objects)
            return sum(self.counted.items() <= record.items() for record in records)
        return len(objects)


def _member(values: Params, path: str) -> Any:
    """Return the value at a dotted path, or None if a member is missing or empty."""
    for name in path.split("."):
        values = values.get(name, {})
    return values or None


def generated(kind: str, count: int | None = None) -> Objects:
    """Return a function that returns the existing objects of a kind for an account.

    Args:
        kind: Name of the kind.
        count: Number of objects. The default is the option with the name of the kind.
    """
    return lambda account: account.existing_assets(kind, count)
