"""Tests of the rules with examples that keep and break them."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from .checks import ALL_RULES, RuleReport
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
from .messages import SentRequest, get
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


def examples_of(rule: Rule) -> list[tuple[SentRequest, SentRequest]]:
    """Return the examples of a rule."""
    return [pair for start, pair in EXAMPLES.items() if rule.name.startswith(start)]


def with_data(request: SentRequest, **data: t.Any) -> SentRequest:
    """Return a request with the data of its response."""
    return dataclasses.replace(request, data=data)


def transactions(*types: str) -> list[SentRequest]:
    """Return one request for transactions per type."""
    return [get(ADVERTISERS, bc_id="7", filtering={"transfer_type": kind}) for kind in types]


def pixels(*days: str) -> list[SentRequest]:
    """Return one request for pixel statistics per day."""
    return [
        get(
            PIXELS,
            advertiser_id="7",
            pixel_ids=["8"],
            date_range={"start_date": f"2026-11-{day}", "end_date": f"2026-11-{day}"},
        )
        for day in days
    ]


def pages(*numbers: int) -> list[SentRequest]:
    """Return requests for pages of a list with two pages."""
    return [
        with_data(get("/bc/get/", page=str(number), page_size="50"), page_info={"total_page": 2})
        for number in numbers
    ]


def details(*campaigns: str) -> list[SentRequest]:
    """Return a list with one GMV Max campaign, and requests for campaign details."""
    listed = get("/gmv_max/campaign/get/", advertiser_id="7")
    return [
        with_data(listed, list=[{"campaign_id": "8"}]),
        *(
            get("/campaign/gmv_max/info/", advertiser_id="7", campaign_id=name)
            for name in campaigns
        ),
    ]


AVAILABLE = with_data(get("/gmv_max/store/list/", advertiser_id="7"), **STORES)
BOTH = [AVAILABLE, gmv(["PRODUCT"]), gmv(["LIVE"])]
LEVELS = [get(ACCOUNT, bc_id="7", transaction_level=level) for level in ("BC", "ADVERTISER")]
TOPVIEW = objects(AD_GROUPS, buying_types=["RESERVATION_TOP_VIEW"])
PROMOTE = objects(CAMPAIGNS, campaign_system_origins=["PROMOTE"])

#: A run that keeps a rule and a run that breaks it, by the start of the rule's name.
RUNS: dict[str, tuple[list[SentRequest], list[SentRequest]]] = {
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
def test_request_rule_accepts_and_rejects_examples(rule: Rule) -> None:
    """Each request rule applies to its examples, accepts the first and rejects the second."""
    ((kept, broken),) = examples_of(rule)
    assert rule.applies(kept)
    assert rule.is_kept(kept)
    assert rule.applies(broken)
    assert rule.name in {violation.rule for violation in violations(broken)}
    assert rule.source


def test_each_example_has_one_rule() -> None:
    """Each example has one rule, and rule names are unique."""
    for start in EXAMPLES:
        assert len([rule for rule in RULES if rule.name.startswith(start)]) == 1, start
    names = [rule.name for rule in ALL_RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("start", RUNS)
def test_run_rule_accepts_and_rejects_examples(start: str) -> None:
    """Each run rule accepts its first example and rejects the second."""
    (rule,) = [rule for rule in RUN_RULES if rule.name.startswith(start)]
    kept, broken = ([*rule.verdicts(run)] for run in RUNS[start])
    assert kept
    assert all(is_kept for _, is_kept in kept), kept
    assert not all(is_kept for _, is_kept in broken)


def test_each_run_rule_has_examples() -> None:
    """Each run rule has examples."""
    assert len(RUNS) == len(RUN_RULES)
    assert {*REPEAT_RULES, *COMPLETE_RULES} <= set(RUN_RULES)


@pytest.mark.parametrize(("parameter", "wrong_request"), WRONG_PARAMETERS)
def test_wrong_parameter_is_a_violation(parameter: str, wrong_request: SentRequest) -> None:
    """An unknown, missing or malformed parameter is a violation."""
    broken = {violation.rule for violation in violations(wrong_request)}
    assert f"{wrong_request.path} {parameter} is as documented" in broken


def test_valid_requests_have_no_violation() -> None:
    """Valid requests keep all rules."""
    assert [*violations(report())] == []
    assert [*violations(task())] == []
    assert [*violations(gmv(["LIVE"]))] == []
    assert [*violations(PROMOTE)] == []


def test_report_counts_requests_and_violations() -> None:
    """A report counts requests, violations, unexercised rules and unrequested endpoints."""
    rule_report = RuleReport()
    rule_report.check("a run", [report(), report(page_size="1001")])
    assert rule_report.requests.total() == 2
    lines = "\n".join(rule_report.lines())
    assert "1 x /report/integrated/get/ page_size is as documented" in lines
    assert "a run: page_size is not in 1 to 1000: 1001" in lines
    assert "AUDIENCE reports have no lifetime" in rule_report.unexercised
    assert "/pixel/list/" in rule_report.unrequested


def test_each_endpoint_has_source_and_valid_path() -> None:
    """Each endpoint has a source, and its path starts and ends with a slash."""
    for endpoint in ENDPOINTS.values():
        assert endpoint.source
        assert endpoint.path.startswith("/")
        assert endpoint.path.endswith("/")
