"""Hints of `sample`: what a custom stream still needs, from its definition and its sample. Pure."""

from __future__ import annotations

import json
import re
import typing as t

from tap_tiktok_ads.config.custom_requests import ADVERTISER_MACRO
from tap_tiktok_ads.config.custom_streams import WINDOW_MACROS
from tap_tiktok_ads.extract import json_paths, macros

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_tiktok_ads.cli.sample_definition import Definition
    from tap_tiktok_ads.config.custom_streams import CustomStreamDefinition

_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T].*)?", re.ASCII)
_ID_COLUMN = re.compile(r"(\w+_)?id")
_WORD = re.compile(r"[A-Za-z]\w*")


def hints_for_saved(
    definition: Definition, records: Sequence[Mapping[str, t.Any]]
) -> Iterator[str]:
    """Yield what is easy to miss in a saved custom stream.

    Args:
        definition: The custom stream, with the path of its records.
        records: Typed records of one response.
    """
    entry = definition.entry
    owner = [] if entry.get("per_advertiser") is False else [ADVERTISER_MACRO]
    key = id_column(records, f"{entry['url']} {entry['records_path']}")
    keys = f'"primary_keys": {json.dumps([*owner, key])}' if key else "primary_keys"
    yield f"add {keys}, which identify a record. Without keys, each load appends all records again."
    request = {name: entry[name] for name in ("params", "body") if name in entry}
    if any(map(_DATE.fullmatch, macros.strings(request))):
        names = " and ".join(f"{{{name}}}" for name in WINDOW_MACROS)
        yield f"every run reads the same days, because the dates are fixed. Write {names} instead."
    if owner and definition.advertiser is not None:
        yield (
            "the stream reads every advertiser of the settings: {advertiser_id} replaced "
            f"{definition.advertiser}."
        )


def hint_for_nested(definition: CustomStreamDefinition, document: t.Any) -> str | None:
    """Return how records get the ID of the object that they are nested in, or None.

    Args:
        definition: The custom stream.
        document: The response.
    """
    path = definition.records_path
    if path.count("[*]") < 2 or definition.metadata:  # noqa: PLR2004 - an array in an array
        return None
    parent = f"{path.rsplit('[*]', 2)[0]}[*]"
    column = id_column(json_paths.find(parent, document), f"{definition.path} {parent}")
    example = f", for example {json.dumps({column: f'{parent}.{column}'})}" if column else ""
    return (
        f"the records lack the values of the objects at {parent} that they are in. Add them with "
        f"metadata_path{example}."
    )


def id_column(records: Sequence[Mapping[str, t.Any]], names: str) -> str | None:
    """Return the column that identifies a record, or None if no column obviously does.

    Example:
        >>> id_column([{"bc_id": 1, "store_id": 7}, {"bc_id": 2, "store_id": 8}], "/store/list/")
        'store_id'

    Args:
        records: Records of one response.
        names: Text with names of the records, such as their endpoint.
    """
    columns = list(_unique_id_columns(records))
    words = [word.removesuffix("s") for word in _WORD.findall(names)]
    named = [column for column in columns if _is_named(column, words)]
    candidates = named or (columns if len(records) > 1 else [])
    return candidates[0] if len(candidates) == 1 else None


def _unique_id_columns(records: Sequence[Mapping[str, t.Any]]) -> Iterator[str]:
    """Yield the ID columns with a different value in each record."""
    for name in records[0] if records else ():
        if name != ADVERTISER_MACRO and _ID_COLUMN.fullmatch(name):
            values = [record.get(name) for record in records]
            if _is_unique(values):
                yield name


def _is_named(column: str, words: Sequence[str]) -> bool:
    """Return True if one of the words names the object of an ID column."""
    return any(word.endswith(column.removesuffix("_id")) for word in words)


def _is_unique(values: Sequence[t.Any]) -> bool:
    """Return True if the values are different IDs."""
    is_filled = all(isinstance(value, (str, int)) and value != "" for value in values)
    return is_filled and len(set(values)) == len(values)
