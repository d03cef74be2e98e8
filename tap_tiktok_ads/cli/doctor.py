"""`tap-tiktok-ads doctor`: check the token, the app, the clock and the permissions."""

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
#: Exit code if permission is denied for some streams or advertisers.
PARTIAL_ACCESS_EXIT_CODE = 3
#: Maximum difference between the clocks of TikTok and of this machine without a warning.
MAX_SKEW_SECONDS = 60.0
#: Columns of `/advertiser/info/` that are printed for each advertiser.
ADVERTISER_COLUMNS = ("name", "status", "timezone", "currency")
#: Replaces the advertiser of requests that read several advertisers.
ALL_ADVERTISERS = "all"


@dataclasses.dataclass
class Finding:
    """The result of the smallest request of a stream for an advertiser."""

    result: str
    code: int | None = None
    message: str | None = None

    def __str__(self) -> str:
        return self.result if self.code is None else f"{self.result} ({self.code})"


@dataclasses.dataclass
class Probe:
    """A task to run, and the records received."""

    stream: TikTokStream
    task: Task
    records: Sequence[t.Any] = ()

    def run(self) -> Finding:
        """Run the task and return the result. Without records, also run the task that follows it.

        Raises:
            AuthError: The token is rejected.
            ThrottledError: TikTok throttles requests.
        """
        send = self.stream.run_context.client.send
        try:
            self.records, following = self.stream.sample_task(self.task, send)
            if not self.records and following:
                self.records, _ = self.stream.sample_task(
                    _smallest(self.stream, following[0]), send
                )
        except errors.ThrottledError:
            raise
        except errors.AuthError as error:
            if self.task.request.path != AuthorizedAdvertisers.path:
                raise
            return Finding(FORBIDDEN, error.code, str(error))  # the app's ID or secret
        except errors.TapError as error:
            return self._failure(error)
        return Finding(OK if self.records else EMPTY)

    def _failure(self, error: errors.TapError) -> Finding:
        """Return the result of a task that failed."""
        code = getattr(error, "code", None)
        result = ERROR
        if code in self.stream.tolerated_codes | errors.NOT_IN_SANDBOX:
            result = MISSING
        elif isinstance(error, errors.PermissionDeniedError):
            result = FORBIDDEN
        return Finding(result, code, str(error))


@dataclasses.dataclass
class Report:
    """The result of all checks. Dictionaries have the shape of the JSON output."""

    app: dict[str, t.Any]
    clock_skew_seconds: float | None
    tier: dict[str, t.Any]
    advertisers: list[dict[str, t.Any]]
    streams: dict[str, dict[str, Finding]]

    @property
    def exit_code(self) -> int:
        """The exit code: 0, 1 or `PARTIAL_ACCESS_EXIT_CODE`, as documented in the help."""
        results = [finding.result for finding in self.findings]
        readable = [result in {OK, EMPTY} for result in results]
        if ERROR in results or not any(readable) or self.app["valid"] is False:
            return 1
        is_complete = all([*readable, *(row["readable"] for row in self.advertisers)])
        return 0 if is_complete else PARTIAL_ACCESS_EXIT_CODE

    @property
    def findings(self) -> list[Finding]:
        """The findings of all streams and advertisers."""
        return list(itertools.chain.from_iterable(row.values() for row in self.streams.values()))


@click.command("doctor", short_help="Check the token, app, clock and permissions.")
@common.config_option
@common.json_option
@click.pass_context
def command(context: click.Context, *, config: t.Any, as_json: bool) -> None:
    """Check the token, the app, the clock, and the permissions for each advertiser.

    The command sends the smallest request of each stream for each advertiser: one record, one day.
    "empty?" means that TikTok allowed the request and returned no records.

    The exit code is 0 if all streams of all advertisers can be read. It is 1 if the settings or the
    token are invalid, no advertiser can be read, or an unexpected error occurs. It is 3 if
    permission is denied for some streams or advertisers.

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
    """Return the report of all checks.

    Raises:
        TapError: The token is rejected, or no advertiser can be read.
    """
    user = tap.run_context.client.send(Request("/user/info/", {}))
    skew = _skew(user.server_time)
    if skew is not None and abs(skew) > MAX_SKEW_SECONDS:
        tap.logger.warning(
            "The clock of this machine differs from TikTok's by %+.0f s. Set the clock.", skew
        )
    app = _app(tap)
    probes = [probe for stream in tap.streams.values() for probe in _probes(tap, stream)]
    streams: dict[str, dict[str, Finding]] = {}
    details: dict[str, dict[str, t.Any]] = {}
    for probe, finding in tap.run_context.workers.ordered(probes, lambda probe: (probe.run(), ())):
        advertiser_id = accounts.id_of(probe.task.advertiser) or ALL_ADVERTISERS
        streams.setdefault(probe.stream.name, {})[advertiser_id] = finding
        if probe.stream.path == ADVERTISER_INFO_PATH:
            details |= {record["advertiser_id"]: record for record in probe.records}
    return Report(app, skew, _tier(tap), _advertiser_rows(tap, details), streams)


def _advertiser_rows(
    tap: TapTikTokAds, details: dict[str, dict[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """Return the requested advertisers of the shard with their details and permission."""
    context = tap.run_context
    readable = {advertiser.id for advertiser in context.advertisers}
    return [
        {
            "advertiser_id": advertiser_id,
            **{name: details.get(advertiser_id, {}).get(name) for name in ADVERTISER_COLUMNS},
            "readable": advertiser_id in readable,
        }
        for advertiser_id in accounts.requested_ids(context.client, context.settings)
        if context.settings.shard.contains(advertiser_id)
    ]


def _skew(server_time: str | None) -> float | None:
    """Return how many seconds this machine's clock is ahead of the server's, or None.

    The server reports complete seconds only.
    """
    try:
        return round(time.time() - email.utils.parsedate_to_datetime(server_time or "").timestamp())
    except ValueError:
        return None


def _app(tap: TapTikTokAds) -> dict[str, t.Any]:
    """Return the check of the app's ID and secret, if they are set."""
    settings = tap.run_context.settings
    if not (settings.app_id and settings.app_secret):
        return {"configured": False, "valid": None}
    if settings.environment == "sandbox":  # /oauth2/advertiser/get/ does not exist there
        return {"configured": True, "valid": None}
    try:
        granted = accounts.authorized_advertisers(
            tap.run_context.client, settings.app_id, settings.app_secret
        )
    except errors.ApiError as error:
        return {"configured": True, "valid": False, "message": str(error)}
    return {"configured": True, "valid": True, "advertisers": len(granted)}


def _tier(tap: TapTikTokAds) -> dict[str, t.Any]:
    """Return the rate limits, and the duration of the daily budget at full speed."""
    settings = tap.run_context.settings
    tier = settings.tier
    name = (
        settings.environment if settings.environment != "production" else settings.rate_limit_tier
    )
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
    """Yield the smallest first request of a stream for each advertiser: one record, one day.

    A stream without advertisers has one request. The first request of a stream with a lookup is
    that of the lookup.
    """
    windowed = isinstance(stream, WindowedStream)
    if windowed and stream.window_days:
        stream.window_plan.window_days = 1
    owner_count = len(stream.owners) if windowed else len(tap.run_context.advertisers)
    seen = set()
    for task in stream.plan.sample_tasks():
        if task.advertiser in seen:
            continue
        if task.advertiser is not None or windowed:
            seen.add(task.advertiser)
        yield Probe(stream, _smallest(stream, task))
        if len(seen) == owner_count:
            return


def _smallest(stream: TikTokStream, task: Task) -> Task:
    """Return the task with a page of one record.

    The response of a list endpoint without pages is shared with lookups.
    """
    request = dataclasses.replace(task.request, shared=True)
    if stream.page_size is not None and "page_size" in request.page_params:
        request = request.with_page_params(page_size=1)
    return dataclasses.replace(task, request=request)


def _show(report: Report) -> None:
    """Print a report as text and tables."""
    skew = report.clock_skew_seconds
    common.say("Token: valid.")
    common.say(_app_line(report.app))
    common.say("Clock: not reported by TikTok." if skew is None else f"Clock: {skew:+.0f} s.")
    common.say(_tier_line(report.tier))
    columns = ["advertiser", *ADVERTISER_COLUMNS, "readable"]
    common.show_table(columns, [list(row.values()) for row in report.advertisers])
    owners = list(dict.fromkeys(itertools.chain.from_iterable(report.streams.values())))
    owners.sort(key=ALL_ADVERTISERS.__eq__)  # last, in any order of stream names
    common.show_table(
        ["stream", *owners],
        [
            [stream, *(str(row[owner]) if owner in row else None for owner in owners)]
            for stream, row in report.streams.items()
        ],
    )
    for message in dict.fromkeys(finding.message for finding in report.findings):
        if message:
            common.say(message, err=True)


def _app_line(app: dict[str, t.Any]) -> str:
    """Return the line about the app."""
    if not app["configured"]:
        return "App: app_id and app_secret are not set."
    if app["valid"] is None:
        return "App: not checked, because the sandbox has no endpoint for it."
    if app["valid"]:
        return f"App: valid, {app['advertisers']} advertiser(s) authorized it."
    return f"App: {app['message']}"


def _tier_line(tier: dict[str, t.Any]) -> str:
    """Return the line about the rate limits."""
    scope = " for each endpoint" if tier["per_endpoint"] else ""
    return (
        f"Tier: {tier['name']}, {tier['per_second']:,.0f} requests per second, "
        f"{tier['per_minute']:,.0f} per minute and {tier['per_day']:,.0f} per day{scope}. At "
        f"{tier['usable_per_second']:,.1f} requests per second, the daily budget lasts "
        f"{tier['day_lasts_hours']:,.1f} hours."
    )
