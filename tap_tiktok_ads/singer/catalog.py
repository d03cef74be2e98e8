"""What an input catalog changes in a stream."""

from __future__ import annotations

import typing as t

from singer_sdk.singerlib import Metadata, Schema

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from singer_sdk.singerlib import CatalogEntry

_AVAILABLE = Metadata.InclusionType.AVAILABLE
_AUTOMATIC = Metadata.InclusionType.AUTOMATIC


def fit_entry(
    entry: CatalogEntry, schema: Mapping[str, t.Any], automatic: Collection[str]
) -> list[str]:
    """Change a catalog entry so that its columns and its selection agree.

    A column that its schema leaves out is deselected, so it is neither requested nor written. Keys
    and the replication key are always written.

    Args:
        entry: The entry of the stream.
        schema: The schema of the stream.
        automatic: The keys and the replication key.

    Returns:
        The columns of the stream that the catalog leaves out, sorted.
    """
    own_columns = schema["properties"]
    columns = entry.schema.to_dict().get("properties") or own_columns
    restored = {name: own_columns[name] for name in own_columns if name in automatic}
    columns = {**{name: restored[name] for name in restored if name not in columns}, **columns}
    fitted: t.Any = {**schema, **entry.schema.to_dict(), "properties": columns}
    entry.schema = Schema.from_dict(fitted)
    known = {path[1] for path in entry.metadata if len(path) == 2}  # noqa: PLR2004 - top level
    for name in {*own_columns, *known} - columns.keys():
        entry.metadata["properties", name] = Metadata(_AVAILABLE, selected=False)
    for name in automatic:
        entry.metadata["properties", name] = Metadata(_AUTOMATIC)
    return sorted(own_columns.keys() - columns.keys())


def fields_left_out(
    record: Mapping[str, t.Any], columns: Mapping[str, t.Any], keys: Collection[str]
) -> list[str]:
    """Return the fields of a record that the catalog of a stream without own schema leaves out.

    A column that was removed from the catalog cannot be told from a new one. A catalog that has
    the keys only leaves nothing out: it was written before there were records.
    """
    return sorted(record.keys() - columns) if columns.keys() - keys else []
