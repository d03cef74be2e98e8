"""Reports by TikTok's asynchronous tasks: the same rows, whatever way they come."""

from __future__ import annotations

import collections
import csv
import http.server
import io
import json
import math
import signal
import subprocess
import sys
import threading
import typing as t

import pytest
from conftest import PATIENCE as TEST_PATIENCE
from conftest import asks_for_top_view, catalog_of, command, config_for, run, until
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.api.report_rules import ReportDefinition, task_conflict
from tap_tiktok_ads.api.report_tasks import (
    CANCEL_SECONDS,
    MAX_CHECK_SECONDS,
    MAX_TASK_MINUTES,
    ReportFile,
    ReportTasks,
)
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

SYNC = "/report/integrated/get/"
CREATE, CHECK, DOWNLOAD, CANCEL = (
    f"/report/task/{name}/" for name in ("create", "check", "download", "cancel")
)
DAYS = "{now-3}"
ADS = "ad_performance_report"
#: TopView is reported only when asked for alone.
TOP_VIEW = {
    "name": "top_view",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id"],
    "metrics": ["spend", "impressions", "ad_name", "campaign_id"],
    "filters": [{"field": "buying_type", "values": ["RESERVATION_TOP_VIEW"]}],
}
AGE = {
    "name": "by_age",
    "report_type": "AUDIENCE",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id", "gender", "age"],
    "metrics": ["spend", "impressions", "clicks", "ctr", "conversion"],
}


def sent(sim: Simulator) -> dict[str, int]:
    """How many requests each endpoint of reports has had."""
    return collections.Counter(
        one.path
        for one in sim.requests
        if one.path.startswith("/report/") and not asks_for_top_view(one)
    )


@pytest.mark.parametrize(
    "report",
    [
        "advertiser_performance_report",
        "campaign_performance_report",
        ADS,
        "smart_plus_ad_performance_report",
        "campaign_performance_report_hourly",
        "ad_performance_report_lifetime",
        AGE,
        TOP_VIEW,
    ],
    ids=lambda report: report if isinstance(report, str) else report["name"],
)
def test_rows_are_the_same(sim: Simulator, report: str | dict[str, t.Any]) -> None:
    """Rows, types, keys, order and bookmarks are those of the synchronous report."""
    name = report if isinstance(report, str) else report["name"]
    custom = [] if isinstance(report, str) else [report]
    config = config_for(sim, start_date=DAYS, custom_reports=custom)
    whole = run({**config, "report_mode": "sync"}, [name])
    asked = [one.path for one in sim.requests]
    assert CREATE not in asked
    before = asked.count(SYNC)
    found = run({**config, "report_mode": "async"}, [name])
    assert whole.records[name]
    assert found.records[name] == whole.records[name]
    assert found.schemas == whole.schemas
    assert found.state == whole.state
    asked = [one.path for one in sim.requests]
    assert asked.count(SYNC) == asked.count(CREATE) == asked.count(DOWNLOAD) == before


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_what_is_asked_for(sim: Simulator) -> None:
    """A task is asked for what the synchronous report is, deleted ads included, but no page."""
    run(config_for(sim, start_date=DAYS), [ADS])
    run(config_for(sim, start_date=DAYS, report_mode="async"), [ADS])
    once = next(dict(one.params) for one in sim.requests if one.path == SYNC)
    task = next(dict(one.params) for one in sim.requests if one.path == CREATE)
    assert task.pop("output_format") == "CSV_STRING"
    assert task.pop("enable_report_title_translation") is False
    assert once.pop("page") == "1"
    assert once.pop("page_size") == "1000"
    assert "STATUS_ALL" in once["filtering"]
    assert task == {
        name: json.loads(value) if value[0] == "[" else value for name, value in once.items()
    }


def test_a_second_run_goes_on(sim: Simulator) -> None:
    """A run by tasks resumes from the bookmarks of one without, and the other way round."""
    config = config_for(sim, lookback_days=2)
    first = run({**config, "report_mode": "async"}, [ADS])
    second = run(config, [ADS], state=first.state)
    third = run({**config, "report_mode": "async"}, [ADS], state=second.state)
    assert third.state == second.state == first.state
    assert third.records == second.records
    assert 0 < len(third.records[ADS]) < len(first.records[ADS])


# Automatically

CUT = pytest.mark.parametrize("sim", [{"report_ads_limit": 3}], indirect=True)


@CUT
def test_a_report_that_is_cut_is_made_anew(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Where TikTok looked at its newest ads only, a task brings every row, each once."""
    config = config_for(sim)
    some = run({**config, "report_mode": "sync"}, [ADS])
    assert "records may be missing" in caplog.text
    caplog.clear()
    found = run({**config, "max_concurrency": 1}, [ADS])
    expected = sum(1 for _ in run({**config, "report_mode": "async"}, [ADS]).records[ADS])
    assert len(some.records[ADS]) < len(found.records[ADS]) == expected
    assert len(found.keyed(ADS)) == expected
    assert found.bookmarks(ADS) == some.bookmarks(ADS)
    assert "records may be missing" not in caplog.text


@CUT
def test_later_windows_go_to_tasks_at_once(sim: Simulator) -> None:
    """After the first cut, the windows of that advertiser are not asked for synchronously."""
    run(config_for(sim, max_concurrency=1), [ADS])
    advertisers = len(sim.world.advertiser_ids)
    assert sent(sim)[SYNC] == advertisers
    assert sent(sim)[CREATE] == 2 * advertisers


def test_nothing_is_cut(sim: Simulator) -> None:
    """Reports that are whole need no task."""
    run(config_for(sim), [ADS, "campaign_performance_report_lifetime"])
    assert CREATE not in sent(sim)


@CUT
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ad_country_report", "names of countries"),
        ("audience_report_by_age_gender", "no result"),
    ],
)
def test_rows_that_tasks_cannot_bring(
    sim: Simulator, caplog: pytest.LogCaptureFixture, name: str, reason: str
) -> None:
    """Where a task would bring other rows, those of the synchronous report stay, with the why."""
    config = config_for(sim, start_date=DAYS)
    some = run({**config, "report_mode": "sync"}, [name])
    for mode in ("auto", "async"):
        caplog.clear()
        found = run({**config, "report_mode": mode}, [name])
        assert found.records[name] == some.records[name] != []
        assert reason in caplog.text
        assert "records may be missing" in caplog.text
    assert CREATE not in sent(sim)


@CUT
@pytest.mark.parametrize("mode", ["auto", "async"])
@pytest.mark.parametrize("code", [40118, 40002])
def test_refused_tasks(
    sim: Simulator, caplog: pytest.LogCaptureFixture, mode: str, code: int
) -> None:
    """Where TikTok allows no tasks, rows come synchronously, and the log says why."""
    config = config_for(sim)
    some = run({**config, "report_mode": "sync"}, [ADS])
    sim.add_fault("code", path=CREATE, times=None, code=code, message="filtering: not for you")
    found = run({**config, "report_mode": mode, "max_concurrency": 1}, [ADS])
    assert found.records == some.records
    assert found.state == some.state
    assert sent(sim)[CREATE] == len(sim.world.advertiser_ids)  # and never again
    assert "not for you" in caplog.text


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 2}], indirect=True)
@pytest.mark.parametrize("report", ["campaign_performance_report", "advertiser_performance_report"])
def test_what_cannot_be_divided_further(sim: Simulator, report: str) -> None:
    """A day that stays too large however it is divided is read by tasks."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=1)
    whole = run(config, [report])
    sim.add_fault("code", path=SYNC, times=None, code=51010)
    found = run(config, [report])
    assert found.keyed(report) == whole.keyed(report) != {}
    assert len(found.records[report]) == len(whole.records[report])


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_nothing_to_divide_by(sim: Simulator) -> None:
    """Where no campaign is listed, a day that is too large is read by a task."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=0)
    whole = run(config, [ADS])
    sim.add_fault("code", path=SYNC, times=None, code=51010)
    sim.add_fault("empty_page", path="/campaign/get/", times=None)
    assert run(config, [ADS]).records == whole.records
    assert sent(sim)[CREATE] == 1


# Errors


@pytest.mark.parametrize("sim", [{"report_task_failures": 2}], indirect=True)
def test_a_task_that_fails_is_created_anew(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that TikTok could not finish is one more try, and no row is lost."""
    config = config_for(sim, start_date=DAYS)
    whole = run(config, [ADS])
    assert run({**config, "report_mode": "async"}, [ADS]).records == whole.records
    assert sent(sim)[CREATE] == len(sim.world.advertiser_ids) + 2
    assert "ended with FAILED: System error." in caplog.text


@pytest.mark.parametrize("sim", [{"report_task_failures": 99, "advertisers": 1}], indirect=True)
def test_tasks_that_keep_failing(sim: Simulator) -> None:
    """Once the retries are used up, the run ends and says so."""
    config = config_for(sim, start_date=DAYS, report_mode="async", max_retries=2)
    with pytest.raises(errors.TransientError, match="ended with FAILED"):
        run(config, [ADS])
    assert sent(sim)[CREATE] == 3


@pytest.mark.parametrize(
    ("path", "fault", "details"),
    [
        (CREATE, "http", {"status": 503}),
        (CHECK, "code", {"code": 50000}),
        (DOWNLOAD, "code", {"code": 40201}),
        (DOWNLOAD, "truncate", {}),
        (DOWNLOAD, "not_json", {}),
        (DOWNLOAD, "reset", {}),
    ],
)
def test_faults_in_passing(
    sim: Simulator, path: str, fault: str, details: dict[str, t.Any]
) -> None:
    """What fails in passing is tried again, and the rows are as ever."""
    config = config_for(sim, start_date=DAYS)
    whole = run(config, [ADS])
    sim.add_fault(fault, path=path, **details)
    assert run({**config, "report_mode": "async"}, [ADS]).records == whole.records


@pytest.mark.parametrize("path", [CREATE, CHECK, DOWNLOAD])
def test_lasting_errors(sim: Simulator, path: str) -> None:
    """A refused token ends the run in each step of a task."""
    sim.add_fault("code", path=path, times=None, code=40105)
    with pytest.raises(errors.AuthError):
        run(config_for(sim, report_mode="async"), [ADS])


def test_invalid_metrics_are_left_out(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A metric that TikTok calls invalid is left out of the tasks from then on."""
    report = {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "metrics": ["spend", "brand_new_metric", "clicks"],
    }
    config = config_for(sim, start_date=DAYS, custom_reports=[report])
    whole = run(config, ["mine"])
    caplog.clear()
    found = run({**config, "report_mode": "async", "max_concurrency": 1}, ["mine"])
    assert found.records["mine"] == whole.records["mine"] != []
    assert "Continuing without metrics brand_new_metric" in caplog.text
    assert sent(sim)[CREATE] == len(sim.world.advertiser_ids) + 1


def test_no_task_for_a_test(sim: Simulator) -> None:
    """`--test` makes no task, whatever the mode."""
    tap = TapTikTokAds(config=config_for(sim, report_mode="async"))
    assert tap.run_sync_dry_run(1, [tap.streams[ADS]])
    assert sent(sim) == {SYNC: sent(sim)[SYNC]}


def test_plan_counts_tasks(sim: Simulator, tmp_path: Path) -> None:
    """A plan counts the three requests that a task takes, and makes none of them."""
    files = written(config_for(sim, start_date=DAYS, report_mode="async"), tmp_path)
    shown = command("plan", *files, "--json")
    advertisers = len(sim.world.advertiser_ids)
    assert json.loads(shown.stdout)["requests"] == 3 * advertisers, shown.stderr
    assert not sent(sim)


# The end of a run


def written(config: dict[str, t.Any], path: Path) -> list[str]:
    """The options for a run of one report."""
    (path / "config.json").write_text(json.dumps(config))
    (path / "catalog.json").write_text(json.dumps(catalog_of(config, [ADS])))
    return ["--config", str(path / "config.json"), "--catalog", str(path / "catalog.json")]


def started(config: dict[str, t.Any], path: Path) -> subprocess.Popen[bytes]:
    """The executable, reading one report."""
    return subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *written(config, path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


NEVER_READY = pytest.mark.parametrize("sim", [{"report_task_polls": 10**6}], indirect=True)


def end_while_tasks_run(sim: Simulator, tmp_path: Path) -> None:
    """Stop a run that waits for tasks: it ends at once, in good order, with a STATE."""
    config = config_for(sim, start_date=DAYS, report_mode="async", request_timeout=3600)
    process = started(config, tmp_path)
    until(lambda: sent(sim)[CHECK] >= 10)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=TEST_PATIENCE)  # far less than requests wait
    assert process.returncode == 143
    assert CANCEL_SECONDS < 1
    assert json.loads(out.splitlines()[-1])["type"] == "STATE"


@NEVER_READY
def test_sigterm_cancels(sim: Simulator, tmp_path: Path) -> None:
    """A run that is told to stop cancels the tasks that are open, and ends with a STATE."""
    end_while_tasks_run(sim, tmp_path)
    assert sent(sim)[CANCEL] == sent(sim)[CREATE] > 0


@NEVER_READY
def test_a_failing_cancellation_holds_nothing_up(sim: Simulator, tmp_path: Path) -> None:
    """Tasks that cannot be cancelled neither hold up the end of a run nor fail it."""
    sim.add_fault("hang", path=CANCEL, times=None)
    end_while_tasks_run(sim, tmp_path)


@NEVER_READY
def test_an_error_cancels(sim: Simulator, tmp_path: Path) -> None:
    """A run that ends by an error cancels the tasks that are open, too."""
    sim.add_fault("code", path=CHECK, after=10, times=None, code=40105)
    process = started(config_for(sim, start_date=DAYS, report_mode="async"), tmp_path)
    process.communicate(timeout=TEST_PATIENCE)
    assert process.returncode == 1
    assert sent(sim)[CANCEL] > 0


# Waiting


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def transport_to(url: str, token: str) -> Client:
    """A connection without retries, which waits as it would for TikTok."""
    return Client(
        url,
        token,
        RateLimiter(TIERS["unlimited"]),
        user_agent="test",
        timeout=TEST_PATIENCE,
        max_retries=0,
    )


def report_of(sim: Simulator) -> Request:
    """A report of the simulator's first advertiser."""
    params = {
        "advertiser_id": sim.world.advertiser_ids[0],
        "report_type": "BASIC",
        "data_level": "AUCTION_AD",
        "dimensions": ["ad_id"],
        "metrics": ["spend"],
        "query_lifetime": True,
        "page": 1,
        "page_size": 10,
    }
    return Request(SYNC, params)


@pytest.mark.parametrize("sim", [{"report_task_polls": 14}], indirect=True)
def test_waits_grow(sim: Simulator) -> None:
    """Checks come after a second at first, then more and more rarely, but twice a minute."""
    clock = Clock()
    tasks = ReportTasks(transport_to(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    assert tasks.read(report_of(sim)).columns == ["ad_id", "spend"]
    assert clock.slept[:3] == [1.0, 1.5, 2.25]
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == MAX_CHECK_SECONDS
    assert len(clock.slept) == 16


@NEVER_READY
def test_waits_end(sim: Simulator) -> None:
    """A task that is not ready in time is cancelled, and the error says what to do."""
    clock = Clock()
    tasks = ReportTasks(transport_to(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    with pytest.raises(errors.ResponseError, match=f"{MAX_TASK_MINUTES} minutes.*report_mode"):
        tasks.read(report_of(sim))
    assert 60 * MAX_TASK_MINUTES <= clock.now <= 60 * MAX_TASK_MINUTES + MAX_CHECK_SECONDS
    assert sent(sim)[CANCEL] == 1


@NEVER_READY
def test_a_task_that_somebody_cancels(sim: Simulator) -> None:
    """A task that was cancelled elsewhere is an error, and is not created anew."""
    transport = transport_to(sim.url, sim.access_token)
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            named = next(dict(one.params) for one in sim.requests if one.path == CHECK)
            transport.send_once(Request(CANCEL, {}, method="POST", body=named))

    with pytest.raises(errors.ResponseError, match="ended with CANCELED"):
        ReportTasks(transport, clock=clock, sleep=sleep).read(report_of(sim))
    assert sent(sim)[CREATE] == 1


# CSV text


def filled(rows: list[list[str]], size: int, line_end: str) -> ReportFile:
    """A report of these rows, the first of which has the columns."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    report = ReportFile("here", size)
    report.file.write(text.getvalue().encode())
    return report


def all_of(report: ReportFile) -> list[list[dict[str, str]]]:
    """All parts of a report that is written."""
    report.index()
    return [report.read_part(number) for number in range(report.part_count)]


FIELDS = st.text(st.sampled_from('ab,"\n\r é字-'), max_size=6)


@given(
    rows=st.lists(st.lists(FIELDS, min_size=2, max_size=2), max_size=20),
    size=st.integers(1, 7),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_parts(rows: list[list[str]], size: int, line_end: str) -> None:
    """The parts together hold each row once and in order, whatever its fields hold."""
    if line_end == "\n":  # Python leaves \r without quotes then
        rows = [[field.replace("\r", "") for field in row] for row in rows]
    report = filled([["a", "b"], *rows], size, line_end)
    parts = all_of(report)
    assert [list(row.values()) for part in parts for row in part] == rows
    assert report.columns == ["a", "b"]
    assert report.part_count == math.ceil(len(rows) / size)
    assert all(len(part) == size for part in parts[:-1])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'a,"b\n1,2\n',
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
    ],
)
def test_what_is_no_csv(text: bytes) -> None:
    """A text that is cut off, or has rows of other lengths, is an error and no missing row."""
    report = ReportFile("here")
    report.file.write(text)
    with pytest.raises(errors.ResponseError, match="here"):
        all_of(report)


class _Csv(http.server.BaseHTTPRequestHandler):
    """Answers a download with the text itself, as TikTok's page on it shows."""

    text: t.ClassVar[bytes]

    def do_GET(self) -> None:
        self._answer(
            self.text if DOWNLOAD in self.path else b'{"code":0,"data":{"status":"SUCCESS"}}'
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"code":0,"data":{"task_id":"1"}}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:
        """Say nothing."""


@pytest.fixture
def streaming() -> Iterator[str]:
    """A server of such texts; its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Csv)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_text_that_is_streamed(streaming: str) -> None:
    """A text of many blocks, with line breaks and commas in names, arrives whole."""
    names = [f'Spring, "{number}"\nand summer' for number in range(60_000)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("ad_id", "ad_name"), *enumerate(names)])
    _Csv.text = b"\xef\xbb\xbf" + text.getvalue().encode()
    tasks = ReportTasks(transport_to(streaming, "x"), sleep=lambda _: None)
    report = tasks.read(Request(SYNC, {"advertiser_id": "1"}))
    assert report.columns == ["ad_id", "ad_name"]
    assert report.part_count == 30
    found = [row for number in range(report.part_count) for row in report.read_part(number)]
    assert [row["ad_name"] for row in found] == names


@pytest.mark.parametrize("text", [b"", b'{"code":0,"data":{"download_url":"https://x"}}'])
def test_answers_without_a_report(streaming: str, text: bytes) -> None:
    """An answer that holds no text is an error, and never a report without rows."""
    _Csv.text = text
    tasks = ReportTasks(transport_to(streaming, "x"), sleep=lambda _: None)
    with pytest.raises((errors.TransientError, errors.ResponseError)):
        tasks.read(Request(SYNC, {"advertiser_id": "1"}))


# What tasks can bring


@pytest.mark.parametrize(
    ("report_type", "dimensions", "metrics", "filters", "reason"),
    [
        ("BASIC", ["ad_id"], ["reach", "result"], ["ad_status"], None),
        ("AUDIENCE", ["ad_id", "gender"], ["spend"], [], None),
        ("AUDIENCE", ["ad_id", "gender"], ["spend", "reach"], [], "reach beside gender"),
        ("BASIC", ["ad_id", "country_code"], ["spend"], [], "country"),
        ("BASIC", ["ad_id"], ["spend"], ["campaign_ids", "create_time"], "create_time"),
        ("BASIC", ["ad_id"], [f"metric_{number}" for number in range(101)], [], "more than 100"),
        ("CATALOG", ["ad_id"], ["spend"], [], "CATALOG"),
    ],
)
def test_why_not_by_a_task(
    report_type: str,
    dimensions: list[str],
    metrics: list[str],
    filters: list[str],
    reason: str | None,
) -> None:
    """What TikTok's page says of tasks decides which reports can be had by one."""
    found = task_conflict(
        ReportDefinition("", "AUCTION_AD", tuple(dimensions), report_type=report_type),
        metrics,
        filters,
    )
    assert (found is None) if reason is None else (reason in (found or ""))
