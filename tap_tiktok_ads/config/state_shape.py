"""Check of the shape of a state. The values of bookmarks are checked where they are used."""

from __future__ import annotations

import json
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.values import describe_value

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Mapping

#: Members of bookmarks and partitions whose values the SDK reads as objects.
OBJECT_MEMBERS = ("progress_markers",)
#: Members of a bookmark that this tap writes. Each bookmark that is not empty has one of them.
OWN_MEMBERS = frozenset({"partitions", "metrics"})


def check_shape(state: Mapping[str, t.Any], label: str) -> None:
    """Check that the SDK can read a state.

    Args:
        state: The state, with bookmarks by stream.
        label: The kind and the name of the file, for messages.

    Raises:
        ConfigError: A member has another type. The message names the path of the member.
    """
    bookmarks = _member(state, "bookmarks", dict, label, "")
    for stream, bookmark in bookmarks.items():
        path = f"bookmarks.{stream}"
        _check_type(bookmark, dict, label, path)
        _check_object_members(bookmark, label, path)
        contexts: set[str] = set()
        for index, partition in enumerate(_member(bookmark, "partitions", list, label, path)):
            partition_path = f"{path}.partitions[{index}]"
            _check_type(partition, dict, label, partition_path)
            _check_object_members(partition, label, partition_path)
            context = partition.get("context")
            _check_type(context, dict, label, f"{partition_path}.context")
            identity = json.dumps(context, sort_keys=True)
            if identity in contexts:
                msg = (
                    f"{label} has two partitions with the context {context!r:.100} in {path!r}. "
                    "Remove one of them."
                )
                raise ConfigError(msg)
            contexts.add(identity)


def warn_of_foreign_bookmarks(
    state: Mapping[str, t.Any], known_names: Collection[str], logger: logging.Logger
) -> None:
    """Warn of bookmarks without effect, as in the state of another tap.

    Args:
        state: The state. `check_shape` accepted it.
        known_names: The streams of this tap.
        logger: The logger.
    """
    bookmarks = state.get("bookmarks", {})
    foreign = [
        name
        for name, bookmark in bookmarks.items()
        if name not in known_names or (bookmark and not bookmark.keys() & OWN_MEMBERS)
    ]
    if foreign:
        logger.warning(
            "Ignoring bookmarks of the state that this tap cannot use: %s. If another tap wrote "
            "the state, `tap-tiktok-ads state convert` may convert it.",
            ", ".join(sorted(foreign)),
        )


def _member(parent: Mapping[str, t.Any], name: str, kind: type, label: str, path: str) -> t.Any:
    """Return a member of an object, empty if it is absent."""
    value = parent.get(name, kind())
    _check_type(value, kind, label, f"{path}.{name}".lstrip("."))
    return value


def _check_object_members(parent: Mapping[str, t.Any], label: str, path: str) -> None:
    for name in OBJECT_MEMBERS:
        _member(parent, name, dict, label, path)


def _check_type(value: t.Any, kind: type, label: str, path: str) -> None:
    """Raise `ConfigError` if a value is not of a JSON type."""
    if not isinstance(value, kind):
        expected = "a list" if kind is list else "an object"
        msg = (
            f"{label} is damaged: expected {path!r} to be {expected}, got {describe_value(value)}. "
            "Correct the member, or remove the stream from the state to read it from its start."
        )
        raise ConfigError(msg)
