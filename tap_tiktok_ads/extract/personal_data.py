"""Personal data: the setting `pii` keeps, hashes or drops it.

Personal are names, e-mail addresses and phone numbers of contacts, and names of private persons,
such as authors of comments. A number in a messaging app counts as a phone number. Public texts are
not personal: names of ad accounts, campaigns and Business Centers, company addresses, and the names
of TikTok accounts that publish ads.
"""

from __future__ import annotations

import hashlib
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.extract.pages import Record

    Schema = Mapping[str, t.Any]
    #: Personal columns by name: None, or the personal columns of a nested object.
    Columns = dict[str, "Columns | None"]

#: Names of columns that are personal in every stream and nested object.
PERSONAL_COLUMNS = frozenset(
    {
        "contacter",
        "email",
        "cellphone_number",
        "telephone_number",
        "phone_number",
        "contact_name",
        "contact_email",
        "messaging_app_account_id",
        "message_app_account_id",
    }
)
#: Names of columns that are personal in one stream only.
PERSONAL_COLUMNS_BY_STREAM = {
    "comments": frozenset({"user_name"}),
    "budget_changes": frozenset({"operator_name"}),
    "invoices": frozenset({"emails"}),
    "leads": frozenset({"value"}),  # of fields, which can have any label
    "change_log": frozenset({"operator"}),
}
#: Modes of streams without the setting `pii`, if they do not keep personal data.
DEFAULT_MODE_BY_STREAM = {"leads": "hash"}


class PersonalData:
    """The columns of a stream that hold names and addresses of people.

    Attributes:
        schema: The JSON Schema of the stream, without the columns that are dropped.
    """

    def __init__(self, schema: dict[str, t.Any], mode: str | None, stream: str = "") -> None:
        """Prepare.

        Args:
            schema: The JSON Schema of the stream.
            mode: The setting `pii`: keep, hash or drop. None means the default of the stream.
            stream: Name of the stream.
        """
        names = PERSONAL_COLUMNS | PERSONAL_COLUMNS_BY_STREAM.get(stream, frozenset())
        self._columns = _personal_columns(schema, names)
        self._mode = DEFAULT_MODE_BY_STREAM.get(stream, "keep") if mode is None else mode
        self.schema = _without(schema, self._columns) if mode == "drop" else schema

    @property
    def paths(self) -> Sequence[str]:
        """The personal columns. Dots lead to nested ones."""
        return list(_paths(self._columns, ""))

    def transforms(self) -> Sequence[Callable[[Record], Record]]:
        """Return the functions that a record passes before it is cast."""
        if not self._columns or self._mode == "keep":
            return ()
        return (self._hash,) if self._mode == "hash" else (self._drop,)

    def _drop(self, record: Record) -> Record:
        return t.cast("Record", _dropped(record, self._columns))

    def _hash(self, record: Record) -> Record:
        return t.cast("Record", _hashed(record, self._columns))


def _personal_columns(schema: Schema, names: frozenset[str]) -> Columns:
    """Return the personal columns of an object, or of the objects of an array."""
    columns: Columns = {}
    for name, column in _properties(schema).items():
        if nested := _personal_columns(column, names):
            columns[name] = nested
        elif name in names and not _is_flag(column):
            columns[name] = None
    return columns


def _properties(schema: t.Any) -> Schema:
    """Return the columns of an object, or of the objects of an array."""
    if not isinstance(schema, dict):
        return {}
    properties: Schema = schema.get("properties") or _properties(schema.get("items"))
    return properties


def _is_flag(column: t.Any) -> bool:
    """Return True for a boolean, such as "the pixel uses the email address"."""
    return isinstance(column, dict) and "boolean" in column.get("type", ())


def _without(schema: dict[str, t.Any], columns: Columns) -> dict[str, t.Any]:
    """Return a copy of a JSON Schema without columns."""
    if "properties" not in schema:
        return schema | {"items": _without(schema["items"], columns)}
    properties = {}
    for name, column in schema["properties"].items():
        nested = columns.get(name, {})
        if nested is not None:
            properties[name] = _without(column, nested) if nested else column
    return schema | {"properties": properties}


def _paths(columns: Columns, prefix: str) -> Iterator[str]:
    """Yield the paths of columns."""
    for name, nested in columns.items():
        if nested is None:
            yield prefix + name
        else:
            yield from _paths(nested, f"{prefix}{name}.")


def _dropped(value: t.Any, columns: Columns) -> t.Any:
    """Return a copy of an object, or of an array of objects, without columns."""
    if isinstance(value, list):
        return [_dropped(item, columns) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _dropped(item, columns[name] or {}) if name in columns else item
        for name, item in value.items()
        if columns.get(name, {}) is not None
    }


def _hashed(value: t.Any, columns: Columns) -> t.Any:
    """Return a copy of an object, or of an array of objects, with hashes in columns."""
    if isinstance(value, list):
        return [_hashed(item, columns) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _hash_or_descend(item, columns[name]) if name in columns else item
        for name, item in value.items()
    }


def _hash_or_descend(value: t.Any, nested: Columns | None) -> t.Any:
    """Return the SHA-256 of a value or of each item, or the nested object with hashes.

    An empty value becomes None.
    """
    if nested is not None:
        return _hashed(value, nested)
    if isinstance(value, list):
        return [_hash_or_descend(item, None) for item in value]
    return None if value in (None, "") else hashlib.sha256(str(value).encode()).hexdigest()
