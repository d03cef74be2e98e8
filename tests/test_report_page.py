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
    "streams": [
        {"stream": "<b>", "records": 5, "requests": 4, "retries": 1, "seconds_waited": 2.5},
    ],
    "skipped": [{"stream": "pixels", "advertiser_id": "1"}],
    "failed": [{"stream": STREAM, "advertiser_id": "2"}],
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
    """Days after the last known one are read if the run read the stream of the advertiser."""
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


def test_problems_say_what_to_do() -> None:
    """Each skipped or failed stream has an advice."""
    found = problems(SUMMARY)
    assert [(item["stream"], item["kind"]) for item in found] == [
        ("pixels", "skipped"),
        (STREAM, "failed"),
    ]
    assert all(item["advice"] for item in found)


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
    assert "<title>2026-01-01: final</title>" in page
    assert "Problems" not in page
    assert "The state has no stream with days." in render({}, None, None)


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
