"""Coverage-guided fuzzing of what reads hostile input: `python tests/fuzz.py TARGET [seconds]`.

Run by hand; needs atheris (`pip install atheris==3.0.0`, with wheels for Python 3.11 to 3.13), or
`make fuzz` for all targets. Each target states what must hold for any input; an exception that it
does not expect, an input of more than ten seconds or more than a gigabyte of memory ends the run
with that input. Inputs that reached new code are kept in `.fuzz/TARGET`, where the next run begins.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import decimal
import itertools
import json
import logging
import re
import sys
import typing as t
from pathlib import Path

import msgspec
import pendulum

try:
    import atheris
except ImportError:
    sys.exit("Fuzzing needs atheris, on Python 3.11 to 3.13: pip install atheris==3.0.0")

with atheris.instrument_imports(include=["tap_tiktok_ads", "jsonpath_ng"]):
    from tap_tiktok_ads.api import errors, json_repair, pagination
    from tap_tiktok_ads.api.masking import MAX_MESSAGE_LENGTH, SecretMask
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.api.response_decoder import ResponseDecoder
    from tap_tiktok_ads.extract import (
        casting,
        dates,
        day_ranges,
        json_paths,
        macros,
        page_decoder,
        report_decoder,
        schemas,
    )
    from tap_tiktok_ads.extract.values import (
        MAX_NUMBER_DIGITS,
        BadValueError,
        to_date,
        to_date_time,
        to_local_date_time,
    )
    from tap_tiktok_ads.singer.writer import RecordLines

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS = 180
CORPUS = Path(__file__).parent.parent / ".fuzz"
NOW = pendulum.datetime(2026, 3, 15, 13, 45, 6, tz="America/New_York")
WORDS = [
    *("", "-", "--", "0", "1", "1.0", "+2", "-0", ".5", "5.", "1e3", "1e23", "1E-9", "-1.5e-10"),
    *("12345678901234567890.12", "0.1000000001", "123456789.100000", "00000000000000000.50"),
    *("true", "FALSE", "null", "nan", "Infinity", "<5", "1,000", "1_000", " 1", "\u0661", "\u00b2"),
    *("2026-01-31", "2026-01-31 10:11:12", "2026-01-31 00:00:00", "2026-99-99 00:00:00"),
    *("0000-00-00 00:00:00", "2026-01-31T10:11:12Z", "2026-01-31T10+01:00", "1769854272000"),
    *('\\"-', '-"', ':"-"', ':""', "a\nb", "\x00", "\u2028", "{now-1}", "where", "$"),
]
NAMES = ["n", "s", "new", "where", "false", "a b", "'", "\\", "", "\n", "*", "@"]
#: A column of each kind; the last is a key.
COLUMNS: dict[str, dict[str, t.Any]] = {
    "s": {"type": ["string", "null"]},
    "i": {"type": ["integer", "null"]},
    "n": {"type": ["number", "null"]},
    "b": {"type": ["boolean", "null"]},
    "d": {"type": ["string", "null"], "format": "date"},
    "m": {"type": ["string", "null"], "format": "date-time"},
    "l": {"type": ["string", "null"], "format": "local-date-time"},
    "list": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
    "object": {"type": ["object", "null"], "properties": {"n": {"type": ["number", "null"]}}},
    "any": {},
    "key": {"type": "string"},
}
METRICS = ("ad_name", "spend", "impressions", "ctr", "is_smart_creative")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_SHEET = re.compile(rb'"(spend|ctr|impressions)":(-?[0-9.eE+-]+)')


class Source:
    """Values out of the fuzzer's bytes."""

    def __init__(self, content: bytes) -> None:
        self._bytes = atheris.FuzzedDataProvider(content)

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self._bytes.ConsumeIntInRange(low, high))

    def one_of(self, values: t.Sequence[t.Any]) -> t.Any:
        """One of several values."""
        return values[self.number(0, len(values) - 1)]

    def text(self, most: int = 40) -> str:
        """Text that UTF-8 can hold."""
        return str(self._bytes.ConsumeUnicodeNoSurrogates(self.number(0, most)))

    def digits(self) -> str:
        """A number as text, of up to forty digits."""
        whole = str(self.number(0, 10 ** self.one_of([1, 3, 9, 18])))
        more = str(self.number(0, 10**18)) if self.number(0, 3) == 0 else ""
        sign = self.one_of(["", "", "-", "+"])
        zeros = "0" * self.number(0, 12)
        fraction = self.one_of(["", f".{zeros}{self.number(0, 10**9)}", ".", f".{zeros}"])
        exponent = self.one_of(["", "", "", f"e{self.number(-99, 99)}"])
        return f"{sign}{self.one_of(['', zeros])}{whole}{more}{fraction}{exponent}"

    def value(self, depth: int = 3) -> t.Any:
        """A value of any JSON type."""
        kind = self.number(0, 9 if depth else 7)
        if kind == 8:
            return [self.value(depth - 1) for _ in range(self.number(0, 3))]
        if kind == 9:
            return {self.name(): self.value(depth - 1) for _ in range(self.number(0, 3))}
        simple: list[Callable[[], t.Any]] = [
            lambda: None,
            lambda: bool(self.number(0, 1)),
            lambda: self.number(-(2**63), 2**63 - 1) * self.one_of([1, 10**9, 10**300]),
            self._bytes.ConsumeRegularFloat,
            self.text,
            lambda: self.one_of(WORDS),
            self.digits,
            lambda: Number(self.digits().lstrip("+")),
        ]
        return simple[kind]()

    def name(self) -> str:
        """The name of a member."""
        return str(self.one_of([*NAMES, *COLUMNS])) if self.number(0, 3) else self.text(8)

    def rest(self) -> str:
        """All that is left, as text."""
        return self.raw().decode(errors="replace")

    def raw(self) -> bytes:
        """All that is left."""
        return bytes(self._bytes.ConsumeBytes(self._bytes.remaining_bytes()))


class Number(str):
    """The text of a JSON number, which may have more digits than a float."""

    __slots__ = ()


def as_json(value: t.Any, space: str = "", *, escaped: bool = False) -> str:
    """A value as JSON text, `Number` as it is."""
    if isinstance(value, Number):
        try:
            return value if json.loads(value) is not None else "0"
        except ValueError:  # as 007, which JSON does not know
            return "0"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text.replace("-", "\\u002d") if escaped else text
    if isinstance(value, list):
        return f"[{','.join(as_json(one, space, escaped=escaped) for one in value)}]"
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name)}:{space}{as_json(one, space, escaped=escaped)}"
            for name, one in value.items()
        )
        return "{" + ",".join(members) + "}"
    return json.dumps(value)


def wire(row: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A row as it reads in its RECORD line, numbers as `Number`."""
    line = RecordLines("s", ()).for_page()(copy.deepcopy(dict(row)))
    record = json.loads(line, parse_float=Number, parse_int=Number)["record"]
    return t.cast("dict[str, t.Any]", record)


def fuzz_numbers(source: Source) -> None:
    """A number, as text or as a JSON number, is the same number in the RECORD line."""
    sent = source.digits() if source.number(0, 2) else source.rest()
    caster = casting.Caster({"properties": {"n": COLUMNS["n"], "i": COLUMNS["i"]}})
    spelled: list[t.Any] = [sent]
    with contextlib.suppress(ValueError):
        if _NUMBER.fullmatch(sent) and json.loads(sent) is not None:
            spelled.append(Number(sent))
    for one in spelled:
        body = as_json({"n": one, "i": one}).encode()
        try:
            raw = page_decoder.decode_record(body)
        except msgspec.DecodeError:
            return
        (row,) = caster.records([raw])
        for name, found in wire(row).items():
            is_fraction = name == "i" and found is None
            if _NUMBER.fullmatch(sent) and len(sent) < MAX_NUMBER_DIGITS and not is_fraction:
                assert isinstance(found, Number), (name, sent, found)
                assert decimal.Decimal(found) == decimal.Decimal(sent), (name, sent, found)
            else:
                assert found is None or decimal.Decimal(found) == decimal.Decimal(sent.strip())


def fuzz_values(source: Source) -> None:
    """Any value in any column becomes null or one of the column's type, and stays it."""
    row = {name: source.value() for name in COLUMNS if source.number(0, 1)}
    row |= {source.name(): source.value()}
    caster = casting.Caster({"properties": COLUMNS}, dash_is_null=bool(source.number(0, 1)))
    raw = page_decoder.decode_record(as_json(row).encode())
    (cast,) = caster.records([raw])
    told = wire(cast)
    assert list(cast) == list(row)
    assert isinstance(told.get("b"), (bool, type(None)))
    for name in ("i", "n"):
        assert isinstance(told.get(name), (Number, type(None))), told
    for name in ("s", "key", "d", "m", "l"):
        assert isinstance(told.get(name), (str, type(None))), told
        assert not isinstance(told.get(name), Number)
    once = copy.deepcopy(cast)
    assert list(caster.records([cast])) == [once]
    repr(caster.drift.take())


def fuzz_times(source: Source) -> None:
    """A text becomes null or a real day, a moment in UTC, a time of a clock."""
    sent = source.one_of([source.one_of(WORDS), source.digits(), source.rest()])
    for read, form in (
        (to_date, r"\d{4}-\d\d-\d\d"),
        (to_date_time, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
        (to_local_date_time, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ):
        with contextlib.suppress(BadValueError):
            found = read(sent)
            if found is not None:
                assert re.fullmatch(form, found, re.ASCII), (sent, found)
                dt.datetime.fromisoformat(found.replace("Z", "+00:00"))
                assert read(found) == found


def fuzz_report(source: Source) -> None:
    """The decoder of reports gives what the caster and the writer give, or steps aside."""
    time = source.one_of(["stat_time_day", "stat_time_hour"])
    dimensions = ("ad_id", time)
    schema = schemas.report_schema(dimensions, METRICS)
    names = [*METRICS, *([source.name()] if source.number(0, 30) == 0 else [])]
    space, escaped = source.one_of(["", "", "", " ", "\n"]), source.number(0, 5) == 0
    rows = [
        {
            "dimensions": {
                "ad_id": source.one_of(["17", "-", "", source.text(8)]),
                time: source.one_of([w for w in WORDS if w[4:5] == "-"]),
            },
            "metrics": {name: source.value(1) for name in names if source.number(0, 2)},
        }
        for _ in range(source.number(1, 3))
    ]
    body = as_json({"code": 0, "data": {"list": rows}}, space, escaped=escaped).encode()
    if source.number(0, 20) == 0:  # a page of which one byte is wrong
        place = source.number(0, len(body) - 1)
        body = body[:place] + bytes([source.number(0, 255)]) + body[place + 1 :]
    fast = report_decoder.ReportDecoder(schema, dimensions, METRICS).decode(body)
    if fast is None:
        return
    caster = casting.Caster(schema, dash_is_null=True, required=dimensions)
    plain = msgspec.json.decode(body)["data"]["list"]
    flat = [
        {name: row["dimensions"][name] for name in dimensions} | row["metrics"] for row in plain
    ]
    for (members, mark), row in zip(fast.data.records, caster.records(flat), strict=True):
        line = b"{" + members + b"}"
        slow = RecordLines("s", ()).for_page()(dict(row))
        found = json.loads(line, parse_float=Number, parse_int=Number)
        expected = json.loads(slow, parse_float=Number, parse_int=Number)["record"]
        assert {**found, **_numbers(found)} == {**expected, **_numbers(expected)}, (row, line)
        assert mark == hash(tuple(row[name] for name in dimensions))


def _numbers(row: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The numbers of a row; a whole one may be written with `.0` or without, zero with a sign."""
    return {
        name: one.removesuffix(".0") if decimal.Decimal(one) else "0"
        for name, one in row.items()
        if isinstance(one, Number)
    }


logging.getLogger("tap-tiktok-ads").setLevel(logging.CRITICAL)
DECODER = ResponseDecoder(SecretMask(["a secret"]))
#: As fast decoders, which get no body with null characters unless they are kept.
PLAIN_DECODER = ResponseDecoder(SecretMask(["a secret"]), replaces_null=False)
SOME_REQUEST = Request("/x/", {"advertiser_id": "7"})


def fuzz_envelope(source: Source) -> None:
    """A body is an answer whose data are an object, or a `TapError` of one short line."""
    if source.number(0, 1):
        code = source.one_of([0, 20001, *errors.CODES, source.number(-9, 99999), source.value(1)])
        sent = {
            "code": code,
            "message": source.value(),
            "request_id": source.value(),
            "data": source.value() if source.number(0, 2) else {"list": source.value()},
        }
        kept = {name: one for name, one in sent.items() if source.number(0, 9)}
        body = as_json(kept).encode()
    else:
        body = source.raw()
    decode = page_decoder.decode_list_page if source.number(0, 1) else None
    try:
        reply = DECODER.decode(SOME_REQUEST, body, {}, decode)
    except errors.TapError as error:
        text = str(error)
        assert "\n" not in text
        assert "a secret" not in text
        assert len(text) < 2 * MAX_MESSAGE_LENGTH + 400
        errors.is_too_large(error)
    else:
        assert isinstance(reply.data, dict)
        assert isinstance(reply.request_id, str)
        assert len(reply.request_id) <= MAX_MESSAGE_LENGTH + 3


def fuzz_page(source: Source) -> None:
    """A page that is decoded lazily holds what one that is decoded at once holds."""
    rows = [
        {source.name(): source.value() for _ in range(2)} if source.number(0, 9) else source.value()
        for _ in range(source.number(0, 3))
    ]
    whole = {"code": source.one_of([0, 0, 0, "0", 40001]), "message": source.value(1)}
    whole["data"] = {"list": rows, "page_info": source.value(2)}
    body = as_json(whole, source.one_of(["", " "])).encode()
    if source.number(0, 3) == 0:
        place = source.number(0, len(body) - 1)
        body = body[:place] + bytes([source.number(0, 255)]) + body[place + 1 :]
    found = page_decoder.decode_list_page(body)
    if found is None:
        return
    with contextlib.suppress(errors.TransientError, msgspec.DecodeError, UnicodeDecodeError):
        at_once = PLAIN_DECODER.decode(SOME_REQUEST, body, {}).data
        assert [page_decoder.decode_record(raw) for raw in found.data.records] == at_once["list"]
        assert found.data.page_info == at_once.get("page_info")


def fuzz_codes(source: Source) -> None:
    """Every code but two is an error, with its own sentence."""
    code = source.one_of([*errors.CODES, source.number(-(2**40), 2**40)])
    found = errors.from_code(code, source.text(), source.text(), source.text())
    assert (errors.rule(code).action is errors.Action.ACCEPT) == (code == 0)
    assert isinstance(found, errors.TapError)
    assert str(code) in str(found)
    errors.is_too_large(found)


def fuzz_days(source: Source) -> None:
    """Any text is a macro, a day, a moment or a format; else a `DateError`."""
    zone = source.one_of(["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Apia"])
    text = source.rest()
    now = NOW.in_timezone(zone)
    reads: list[Callable[[], pendulum.Date]] = [
        lambda: dates.resolve_macro(text, now, "M"),
        lambda: dates.parse_day(text, now),
        lambda: dates.parse_time(text),
    ]
    for read in reads:
        with contextlib.suppress(dates.DateError):
            assert isinstance(read(), pendulum.Date)
    with contextlib.suppress(dates.DateError):
        assert isinstance(now.format(dates.to_pendulum_format(text)), str)
    literal = text.replace("'", "")
    assert now.format(dates.to_pendulum_format(f"'{literal}'")) == literal


def fuzz_windows(source: Source) -> None:
    """Windows cover each day from start to end once, ascending and descending."""
    low, high = pendulum.date(1, 1, 1).toordinal(), pendulum.date(9999, 12, 31).toordinal()
    first = source.one_of([low, high, source.number(low, high)])
    last = max(low, min(high, first + source.number(-5, 300)))
    first = max(low, first - source.number(0, 40))
    size = source.number(1, 400)
    start, end = pendulum.Date.fromordinal(first), pendulum.Date.fromordinal(last)
    ascending = list(dates.split_windows(start, end, size))
    descending = list(dates.split_windows_backwards(start, end, size))
    covered = [
        day
        for window in ascending
        for day in range(window.start.toordinal(), window.end.toordinal() + 1)
    ]
    back = [
        day
        for window in descending
        for day in range(window.end.toordinal(), window.start.toordinal() - 1, -1)
    ]
    assert covered == list(range(first, last + 1))
    assert back == covered[::-1]
    assert all(1 <= window.days <= size for window in [*ascending, *descending])


def fuzz_ranges(source: Source) -> None:
    """Ranges of days survive a state. Members that are not ranges cover no day."""

    def day() -> str:
        number = source.one_of([1, pendulum.date(9999, 12, 31).toordinal(), 739_000])
        return str(pendulum.Date.fromordinal(max(1, min(3_652_059, number + source.number(-9, 9)))))

    members = [
        [day(), day()] if source.number(0, 5) else source.one_of([source.value(), [source.rest()]])
        for _ in range(source.number(0, 14))
    ]
    days, damaged = day_ranges.DayRanges.from_state(members)
    assert day_ranges.DayRanges.from_state(days.to_state()) == (days, [])
    assert all(first <= last for first, last in days.to_state())
    read = [one for one in members if one not in damaged]
    for first, last in read:
        assert not list(
            days.missing_in(dates.Window(*map(pendulum.Date.fromisoformat, (first, last))))
        )
    gaps = itertools.pairwise(days.ranges)
    assert all(after.start.toordinal() - before.end.toordinal() > 1 for before, after in gaps)
    kept = days.limited().ranges
    assert len(kept) == min(len(days.ranges), day_ranges.MAX_RANGES)
    assert set(kept) <= set(days.ranges)


PATHS = ["$.a[*]", "$..n", "$.a[?(@.n > 3)].s", "$.a[?(@.n =~ 'x')]", "$.a.`len`", "$.a[\\n]"]


def fuzz_find(source: Source) -> None:
    """A JSONPath finds values, or is none; what is suggested for an answer finds objects."""
    document = {"a": [source.value() for _ in range(3)], source.name(): source.value()}
    for one in json_paths.suggest_paths(document):
        found = json_paths.find(one.path, document)
        assert sum(isinstance(value, dict) for value in found) >= one.size > 0
    path = source.one_of([*PATHS, source.rest()[:60]])
    with contextlib.suppress(json_paths.PathError):
        assert isinstance(json_paths.find(path, document), list)
        json_paths.parent_path(path)
        json_paths.last_key(path)
    json_paths.parse.cache_clear()


KNOWN = {"advertiser_id": "7", "start_date": "2026-03-01", "ads.ad_id": ["1", "2"]}


def fuzz_macros(source: Source) -> None:
    """What passes the check of macros can be filled in, now and in any unit."""
    unit = source.one_of(list(dates.UNITS))
    text = source.rest()
    request = source.one_of([text, [text], {"a": [text]}])
    try:
        macros.validate(request, KNOWN, {"ads.ad_id"}, unit)
    except macros.MacroError as error:
        str(error)
        return
    with contextlib.suppress(macros.MacroError):  # outside the calendar
        macros.resolve(request, KNOWN, NOW, unit=unit, render=str)


def fuzz_pages(source: Source) -> None:
    """Whatever `page_info` tells, the pages that follow come in order, and not too many."""
    page_info = source.one_of(
        [
            source.value(),
            {
                "total_page": source.value(1),
                "total_number": source.value(1),
            },
        ]
    )
    page_info = msgspec.json.decode(as_json(page_info).encode())
    number, size = source.number(1, 30000), source.number(1, 10000)
    known = source.one_of([None, number, number + 3])
    try:
        found = pagination.next_pages(number, known, page_info, source.number(0, size), size)
    except errors.ResponseError as error:
        told = str(error)
        assert len(told) < MAX_MESSAGE_LENGTH
    else:
        assert len(found) <= pagination.MAX_PAGES
        assert not found or (found[0], found[-1]) == (number + 1, number + len(found))
    assert pagination.is_past_end(number, page_info, size) in {True, False}


def fuzz_repair(source: Source) -> None:
    """A repaired body needs no second repair, and a clean body keeps its value."""
    body = source.raw()
    once = json_repair.repair(body)
    assert json_repair.repair(once) == once
    once.decode()
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if b"\\u0000" not in body and "inf" not in repr(sent):
        assert msgspec.json.decode(once) == sent


TARGETS: dict[str, Callable[[Source], None]] = {
    function.__name__.removeprefix("fuzz_"): function
    for function in (
        *(fuzz_numbers, fuzz_values, fuzz_times, fuzz_report, fuzz_envelope, fuzz_page, fuzz_codes),
        *(fuzz_days, fuzz_windows, fuzz_find, fuzz_macros, fuzz_pages, fuzz_repair),
        fuzz_ranges,
    )
}
#: What mutations of raw text begin with.
SEEDS = [*WORDS, *PATHS, "{now-30}", "(start_of_month - 1M)", "yyyy-MM-dd'T'HH:mm:ssXXX", "{a.b}"]


def main(name: str, seconds: int) -> None:
    """Fuzz one target for so many seconds."""
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed.encode())
    target = TARGETS[name]
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={corpus}-",
        *("-timeout=10", "-rss_limit_mb=1024", "-max_len=2000", "-len_control=10"),
        *("-print_final_stats=1", "-verbosity=0"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda content: target(Source(content)))
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3} or sys.argv[1] not in TARGETS:
        sys.exit(f"python tests/fuzz.py TARGET [seconds], TARGET one of {', '.join(TARGETS)}")
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
