"""`tap-tiktok-ads convert-state`: convert a state of singer-io's tap-tiktok-ads."""

from __future__ import annotations

import typing as t
from pathlib import Path

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.config.files import read_json
from tap_tiktok_ads.extract import dates

#: Reports of singer-io/tap-tiktok-ads 1.1, with the streams of this tap that have equal records.
REPORTS = {
    "ad_insights": "ad_performance_report",
    "ad_insights_by_age_and_gender": "audience_report_by_age_gender",
    "ad_insights_by_country": "audience_report_by_country",
    "ad_insights_by_platform": "audience_report_by_platform",
}
#: Entities of singer-io/tap-tiktok-ads. This tap has no bookmark for its `advertisers`.
OBJECTS = {"campaigns": "campaigns", "adgroups": "ad_groups", "ads": "ads"}


@click.command("convert-state", short_help="Convert a state of singer-io's tap.")
@click.argument("state", type=click.Path(path_type=Path))
@click.option(
    "--advertiser-id",
    "advertiser_ids",
    multiple=True,
    help="Advertiser of the bookmarks, if the state does not name it. May be repeated.",
)
@click.option(
    "--with-objects",
    is_flag=True,
    help="Also convert the bookmarks of campaigns, ad groups and ads.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File for the new state. Default: stdout.",
)
def command(
    *, state: Path, advertiser_ids: tuple[str, ...], with_objects: bool, output: Path | None
) -> None:
    """Convert a state of singer-io/tap-tiktok-ads to a state of this tap.

    Reports continue from their bookmarks, with the lookback. Campaigns, ad groups and ads are read
    in full unless --with-objects is set, because the other tap leaves out deleted objects.

    Example: tap-tiktok-ads convert-state old.json --output state.json
    """
    old = read_json(str(state), f"State file {state}", open)
    streams = REPORTS | OBJECTS if with_objects else REPORTS
    text = msgspec.json.encode(convert(old, streams, advertiser_ids)).decode()
    if output is None:
        common.say(text)
    else:
        common.write_text(output, text + "\n")
    _report_unconverted(old, with_objects=with_objects)


def _report_unconverted(old: dict[str, t.Any], *, with_objects: bool) -> None:
    """Print the streams whose bookmarks were not converted."""
    names = (old.get("bookmarks") or {}).keys()
    full = [] if with_objects else sorted(names & OBJECTS)
    if full:
        common.say(f"Read in full by the next run: {', '.join(full)}.", err=True)
    unknown = sorted(names - {*REPORTS, *OBJECTS, "advertisers"})
    if unknown:
        common.say(f"Not converted, for there is no such stream: {', '.join(unknown)}.", err=True)


def convert(
    old: dict[str, t.Any], streams: dict[str, str], advertiser_ids: t.Sequence[str]
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
        msg = "The state has no object of streams under 'bookmarks'."
        raise ConfigError(msg)
    if any(isinstance(value, dict) and "partitions" in value for value in bookmarks.values()):
        msg = "The state is one of this tap already."
        raise ConfigError(msg)
    converted: dict[str, t.Any] = {}
    for name, new_name in streams.items():
        if bookmarks.get(name) is not None:
            times = _times_by_advertiser(name, bookmarks[name], advertiser_ids)
            partitions = [_partition(name, *item) for item in times.items()]
            converted[new_name] = {"partitions": partitions}
    return {"bookmarks": converted}


def _times_by_advertiser(
    name: str, bookmark: t.Any, advertiser_ids: t.Sequence[str]
) -> dict[str, t.Any]:
    """Return the times of a bookmark by advertiser ID.

    Raises:
        ConfigError: The bookmark has another shape, or names no advertiser.
    """
    if isinstance(bookmark, str):
        if not advertiser_ids:
            msg = f"The bookmark of {name} names no advertiser: say whose with --advertiser-id."
            raise ConfigError(msg)
        return dict.fromkeys(advertiser_ids, bookmark)
    if not isinstance(bookmark, dict):
        msg = f"The bookmark of {name} is none of singer-io's tap."
        raise ConfigError(msg)
    return bookmark


def _partition(name: str, advertiser_id: str, value: t.Any) -> dict[str, t.Any]:
    """Return the bookmark of an advertiser.

    Raises:
        ConfigError: The value is not a time.
    """
    try:
        time = dates.parse_time(value)
    except dates.DateError:
        msg = f"The bookmark of {name}, advertiser {advertiser_id}, is no time: {value!r:.100}."
        raise ConfigError(msg) from None
    is_report = name in REPORTS
    text = time.to_date_string() if is_report else time.format("YYYY-MM-DDTHH:mm:ss[Z]")
    return {
        "context": {"advertiser_id": advertiser_id},
        "replication_key": "stat_time_day" if is_report else "modify_time",
        "replication_key_value": text,
    }
