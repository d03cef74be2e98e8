"""Functions that damage one response, as a faulty server or proxy does."""

from __future__ import annotations

import copy
import gzip
import json
import random
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .server import Damage, Response

#: Value that removes a member from the JSON document.
LEFT_OUT = object()


def _set(target: dict[str, t.Any], name: str, value: t.Any) -> None:
    """Set or remove a member."""
    if value is LEFT_OUT:
        target.pop(name, None)
    else:
        target[name] = copy.deepcopy(value)


def page_info_member(name: str, value: t.Any) -> Damage:
    """Return a damage that sets a member of `page_info`."""

    def damage(response: Response) -> None:
        _set(response.page_info, name, value)

    return damage


def page_info_is(value: t.Any) -> Damage:
    """Return a damage that replaces `page_info`."""

    def damage(response: Response) -> None:
        _set(response.data, "page_info", value)

    return damage


def data_is(value: t.Any) -> Damage:
    """Return a damage that replaces `data`."""

    def damage(response: Response) -> None:
        _set(response.envelope, "data", value)

    return damage


def list_is(value: t.Any) -> Damage:
    """Return a damage that replaces the records of a page."""

    def damage(response: Response) -> None:
        _set(response.data, response.member, value)

    return damage


def code_is(value: t.Any) -> Damage:
    """Return a damage that replaces the return code."""

    def damage(response: Response) -> None:
        _set(response.envelope, "code", value)

    return damage


def body_is(change: Callable[[bytes], bytes]) -> Damage:
    """Return a damage that changes the bytes of the body."""

    def damage(response: Response) -> None:
        response.body = change(response.encode())

    return damage


def both(*damages: Damage) -> Damage:
    """Return a damage that applies several damages."""

    def damage(response: Response) -> None:
        for apply in damages:
            apply(response)

    return damage


# Records of other pages


def page_number(number: Callable[[Response], int]) -> Damage:
    """Return a damage that replaces the records of a page with the records of another page."""

    def damage(response: Response) -> None:
        response.page_records = response.page_at(number(response))

    return damage


def first_page_entirely(response: Response) -> None:
    """Return page 1, including its `page_info`, for every page."""
    response.page_records = response.page_at(1)
    response.page_info["page"] = 1


def all_records(response: Response) -> None:
    """Return all records on every page."""
    response.page_records = response.slice(0, len(response.records))


def overlapping(response: Response) -> None:
    """Start each page after the first with the last record of the previous page."""
    start = (response.page - 1) * response.page_size
    response.page_records = response.slice(start - (response.page > 1), response.page_size)


def overlapping_more(response: Response) -> None:
    """Insert the last record of the previous page into each page after the first."""
    start = (response.page - 1) * response.page_size
    extra = int(response.page > 1)
    response.page_records = response.slice(start - extra, response.page_size + extra)


def skipping(response: Response) -> None:
    """Skip one record at the border of pages 1 and 2."""
    start = (response.page - 1) * response.page_size
    response.page_records = response.slice(start + (response.page > 1), response.page_size)


def longer_page(response: Response) -> None:
    """Return three records of the next page with this page."""
    start = (response.page - 1) * response.page_size
    response.page_records = response.slice(start, response.page_size + 3)


def moved_border(response: Response) -> None:
    """Return the first record of page 3 at the end of page 2 instead."""
    size = response.page_size
    if response.page == 2:
        response.page_records = response.slice(size, size + 1)
    elif response.page > 2:
        start = (response.page - 1) * size
        response.page_records = response.slice(
            start + (response.page == 3), size - (response.page == 3)
        )


def last_page_after_end(response: Response) -> None:
    """Return the last page for every page after the end."""
    if response.page > response.last_page:
        response.page_records = response.page_at(response.last_page)


# Page sizes


def _capped_size(response: Response) -> int:
    """Return the maximum page size of the server: about a third of a page."""
    return min(response.page_size, max(1, len(response.records) * 3 // 20))


def capped(
    *, reports_size: bool = True, reports_pages: bool = True, without: tuple[str, ...] = ()
) -> Damage:
    """Return a damage that serves smaller pages than requested.

    Args:
        reports_size: Report the smaller size as `page_size`.
        reports_pages: Report the number of smaller pages as `total_page`.
        without: Members of `page_info` that are left out.
    """

    def damage(response: Response) -> None:
        size = _capped_size(response)
        response.page_records = response.slice((response.page - 1) * size, size)
        if reports_size:
            response.page_info["page_size"] = size
        if reports_pages:
            response.page_info["total_page"] = -(-len(response.records) // size)
        for name in without:
            _set(response.page_info, name, LEFT_OUT)

    return damage


def cut_list(response: Response) -> None:
    """Return the first 30 % of the records of each page."""
    response.page_records = response.page_records[: _capped_size(response)]


def cut_list_and_size(response: Response) -> None:
    """Return the first 30 % of each page, and report their number as page size."""
    cut_list(response)
    response.page_info["page_size"] = _capped_size(response)


# Records within a page


def without_record(position: int) -> Damage:
    """Return a damage that removes one record of a page."""

    def damage(response: Response) -> None:
        del response.page_records[position]

    return damage


def repeated_instead(response: Response) -> None:
    """Replace the last record of a page with its first record."""
    response.page_records[-1] = copy.deepcopy(response.page_records[0])


def repeated_besides(response: Response) -> None:
    """Repeat the first record at the end of a page."""
    response.page_records.append(copy.deepcopy(response.page_records[0]))


def doubled(response: Response) -> None:
    """Return each record of a page twice."""
    response.page_records = [*response.page_records, *copy.deepcopy(response.page_records)]


def replaced(value: t.Any) -> Damage:
    """Return a damage that replaces the second record of a page with another value."""

    def damage(response: Response) -> None:
        response.page_records[1] = copy.deepcopy(value)

    return damage


def all_replaced(value: t.Any) -> Damage:
    """Return a damage that replaces each record of a page with another value."""

    def damage(response: Response) -> None:
        response.page_records = [copy.deepcopy(value) for _ in response.page_records]

    return damage


def as_lists(response: Response) -> None:
    """Return the records as arrays of their values."""
    response.page_records = [[*record.values()] for record in response.page_records]


def renamed_list(response: Response) -> None:
    """Return the records under another member name."""
    response.data["items"] = response.data.pop(response.member)


def _without_key(response: Response, value: t.Any) -> None:
    record = response.page_records[1]
    dimensions = record.get("dimensions")
    if dimensions is not None:
        _set(dimensions, "campaign_id", value)
        return
    key = next(name for name in ("adgroup_id", "video_id", "campaign_id") if name in record)
    _set(record, key, value)


def key_is(value: t.Any) -> Damage:
    """Return a damage that replaces or removes the key of one record."""

    def damage(response: Response) -> None:
        _without_key(response, value)

    return damage


def other_advertiser(response: Response) -> None:
    """Replace the records with records of another advertiser."""
    for record in response.page_records:
        record["advertiser_id"] = "7002"
        record["campaign_id"] = f"9{record['campaign_id']}"


def other_days(response: Response) -> None:
    """Return the records of a page with days of the previous year."""
    for record in response.page_records:
        day = record["dimensions"]["stat_time_day"]
        record["dimensions"]["stat_time_day"] = day.replace("2026", "2025")


def without_filter(response: Response) -> None:
    """Ignore the filter of the request."""
    response.records = response.unfiltered
    response.page_records = response.page_at(response.page)
    response.page_info.update(
        total_number=len(response.records),
        total_page=-(-len(response.records) // response.page_size),
    )


def shuffled_page(response: Response) -> None:
    """Shuffle the records of a page for each attempt."""
    random.Random(response.attempt).shuffle(response.page_records)


def shuffled_list(response: Response) -> None:
    """Shuffle the list for each attempt and page."""
    order = list(range(len(response.records)))
    random.Random(response.attempt * 100 + response.page).shuffle(order)
    start = (response.page - 1) * response.page_size
    numbers = order[start : start + response.page_size]
    response.page_records = [copy.deepcopy(response.records[number]) for number in numbers]


# Totals


def page_2_without_total(total: t.Any, count: int | None) -> Damage:
    """Return a damage that replaces the total of every page and truncates page 2.

    Args:
        total: The value of `total_number`.
        count: Number of records of page 2. None removes the last record only.
    """

    def damage(response: Response) -> None:
        _set(response.page_info, "total_number", total)
        if response.page == 2:
            response.page_records = response.page_records[: -1 if count is None else count]

    return damage


def total_plus(number: int) -> Damage:
    """Return a damage that adds a number to `total_number`."""

    def damage(response: Response) -> None:
        response.page_info["total_number"] += number

    return damage


def total_plus_pages(number: int) -> Damage:
    """Return a damage that reports more pages than exist."""

    def damage(response: Response) -> None:
        response.page_info["total_number"] += number * response.page_size
        response.page_info["total_page"] += number

    return damage


def total_of_page(response: Response) -> None:
    """Report the number of records of the page as `total_number`."""
    response.page_info["total_number"] = len(response.page_records)
    response.page_info["total_page"] = 1


def total_as(change: Callable[[int], t.Any]) -> Damage:
    """Return a damage that changes the value of `total_number`."""

    def damage(response: Response) -> None:
        response.page_info["total_number"] = change(response.page_info["total_number"])

    return damage


def page_plus_one(response: Response) -> None:
    """Report the number of the next page as `page`."""
    response.page_info["page"] += 1


def total_grows(response: Response) -> None:
    """Increase the reported total by one with each page."""
    response.page_info["total_number"] += response.page - 1


def total_shrinks(response: Response) -> None:
    """Decrease the reported total by one with each page."""
    response.page_info["total_number"] -= response.page - 1


def empty_with_zero_total(response: Response) -> None:
    """Return a page without records, and a total of zero."""
    response.page_records = []
    response.page_info.update(total_number=0, total_page=0)


def page_info_of_page_only(response: Response) -> None:
    """Return only the member `page` in `page_info`."""
    response.data["page_info"] = {"page": response.page}


# Codes


def partial_success(response: Response) -> None:
    """Return half of the records with code 20001."""
    response.envelope.update(code=20001, message="Partial success")
    response.page_records = response.page_records[: len(response.page_records) // 2]


# Bodies


def _dump(value: t.Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def duplicate_list(response: Response) -> None:
    """Return the list of records twice. The second list is empty."""
    text = _dump(response.envelope)
    name = _dump(response.member)
    response.body = text.replace('"page_info":', f'{name}:[],"page_info":', 1).encode()


def duplicate_page_info(response: Response) -> None:
    """Return `page_info` twice. The second describes an empty list."""
    empty = '{"page":1,"page_size":10,"total_number":0,"total_page":0}'
    text = _dump(response.envelope)
    response.body = (text[:-2] + f',"page_info":{empty}' + text[-2:]).encode()


def duplicate_data(response: Response) -> None:
    """Return `data` twice. The second is empty."""
    response.body = (_dump(response.envelope)[:-1] + ',"data":{}}').encode()


def damaged_gzip(response: Response) -> None:
    """Return a compressed body with changed bytes."""
    packed = bytearray(gzip.compress(response.encode()))
    middle = len(packed) // 2
    packed[middle : middle + 4] = bytes(byte ^ 0xFF for byte in packed[middle : middle + 4])
    response.body = bytes(packed)
    response.headers["Content-Encoding"] = "gzip"


def cut_gzip(response: Response) -> None:
    """Return the first half of a compressed body."""
    packed = gzip.compress(response.encode())
    response.body = packed[: len(packed) // 2]
    response.headers["Content-Encoding"] = "gzip"


def cut_body(response: Response) -> None:
    """Return the first half of a body with a matching Content-Length."""
    body = response.encode()
    response.body = body[: len(body) // 2]


def cut_connection(response: Response) -> None:
    """Return the first half of a body, and close the connection."""
    body = response.encode()
    response.body = body[: len(body) // 2]
    response.cut_bytes = len(body) - len(response.body)


# Healthy responses in an unusual form


def extra_members(response: Response) -> None:
    """Add undocumented members to every object."""
    extra: dict[str, t.Any] = {"zz_extra": {"list": [], "page_info": None}}
    response.envelope["data"] = {"aa_extra": [], **response.data, **extra}
    response.envelope = {"aa_extra": None, **response.envelope, **extra}
    response.page_info["zz_extra"] = "1"
    for record in response.page_records[:2]:
        record["zz_extra"] = None


def reordered_members(response: Response) -> None:
    """Return the members of the envelope and of `data` in reverse order."""
    response.envelope["data"] = dict(reversed(response.data.items()))
    response.envelope = dict(reversed(response.envelope.items()))


def indented(response: Response) -> None:
    """Return a body with white space."""
    response.body = ("\r\n" + json.dumps(response.envelope, indent=2) + "\n").encode()


def compressed(response: Response) -> None:
    """Return a compressed body."""
    response.body = gzip.compress(response.encode())
    response.headers["Content-Encoding"] = "gzip"


def placeholder(response: Response) -> None:
    """Add a record that means "no data" to the last page, and to the total."""
    response.page_info["total_number"] += 1
    if response.page == response.last_page:
        dimensions = {"campaign_id": "-", "stat_time_day": "-"}
        response.page_records.append({"dimensions": dimensions, "metrics": {"spend": "0"}})
