"""Reports made in the background: their life, their CSV, and what is refused."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_tiktok_ads.simulator.spec.reports import COUNTRY_NAMES

from .helpers import START, TODAY, report_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from .helpers import Client

CREATE, CHECK, DOWNLOAD, CANCEL = (
    f"/report/task/{name}/" for name in ("create", "check", "download", "cancel")
)
METRICS = ["campaign_name", "spend", "impressions", "conversion_rate_v2"]


def asked(**params: Any) -> dict[str, Any]:
    """Return the body of a valid task, the given values on top."""
    return report_params(**({"metrics": METRICS} | params))


def finished(client: Client, **params: Any) -> str:
    """Return the id of a task that is ready."""
    task: str = client.posted(CREATE, **asked(**params))["task_id"]
    for _ in range(20):
        if client.data(CHECK, task_id=task)["status"] == "SUCCESS":
            return task
    raise AssertionError(task)


def table(text: str) -> list[list[str]]:
    """Return the lines of a CSV."""
    return list(csv.reader(StringIO(text)))


@pytest.mark.parametrize(
    ("polls", "statuses"),
    [
        (0, ["SUCCESS", "SUCCESS"]),
        (1, ["QUEUING", "PROCESSING", "SUCCESS", "SUCCESS"]),
        (3, ["QUEUING", "PROCESSING", "PROCESSING", "PROCESSING", "SUCCESS"]),
    ],
)
def test_statuses(serve: Callable[..., Client], polls: int, statuses: list[str]) -> None:
    """A task is queuing, then processing as often as the world says, then ready."""
    client = serve(report_task_polls=polls)
    task = client.posted(CREATE, **asked())["task_id"]
    seen = [client.data(CHECK, task_id=task) for _ in statuses]
    assert [one["status"] for one in seen] == statuses
    assert {one["message"] for one in seen} == {""}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"data_level": "AUCTION_CAMPAIGN", "dimensions": ["campaign_id", "stat_time_day"]},
        {"dimensions": ["ad_id"], "query_lifetime": True, "start_date": None, "end_date": None},
        {"dimensions": ["ad_id_v2", "stat_time_day"]},
        {"order_field": "spend", "order_type": "ASC"},
        {
            "report_type": "AUDIENCE",
            "dimensions": ["ad_id", "stat_time_day", "gender", "age"],
        },
    ],
)
def test_same_numbers(client: Client, params: dict[str, Any]) -> None:
    """A task has the rows and values of a report without filters, under raw names if so asked."""
    sent = {name: value for name, value in asked(**params).items() if value is not None}
    task = client.posted(CREATE, **sent, enable_report_title_translation=False)["task_id"]
    for _ in range(3):
        client.data(CHECK, task_id=task)
    head, *lines = table(client.data_of(DOWNLOAD, task_id=task))
    assert head == [*sent["dimensions"], *METRICS]
    rows = client.report(**asked(**{**params, "filtering": []}))
    assert [dict(zip(head, line, strict=True)) for line in lines] == [
        {name: (row["dimensions"] | row["metrics"])[name] for name in head} for row in rows
    ]
    assert lines


def test_titles(client: Client) -> None:
    """By default the first line has titles for people."""
    head, *_ = table(client.data_of(DOWNLOAD, task_id=finished(client)))
    assert head[:3] == ["Ad ID", "Stat Time Day", "Campaign Name"]


def test_download_address(client: Client) -> None:
    """CSV_DOWNLOAD gives an address, which needs no token and has the same text."""
    data = client.data(
        DOWNLOAD, task_id=finished(client, output_format="CSV_DOWNLOAD", file_name="mine")
    )
    assert set(data) == {"download_url", "file_name", "output_format"}
    assert data["file_name"] == "mine.csv"
    response = requests.get(data["download_url"], timeout=300)
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.content.decode() == client.data_of(DOWNLOAD, task_id=finished(client))
    assert requests.get(f"{data['download_url']}x", timeout=300).status_code == 404
    text = finished(client)
    other = data["download_url"].rpartition("/")[0]
    assert requests.get(f"{other}/{text}.csv", timeout=300).status_code == 404


def test_faults_of_files(serve: Callable[..., Client]) -> None:
    """Faults can be armed for the file of a report too."""
    client = serve(report_task_polls=0)
    task = finished(client, output_format="CSV_DOWNLOAD")
    address = client.data(DOWNLOAD, task_id=task)["download_url"]
    client.simulator.add_fault("http", path=f"/files/{task}.csv", status=503)
    assert requests.get(address, timeout=300).status_code == 503
    client.simulator.add_fault("truncate", path=f"/files/{task}.csv")
    with pytest.raises(requests.RequestException):
        requests.get(address, timeout=300)
    assert requests.get(address, timeout=300).status_code == 200


def test_sees_all_ads(serve: Callable[..., Client]) -> None:
    """A task has the ads that the synchronous report cuts off, and may span any dates."""
    client = serve(report_ads_limit=3, report_task_polls=0)
    account = client.world.accounts[client.first]
    cut = client.report(**asked(metrics=["spend"]))
    everything = filters(
        ad_ids=[ad.id for ad in account.ads if ad.campaign.buying != "RESERVATION_TOP_VIEW"]
    )
    _, *lines = table(client.data_of(DOWNLOAD, task_id=finished(client, filtering=everything)))
    expected = client.world.expected(START, TODAY, advertiser_ids=[client.first])
    assert len(lines) == expected["ad_performance_report"]
    assert len(lines) > len(cut)
    earlier = finished(client, start_date="2024-01-01", filtering=everything)
    _, *more = table(client.data_of(DOWNLOAD, task_id=earlier))
    assert len(more) > len(lines)


def test_failure(serve: Callable[..., Client]) -> None:
    """A task can fail; there is nothing to download then."""
    client = serve(report_task_failures=1, report_task_polls=0)
    task = client.posted(CREATE, **asked())["task_id"]
    seen = client.data(CHECK, task_id=task)
    assert seen["status"] == "FAILED"
    assert seen["message"]
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40200
    assert finished(client)


def test_cancel(client: Client) -> None:
    """A task that is not ready can be cancelled; a ready one stays."""
    task = client.posted(CREATE, **asked())["task_id"]
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40201
    assert client.posted(CANCEL, task_id=task)["status"] == "CANCELED"
    assert client.data(CHECK, task_id=task)["status"] == "CANCELED"
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40200
    assert client.posted(CANCEL, task_id=finished(client))["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"report_type": "CATALOG"}, "report_type"),
        ({"dimensions": "ad_id"}, "dimensions: Field must be set to json array"),
        ({"metrics": ["spend", "spent", "paid"]}, "Invalid metric fields: ['spent', 'paid']"),
        ({"metrics": ["spend"] * 101}, "metrics: Length 101"),
        ({"page": 1}, "page: Unknown"),
        ({"output_format": "XLSX_DOWNLOAD"}, "output_format"),
        ({"output_format": "PDF"}, "output_format"),
        ({"enable_report_title_translation": "false"}, "Not a valid boolean"),
        ({"start_date": "2026-11-21"}, "start_date: Must not be after"),
        (
            {"dimensions": ["ad_id", "stat_time_day", "country_code"], "metrics": ["reach"]},
            "reach is not supported with country_code",
        ),
        (
            {"dimensions": ["ad_id", "stat_time_day", "country_code"], "metrics": ["result"]},
            "result is not supported with country_code",
        ),
        (
            {"dimensions": ["ad_id", "stat_time_day", "country_code"], "metrics": ["app_install"]},
            "app_install is not supported with country_code",
        ),
        (
            {"dimensions": ["ad_id", "ad_type"], "metrics": ["skan_conversion_rate"]},
            "skan_conversion_rate is not supported with ad_type",
        ),
        (
            {
                "report_type": "AUDIENCE",
                "dimensions": ["ad_id", "stat_time_day", "gender"],
                "metrics": ["result"],
            },
            "result is not supported with gender",
        ),
        ({"filtering": [{"field_name": "ad_status"}]}, "filtering[0].filter_type: Missing"),
    ],
)
def test_refused_tasks(client: Client, change: dict[str, Any], part: str) -> None:
    """What the synchronous report refuses is refused at the creation of a task, and a bit more."""
    envelope = client.post(CREATE, {"advertiser_id": client.first, **asked(**change)})
    assert envelope["code"] == 40002
    assert part in envelope["message"]


def test_tasks_of_others(client: Client) -> None:
    """A task is known to its advertiser only, and not to an unknown one."""
    task = client.posted(CREATE, **asked())["task_id"]
    other = client.world.advertiser_ids[1]
    assert client.get(CHECK, task_id=task, advertiser_id=other)["code"] == 40007
    assert client.get(CHECK, task_id="77")["code"] == 40007
    assert client.get(CHECK, task_id=task, advertiser_id="1")["code"] == 40001
    assert client.post(CREATE, {"advertiser_id": "1", **asked()})["code"] == 40001


def test_create_needs_post(client: Client) -> None:
    """Creating by GET and checking by POST are wrong methods."""
    assert client.raw(CREATE, **asked()).status_code == 405
    url = client.simulator.url + CHECK
    headers = {"Content-Type": "application/json"}
    assert client.session.post(url, json.dumps({}), headers=headers, timeout=300).status_code == 405


def filters(**values: list[str]) -> list[dict[str, str]]:
    """Return the filters of a report, each a list of values."""
    return [
        {"field_name": name, "filter_type": "IN", "filter_value": json.dumps(chosen)}
        for name, chosen in values.items()
    ]


def ids_in(client: Client, **params: Any) -> set[str]:
    """Return the IDs of the objects in the file of a task."""
    _, *rows = table(client.data_of(DOWNLOAD, task_id=finished(client, **params)))
    return {row[0] for row in rows}


def test_unsupported_filters_are_ignored(client: Client) -> None:
    """A task ignores statuses and buying types, and any filter but those on IDs."""
    unfiltered = ids_in(client)
    for sent in (
        filters(ad_status=["STATUS_ALL"]),
        filters(buying_type=["RESERVATION_TOP_VIEW"]),
        filters(ad_ids_v2=["1"]),
    ):
        assert ids_in(client, filtering=sent) == unfiltered


@pytest.mark.parametrize("name", ["ad_status", "buying_type", "ad_ids_v2", "create_time"])
def test_unsupported_filters_are_rejected(serve: Callable[..., Client], name: str) -> None:
    """A task can reject the filters that it does not support."""
    client = serve(report_task_rejects_filters=True, report_task_polls=0)
    body = asked(filtering=filters(**{name: ["1"]}))
    envelope = client.post(CREATE, {"advertiser_id": client.first, **body})
    assert envelope["code"] == 40002
    assert name in envelope["message"]
    assert finished(client, filtering=filters(campaign_ids=["1"]))


def test_deleted_and_topview_ads_by_id(client: Client) -> None:
    """A task lacks deleted and TopView ads unless it requests their IDs."""
    account = client.world.accounts[client.first]
    deleted = {ad.id for ad in account.ads if ad.deleted}
    topview = {ad.id for ad in account.ads if ad.campaign.buying == "RESERVATION_TOP_VIEW"}
    assert deleted
    assert topview
    assert ids_in(client).isdisjoint(deleted | topview)
    assert ids_in(client, filtering=filters(ad_ids=sorted(topview))) == topview
    found = ids_in(client, filtering=filters(ad_ids=sorted(deleted)))
    assert found
    assert found <= deleted


@pytest.mark.parametrize("option", ["report_task_includes_topview", ""])
def test_topview_in_tasks(serve: Callable[..., Client], option: str) -> None:
    """An option adds TopView ads to every task."""
    client = serve(report_task_polls=0, **({option: True} if option else {}))
    account = client.world.accounts[client.first]
    topview = {ad.id for ad in account.ads if ad.campaign.buying == "RESERVATION_TOP_VIEW"}
    assert topview.isdisjoint(ids_in(client)) is not bool(option)


@pytest.mark.parametrize("included", [True, False])
def test_topview_at_advertiser_level(serve: Callable[..., Client], *, included: bool) -> None:
    """An option adds TopView ads to the reports of advertisers, and to no level below."""
    client = serve(advertiser_report_includes_topview=included)

    def spend(level: str, dimension: str, *conditions: dict[str, str]) -> float:
        rows = client.report(
            data_level=level, dimensions=[dimension], metrics=["spend"], filtering=[*conditions]
        )
        return sum(float(row["metrics"]["spend"]) for row in rows)

    (topview,) = filters(buying_type=["RESERVATION_TOP_VIEW"])
    campaigns = spend("AUCTION_CAMPAIGN", "campaign_id", *filters(campaign_status=["STATUS_ALL"]))
    missing = spend("AUCTION_ADVERTISER", "advertiser_id") - campaigns
    topview_spend = spend("AUCTION_ADVERTISER", "advertiser_id", topview)
    assert topview_spend > 0
    assert missing == pytest.approx(topview_spend if included else 0, abs=0.01)


def test_a_file_with_a_gap(serve: Callable[..., Client]) -> None:
    """The files of the first tasks can lack rows."""
    client = serve(report_task_polls=0, report_task_gaps=1)
    first, second = (client.data_of(DOWNLOAD, task_id=finished(client)) for _ in range(2))
    assert len(table(first)) < len(table(second))
    assert {*map(tuple, table(first))} < {*map(tuple, table(second))}


def test_tasks_per_hour(serve: Callable[..., Client]) -> None:
    """An account can create a number of tasks in an hour. Other accounts have their own."""
    client = serve(report_tasks_per_hour=2)
    other = client.world.advertiser_ids[1]
    codes = [
        client.post(CREATE, {"advertiser_id": advertiser, **asked()})["code"]
        for advertiser in (client.first, client.first, client.first, other)
    ]
    assert codes == [0, 0, 40100, 0]


def test_names_of_countries(client: Client) -> None:
    """A task returns the names of countries instead of their codes."""
    task = finished(
        client, dimensions=["ad_id", "stat_time_day", "country_code"], metrics=["spend"]
    )
    _, *rows = table(client.data_of(DOWNLOAD, task_id=task))
    names = {row[2] for row in rows}
    assert names <= {*COUNTRY_NAMES.values(), "None"}
    assert len(names) > 1
