"""`check_totals`: the rows of a report against the totals that TikTok tells."""

from __future__ import annotations

import decimal
import typing as t

import pytest
from conftest import Messages, answering, config_at, config_for, run

from tap_tiktok_ads.totals import MEMBER, PARAMETER, Totals

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "ad_performance_report"
PATH = "/report/integrated/get/"
#: Two whose dimensions have totals, by day and of all time; one that TikTok tells none of.
NAMES = [
    REPORT,
    "campaign_performance_report_lifetime",
    "advertiser_performance_report",
    "campaign_country_report",
    "campaign_performance_report_hourly",
    "audience_report_by_platform",
    "reconciliation",
]


def test_equal_totals(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Rows are the same with and without; nothing differs; totals are asked for where allowed."""
    plain = run(config_for(sim, start_date="{now-9}"), NAMES)
    sim.requests.clear()
    checked = run(config_for(sim, start_date="{now-9}", check_totals=True), NAMES)
    assert {name: checked.records[name] for name in NAMES} == {
        name: plain.records[name] for name in NAMES
    }
    asking = {
        (request.params["data_level"], "query_lifetime" in request.params)
        for request in sim.requests
        if request.path.endswith(PATH) and request.params.get(PARAMETER)
    }
    assert len(asking) == 3
    assert "adds up" not in caplog.text
    assert "told no totals" not in caplog.text


def read(data: t.Any, *names: str) -> Messages:
    """A run whose every page is this one."""
    with answering(lambda _: data) as (url, _):
        config = config_at(url, check_totals=True)
        return run(config, names)


def page(total_metrics: t.Any) -> dict[str, t.Any]:
    """A page of one row, whose spend is 1.5."""
    dimensions = {"ad_id": "7", "stat_time_day": "2026-11-01 00:00:00"}
    row = {"dimensions": dimensions, "metrics": {"spend": "1.50", "clicks": "3"}}
    return {"list": [row], "page_info": {"total_number": 1}, MEMBER: total_metrics}


def test_a_difference(caplog: pytest.LogCaptureFixture) -> None:
    """What is missing shows with its size, in the log and in `sync_errors`; rows are kept."""
    messages = read(page({"spend": "4.75", "clicks": "3"}), REPORT, "sync_errors")
    assert messages.records[REPORT]
    assert messages.bookmarks(REPORT) == {"1": "2026-11-02"}
    told = messages.records["sync_errors"][0]
    assert "2026-11-01 to 2026-11-02: spend adds up to 1.5 over 1 rows" in told["message"]
    assert told["message"].endswith("total is 4.75: a difference of 3.25.")
    assert (told["action"], told["stream"], told["advertiser_id"]) == ("kept", REPORT, "1")
    assert told["message"] in caplog.text
    assert "clicks adds up" not in caplog.text


@pytest.mark.parametrize("report_mode", ["auto", "async"])
def test_by_task(sim: Simulator, report_mode: str) -> None:
    """TikTok's tasks are not asked for totals, which they do not have."""
    config = config_for(sim, start_date="{now-5}", check_totals=True, report_mode=report_mode)
    plain = run(config_for(sim, start_date="{now-5}"), [REPORT])
    assert run(config, [REPORT]).keyed(REPORT) == plain.keyed(REPORT)


def rows(*spend: str) -> list[dict[str, t.Any]]:
    """Metrics of rows."""
    return [{"spend": one, "clicks": "3", "reach": "2", "conversion": "-"} for one in spend]


@pytest.mark.parametrize(
    ("spend", "told", "expected"),
    [
        (["1.10", "2.20"], [{"spend": "3.30", "clicks": "6"}], {}),
        (["1.10", "2.20"], [{"spend": "3.315"}], {}),  # within what rounding makes of two rows
        (["1.10", "2.20"], [{"spend": "3.32"}], {"spend": ("3.30", "3.32")}),
        (["1.10"], [{"spend": "1.10", "clicks": "4"}], {"clicks": ("3", "4")}),
        (["1"], [{"spend": "1", "reach": "99", "conversion": "-"}], {}),
        (["2"], [{"spend": "1"}, {"spend": "3"}], {}),  # it grew while pages were read
        (["4"], [{"spend": "1"}, {"spend": "3"}], {"spend": ("4", "3")}),
        ([], [{"spend": "7"}], {"spend": ("0", "7")}),
        (["1"], [], {}),
        (["many"], [{"spend": {"a": 1}}], {}),
    ],
)
def test_differences(spend: list[str], told: list[t.Any], expected: dict[str, t.Any]) -> None:
    """Sums are exact decimals; totals that changed between pages bound them."""
    found = Totals()
    for page in told or [None]:
        found.add(Totals.of_page(rows(*spend) if page is (told or [None])[0] else [], page))
    assert found.differences() == {
        name: tuple(map(decimal.Decimal, pair)) for name, pair in expected.items()
    }


@pytest.mark.parametrize("totals", [None, [], "x", {"spend": None}])
def test_no_totals(totals: t.Any, caplog: pytest.LogCaptureFixture) -> None:
    """An answer without totals, or with something else there, is a page like any other."""
    found = read(page(totals), REPORT).records[REPORT]
    assert {row["spend"] for row in found} == {1.5}
    assert ("told no totals" in caplog.text) is not isinstance(totals, dict)
