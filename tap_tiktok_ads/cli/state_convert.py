"""`tap-tiktok-ads state convert`: convert a state of singer-io's tap, or reset streams."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import click

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.config.files import read_json
from tap_tiktok_ads.config.state_documents import StateDocument
from tap_tiktok_ads.config.values import describe_value
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.day_ranges import DayRanges, parse_day
from tap_tiktok_ads.extract.lookback import DEFAULT_LOOKBACK_DAYS
from tap_tiktok_ads.singer.day_bookmarks import (
    COVERED,
    EARLIEST_DATE,
    READ_ONCE,
    SKIPPED,
    START_FLOOR,
)
from tap_tiktok_ads.singer.state import KEY, VALUE

if t.TYPE_CHECKING:
    import pendulum

#: Reports of singer-io/tap-tiktok-ads 1.1, with the streams of this tap that have equal records.
REPORTS = {
    "ad_insights": "ad_performance_report",
    "ad_insights_by_age_and_gender": "audience_report_by_age_gender",
    "ad_insights_by_country": "audience_report_by_country",
    "ad_insights_by_platform": "audience_report_by_platform",
}
#: Entities of singer-io/tap-tiktok-ads. This tap has no bookmark for its `advertisers`.
OBJECTS = {"campaigns": "campaigns", "adgroups": "ad_groups", "ads": "ads"}


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> t.Any:
    """Return the day of an option, or None without the option."""
    day = parse_day(text)
    if text is not None and day is None:
        msg = f"expected a day in the form YYYY-MM-DD, got {text!r:.60}."
        raise click.BadParameter(msg)
    return day


@click.command(
    "convert", short_help="Convert a state of singer-io/tap-tiktok-ads, or reset streams."
)
@click.argument("state", type=click.Path(path_type=Path))
@click.option(
    "--advertiser-id",
    "advertiser_ids",
    multiple=True,
    help="Advertiser of the bookmarks, if the state does not contain its ID. Repeatable.",
)
@click.option(
    "--start-date",
    metavar="YYYY-MM-DD",
    callback=_day,
    help="start_date of the other tap. Default: reports ignore their bookmarks and are read from "
    "the start_date of this tap.",
)
@click.option(
    "--lookback-days",
    type=click.IntRange(min=0),
    default=DEFAULT_LOOKBACK_DAYS,
    show_default=True,
    help="Number of days before the bookmarks that reports re-read.",
)
@click.option(
    "--with-objects",
    is_flag=True,
    help="Also convert the bookmarks of campaigns, ad groups and ads.",
)
@click.option(
    "--reset",
    "reset_names",
    metavar="STREAM",
    multiple=True,
    help="Stream that the next run re-reads from its start. Repeatable.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File for the new state. Default: stdout.",
)
def command(  # noqa: PLR0913 - one per option
    *,
    state: Path,
    advertiser_ids: tuple[str, ...],
    start_date: pendulum.Date | None,
    lookback_days: int,
    with_objects: bool,
    reset_names: tuple[str, ...],
    output: Path | None,
) -> None:
    """Convert a state of singer-io/tap-tiktok-ads, or reset streams of a state of this tap.

    With --start-date, reports continue from their bookmarks, with a lookback of --lookback-days.
    The other tap leaves out deleted objects. Therefore, the next run reads all campaigns, ad groups
    and ads unless --with-objects is set.

    With --reset, STATE is a state of this tap. The next run re-reads all days or objects of the
    streams.

    Example: tap-tiktok-ads state convert old.json --start-date 2026-01-01 --output state.json
    """
    old = read_json(str(state), f"State file {state}", open)
    if reset_names:
        common.write_json(output, reset(old, reset_names))
        return
    streams = REPORTS | OBJECTS if with_objects else REPORTS
    converter = Converter(start_date, lookback_days)
    common.write_json(output, converter.convert(old, streams, advertiser_ids))
    _report_unconverted(old, with_objects=with_objects)
    if start_date is None and old["bookmarks"].keys() & REPORTS:
        common.say(
            "The next run reads reports from start_date. To continue from their bookmarks instead, "
            "pass --start-date.",
            err=True,
        )


def _report_unconverted(old: dict[str, t.Any], *, with_objects: bool) -> None:
    """Print the streams whose bookmarks were not converted."""
    names = (old.get("bookmarks") or {}).keys()
    full = [] if with_objects else sorted(names & OBJECTS)
    if full:
        common.say(
            f"The next run reads all records of {', '.join(full)}. To convert their bookmarks, "
            "pass --with-objects.",
            err=True,
        )
    unknown = sorted(names - {*REPORTS, *OBJECTS, "advertisers"})
    if unknown:
        common.say(
            f"Skipped bookmarks without a stream in this tap: {', '.join(unknown)}.", err=True
        )


class Converter:
    """Converts the states of singer-io's tap."""

    def __init__(self, start_date: pendulum.Date | None, lookback_days: int) -> None:
        """Prepare.

        Args:
            start_date: First day that the other tap read, or None if it is unknown.
            lookback_days: Days before a bookmark that are read again.
        """
        self._start_date = start_date
        self._lookback_days = lookback_days

    def convert(
        self, old: dict[str, t.Any], streams: dict[str, str], advertiser_ids: t.Sequence[str]
    ) -> dict[str, t.Any]:
        """Return the state of this tap.

        Args:
            old: The other tap's state: `bookmarks` by stream and advertiser, or by stream alone.
            streams: Streams to convert: name in this tap by name in the other tap.
            advertiser_ids: Advertisers of bookmarks that name none.

        Raises:
            ConfigError: Not a state of the other tap.
        """
        bookmarks = old.get("bookmarks")
        if not isinstance(bookmarks, dict):
            msg = f"Cannot convert the state: {_bookmarks_problem(bookmarks)}"
            raise ConfigError(msg)
        if any(isinstance(value, dict) and "partitions" in value for value in bookmarks.values()):
            msg = (
                "Cannot convert the state, because its bookmarks have the form of this tap. Pass "
                "it to --state without conversion."
            )
            raise ConfigError(msg)
        converted: dict[str, t.Any] = {}
        for name, new_name in streams.items():
            if bookmarks.get(name) is not None:
                times = _times_by_advertiser(name, bookmarks[name], advertiser_ids)
                partitions = [self._partition(name, *item) for item in times.items()]
                converted[new_name] = {"partitions": partitions}
        return {"bookmarks": converted}

    def _partition(self, name: str, advertiser_id: str, value: t.Any) -> dict[str, t.Any]:
        """Return the partition of an advertiser.

        Raises:
            ConfigError: The value is not a time.
        """
        try:
            time = dates.parse_time(value)
        except dates.DateError:
            msg = (
                f"Cannot convert the bookmark of {name}, advertiser {advertiser_id}: expected a "
                f"time such as 2026-01-31T00:00:00Z, got {describe_value(value)}."
            )
            raise ConfigError(msg) from None
        context = {"context": {"advertiser_id": advertiser_id}}
        if name in REPORTS:
            return context | self._covered_days(time.date())
        text = time.format("YYYY-MM-DDTHH:mm:ss[Z]")
        return {**context, KEY: "modify_time", VALUE: text}

    def _covered_days(self, bookmark: pendulum.Date) -> dict[str, t.Any]:
        """Return the members of the partition of a report. See `day_bookmarks`."""
        resumed = bookmark.subtract(days=self._lookback_days)
        first = resumed if self._start_date is None else min(self._start_date, resumed)
        read = DayRanges().add(dates.Window(first, resumed.subtract(days=1)))
        members = {
            KEY: "stat_time_day",
            COVERED: read.to_state(),
            START_FLOOR: str(first),
        }
        if read.ranges:
            members |= {VALUE: str(read.ranges[0].end), EARLIEST_DATE: str(first)}
        return members


def reset(document: dict[str, t.Any], names: t.Sequence[str]) -> dict[str, t.Any]:
    """Return a state without the days and bookmarks of some streams.

    The earliest start of each advertiser is kept, so that a macro loses no day.

    Args:
        document: A state of this tap, or a document that holds one.
        names: The streams.

    Raises:
        ConfigError: Not a state of this tap, or it does not hold one of the streams.
    """
    if not document:
        return document  # the state before the first run
    document = copy.deepcopy(document)
    bookmarks = _bookmarks_in(document)
    for name in names:
        if name not in bookmarks:
            msg = f"Cannot reset the unknown stream {name!r}{suggest(name, bookmarks)}"
            raise ConfigError(msg)
        stream = bookmarks[name]
        if not isinstance(stream, dict):
            msg = (
                f"Cannot reset the stream {name!r}: expected an object in the state, got "
                f"{describe_value(stream)}."
            )
            raise ConfigError(msg)
        bookmarks[name] = _without_progress(stream)
        if isinstance(partitions := stream.get("partitions"), list):
            advertiser_partitions = [
                partition for partition in partitions if isinstance(partition, dict)
            ]
            bookmarks[name]["partitions"] = list(map(_without_progress, advertiser_partitions))
    return document


def _bookmarks_in(document: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the streams of a state, or of the document that holds it.

    Raises:
        ConfigError: There are none.
    """
    bookmarks = StateDocument.of(document).state.get("bookmarks")
    if isinstance(bookmarks, dict):
        return bookmarks
    msg = f"Cannot reset the state: {_bookmarks_problem(bookmarks)}"
    raise ConfigError(msg)


def _bookmarks_problem(bookmarks: t.Any) -> str:
    """Return a sentence about bookmarks that are not an object."""
    return f"expected an object of streams at 'bookmarks', got {describe_value(bookmarks)}."


def _without_progress(partition: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a partition without its days and its bookmark."""
    kept = {"context": partition["context"]} if "context" in partition else {}
    start = partition.get(START_FLOOR, partition.get(EARLIEST_DATE))
    if start is not None:
        kept |= {KEY: partition.get(KEY), COVERED: [], START_FLOOR: start}
    return kept | {name: [] for name in (SKIPPED, READ_ONCE) if name in partition}


def _times_by_advertiser(
    name: str, bookmark: t.Any, advertiser_ids: t.Sequence[str]
) -> dict[str, t.Any]:
    """Return the times of a bookmark by advertiser ID.

    Raises:
        ConfigError: The bookmark has another shape, or names no advertiser.
    """
    if isinstance(bookmark, str):
        if not advertiser_ids:
            msg = (
                f"Cannot convert the bookmark of {name}, because it has no advertiser ID. Pass the "
                "ID with --advertiser-id."
            )
            raise ConfigError(msg)
        return dict.fromkeys(advertiser_ids, bookmark)
    if not isinstance(bookmark, dict):
        msg = (
            f"Cannot convert the bookmark of {name}: expected a time or an object of times, got "
            f"{describe_value(bookmark)}."
        )
        raise ConfigError(msg)
    return bookmark
