"""msgspec types of objects, learned from the records that a stream receives.

A type has the members of the records received so far, in the order of the records. The JSON Schema
decides which values are written unchanged. All other values pass the conversions of `Caster`.
"""

from __future__ import annotations

import decimal
import functools
import operator
import re
import typing as t

import msgspec

from tap_tiktok_ads.extract.casting import UNCHANGED_TYPES

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_tiktok_ads.extract.casting import Caster, Converter

    Schema = Mapping[str, t.Any]
    Record = dict[str, t.Any]
    #: Attribute, conversion, and types that are not converted.
    Step = tuple[str, Converter, frozenset[type]]

#: Maximum number of members of an object. A larger object is a map, or damaged.
MAX_MEMBERS = 1000
#: Characters of names that JSON escapes. msgspec types do not have such names.
_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
_NO_VALUES: frozenset[type] = frozenset({type(None), msgspec.UnsetType})
_FilledText = t.Annotated[str, msgspec.Meta(min_length=1)]


class Member(t.Protocol):
    """The type of one member of an object, or of the items of an array, as learned so far."""

    def learn(self, value: t.Any) -> bool:
        """Make the type accept a raw value. Return True if the type changed."""

    def compile(self) -> tuple[t.Any, Converter | None, frozenset[type]]:
        """Return the msgspec type, the conversion, and the types that are not converted."""


class AnyMember:
    """A value of any type. The conversion decides what becomes of it."""

    def __init__(self, convert: Converter | None, kept: frozenset[type] = _NO_VALUES) -> None:
        self._convert = convert
        self._kept = kept

    def learn(self, value: t.Any) -> bool:  # noqa: ARG002 - every value is accepted
        """Return False."""
        return False

    def compile(self) -> tuple[t.Any, Converter | None, frozenset[type]]:
        """Return the type `Any` and the conversion."""
        return t.Any, self._convert, self._kept


class TypedMember:
    """A value of the types that its column expects. After any other value, of any type."""

    def __init__(
        self, kinds: frozenset[type], convert: Converter, *, is_unchanged: bool = False
    ) -> None:
        """Prepare.

        Args:
            kinds: The types that the column expects.
            convert: The conversion of the column.
            is_unchanged: True if the conversion returns values of these types unchanged.
        """
        self._kinds = kinds
        self._convert = convert
        self._kept = _NO_VALUES | kinds if is_unchanged else _NO_VALUES
        self._needs_conversion = not is_unchanged
        self._is_any = False

    def learn(self, value: t.Any) -> bool:
        """Accept any value from now on if this value has an unexpected type."""
        if self._is_any or value is None or type(value) in self._kinds:
            return False
        self._is_any = self._needs_conversion = True
        return True

    def compile(self) -> tuple[t.Any, Converter | None, frozenset[type]]:
        """Return the type, and the conversion if values need one."""
        json_types: t.Any = functools.reduce(operator.or_, self._kinds - {decimal.Decimal}, None)
        return (
            t.Any if self._is_any else json_types,
            self._convert if self._needs_conversion else None,
            self._kept,
        )


class ArrayMember:
    """An array of values or objects. After any other value, a value of any type."""

    def __init__(self, item: Member, convert: Converter) -> None:
        """Prepare.

        Args:
            item: The items.
            convert: The conversion of a value that is not such an array.
        """
        self._item = item
        self._convert = convert
        self._is_any = False

    def learn(self, value: t.Any) -> bool:
        """Learn the items of an array."""
        if self._is_any or value is None:
            return False
        if type(value) is not list:
            self._is_any = True
            return True
        changes = [self._item.learn(item) for item in value]
        return any(changes)

    def compile(self) -> tuple[t.Any, Converter | None, frozenset[type]]:
        """Return the type, and the conversion if items need one."""
        item_type, convert, _ = self._item.compile()
        if self._is_any or (convert is not None and not isinstance(self._item, ObjectMember)):
            return t.Any, self._convert, _NO_VALUES
        items = list[item_type | None]  # type: ignore[valid-type]
        return items | None, None if convert is None else _each(convert), _NO_VALUES


class ObjectMember:
    """An object with the columns of a schema, or the record itself."""

    def __init__(
        self, schema: Schema, prefix: str, caster: Caster, required: Collection[str] = ()
    ) -> None:
        """Prepare.

        Args:
            schema: JSON Schema of the object, with `properties`.
            prefix: The path of the object, with a dot at its end.
            caster: Makes the conversions.
            required: Text columns that every record must have.
        """
        self._schema = schema
        self._prefix = prefix
        self._caster = caster
        self._required = required
        self._is_any = False
        self._largest = 0
        self._members: dict[str, Member] = {}

    def learn(self, value: t.Any) -> bool:
        """Learn the members of an object: their order and their types."""
        if self._is_any or value is None:
            return False
        if type(value) is not dict or len(value) > MAX_MEMBERS:
            self._is_any = True
            return True
        order = self._order_with(value)
        is_changed = order != list(self._members)
        self._members = {name: self._members.get(name) or self._member(name) for name in order}
        self._largest = max(self._largest, len(value))
        changes = [
            self._members[name].learn(member)
            for name, member in value.items()
            if name in self._members
        ]
        return is_changed or any(changes)

    def _order_with(self, value: Record) -> list[str]:
        """Return the names of all members, in an order that fits the value, if possible.

        If the orders of two objects contradict each other, the larger object decides.
        """
        own = list(self._members)
        names = [name for name in value if not _ESCAPED.search(name)]
        merged = merge_names(own, names)
        if merged is None and len(value) >= self._largest:
            merged = names
        if merged is None or len(merged) > MAX_MEMBERS:
            return own
        return merged

    def _member(self, name: str) -> Member:
        """Return the member of a name, by its column in the schema."""
        column = self._schema["properties"].get(name, {})
        if column is False:
            return AnyMember(_remove, frozenset({msgspec.UnsetType}))
        return member_of(column, f"{self._prefix}{name}", self._caster)

    def compile(self) -> tuple[t.Any, Converter | None, frozenset[type]]:
        """Return the msgspec type, and the conversion of the members that need one."""
        if self._is_any:
            path = self._prefix.removesuffix(".")
            return t.Any, self._caster.converter(self._schema, path), _NO_VALUES
        record_type, steps, _ = self.compile_object()
        return record_type | None, _finish(steps) if steps else None, _NO_VALUES

    def compile_object(self) -> tuple[type, list[Step], dict[str, str]]:
        """Return the msgspec type, the conversions, and the attribute of each member."""
        fields: list[tuple[t.Any, ...]] = []
        steps: list[Step] = []
        attributes = {name: f"m{number}" for number, name in enumerate(self._members)}
        for name, attribute in attributes.items():
            member_type, convert, kept = self._members[name].compile()
            if name in self._required:
                fields.append((attribute, _FilledText))
                continue
            fields.append((attribute, member_type | msgspec.UnsetType, msgspec.UNSET))
            if convert is not None:
                steps.append((attribute, convert, kept))
        renamed = {attribute: name for name, attribute in attributes.items()}
        record_type = msgspec.defstruct("Object", fields, rename=renamed, kw_only=True, gc=False)
        return record_type, steps, attributes


def member_of(column: Schema, path: str, caster: Caster, *, is_item: bool = False) -> Member:
    """Return the member of a column, or the item of an array. `path` leads to its value."""
    convert = caster.converter(column, path, is_item=is_item)
    unchanged = UNCHANGED_TYPES.get(convert)
    if unchanged is not None:
        return TypedMember(unchanged, convert, is_unchanged=True)
    types = column.get("type", ())
    names = {types} if isinstance(types, str) else {*types} - {"null"}
    if names == {"string"}:
        return TypedMember(frozenset({str}), convert)
    if names == {"object"} and "properties" in column:
        return ObjectMember(column, f"{path}.", caster)
    if names == {"array"}:
        items = column.get("items")
        item: Member = AnyMember(None)
        if items is not None:
            item = member_of(items, f"{path}[]", caster, is_item=True)
        return ArrayMember(item, convert)
    return AnyMember(None)


def merge_names(known: list[str], received: list[str]) -> list[str] | None:
    """Return both lists as one in which the order of each list is kept, or None if there is none.

    Example:
        >>> merge_names(["a", "c"], ["a", "b", "c", "d"])
        ['a', 'b', 'c', 'd']
        >>> merge_names(["a", "b"], ["b", "a"]) is None
        True
    """
    known_names, received_names = set(known), set(received)
    if [name for name in received if name in known_names] != [
        name for name in known if name in received_names
    ]:
        return None
    merged: list[str] = []
    rest = iter(known)
    for name in received:
        if name in known_names:
            for other in rest:
                merged.append(other)
                if other == name:
                    break
        else:
            merged.append(name)
    return [*merged, *rest]


def _finish(steps: Sequence[Step]) -> Converter:
    """Return a function that converts members of an object in place."""

    def finish(record: t.Any) -> t.Any:
        for attribute, convert, kept in steps:
            value = getattr(record, attribute)
            if type(value) not in kept:
                setattr(record, attribute, convert(value))
        return record

    return finish


def _each(convert: Converter) -> Converter:
    """Return a function that converts the objects of an array in place."""

    def convert_items(items: list[t.Any]) -> list[t.Any]:
        for index, item in enumerate(items):
            if item is not None:
                items[index] = convert(item)
        return items

    return convert_items


def _remove(value: t.Any) -> t.Any:  # noqa: ARG001 - the value is left out
    """Return the sign for a member that is not written."""
    return msgspec.UNSET
