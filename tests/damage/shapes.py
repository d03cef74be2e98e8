"""Table of damaged responses: the damage, the pages and the required outcome."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from . import damages as make
from .damages import LEFT_OUT

if t.TYPE_CHECKING:
    from .kinds import Kind
    from .server import Damage, FakeTikTok, Response

ALL = frozenset({"list", "report", "custom", "unkeyed", "lookup"})
KEYED = ALL - {"unkeyed"}
#: Streams whose records are objects. Records of custom streams can be of any type.
TYPED = ALL - {"custom", "unkeyed"}
#: Number of attempts that a transient damage affects.
TRANSIENT_ATTEMPTS = 1


class Verdict(enum.Enum):
    """Required outcome of a run with a permanent damage."""

    #: Exit code 0, every record, as many requests as a run without damage.
    HEALTHY = "healthy"
    #: Exit code 0 and every record.
    EXACT = "exact"
    #: As EXACT, or an error, a record in `sync_errors`, and a next run that reads lost records.
    SAFE = "safe"
    #: Two passes agree but the total does not match: exit code 0 and `sync_errors`.
    AGREED = "agreed"
    #: As AGREED, and one record is lost because the responses look complete.
    AGREED_SHORT = "agreed, one short"
    #: One record has no key: an error and `sync_errors`. All other records are written.
    ANNOUNCED = "announced"


class Where(enum.Enum):
    """The pages whose responses are damaged."""

    EVERY = "every page"
    FIRST = "first page"
    MIDDLE = "page 2"
    LAST = "last page"
    LATER = "pages after the first"

    def includes(self, response: Response) -> bool:
        """Return True if the page of a response is among these pages."""
        return {
            Where.EVERY: True,
            Where.FIRST: response.page == 1,
            Where.MIDDLE: response.page == 2,
            Where.LAST: response.page == response.last_page,
            Where.LATER: response.page > 1,
        }[self]


@dataclasses.dataclass(frozen=True)
class Shape:
    """A damage and the responses that it applies to.

    Attributes:
        name: Name of the shape.
        damage: Function that changes a response.
        where: The pages that are damaged.
        verdict: Required outcome if the damage is permanent.
        kinds: Names of the kinds of streams that the shape applies to.
        is_everywhere: True if every list of the endpoint is damaged.
        can_be_transient: True if a run must be exact when only the first attempt is damaged.
    """

    name: str
    damage: Damage
    where: Where = Where.EVERY
    verdict: Verdict = Verdict.SAFE
    kinds: frozenset[str] = ALL
    is_everywhere: bool = False
    can_be_transient: bool = True

    def apply(self, server: FakeTikTok, kind: Kind, *, is_transient: bool = False) -> None:
        """Damage the responses of a server."""

        def damage(path: str, response: Response) -> None:
            if path != kind.path or not self.where.includes(response):
                return
            if not self.is_everywhere and not kind.is_damaged(response.query):
                return
            if is_transient and response.attempt > TRANSIENT_ATTEMPTS:
                return
            self.damage(response)

        server.damage = damage


def at(
    name: str, damage: Damage, *where: Where, verdict: Verdict = Verdict.SAFE, **attributes: t.Any
) -> list[Shape]:
    """Return one shape for each place."""
    places = where or (Where.EVERY,)
    return [
        Shape(f"{name}, {place.value}", damage, place, verdict=verdict, **attributes)
        for place in places
    ]


EVERY, FIRST, MIDDLE, LAST, LATER = Where
HEALTHY, EXACT, SAFE, AGREED, AGREED_SHORT, ANNOUNCED = Verdict

HEALTHY_SHAPES = [
    *at("nothing", lambda _: None, verdict=HEALTHY),
    *at("additional members", make.extra_members, verdict=HEALTHY),
    *at("other order of members", make.reordered_members, verdict=HEALTHY),
    *at("white space", make.indented, verdict=HEALTHY),
    *at("compressed", make.compressed, verdict=HEALTHY),
    *at("total as text", make.total_as(str), verdict=HEALTHY),
    *at("total as float", make.total_as(float), verdict=HEALTHY),
    *at("records of a page in another order", make.shuffled_page, verdict=HEALTHY),
    *at("last page repeated after the end", make.last_page_after_end, verdict=HEALTHY),
    *at("placeholder", make.placeholder, verdict=HEALTHY, kinds=frozenset({"report"})),
]

EMPTY_SHAPES = [
    *at("empty list", make.list_is([]), EVERY, FIRST, MIDDLE, LAST, LATER),
    *at("empty list and total 0", make.empty_with_zero_total, MIDDLE, LAST, LATER),
    *at("data null", make.data_is(None), EVERY, MIDDLE),
    *at("data {}", make.data_is({}), EVERY, MIDDLE),
    *at("data a list", make.data_is([]), EVERY, LAST),
    *at("data text", make.data_is("OK"), EVERY, LAST),
    *at("data a number", make.data_is(0), MIDDLE),
    *at("list missing", make.list_is(LEFT_OUT), EVERY, MIDDLE, LAST),
    *at("list null", make.list_is(None), EVERY, MIDDLE, LAST),
    *at("list {}", make.list_is({}), EVERY, MIDDLE),
    *at("list text", make.list_is(""), EVERY, MIDDLE),
    *at("list false", make.list_is(False), MIDDLE),  # noqa: FBT003 - JSON
    *at("list renamed", make.renamed_list, EVERY, MIDDLE),
]

PAGE_SHAPES = [
    *at("page 1 instead", make.page_number(lambda _: 1), EVERY, MIDDLE, LAST),
    *at("page 1 with its page_info", make.first_page_entirely, EVERY, MIDDLE),
    *at(
        "previous page instead", make.page_number(lambda response: response.page - 1), MIDDLE, LAST
    ),
    *at("next page instead", make.page_number(lambda response: response.page + 1), FIRST, MIDDLE),
    *at("all records on every page", make.all_records),
    *at("page starts one record early", make.overlapping, kinds=KEYED),
    *at("page starts with one additional record", make.overlapping_more),
    *at("one record between pages 1 and 2 skipped", make.skipping, verdict=AGREED_SHORT),
    *at("page longer than its size", make.longer_page, MIDDLE),
    *at("last page longer than expected", make.moved_border),
    *at("list in another order for each request", make.shuffled_list, kinds=KEYED),
]

SIZE_SHAPES = [
    *at("page size capped", make.capped(), verdict=EXACT),
    *at(
        "page size capped, no total",
        make.capped(without=("total_number", "total_page")),
        verdict=EXACT,
    ),
    *at("page size capped, no total_page", make.capped(without=("total_page",)), verdict=EXACT),
    *at(
        "page size capped, total_page of the request",
        make.capped(reports_pages=False),
        verdict=EXACT,
    ),
    *at("page size capped, not reported", make.capped(reports_size=False)),
    *at(
        "page size capped, size and pages not reported",
        make.capped(reports_size=False, reports_pages=False),
    ),
    *at("page size capped, page_size missing", make.capped(without=("page_size",))),
    *at("30 % of each page", make.cut_list, EVERY, FIRST, MIDDLE),
    *at("30 % of each page, as page_size", make.cut_list_and_size),
    *at("page_size 0", make.page_info_member("page_size", 0)),
    *at("page_size null", make.page_info_member("page_size", None)),
    *at("page_size text", make.page_info_member("page_size", "many")),
    *at("page_size missing", make.page_info_member("page_size", LEFT_OUT)),
    *at("page_size negative", make.page_info_member("page_size", -1)),
    *at("page_size 1", make.page_info_member("page_size", 1)),
    *at("page_size 5,000", make.page_info_member("page_size", 5000)),
]

RECORD_SHAPES = [
    *at("first record missing", make.without_record(0), EVERY, FIRST, MIDDLE),
    *at("last record of a page missing", make.without_record(-1), FIRST, MIDDLE),
    *at("last record missing", make.without_record(-1), LAST, verdict=AGREED_SHORT),
    *at("record repeated instead", make.repeated_instead, FIRST, MIDDLE, LAST, kinds=KEYED),
    *at("record repeated in addition", make.repeated_besides, FIRST, MIDDLE, LAST),
    *at("records doubled", make.doubled, EVERY, MIDDLE),
    *at("record null", make.replaced(None), FIRST, MIDDLE),
    *at("records null", make.all_replaced(None), MIDDLE),
    *at("record text", make.replaced("7"), FIRST, MIDDLE, kinds=TYPED),
    *at("records text", make.all_replaced("7"), MIDDLE, kinds=TYPED),
    *at("record a list", make.replaced([]), MIDDLE, kinds=TYPED),
    *at("records lists", make.as_lists, EVERY, MIDDLE, kinds=TYPED),
    *at("record a number", make.replaced(7), MIDDLE, kinds=TYPED),
    *at("page of another advertiser", make.other_advertiser, MIDDLE, kinds=frozenset({"list"})),
    *at(
        "filter for TopView ignored",
        make.without_filter,
        verdict=EXACT,
        kinds=frozenset({"list"}),
        is_everywhere=True,
    ),
    *at("page of other days", make.other_days, MIDDLE, kinds=frozenset({"report"})),
    *at(
        "record without its key",
        make.key_is(LEFT_OUT),
        MIDDLE,
        verdict=ANNOUNCED,
        kinds=frozenset({"list", "report", "custom"}),
        can_be_transient=False,
    ),
    *at(
        "record with a null key",
        make.key_is(None),
        MIDDLE,
        verdict=ANNOUNCED,
        kinds=frozenset({"list", "report", "custom"}),
        can_be_transient=False,
    ),
]

PAGE_INFO_SHAPES = [
    *at("page_info missing", make.page_info_is(LEFT_OUT), EVERY, FIRST, MIDDLE, LAST),
    *at("page_info null", make.page_info_is(None), EVERY, MIDDLE),
    *at("page_info {}", make.page_info_is({}), EVERY, FIRST, LAST),
    *at("page_info a list", make.page_info_is([]), EVERY, LAST),
    *at("page_info text", make.page_info_is("1/3"), EVERY, MIDDLE),
    *at("page_info with page only", make.page_info_of_page_only, EVERY, LAST),
    *at("page of page_info plus one", make.page_plus_one),
    *at("page of page_info wrong", make.page_info_member("page", 9), EVERY, MIDDLE),
    *at("page of page_info null", make.page_info_member("page", None)),
    *at("total_page 1", make.page_info_member("total_page", 1), verdict=EXACT),
    *at("total_page 0", make.page_info_member("total_page", 0), verdict=EXACT),
    *at("total_page null", make.page_info_member("total_page", None), verdict=EXACT),
    *at("total_page text", make.page_info_member("total_page", "many"), verdict=EXACT),
    *at("total_page 4", make.page_info_member("total_page", 4), verdict=EXACT),
    *at(
        "total_page 1 without total_number",
        make.both(
            make.page_info_member("total_page", 1),
            make.page_info_member("total_number", LEFT_OUT),
        ),
    ),
]

TOTAL_SHAPES = [
    *at("total null", make.page_info_member("total_number", None), EVERY, FIRST, verdict=EXACT),
    *at("total missing", make.page_info_member("total_number", LEFT_OUT), verdict=EXACT),
    *at("no total, page 2 empty", make.page_2_without_total(LEFT_OUT, 0)),
    *at("no total, page 2 one short", make.page_2_without_total(LEFT_OUT, None)),
    *at("total 0, page 2 empty", make.page_2_without_total(0, 0)),
    *at("total 0, page 2 one short", make.page_2_without_total(0, None)),
    *at("total 0 with records", make.page_info_member("total_number", 0), EVERY, FIRST, LAST),
    *at(
        "total 0 and total_page 0 with records",
        make.both(make.page_info_member("total_number", 0), make.page_info_member("total_page", 0)),
    ),
    *at("total of the page", make.total_of_page, LATER),
    *at(
        "total 1 and total_page 1 with records",
        make.both(make.page_info_member("total_number", 1), make.page_info_member("total_page", 1)),
    ),
    *at("total minus one", make.total_plus(-1)),
    *at("total plus one", make.total_plus(1), EVERY, LAST, verdict=AGREED),
    *at("total plus two pages", make.total_plus_pages(2)),
    *at("total grows with each page", make.total_grows, verdict=AGREED),
    *at("total shrinks with each page", make.total_shrinks),
    *at("total not a number", make.page_info_member("total_number", "many")),
    *at("total fraction", make.total_as(lambda total: total - 0.5)),
    *at("total negative", make.page_info_member("total_number", -1)),
    *at("total true", make.total_as(bool)),
    *at("total a list", make.total_as(lambda total: [total])),
]

BODY_SHAPES = [
    *at("code 20001 with half of the list", make.partial_success, EVERY, MIDDLE),
    *at("code 20001 with the list", make.code_is(20001), EVERY, LAST),
    *at("code missing", make.code_is(LEFT_OUT), EVERY, MIDDLE),
    *at("code null", make.code_is(None), MIDDLE),
    *at("code text", make.code_is("0"), EVERY, MIDDLE),
    *at("code text of an error", make.code_is("51000"), MIDDLE),
    *at("code false", make.code_is(False), MIDDLE),  # noqa: FBT003 - JSON
    *at("list repeated as empty", make.duplicate_list, EVERY, MIDDLE),
    *at("page_info repeated with zeros", make.duplicate_page_info, EVERY, MIDDLE),
    *at("data repeated as empty", make.duplicate_data, EVERY, MIDDLE),
    *at("body cut, correct length", make.cut_body, EVERY, MIDDLE),
    *at("connection cut", make.cut_connection, MIDDLE),
    *at("text after the body", make.body_is(lambda body: body + b"</html>"), MIDDLE),
    *at("body twice", make.body_is(lambda body: body + body), MIDDLE),
    *at("empty body", make.body_is(lambda _: b""), EVERY, MIDDLE),
    *at("white space only", make.body_is(lambda _: b" \n"), MIDDLE),
    *at("HTML", make.body_is(lambda _: b"<!DOCTYPE html><html>OK</html>"), EVERY, LAST),
    *at("body null", make.body_is(lambda _: b"null"), EVERY, MIDDLE),
    *at("body a list", make.body_is(lambda _: b"[]"), MIDDLE),
    *at("body {}", make.body_is(lambda _: b"{}"), EVERY, MIDDLE),
    *at("UTF-16", make.body_is(lambda body: body.decode().encode("utf-16")), MIDDLE),
    *at("byte order mark", make.body_is(lambda body: b"\xef\xbb\xbf" + body), verdict=EXACT),
    *at("gzip damaged", make.damaged_gzip, EVERY, MIDDLE),
    *at("gzip cut", make.cut_gzip, MIDDLE),
]

SHAPES = [
    *EMPTY_SHAPES,
    *PAGE_SHAPES,
    *SIZE_SHAPES,
    *RECORD_SHAPES,
    *PAGE_INFO_SHAPES,
    *TOTAL_SHAPES,
    *BODY_SHAPES,
]
