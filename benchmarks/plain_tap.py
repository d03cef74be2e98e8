"""The reference: a tap as the SDK's template generates it, for two of the streams.

Nothing is tuned. It uses `RESTStream`, sequential requests, the template's parsing, and the SDK's
loop, type conformance and writer. Only the casting of TikTok's numbers, which are text, is added.
"""

from __future__ import annotations

import decimal
import typing as t

import queries
from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import RESTStream
from typing_extensions import override

from tap_tiktok_ads.extract import schemas

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams.rest import HTTPRequest, PageContext


class Paginator(BasePageNumberPaginator):
    """Paginator that follows `page_info`."""

    @override
    def has_more(self, response: requests.Response) -> bool:
        info = response.json()["data"]["page_info"]
        return bool(info["page"] < info["total_page"])


class PlainStream(RESTStream[int]):
    """Base class of both streams."""

    records_jsonpath = "$.data.list[*]"
    state_partitioning_keys = ("advertiser_id",)

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {"Access-Token": self.config["access_token"]}

    @property
    @override
    def partitions(self) -> list[dict[str, str]]:
        return [{"advertiser_id": advertiser_id} for advertiser_id in self.config["advertiser_ids"]]

    @override
    def get_new_paginator(self) -> Paginator:
        return Paginator(1)

    @override
    def get_http_request(self, *, page: PageContext) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params["page"] = page.next_page_token
        request.params["page_size"] = queries.PAGE_SIZE
        request.params |= page.stream_context or {}
        return request

    @override
    def parse_response(self, response: requests.Response) -> Iterable[dict[str, t.Any]]:
        body = response.json(parse_float=decimal.Decimal)
        yield from extract_jsonpath(self.records_jsonpath, input=body)


class Ads(PlainStream):
    """The ads of `/ad/get/`."""

    name = queries.ADS
    path = "/ad/get/"
    primary_keys = ("advertiser_id", "ad_id")
    schema = schemas.entity_schema(queries.ADS)

    @override
    def get_http_request(self, *, page: PageContext) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params |= queries.ads()
        return request


class AdReport(PlainStream):
    """The report of `/report/integrated/get/` at ad level, by day."""

    name = queries.REPORT
    path = "/report/integrated/get/"
    primary_keys = ("advertiser_id", "ad_id", "stat_time_day")
    schema = schemas.report_schema(("ad_id", "stat_time_day"), queries.METRICS)

    @property
    @override
    def partitions(self) -> list[dict[str, str]]:
        windows = list(queries.windows(self.config))
        return [advertiser | window for advertiser in super().partitions for window in windows]

    @override
    def get_http_request(self, *, page: PageContext) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params |= queries.report()
        return request

    @override
    def post_process(
        self, row: dict[str, t.Any], context: Context | None = None
    ) -> dict[str, t.Any]:
        record = {**row["dimensions"], **row["metrics"]}
        record["stat_time_day"] = record["stat_time_day"][:10]
        properties = self.schema["properties"]
        for name, value in record.items():
            types = properties[name]["type"]
            if value == "-":
                record[name] = None
            elif "integer" in types:
                record[name] = int(value)
            elif "number" in types:
                record[name] = float(value)
        return record


class PlainTap(Tap):
    """A tap with both streams."""

    name = "plain-tap"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType),
        th.Property("access_token", th.StringType),
        th.Property("advertiser_ids", th.ArrayType(th.StringType)),
        th.Property("start_date", th.DateType),
        th.Property("end_date", th.DateType),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[PlainStream]:
        return [Ads(self), AdReport(self)]


if __name__ == "__main__":
    PlainTap.cli()
