"""Files that the command line names: configuration, catalog and state."""

from __future__ import annotations

import io
import json
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.catalogs import parse_catalog
from tap_tiktok_ads.config.state_shape import check_shape
from tap_tiktok_ads.config.values import describe_value

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib import Catalog

#: Next step after a file with several JSON values, such as the output of a run as a state.
SEVERAL_VALUES_ADVICE = "Keep one JSON object, for a state the last STATE message of a run."


def read_json(name: str, label: str, opener: Callable[[str], t.IO[str]]) -> dict[str, t.Any]:
    """Return the JSON object in a file of UTF-8 or UTF-16, with or without a byte order mark.

    Args:
        name: Name of the file.
        label: The kind and the name of the file, for messages.
        opener: Function that opens the file.

    Raises:
        ConfigError: The file cannot be read, or does not hold a JSON object.
    """
    try:
        with opener(name) as file:
            content = json.loads(_bytes(file))  # which detects the encoding
    except UnicodeDecodeError:
        msg = f"{label} is neither UTF-8 nor UTF-16 text. Save the file as UTF-8."
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"{label} cannot be read: {error.strerror}. Check the path and its permissions."
        raise ConfigError(msg) from None
    except json.JSONDecodeError as error:
        advice = SEVERAL_VALUES_ADVICE if error.msg == "Extra data" else "Correct the file."
        msg = (
            f"{label} is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}. "
            f"{advice}"
        )
        raise ConfigError(msg) from None
    except (ValueError, RecursionError):
        msg = (
            f"{label} is nested too deeply, or has a number with too many digits. Correct the file."
        )
        raise ConfigError(msg) from None
    if not isinstance(content, dict):
        msg = f"{label} must contain a JSON object, got {describe_value(content)}."
        raise ConfigError(msg)
    return content


def _bytes(file: t.IO[str]) -> str | bytes:
    """Return the content of a file as it is stored. Texts in memory have no bytes."""
    return file.buffer.read() if isinstance(file, io.TextIOWrapper) else file.read()


def read_state(file: t.IO[str] | None) -> dict[str, t.Any] | None:
    """Return the state in a file, or None without a file.

    The file holds a state, or a complete STATE message.

    Raises:
        ConfigError: The file does not hold a state of this tap.
    """
    if file is None:
        return None
    label = f"State file {file.name}"
    state = read_json(file.name, label, lambda _: file)
    if state.get("type") == "STATE":
        state = state.get("value")  # type: ignore[assignment]  # checked next
        if not isinstance(state, dict):
            msg = (
                f"{label} is damaged: expected 'value' of the STATE message to be an object, "
                f"got {describe_value(state)}. Pass the last STATE message of a run."
            )
            raise ConfigError(msg)
    check_state(state, label, file.name)
    return state


def check_state(state: dict[str, t.Any], label: str, name: str) -> None:
    """Check that a state is one of this tap.

    Args:
        state: The state.
        label: The kind and the name of the file, for messages.
        name: Name of the file.

    Raises:
        ConfigError: It is not.
    """
    if state and "bookmarks" not in state:
        msg = (
            f"{label} is not a state of this tap, because it has no member 'bookmarks'. Pass the "
            "last STATE message of a run."
        )
        raise ConfigError(msg)
    bookmarks = state.get("bookmarks")
    if isinstance(bookmarks, dict) and any(map(_is_singer_io_bookmark, bookmarks.values())):
        msg = (
            f"{label} was written by singer-io's tap. Convert it with "
            f"`tap-tiktok-ads state convert {name} --output FILE`."
        )
        raise ConfigError(msg)
    check_shape(state, label)


def _is_singer_io_bookmark(bookmark: t.Any) -> bool:
    """Return True if the bookmark of a stream holds a time for each advertiser."""
    return (
        isinstance(bookmark, dict)
        and bool(bookmark)
        and all(name.isdigit() and isinstance(value, str) for name, value in bookmark.items())
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
            return parse_catalog(content)
    except (KeyError, TypeError, AttributeError):
        pass
    msg = (
        f"Catalog file {file.name} is not a Singer catalog: expected an object with a list "
        "'streams'. Write a catalog with --discover."
    )
    raise ConfigError(msg)
