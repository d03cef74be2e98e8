"""`tap-tiktok-ads plan`: estimate the requests and duration of a sync."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

import click

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.streams.dependent import LookupTask
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api.rate_limits import Tier
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream


@dataclasses.dataclass
class Part:
    """The planned requests of one stream and advertiser.

    Attributes:
        stream: Name of the stream.
        advertiser_id: The advertiser, or None if one request reads several advertisers.
        windows: Number of windows, or None for a stream without windows.
        first_day: First day of the first window.
        last_day: Last day of the last window.
        requests: Number of first pages.
        at_least: True if responses determine how many requests follow, as with lookups. False for
            windows, because most windows have one page.
    """

    stream: str
    advertiser_id: str | None
    windows: int | None = None
    first_day: str | None = None
    last_day: str | None = None
    requests: int = 0
    at_least: bool = False

    def add(self, task: Task, requests: int) -> None:
        """Count a task and its requests."""
        self.requests += requests
        if task.window is None or (isinstance(task, LookupTask) and task.is_pending):
            self.at_least = True
        if task.window is not None:
            self.windows = (self.windows or 0) + 1
            first, last = str(task.window.start), str(task.window.end)
            self.first_day = min(first, self.first_day or first)
            self.last_day = max(last, self.last_day or last)


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

    The estimate counts the first page of each list and of each report window. An advertiser with
    TopView campaigns needs one additional request per window. lookback_days auto counts as 28. The
    command requests only the advertisers and their time zones from TikTok. So it counts the windows
    that skip_dormant would leave out, and not the requests that find them.

    Example: tap-tiktok-ads plan --config config.json --state state.json
    """
    tap = common.offline_tap(config, catalog=catalog, state=state)
    estimates: list[Part] = []
    requests: dict[str, str] = {}  # endpoint by request, counted once if streams share it
    for stream in t.cast("list[TikTokStream]", list(tap.streams.values())):
        if stream.selected:
            estimates += _parts(stream, requests)
    counts = collections.Counter(requests.values())
    tier = tap.run_context.settings.tier
    seconds, share = tier.estimate(counts)
    if as_json:
        common.show_json(
            {
                "parts": estimates,
                "requests": counts.total(),
                "minutes": round(seconds / 60, 2),
                "share_of_day": round(share, 6),
            }
        )
        return
    common.show_table(
        ["stream", "advertiser", "windows", "first day", "last day", "requests"],
        list(map(_row, estimates)),
    )
    common.say(_summary(counts.total(), seconds, share, tier))


def _parts(stream: TikTokStream, requests: dict[str, str]) -> list[Part]:
    """Return the parts of a stream, one per advertiser. Add its requests to `requests`."""
    estimates: dict[str | None, Part] = {}
    if isinstance(stream, WindowedStream) and stream.window_days:
        for advertiser in stream.owners:
            owner = id_of(advertiser)
            estimates[owner] = Part(stream.name, owner, windows=0)
    for task in stream.plan.tasks():
        owner = id_of(task.advertiser)
        endpoints = stream.endpoints(task)
        estimates.setdefault(owner, Part(stream.name, owner)).add(task, len(endpoints))
        for path in endpoints:
            requests[task.request.cache_key if task.request.shared else str(len(requests))] = path
    return list(estimates.values())


def _row(estimate: Part) -> tuple[t.Any, ...]:
    """Return the table row of a part."""
    owner = estimate.advertiser_id or "all"
    requests = f"at least {estimate.requests}" if estimate.at_least else estimate.requests
    return (
        estimate.stream,
        owner,
        estimate.windows,
        estimate.first_day,
        estimate.last_day,
        requests,
    )


def _summary(requests: int, seconds: float, share: float, tier: Tier) -> str:
    """Return the sentence below the table."""
    scope = " for each endpoint" if tier.per_endpoint else ""
    return (
        f"At least {requests:,} requests: {seconds / 60:,.1f} minutes at "
        f"{tier.usable_per_second:,.1f} requests per second{scope}, "
        f"{share:.2%} of the daily budget of {tier.per_day:,.0f} requests{scope}."
    )
