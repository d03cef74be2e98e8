"""Changes that an input catalog makes to a stream."""

from __future__ import annotations

import typing as t

from singer_sdk.singerlib import Metadata, Schema

from tap_tiktok_ads.api.errors import ConfigError

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from singer_sdk.singerlib import CatalogEntry

_AVAILABLE = Metadata.InclusionType.AVAILABLE
_AUTOMATIC = Metadata.InclusionType.AUTOMATIC


def fit_entry(
    entry: CatalogEntry, schema: Mapping[str, t.Any], automatic: AbstractSet[str]
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

    Raises:
        ConfigError: A key is not a column.
    """
    own_columns = schema["properties"]
    stated: t.Any = entry.schema.to_dict()
    columns = _with_keys(stated.get("properties") or own_columns, own_columns, automatic)
    for name in sorted(automatic - columns.keys()):
        msg = (
            f"Catalog: key {name!r} of stream {entry.tap_stream_id!r} is not a column of its "
            "schema. Restore the keys that --discover writes."
        )
        raise ConfigError(msg)
    entry.schema = Schema.from_dict({**schema, **stated, "properties": columns})
    described_columns = {path[1] for path in entry.metadata if len(path) == 2}  # noqa: PLR2004 - top level
    for name in {*own_columns, *described_columns} - columns.keys():
        entry.metadata["properties", name] = Metadata(_AVAILABLE, selected=False)
    for name in automatic:
        entry.metadata["properties", name] = Metadata(_AUTOMATIC)
    return sorted(own_columns.keys() - columns.keys())


def _with_keys(
    columns: Mapping[str, t.Any], own_columns: Mapping[str, t.Any], keys: AbstractSet[str]
) -> dict[str, t.Any]:
    """Return the columns of a catalog, with the stream's columns of keys that it leaves out."""
    lacking = {name: own_columns[name] for name in own_columns if name in keys - columns.keys()}
    return {**lacking, **columns}


def catalog_keys(
    entry: CatalogEntry, own_keys: Sequence[str]
) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the keys of a stream, and the keys in its catalog entry that differ from its own.

    Keys at the top level of the entry count before keys in its metadata. An entry that states no
    keys leaves the keys of the stream.
    """
    stated = [
        keys
        for keys in (entry.key_properties, entry.metadata.root.table_key_properties)
        if keys is not None
    ]
    other_keys = next((keys for keys in stated if set(keys) != set(own_keys)), None)
    return tuple(stated[0] if stated else own_keys), other_keys


def fields_left_out(
    record: Mapping[str, t.Any], columns: Mapping[str, t.Any], keys: Collection[str]
) -> list[str]:
    """Return the fields of a record that the catalog of a stream without own schema leaves out.

    A column that was removed from the catalog looks like a new one. A catalog that has
    the keys only leaves nothing out: it was written before there were records.
    """
    return sorted(record.keys() - columns) if columns.keys() - keys else []
