"""Entries of `custom_streams`: endpoints, schemas and parsed definitions."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.custom_streams import (
    Cursor,
    check_names,
    parse_custom_streams,
    parse_metadata,
)
from tap_tiktok_ads.config.endpoint_paths import parse_path
from tap_tiktok_ads.config.entries import NAME_SCHEMA, parse_entries

if t.TYPE_CHECKING:
    from collections.abc import Collection

OWNER = {"advertiser_id": "{advertiser_id}"}
ENTRY: dict[str, t.Any] = {"name": "mine", "url": "/campaign/get/", "params": OWNER}
SCHEMA = {"type": "object", "required": ["name"], "properties": {"name": NAME_SCHEMA}}


@pytest.mark.parametrize(
    ("url", "method", "expected"),
    [
        ("/campaign/get/", "GET", "/campaign/get/"),
        ("/open_api/v1.3/campaign/get/", "GET", "/campaign/get/"),
        ("/open_api/v1.2/campaign/get/", "GET", "/open_api/v1.2/campaign/get/"),
        ("https://sandbox-ads.tiktok.com/open_api/v1.3/ad/get/", "GET", "/ad/get/"),
        ("https://proxy.example:8/ad/get/", "GET", "/ad/get/"),
        ("/store/{stores.id}/list/", "GET", "/store/{stores.id}/list/"),
        ("/tool/targeting/search/", "POST", "/tool/targeting/search/"),
        ("/report/task/create/", "POST", "/report/task/create/"),
        ("/tool/region/", "GET", "/tool/region/"),
    ],
)
def test_parse_path(url: str, method: str, expected: str) -> None:
    """A path or a full URL becomes the path of the endpoint."""
    assert parse_path(url, method, "https://proxy.example:8/tiktok") == expected


@pytest.mark.parametrize(
    ("url", "method", "message"),
    [
        ("campaign/get/", "GET", "must be a full URL, or a path"),
        ("/campaign/get", "GET", "must end with a slash"),
        ("/campaign/get/?a=1", "GET", "must not have a query"),
        ("/campaign/get/#a", "GET", "must not have a query"),
        ("/../get/", "GET", "must consist of parts of letters"),
        ("/a b/", "GET", "must consist of parts of letters"),
        ("https://example.com/ad/get/", "GET", "must be on business-api.tiktok.com"),
        ("https://proxy.example/ad/get/", "GET", "must be on business-api.tiktok.com"),
        ("ftp://business-api.tiktok.com/ad/get/", "GET", "must be on business-api.tiktok.com"),
        ("//business-api.tiktok.com/ad/get/", "GET", "must be on business-api.tiktok.com"),
        ("http://business-api.tiktok.com/ad/get/", "GET", "unencrypted. Use https"),
        ("/store/{stores.id}/", "POST", "must not contain macros"),
        ("/ad/UPDATE/", "POST", "The tap only reads data"),
        ("/x/report/task/create/", "POST", "The tap only reads data"),
        ("/campaign/create/", "GET", "changes data at TikTok"),
    ],
)
def test_invalid_urls_are_errors(url: str, method: str, message: str) -> None:
    """The token is sent only to known hosts, and a POST never changes data."""
    with pytest.raises(ValueError, match=message):
        parse_path(url, method, "https://proxy.example:8/tiktok")


def test_definition_defaults() -> None:
    """An entry with a name, URL and parameters is a paged GET per advertiser."""
    (definition,) = parse_custom_streams([ENTRY])
    assert dataclasses.asdict(definition) == {
        "name": "mine",
        "method": "GET",
        "path": "/campaign/get/",
        "params": OWNER,
        "body": None,
        "headers": {},
        "download": None,
        "date_format": "YYYY-MM-DD",
        "unit": "d",
        "lookups": (),
        "records_path": "$.data.list[*]",
        "metadata": {},
        "paged": True,
        "cursor": None,
        "page_size": None,
        "per_advertiser": True,
        "primary_keys": (),
        "replication_key": None,
        "window_days": None,
        "flatten": False,
        "allow_missing_records": False,
        "schema": None,
    }


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"params": {**OWNER, "a": "{start_date}", "b": "{end_date}"}}, "window_days", 30),
        ({"params": {**OWNER, "a": "{start_date}{end_date}"}, "window_days": 7}, "window_days", 7),
        ({"pagination": "none"}, "paged", False),
        ({"method": "POST"}, "body", {}),
        ({"method": "POST", "body": {"a": 1}}, "body", {"a": 1}),
        (
            {"pagination": {"type": "cursor", "cursor_path": "$.a", "parameter": "p"}},
            "cursor",
            Cursor("$.a", "p"),
        ),
        ({"metadata_path": "$.data.page_info.page"}, "metadata", {"page": "$.data.page_info.page"}),
        ({"schema": {"properties": {}}}, "schema", {"properties": {}}),
    ],
)
def test_entry_keys_set_definition_members(
    changes: dict[str, t.Any], name: str, expected: t.Any
) -> None:
    """A key of an entry sets a member of the definition."""
    (definition,) = parse_custom_streams([{**ENTRY, **changes}])
    assert getattr(definition, name) == expected


def test_metadata_object_names_columns() -> None:
    """A metadata object names the columns, and each value must be a JSONPath."""
    assert parse_metadata({"a": "$.x", "b": "$.y[0]"}) == {"a": "$.x", "b": "$.y[0]"}
    with pytest.raises(ValueError, match="is not a JSONPath"):
        parse_metadata({"a": "$.["})


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "Setting 'things' must be a list, got an object."),
        ([5], "things[0]: the entry must be an object, got 5."),
        ([{}], "things[0]: the entry must have the key 'name'."),
        (
            [{"name": "a"}, {"name": "a"}],
            "things[1] (a): an earlier entry has this name. Choose another name.",
        ),
        ([{"name": "a", "nam": 1}], "things[0] (a): unknown key 'nam': did you mean 'name'?"),
        (
            [{"name": 5}],
            f"things[0]: name must {NAME_SCHEMA['expected']}, got 5.",
        ),
        ([{"name": "invalid"}], "things[0] (invalid): no such thing."),
    ],
)
def test_entry_error_names_position_and_entry(entries: t.Any, message: str) -> None:
    """The error is one sentence that starts with the position and the name of the entry."""

    def parse(entry: dict[str, t.Any]) -> str:
        if entry["name"] == "invalid":
            msg = "no such thing"
            raise ValueError(msg)
        return str(entry["name"])

    with pytest.raises(ConfigError) as caught:
        parse_entries("things", entries, SCHEMA, parse)
    assert str(caught.value) == message


def test_entries_keep_their_order() -> None:
    """Entries are parsed in order, and null is an empty list."""
    entries = [{"name": "b"}, {"name": "a"}]
    assert parse_entries("things", entries, SCHEMA, lambda entry: entry["name"]) == ("b", "a")
    assert parse_entries("things", None, SCHEMA, lambda entry: entry["name"]) == ()


@pytest.mark.parametrize(
    ("lookups", "message"),
    [
        pytest.param({"mine": "campaigns.id"}, None, id="column that exists"),
        pytest.param({"mine": "dynamic.id"}, None, id="stream with unknown columns"),
        pytest.param({"mine": "plain.id"}, None, id="custom stream without lookups"),
        pytest.param({"mine": "campains.id"}, "did you mean 'campaigns'", id="no stream"),
        pytest.param({"mine": "campaigns.idd"}, "has no column 'idd'", id="no column"),
        pytest.param({"mine": "report.id"}, None, id="custom report"),
        pytest.param(
            {"mine": "nested.id", "nested": "plain.id"}, "has lookups of its own", id="nested"
        ),
    ],
)
def test_lookup_sources(lookups: dict[str, str], message: str | None) -> None:
    """A lookup needs an existing stream that has the column and no lookups."""
    entries = [{**ENTRY, "name": "plain"}] + [
        {**ENTRY, "name": name, "for_each": source, "params": {**OWNER, "x": f"{{{source}}}"}}
        for name, source in lookups.items()
    ]
    built_in: dict[str, t.Callable[[], Collection[str]]] = {
        "campaigns": lambda: ["id"],
        "dynamic": tuple,
    }
    definitions = parse_custom_streams(entries)
    if message is None:
        check_names(definitions, ["report"], built_in)
        return
    with pytest.raises(ConfigError, match=message):
        check_names(definitions, ["report"], built_in)


@pytest.mark.parametrize("names", [["campaigns"], ["report"]])
def test_duplicate_stream_name_is_an_error(names: list[str]) -> None:
    """A custom stream with the name of a built-in stream or custom report is an error."""
    definitions = parse_custom_streams([{**ENTRY, "name": name} for name in names])
    with pytest.raises(ConfigError, match="another stream has this name"):
        check_names(definitions, ["report"], {"campaigns": tuple})
