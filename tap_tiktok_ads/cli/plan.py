"""`tap-tiktok-ads plan`: estimate the requests and duration of a sync."""

from __future__ import annotations

import copy
import functools
import logging
import typing as t

import click

from tap_tiktok_ads.cli import common
from tap_tiktok_ads.cli.plan_estimate import Estimate, Part
from tap_tiktok_ads.cli.plan_macros import resolved_macros
from tap_tiktok_ads.cli.plan_sizes import measure

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.rate_limits import Tier
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Number of advertisers whose lists and reports are measured, unless --measure sets it.
MEASURED_ADVERTISERS = 5
BY_STREAM, BY_ADVERTISER, BY_WINDOW = "stream", "advertiser", "window"


@click.command("plan", short_help="Estimate the requests and duration of a sync.")
@common.config_option
@click.option(
    "--catalog",
    type=click.File(),
    help="Singer catalog with the selected streams. Default: the default streams.",
)
@click.option(
    "--state", type=click.File(), help="State file with the bookmarks. Default: a first sync."
)
@click.option(
    "--by",
    "row_kind",
    type=click.Choice([BY_STREAM, BY_ADVERTISER, BY_WINDOW]),
    default=BY_STREAM,
    show_default=True,
    help="What a row of the table stands for.",
)
@click.option(
    "--measure",
    "measured",
    type=click.IntRange(min=0),
    default=MEASURED_ADVERTISERS,
    show_default=True,
    metavar="N",
    help="Measure lists and reports of N advertisers. 0: count first pages only.",
)
@common.json_option
def command(  # noqa: PLR0913 - the options, keyword-only
    *,
    config: t.Any,
    catalog: t.IO[str] | None,
    state: t.IO[str] | None,
    row_kind: str,
    measured: int,
    as_json: bool,
) -> None:
    """Estimate the requests and duration of a sync.

    The command finds the TopView campaigns of each advertiser. It measures the lists and reports of
    some advertisers with requests for one record. The other advertisers are expected to be like
    them. With --measure 0, it requests only the advertisers, and counts the first page of each list
    and report window. Requests for advertisers with TopView campaigns are then counted apart.

    A request that several streams need is counted once. "skippable" has the requests that
    skip_dormant saves if nothing was delivered. With lookback_days auto, the days that the state
    covers are not counted.

    Example: tap-tiktok-ads plan --config config.json --state state.json --by advertiser
    """
    tap = common.offline_tap(config, catalog=catalog, state=state)
    estimate = estimate_run(
        tap.run_context,
        t.cast(
            "list[TikTokStream]", [stream for stream in tap.streams.values() if stream.selected]
        ),
        measured,
    )
    tier = tap.run_context.settings.tier
    if as_json:
        common.show_json(_document(estimate, tap.run_context))
        return
    columns, rows = _table(estimate, row_kind, tier)
    common.show_table(columns, rows)
    common.say(_summary(estimate, tier))
    for place, text, value, count in resolved_macros(tap.run_context):
        common.say(f"{place}: {text} is {value} for {count} advertiser(s).")


def estimate_run(
    run_context: RunContext, streams: Iterable[TikTokStream], measured: int = 0
) -> Estimate:
    """Return the estimate of a run.

    Args:
        run_context: The run.
        streams: The streams that it reads.
        measured: Number of advertisers to measure. 0: send no request besides for the advertisers.

    Raises:
        TapError: The advertisers cannot be read, or TikTok throttles requests.
    """
    streams = list(streams)
    estimate = Estimate(run_context)
    if measured:
        bar = functools.partial(common.progress_bar, "Measuring")
        estimate.sizes = measure(run_context, streams, measured, bar)
    for stream in streams:
        estimate.add(stream)
    return estimate


def expect_requests(tap: TapTikTokAds) -> None:
    """Set how many requests the progress of a run expects of each stream. Sends no request.

    A second tap plans the run, because plans log what they read.

    Raises:
        TapError: The advertisers cannot be read.
    """
    context = tap.run_context
    found = context.found_advertisers
    logging.disable()
    try:
        planned = type(tap)(
            config=dict(tap.config),
            catalog=copy.deepcopy(tap.input_catalog),
            state=copy.deepcopy(dict(tap.state)),
            setup_mapper=False,
            allow_requests=False,
            selected_only=tap.selected_only,
        )
        other = planned.run_context
        other.started_at, other.settings = context.started_at, context.settings
        other.found_advertisers = found
        streams = [stream for stream in planned.streams.values() if stream.selected]
        estimate = estimate_run(other, t.cast("list[TikTokStream]", streams))
    finally:
        logging.disable(logging.NOTSET)
    requests = {row.stream: row.requests for row in estimate.streams()}
    context.progress.expect({stream.name: requests.get(stream.name, 0) for stream in streams})


def _document(estimate: Estimate, run_context: RunContext) -> dict[str, t.Any]:
    """Return the JSON document of an estimate."""
    seconds, share = run_context.settings.tier.estimate(estimate.endpoints)
    return {
        "parts": estimate.parts,
        "streams": estimate.streams(),
        "requests": estimate.endpoints.total(),
        "topview_requests": estimate.topview_requests,
        "skippable_requests": estimate.skippable_requests,
        "minutes": round(seconds / 60, 2),
        "share_of_day": round(share, 6),
        "macros": [macro._asdict() for macro in resolved_macros(run_context)],
    }


def _table(
    estimate: Estimate, row_kind: str, tier: Tier
) -> tuple[list[str], list[tuple[t.Any, ...]]]:
    """Return the columns and rows of the table."""
    requests = estimate.endpoints.total()
    minutes_per_request = tier.estimate(estimate.endpoints)[0] / 60 / max(1, requests)

    def minutes(count: int) -> str:
        return f"{count * minutes_per_request:,.1f}"

    if row_kind == BY_WINDOW:
        return ["first day", "last day", "requests", "minutes"], [
            (*(days or ("no window", None)), count, minutes(count))
            for days, count in estimate.windows.items()
        ]
    sums = estimate.streams() if row_kind == BY_STREAM else _by_advertiser(estimate)
    columns = [row_kind, "windows", "first day", "last day", "requests", "minutes"]
    shown = _optional_columns(sums)
    rows: list[tuple[t.Any, ...]] = [(*_row(row, row_kind), minutes(row.requests)) for row in sums]
    for values in shown.values():
        rows = [(*row, value) for row, value in zip(rows, values, strict=True)]
    return [*columns, *shown], rows


def _optional_columns(rows: Iterable[Part]) -> dict[str, list[int | None]]:
    """Return the columns of bounds that have a value."""
    columns = {
        "with TopView": [row.topview_requests or None for row in rows],
        "skippable": [row.skippable_requests or None for row in rows],
    }
    return {column: values for column, values in columns.items() if any(values)}


def _row(row: Part, row_kind: str) -> tuple[t.Any, ...]:
    """Return the first cells of the row of a stream or an advertiser."""
    name = row.stream if row_kind == BY_STREAM else row.advertiser_id or "all"
    requests = f"at least {row.requests}" if row.at_least else row.requests
    return name, row.windows, row.first_day, row.last_day, requests


def _by_advertiser(estimate: Estimate) -> list[Part]:
    """Return one part per advertiser, with the sums over its streams."""
    sums: dict[str | None, Part] = {}
    for row in estimate.parts:
        sums.setdefault(row.advertiser_id, Part("", row.advertiser_id)).merge(row)
    return list(sums.values())


def _summary(estimate: Estimate, tier: Tier) -> str:
    """Return the sentences below the table."""
    seconds, share = tier.estimate(estimate.endpoints)
    scope = " for each endpoint" if tier.per_endpoint else ""
    text = (
        f"About {estimate.endpoints.total():,} requests: {seconds / 60:,.1f} minutes at "
        f"{tier.usable_per_second:,.1f} requests per second{scope}, "
        f"{share:.2%} of the daily budget of {tier.per_day:,.0f} requests{scope}."
    )
    topview, skippable = estimate.topview_requests, estimate.skippable_requests
    if topview:
        text += f"\nUp to {topview:,} more for advertisers with TopView campaigns."
    if skippable:
        text += f"\nUp to {skippable:,} fewer for advertisers without delivery."
    return text
