"""The setting `streams`: patterns of the streams and columns that a run reads."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import closest_match
from tap_tiktok_ads.config.values import describe_value

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    #: Returns the columns of a stream, or None if they are not known before it is read.
    Columns = Callable[[], Collection[str] | None]

#: Characters that make a name a pattern of several names.
WILDCARDS = frozenset("*?[")
#: The pattern of all streams, or of all columns.
EVERYTHING = "*"
#: Where users write patterns, for messages. Both are the same setting.
PLACE = "Setting 'streams' (--select)"
#: The character in front of a pattern that excludes.
EXCLUSION = "!"


@dataclasses.dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern: `campaigns`, `ad_*`, `ads.ad_name` or `!ads.landing_page_url`.

    Attributes:
        stream: Name of a stream, which may contain wildcards.
        column: Name of a column, which may contain wildcards. `*` stands for the complete stream.
        excludes: True if the pattern excludes what it matches.
    """

    stream: str
    column: str
    excludes: bool

    @classmethod
    def parse(cls, text: t.Any) -> Pattern:
        """Return the pattern of a text.

        Raises:
            ConfigError: The text is not a pattern.
        """
        if isinstance(text, str):
            names = text.strip().removeprefix(EXCLUSION).strip()
            stream, dot, column = names.partition(".")
            if stream and bool(dot) == bool(column):
                return cls(stream, column or EVERYTHING, text.strip().startswith(EXCLUSION))
        msg = (
            f"{PLACE} must contain patterns such as 'campaigns', 'ad_*' or "
            f"'!ads.landing_page_url', got {describe_value(text)}."
        )
        raise ConfigError(msg)

    @property
    def is_complete(self) -> bool:
        """True if the pattern applies to complete streams."""
        return self.column == EVERYTHING

    @property
    def names_stream(self) -> bool:
        """True if the pattern contains the exact name of a stream."""
        return WILDCARDS.isdisjoint(self.stream)

    @property
    def named_columns(self) -> set[str]:
        """The column that the pattern names exactly."""
        return {self.column} if WILDCARDS.isdisjoint(self.column) else set()

    def matches(self, stream: str) -> bool:
        """Return True if the pattern applies to a stream."""
        return fnmatch.fnmatchcase(stream, self.stream)

    def has_column(self, columns: Columns) -> bool:
        """Return True if the pattern matches a column, or the columns are not known."""
        names = columns()
        return names is None or bool(self.matching_columns(names))

    def matching_columns(self, columns: Iterable[str]) -> set[str]:
        """Return the columns that the pattern matches."""
        return {name for name in columns if fnmatch.fnmatchcase(name, self.column)}


@dataclasses.dataclass(frozen=True)
class Selection:
    """The streams and columns that patterns select. An exclusion always prevails.

    Example:
        >>> selection = Selection.parse(["ads", "ad_*", "!ads.landing_page_url"])
        >>> selection.selects("ad_groups", lambda: ["adgroup_id"], default=False)
        True
        >>> selection.excluded_columns("ads", ["ad_id", "landing_page_url"])
        {'landing_page_url'}
    """

    patterns: tuple[Pattern, ...] = ()

    @property
    def _included(self) -> list[Pattern]:
        return [pattern for pattern in self.patterns if not pattern.excludes]

    @property
    def _excluded(self) -> list[Pattern]:
        return [pattern for pattern in self.patterns if pattern.excludes]

    def __bool__(self) -> bool:
        """Return True if there are patterns."""
        return bool(self.patterns)

    @classmethod
    def parse(cls, patterns: t.Any) -> Selection:
        """Return the selection of the setting `streams`. Without patterns, it changes nothing.

        Raises:
            ConfigError: A value is not a pattern.
        """
        return cls(tuple(Pattern.parse(pattern) for pattern in patterns or ()))

    def selects(self, stream: str, columns: Columns, *, default: bool) -> bool:
        """Return True if a stream is selected.

        Args:
            stream: Name of the stream.
            columns: Returns its columns. `*.spend` selects the streams with this column.
            default: True if the stream is selected as long as no pattern includes streams.
        """
        if any(pattern.is_complete and pattern.matches(stream) for pattern in self._excluded):
            return False
        if not self._included:
            return default
        return any(
            pattern.matches(stream)
            and (pattern.names_stream or pattern.is_complete or pattern.has_column(columns))
            for pattern in self._included
        )

    def excluded_columns(self, stream: str, columns: Collection[str]) -> set[str]:
        """Return the columns of a stream that are not selected.

        A pattern such as `ads.ad_name` selects this column only, unless another pattern selects
        the complete stream.

        Args:
            stream: Name of the stream.
            columns: Its columns. A column that a pattern excludes by its name can be another one.
        """
        excluded: set[str] = set()
        included = [pattern for pattern in self._included if pattern.matches(stream)]
        if included and not any(pattern.is_complete for pattern in included):
            kept = (pattern.matching_columns(columns) for pattern in included)
            excluded = set(columns).difference(*kept)
        for pattern in self._excluded:
            if pattern.matches(stream) and not pattern.is_complete:
                excluded |= pattern.matching_columns(columns) | pattern.named_columns
        return excluded

    def named_streams(self) -> list[str]:
        """Return the streams that the patterns include by their exact names."""
        return [pattern.stream for pattern in self._included if pattern.names_stream]

    def check(self, streams: Mapping[str, Columns]) -> None:
        """Return if every pattern matches a stream, and one of its columns.

        Args:
            streams: The columns of all streams, by name of the stream.

        Raises:
            ConfigError: Some do not. The message suggests similar names.
        """
        texts = [_problem(pattern, streams) for pattern in self.patterns]
        if any(texts):
            raise ConfigError(" ".join(filter(None, texts)))


def _problem(pattern: Pattern, streams: Mapping[str, Columns]) -> str:
    """Return a sentence about a pattern that matches nothing, or an empty text."""
    matched = {name: columns for name, columns in streams.items() if pattern.matches(name)}
    if not matched:
        hint = _hint(pattern.stream, streams, "The command `streams` lists all streams.")
        return f"{PLACE}: no stream matches {pattern.stream!r}. {hint}"
    if pattern.is_complete or any(map(pattern.has_column, matched.values())):
        return ""
    known_columns = {column for columns in matched.values() for column in columns() or ()}
    hint = _hint(pattern.column, known_columns, "--discover lists all columns.")
    return f"{PLACE}: no column of {pattern.stream!r} matches {pattern.column!r}. {hint}"


def _hint(name: str, known_names: Iterable[str], otherwise: str) -> str:
    """Return a sentence with the most similar name, or another sentence without one."""
    match = closest_match(name, known_names)
    return f"Did you mean {match!r}?" if match else otherwise
