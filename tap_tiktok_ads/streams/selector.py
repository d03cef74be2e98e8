"""The streams and columns that the setting `streams` selects, with or without a catalog."""

from __future__ import annotations

import typing as t

from singer_sdk.singerlib import Metadata

from tap_tiktok_ads.config.selection import Selection
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from singer_sdk import Stream
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_tiktok_ads.config.selection import Columns

#: Built-in streams that are not selected by default. Users define all others.
NOT_BY_DEFAULT = frozenset(entry.name for entry in STREAMS if not entry.selected_by_default)


def no_columns() -> None:
    """Return None: the columns are not known before the stream is read."""


class StreamSelector:
    """Selects streams by the patterns of the setting `streams`.

    Without a catalog, the patterns select. With a catalog, they narrow its selection.
    """

    def __init__(self, patterns: t.Any, columns: Mapping[str, Columns]) -> None:
        """Check the patterns.

        Args:
            patterns: The value of the setting.
            columns: The columns of all streams, by name of the stream.

        Raises:
            ConfigError: A pattern matches nothing.
        """
        self._selection = Selection.parse(patterns)
        self._selection.check(columns)
        self._columns = columns

    def selected_names(self, catalog: Catalog | None) -> list[str]:
        """Return the selected streams.

        Args:
            catalog: The selected streams of the catalog, or None without a catalog.
        """
        return [name for name in self._columns if self._is_selected(name, catalog)]

    def _is_selected(self, name: str, catalog: Catalog | None) -> bool:
        if catalog is not None and name not in catalog:
            return False
        default = catalog is not None or name not in NOT_BY_DEFAULT
        return self._selection.selects(name, self._columns[name], default=default)

    def narrow(
        self, streams: Iterable[Stream], catalog: Catalog | None, logger: logging.Logger
    ) -> None:
        """Apply the patterns to the metadata of streams, or of their entries in the catalog."""
        if not self._selection:
            return
        for stream in streams:
            is_selected = self._is_selected(stream.name, catalog)
            if catalog is None:
                stream.metadata.root.selected = is_selected
                self._narrow_columns(stream, stream.metadata)
            elif stream.name in catalog:
                entry = catalog[stream.name]
                if not is_selected:
                    entry.metadata.root.selected = False
                self._narrow_columns(stream, entry.metadata)
        if catalog is not None:
            self._warn_of_unselected(catalog, logger)

    def _warn_of_unselected(self, catalog: Catalog, logger: logging.Logger) -> None:
        """Warn of streams that the patterns name, and that the catalog does not select."""
        for name in self._selection.named_streams():
            if name not in catalog or catalog[name].metadata.root.selected is False:
                logger.warning(
                    "Skipping stream %r of the setting 'streams', because the catalog does not "
                    "select it.",
                    name,
                )

    def _narrow_columns(self, stream: Stream, metadata: MetadataMapping) -> None:
        """Deselect the excluded columns. Keys and the replication key stay selected."""
        columns = stream.schema["properties"]
        for name in self._selection.excluded_columns(stream.name, columns):
            column = metadata["properties", name]
            if column.inclusion is not Metadata.InclusionType.AUTOMATIC:
                column.selected = False
