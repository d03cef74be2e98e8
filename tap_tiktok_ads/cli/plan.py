"""`tap-tiktok-ads plan`: estimate the requests and duration of a sync."""

from __future__ import annotations

import typing as t

import click

from tap_tiktok_ads.cli import common
from tap_tiktok_ads.cli.plan_estimate import Estimate

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api.rate_limits import Tier
    from tap_tiktok_ads.cli.plan_estimate import Part
    from tap_tiktok_ads.singer.stream import TikTokStream

#: The columns of the table.
COLUMNS = (
    *("stream", "advertiser", "windows", "first day", "last day", "requests"),
    *("with TopView", "skippable"),
)


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
@common.json_option
def command(
    *, config: t.Any, catalog: t.IO[str] | None, state: t.IO[str] | None, as_json: bool
) -> None:
    """Estimate the requests and duration of a sync.

    The estimate counts the first page of each list and of each report window. A request that
    several streams need is counted once. The command requests only the advertisers and their time
    zones from TikTok. So the column "with TopView" has the further requests if the advertiser has
    TopView campaigns. "skippable" has the requests that skip_dormant saves if nothing was
    delivered. With lookback_days auto, the days that the state covers are not counted.

    Example: tap-tiktok-ads plan --config config.json --state state.json
    """
    tap = common.offline_tap(config, catalog=catalog, state=state)
    estimate = Estimate(tap.run_context)
    for stream in t.cast("list[TikTokStream]", list(tap.streams.values())):
        if stream.selected:
            estimate.add(stream)
    if as_json:
        common.show_json(_document(estimate, tap.run_context.settings.tier))
        return
    common.show_table(COLUMNS, list(map(_row, estimate.parts)))
    common.say(_summary(estimate, tap.run_context.settings.tier))


def _document(estimate: Estimate, tier: Tier) -> dict[str, t.Any]:
    """Return the JSON document of an estimate."""
    seconds, share = tier.estimate(estimate.endpoints)
    return {
        "parts": estimate.parts,
        "streams": estimate.streams(),
        "requests": estimate.endpoints.total(),
        "topview_requests": estimate.topview_requests,
        "skippable_requests": estimate.skippable_requests,
        "minutes": round(seconds / 60, 2),
        "share_of_day": round(share, 6),
    }


def _row(part: Part) -> tuple[t.Any, ...]:
    """Return the table row of a part."""
    return (
        part.stream,
        part.advertiser_id or "all",
        part.windows,
        part.first_day,
        part.last_day,
        f"at least {part.requests}" if part.at_least else part.requests,
        part.topview_requests or None,
        part.skippable_requests or None,
    )


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
