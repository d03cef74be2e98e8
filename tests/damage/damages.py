"""Damages: each function changes one response, as a faulty server or proxy would."""

from __future__ import annotations

import copy
import gzip
import json
import random
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .server import Answer, Damage

#: A value that no JSON document holds: the member is left out.
LEFT_OUT = object()


def _set(target: dict[str, t.Any], name: str, value: t.Any) -> None:
    """Set or remove a member."""
    if value is LEFT_OUT:
        target.pop(name, None)
    else:
        target[name] = copy.deepcopy(value)


def page_info_member(name: str, value: t.Any) -> Damage:
    """Return a damage that sets a member of `page_info`."""

    def damage(answer: Answer) -> None:
        _set(answer.page_info, name, value)

    return damage


def page_info_is(value: t.Any) -> Damage:
    """Return a damage that replaces `page_info`."""

    def damage(answer: Answer) -> None:
        _set(answer.data, "page_info", value)

    return damage


def data_is(value: t.Any) -> Damage:
    """Return a damage that replaces `data`."""

    def damage(answer: Answer) -> None:
        _set(answer.envelope, "data", value)

    return damage


def list_is(value: t.Any) -> Damage:
    """Return a damage that replaces the records of a page."""

    def damage(answer: Answer) -> None:
        _set(answer.data, answer.member, value)

    return damage


def code_is(value: t.Any) -> Damage:
    """Return a damage that replaces the return code."""

    def damage(answer: Answer) -> None:
        _set(answer.envelope, "code", value)

    return damage


def body_is(change: Callable[[bytes], bytes]) -> Damage:
    """Return a damage that changes the bytes of the body."""

    def damage(answer: Answer) -> None:
        answer.body = change(answer.encode())

    return damage


def both(*damages: Damage) -> Damage:
    """Return a damage that applies several damages."""

    def damage(answer: Answer) -> None:
        for one in damages:
            one(answer)

    return damage


# Records of other pages


def page_number(number: Callable[[Answer], int]) -> Damage:
    """Return a damage that replaces the records of a page with the records of another page."""

    def damage(answer: Answer) -> None:
        answer.page_records = answer.page_at(number(answer))

    return damage


def first_page_entirely(answer: Answer) -> None:
    """Return page 1 for every page, also in `page_info`."""
    answer.page_records = answer.page_at(1)
    answer.page_info["page"] = 1


def everything(answer: Answer) -> None:
    """Return all records on every page."""
    answer.page_records = answer.slice(0, len(answer.records))


def overlapping(answer: Answer) -> None:
    """Start each page after the first with the last record of the page before."""
    start = (answer.page - 1) * answer.page_size
    answer.page_records = answer.slice(start - (answer.page > 1), answer.page_size)


def overlapping_more(answer: Answer) -> None:
    """Add the last record of the page before in front of each page after the first."""
    start = (answer.page - 1) * answer.page_size
    extra = int(answer.page > 1)
    answer.page_records = answer.slice(start - extra, answer.page_size + extra)


def skipping(answer: Answer) -> None:
    """Skip one record at the border of pages 1 and 2."""
    start = (answer.page - 1) * answer.page_size
    answer.page_records = answer.slice(start + (answer.page > 1), answer.page_size)


def longer_page(answer: Answer) -> None:
    """Return the next three records with this page, and again with the next page."""
    start = (answer.page - 1) * answer.page_size
    answer.page_records = answer.slice(start, answer.page_size + 3)


def moved_border(answer: Answer) -> None:
    """Return the first record of page 3 at the end of page 2 instead."""
    size = answer.page_size
    if answer.page == 2:
        answer.page_records = answer.slice(size, size + 1)
    elif answer.page > 2:
        start = (answer.page - 1) * size
        answer.page_records = answer.slice(start + (answer.page == 3), size - (answer.page == 3))


def last_page_beyond_end(answer: Answer) -> None:
    """Return the last page for every page beyond the end."""
    if answer.page > answer.last_page:
        answer.page_records = answer.page_at(answer.last_page)


# Page sizes


def _capped_size(answer: Answer) -> int:
    """Return the largest page that a server returns: about a third of the pages here."""
    return min(answer.page_size, max(1, len(answer.records) * 3 // 20))


def capped(
    *, reports_size: bool = True, reports_pages: bool = True, without: tuple[str, ...] = ()
) -> Damage:
    """Return a damage that serves smaller pages than requested.

    Args:
        reports_size: Report the smaller size as `page_size`.
        reports_pages: Report the number of smaller pages as `total_page`.
        without: Members of `page_info` that are left out.
    """

    def damage(answer: Answer) -> None:
        size = _capped_size(answer)
        answer.page_records = answer.slice((answer.page - 1) * size, size)
        if reports_size:
            answer.page_info["page_size"] = size
        if reports_pages:
            answer.page_info["total_page"] = -(-len(answer.records) // size)
        for name in without:
            _set(answer.page_info, name, LEFT_OUT)

    return damage


def cut_list(answer: Answer) -> None:
    """Return the first 30 % of the records of each page."""
    answer.page_records = answer.page_records[: _capped_size(answer)]


def cut_list_and_size(answer: Answer) -> None:
    """Return the first 30 % of the records of each page, and report their number as page size."""
    cut_list(answer)
    answer.page_info["page_size"] = _capped_size(answer)


# Records within a page


def without_record(position: int) -> Damage:
    """Return a damage that removes one record of a page."""

    def damage(answer: Answer) -> None:
        del answer.page_records[position]

    return damage


def repeated_instead(answer: Answer) -> None:
    """Replace the last record of a page with its first record."""
    answer.page_records[-1] = copy.deepcopy(answer.page_records[0])


def repeated_besides(answer: Answer) -> None:
    """Repeat the first record at the end of a page."""
    answer.page_records.append(copy.deepcopy(answer.page_records[0]))


def doubled(answer: Answer) -> None:
    """Return each record of a page twice."""
    answer.page_records = [*answer.page_records, *copy.deepcopy(answer.page_records)]


def replaced(value: t.Any) -> Damage:
    """Return a damage that replaces the second record of a page with another value."""

    def damage(answer: Answer) -> None:
        answer.page_records[1] = copy.deepcopy(value)

    return damage


def all_replaced(value: t.Any) -> Damage:
    """Return a damage that replaces each record of a page with another value."""

    def damage(answer: Answer) -> None:
        answer.page_records = [copy.deepcopy(value) for _ in answer.page_records]

    return damage


def as_lists(answer: Answer) -> None:
    """Return the records as arrays of their values."""
    answer.page_records = [[*record.values()] for record in answer.page_records]


def renamed_list(answer: Answer) -> None:
    """Return the records as another member."""
    answer.data["items"] = answer.data.pop(answer.member)


def _without_key(answer: Answer, value: t.Any) -> None:
    record = answer.page_records[1]
    dimensions = record.get("dimensions")
    if dimensions is not None:
        _set(dimensions, "campaign_id", value)
        return
    key = next(name for name in ("adgroup_id", "video_id", "campaign_id") if name in record)
    _set(record, key, value)


def key_is(value: t.Any) -> Damage:
    """Return a damage that replaces or removes the key of one record."""

    def damage(answer: Answer) -> None:
        _without_key(answer, value)

    return damage


def other_advertiser(answer: Answer) -> None:
    """Return as many records of another advertiser."""
    for record in answer.page_records:
        record["advertiser_id"] = "7002"
        record["campaign_id"] = f"9{record['campaign_id']}"


def other_days(answer: Answer) -> None:
    """Return the records of a page with days of the year before."""
    for record in answer.page_records:
        day = record["dimensions"]["stat_time_day"]
        record["dimensions"]["stat_time_day"] = day.replace("2026", "2025")


def without_filter(answer: Answer) -> None:
    """Return the list as if the request had no filter."""
    answer.records = answer.unfiltered
    answer.page_records = answer.page_at(answer.page)
    answer.page_info.update(
        total_number=len(answer.records), total_page=-(-len(answer.records) // answer.page_size)
    )


def shuffled_page(answer: Answer) -> None:
    """Return the records of a page in another order for each attempt."""
    random.Random(answer.attempt).shuffle(answer.page_records)


def shuffled_list(answer: Answer) -> None:
    """Return the pages of a list in another order for each attempt and page."""
    order = list(range(len(answer.records)))
    random.Random(answer.attempt * 100 + answer.page).shuffle(order)
    start = (answer.page - 1) * answer.page_size
    numbers = order[start : start + answer.page_size]
    answer.page_records = [copy.deepcopy(answer.records[number]) for number in numbers]


# Totals


def page_2_without_total(total: t.Any, count: int | None) -> Damage:
    """Return a damage that replaces the total of all pages, and cuts page 2.

    Args:
        total: The value of `total_number`.
        count: Number of records of page 2. None: all but the last.
    """

    def damage(answer: Answer) -> None:
        _set(answer.page_info, "total_number", total)
        if answer.page == 2:
            answer.page_records = answer.page_records[: -1 if count is None else count]

    return damage


def total_plus(number: int) -> Damage:
    """Return a damage that adds a number to `total_number`."""

    def damage(answer: Answer) -> None:
        answer.page_info["total_number"] += number

    return damage


def total_plus_pages(number: int) -> Damage:
    """Return a damage that reports more pages than there are."""

    def damage(answer: Answer) -> None:
        answer.page_info["total_number"] += number * answer.page_size
        answer.page_info["total_page"] += number

    return damage


def total_of_page(answer: Answer) -> None:
    """Report the number of records of the page as `total_number`."""
    answer.page_info["total_number"] = len(answer.page_records)
    answer.page_info["total_page"] = 1


def total_as(change: Callable[[int], t.Any]) -> Damage:
    """Return a damage that changes the value of `total_number`."""

    def damage(answer: Answer) -> None:
        answer.page_info["total_number"] = change(answer.page_info["total_number"])

    return damage


def page_plus_one(answer: Answer) -> None:
    """Report the number of the next page as `page`."""
    answer.page_info["page"] += 1


def total_grows(answer: Answer) -> None:
    """Report one record more with each page."""
    answer.page_info["total_number"] += answer.page - 1


def total_shrinks(answer: Answer) -> None:
    """Report one record less with each page."""
    answer.page_info["total_number"] -= answer.page - 1


def empty_with_zero_total(answer: Answer) -> None:
    """Return a page without records, and a total of zero."""
    answer.page_records = []
    answer.page_info.update(total_number=0, total_page=0)


def page_info_of_page_only(answer: Answer) -> None:
    """Return `page_info` with nothing but `page`."""
    answer.data["page_info"] = {"page": answer.page}


# Codes


def partial_success(answer: Answer) -> None:
    """Return a part of the records with code 20001."""
    answer.envelope.update(code=20001, message="Partial success")
    answer.page_records = answer.page_records[: len(answer.page_records) // 2]


# Bodies


def _dump(value: t.Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def duplicate_list(answer: Answer) -> None:
    """Return the member of the records twice, the second one empty."""
    text = _dump(answer.envelope)
    name = _dump(answer.member)
    answer.body = text.replace('"page_info":', f'{name}:[],"page_info":', 1).encode()


def duplicate_page_info(answer: Answer) -> None:
    """Return `page_info` twice, the second one of an empty list."""
    empty = '{"page":1,"page_size":10,"total_number":0,"total_page":0}'
    text = _dump(answer.envelope)
    answer.body = (text[:-2] + f',"page_info":{empty}' + text[-2:]).encode()


def duplicate_data(answer: Answer) -> None:
    """Return `data` twice, the second one empty."""
    answer.body = (_dump(answer.envelope)[:-1] + ',"data":{}}').encode()


def damaged_gzip(answer: Answer) -> None:
    """Return a compressed body with changed bytes."""
    packed = bytearray(gzip.compress(answer.encode()))
    middle = len(packed) // 2
    packed[middle : middle + 4] = bytes(byte ^ 0xFF for byte in packed[middle : middle + 4])
    answer.body = bytes(packed)
    answer.headers["Content-Encoding"] = "gzip"


def cut_gzip(answer: Answer) -> None:
    """Return the first half of a compressed body."""
    packed = gzip.compress(answer.encode())
    answer.body = packed[: len(packed) // 2]
    answer.headers["Content-Encoding"] = "gzip"


def cut_body(answer: Answer) -> None:
    """Return the first half of a body, with the length of that half."""
    body = answer.encode()
    answer.body = body[: len(body) // 2]


def cut_connection(answer: Answer) -> None:
    """Return the first half of a body, and close the connection."""
    body = answer.encode()
    answer.body = body[: len(body) // 2]
    answer.cut_bytes = len(body) - len(answer.body)


# Healthy responses of another form


def extra_members(answer: Answer) -> None:
    """Add members before and after the documented ones, everywhere."""
    extra: dict[str, t.Any] = {"zz_extra": {"list": [], "page_info": None}}
    answer.envelope["data"] = {"aa_extra": [], **answer.data, **extra}
    answer.envelope = {"aa_extra": None, **answer.envelope, **extra}
    answer.page_info["zz_extra"] = "1"
    for record in answer.page_records[:2]:
        record["zz_extra"] = None


def reordered_members(answer: Answer) -> None:
    """Return the members of the envelope and of `data` in the opposite order."""
    answer.envelope["data"] = dict(reversed(answer.data.items()))
    answer.envelope = dict(reversed(answer.envelope.items()))


def indented(answer: Answer) -> None:
    """Return a body with white space."""
    answer.body = ("\r\n" + json.dumps(answer.envelope, indent=2) + "\n").encode()


def compressed(answer: Answer) -> None:
    """Return a compressed body."""
    answer.body = gzip.compress(answer.encode())
    answer.headers["Content-Encoding"] = "gzip"


def placeholder(answer: Answer) -> None:
    """Add a record that means "no data" to the last page, and to the total."""
    answer.page_info["total_number"] += 1
    if answer.page == answer.last_page:
        dimensions = {"campaign_id": "-", "stat_time_day": "-"}
        answer.page_records.append({"dimensions": dimensions, "metrics": {"spend": "0"}})
