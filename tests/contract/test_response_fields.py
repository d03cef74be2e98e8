"""Every response field in TikTok's OpenAPI files is a column of a stream that reads the endpoint.

`response_fields.json` has the field paths of their `response_rule`, by endpoint and member of
`data`. The member is empty if `data` is the record. The file omits `page_info` and members without
documented fields.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HERE = Path(__file__).parent
SCHEMAS = HERE.parent.parent / "schemas"
FIELDS: dict[str, dict[str, list[str]]] = json.loads(
    (HERE / "response_fields.json").read_text("utf-8")
)
#: The streams that read an endpoint.
STREAMS = {
    "/bc/asset/get/": ["bc_advertisers"],
    "/bc/balance/get/": ["bc_balances"],
    "/bc/get/": ["business_centers"],
    "/campaign/gmv_max/info/": ["gmv_max_campaigns"],
    "/campaign/gmv_max/session/get/": ["gmv_max_sessions"],
    "/campaign/gmv_max/session/list/": ["gmv_max_sessions"],
    "/catalog/get/": ["catalogs"],
    "/comment/list/": ["comments"],
    "/creative/portfolio/list/": ["creative_portfolios"],
    "/dmp/saved_audience/list/": ["saved_audiences"],
    "/gmv_max/store/list/": ["gmv_max_stores"],
    "/offline/get/": ["offline_event_sets"],
    "/pangle_audience_package/get/": ["pangle_audience_packages"],
    "/smart_plus/ad/get/": ["smart_plus_ads", "smart_plus_ad_creatives", "smart_plus_ad_media"],
    "/smart_plus/ad/review_info/": ["smart_plus_ad_suggestions"],
    "/smart_plus/adgroup/get/": ["smart_plus_ad_groups"],
    "/smart_plus/campaign/get/": ["smart_plus_campaigns"],
    "/tool/action_category/": ["action_categories"],
    "/tool/carrier/": ["carriers"],
    "/tool/os_version/": ["os_versions"],
}
#: Members of `data` that no stream reads, with the reason.
UNREAD_MEMBERS = {
    ("/bc/get/", "parent_bc"): "One additional Business Center with the fields of the list.",
}
#: Reasons for fields that are not columns, by endpoint and field.
OMITTED_FIELDS: dict[tuple[str, str], str] = {}
READ_MEMBERS = [
    (path, member)
    for path in FIELDS
    for member in FIELDS[path]
    if (path, member) not in UNREAD_MEMBERS
]


def paths(schema: Mapping[str, t.Any], parent: str = "") -> Iterator[str]:
    """Yield the dotted path of every column and of every member of a column."""
    for name, column in schema.get("properties", {}).items():
        path = f"{parent}.{name}" if parent else name
        yield path
        yield from paths(column, path)
        yield from paths(column.get("items", {}), path)


def columns(streams: Iterable[str]) -> set[str]:
    """Return the dotted paths of the columns of streams."""
    schemas = (json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")) for name in streams)
    return {path for schema in schemas for path in paths(schema)}


@pytest.mark.parametrize(("path", "member"), READ_MEMBERS)
def test_each_response_field_is_a_column(path: str, member: str) -> None:
    """Each field of a record is a column, except documented omissions."""
    missing = {*FIELDS[path][member]} - columns(STREAMS[path])
    assert missing == {field for omitted_path, field in OMITTED_FIELDS if omitted_path == path}


def test_each_endpoint_has_streams() -> None:
    """Each endpoint in the file has streams, and each unread member has fields."""
    assert {*STREAMS} == {path for path, _ in READ_MEMBERS}
    assert all(FIELDS[path][member] for path, member in UNREAD_MEMBERS)
