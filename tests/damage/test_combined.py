"""Damaged lists that reports depend on: TopView ads, and campaigns that split a day."""

from __future__ import annotations

import collections
import json
import typing as t

import pytest
from typing_extensions import override

from . import damages as make
from .kinds import FIRST_WINDOW, LIST, REPORTS, VIDEO_LIST, Kind, is_plain_list, sync, world_of
from .server import (
    ADVERTISER,
    CAMPAIGNS,
    REPORT,
    TOPVIEW,
    VIDEOS,
    FakeTikTok,
    Response,
    World,
    serving,
    serving_kind,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .kinds import Identity
    from .server import Damage, Query, Record

DAYS = FIRST_WINDOW[:4]
RECONCILIATION = Kind("reconciliation", "reconciliation", REPORT, ("stat_time_day",))
#: Number of attempts before the tap treats a page as damaged.
ATTEMPTS = 3


class ReportServer(FakeTikTok):
    """A report server with TopView ads and a limit of records.

    Attributes:
        topview: Campaigns and report records of TopView ads.
        rejects_days: True if reports without a campaign filter are rejected as too large.
    """

    topview: World = World({})
    rejects_days = False

    @override
    def _selected(self, path: str, query: Query) -> Sequence[Record]:
        world, filtering = self.world, query.get("filtering")
        if TOPVIEW in json.dumps(filtering):
            world = self.topview
        if path != REPORT:
            return world.lists.get(path, [])
        days = [day for day in world.days if query["start_date"] <= day <= query["end_date"]]
        records = [record for day in days for record in world.days[day]]
        ids = _campaign_ids(filtering)
        return [
            record for record in records if not ids or record["dimensions"]["campaign_id"] in ids
        ]

    @override
    def _list_response(self, path: str, query: Query, attempt: int) -> Response:
        response = super()._list_response(path, query, attempt)
        is_rejected = self.rejects_days and not _campaign_ids(query.get("filtering"))
        if path == REPORT and is_rejected:
            response.envelope.update(code=40002, message="The request is too large", data={})
        return response


def _campaign_ids(filtering: t.Any) -> set[str]:
    conditions = filtering if isinstance(filtering, list) else []
    values = [
        condition["filter_value"]
        for condition in conditions
        if condition["field_name"] == "campaign_ids"
    ]
    return {campaign_id for value in values for campaign_id in json.loads(value)}


def expected_of(worlds: Iterable[World]) -> collections.Counter[Identity]:
    """Return the report records of several worlds."""
    return sum(map(REPORTS.expected, worlds), collections.Counter())


def test_topview_is_requested_after_damaged_first_page() -> None:
    """TopView ads are requested even if a second pass returns page 1 of the report."""
    world = World({}, dict.fromkeys(DAYS, 5))
    topview = World({CAMPAIGNS: 3}, dict.fromkeys(DAYS, 3), seed=2)

    def damage(path: str, response: Response) -> None:
        if path == REPORT and is_plain_list(response.query) and response.attempt <= ATTEMPTS:
            response.page_records = []

    with serving_kind(ReportServer, world) as server:
        server.topview, server.damage = topview, damage
        outcome = sync(server, REPORTS, end_date=DAYS[-1])
    assert (outcome.exit_code, outcome.error) == (0, None)
    assert outcome.identities(REPORTS) == expected_of([world, topview])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(make.cut_list, id="30 % of each page"),
        pytest.param(make.page_number(lambda _: 1), id="page 1 repeated"),
        pytest.param(make.overlapping, id="page starts one record early"),
    ],
)
def test_split_by_damaged_campaigns_is_exact_or_incomplete(damage: Damage) -> None:
    """A day split by a damaged list of campaigns is exact or incomplete."""
    world = World({CAMPAIGNS: 1060}, dict.fromkeys(DAYS, 60))
    oldest = min(campaign_id for campaign_id, _, _ in REPORTS.expected(world))
    world.lists[CAMPAIGNS].append({"advertiser_id": ADVERTISER, "campaign_id": oldest})

    def damaged(path: str, response: Response) -> None:
        if path == CAMPAIGNS and is_plain_list(response.query):
            damage(response)

    with serving_kind(ReportServer, world) as server:
        server.rejects_days, server.damage = True, damaged
        first = sync(server, REPORTS, end_date=DAYS[-1])
        lost = REPORTS.expected(world).keys() - first.identities(REPORTS).keys()
        assert first.exit_code == bool(lost)
        server.reset()
        second = sync(server, REPORTS, first.state, end_date=DAYS[-1])
    assert second.exit_code == 0
    assert lost == second.identities(REPORTS).keys()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(make.cut_list, id="30 % of each page"),
        pytest.param(make.page_number(lambda _: 1), id="page 1 repeated"),
        pytest.param(make.doubled, id="records doubled"),
    ],
)
def test_reconciliation_fails_on_damaged_reports(damage: Damage) -> None:
    """Sums of damaged reports end in an error. The next run re-reads their days."""
    world = World({}, dict.fromkeys(DAYS, 600))
    with serving_kind(ReportServer, world) as server:
        server.damage = lambda path, response: damage(response) if path == REPORT else None
        first = sync(server, RECONCILIATION, end_date=DAYS[-1])
        assert first.exit_code == 1
        assert first.sync_errors
        server.reset()
        second = sync(server, RECONCILIATION, first.state, end_date=DAYS[-1])
    assert second.exit_code == 0
    expected = [round(600 * 599 / 2 + 600 * day / 100, 2) for day in range(1, 5)]
    assert [record["spend_of_ads"] for record in second.records] == expected


def test_topview_list_with_denied_page_is_incomplete() -> None:
    """A list that is denied after page 1 is incomplete. The next run completes it."""
    world, topview = World({CAMPAIGNS: 5}), World({CAMPAIGNS: 150}, seed=2)

    def damage(path: str, response: Response) -> None:
        if path == CAMPAIGNS and response.page == 2:
            response.envelope.update(code=40001, message="No permission", data={})

    with serving_kind(ReportServer, world) as server:
        server.topview, server.damage = topview, damage
        first = sync(server, LIST)
        server.reset()
        second = sync(server, LIST, first.state)
    assert [record["action"] for record in first.sync_errors] == ["skipped"]
    written = first.identities(LIST).keys() | second.identities(LIST).keys()
    assert written == LIST.expected(world).keys() | LIST.expected(topview).keys()


@pytest.mark.parametrize("kind", [LIST, REPORTS], ids=lambda kind: kind.name)
def test_pass_ends_despite_excessive_total(kind: Kind) -> None:
    """A pass ends after a few damaged pages, regardless of the reported number of pages."""
    world = world_of(kind)

    def damage(path: str, response: Response) -> None:
        if path == kind.path and kind.is_damaged(response.query):
            response.page_info.update(total_number=19_000_000, total_page=19_000)

    with serving(world) as server:
        server.max_requests, server.damage = 10_000, damage
        outcome = sync(server, kind)
    assert outcome.request_count < server.max_requests
    assert outcome.exit_code == 1
    assert outcome.identities(kind).keys() == kind.expected(world).keys()


def test_capped_list_of_smaller_pages_is_complete() -> None:
    """A capped list is complete if no additional page fits below the cap."""
    world = World({VIDEOS: 10_050})

    def damage(path: str, response: Response) -> None:
        if path == VIDEOS:
            response.page_records = response.slice((response.page - 1) * 70, 70)
            response.page_info.update(page_size=70, total_page=144)

    with serving(world) as server:
        server.damage = damage
        outcome = sync(server, VIDEO_LIST)
    assert (outcome.exit_code, len(outcome.records)) == (0, 10_000 // 70 * 70)
    assert [record["action"] for record in outcome.sync_errors] == ["kept"]
