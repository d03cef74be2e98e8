"""The log line about the requests of streams that are not selected by default."""

from __future__ import annotations

import contextlib
import copy
import logging
import typing as t

from tap_tiktok_ads.api.errors import TapError
from tap_tiktok_ads.cli.plan_estimate import Estimate
from tap_tiktok_ads.streams.selector import NOT_BY_DEFAULT
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.singer.stream import TikTokStream

#: Number of advertisers that the estimate takes its average from. More take noticeable time.
MAX_ADVERTISERS = 5


def log_selection_cost(tap: TapTikTokAds) -> None:
    """Log how many streams are read besides the default streams, and what they cost.

    A selection of all streams takes many times the
    requests of the default streams, and Meltano selects all streams unless it has `select` rules.
    """
    names = [stream.name for stream in tap.streams.values() if stream.selected]
    additional = NOT_BY_DEFAULT.intersection(names)
    advertisers = tap.run_context.advertisers[:MAX_ADVERTISERS]
    if not advertisers:
        return
    try:
        with without_logs():
            requests = _requests(tap, names)
    except TapError:  # raised again when the stream is read
        return
    count = sum(requests.get(name, 0) for name in additional)
    tap.logger.info(
        "%d of %d selected streams are not default streams. They take about %d of %d requests per "
        "advertiser. To read fewer streams, set 'streams' or --select.",
        len(additional),
        len(names),
        round(count / len(advertisers)),
        round(sum(requests.values()) / len(advertisers)),
    )


@contextlib.contextmanager
def without_logs() -> Iterator[None]:
    """Log nothing for a while. The run logs these lines itself."""
    level = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(level)


def _requests(tap: TapTikTokAds, names: list[str]) -> dict[str, int]:
    """Return the estimated number of requests of each stream, for the first advertisers.

    The estimate changes streams and state, so it has its own. It sends no request.

    Raises:
        TapError: A stream cannot be read.
    """
    estimating = TapTikTokAds(
        config={**tap.config, "streams": names},
        state=copy.deepcopy(dict(tap.state)),
        allow_requests=False,
        selected_only=True,
        setup_mapper=False,
    )
    context = estimating.run_context
    for name in ("settings", "client", "found_advertisers"):
        setattr(context, name, getattr(tap.run_context, name))
    context.advertisers = context.all_advertisers = tap.run_context.advertisers[:MAX_ADVERTISERS]
    estimate = Estimate(context)
    for stream in t.cast("list[TikTokStream]", list(estimating.streams.values())):
        estimate.add(stream)
    return {row.stream: row.requests for row in estimate.streams()}
