"""Files that the command line names: configuration, catalog and state."""

from __future__ import annotations

import json
import typing as t

from singer_sdk.singerlib import Catalog, MetadataMapping

from tap_tiktok_ads.api.errors import ConfigError

if t.TYPE_CHECKING:
    from collections.abc import Callable


def read_json(name: str, what: str, opener: Callable[[str], t.IO[str]]) -> dict[str, t.Any]:
    """The JSON object in a file.

    Raises:
        ConfigError: there is no such file, or something else in it.
    """
    try:
        with opener(name) as file:
            content = json.load(file)
    except OSError as error:
        msg = f"{what} cannot be read: {error.strerror}."
        raise ConfigError(msg) from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"{what} is not JSON{where}."
        raise ConfigError(msg) from None
    if not isinstance(content, dict):
        msg = f"{what} does not hold a JSON object."
        raise ConfigError(msg)
    return content


def read_state(file: t.IO[str] | None) -> dict[str, t.Any] | None:
    """Return the state in a file, or None without a file.

    Raises:
        ConfigError: The file does not hold a state of this tap.
    """
    if file is None:
        return None
    state = read_json(file.name, f"State file {file.name}", lambda _: file)
    if state.get("type") == "STATE" and isinstance(state.get("value"), dict):
        state = state["value"]  # a whole STATE message
    bookmarks = state.get("bookmarks", None if state else {})
    if isinstance(bookmarks, dict) and any(map(_is_of_singer_io, bookmarks.values())):
        msg = (
            f"State file {file.name} is one of singer-io's tap: "
            "tap-tiktok-ads convert-state makes one for this tap of it."
        )
        raise ConfigError(msg)
    if not isinstance(bookmarks, dict) or not all(map(_is_bookmark, bookmarks.values())):
        msg = (
            f"State file {file.name} has no object of streams under 'bookmarks', each with a "
            "list of one partition for each advertiser."
        )
        raise ConfigError(msg)
    return state


def _is_of_singer_io(bookmark: t.Any) -> bool:
    """Whether a stream's part of a state holds a time for each advertiser."""
    return (
        isinstance(bookmark, dict)
        and bool(bookmark)
        and all(name.isdigit() and isinstance(value, str) for name, value in bookmark.items())
    )


def _is_bookmark(bookmark: t.Any) -> bool:
    """Whether a stream's part of a state has the shape that the SDK reads."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions", [])
    if not isinstance(partitions, list) or not all(isinstance(p, dict) for p in partitions):
        return False
    contexts = [partition.get("context") for partition in partitions]
    return all(
        isinstance(context, dict) and contexts.count(context) == 1 for context in contexts
    ) and all(
        isinstance(part.get("progress_markers", {}), dict) for part in (bookmark, *partitions)
    )


def selected_streams(catalog: Catalog | None) -> Catalog | None:
    """The streams of a catalog that are selected."""
    if catalog is None:
        return None
    return Catalog(
        {
            name: entry
            for name, entry in catalog.items()
            if MetadataMapping({(): entry.metadata.root}).resolve_selection()[()]
        }
    )


def read_catalog(file: t.IO[str] | None) -> Catalog | None:
    """Return the catalog in a file, or None without a file.

    Raises:
        ConfigError: The file does not hold a Singer catalog.
    """
    if file is None:
        return None
    content = read_json(file.name, f"Catalog file {file.name}", lambda _: file)
    try:
        if isinstance(content["streams"], list):
            return Catalog.from_dict(content)
    except (KeyError, TypeError, AttributeError):
        pass
    msg = f"Catalog file {file.name} is not a Singer catalog: write one with --discover."
    raise ConfigError(msg)
