"""Tests of the page and following tasks that `PageReader` returns for a response."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import DamagedResponseError
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.extract.casting import Caster
from tap_tiktok_ads.extract.conversion import PageBuilder, RecordFlattener
from tap_tiktok_ads.extract.deduplication import KeyedFilter
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.reader import PageReader, TaskRunner
from tap_tiktok_ads.extract.source import Source

if t.TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = {
    "properties": {
        "advertiser_id": {"type": "string"},
        "ad_id": {"type": "string"},
        "count": {"type": ["integer", "null"]},
    }
}


class FakeClient:
    """Client that returns one response and records the requests."""

    def __init__(self, data: dict[str, t.Any]) -> None:
        self.data = data
        self.requests: list[Request] = []

    def send(
        self, request: Request, decode: t.Any, stream: str, check: Callable[[Response], None]
    ) -> Response:
        """Return the response after its check."""
        del decode, stream
        self.requests.append(request)
        response = Response(self.data, "r1", server_time="Sat, 10 Jan 2026 00:00:00 GMT")
        check(response)
        return response


def reader_of(data: dict[str, t.Any]) -> PageReader:
    """Return a reader whose client returns `data`."""
    source = Source("ads", page_size=2)
    caster = Caster(SCHEMA, required=("ad_id",))
    record_filter = KeyedFilter("ads", ["ad_id"], "", starts={})
    builder = PageBuilder(RecordFlattener(source), caster, record_filter)
    return PageReader(source, t.cast("t.Any", FakeClient(data)), builder)


def task_at(page: int) -> Task:
    """Return the task for a page of two records."""
    params = {"advertiser_id": "7", "page": page, "page_size": 2}
    return Task(Request("/ad/get/", params), Advertiser("7"))


def test_page_has_typed_records_and_counts() -> None:
    """A page has typed records of its advertiser and the counts of the response."""
    data = {
        "list": [{"ad_id": 1, "count": "2"}, {"ad_id": "3", "count": "-"}],
        "page_info": {"total_number": 5, "total_page": 3},
    }
    page, following = reader_of(data).fetch(task_at(1))
    assert list(page.records) == [
        {"ad_id": "1", "count": 2, "advertiser_id": "7"},
        {"ad_id": "3", "count": None, "advertiser_id": "7"},
    ]
    assert (page.record_count, page.received, page.total) == (2, 2, 5)
    assert [task.page for task in following] == [2, 3]


@pytest.mark.parametrize(
    ("page", "data", "pages"),
    [
        (1, {"list": [], "page_info": {"total_number": 0}}, []),
        (1, {"list": [{"ad_id": "1"}, {"ad_id": "2"}], "page_info": {"page": 1}}, [2]),
        (1, {"list": [{"ad_id": "1"}], "page_info": {"page": 1}}, []),
        (2, {"page_info": {"total_number": 2}}, []),
        (1, {"list": [{"ad_id": "1"}], "page_info": {"page_size": 1, "total_number": 3}}, [2, 3]),
    ],
    ids=[
        "empty list",
        "full page without total",
        "last page",
        "page after the end",
        "smaller pages",
    ],
)
def test_following_pages_are_requested(page: int, data: dict[str, t.Any], pages: list[int]) -> None:
    """The following pages are the reported pages, or one page after a full page."""
    _, following = reader_of(data).fetch(task_at(page))
    assert [task.page for task in following] == pages


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"list": None},
        {"list": {}},
        {"list": ["1"]},
        {"list": [None]},
        {"list": []},
        {"list": [{"ad_id": "1"}], "page_info": None},
        {"list": [{"ad_id": "1"}], "page_info": {}},
    ],
    ids=[
        *("no member", "null", "object", "texts", "null record", "empty", "no page_info"),
        "empty page_info",
    ],
)
def test_damaged_response_raises_error(data: dict[str, t.Any]) -> None:
    """A response without an array of objects or without a total raises an error."""
    data = {"page_info": {"total_number": 3}, **data}
    with pytest.raises(DamagedResponseError, match=r"/ad/get/ for advertiser 7: expected .* got"):
        reader_of(data).fetch(task_at(1))


def test_record_without_key_is_dropped_but_counted() -> None:
    """A record without its key is dropped from the page but counted as received."""
    data = {"list": [{"count": 1}, {"ad_id": "7"}], "page_info": {"total_number": 2}}
    reader = reader_of(data)
    page, following = TaskRunner(reader.source, reader.fetch).run(task_at(1))
    assert page.failed is None
    assert (page.record_count, page.received, page.total) == (1, 2, 2)
    assert not following
    assert reader.builder.caster.drift.take().unusable_records == [
        "no usable value in ad_id (ad_id null)"
    ]
