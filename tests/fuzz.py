"""Coverage-guided fuzzing of response and settings parsers.

Run `python tests/fuzz.py TARGET [seconds]`, or `make fuzz` for all targets. Fuzzing requires
atheris (`pip install atheris==3.0.0`), which has wheels for Python 3.11 to 3.13.

Each target states a property of every input. A run ends with the first input that raises an
unexpected exception, takes more than ten seconds or requires more than a gigabyte of memory.
Inputs that reach new code are stored in `.fuzz/TARGET`, where the next run begins.
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
#: A column of each type. The last one is a key.
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
    """Values made from the fuzzer's bytes."""

    def __init__(self, content: bytes) -> None:
        self._bytes = atheris.FuzzedDataProvider(content)

    def number(self, low: int, high: int) -> int:
        """Return an integer between `low` and `high`, both included."""
        return int(self._bytes.ConsumeIntInRange(low, high))

    def one_of(self, values: t.Sequence[t.Any]) -> t.Any:
        """Return one of several values."""
        return values[self.number(0, len(values) - 1)]

    def text(self, max_length: int = 40) -> str:
        """Return text without surrogates."""
        return str(self._bytes.ConsumeUnicodeNoSurrogates(self.number(0, max_length)))

    def digits(self) -> str:
        """Return a number as text, of up to forty digits."""
        integer = str(self.number(0, 10 ** self.one_of([1, 3, 9, 18])))
        digits = str(self.number(0, 10**18)) if self.number(0, 3) == 0 else ""
        sign = self.one_of(["", "", "-", "+"])
        zeros = "0" * self.number(0, 12)
        fraction = self.one_of(["", f".{zeros}{self.number(0, 10**9)}", ".", f".{zeros}"])
        exponent = self.one_of(["", "", "", f"e{self.number(-99, 99)}"])
        return f"{sign}{self.one_of(['', zeros])}{integer}{digits}{fraction}{exponent}"

    def value(self, depth: int = 3) -> t.Any:
        """Return a value of any JSON type."""
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
        """Return the name of an object member."""
        return str(self.one_of([*NAMES, *COLUMNS])) if self.number(0, 3) else self.text(8)

    def rest(self) -> str:
        """Return all remaining bytes as text."""
        return self.raw().decode(errors="replace")

    def raw(self) -> bytes:
        """Return all remaining bytes."""
        return bytes(self._bytes.ConsumeBytes(self._bytes.remaining_bytes()))


class Number(str):
    """The text of a JSON number, which may have more digits than a float."""

    __slots__ = ()


def as_json(value: t.Any, space: str = "", *, escaped: bool = False) -> str:
    """Return a value as JSON text, with each `Number` unchanged."""
    if isinstance(value, Number):
        try:
            return value if json.loads(value) is not None else "0"
        except ValueError:  # invalid in JSON, for example 007
            return "0"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text.replace("-", "\\u002d") if escaped else text
    if isinstance(value, list):
        return f"[{','.join(as_json(item, space, escaped=escaped) for item in value)}]"
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name)}:{space}{as_json(member, space, escaped=escaped)}"
            for name, member in value.items()
        )
        return "{" + ",".join(members) + "}"
    return json.dumps(value)


def written_record(row: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a record as read from its RECORD line, with numbers as `Number`."""
    line = RecordLines("s", ()).for_page()(copy.deepcopy(dict(row)))
    record = json.loads(line, parse_float=Number, parse_int=Number)["record"]
    return t.cast("dict[str, t.Any]", record)


def fuzz_numbers(source: Source) -> None:
    """A number keeps its value in the RECORD line, sent as text or as a JSON number."""
    text = source.digits() if source.number(0, 2) else source.rest()
    caster = casting.Caster({"properties": {"n": COLUMNS["n"], "i": COLUMNS["i"]}})
    values: list[t.Any] = [text]
    with contextlib.suppress(ValueError):
        if _NUMBER.fullmatch(text) and json.loads(text) is not None:
            values.append(Number(text))
    for value in values:
        body = as_json({"n": value, "i": value}).encode()
        try:
            raw = page_decoder.decode_record(body)
        except msgspec.DecodeError:
            return
        (record,) = caster.records([raw])
        for name, written in written_record(record).items():
            is_fraction = name == "i" and written is None
            if _NUMBER.fullmatch(text) and len(text) < MAX_NUMBER_DIGITS and not is_fraction:
                assert isinstance(written, Number), (name, text, written)
                assert decimal.Decimal(written) == decimal.Decimal(text), (name, text, written)
            else:
                assert written is None or decimal.Decimal(written) == decimal.Decimal(text.strip())


def fuzz_values(source: Source) -> None:
    """Any value becomes null or a value of its column's type, and casting it again keeps it."""
    record = {name: source.value() for name in COLUMNS if source.number(0, 1)}
    record |= {source.name(): source.value()}
    caster = casting.Caster({"properties": COLUMNS}, dash_is_null=bool(source.number(0, 1)))
    raw = page_decoder.decode_record(as_json(record).encode())
    (cast,) = caster.records([raw])
    written = written_record(cast)
    assert list(cast) == list(record)
    assert isinstance(written.get("b"), (bool, type(None)))
    for name in ("i", "n"):
        assert isinstance(written.get(name), (Number, type(None))), written
    for name in ("s", "key", "d", "m", "l"):
        assert isinstance(written.get(name), (str, type(None))), written
        assert not isinstance(written.get(name), Number)
    first = copy.deepcopy(cast)
    assert list(caster.records([cast])) == [first]
    repr(caster.drift.take())


def fuzz_times(source: Source) -> None:
    """A text becomes null or a valid date, UTC time or local time."""
    text = source.one_of([source.one_of(WORDS), source.digits(), source.rest()])
    for read, form in (
        (to_date, r"\d{4}-\d\d-\d\d"),
        (to_date_time, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
        (to_local_date_time, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ):
        with contextlib.suppress(BadValueError):
            value = read(text)
            if value is not None:
                assert re.fullmatch(form, value, re.ASCII), (text, value)
                dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
                assert read(value) == value


def fuzz_report(source: Source) -> None:
    """The report decoder returns the records of the caster and writer, or None."""
    time = source.one_of(["stat_time_day", "stat_time_hour"])
    dimensions = ("ad_id", time)
    schema = schemas.report_schema(dimensions, METRICS)
    names = [*METRICS, *([source.name()] if source.number(0, 30) == 0 else [])]
    space, escaped = source.one_of(["", "", "", " ", "\n"]), source.number(0, 5) == 0
    records = [
        {
            "dimensions": {
                "ad_id": source.one_of(["17", "-", "", source.text(8)]),
                time: source.one_of([w for w in WORDS if w[4:5] == "-"]),
            },
            "metrics": {name: source.value(1) for name in names if source.number(0, 2)},
        }
        for _ in range(source.number(1, 3))
    ]
    body = as_json({"code": 0, "data": {"list": records}}, space, escaped=escaped).encode()
    if source.number(0, 20) == 0:  # replace one byte
        place = source.number(0, len(body) - 1)
        body = body[:place] + bytes([source.number(0, 255)]) + body[place + 1 :]
    fast = report_decoder.ReportDecoder(schema, dimensions, METRICS).decode(body)
    if fast is None:
        return
    caster = casting.Caster(schema, dash_is_null=True, required=dimensions)
    raw_records = msgspec.json.decode(body)["data"]["list"]
    flat_records = [
        {name: record["dimensions"][name] for name in dimensions} | record["metrics"]
        for record in raw_records
    ]
    for (members, fingerprint), record in zip(
        fast.data.records, caster.records(flat_records), strict=True
    ):
        line = b"{" + members + b"}"
        slow = RecordLines("s", ()).for_page()(dict(record))
        fast_record = json.loads(line, parse_float=Number, parse_int=Number)
        expected = json.loads(slow, parse_float=Number, parse_int=Number)["record"]
        assert {**fast_record, **normalize_numbers(fast_record)} == {
            **expected,
            **normalize_numbers(expected),
        }, (record, line)
        assert fingerprint == hash(tuple(record[name] for name in dimensions))


def normalize_numbers(record: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the numbers of a record, without the suffix `.0` and the sign of zero."""
    return {
        name: number.removesuffix(".0") if decimal.Decimal(number) else "0"
        for name, number in record.items()
        if isinstance(number, Number)
    }


logging.getLogger("tap-tiktok-ads").setLevel(logging.CRITICAL)
DECODER = ResponseDecoder(SecretMask(["a secret"]))
#: Fast decoders receive only bodies whose null characters are kept.
PLAIN_DECODER = ResponseDecoder(SecretMask(["a secret"]), replaces_null=False)
SOME_REQUEST = Request("/x/", {"advertiser_id": "7"})


def fuzz_envelope(source: Source) -> None:
    """A body decodes to an object, or raises a `TapError` with one short line."""
    if source.number(0, 1):
        code = source.one_of([0, 20001, *errors.CODES, source.number(-9, 99999), source.value(1)])
        envelope = {
            "code": code,
            "message": source.value(),
            "request_id": source.value(),
            "data": source.value() if source.number(0, 2) else {"list": source.value()},
        }
        members = {name: value for name, value in envelope.items() if source.number(0, 9)}
        body = as_json(members).encode()
    else:
        body = source.raw()
    decode = page_decoder.decode_list_page if source.number(0, 1) else None
    try:
        response = DECODER.decode(SOME_REQUEST, body, {}, decode)
    except errors.TapError as error:
        text = str(error)
        assert "\n" not in text
        assert "a secret" not in text
        assert len(text) < 2 * MAX_MESSAGE_LENGTH + 400
        errors.is_too_large(error)
    else:
        assert isinstance(response.data, dict)
        assert isinstance(response.request_id, str)
        assert len(response.request_id) <= MAX_MESSAGE_LENGTH + 3


def fuzz_page(source: Source) -> None:
    """The lazy and the complete page decoder return equal pages."""
    records = [
        {source.name(): source.value() for _ in range(2)} if source.number(0, 9) else source.value()
        for _ in range(source.number(0, 3))
    ]
    envelope = {"code": source.one_of([0, 0, 0, "0", 40001]), "message": source.value(1)}
    envelope["data"] = {"list": records, "page_info": source.value(2)}
    body = as_json(envelope, source.one_of(["", " "])).encode()
    if source.number(0, 3) == 0:
        place = source.number(0, len(body) - 1)
        body = body[:place] + bytes([source.number(0, 255)]) + body[place + 1 :]
    lazy = page_decoder.decode_list_page(body)
    if lazy is None:
        return
    with contextlib.suppress(errors.TransientError, msgspec.DecodeError, UnicodeDecodeError):
        complete = PLAIN_DECODER.decode(SOME_REQUEST, body, {}).data
        assert [page_decoder.decode_record(raw) for raw in lazy.data.records] == complete["list"]
        assert lazy.data.page_info == complete.get("page_info")


def fuzz_codes(source: Source) -> None:
    """Every code but 0 is an error whose message contains the code."""
    code = source.one_of([*errors.CODES, source.number(-(2**40), 2**40)])
    error = errors.from_code(code, source.text(), source.text(), source.text())
    assert (errors.rule(code).action is errors.Action.ACCEPT) == (code == 0)
    assert isinstance(error, errors.TapError)
    assert str(code) in str(error)
    errors.is_too_large(error)


def fuzz_days(source: Source) -> None:
    """Any text is a macro, a date, a time or a format, or raises a `DateError`."""
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
    """Windows cover each day from start to end once, in ascending and descending order."""
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
    covered_backwards = [
        day
        for window in descending
        for day in range(window.end.toordinal(), window.start.toordinal() - 1, -1)
    ]
    assert covered == list(range(first, last + 1))
    assert covered_backwards == covered[::-1]
    assert all(1 <= window.days <= size for window in [*ascending, *descending])


def fuzz_ranges(source: Source) -> None:
    """Ranges of days survive a state, and invalid members cover no day."""

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
    valid = [member for member in members if member not in damaged]
    for first, last in valid:
        assert not list(
            days.missing_in(dates.Window(*map(pendulum.Date.fromisoformat, (first, last))))
        )
    pairs = itertools.pairwise(days.ranges)
    assert all(later.start.toordinal() - earlier.end.toordinal() > 1 for earlier, later in pairs)
    limited = days.limited().ranges
    assert len(limited) == min(len(days.ranges), day_ranges.MAX_RANGES)
    assert set(limited) <= set(days.ranges)


PATHS = ["$.a[*]", "$..n", "$.a[?(@.n > 3)].s", "$.a[?(@.n =~ 'x')]", "$.a.`len`", "$.a[\\n]"]


def fuzz_find(source: Source) -> None:
    """A JSONPath is valid or raises a `PathError`, and a suggested path finds objects."""
    document = {"a": [source.value() for _ in range(3)], source.name(): source.value()}
    for suggestion in json_paths.suggest_paths(document):
        values = json_paths.find(suggestion.path, document)
        assert sum(isinstance(value, dict) for value in values) >= suggestion.size > 0
    path = source.one_of([*PATHS, source.rest()[:60]])
    with contextlib.suppress(json_paths.PathError):
        assert isinstance(json_paths.find(path, document), list)
        json_paths.parent_path(path)
        json_paths.last_key(path)
    json_paths.parse.cache_clear()


MACRO_VALUES = {"advertiser_id": "7", "start_date": "2026-03-01", "ads.ad_id": ["1", "2"]}


def fuzz_macros(source: Source) -> None:
    """A macro that passes validation can be resolved, in any unit."""
    unit = source.one_of(list(dates.UNITS))
    text = source.rest()
    request = source.one_of([text, [text], {"a": [text]}])
    try:
        macros.validate(request, MACRO_VALUES, {"ads.ad_id"}, unit)
    except macros.MacroError as error:
        str(error)
        return
    with contextlib.suppress(macros.MacroError):  # outside the calendar
        macros.resolve(request, MACRO_VALUES, NOW, unit=unit, render=str)


def fuzz_pages(source: Source) -> None:
    """Any `page_info` adds a limited number of pages in order."""
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
    last_requested = source.one_of([None, number, number + 3])
    try:
        pages = pagination.next_pages(
            number, last_requested, page_info, source.number(0, size), size
        )
    except errors.ResponseError as error:
        message = str(error)
        assert len(message) < MAX_MESSAGE_LENGTH
    else:
        assert len(pages) <= pagination.MAX_PAGES
        assert not pages or (pages[0], pages[-1]) == (number + 1, number + len(pages))
    assert pagination.is_past_end(number, page_info, size) in {True, False}


def fuzz_repair(source: Source) -> None:
    """Repairing a body twice equals repairing it once, and a valid body keeps its value."""
    body = source.raw()
    repaired = json_repair.repair(body)
    assert json_repair.repair(repaired) == repaired
    repaired.decode()
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if b"\\u0000" not in body and "inf" not in repr(value):
        assert msgspec.json.decode(repaired) == value


TARGETS: dict[str, Callable[[Source], None]] = {
    function.__name__.removeprefix("fuzz_"): function
    for function in (
        *(fuzz_numbers, fuzz_values, fuzz_times, fuzz_report, fuzz_envelope, fuzz_page, fuzz_codes),
        *(fuzz_days, fuzz_windows, fuzz_find, fuzz_macros, fuzz_pages, fuzz_repair),
        fuzz_ranges,
    )
}
#: Initial inputs of raw text.
SEEDS = [*WORDS, *PATHS, "{now-30}", "(start_of_month - 1M)", "yyyy-MM-dd'T'HH:mm:ssXXX", "{a.b}"]


def main(name: str, seconds: int) -> None:
    """Fuzz one target for `seconds`."""
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
