"""Endpoints with a JSON body: the exchange of an authorization code, and a search."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_tiktok_ads.simulator.spec.errors import ApiError
from tap_tiktok_ads.simulator.spec.params import Endpoint, Param

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.simulator.spec.params import Kind

    from .helpers import Client

TOKEN = "/oauth2/access_token/"
SEARCH = "/tool/targeting/search/"
PLACES = {
    "placements": ["PLACEMENT_TIKTOK"],
    "objective_type": "REACH",
    "search_type": "FUZZY_SEARCH",
    "keywords": ["united"],
}

REJECTED: list[tuple[dict[str, Any], str]] = [
    *((PLACES | {name: None}, f"{name}: Missing") for name in PLACES),
    (PLACES | {"advertiser_id": None}, "advertiser_id: Missing"),
    (PLACES | {"advertiser_id": 7}, "advertiser_id: Not a valid ID"),
    (PLACES | {"page": 1}, "page: Unknown field"),
    (PLACES | {"keywords": '["united"]'}, "keywords: Field must be set to json array"),
    (PLACES | {"keywords": [10001]}, "keywords[0]: Not a valid string"),
    (PLACES | {"keywords": []}, "keywords: Length must be at least 1"),
    (PLACES | {"keywords": ["a", "b"]}, "keywords: Length 2 exceeds the maximum of 1"),
    (PLACES | {"search_type": "EXACT"}, "search_type: Invalid value 'EXACT'"),
    (PLACES | {"search_type": 3}, "search_type: Not a valid string"),
]


def sent(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a request for the first advertiser; None leaves a parameter out."""
    body = {"advertiser_id": client.first, **params}
    return {name: value for name, value in body.items() if value is not None}


def app(client: Client, **changes: Any) -> dict[str, Any]:
    """Return the body of a valid exchange, the given values on top."""
    simulator = client.simulator
    body = {"app_id": simulator.app_id, "secret": simulator.app_secret}
    return body | {"auth_code": simulator.auth_code} | changes


@pytest.mark.parametrize(("params", "part"), REJECTED)
def test_parameter(client: Client, params: dict[str, Any], part: str) -> None:
    """A value of the body is rejected by its JSON type, and named in the message."""
    envelope = client.post(SEARCH, sent(client, params))
    assert (envelope["code"], envelope["data"]) == (40002, {})
    assert part in envelope["message"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", "1"), ("integer", 1.0), ("integer", True), ("boolean", "true"), ("boolean", 1)],
)
def test_json_types(kind: Kind, value: object) -> None:
    """Numbers and booleans of a body are no texts, as those of a query string are."""
    endpoint = Endpoint({"one": Param(kind)}, method="POST")
    with pytest.raises(ApiError, match=f"one: Not a valid {kind}"):
        endpoint.read({"one": value})
    if isinstance(value, str):
        assert Endpoint({"one": Param(kind)}).read({"one": value}) == {"one": True}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"a=1"])
@pytest.mark.parametrize("path", [SEARCH, TOKEN])
def test_body(client: Client, path: str, body: bytes) -> None:
    """A body that is no JSON object is refused."""
    headers = {"Content-Type": "application/json"}
    url = client.simulator.url + path
    envelope = client.session.post(url, body, headers=headers, timeout=300).json()
    assert (envelope["code"], envelope["data"]) == (40002, {})
    assert "Request body" in envelope["message"]


def test_content_type(client: Client) -> None:
    """A JSON body counts only as application/json; a charset may follow."""
    body = sent(client, PLACES)
    assert client.post(SEARCH, body, **{"Content-Type": "text/plain"})["code"] == 40002
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post(SEARCH, body, **charset)["code"] == 0


def test_query_of_a_post(client: Client) -> None:
    """Parameters in the query of a POST are not read."""
    url = client.simulator.url + SEARCH
    body = sent(client, PLACES | {"advertiser_id": None})
    params = {"advertiser_id": client.first}
    envelope = client.session.post(url, params=params, json=body, timeout=300).json()
    assert "advertiser_id: Missing" in envelope["message"]


def test_token_of_a_post(client: Client) -> None:
    """The token of a POST is in the header, as that of a GET."""
    body = sent(client, PLACES)
    assert (
        requests.post(client.simulator.url + SEARCH, json=body, timeout=300).json()["code"] == 40104
    )


def test_advertiser_of_a_post(serve: Callable[..., Client]) -> None:
    """An advertiser outside the grant is refused with 40001, and faults find it in the body."""
    client = serve()
    client.simulator.add_fault("code", path=SEARCH, advertiser_id=client.first, code=51010)
    assert client.post(SEARCH, sent(client, PLACES))["code"] == 51010
    client.world.revoke(client.first)
    hidden = {"advertiser_id": next(iter(client.world.accounts))}
    assert client.post(SEARCH, PLACES | hidden)["code"] == 40001
    assert client.simulator.requests[-1].params["keywords"] == ["united"]


def test_exchange(serve: Callable[..., Client]) -> None:
    """An authorization code gives the token, its advertisers and its permissions, but once."""
    client = serve(advertisers=2)
    del client.session.headers["Access-Token"]
    data = client.post(TOKEN, app(client))["data"]
    assert set(data) == {"access_token", "advertiser_ids", "scope"}
    assert data["access_token"] == client.simulator.access_token
    assert data["advertiser_ids"] == client.world.advertiser_ids
    assert all(isinstance(number, int) for number in data["scope"])
    again = client.post(TOKEN, app(client))
    assert (again["code"], again["data"]) == (40110, {})


def test_exchange_without_advertisers(serve: Callable[..., Client]) -> None:
    """With return_advertiser_ids=false the answer names no advertisers."""
    client = serve()
    data = client.post(TOKEN, app(client, return_advertiser_ids=False))["data"]
    assert set(data) == {"access_token", "scope"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app_id": "1"}, 40113),
        ({"secret": "wrong"}, 40101),
        ({"auth_code": "wrong"}, 40110),
        ({"app_id": 7300000000000000042}, 40002),
        ({"auth_code": ""}, 40002),
        ({"return_advertiser_ids": "true"}, 40002),
        ({"grant_type": "authorization_code"}, 40002),
    ],
)
def test_refused_exchange(serve: Callable[..., Client], changes: dict[str, Any], code: int) -> None:
    """A refused exchange leaves the authorization code valid."""
    client = serve()
    envelope = client.post(TOKEN, app(client, **changes))
    assert (envelope["code"], envelope["data"]) == (code, {})
    assert client.post(TOKEN, app(client))["code"] == 0


def test_exchange_in_threads(serve: Callable[..., Client]) -> None:
    """Of many exchanges at once, one succeeds."""
    client = serve()
    url = client.simulator.url + TOKEN
    codes: list[int] = []

    def exchange() -> None:
        codes.append(requests.post(url, json=app(client), timeout=300).json()["code"])

    threads = [threading.Thread(target=exchange) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0] + [40110] * 7


def test_user(client: Client) -> None:
    """The user has the documented fields, its creation as a number of seconds."""
    user = client.data("/user/info/")
    assert set(user) == {"core_user_id", "display_name", "email", "create_time", "avatar_url"}
    assert user["core_user_id"].isdecimal()
    assert isinstance(user["create_time"], int)
    assert "***@" in user["email"]


def test_search(client: Client) -> None:
    """A search returns the countries whose names hold the keyword, in any case."""
    rows = client.posted(SEARCH, **PLACES)["targeting_tag_list"]
    assert [row["name"] for row in rows] == ["United States", "United Kingdom"]
    assert rows[0]["geo"] == {"geo_id": "6252001", "geo_type": "COUNTRY"}
    assert client.posted(SEARCH, **PLACES | {"keywords": ["x"]}) == {"targeting_tag_list": []}
