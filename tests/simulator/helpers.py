"""HTTP client for the simulator, and parameters of a valid report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

WITHOUT_ADVERTISER = {
    "/advertiser/info/",
    "/user/info/",
    "/oauth2/advertiser/get/",
    "/bc/get/",
    "/bc/asset/get/",
    "/bc/transaction/get/",
    "/bc/account/transaction/get/",
    "/advertiser/balance/get/",
    "/advertiser/transaction/get/",
    "/bc/balance/get/",
    "/bc/account/cost/get/",
    "/bc/invoice/get/",
    "/catalog/get/",
    "/catalog/product/get/",
    "/catalog/set/get/",
    "/catalog/feed/get/",
    "/diagnostic/catalog/",
}
TODAY = "2026-11-20"
START = "2026-11-01"


class Client:
    """HTTP client with TikTok's encoding: text is sent as it is, other values as JSON."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.session = requests.Session()
        self.session.headers["Access-Token"] = simulator.access_token

    @property
    def business_center(self) -> str:
        """ID of the first Business Center."""
        return next(iter(self.world.centers))

    @property
    def first_advertiser(self) -> str:
        """ID of the first advertiser."""
        return self.world.advertiser_ids[0]

    def raw(self, path: str, **params: Any) -> requests.Response:
        """Send a GET request and return the response. The default is the first advertiser."""
        if path not in WITHOUT_ADVERTISER:
            params.setdefault("advertiser_id", self.first_advertiser)
        encoded = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
            if value is not None
        }
        return self.session.get(self.simulator.url + path, params=encoded, timeout=300)

    def post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        """Send a JSON body and return the envelope of the response."""
        all_headers = {"Content-Type": "application/json", **headers}
        url = self.simulator.url + path
        response = self.session.post(url, json.dumps(body), headers=all_headers, timeout=300)
        envelope: dict[str, Any] = response.json()
        return envelope

    def post_data(self, path: str, **body: Any) -> dict[str, Any]:
        """Send a JSON body and return the data of the successful response."""
        envelope = self.post(path, {"advertiser_id": self.first_advertiser, **body})
        assert envelope["code"] == 0, envelope
        data: dict[str, Any] = envelope["data"]
        return data

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Send a GET request and return the envelope of the response."""
        envelope: dict[str, Any] = self.raw(path, **params).json()
        return envelope

    def data(self, path: str, **params: Any) -> dict[str, Any]:
        """Send a GET request and return the data of the successful response."""
        envelope = self.get(path, **params)
        assert envelope["code"] == 0, envelope
        data: dict[str, Any] = envelope["data"]
        return data

    def text_data(self, path: str, **params: Any) -> str:
        """Send a GET request and return data that is text."""
        text = self.get(path, **params)["data"]
        assert isinstance(text, str), text
        return text

    def all_records(self, path: str, size: int, name: str = "list", **params: Any) -> list[Any]:
        """Return the records of all pages."""
        records: list[Any] = []
        page, total = 1, 1
        while page <= total:
            data = self.data(path, page=page, page_size=size, **params)
            records += data[name]
            total, page = data["page_info"]["total_page"], page + 1
        return records

    def report(self, size: int = 1000, **params: Any) -> list[Any]:
        """Return all records of a report, including deleted objects and Promote ads."""
        all_params = report_params(**params)
        all_params["filtering"] = [*(all_params["filtering"] or ()), WITH_PROMOTE]
        return self.all_records("/report/integrated/get/", size, **all_params)


ORIGINS = {"campaign_system_origins": ["TT_ADS_PLATFORM", "PROMOTE"]}
WITH_PROMOTE = {
    "field_name": "campaign_system_origins",
    "filter_type": "IN",
    "filter_value": json.dumps(ORIGINS["campaign_system_origins"]),
}
STATUS = {
    "AUCTION_AD": "ad_status",
    "AUCTION_ADGROUP": "adgroup_status",
    "AUCTION_CAMPAIGN": "campaign_status",
}


def status_all(level: str) -> list[dict[str, str]] | None:
    """Return the filter that includes deleted objects at a data level."""
    if level not in STATUS:
        return None
    value = json.dumps(["STATUS_ALL"])
    return [{"field_name": STATUS[level], "filter_type": "IN", "filter_value": value}]


def report_params(**params: Any) -> dict[str, Any]:
    """Return the parameters of a valid ad report, updated with `params`."""
    level = params.get("data_level", "AUCTION_AD")
    return {
        "report_type": "BASIC",
        "data_level": level,
        "dimensions": ["ad_id", "stat_time_day"],
        "start_date": START,
        "end_date": TODAY,
        "filtering": status_all(level),
    } | params
