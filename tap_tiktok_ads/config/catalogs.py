"""Singer catalogs, as the SDK reads them and as Meltano writes them."""

from __future__ import annotations

import typing as t

from singer_sdk.singerlib import Catalog, MetadataMapping

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import closest_match
from tap_tiktok_ads.config.values import describe_value

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterable, Mapping

    from singer_sdk.singerlib import CatalogEntry

#: Names of the replication method in the metadata of a stream. Meltano writes the first one.
METHOD_NAMES = ("replication-method", "forced-replication-method")
REPLICATION_METHODS = ("FULL_TABLE", "INCREMENTAL")


def parse_catalog(content: Mapping[str, t.Any]) -> Catalog:
    """Return the catalog of a JSON document.

    A replication method in the metadata of a stream overrides the one that discovery writes.

    Raises:
        ConfigError: A replication method does not exist.
        KeyError, TypeError, AttributeError: The document is not a Singer catalog.
    """
    catalog = Catalog.from_dict(dict(content))
    for stream in content["streams"]:
        method = _replication_method(stream)
        if method is not None:
            catalog[stream["tap_stream_id"]].replication_method = method
    return catalog


def _replication_method(stream: Mapping[str, t.Any]) -> str | None:
    """Return the replication method in the metadata of a stream, or None.

    Raises:
        ConfigError: It does not exist.
    """
    for item in stream.get("metadata", ()):
        methods = [item["metadata"].get(name) for name in METHOD_NAMES]
        method = next(filter(None, methods), None)
        if item["breadcrumb"] or method is None:
            continue
        if method not in REPLICATION_METHODS:
            msg = (
                f"Catalog: the replication method of stream {stream['tap_stream_id']!r} must be "
                f"one of {', '.join(REPLICATION_METHODS)}, got {describe_value(method)}."
            )
            raise ConfigError(msg)
        return str(method)
    return None


def selected_streams(catalog: Catalog | None) -> Catalog | None:
    """Return a catalog of the selected streams, or None without a catalog."""
    if catalog is None:
        return None
    return Catalog(
        {
            name: entry
            for name, entry in catalog.items()
            if MetadataMapping({(): entry.metadata.root}).resolve_selection()[()]
        }
    )


def take_aliases(entries: Iterable[CatalogEntry]) -> dict[str, str]:
    """Return the names under which streams are written, by stream, and remove them.

    Only the names that differ from the stream are returned. The SDK finds the stream maps of a
    stream by its own name.
    """
    aliases = {}
    for entry in entries:
        if entry.stream and entry.stream != entry.tap_stream_id:
            aliases[entry.tap_stream_id] = entry.stream
            entry.stream = entry.tap_stream_id
    return aliases


def warn_of_unknown(
    names: Collection[str], known_names: Collection[str], logger: logging.Logger
) -> None:
    """Warn of streams of a catalog that do not exist, or no longer."""
    for name in sorted(set(names) - set(known_names)):
        match = closest_match(name, known_names)
        logger.warning(
            "Skipping stream %r of the catalog, because it does not exist.%s Run --discover again.",
            name,
            f" Did you mean {match!r}?" if match else "",
        )


def warn_of_uncataloged(
    names: Collection[str], custom_names: Collection[str], logger: logging.Logger
) -> None:
    """Warn of custom streams and reports that a catalog does not name."""
    uncataloged = sorted(set(custom_names) - set(names))
    if uncataloged:
        logger.warning(
            "Skipping streams that are not in the catalog: %s. Run --discover again.",
            ", ".join(uncataloged),
        )
