"""A plain HTTP client for the simulator, and the parameters of a valid report."""

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
    "/catalog/get/",
}
TODAY = "2026-11-20"
START = "2026-11-01"


class Client:
    """Plain HTTP with TikTok's encoding: text stays, anything else becomes JSON."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.session = requests.Session()
        self.session.headers["Access-Token"] = simulator.access_token

    @property
    def center(self) -> str:
        """The first Business Center."""
        return next(iter(self.world.centers))

    @property
    def first(self) -> str:
        """The first advertiser."""
        return self.world.advertiser_ids[0]

    def raw(self, path: str, **params: Any) -> requests.Response:
        """Return the HTTP response; `advertiser_id` is the first one unless given."""
        if path not in WITHOUT_ADVERTISER:
            params.setdefault("advertiser_id", self.first)
        sent = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
            if value is not None
        }
        return self.session.get(self.simulator.url + path, params=sent, timeout=300)

    def post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        """Return the envelope of the answer to a JSON body."""
        sent = {"Content-Type": "application/json", **headers}
        url = self.simulator.url + path
        response = self.session.post(url, json.dumps(body), headers=sent, timeout=300)
        envelope: dict[str, Any] = response.json()
        return envelope

    def posted(self, path: str, **body: Any) -> dict[str, Any]:
        """Return the data of the answer to a JSON body, which must be a success."""
        envelope = self.post(path, {"advertiser_id": self.first, **body})
        assert envelope["code"] == 0, envelope
        data: dict[str, Any] = envelope["data"]
        return data

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the envelope."""
        envelope: dict[str, Any] = self.raw(path, **params).json()
        return envelope

    def data(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the data of an answer that must be a success."""
        envelope = self.get(path, **params)
        assert envelope["code"] == 0, envelope
        data: dict[str, Any] = envelope["data"]
        return data

    def data_of(self, path: str, **params: Any) -> str:
        """Return the data of an answer where it is text."""
        text = self.get(path, **params)["data"]
        assert isinstance(text, str), text
        return text

    def every(self, path: str, size: int, name: str = "list", **params: Any) -> list[Any]:
        """Return the rows of all pages."""
        rows: list[Any] = []
        page, total = 1, 1
        while page <= total:
            data = self.data(path, page=page, page_size=size, **params)
            rows += data[name]
            total, page = data["page_info"]["total_page"], page + 1
        return rows

    def report(self, size: int = 1000, **params: Any) -> list[Any]:
        """Return all rows of a report, deleted objects and Promote ads included."""
        sent = report_params(**params)
        sent["filtering"] = [*(sent["filtering"] or ()), WITH_PROMOTE]
        return self.every("/report/integrated/get/", size, **sent)


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
    """Return the filter that keeps deleted objects at a data level."""
    if level not in STATUS:
        return None
    value = json.dumps(["STATUS_ALL"])
    return [{"field_name": STATUS[level], "filter_type": "IN", "filter_value": value}]


def report_params(**params: Any) -> dict[str, Any]:
    """Return the parameters of a valid ad report, the given ones on top."""
    level = params.get("data_level", "AUCTION_AD")
    return {
        "report_type": "BASIC",
        "data_level": level,
        "dimensions": ["ad_id", "stat_time_day"],
        "start_date": START,
        "end_date": TODAY,
        "filtering": status_all(level),
    } | params
