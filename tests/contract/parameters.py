"""Parameter types that validate values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATE_FORMAT = "%Y-%m-%d"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
#: TikTok's IDs have up to 19 digits. The IDs of identities and images can have letters.
ID_PATTERN = re.compile(r"[0-9]{1,19}")


class Type:
    """Type of a value. In a query string, text is sent as it is and other values as JSON."""

    is_plain = False

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        raise NotImplementedError

    def text_problems(self, text: str) -> Iterator[str]:
        """Yield the problems of query string text."""
        if self.is_plain:
            yield from self.problems(text)
            return
        try:
            value = json.loads(text)
        except ValueError:
            yield f"is not JSON: {text[:60]!r}"
            return
        yield from self.problems(value)


@dataclasses.dataclass(frozen=True)
class Text(Type):
    """Text, optionally an enumeration with `allowed` values."""

    allowed: frozenset[str] = frozenset()
    is_plain = True

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, str) or not value:
            yield f"is not text: {value!r}"
        elif self.allowed and value not in self.allowed:
            yield f"is not one of the allowed values: {value!r}"


@dataclasses.dataclass(frozen=True)
class Id(Type):
    """An ID as text of digits, because JSON numbers lose digits of long IDs."""

    is_plain = True

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, str) or ID_PATTERN.fullmatch(value) is None:
            yield f"is not an ID as text: {value!r}"


@dataclasses.dataclass(frozen=True)
class Time(Type):
    """A date, or a date and time."""

    form: str = DATE_FORMAT
    is_plain = True

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        try:
            parsed = dt.datetime.strptime(value, self.form).replace(tzinfo=dt.timezone.utc)
        except (TypeError, ValueError):
            yield f"does not have the form {self.form}: {value!r}"
            return
        if parsed.strftime(self.form) != value:
            yield f"does not have the form {self.form}: {value!r}"


@dataclasses.dataclass(frozen=True)
class Integer(Type):
    """An integer within a range."""

    minimum: int = 1
    maximum: int | None = None

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"is not an integer: {value!r}"
        elif value < self.minimum or (self.maximum is not None and value > self.maximum):
            yield f"is not in {self.minimum} to {self.maximum}: {value}"


@dataclasses.dataclass(frozen=True)
class Boolean(Type):
    """`true` or `false`."""

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, bool):
            yield f"is neither true nor false: {value!r}"


@dataclasses.dataclass(frozen=True)
class Number(Type):
    """A number."""

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            yield f"is not a number: {value!r}"


@dataclasses.dataclass(frozen=True)
class Array(Type):
    """An array without duplicates."""

    item: Type
    maximum: int | None = None
    minimum: int = 1

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, list):
            yield f"is not an array: {value!r}"
            return
        if len(value) < self.minimum or (self.maximum is not None and len(value) > self.maximum):
            yield f"has {len(value)} items, not {self.minimum} to {self.maximum}"
        if len({json.dumps(item, sort_keys=True) for item in value}) != len(value):
            yield "has duplicates"
        for item in value:
            yield from self.item.problems(item)


@dataclasses.dataclass(frozen=True)
class Object(Type):
    """An object with documented members. A trailing `!` marks a required member."""

    members: Mapping[str, Type]

    def problems(self, value: t.Any) -> Iterator[str]:
        """Yield the problems of a decoded value."""
        if not isinstance(value, dict):
            yield f"is not an object: {value!r}"
            return
        yield from problems_of(self.members, value, are_texts=False)


def problems_of(
    types: Mapping[str, Type], values: Mapping[str, t.Any], *, are_texts: bool
) -> Iterator[str]:
    """Yield the problems of named values: unknown, missing or malformed."""
    types_by_name = {name.removesuffix("!"): kind for name, kind in types.items()}
    for name in values.keys() - types_by_name.keys():
        yield f"{name} is unknown"
    for name in types:
        if name.endswith("!") and name.removesuffix("!") not in values:
            yield f"{name.removesuffix('!')} is missing"
    for name, value in values.items():
        if name in types_by_name:
            kind = types_by_name[name]
            problems = kind.text_problems(value) if are_texts else kind.problems(value)
            yield from (f"{name} {problem}" for problem in problems)


def one_of(*names: str) -> Text:
    """Return the type of an enumeration."""
    return Text(frozenset(" ".join(names).split()))
