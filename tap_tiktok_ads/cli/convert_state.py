"""`tap-tiktok-ads convert-state`: go on where singer-io's tap of the same name stopped."""

from __future__ import annotations

import typing as t
from pathlib import Path

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.config.files import read_json
from tap_tiktok_ads.extract import dates

#: Reports of singer-io/tap-tiktok-ads 1.1, and the streams here that have the same rows.
REPORTS = {
    "ad_insights": "ad_performance_report",
    "ad_insights_by_age_and_gender": "audience_report_by_age_gender",
    "ad_insights_by_country": "audience_report_by_country",
    "ad_insights_by_platform": "audience_report_by_platform",
}
#: Its listings. `advertisers` is read in full here.
OBJECTS = {"campaigns": "campaigns", "adgroups": "ad_groups", "ads": "ads"}


@click.command("convert-state", short_help="Make a state of singer-io's tap one of this tap.")
@click.argument("state", type=click.Path(path_type=Path))
@click.option(
    "--advertiser-id",
    "advertiser_ids",
    multiple=True,
    help="Whose the bookmarks are, where the state does not say; may be repeated.",
)
@click.option(
    "--with-objects",
    is_flag=True,
    help="Bookmarks of campaigns, ad groups and ads, too. Without, they are read in full once.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the new state goes; else stdout.",
)
def command(
    *, state: Path, advertiser_ids: tuple[str, ...], with_objects: bool, output: Path | None
) -> None:
    """Make a state of singer-io/tap-tiktok-ads one of this tap.

    Reports go on from their bookmarks, look-back applied. Campaigns, ad groups and ads are read in
    full, unless --with-objects: their tables are new, and the other tap left out what was deleted.

    Example: tap-tiktok-ads convert-state old.json --output state.json
    """
    old = read_json(str(state), f"State file {state}", open)
    wanted = REPORTS | OBJECTS if with_objects else REPORTS
    text = msgspec.json.encode(converted(old, wanted, advertiser_ids)).decode()
    if output is None:
        common.say(text)
    else:
        common.write_text(output, text + "\n")
    if not with_objects and (left := sorted((old.get("bookmarks") or {}).keys() & OBJECTS)):
        common.say(f"Read in full by the next run: {', '.join(left)}.", err=True)
    known = {*REPORTS, *OBJECTS, "advertisers"}
    others = sorted((old.get("bookmarks") or {}).keys() - known)
    if others:
        common.say(f"Not converted, for there is no such stream: {', '.join(others)}.", err=True)


def converted(
    old: dict[str, t.Any], streams: dict[str, str], advertiser_ids: t.Sequence[str]
) -> dict[str, t.Any]:
    """The new state.

    Args:
        old: `bookmarks` by stream and advertiser, or by stream alone.
        streams: which are converted, and what they are called here.
        advertiser_ids: whose a bookmark is that names none.

    Raises:
        ConfigError: it is no such state.
    """
    bookmarks = old.get("bookmarks")
    if not isinstance(bookmarks, dict):
        msg = "The state has no object of streams under 'bookmarks'."
        raise ConfigError(msg)
    if any(isinstance(one, dict) and "partitions" in one for one in bookmarks.values()):
        msg = "The state is one of this tap already."
        raise ConfigError(msg)
    found: dict[str, t.Any] = {}
    for name, new in streams.items():
        known = bookmarks.get(name)
        if isinstance(known, str):
            if not advertiser_ids:
                msg = f"The bookmark of {name} names no advertiser: say whose with --advertiser-id."
                raise ConfigError(msg)
            known = dict.fromkeys(advertiser_ids, known)
        if known is None:
            continue
        if not isinstance(known, dict):
            msg = f"The bookmark of {name} is none of singer-io's tap."
            raise ConfigError(msg)
        found[new] = {"partitions": [_partition(name, *item) for item in known.items()]}
    return {"bookmarks": found}


def _partition(name: str, advertiser_id: str, value: t.Any) -> dict[str, t.Any]:
    try:
        moment = dates.parse_time(value)
    except dates.DateError:
        msg = f"The bookmark of {name}, advertiser {advertiser_id}, is no time: {value!r:.100}."
        raise ConfigError(msg) from None
    report = name in REPORTS
    text = moment.to_date_string() if report else moment.format("YYYY-MM-DDTHH:mm:ss[Z]")
    return {
        "context": {"advertiser_id": advertiser_id},
        "replication_key": "stat_time_day" if report else "modify_time",
        "replication_key_value": text,
    }
