"""`tap-tiktok-ads doctor`: what the token may read, and how fast."""

from __future__ import annotations

import dataclasses
import email.utils
import itertools
import time
import typing as t

import click

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.hosts import ADVERTISER_INFO_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.streams.business import AuthorizedAdvertisers
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

OK, EMPTY, FORBIDDEN, MISSING, ERROR = "ok", "empty?", "no permission", "not available", "error"
#: Exit code when something may not be read.
PARTLY = 3
#: Seconds between TikTok's clock and this one that matter.
MOST_SKEW = 60.0
#: What a reader wants to know of an advertiser, in the words of `/advertiser/info/`.
FACTS = ("name", "status", "timezone", "currency")
#: Stands for the advertiser of requests that read many.
ALL = "all"


@dataclasses.dataclass
class Finding:
    """What came of the smallest request of a stream for an advertiser."""

    result: str
    code: int | None = None
    message: str | None = None

    def __str__(self) -> str:
        return self.result if self.code is None else f"{self.result} ({self.code})"


@dataclasses.dataclass
class Probe:
    """A task to try, and the rows that it brought."""

    stream: TikTokStream
    task: Task
    rows: Sequence[t.Any] = ()

    def run(self) -> Finding:
        """Try it, and a request that follows it if rows come only then.

        Raises:
            AuthError: the token is refused.
            ThrottledError: TikTok takes no more requests.
        """
        send = self.stream.run_context.client.send
        try:
            self.rows, following = self.stream.sample_task(self.task, send)
            if not self.rows and following:
                self.rows, _ = self.stream.sample_task(_smallest(self.stream, following[0]), send)
        except errors.ThrottledError:
            raise
        except errors.AuthError as error:
            if self.task.request.path != AuthorizedAdvertisers.path:
                raise
            return Finding(FORBIDDEN, error.code, str(error))  # the app's id or secret
        except errors.TapError as error:
            code = getattr(error, "code", None)
            result = ERROR
            if code in self.stream.tolerated_codes | errors.NOT_IN_SANDBOX:
                result = MISSING
            elif isinstance(error, errors.PermissionDeniedError):
                result = FORBIDDEN
            return Finding(result, code, str(error))
        return Finding(OK if self.rows else EMPTY)


@dataclasses.dataclass
class Report:
    """All that was found out; dictionaries as they are printed."""

    app: dict[str, t.Any]
    clock_skew_seconds: float | None
    tier: dict[str, t.Any]
    advertisers: list[dict[str, t.Any]]
    streams: dict[str, dict[str, Finding]]

    @property
    def exit_code(self) -> int:
        """0, 1 or `PARTLY`, as the help says."""
        cells = [one for row in self.streams.values() for one in row.values()]
        readable = [one.result in {OK, EMPTY} for one in cells]
        failed = any(one.result == ERROR for one in cells)
        if failed or not any(readable) or self.app["valid"] is False:
            return 1
        whole = all(readable) and all(one["readable"] for one in self.advertisers)
        return 0 if whole else PARTLY


@click.command("doctor", short_help="Check token, app, clock and what may be read.")
@common.config_option
@common.json_option
@click.pass_context
def command(context: click.Context, *, config: t.Any, as_json: bool) -> None:
    """Check the token, the app, the clock, and what may be read of each advertiser.

    Makes the smallest request of each stream for each advertiser: one row, one day. "empty?" means
    that the request is allowed and brought no rows.

    Exit code 0: all can be read. 1: the settings or the token cannot be used, no advertiser can be
    read, or something unexpected happened. 3: some streams or advertisers may not be read.

    Example: tap-tiktok-ads doctor --config config.json
    """
    tap = common.offline_tap(config)
    report = _examine(tap)
    if as_json:
        common.show_json({"token": {"valid": True}, **dataclasses.asdict(report)})
    else:
        _show(report)
    context.exit(report.exit_code)


def _examine(tap: TapTikTokAds) -> Report:
    """Find out all.

    Raises:
        TapError: the token is refused, or no advertiser may be read.
    """
    user = tap.run_context.client.send(Request("/user/info/", {}))
    skew = _skew(user.server_time)
    if skew is not None and abs(skew) > MOST_SKEW:
        tap.logger.warning("This machine's clock is %+.0f s off TikTok's: set it.", skew)
    app = _app(tap)
    probes = [probe for stream in tap.streams.values() for probe in _probes(tap, stream)]
    streams: dict[str, dict[str, Finding]] = {}
    facts: dict[str, dict[str, t.Any]] = {}
    for probe, finding in tap.run_context.workers.ordered(probes, lambda probe: (probe.run(), ())):
        owner = probe.task.advertiser.id if probe.task.advertiser else ALL
        streams.setdefault(probe.stream.name, {})[owner] = finding
        if probe.stream.path == ADVERTISER_INFO_PATH:
            facts |= {row["advertiser_id"]: row for row in probe.rows}
    readable = {one.id for one in tap.run_context.advertisers}
    advertisers = [
        {
            "advertiser_id": one,
            **{name: facts.get(one, {}).get(name) for name in FACTS},
            "readable": one in readable,
        }
        for one in accounts.requested_ids(tap.run_context.client, tap.run_context.settings)
    ]
    return Report(app, skew, _tier(tap), advertisers, streams)


def _skew(server_time: str | None) -> float | None:
    """Seconds that this machine's clock is ahead of the server's; that tells whole ones only."""
    try:
        return round(time.time() - email.utils.parsedate_to_datetime(server_time or "").timestamp())
    except ValueError:
        return None


def _app(tap: TapTikTokAds) -> dict[str, t.Any]:
    """Whether the app's id and secret are accepted, where they are set."""
    chosen = tap.run_context.settings
    if not (chosen.app_id and chosen.app_secret):
        return {"configured": False, "valid": None}
    if chosen.environment == "sandbox":  # /oauth2/advertiser/get/ does not exist there
        return {"configured": True, "valid": None}
    try:
        granted = accounts.authorized_advertisers(
            tap.run_context.client, chosen.app_id, chosen.app_secret
        )
    except errors.ApiError as error:
        return {"configured": True, "valid": False, "message": str(error)}
    return {"configured": True, "valid": True, "advertisers": len(granted)}


def _tier(tap: TapTikTokAds) -> dict[str, t.Any]:
    """The limits of requests, and how long those of a day last at full speed."""
    tier = tap.run_context.settings.tier
    chosen = tap.run_context.settings
    name = chosen.environment if chosen.environment != "production" else chosen.rate_limit_tier
    return {
        "name": name,
        "per_second": tier.per_second,
        "per_minute": tier.per_minute,
        "per_day": tier.per_day,
        "per_endpoint": tier.per_endpoint,
        "usable_per_second": tier.usable_per_second,
        "day_lasts_hours": round(tier.per_day / tier.usable_per_second / 3600, 1),
    }


def _probes(tap: TapTikTokAds, stream: t.Any) -> Iterator[Probe]:
    """The smallest first request of a stream for each advertiser: of one row, of one day.

    One request for all where a stream belongs to no advertiser; where it names objects of another
    stream, what comes first is the look-up of a few of those.
    """
    windowed = isinstance(stream, WindowedStream)
    if windowed and stream.window_days:
        stream.window_plan.window_days = 1
    owners = len(stream.owners) if windowed else len(tap.run_context.advertisers)
    seen = set()
    for task in stream.plan.sample_tasks():
        if task.advertiser in seen:
            continue
        if task.advertiser is not None or windowed:
            seen.add(task.advertiser)
        yield Probe(stream, _smallest(stream, task))
        if len(seen) == owners:
            return


def _smallest(stream: TikTokStream, task: Task) -> Task:
    """The task with a page of one row; a listing without pages is shared with look-ups of it."""
    request = dataclasses.replace(task.request, shared=True)
    if stream.page_size is not None and "page_size" in request.page_params:
        request = request.with_page_params(page_size=1)
    return dataclasses.replace(task, request=request)


def _show(report: Report) -> None:
    """Print a report as text and tables."""
    app, tier, skew = report.app, report.tier, report.clock_skew_seconds
    common.say("Token: valid.")
    if not app["configured"]:
        common.say("App: app_id and app_secret are not set.")
    elif app["valid"] is None:
        common.say("App: the sandbox cannot check it.")
    elif app["valid"]:
        common.say(f"App: valid, {app['advertisers']} advertiser(s) authorised it.")
    else:
        common.say(f"App: {app['message']}")
    common.say("Clock: not told by TikTok." if skew is None else f"Clock: {skew:+.0f} s.")
    whose = " for each endpoint" if tier["per_endpoint"] else ""
    common.say(
        f"Tier: {tier['name']}, {tier['per_second']:,.0f} requests a second, "
        f"{tier['per_minute']:,.0f} a minute, {tier['per_day']:,.0f} a day{whose}; those of a day "
        f"last {tier['day_lasts_hours']:,.1f} hours at {tier['usable_per_second']:,.1f} a second."
    )
    columns = ["advertiser", *FACTS, "readable"]
    common.show_table(columns, [list(one.values()) for one in report.advertisers])
    owners = list(dict.fromkeys(itertools.chain.from_iterable(report.streams.values())))
    common.show_table(
        ["stream", *owners],
        [
            [stream, *(str(row[owner]) if owner in row else None for owner in owners)]
            for stream, row in report.streams.items()
        ],
    )
    troubles = {
        one.message: None for row in report.streams.values() for one in row.values() if one.message
    }
    for trouble in troubles:
        common.say(trouble, err=True)
