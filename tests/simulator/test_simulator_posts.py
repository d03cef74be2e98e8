"""Endpoints with a JSON body: authorization code exchange and targeting search."""

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


def search_body(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Return a request body for the first advertiser. None removes a parameter."""
    body = {"advertiser_id": client.first_advertiser, **params}
    return {name: value for name, value in body.items() if value is not None}


def exchange_body(client: Client, **changes: Any) -> dict[str, Any]:
    """Return the body of a valid exchange, updated with `changes`."""
    simulator = client.simulator
    body = {"app_id": simulator.app_id, "secret": simulator.app_secret}
    return body | {"auth_code": simulator.auth_code} | changes


@pytest.mark.parametrize(("params", "message"), REJECTED)
def test_body_parameter_is_rejected_by_name(
    client: Client, params: dict[str, Any], message: str
) -> None:
    """A body value of the wrong JSON type is rejected with the name of its parameter."""
    envelope = client.post(SEARCH, search_body(client, params))
    assert (envelope["code"], envelope["data"]) == (40002, {})
    assert message in envelope["message"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", "1"), ("integer", 1.0), ("integer", True), ("boolean", "true"), ("boolean", 1)],
)
def test_body_types_are_strict(kind: Kind, value: object) -> None:
    """Numbers and booleans of a body must not be text, unlike those of a query string."""
    endpoint = Endpoint({"flag": Param(kind)}, method="POST")
    with pytest.raises(ApiError, match=f"flag: Not a valid {kind}"):
        endpoint.read({"flag": value})
    if isinstance(value, str):
        assert Endpoint({"flag": Param(kind)}).read({"flag": value}) == {"flag": True}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"a=1"])
@pytest.mark.parametrize("path", [SEARCH, TOKEN])
def test_body_must_be_json_object(client: Client, path: str, body: bytes) -> None:
    """A body that is not a JSON object is rejected."""
    headers = {"Content-Type": "application/json"}
    url = client.simulator.url + path
    envelope = client.session.post(url, body, headers=headers, timeout=300).json()
    assert (envelope["code"], envelope["data"]) == (40002, {})
    assert "Request body" in envelope["message"]


def test_content_type_must_be_json(client: Client) -> None:
    """A JSON body needs the content type `application/json`, optionally with a charset."""
    body = search_body(client, PLACES)
    assert client.post(SEARCH, body, **{"Content-Type": "text/plain"})["code"] == 40002
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post(SEARCH, body, **charset)["code"] == 0


def test_post_ignores_query_parameters(client: Client) -> None:
    """A POST request ignores parameters in the query string."""
    url = client.simulator.url + SEARCH
    body = search_body(client, PLACES | {"advertiser_id": None})
    params = {"advertiser_id": client.first_advertiser}
    envelope = client.session.post(url, params=params, json=body, timeout=300).json()
    assert "advertiser_id: Missing" in envelope["message"]


def test_post_needs_token_header(client: Client) -> None:
    """A POST request without the token header is rejected."""
    body = search_body(client, PLACES)
    assert (
        requests.post(client.simulator.url + SEARCH, json=body, timeout=300).json()["code"] == 40104
    )


def test_post_checks_advertiser_of_body(serve: Callable[..., Client]) -> None:
    """An advertiser in a body is matched by faults, and returns 40001 without a grant."""
    client = serve()
    client.simulator.add_fault(
        "code", path=SEARCH, advertiser_id=client.first_advertiser, code=51010
    )
    assert client.post(SEARCH, search_body(client, PLACES))["code"] == 51010
    client.world.revoke(client.first_advertiser)
    hidden = {"advertiser_id": next(iter(client.world.accounts))}
    assert client.post(SEARCH, PLACES | hidden)["code"] == 40001
    assert client.simulator.requests[-1].params["keywords"] == ["united"]


def test_authorization_code_is_exchanged_once(serve: Callable[..., Client]) -> None:
    """An authorization code returns token, advertisers and scope once."""
    client = serve(advertisers=2)
    del client.session.headers["Access-Token"]
    data = client.post(TOKEN, exchange_body(client))["data"]
    assert set(data) == {"access_token", "advertiser_ids", "scope"}
    assert data["access_token"] == client.simulator.access_token
    assert data["advertiser_ids"] == client.world.advertiser_ids
    assert all(isinstance(number, int) for number in data["scope"])
    second = client.post(TOKEN, exchange_body(client))
    assert (second["code"], second["data"]) == (40110, {})


def test_exchange_can_omit_advertisers(serve: Callable[..., Client]) -> None:
    """With `return_advertiser_ids=false` the response has no advertisers."""
    client = serve()
    data = client.post(TOKEN, exchange_body(client, return_advertiser_ids=False))["data"]
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
def test_rejected_exchange_keeps_code_valid(
    serve: Callable[..., Client], changes: dict[str, Any], code: int
) -> None:
    """A rejected exchange keeps the authorization code valid."""
    client = serve()
    envelope = client.post(TOKEN, exchange_body(client, **changes))
    assert (envelope["code"], envelope["data"]) == (code, {})
    assert client.post(TOKEN, exchange_body(client))["code"] == 0


def test_concurrent_exchanges_succeed_once(serve: Callable[..., Client]) -> None:
    """Only one of several concurrent exchanges succeeds."""
    client = serve()
    url = client.simulator.url + TOKEN
    codes: list[int] = []

    def exchange() -> None:
        codes.append(requests.post(url, json=exchange_body(client), timeout=300).json()["code"])

    threads = [threading.Thread(target=exchange) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0] + [40110] * 7


def test_user_has_documented_fields(client: Client) -> None:
    """The user has the documented fields. The creation time is in seconds."""
    user = client.data("/user/info/")
    assert set(user) == {"core_user_id", "display_name", "email", "create_time", "avatar_url"}
    assert user["core_user_id"].isdecimal()
    assert isinstance(user["create_time"], int)
    assert "***@" in user["email"]


def test_search_matches_country_names(client: Client) -> None:
    """A search returns the countries whose names contain the keyword, ignoring case."""
    records = client.post_data(SEARCH, **PLACES)["targeting_tag_list"]
    assert [record["name"] for record in records] == ["United States", "United Kingdom"]
    assert records[0]["geo"] == {"geo_id": "6252001", "geo_type": "COUNTRY"}
    assert client.post_data(SEARCH, **PLACES | {"keywords": ["x"]}) == {"targeting_tag_list": []}
