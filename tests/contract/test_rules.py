"""The table of rules judges examples: a kept rule passes, and a broken one is caught."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from .endpoints import ENDPOINTS
from .examples import (
    ACCOUNT,
    AD_GROUPS,
    ADVERTISERS,
    CAMPAIGNS,
    DAY,
    DAYS,
    EXAMPLES,
    PAGES,
    PIXELS,
    WRONG_PARAMETERS,
    filtered,
    gmv,
    objects,
    report,
    task,
)
from .judgment import ALL_RULES, Judgment
from .messages import Sent, get
from .rules import RULES, violations
from .run_rules import BUSINESS_TYPES, COMPLETE_RULES, REPEAT_RULES, RUN_RULES, TRANSFER_TYPES

if t.TYPE_CHECKING:
    from .rule_types import Rule

STORES = {
    "store_list": [
        {"store_id": "8", "is_gmv_max_available": True},
        {"store_id": "9", "is_gmv_max_available": False},
    ]
}


def examples_of(rule: Rule) -> list[tuple[Sent, Sent]]:
    """Return the examples of a rule."""
    return [pair for start, pair in EXAMPLES.items() if rule.name.startswith(start)]


def with_data(sent: Sent, **data: t.Any) -> Sent:
    """Return a request with the data of its response."""
    return dataclasses.replace(sent, data=data)


def transactions(*types: str) -> list[Sent]:
    """Return requests of transactions, by type."""
    return [get(ADVERTISERS, bc_id="7", filtering={"transfer_type": kind}) for kind in types]


def pixels(*days: str) -> list[Sent]:
    """Return requests of statistics of a pixel, by day."""
    return [
        get(
            PIXELS,
            advertiser_id="7",
            pixel_ids=["8"],
            date_range={"start_date": f"2026-11-{day}", "end_date": f"2026-11-{day}"},
        )
        for day in days
    ]


def pages(*numbers: int) -> list[Sent]:
    """Return requests of pages of a list with two pages."""
    return [
        with_data(get("/bc/get/", page=str(number), page_size="50"), page_info={"total_page": 2})
        for number in numbers
    ]


def details(*campaigns: str) -> list[Sent]:
    """Return the list of one campaign of GMV Max, and requests of details."""
    listed = get("/gmv_max/campaign/get/", advertiser_id="7")
    return [
        with_data(listed, list=[{"campaign_id": "8"}]),
        *(get("/campaign/gmv_max/info/", advertiser_id="7", campaign_id=one) for one in campaigns),
    ]


AVAILABLE = with_data(get("/gmv_max/store/list/", advertiser_id="7"), **STORES)
BOTH = [AVAILABLE, gmv(["PRODUCT"]), gmv(["LIVE"])]
LEVELS = [get(ACCOUNT, bc_id="7", transaction_level=level) for level in ("BC", "ADVERTISER")]
TOPVIEW = objects(AD_GROUPS, buying_types=["RESERVATION_TOP_VIEW"])
PROMOTE = objects(CAMPAIGNS, campaign_system_origins=["PROMOTE"])

#: By the beginning of the name of a rule: a run that keeps it, and one that breaks it.
RUNS: dict[str, tuple[list[Sent], list[Sent]]] = {
    "GMV Max reports of an available": (BOTH, BOTH[:2]),
    "GMV Max reports of unavailable": (BOTH, [*BOTH, gmv(["LIVE"], store_ids=["9"])]),
    "Details are": (details("8"), details("8", "9")),
    "Transactions of all": (transactions(*TRANSFER_TYPES), transactions("TRANS_TYPE_TAX")),
    "Transactions of accounts": (LEVELS, LEVELS[:1]),
    "Pages of all": (
        [get(PAGES, advertiser_id="7", business_types=sorted(BUSINESS_TYPES))],
        [get(PAGES, advertiser_id="7")],
    ),
    "Promote campaigns": ([objects(CAMPAIGNS), PROMOTE, TOPVIEW], [objects(CAMPAIGNS)]),
    "Reports that are split": (
        [PROMOTE, filtered("campaign_ids", ["8"])],
        [objects(CAMPAIGNS), filtered("campaign_ids", ["8"])],
    ),
    "Each pixel": (pixels("01", "02"), pixels("01", "03")),
    "No day": ([report(**DAY), task(**DAYS)], [report(**DAY), report(**DAYS)]),
    "No request": (
        [get("/bc/get/", page="1"), get("/bc/get/", page="2")],
        [get("/bc/get/", page="1")] * 2,
    ),
    "All pages": (pages(1, 2), pages(1, 2, 3)),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_of_requests(rule: Rule) -> None:
    """Each rule is about its examples, keeps the first and catches the second."""
    ((kept, broken),) = examples_of(rule)
    assert rule.applies(kept)
    assert rule.is_kept(kept)
    assert rule.applies(broken)
    assert rule.name in {violation.rule for violation in violations(broken)}
    assert rule.source


def test_each_example_belongs_to_one_rule() -> None:
    """No example is left over, and no two rules have one name."""
    for start in EXAMPLES:
        assert len([rule for rule in RULES if rule.name.startswith(start)]) == 1, start
    names = [rule.name for rule in ALL_RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("start", RUNS)
def test_rules_of_runs(start: str) -> None:
    """Each rule of runs has verdicts of its examples, keeps the first and catches the second."""
    (rule,) = [rule for rule in RUN_RULES if rule.name.startswith(start)]
    kept, broken = ([*rule.verdicts(run)] for run in RUNS[start])
    assert kept
    assert all(is_kept for _, is_kept in kept), kept
    assert not all(is_kept for _, is_kept in broken)


def test_each_rule_of_runs_has_examples() -> None:
    """No rule of runs is without examples."""
    assert len(RUNS) == len(RUN_RULES)
    assert {*REPEAT_RULES, *COMPLETE_RULES} <= set(RUN_RULES)


@pytest.mark.parametrize(("parameter", "sent"), WRONG_PARAMETERS)
def test_wrong_parameters(parameter: str, sent: Sent) -> None:
    """A parameter that is unknown, missing or malformed is caught."""
    found = {violation.rule for violation in violations(sent)}
    assert f"{sent.path} {parameter} is as documented" in found


def test_kept_rules_have_no_violation() -> None:
    """The plain examples keep the complete table."""
    assert [*violations(report())] == []
    assert [*violations(task())] == []
    assert [*violations(gmv(["LIVE"]))] == []
    assert [*violations(PROMOTE)] == []


def test_judgment() -> None:
    """A judgment counts requests and lists violations, and rules and endpoints without requests."""
    judgment = Judgment()
    judgment.judge("a run", [report(), report(page_size="1001")])
    assert judgment.requests.total() == 2
    lines = "\n".join(judgment.lines())
    assert "1 x /report/integrated/get/ page_size is as documented" in lines
    assert "a run: page_size is not in 1 to 1000: 1001" in lines
    assert "AUDIENCE reports have no lifetime" in judgment.unexercised
    assert "/pixel/list/" in judgment.unrequested


def test_the_table_is_complete() -> None:
    """Each endpoint names its source, and starts and ends with a slash."""
    for endpoint in ENDPOINTS.values():
        assert endpoint.source
        assert endpoint.path.startswith("/")
        assert endpoint.path.endswith("/")
