"""The page that `report` writes."""

from __future__ import annotations

import builtins
import json
import re
import typing as t
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from conftest import config_for, run

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli.report import command, render
from tap_tiktok_ads.cli.report_data import calendars, problems, spend_by_level

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

STREAM = "ads_report"
SUMMARY: dict[str, t.Any] = {
    "ended_at": "2026-01-10T10:00:00Z",
    "duration_seconds": 90.0,
    "exit_code": 1,
    "error": f"Sync incomplete for {STREAM} (advertiser 2). First cause: No <total>.",
    "today": "2026-01-11",
    "completed": [STREAM, "pixels"],
    "requested_days": [
        {
            "first_day": "2026-01-02",
            "last_day": "2026-01-10",
            "streams": [STREAM],
            "advertiser_ids": ["1", "2"],
        }
    ],
    "streams": [
        {"stream": "<b>", "records": 5, "requests": 4, "retries": 1, "seconds_waited": 2.5},
    ],
    "skipped": [{"stream": "pixels", "advertiser_id": "1", "message": "code 40001"}],
    "failed": [{"stream": STREAM, "advertiser_id": "2", "message": "No <total>."}],
}


def state_of(**members: t.Any) -> dict[str, t.Any]:
    """Return a state with two advertisers whose partitions have these members."""
    partitions = [
        {"context": {"advertiser_id": owner}, "start_floor": "2026-01-01", **members}
        for owner in ("1", "2")
    ]
    return {"bookmarks": {STREAM: {"partitions": partitions}, "pixels": {}}}


def days(kinds: t.Sequence[tuple[t.Any, str]]) -> str:
    """Return the first letter of the kind of each day."""
    return "".join(kind[0] for _, kind in kinds)


def test_days_are_final_read_skipped_or_missing() -> None:
    """Days after the last known one are read if the run read the stream of the advertiser.

    Days that the run did not request are blank.
    """
    state = state_of(
        covered=[["2026-01-02", "2026-01-03"], ["2026-01-07", "2026-01-07"]],
        skipped=[["2026-01-05", "2026-01-05", "2026-01-09"]],
        replication_key_value="2026-01-03",
    )
    found = calendars(state, SUMMARY)
    assert list(found) == [STREAM]
    first, second = found[STREAM]
    assert days(first.days) == "mffmsmfrrr"
    assert days(second.days) == "mffmsmfmmm"  # the run failed for it
    assert (first.bookmark, first.lag_days) == ("2026-01-03", 7)
    assert days(calendars(state, None)[STREAM][0].days) == "mffmsmf"


def test_a_long_calendar_is_cut() -> None:
    """A calendar has the newest 400 days."""
    (row, _) = calendars(state_of(covered=[["2020-01-01", "2026-01-10"]]), SUMMARY)[STREAM]
    assert (len(row.days), str(row.days[-1][0])) == (400, "2026-01-10")


def test_damaged_members_of_a_state_are_left_out() -> None:
    """A page is written for a state whose days cannot be read."""
    rows = calendars(state_of(covered=[["soon", "later"]], start_floor="?"), None)[STREAM]
    assert [row.days for row in rows] == [[], []]


@pytest.mark.parametrize("covered", [5, "2026", [["2026-01-01"]], [{"a": 1}], [5], None])
@pytest.mark.parametrize("member", ["covered", "read_once", "skipped"])
def test_days_of_another_form_are_left_out(member: str, covered: t.Any) -> None:
    """A page is written for a state whose members do not have the form of days."""
    state = state_of(**{"covered": [["2026-01-02", "2026-01-02"]], member: covered})
    assert "</html>" in render(state, SUMMARY, None)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_shown(day: str) -> None:
    """A page is written for a state with the first or last day of the calendar."""
    page = render(state_of(covered=[[day, day]], start_floor=day), None, None)
    assert f"<title>{day}: final</title>" in page


def test_page_of_many_advertisers_is_small() -> None:
    """A calendar takes a kilobyte and a half, not one element per day."""
    covered = [["2025-01-01", "2025-06-30"], ["2025-07-05", "2026-01-10"]]
    one = state_of(covered=covered)
    partitions = one["bookmarks"][STREAM]["partitions"]
    partitions *= 50
    page = render(one, SUMMARY, None)
    assert page.count("<svg") == len(partitions) + 1
    assert len(page) < 2_000 * len(partitions)
    assert "<title>2025-07-01 to 2025-07-04: missing</title>" in page


def test_range_is_a_line_for_each_week() -> None:
    """Each week of a range is a line whose dashes are its days."""
    state = state_of(covered=[["2026-01-01", "2026-01-06"]])  # from Thursday to Tuesday
    assert 'd="M5.5 53v50M18.5 14v24"' in render(state, None, None)


def test_problems_say_what_to_do() -> None:
    """Each skipped or failed stream has its message, and the page shows it."""
    found = problems(SUMMARY)
    page = render(state_of(), SUMMARY, None)
    assert page.count("No &lt;total&gt;.") == 1
    assert "code 40001 Run doctor" in page
    assert "<b>2</b>" in page
    assert [(item["stream"], item["kind"]) for item in found] == [
        ("pixels", "skipped"),
        (STREAM, "failed"),
    ]
    assert all(item["message"] for item in found)


@pytest.mark.parametrize("error", ["Code 40105: check access_token.", None])
def test_a_failed_run_did_not_read_everything(error: str | None) -> None:
    """With an exit code other than 0, the page has the reason, or says that the log has it."""
    summary = {**SUMMARY, "skipped": [], "failed": [], "error": error}
    page = render(state_of(), summary, None)
    assert "everything that is selected" not in page
    assert (error or "The log of the run has the reason.") in page
    page = render(state_of(), {**summary, "exit_code": 0, "error": None}, None)
    assert "The last run read everything that is selected." in page


@pytest.mark.parametrize(
    ("changes", "shown", "lag"),
    [
        ({}, "mffrrrrrrr", 7),
        ({"completed": []}, "mffmmmmmmm", 7),
        ({"requested_days": []}, "mff", 8),
        ({"failed": [{"stream": STREAM, "advertiser_id": "all", "message": ""}]}, "mffmmmmmmm", 7),
        (
            {"skipped": [{"stream": "all streams", "advertiser_id": "1", "message": ""}]},
            "mffmmmmmmm",
            7,
        ),
    ],
    ids=["read", "not completed", "not requested", "failed for all", "account denied"],
)
def test_only_days_that_were_read_are_shown_as_read(
    changes: dict[str, t.Any], shown: str, lag: int
) -> None:
    """Days are read if the stream was completed, and the advertiser had no problem."""
    state = state_of(covered=[["2026-01-02", "2026-01-03"]], replication_key_value="2026-01-03")
    (row, _) = calendars(state, {**SUMMARY, **changes})[STREAM]
    assert (days(row.days), row.lag_days) == (shown, lag)


def test_days_after_the_end_date_are_blank() -> None:
    """A run with fixed dates in the past is 0 days behind, and nothing is shown after them."""
    requested = {**SUMMARY["requested_days"][0], "last_day": "2026-01-03"}
    state = state_of(covered=[["2026-01-01", "2026-01-03"]], replication_key_value="2026-01-03")
    (row, _) = calendars(state, {**SUMMARY, "requested_days": [requested]})[STREAM]
    assert (days(row.days), row.lag_days) == ("fff", 0)


def test_spend_of_levels_is_exact() -> None:
    """Spend is added up without rounding errors."""
    rows = [{"spend": 0.1, "spend_of_ads": 0.1, "spend_missing_in_ads": None}] * 3
    levels = {level.level: (str(level.spend), str(level.missing)) for level in spend_by_level(rows)}
    assert levels["advertiser"] == ("0.3", "0")
    assert levels["ads"] == ("0.3", "0")
    assert spend_by_level([]) == []


class Checker(HTMLParser):
    """Checks that tags are closed in order, and collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        if tag not in {"meta", "rect", "wbr"}:
            self.open.append(tag)
        self.loaded += [value for name, value in attrs if name in {"src", "href"}]
        if tag in {"script", "link", "img", "iframe"}:
            self.loaded.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_page_is_self_contained(sim: Simulator, tmp_path: Path) -> None:
    """The page of a real run has its days, and loads nothing."""
    streams = ["ad_performance_report", "reconciliation", "ads"]
    messages = run(config_for(sim), streams)
    lines = [json.dumps(message) for message in messages.all]
    files = {"state.json": json.dumps(messages.state), "run.json": json.dumps(SUMMARY)}
    files |= {"plan.json": '{"requests": 7, "minutes": 0.1, "share_of_day": 0.5}'}
    files |= {"records.jsonl": "\n".join(lines)}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    arguments = ["--state", "state.json", "--summary-file", "run.json", "--plan", "plan.json"]
    arguments += ["--records", "records.jsonl", "--output", "page.html"]
    arguments = [str(tmp_path / item) if "." in item else item for item in arguments]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "page.html").read_text("utf-8")
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.loaded == []
    assert "&lt;b&gt;" in page
    assert "<title>2026" in page or "<title>20" in page
    assert re.search(r"<td>ad groups</td>", page)
    assert "About 7 requests and 0.1 minutes, 50.00 % of the daily budget." in page


def test_page_of_a_state_alone() -> None:
    """Without summary, plan and records, the page has calendars and bookmarks."""
    page = render(state_of(covered=[["2026-01-01", "2026-01-02"]]), None, None)
    assert "<title>2026-01-01 to 2026-01-02: final</title>" in page
    assert 'tabindex="0" role="region" aria-label="Days of ads_report, advertiser 1"' in page
    assert 'aria-label="2 final"' in page
    assert "Problems" not in page
    assert "The state has no stream with days." in render({}, None, None)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, " 0.1 minutes, 50.00 % of the daily budget."), (0.0, " 0.1 minutes.")],
)
def test_a_plan_without_daily_budget_shows_no_share(share: float, text: str) -> None:
    """The share of the daily budget is left out if there is no daily budget."""
    plan = {"requests": 7, "minutes": 0.1, "share_of_day": share}
    assert text in render({}, None, plan)


def test_report_needs_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without jinja2, the error names the extra."""
    original = builtins.__import__

    def without_jinja(name: str, *arguments: t.Any, **options: t.Any) -> t.Any:
        if name == "jinja2":
            raise ModuleNotFoundError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_jinja)
    with pytest.raises(ConfigError, match=r"pip install .*\[report\]"):
        render({}, None, None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_records_are_read_in_the_encodings_of_shells(tmp_path: Path, encoding: str) -> None:
    """Records that a shell wrote as UTF-16, or with a byte order mark, are read."""
    message = {"type": "RECORD", "stream": "reconciliation", "record": {"spend": 12.5}}
    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "records.jsonl").write_text(f"{json.dumps(message)}\n" * 2, encoding)
    files = [str(tmp_path / name) for name in ("state.json", "records.jsonl", "page.html")]
    arguments = ["--state", files[0], "--records", files[1], "--output", files[2]]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.exception
    assert '<td class="number">25.00</td>' in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00abc", b"\xff\xfe\xff"])
def test_records_that_are_no_text_are_an_error(tmp_path: Path, content: bytes) -> None:
    """Bytes in no encoding are an error, not a traceback."""
    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "records.jsonl").write_bytes(content)
    files = [str(tmp_path / name) for name in ("state.json", "records.jsonl", "page.html")]
    arguments = ["--state", files[0], "--records", files[1], "--output", files[2]]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, ConfigError)


def test_records_must_be_messages(tmp_path: Path) -> None:
    """A file that is not the output of the tap is an error with the number of the line."""
    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "records.jsonl").write_text('{"type": "STATE"}\nx\n')
    files = [str(tmp_path / name) for name in ("state.json", "records.jsonl", "page.html")]
    arguments = ["--state", files[0], "--records", files[1], "--output", files[2]]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, ConfigError)
    assert "Cannot read line 2" in str(result.exception)


@pytest.mark.parametrize(
    ("option", "member"), [("--summary-file", "exit_code"), ("--plan", "requests")]
)
def test_other_files_are_rejected(tmp_path: Path, option: str, member: str) -> None:
    """A JSON file of another kind is an error that names the missing member."""
    state = tmp_path / "state.json"
    state.write_text('{"bookmarks": {}}')
    arguments = ["--state", str(state), option, str(state), "--output", str(tmp_path / "page.html")]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, ConfigError)
    assert f"has no member {member!r}. Pass the output of " in str(result.exception)
    assert not (tmp_path / "page.html").exists()
