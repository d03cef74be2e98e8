"""Asynchronous report tasks: statuses, CSV files and rejected requests."""

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


def task_body(**params: Any) -> dict[str, Any]:
    """Return the body of a valid task, updated with `params`."""
    return report_params(**({"metrics": METRICS} | params))


def finished_task(client: Client, **params: Any) -> str:
    """Create a task and return its ID once the task is finished."""
    task: str = client.post_data(CREATE, **task_body(**params))["task_id"]
    for _ in range(20):
        if client.data(CHECK, task_id=task)["status"] == "SUCCESS":
            return task
    raise AssertionError(task)


def csv_lines(text: str) -> list[list[str]]:
    """Return the lines of a CSV file, including the header."""
    return list(csv.reader(StringIO(text)))


@pytest.mark.parametrize(
    ("polls", "statuses"),
    [
        (0, ["SUCCESS", "SUCCESS"]),
        (1, ["QUEUING", "PROCESSING", "SUCCESS", "SUCCESS"]),
        (3, ["QUEUING", "PROCESSING", "PROCESSING", "PROCESSING", "SUCCESS"]),
    ],
)
def test_task_status_follows_polls(
    serve: Callable[..., Client], polls: int, statuses: list[str]
) -> None:
    """A task is queuing, then processing for `report_task_polls` polls, then finished."""
    client = serve(report_task_polls=polls)
    task = client.post_data(CREATE, **task_body())["task_id"]
    checks = [client.data(CHECK, task_id=task) for _ in statuses]
    assert [check["status"] for check in checks] == statuses
    assert {check["message"] for check in checks} == {""}


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
def test_task_matches_synchronous_report(client: Client, params: dict[str, Any]) -> None:
    """A task without title translation has the records of the synchronous report."""
    body = {name: value for name, value in task_body(**params).items() if value is not None}
    task = client.post_data(CREATE, **body, enable_report_title_translation=False)["task_id"]
    for _ in range(3):
        client.data(CHECK, task_id=task)
    header, *lines = csv_lines(client.text_data(DOWNLOAD, task_id=task))
    assert header == [*body["dimensions"], *METRICS]
    records = client.report(**task_body(**{**params, "filtering": []}))
    assert [dict(zip(header, line, strict=True)) for line in lines] == [
        {name: (record["dimensions"] | record["metrics"])[name] for name in header}
        for record in records
    ]
    assert lines


def test_file_has_translated_titles_by_default(client: Client) -> None:
    """The header has translated titles by default."""
    header, *_ = csv_lines(client.text_data(DOWNLOAD, task_id=finished_task(client)))
    assert header[:3] == ["Ad ID", "Stat Time Day", "Campaign Name"]


def test_csv_download_returns_url(client: Client) -> None:
    """The URL of a `CSV_DOWNLOAD` returns the same file and needs no token."""
    data = client.data(
        DOWNLOAD, task_id=finished_task(client, output_format="CSV_DOWNLOAD", file_name="mine")
    )
    assert set(data) == {"download_url", "file_name", "output_format"}
    assert data["file_name"] == "mine.csv"
    response = requests.get(data["download_url"], timeout=300)
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.content.decode() == client.text_data(DOWNLOAD, task_id=finished_task(client))
    assert requests.get(f"{data['download_url']}x", timeout=300).status_code == 404
    text_task = finished_task(client)
    folder = data["download_url"].rpartition("/")[0]
    assert requests.get(f"{folder}/{text_task}.csv", timeout=300).status_code == 404


def test_faults_apply_to_report_files(serve: Callable[..., Client]) -> None:
    """Faults apply to the path of a report file."""
    client = serve(report_task_polls=0)
    task = finished_task(client, output_format="CSV_DOWNLOAD")
    url = client.data(DOWNLOAD, task_id=task)["download_url"]
    client.simulator.add_fault("http", path=f"/files/{task}.csv", status=503)
    assert requests.get(url, timeout=300).status_code == 503
    client.simulator.add_fault("truncate", path=f"/files/{task}.csv")
    with pytest.raises(requests.RequestException):
        requests.get(url, timeout=300)
    assert requests.get(url, timeout=300).status_code == 200


def test_task_includes_all_ads(serve: Callable[..., Client]) -> None:
    """A task includes ads above the limit of synchronous reports, for any dates."""
    client = serve(report_ads_limit=3, report_task_polls=0)
    account = client.world.accounts[client.first_advertiser]
    limited = client.report(**task_body(metrics=["spend"]))
    ad_filter = filters(
        ad_ids=[ad.id for ad in account.ads if ad.campaign.buying != "RESERVATION_TOP_VIEW"]
    )
    _, *lines = csv_lines(
        client.text_data(DOWNLOAD, task_id=finished_task(client, filtering=ad_filter))
    )
    expected = client.world.expected(START, TODAY, advertiser_ids=[client.first_advertiser])
    assert len(lines) == expected["ad_performance_report"]
    assert len(lines) > len(limited)
    earlier = finished_task(client, start_date="2024-01-01", filtering=ad_filter)
    _, *earlier_lines = csv_lines(client.text_data(DOWNLOAD, task_id=earlier))
    assert len(earlier_lines) > len(lines)


def test_failed_task_has_no_file(serve: Callable[..., Client]) -> None:
    """A failed task has a message and no file."""
    client = serve(report_task_failures=1, report_task_polls=0)
    task = client.post_data(CREATE, **task_body())["task_id"]
    check = client.data(CHECK, task_id=task)
    assert check["status"] == "FAILED"
    assert check["message"]
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40200
    assert finished_task(client)


def test_unfinished_task_can_be_canceled(client: Client) -> None:
    """Only an unfinished task can be canceled."""
    task = client.post_data(CREATE, **task_body())["task_id"]
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40201
    assert client.post_data(CANCEL, task_id=task)["status"] == "CANCELED"
    assert client.data(CHECK, task_id=task)["status"] == "CANCELED"
    assert client.get(DOWNLOAD, task_id=task)["code"] == 40200
    assert client.post_data(CANCEL, task_id=finished_task(client))["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("change", "message"),
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
def test_invalid_task_is_rejected(client: Client, change: dict[str, Any], message: str) -> None:
    """The creation of an invalid task returns code 40002."""
    envelope = client.post(
        CREATE, {"advertiser_id": client.first_advertiser, **task_body(**change)}
    )
    assert envelope["code"] == 40002
    assert message in envelope["message"]


def test_task_belongs_to_one_advertiser(client: Client) -> None:
    """A task is visible only to the advertiser that created it."""
    task = client.post_data(CREATE, **task_body())["task_id"]
    other = client.world.advertiser_ids[1]
    assert client.get(CHECK, task_id=task, advertiser_id=other)["code"] == 40007
    assert client.get(CHECK, task_id="77")["code"] == 40007
    assert client.get(CHECK, task_id=task, advertiser_id="1")["code"] == 40001
    assert client.post(CREATE, {"advertiser_id": "1", **task_body()})["code"] == 40001


def test_task_endpoints_reject_wrong_method(client: Client) -> None:
    """Creating a task by GET and checking it by POST return HTTP 405."""
    assert client.raw(CREATE, **task_body()).status_code == 405
    url = client.simulator.url + CHECK
    headers = {"Content-Type": "application/json"}
    assert client.session.post(url, json.dumps({}), headers=headers, timeout=300).status_code == 405


def filters(**values: list[str]) -> list[dict[str, str]]:
    """Return report filters, each with a list of values."""
    return [
        {"field_name": name, "filter_type": "IN", "filter_value": json.dumps(texts)}
        for name, texts in values.items()
    ]


def ids_in_file(client: Client, **params: Any) -> set[str]:
    """Return the IDs of the objects in the file of a new task."""
    _, *rows = csv_lines(client.text_data(DOWNLOAD, task_id=finished_task(client, **params)))
    return {row[0] for row in rows}


def test_unsupported_filters_are_ignored(client: Client) -> None:
    """A task ignores every filter except filters by ID."""
    unfiltered = ids_in_file(client)
    for filtering in (
        filters(ad_status=["STATUS_ALL"]),
        filters(buying_type=["RESERVATION_TOP_VIEW"]),
        filters(ad_ids_v2=["1"]),
    ):
        assert ids_in_file(client, filtering=filtering) == unfiltered


@pytest.mark.parametrize("name", ["ad_status", "buying_type", "ad_ids_v2", "create_time"])
def test_unsupported_filters_are_rejected(serve: Callable[..., Client], name: str) -> None:
    """The option `report_task_rejects_filters` rejects unsupported filters."""
    client = serve(report_task_rejects_filters=True, report_task_polls=0)
    body = task_body(filtering=filters(**{name: ["1"]}))
    envelope = client.post(CREATE, {"advertiser_id": client.first_advertiser, **body})
    assert envelope["code"] == 40002
    assert name in envelope["message"]
    assert finished_task(client, filtering=filters(campaign_ids=["1"]))


def test_task_includes_deleted_and_topview_ads_by_id(client: Client) -> None:
    """A task includes deleted and TopView ads only if it filters by their IDs."""
    account = client.world.accounts[client.first_advertiser]
    deleted = {ad.id for ad in account.ads if ad.deleted}
    topview = {ad.id for ad in account.ads if ad.campaign.buying == "RESERVATION_TOP_VIEW"}
    assert deleted
    assert topview
    assert ids_in_file(client).isdisjoint(deleted | topview)
    assert ids_in_file(client, filtering=filters(ad_ids=sorted(topview))) == topview
    deleted_in_file = ids_in_file(client, filtering=filters(ad_ids=sorted(deleted)))
    assert deleted_in_file
    assert deleted_in_file <= deleted


@pytest.mark.parametrize("option", ["report_task_includes_topview", ""])
def test_option_adds_topview_to_tasks(serve: Callable[..., Client], option: str) -> None:
    """The option `report_task_includes_topview` adds TopView ads to every task."""
    client = serve(report_task_polls=0, **({option: True} if option else {}))
    account = client.world.accounts[client.first_advertiser]
    topview = {ad.id for ad in account.ads if ad.campaign.buying == "RESERVATION_TOP_VIEW"}
    assert topview.isdisjoint(ids_in_file(client)) is not bool(option)


@pytest.mark.parametrize("included", [True, False])
def test_option_adds_topview_to_advertiser_reports(
    serve: Callable[..., Client], *, included: bool
) -> None:
    """An option adds TopView ads to reports by advertiser only."""
    client = serve(advertiser_report_includes_topview=included)

    def spend(level: str, dimension: str, *conditions: dict[str, str]) -> float:
        rows = client.report(
            data_level=level, dimensions=[dimension], metrics=["spend"], filtering=[*conditions]
        )
        return sum(float(row["metrics"]["spend"]) for row in rows)

    (topview,) = filters(buying_type=["RESERVATION_TOP_VIEW"])
    campaigns = spend("AUCTION_CAMPAIGN", "campaign_id", *filters(campaign_status=["STATUS_ALL"]))
    difference = spend("AUCTION_ADVERTISER", "advertiser_id") - campaigns
    topview_spend = spend("AUCTION_ADVERTISER", "advertiser_id", topview)
    assert topview_spend > 0
    assert difference == pytest.approx(topview_spend if included else 0, abs=0.01)


def test_option_removes_records_from_files(serve: Callable[..., Client]) -> None:
    """The option `report_task_gaps` removes records from the files of the first tasks."""
    client = serve(report_task_polls=0, report_task_gaps=1)
    first, second = (client.text_data(DOWNLOAD, task_id=finished_task(client)) for _ in range(2))
    assert len(csv_lines(first)) < len(csv_lines(second))
    assert {*map(tuple, csv_lines(first))} < {*map(tuple, csv_lines(second))}


def test_tasks_per_hour_are_limited(serve: Callable[..., Client]) -> None:
    """The number of tasks per hour is limited for each account."""
    client = serve(report_tasks_per_hour=2)
    other = client.world.advertiser_ids[1]
    codes = [
        client.post(CREATE, {"advertiser_id": advertiser, **task_body()})["code"]
        for advertiser in (
            client.first_advertiser,
            client.first_advertiser,
            client.first_advertiser,
            other,
        )
    ]
    assert codes == [0, 0, 40100, 0]


def test_task_returns_country_names(client: Client) -> None:
    """A task returns the names of countries instead of their codes."""
    task = finished_task(
        client, dimensions=["ad_id", "stat_time_day", "country_code"], metrics=["spend"]
    )
    _, *rows = csv_lines(client.text_data(DOWNLOAD, task_id=task))
    names = {row[2] for row in rows}
    assert names <= {*COUNTRY_NAMES.values(), "None"}
    assert len(names) > 1
