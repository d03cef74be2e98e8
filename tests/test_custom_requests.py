"""Requests of custom streams as other tools write them: a query in the URL, headers as text."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.custom_requests import literal_advertiser, normalize, secret_values
from tap_tiktok_ads.config.custom_streams import parse_custom_streams

REPORT: dict[str, t.Any] = {
    "name": "mine",
    "url": "/report/integrated/get/",
    "params": {"advertiser_id": "{advertiser_id}", "dimensions": ["ad_id", "stat_time_day"]},
}
SECRET = "act-0123456789"


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        pytest.param(
            {"url": "https://business-api.tiktok.com/open_api/v1.3/pixel/list/?code=a%20b&n=5"},
            {
                "url": "https://business-api.tiktok.com/open_api/v1.3/pixel/list/",
                "params": {"code": "a b", "n": 5},
            },
            id="query string",
        ),
        pytest.param(
            {"url": '/x/?filtering={"a":["b"]}&m=%5B%22spend%22%5D&empty=#top'},
            {"url": "/x/", "params": {"filtering": {"a": ["b"]}, "m": ["spend"], "empty": ""}},
            id="JSON in a query string",
        ),
        pytest.param(
            {"url": "/x/?from={now-7}&to=(today+1d)&text=a+b&encoded=%7Bnow%2B1%7D"},
            {
                "url": "/x/",
                "params": {
                    "from": "{now-7}",
                    "to": "(today+1d)",
                    "text": "a b",
                    "encoded": "{now+1}",
                },
            },
            id="macros in a query string",
        ),
        pytest.param({"url": " /x/?page=1 "}, {"url": "/x/"}, id="page, which the tap counts"),
        pytest.param(
            {"url": "/x/?page=1", "pagination": "none"},
            {"url": "/x/", "pagination": "none", "params": {"page": 1}},
            id="page of one page",
        ),
        pytest.param(
            {"url": "/x/?a=1", "params": {"b": 2}},
            {"url": "/x/", "params": {"a": 1, "b": 2}},
            id="query string and params",
        ),
        pytest.param(
            {"headers": "header1:value1,header2:value2"},
            {"headers": {"header1": "value1", "header2": "value2"}},
            id="headers with commas",
        ),
        pytest.param(
            {"headers": "Accept-Language: en-US,en;q=0.8\nX-Url: https://a.example/b"},
            {"headers": {"Accept-Language": "en-US,en;q=0.8", "X-Url": "https://a.example/b"}},
            id="headers on lines, with commas and colons in values",
        ),
        pytest.param(
            {"headers": "Content-Type: application/json; charset=utf-8, Accept: */*, X-A: b"},
            {"headers": {"X-A": "b"}},
            id="headers that the tap sends anyway",
        ),
        pytest.param({"method": " post "}, {"method": "POST"}, id="method in lower case"),
        pytest.param({"time_unit": "Day"}, {"time_unit": "day"}, id="unit with a capital"),
        pytest.param(
            {"method": "POST", "body": '{"advertiser_id": "{advertiser_id}", "n": [1]}'},
            {"method": "POST", "body": {"advertiser_id": "{advertiser_id}", "n": [1]}},
            id="body as text",
        ),
        pytest.param({"body": "  "}, {}, id="blank body"),
        pytest.param(
            {"params": {"a": ["{{now-7}}", "{{ campaigns.id }}", "{{5}}", '{"a":{"b":{}}}']}},
            {"params": {"a": ["{now-7}", "{ campaigns.id }", "{{5}}", '{"a":{"b":{}}}']}},
            id="variables of Postman",
        ),
        pytest.param(
            {"url": "/x/?advertiser_id=7000000000001"},
            {"url": "/x/", "params": {"advertiser_id": "{advertiser_id}"}},
            id="literal advertiser in the URL",
        ),
        pytest.param(
            {"method": "POST", "body": {"advertiser_id": 7}},
            {"method": "POST", "body": {"advertiser_id": "{advertiser_id}"}},
            id="literal advertiser in the body",
        ),
        pytest.param(
            {"url": "/x/?advertiser_id=7", "per_advertiser": False},
            {"url": "/x/", "per_advertiser": False, "params": {"advertiser_id": 7}},
            id="literal advertiser of a stream that is read once",
        ),
        pytest.param(
            {"params": {"advertiser_id": "7", "of": ["{advertiser_id}"]}},
            {"params": {"advertiser_id": "7", "of": ["{advertiser_id}"]}},
            id="literal advertiser beside the macro",
        ),
        pytest.param({"url": 5, "headers": 6, "params": 7}, None, id="values of other types"),
        pytest.param({"headers": {"X-A": 5}, "body": []}, None, id="members of other types"),
    ],
)
def test_pasted_entries_are_normalized(
    pasted: dict[str, t.Any], expected: dict[str, t.Any] | None
) -> None:
    """An entry of another tool becomes an entry of the documented form, which does not change."""
    original = str(pasted)
    normalized = normalize(pasted)
    assert normalized == (pasted if expected is None else expected)
    assert normalize(normalized) == normalized
    assert str(pasted) == original


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"headers": f"Authorization {SECRET}"}, "headers must be an object, or text such as"),
        ({"headers": f"Access-Token: {SECRET}"}, "the tap sets header 'Access-Token' itself"),
        ({"headers": {"access_token": SECRET}}, "the tap sets header 'access_token' itself"),
        ({"url": f"/x/?access_token={SECRET}"}, "contains a parameter 'access_token'"),
        ({"params": {"Access-Token": SECRET}}, "contains a parameter 'access_token'"),
        ({"method": "post", "body": f'{{"access_token": "{SECRET}"}}'}, "contains a parameter"),
        ({"url": f"https://me:{SECRET}@business-api.tiktok.com/x/"}, "a user name or password"),
        ({"url": f"https://other.example/x/?a={SECRET}"}, "must be on business-api.tiktok.com"),
        ({"url": f"/x/?a={SECRET}&a=2"}, "parameter 'a' occurs twice in 'url'"),
        ({"url": f"/x/?advertiser_id={SECRET}"}, "parameter 'advertiser_id' is in 'url' and in"),
        ({"method": "post", "body": f"{{{SECRET}"}, "the text in 'body' is not JSON (Expecting"),
        ({"method": "post", "body": f'["{SECRET}"]'}, "the JSON text in 'body' must be an object"),
        ({"method": "gett"}, "method must be one of GET, POST, got 'GETT'"),
        ({"body": '{"a": 1}'}, "a GET request has no body"),
    ],
)
def test_errors_of_pasted_entries_quote_no_secret(changes: dict[str, t.Any], message: str) -> None:
    """A pasted entry that cannot be used is an error that names its key, without its secrets."""
    with pytest.raises(ConfigError) as caught:
        parse_custom_streams([{**REPORT, **changes}])
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


def test_literal_advertiser_is_found() -> None:
    """The advertiser of a pasted request is known before the macro replaces it."""
    assert literal_advertiser({"url": "/x/?advertiser_id=7"}) == "7"
    assert literal_advertiser({"body": '{"advertiser_id": 8}'}) == "8"
    assert literal_advertiser({"url": "/x/?advertiser_id={advertiser_id}"}) is None


def test_secrets_are_found_by_name() -> None:
    """Values under names of secrets are found at any depth, in any spelling of the name."""
    entry = {
        "params": {"secret": "a", "cursor": "x"},
        "body": {"list": [{"App-Secret": "b"}, "y"]},
        "headers": {"Authorization": "c", "X-Page-Token": "z"},
    }
    assert list(secret_values(entry)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("{now-30}", "{now}", 31),
        ("(now-2M)", "(now-1M)", 31),
        ("2026-01-01", "2026-03-31", 90),
        ("{now-29}", "{now}", None),
        ("{start_of_month}", "{now}", None),
        ("{start_date}", "{end_date}", None),
    ],
)
def test_long_daily_ranges_name_the_window_macros(start: str, end: str, days: int | None) -> None:
    """A daily report of more than 30 days is an error that names the macros of windows."""
    params = {**REPORT["params"], "start_date": start, "end_date": end}
    if days is None:
        assert parse_custom_streams([{**REPORT, "params": params}])
        return
    with pytest.raises(ConfigError, match=rf"cover {days} days, .*Write {{start_date}} and {{end"):
        parse_custom_streams([{**REPORT, "params": params}])
    without_days = {**params, "dimensions": ["ad_id"]}
    assert parse_custom_streams([{**REPORT, "params": without_days}])


def test_unit_of_macros_counts_in_ranges() -> None:
    """The range of a report is computed with the unit of the entry."""
    params = {**REPORT["params"], "start_date": "{now-5}", "end_date": "{now}"}
    assert parse_custom_streams([{**REPORT, "params": params}])
    with pytest.raises(ConfigError, match="cover 36 days"):
        parse_custom_streams([{**REPORT, "params": params, "time_unit": "Week"}])
