"""The budget that several jobs share, tested with a virtual clock and with SQLite files."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import sqlite3
import subprocess
import sys
import typing as t

import pytest
import shared_stores as store_checks
from conftest import SMALL, config_for, run
from test_rate_limits import TOO_MANY, VirtualTime, max_starts_in, max_starts_in_calendar

from tap_tiktok_ads.api.errors import ConfigError, RestrictedError
from tap_tiktok_ads.api.hosts import CREATE_TASK_PATH
from tap_tiktok_ads.api.rate_limits import DAY_SECONDS, TIERS, Tier
from tap_tiktok_ads.api.shared_budget import (
    MAX_LATE_SECONDS,
    MAX_OUTAGE_SECONDS,
    QUIET_SECONDS,
    RETURN_ATTEMPT_SECONDS,
    SharedRateLimiter,
    share_budget,
)
from tap_tiktok_ads.api.shared_state import JOB_SECONDS, SHARED_RATE_FACTOR
from tap_tiktok_ads.api.shared_stores import StoreError, address, open_store
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tap_tiktok_ads.api.rate_limits import Budget

BASIC = TIERS["basic"]
PATH = "/campaign/get/"
#: The first time of the store: noon of a day.
NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2


class Cluster:
    """Jobs of an app, and the store that they share, in one virtual time."""

    def __init__(self) -> None:
        self.clock = VirtualTime()
        self.text = ""
        self.store_ahead = NOON - self.clock.now
        self.is_down = False
        self.outages: list[tuple[float, float]] = []

    def connect(self, _url: str, _app: str) -> Cluster:
        """Return the store."""
        self._check()
        return self

    def _check(self) -> None:
        if self.is_down or any(start <= self.clock.now < end for start, end in self.outages):
            msg = "Connection refused"
            raise StoreError(msg)

    def read(self) -> tuple[float, str]:
        """Return the time of the store, and the text."""
        self._check()
        return self.clock.now + self.store_ahead, self.text

    def replace(self, old: str, new: str) -> bool:
        """Replace the text if it is `old`."""
        self._check()
        if self.text != old:
            return False
        self.text = new
        return True

    def close(self) -> None:
        """Do nothing."""

    def job(
        self, tier: Tier = BASIC, sleep: Callable[[float], None] | None = None
    ) -> SharedRateLimiter:
        """Return the limiter of a new job."""
        return SharedRateLimiter(
            tier,
            "redis://user:secret@store.example:6379/0",
            "app",
            clock=self.clock,
            sleep=sleep or self.clock.sleep,
            connect=self.connect,
        )

    def starts(self, budgets: Sequence[Budget], seconds: float) -> list[list[float]]:
        """Return the times at which the requests of each budget start, with unlimited demand."""
        starts: list[list[float]] = [[] for _ in budgets]
        end = self.clock.now + seconds

        def work(number: int) -> None:
            while True:
                budgets[number].acquire()
                if self.clock.now >= end:
                    return
                starts[number].append(self.clock.now)

        self.clock.run(len(budgets), work)
        return starts

    def wait(self, budget: Budget) -> float:
        """Send a request and return the seconds until its start."""
        before = self.clock.now
        budget.acquire()
        return self.clock.now - before


def in_order(starts: Iterable[Iterable[float]]) -> list[float]:
    """Return the times of all jobs in their order."""
    return sorted(itertools.chain.from_iterable(starts))


@pytest.fixture
def cluster() -> Cluster:
    """Jobs without a request."""
    return Cluster()


@pytest.mark.parametrize("jobs", [1, 3, 8])
@pytest.mark.parametrize(("tier", "seconds"), [("basic", 75), ("ultimate", 20), ("sandbox", 300)])
def test_jobs_stay_within_the_limits_together(
    cluster: Cluster, tier: str, jobs: int, seconds: int
) -> None:
    """The jobs of an app use 90% of the limit, and never more than the limit."""
    limits = TIERS[tier]
    budgets = [cluster.job(limits).budget(PATH) for _ in range(jobs)]
    starts = in_order(cluster.starts(budgets, seconds))
    for period, limit in ((1, limits.per_second), (60, limits.per_minute)):
        assert max_starts_in(starts, period) <= limit
        assert max_starts_in_calendar(starts, period) <= limit
    assert len(starts) >= 0.9 * seconds * min(limits.per_second, limits.per_minute / 60)


def test_starts_of_all_jobs_are_spread_evenly(cluster: Cluster) -> None:
    """Two starts of any jobs are at least 0.1 seconds apart, and the jobs take turns."""
    starts = cluster.starts([cluster.job().budget(PATH) for _ in range(4)], 30)
    assert min(b - a for a, b in itertools.pairwise(in_order(starts))) >= 0.1
    counts = [len(of_job) for of_job in starts]
    assert max(counts) - min(counts) <= 1


def test_limit_of_an_endpoint_is_shared(cluster: Cluster) -> None:
    """Several jobs create at most one report task a second, and other requests do not wait."""
    creators = [cluster.job().budget(CREATE_TASK_PATH) for _ in range(3)]
    others = [cluster.job().budget(PATH) for _ in range(3)]
    starts = cluster.starts([*creators, *others], 60)
    created = in_order(starts[:3])
    everything = in_order(starts)
    assert max_starts_in(created, 1) <= 1
    assert len(created) >= 45
    assert max_starts_in(everything, 1) <= BASIC.per_second
    assert len(everything) >= 0.9 * 600


def test_daily_limit_is_shared_until_midnight_utc(cluster: Cluster) -> None:
    """The requests of a UTC day are counted for all jobs, also for those that start later."""
    tier = Tier(10, 600, 5)
    for _ in range(5):
        cluster.job(tier).budget(PATH).acquire()
    with pytest.raises(RestrictedError, match="daily budget of 5 requests of the app"):
        cluster.job(tier).budget(PATH).acquire()
    cluster.clock.now += DAY_SECONDS / 2
    cluster.job(tier).budget(PATH).acquire()


def test_daily_limit_of_an_endpoint_is_shared(cluster: Cluster) -> None:
    """The daily limit of an endpoint leaves requests to other endpoints."""
    tier = Tier(10, 600, 50, endpoints={"/a/get/": Tier(10, 600, 2)})
    for _ in range(2):
        cluster.job(tier).budget("/a/get/").acquire()
    with pytest.raises(RestrictedError, match="2 requests to /a/get/"):
        cluster.job(tier).budget("/a/get/").acquire()
    cluster.job(tier).budget(PATH).acquire()


def test_sandbox_limits_are_separate_for_each_endpoint(cluster: Cluster) -> None:
    """A request to one endpoint of the sandbox does not delay a request to another endpoint."""
    first, second = cluster.job(TIERS["sandbox"]), cluster.job(TIERS["sandbox"])
    first.budget("/a/get/").acquire()
    assert cluster.wait(second.budget("/b/get/")) == 0
    assert cluster.wait(second.budget("/a/get/")) > 2


def test_pause_applies_to_all_jobs(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """A throttled response pauses every job, and the other jobs log the reason once."""
    throttled, other = (cluster.job().budget(PATH) for _ in range(2))
    throttled.acquire()
    assert throttled.record_throttled(TOO_MANY, cluster.clock.now) == 1
    assert cluster.wait(other) == pytest.approx(1)
    other.acquire()
    assert [record.message for record in caplog.records] == [
        "TikTok throttled another job of this app. All requests wait for 1 s: Too many requests"
    ]
    assert throttled.throttled_responses == 1


def test_job_that_stops_does_not_lift_the_pause(cluster: Cluster) -> None:
    """A pause holds for jobs that start after the throttled job has stopped."""
    limiter = cluster.job()
    for expected in (1, 60, 300):
        limiter.budget(PATH).acquire()
        pause = limiter.budget(PATH).record_throttled(TOO_MANY, cluster.clock.now)
        assert pause == expected
    limiter.close()
    cluster.clock.now += 100
    assert cluster.wait(cluster.job().budget(PATH)) == pytest.approx(200)


def test_reserved_start_during_a_new_pause_is_not_used(cluster: Cluster) -> None:
    """A job that waits for its start sees a pause that began in the meantime."""
    throttled = cluster.job().budget(PATH)
    throttled.acquire()
    throttled.record_throttled(TOO_MANY, cluster.clock.now)
    throttled.acquire()

    def sleep(seconds: float) -> None:
        if throttled.throttled_responses == 1:
            throttled.record_throttled(TOO_MANY, cluster.clock.now)
        cluster.clock.sleep(seconds)

    slow = Tier(1, 60, 1000)
    cluster.job(slow).budget(PATH).acquire()
    assert cluster.wait(cluster.job(slow, sleep).budget(PATH)) > 59


def test_late_start_is_given_up(cluster: Cluster) -> None:
    """A job that wakes up late does not send, because the starts of other jobs follow."""
    late = [MAX_LATE_SECONDS * 2]

    def oversleep(seconds: float) -> None:
        cluster.clock.sleep(seconds + (late.pop() if late else 0))

    budget = cluster.job(sleep=oversleep).budget(PATH)
    budget.acquire()
    interval = 1 / (SHARED_RATE_FACTOR * BASIC.usable_per_second)
    assert cluster.wait(budget) == pytest.approx(2 * interval, abs=0.001)
    assert cluster.wait(budget) == pytest.approx(interval, abs=0.001)


def test_responses_in_flight_share_one_pause(cluster: Cluster) -> None:
    """Throttled responses of several jobs to requests before the pause begin one pause."""
    budgets = [cluster.job().budget(PATH) for _ in range(3)]
    started = cluster.clock.now
    assert [budget.record_throttled(TOO_MANY, started) for budget in budgets] == [1, 1, 1]


def test_pauses_of_different_jobs_become_longer(cluster: Cluster) -> None:
    """If TikTok throttles another job after a pause, the next one is longer. Then all jobs end."""
    pauses = []
    for _ in range(3):
        budget = cluster.job().budget(PATH)
        budget.acquire()
        pauses.append(budget.record_throttled(TOO_MANY, cluster.clock.now))
    assert pauses == [1, 60, 300]
    last, other = cluster.job().budget(PATH), cluster.job().budget(PATH)
    last.acquire()
    with pytest.raises(RestrictedError, match="after pauses of 1, 60, 300 seconds"):
        last.record_throttled(TOO_MANY, cluster.clock.now)
    with pytest.raises(RestrictedError, match="Too many requests"):
        other.acquire()
    cluster.clock.now += 600
    cluster.job().budget(PATH).acquire()


def test_response_of_another_job_ends_the_restriction(cluster: Cluster) -> None:
    """After a response of any job, the next pause is short again."""
    throttled, other = (cluster.job().budget(PATH) for _ in range(2))
    throttled.acquire()
    throttled.record_throttled(TOO_MANY, cluster.clock.now)
    started = cluster.clock.now - 1
    other.record_response(started)  # of a request before the pause
    other.acquire()
    other.record_response(cluster.clock.now)
    throttled.acquire()
    assert throttled.record_throttled(TOO_MANY, cluster.clock.now) == 1


def test_reduced_rate_applies_to_all_jobs(cluster: Cluster) -> None:
    """After a throttled response, all jobs together send at half the rate."""
    budgets = [cluster.job().budget(PATH) for _ in range(3)]
    budgets[0].acquire()
    budgets[0].record_throttled(TOO_MANY, cluster.clock.now)
    cluster.clock.now += 1
    assert 40 <= len(in_order(cluster.starts(budgets, 10))) <= 50


# The store


def test_lost_store_leaves_an_equal_part(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the store, each job uses the limit divided by the number of jobs, and warns once."""
    jobs = [cluster.job() for _ in range(4)]
    budgets = [job.budget(PATH) for job in jobs]
    for budget in budgets:
        budget.acquire()
    cluster.is_down = True
    assert cluster.wait(budgets[0]) == pytest.approx(MAX_OUTAGE_SECONDS + QUIET_SECONDS)
    starts = in_order(cluster.starts(budgets, 100))
    assert len(starts) >= 0.55 * 1000
    assert max_starts_in(starts, 1) <= 10
    assert max_starts_in(starts, 60) <= 600
    warnings = [record.message for record in caplog.records if "Lost" in record.message]
    assert len(warnings) == 4
    assert "2.50 requests per second, because 4 job(s)" in warnings[0]
    assert "redis://store.example:6379/0: Connection refused" in warnings[0]
    assert "secret" not in caplog.text


def test_lost_store_keeps_the_pause(cluster: Cluster) -> None:
    """A job that loses the store during a pause waits until its end."""
    limiter = cluster.job()
    for _ in range(3):
        limiter.budget(PATH).acquire()
        limiter.budget(PATH).record_throttled(TOO_MANY, cluster.clock.now)
    cluster.is_down = True
    assert cluster.wait(limiter.budget(PATH)) == pytest.approx(300)


def test_lost_store_does_not_end_a_throttled_job(cluster: Cluster) -> None:
    """Without the store, a throttled response pauses the job itself."""
    budget = cluster.job().budget(PATH)
    budget.acquire()
    cluster.is_down = True
    assert budget.record_throttled(TOO_MANY, cluster.clock.now) > 0
    budget.record_response(cluster.clock.now)


def test_short_outage_has_no_effect(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """A job that reaches the store again shares the budget as before."""

    def sleep(seconds: float) -> None:
        cluster.clock.sleep(seconds)
        cluster.is_down = False

    budget = cluster.job(sleep=sleep).budget(PATH)
    cluster.is_down = True
    assert cluster.wait(budget) < 2
    assert not caplog.records


def test_jobs_without_requests_do_not_count(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that was killed does not reduce the part of the others forever."""
    cluster.job()
    cluster.clock.now += JOB_SECONDS + 1
    limiter = cluster.job()
    cluster.is_down = True
    limiter.budget(PATH).acquire()
    assert "10.00 requests per second, because 1 job(s)" in caplog.text


def test_closed_job_is_removed(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """A job that ends removes itself, and closing it twice or without the store is no error."""
    first, second = cluster.job(), cluster.job()
    first.close()
    first.close()
    second.budget(PATH).acquire()
    cluster.is_down = True
    second.budget(PATH).acquire()
    assert "10.00 requests per second, because 1 job(s)" in caplog.text
    second.close()


def test_closed_job_does_not_enter_again(cluster: Cluster) -> None:
    """A thread that waits for its start when the job ends does not make it a job again."""
    limiter = cluster.job()
    limiter.budget(PATH).acquire()
    limiter.close()
    limiter.budget(PATH).acquire()  # the client sends no request after it
    assert '"jobs":{}' in cluster.text


# The return to the store


@pytest.mark.parametrize("jobs", [1, 3, 8])
@pytest.mark.parametrize("outage", [10, 14.2, 15.5, 29.9, 30.1, 45, 61, 100, 600])
def test_jobs_return_to_the_store_within_the_limits(
    cluster: Cluster, jobs: int, outage: float
) -> None:
    """Before, during and after an outage, all jobs together stay within the limits."""
    begin = cluster.clock.now
    end = begin + 20 + outage
    cluster.outages.append((begin + 20, end))
    budgets = [cluster.job().budget(PATH) for _ in range(jobs)]
    starts = in_order(cluster.starts(budgets, 20 + outage + 200))
    assert max_starts_in(starts, 1) <= BASIC.per_second
    assert max_starts_in_calendar(starts, 1) <= BASIC.per_second
    assert max_starts_in(starts, 60) <= BASIC.per_minute
    assert len([start for start in starts if start >= end + 110]) >= 0.9 * 10 * 90
    alone = in_order(cluster.starts(budgets[:1], 20))
    assert len(alone) >= 0.9 * 10 * 20


@pytest.mark.parametrize("seconds", [5, 31, 74, 76, 200])
def test_job_that_starts_after_an_outage_waits_for_the_return(
    cluster: Cluster, seconds: float
) -> None:
    """A new job has no part of the limits, so it waits until the other jobs use the store."""
    begin = cluster.clock.now
    cluster.outages.append((begin + 1, begin + 40))
    budgets = [cluster.job().budget(PATH) for _ in range(3)]
    starts = cluster.starts(budgets, 62)  # the first jobs have reached the store
    budgets.append(cluster.job().budget(PATH))
    starts += cluster.starts(budgets, seconds)
    starts += cluster.starts(budgets, 100)
    assert max_starts_in(in_order(starts), 1) <= BASIC.per_second
    assert max_starts_in(in_order(starts), 60) <= BASIC.per_minute
    assert len(starts[-1]) >= 15


def test_job_that_lost_the_store_alone_returns_at_once(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """If the other jobs used the store in the meantime, a job does not wait for them."""
    reachable = [True]

    class Partition(Cluster):
        def _check(self) -> None:
            if not reachable[0]:
                msg = "Connection timed out"
                raise StoreError(msg)

        def read(self) -> tuple[float, str]:
            self._check()
            return cluster.read()

        def replace(self, old: str, new: str) -> bool:
            self._check()
            return cluster.replace(old, new)

    apart = Partition()
    apart.clock = cluster.clock
    budgets = [apart.job().budget(PATH), cluster.job().budget(PATH)]
    cluster.starts(budgets, 10)
    reachable[0] = False
    cluster.starts(budgets, 40)
    assert "Lost the store" in caplog.text
    reachable[0] = True
    cluster.starts(budgets, RETURN_ATTEMPT_SECONDS + 2)
    starts = in_order(cluster.starts(budgets, 60))
    assert max_starts_in(starts, 1) <= BASIC.per_second
    assert len(starts) >= 0.9 * 600


def test_store_can_be_lost_again(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """Outages before and after the return do not end a job, and requests stay in the limits."""
    begin = cluster.clock.now
    cluster.outages += [
        (begin + start, begin + end) for start, end in ((5, 50), (90, 160), (400, 500))
    ]
    budgets = [cluster.job().budget(PATH) for _ in range(2)]
    starts = in_order(cluster.starts(budgets, 800))
    assert max_starts_in(starts, 1) <= BASIC.per_second
    assert max_starts_in(starts, 60) <= BASIC.per_minute
    assert len([start for start in starts if start > begin + 700]) >= 0.9 * 10 * 100
    assert caplog.text.count("Lost the store") >= 4


def test_pause_without_the_store_applies_to_all_jobs_afterwards(cluster: Cluster) -> None:
    """A job that returns takes over its pause, and the requests that it sent."""
    tier = Tier(10, 600, 1000)
    limiter = cluster.job(tier)
    limiter.budget(PATH).acquire()
    cluster.is_down = True
    for _ in range(5):
        limiter.budget(PATH).acquire()
    for _ in range(2):
        cluster.clock.now += 2
        limiter.budget(PATH).record_throttled(TOO_MANY, cluster.clock.now)
    cluster.is_down = False
    cluster.clock.now += RETURN_ATTEMPT_SECONDS
    for _ in range(2):
        limiter.budget(PATH).acquire()
    state = json.loads(cluster.text)
    assert [used for _, used in state["days"].values()] == [8]
    assert state["restrictions"][""]["reason"] == "Too many requests"
    assert state["restrictions"][""]["rate_factor"] == 0.25


def test_job_leaves_before_its_return(cluster: Cluster) -> None:
    """A job that reaches the store again and ends removes itself from the state."""
    jobs = [cluster.job() for _ in range(2)]
    cluster.is_down = True
    jobs[0].budget(PATH).acquire()
    cluster.is_down = False
    cluster.clock.now += RETURN_ATTEMPT_SECONDS
    jobs[0].budget(PATH).acquire()
    for job in jobs:
        job.close()
    assert '"jobs":{}' in cluster.text


@pytest.mark.parametrize("step", [-7200, -30, -0.5, 0.5, 30, 7200])
def test_clock_of_the_store_may_be_set(cluster: Cluster, step: float) -> None:
    """A clock that is set does not block the jobs, and requests stay within the limit."""
    budgets = [cluster.job().budget(PATH) for _ in range(2)]
    before = cluster.starts(budgets, 5)
    cluster.store_ahead += step
    after = cluster.starts(budgets, 20)
    starts = in_order(before + after)
    assert max_starts_in(starts, 1) <= BASIC.per_second + 1
    assert len(in_order(after)) >= 0.9 * 10 * 20 - 2


@pytest.mark.parametrize("step", [-7200, -30])
def test_clock_that_is_set_back_does_not_change_a_pause(cluster: Cluster, step: float) -> None:
    """A pause keeps its length if the clock of the store is set back."""
    limiter = cluster.job()
    for _ in range(2):
        limiter.budget(PATH).acquire()
        limiter.budget(PATH).record_throttled(TOO_MANY, cluster.clock.now)
    cluster.store_ahead += step
    assert cluster.wait(cluster.job().budget(PATH)) == pytest.approx(60)


def test_clocks_of_the_jobs_do_not_matter(cluster: Cluster) -> None:
    """Jobs on machines with different clocks share one pace."""
    other = Cluster()
    other.connect = cluster.connect  # type: ignore[method-assign]
    job = SharedRateLimiter(
        BASIC,
        "redis://store",
        "app",
        clock=lambda: cluster.clock.now - 5000,
        sleep=cluster.clock.sleep,
        connect=cluster.connect,
    )
    starts = in_order(cluster.starts([job.budget(PATH), cluster.job().budget(PATH)], 30))
    assert max_starts_in(starts, 1) <= BASIC.per_second
    assert len(starts) >= 270


# SQLite files, settings and messages


def sqlite_url(folder: Path) -> str:
    """Return the URL of a file."""
    return f"sqlite:///{folder / 'budget.sqlite'}"


@pytest.mark.parametrize("check", store_checks.CHECKS)
def test_sqlite(check: Callable[[str], None], tmp_path: Path) -> None:
    """A SQLite file can be a store."""
    check(sqlite_url(tmp_path))


def test_store_does_not_contain_the_token(tmp_path: Path) -> None:
    """The file contains a hash of the token, and not the token."""
    limiter = share_budget(BASIC, sqlite_url(tmp_path), "act.token")
    limiter.budget(PATH).acquire()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert hashlib.sha256(b"act.token").hexdigest()[:32].encode() in content
    assert b"act.token" not in content
    limiter.close()


def test_apps_do_not_share_a_budget(tmp_path: Path) -> None:
    """Two apps in one store do not delay each other."""
    tier = Tier(0.001, 0.06, 10)
    limiters = [share_budget(tier, sqlite_url(tmp_path), app) for app in ("1", "2")]
    for limiter in limiters:
        limiter.budget(PATH).acquire()
        limiter.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///missing/folder/budget.sqlite",
        "redis://user:pass-word@127.0.0.1:9/0",
        "postgresql://user:pass-word@127.0.0.1:9/database",
    ],
)
def test_store_that_cannot_be_reached_is_an_error(url: str) -> None:
    """The error names the store without its password, before the first request."""
    with pytest.raises(ConfigError, match="Cannot use the store of shared_budget at") as caught:
        share_budget(BASIC, url, "app")
    assert address(url) in str(caught.value)
    assert "pass-word" not in str(caught.value)


def test_unexpected_state_is_an_error(tmp_path: Path) -> None:
    """A state of another format ends the run with an explanation."""
    url = sqlite_url(tmp_path)
    key = hashlib.sha256(b"app").hexdigest()[:32]
    store = open_store(url, key)
    assert store.replace("", '{"time": "noon"}')
    store.close()
    with pytest.raises(ConfigError, match="unexpected state"):
        share_budget(BASIC, url, "app")


def test_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """A file of another kind is not changed."""
    (tmp_path / "budget.sqlite").write_text("text " * 1000)
    with pytest.raises(ConfigError, match="file is not a database"):
        share_budget(BASIC, sqlite_url(tmp_path), "app")


def test_locked_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program keeps locked ends the run with an explanation."""
    monkeypatch.setattr("tap_tiktok_ads.api.shared_stores.TIMEOUT_SECONDS", 0.01)
    path = tmp_path / "budget.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigError, match="locked"):
        share_budget(BASIC, sqlite_url(tmp_path), "app")
    other.close()


def test_all_checks_are_quiet(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """A job that shares nothing with others logs nothing."""
    with caplog.at_level(logging.INFO):
        limiter = share_budget(BASIC, sqlite_url(tmp_path), "app")
        limiter.budget(PATH).acquire()
        limiter.budget(PATH).record_response(limiter.clock())
        limiter.close()
    assert not caplog.records


def test_tap_reads_the_same_records(tmp_path: Path) -> None:
    """A run with a shared budget writes the records of a run without, and counts its requests."""
    with Simulator({**SMALL, "advertisers": 1}) as sim:
        alone = run(config_for(sim), ["campaigns"]).records
        before = len(sim.requests)
        shared = run(config_for(sim, shared_budget=sqlite_url(tmp_path)), ["campaigns"]).records
        requests = len(sim.requests) - before
    assert shared == alone
    connection = sqlite3.connect(tmp_path / "budget.sqlite")
    ((state,),) = connection.execute("SELECT state FROM tap_tiktok_ads_budgets").fetchall()
    connection.close()
    ((_, counted),) = json.loads(state)["days"].values()
    assert counted == requests


def test_optional_packages_are_imported_only_if_needed() -> None:
    """Without the setting, a run needs no package of the extra."""
    script = (
        "import sys; sys.modules.update(pyrate_limiter=None, redis=None, psycopg=None); "
        "import tap_tiktok_ads.context, tap_tiktok_ads.api.shared_stores"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
