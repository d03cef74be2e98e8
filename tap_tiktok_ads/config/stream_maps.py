"""Checks of the setting `stream_maps`, which the SDK ignores where a name is wrong."""

from __future__ import annotations

import ast
import fnmatch
import typing as t
from importlib.util import find_spec

from tap_tiktok_ads.about import DISTRIBUTION
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import closest_match

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator

#: The name of the generator of made-up values in expressions.
FAKE = "fake"


def check_stream_maps(stream_maps: t.Any, streams: Collection[str]) -> None:
    """Check that each map belongs to a stream, and that packages of its expressions are installed.

    Args:
        stream_maps: The value of the setting. The SDK checks its shape.
        streams: The names of all streams.

    Raises:
        ConfigError: A map is for an unknown stream, or needs `faker`, which is not installed.
    """
    if not isinstance(stream_maps, dict):
        return
    for name, definition in stream_maps.items():
        if not name.startswith("__"):
            _check_stream(_source(name, definition), streams)
    if any(map(_uses_fake, _expressions(stream_maps))) and not _has_faker():
        msg = (
            f"Setting 'stream_maps' uses '{FAKE}', which needs the package faker. Run "
            f"pip install '{DISTRIBUTION}[faker]'."
        )
        raise ConfigError(msg)


def describe_mapping_error(stream_maps: t.Any, error: Exception) -> str:
    """Return a sentence about an error of the SDK, with the stream and property of its expression.

    Args:
        stream_maps: The value of the setting.
        error: The error. Its message quotes the expression, and its cause is the syntax error.
    """
    cause = getattr(error.__cause__, "msg", None) or error.__cause__
    maps = stream_maps if isinstance(stream_maps, dict) else {}
    for stream, definition in maps.items():
        for name, expression in definition.items() if isinstance(definition, dict) else ():
            if cause and isinstance(expression, str) and str(error).endswith(f" {expression}."):
                return (
                    f"Setting 'stream_maps', stream {stream!r}, property {name!r}: expression "
                    f"{expression!r} cannot be used: {cause}. Correct the expression."
                )
    return f"Setting 'stream_maps' cannot be used: {str(error).rstrip('.')}. Correct the map."


def _source(name: str, definition: t.Any) -> str:
    """Return the stream or pattern that a map reads."""
    source = definition.get("__source__", name) if isinstance(definition, dict) else name
    return str(source)


def _check_stream(source: str, streams: Collection[str]) -> None:
    """Return if a stream or pattern matches a stream.

    Raises:
        ConfigError: It matches none.
    """
    if not any(fnmatch.fnmatch(stream, source) for stream in streams):
        match = closest_match(source, streams)
        hint = f"Did you mean {match!r}?" if match else "--discover lists the streams."
        msg = f"Setting 'stream_maps' has a map for the unknown stream {source!r}. {hint}"
        raise ConfigError(msg)


def _expressions(stream_maps: dict[str, t.Any]) -> Iterator[str]:
    """Yield the expressions of all maps."""
    for definition in stream_maps.values():
        if isinstance(definition, dict):
            yield from (text for text in definition.values() if isinstance(text, str))


def _uses_fake(expression: str) -> bool:
    """Return True if an expression uses the generator of made-up values."""
    try:
        tree = ast.parse(expression)
    except (SyntaxError, ValueError, RecursionError):
        return False  # the SDK reports it
    return any(isinstance(node, ast.Name) and node.id == FAKE for node in ast.walk(tree))


def _has_faker() -> bool:
    """Return True if the package faker is installed."""
    return find_spec("faker") is not None
