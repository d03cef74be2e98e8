"""`tap-tiktok-ads doctor`: check the token, the app, the clock and the permissions."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import math
import typing as t

import click

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.cli.probes import EMPTY, ERROR, OK, Finding, probes
from tap_tiktok_ads.extract.dates import parse_server_time

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Exit code if permission is denied for some streams or advertisers.
PARTIAL_ACCESS_EXIT_CODE = 3
#: Maximum difference between the clocks of TikTok and of this machine without a warning.
MAX_SKEW_SECONDS = 60.0
#: Columns of `/advertiser/info/` that are printed for each checked advertiser.
ADVERTISER_COLUMNS = ("name", "status", "role", "timezone", "currency")
#: The columns that decide what an advertiser may do. One advertiser per combination is checked.
COMBINATION_COLUMNS = ("status", "role")
#: Replaces the advertiser of requests that read several advertisers.
ALL_ADVERTISERS = "all"
#: Maximum number of advertisers that a row of the summary names.
MAX_NAMED_ADVERTISERS = 3
#: Maximum number of checked advertisers whose details are printed.
MAX_SHOWN_ADVERTISERS = 10


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
        is_unreadable = bool(self.advertisers) and not any(readable)
        if ERROR in results or is_unreadable or self.app["valid"] is False:
            return 1
        is_complete = all([*readable, *(row["readable"] for row in self.advertisers)])
        return 0 if is_complete else PARTIAL_ACCESS_EXIT_CODE

    @property
    def checked(self) -> list[dict[str, t.Any]]:
        """The advertisers whose streams were checked."""
        return [row for row in self.advertisers if row["checked"] and row["readable"]]

    @property
    def findings(self) -> list[Finding]:
        """The findings of all streams and advertisers."""
        return list(itertools.chain.from_iterable(row.values() for row in self.streams.values()))


@click.command("doctor", short_help="Check the token, app, clock and permissions.")
@common.config_option
@click.option(
    "--catalog",
    type=click.File(),
    help="Singer catalog with the selected streams. Default: the default streams.",
)
@common.select_option
@click.option(
    "--stream", "names", multiple=True, metavar="NAME", help="Check this stream only. Repeatable."
)
@click.option(
    "--advertiser", "ids", multiple=True, metavar="ID", help="Check this advertiser. Repeatable."
)
@click.option("--all", "check_all", is_flag=True, help="Check every advertiser.")
@common.json_option
@click.pass_context
def command(  # noqa: PLR0913 - the options, keyword-only
    context: click.Context,
    *,
    config: t.Any,
    catalog: t.IO[str] | None,
    select: str | None,
    names: Sequence[str],
    ids: Sequence[str],
    check_all: bool,
    as_json: bool,
) -> None:
    """Check the token, the app, the clock, and the permissions.

    The command sends the smallest request of each selected stream: one record, one day. It checks
    one advertiser for each combination of account status and role. With --all, it checks every
    advertiser. The summary names the streams that cannot be read.

    The exit code is 0 if all checked streams can be read. It is 1 if the settings or the token are
    invalid, no checked stream can be read, or an unexpected error occurs. It is 3 if permission is
    denied for some streams or advertisers only.

    Example: tap-tiktok-ads doctor --config config.json --stream campaigns --all
    """
    tap = common.offline_tap(config, catalog=catalog, select=select)
    report = _examine(tap, _streams(tap, names), ids, check_all=check_all)
    if as_json:
        common.show_json({"token": {"valid": True}, **dataclasses.asdict(report)})
    else:
        _show(report)
    context.exit(report.exit_code)


def _streams(tap: TapTikTokAds, names: Sequence[str]) -> list[TikTokStream]:
    """Return the streams to check: the named streams, or else the selected streams.

    Raises:
        ConfigError: A stream does not exist, or none is selected.
    """
    streams = t.cast("dict[str, TikTokStream]", tap.streams)
    for name in names:
        if name not in streams:
            msg = f"Stream {name!r} of --stream does not exist{suggest(name, streams)}"
            raise errors.ConfigError(msg)
    chosen = [
        stream
        for stream in streams.values()
        if (stream.name in names if names else stream.selected)
    ]
    if not chosen:
        msg = "Nothing to check, because no stream is selected. Name one with --stream."
        raise errors.ConfigError(msg)
    return chosen


def _examine(
    tap: TapTikTokAds, streams: Sequence[TikTokStream], ids: Sequence[str], *, check_all: bool
) -> Report:
    """Return the report of all checks.

    Raises:
        TapError: The token is rejected, or no advertiser can be read.
    """
    user = tap.run_context.client.send(Request("/user/info/", {}))
    skew = _skew(tap.run_context.clock(), user.server_time)
    if skew is not None and abs(skew) > MAX_SKEW_SECONDS:
        tap.logger.warning(
            "The clock of this machine differs from TikTok's by %+.0f s. Set the clock.", skew
        )
    app = _app(tap)
    rows = _advertiser_rows(tap)
    _choose(rows, ids, check_all=check_all)
    checked = {row["advertiser_id"] for row in rows if row["checked"] and row["readable"]}
    tasks = [probe for stream in streams for probe in probes(stream, checked)]
    findings: dict[str, dict[str, Finding]] = {}
    workers = tap.run_context.workers
    with common.progress_bar("Checking", len(tasks)) as advance:
        for probe, finding in workers.ordered(tasks, lambda probe: (probe.run(), ())):
            advertiser_id = accounts.id_of(probe.task.advertiser) or ALL_ADVERTISERS
            findings.setdefault(probe.stream.name, {})[advertiser_id] = finding
            advance(probe.stream.name)
    return Report(app, skew, _tier(tap), rows, findings)


def _advertiser_rows(tap: TapTikTokAds) -> list[dict[str, t.Any]]:
    """Return the requested advertisers of the shard with their details and permission."""
    context = tap.run_context
    readable = [advertiser.id for advertiser in context.advertisers]
    details: dict[str, dict[str, t.Any]] = {}
    if context.settings.environment != "sandbox":  # /advertiser/info/ does not exist there
        for batch in accounts.batches(readable, accounts.INFO_BATCH_SIZE):
            with contextlib.suppress(errors.ApiError):  # the token lacks the scope
                details |= accounts.read_details(context.client, batch)
    return [
        {
            "advertiser_id": advertiser_id,
            **{name: details.get(advertiser_id, {}).get(name) for name in ADVERTISER_COLUMNS},
            "readable": advertiser_id in readable,
            "checked": False,
        }
        for advertiser_id in context.found_advertisers.requested
        if context.settings.shard.contains(advertiser_id)
    ]


def _choose(rows: Sequence[dict[str, t.Any]], ids: Sequence[str], *, check_all: bool) -> None:
    """Mark the advertisers to check: the named ones, all, or one per combination.

    Raises:
        ConfigError: A named advertiser is not one of the configured advertisers.
    """
    known = {row["advertiser_id"] for row in rows}
    for advertiser_id in ids:
        if advertiser_id not in known:
            msg = (
                f"Advertiser {advertiser_id!r} of --advertiser is not one of the {len(known)} "
                "advertiser(s) of the settings. Correct the ID, or add it to advertiser_ids."
            )
            raise errors.ConfigError(msg)
    seen: set[tuple[t.Any, ...]] = set()
    for row in rows:
        combination = (row["readable"], *(row[name] for name in COMBINATION_COLUMNS))
        is_first = combination not in seen
        seen.add(combination)
        row["checked"] = row["advertiser_id"] in ids if ids else check_all or is_first


def _skew(now: dt.datetime, server_time: str | None) -> float | None:
    """Return how many seconds this machine's clock is ahead of the server's, or None.

    The server reports complete seconds only.
    """
    moment = parse_server_time(server_time)
    return None if moment is None else round((now - moment).total_seconds())


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
    """Return the rate limits, and the duration of the daily budget at full speed.

    Both values of the day are None if there is no daily budget.
    """
    settings = tap.run_context.settings
    tier = settings.tier
    per_day = tier.per_day if tier.per_day < math.inf else None
    name = (
        settings.environment if settings.environment != "production" else settings.rate_limit_tier
    )
    return {
        "name": name,
        "per_second": tier.per_second,
        "per_minute": tier.per_minute,
        "per_day": per_day,
        "per_endpoint": tier.per_endpoint,
        "usable_per_second": tier.usable_per_second,
        "day_lasts_hours": per_day and round(per_day / tier.usable_per_second / 3600, 1),
    }


def _show(report: Report) -> None:
    """Print a report: facts, the checked advertisers, and what is not ok."""
    skew = report.clock_skew_seconds
    common.say("Token: valid.")
    common.say(_app_line(report.app))
    common.say("Clock: not reported by TikTok." if skew is None else f"Clock: {skew:+.0f} s.")
    common.say(_tier_line(report.tier))
    _show_advertisers(report)
    problems = _problems(report)
    if problems:
        common.show_table(["stream", "result", "advertisers"], problems)
    common.say(_summary(report))
    for message in dict.fromkeys(finding.message for finding in report.findings):
        if message:
            common.say(message, err=True)


def _show_advertisers(report: Report) -> None:
    """Print the advertisers that cannot be read, and the checked ones if they are few."""
    shown = report.checked if len(report.checked) <= MAX_SHOWN_ADVERTISERS else []
    rows = [row for row in report.advertisers if row in shown or not row["readable"]]
    if rows:
        columns = ["advertiser", *ADVERTISER_COLUMNS, "readable"]
        common.show_table(columns, [list(row.values())[: len(columns)] for row in rows])


def _problems(report: Report) -> list[tuple[str, str, str]]:
    """Return a row for each stream and result that is not ok, with its advertisers."""
    owners: dict[tuple[str, str], list[str]] = {}
    for stream, by_owner in report.streams.items():
        for owner, finding in by_owner.items():
            if finding.result not in {OK, EMPTY}:
                owners.setdefault((stream, str(finding)), []).append(owner)
    return [
        (stream, result, _named(ids, len(report.streams[stream])))
        for (stream, result), ids in owners.items()
    ]


def _named(ids: Sequence[str], count: int) -> str:
    """Return the advertisers of a row as text."""
    if len(ids) == count and count > 1:
        return f"all {count} checked"
    more = len(ids) - MAX_NAMED_ADVERTISERS
    names = ", ".join(ids[:MAX_NAMED_ADVERTISERS])
    return f"{names} and {more} more" if more > 0 else names


def _summary(report: Report) -> str:
    """Return the last sentences: how many streams can be read, and which have no records."""
    counts: collections.Counter[str] = collections.Counter()
    empty = []
    for stream, by_owner in report.streams.items():
        results = {finding.result for finding in by_owner.values()}
        counts["readable" if results <= {OK, EMPTY} else "denied"] += 1
        if results == {EMPTY}:
            empty.append(stream)
    text = (
        f"Readable: {counts['readable']} of {counts.total()} stream(s), for {len(report.checked)} "
        f"of {len(report.advertisers)} advertiser(s)."
    )
    if empty:
        text += f"\nReadable, but no records in the response: {', '.join(empty)}."
    unchecked = len(report.advertisers) - len(report.checked)
    if unchecked:
        text += f"\nNot checked: {unchecked} advertiser(s). Check them with --all."
    return text


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
    limits = f"{tier['per_second']:,.0f} requests per second, {tier['per_minute']:,.0f} per minute"
    if tier["per_day"] is None:
        return f"Tier: {tier['name']}, {limits}{scope}. There is no daily budget."
    return (
        f"Tier: {tier['name']}, {limits} and {tier['per_day']:,.0f} per day{scope}. At "
        f"{tier['usable_per_second']:,.1f} requests per second, the daily budget lasts "
        f"{tier['day_lasts_hours']:,.1f} hours."
    )
