"""Endpoints with a JSON body: the exchange of an authorization code, and targeting tags."""

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
INFO = "/tool/targeting/info/"
GEO = {"placements": ["PLACEMENT_TIKTOK"], "objective_type": "REACH"}
FUZZY = GEO | {"search_type": "FUZZY_SEARCH", "keywords": ["united"]}
REGIONS = GEO | {
    "search_type": "BATCH_REGION_SEARCH",
    "keywords": ["county", "no such place", "a"],
    "region_codes": ["US", "CA"],
}
POSTCODES = REGIONS | {"search_type": "BATCH_ZIPCODE_SEARCH", "keywords": ["10001"]}
IDS = GEO | {"targeting_ids": ["6252001"]}
TRAFFIC = {"objective_type": "TRAFFIC"}
SAFE = {"brand_safety_type": "THIRD_PARTY"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    *((SEARCH, FUZZY | {name: None}, f"{name}: Missing") for name in FUZZY),
    (SEARCH, FUZZY | {"advertiser_id": None}, "advertiser_id: Missing"),
    (SEARCH, FUZZY | {"advertiser_id": 7}, "advertiser_id: Not a valid ID"),
    (SEARCH, FUZZY | {"page": 1}, "page: Unknown field"),
    (SEARCH, FUZZY | {"keywords": "united"}, "keywords: Field must be set to json array"),
    (SEARCH, FUZZY | {"keywords": '["united"]'}, "keywords: Field must be set to json array"),
    (SEARCH, FUZZY | {"keywords": [10001]}, "keywords[0]: Not a valid string"),
    (SEARCH, FUZZY | {"keywords": []}, "keywords: Length must be at least 1"),
    (SEARCH, FUZZY | {"keywords": ["a", "b"]}, "keywords: Length 2 exceeds the maximum of 1"),
    (SEARCH, REGIONS | {"keywords": ["a"] * 1001}, "keywords: Length 1001"),
    (SEARCH, FUZZY | {"search_type": "EXACT"}, "search_type: Invalid value 'EXACT'"),
    (SEARCH, FUZZY | {"search_type": 3}, "search_type: Not a valid string"),
    (SEARCH, FUZZY | {"placements": ["TIKTOK"]}, "placements[0]: Invalid value"),
    (SEARCH, FUZZY | {"geo_types": ["STATE"]}, "geo_types[0]: Invalid value"),
    (SEARCH, FUZZY | {"operating_system": "WINDOWS"}, "operating_system: Invalid value"),
    (SEARCH, FUZZY | TRAFFIC, "promotion_type: Missing"),
    (SEARCH, FUZZY | SAFE, "brand_safety_partner: Missing"),
    (SEARCH, REGIONS | {"region_codes": None}, "region_codes: Missing"),
    (SEARCH, REGIONS | {"region_codes": ["DE"]}, "region_codes[0]: Invalid value 'DE'"),
    (SEARCH, REGIONS | {"geo_types": ["ZIP_CODE"]}, "geo_types[0]: Invalid value"),
    (SEARCH, POSTCODES | {"geo_types": ["CITY"]}, "geo_types[0]: Invalid value"),
    *((INFO, IDS | {name: None}, f"{name}: Missing") for name in IDS),
    (INFO, IDS | {"targeting_ids": ["1"] * 1001}, "targeting_ids: Length 1001"),
    (INFO, IDS | {"targeting_ids": [6252001]}, "targeting_ids[0]: Not a valid string"),
    (INFO, IDS | {"scene": "ZIP"}, "scene: Invalid value"),
    (INFO, IDS | {"search_type": "FUZZY_SEARCH"}, "search_type: Unknown field"),
    (INFO, IDS | TRAFFIC, "promotion_type: Missing"),
    (INFO, IDS | SAFE, "brand_safety_partner: Missing"),
]


def sent(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a request for the first advertiser; None leaves a parameter out."""
    body = {"advertiser_id": client.first, **params}
    return {name: value for name, value in body.items() if value is not None}


def tags(client: Client, path: str, **params: Any) -> list[Any]:
    """Return the targeting tags of a request that must succeed."""
    envelope = client.post(path, sent(client, params))
    assert envelope["code"] == 0, envelope
    rows: list[Any] = envelope["data"]["targeting_tag_list"]
    return rows


def app(client: Client, **changes: Any) -> dict[str, Any]:
    """Return the body of a valid exchange, the given values on top."""
    simulator = client.simulator
    body = {"app_id": simulator.app_id, "secret": simulator.app_secret}
    return body | {"auth_code": simulator.auth_code} | changes


@pytest.mark.parametrize(("path", "params", "part"), REFUSED)
def test_parameter(client: Client, path: str, params: dict[str, Any], part: str) -> None:
    """A value of the body is refused by its JSON type, and named in the message."""
    envelope = client.post(path, sent(client, params))
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
@pytest.mark.parametrize("path", [SEARCH, INFO, TOKEN])
def test_body(client: Client, path: str, body: bytes) -> None:
    """A body that is no JSON object is refused."""
    headers = {"Content-Type": "application/json"}
    url = client.simulator.url + path
    envelope = client.session.post(url, body, headers=headers, timeout=5).json()
    assert (envelope["code"], envelope["data"]) == (40002, {})
    assert "Request body" in envelope["message"]


def test_content_type(client: Client) -> None:
    """A JSON body counts only as application/json; a charset may follow."""
    body = sent(client, FUZZY)
    assert client.post(SEARCH, body, **{"Content-Type": "text/plain"})["code"] == 40002
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post(SEARCH, body, **charset)["code"] == 0


def test_query_of_a_post(client: Client) -> None:
    """Parameters in the query of a POST are not read."""
    url = client.simulator.url + SEARCH
    body = sent(client, FUZZY | {"advertiser_id": None})
    params = {"advertiser_id": client.first}
    envelope = client.session.post(url, params=params, json=body, timeout=5).json()
    assert "advertiser_id: Missing" in envelope["message"]


def test_token_of_a_post(client: Client) -> None:
    """The token of a POST is in the header, as that of a GET."""
    body = sent(client, FUZZY)
    assert (
        requests.post(client.simulator.url + SEARCH, json=body, timeout=5).json()["code"] == 40104
    )


def test_advertiser_of_a_post(serve: Callable[..., Client]) -> None:
    """An advertiser outside the grant is refused with 40001, and faults find it in the body."""
    client = serve()
    client.simulator.add_fault("code", path=SEARCH, advertiser_id=client.first, code=51010)
    assert client.post(SEARCH, sent(client, FUZZY))["code"] == 51010
    client.world.revoke(client.first)
    for path, params in ((SEARCH, FUZZY), (INFO, IDS)):
        hidden = {"advertiser_id": next(iter(client.world.accounts))}
        assert client.post(path, params | hidden)["code"] == 40001
    assert client.simulator.requests[-1].params["targeting_ids"] == ["6252001"]


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
        codes.append(requests.post(url, json=app(client), timeout=10).json()["code"])

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


def test_fuzzy_search(client: Client) -> None:
    """A fuzzy search finds names that hold the keyword, whatever its case."""
    rows = tags(client, SEARCH, **FUZZY)
    assert {row["name"] for row in rows} == {"United States", "United Kingdom"}
    row = rows[0]
    assert set(row) == {"keyword", "targeting_type", "name", "status_info", "geo", "isp"}
    assert (row["keyword"], row["targeting_type"], row["isp"]) == ("united", "GEO", None)
    assert row["status_info"] == {"status": "ENABLED", "reason": None}
    assert row["geo"] == {
        "geo_id": "6252001",
        "geo_type": "COUNTRY",
        "description": "Country",
        "region_code": "US",
        "parent_id": "0",
    }


def test_fuzzy_search_is_limited(client: Client) -> None:
    """A fuzzy search gives 100 tags at most, and only of the regions and types asked for."""
    codes = [one.name for one in client.world.places.by_id.values() if one.kind == "ZIP_CODE"]
    digits = next(code[:2] for code in codes if code.isdecimal())
    assert sum(digits in code for code in codes) > 100
    assert len(tags(client, SEARCH, **FUZZY | {"keywords": [digits]})) == 100
    params = {"keywords": ["e"], "region_codes": ["US"], "geo_types": ["DISTRICT", "DMA"]}
    rows = tags(client, SEARCH, **FUZZY | params)
    assert {row["geo"]["region_code"] for row in rows} == {"US"}
    assert {row["geo"]["geo_type"] for row in rows} == {"DISTRICT", "DMA"}


def test_batch_search(client: Client) -> None:
    """A search for locations gives up to five tags for each keyword, and no postcodes."""
    rows = tags(client, SEARCH, **REGIONS)
    keywords = [row["keyword"] for row in rows]
    assert {keyword: keywords.count(keyword) for keyword in keywords} == {"county": 5, "a": 5}
    assert "ZIP_CODE" not in {row["geo"]["geo_type"] for row in rows}


def test_postcode_search(client: Client) -> None:
    """A search for postcodes finds exact ones only, which are for ads on TikTok only."""
    places = client.world.places.by_id.values()
    codes = [place.name for place in places if place.kind == "ZIP_CODE" and place.region == "US"]
    keywords = [*codes, codes[0][:4], "united"]
    params = POSTCODES | {"keywords": keywords}
    rows = tags(client, SEARCH, **params)
    assert [row["name"] for row in rows] == [row["keyword"] for row in rows] == codes
    assert {row["status_info"]["status"] for row in rows} == {"ENABLED"}
    elsewhere = tags(client, SEARCH, **params | {"placements": ["PLACEMENT_PANGLE"]})
    status = {"status": "DISABLED", "reason": "NOT_SUPPORTED"}
    assert all(row["status_info"] == status for row in elsewhere)


def test_parents(client: Client) -> None:
    """All places around the ones found are told, each once, up to the country."""
    for params in (FUZZY | {"keywords": ["a"]}, POSTCODES, REGIONS):
        data = client.post(SEARCH, sent(client, params))["data"]
        parents = {tag["geo"]["geo_id"]: tag for tag in data["parent_tags"]}
        assert len(parents) == len(data["parent_tags"])
        for tag in (*data["targeting_tag_list"], *data["parent_tags"]):
            assert tag["geo"]["parent_id"] in {"0", *parents}
        assert all("keyword" not in tag for tag in parents.values())


def test_info(client: Client) -> None:
    """Tags are found by id, as the search gave them; ids that do not exist are left out."""
    found = tags(client, SEARCH, **FUZZY | {"keywords": ["a"]})
    names = [row["geo"]["geo_id"] for row in found]
    rows = tags(client, INFO, **IDS | {"targeting_ids": ["1", *names, names[0]]})
    assert rows == [
        {name: value for name, value in row.items() if name != "keyword"} for row in found
    ]
    assert {row["status_info"]["reason"] for row in found} == {None, "OFFLINE"}


def test_providers(client: Client) -> None:
    """The scene ISP finds Internet providers, which need no other parameters."""
    envelope = client.post(
        INFO, sent(client, {"scene": "ISP", "targeting_ids": ["US00000", "6252001"]})
    )
    assert envelope["data"]["parent_tags"] == []
    (row,) = envelope["data"]["targeting_tag_list"]
    assert (row["targeting_type"], row["geo"]) == ("ISP", None)
    assert row["isp"] == {"isp_id": "US00000", "location_id": "6252001", "region_code": "US"}
    assert not tags(client, INFO, **IDS | {"targeting_ids": ["US00000"]})


def test_places_come_from_the_seed(client: Client, serve: Callable[..., Client]) -> None:
    """The same seed gives the same places, another one other names."""
    params = FUZZY | {"keywords": ["a"]}
    found = tags(client, SEARCH, **params)
    assert tags(serve(), SEARCH, **params) == found
    assert tags(serve(seed=8), SEARCH, **params) != found
