"""Custom streams, lookups and custom reports that cannot be used."""

# ruff: noqa: PLW0108
from __future__ import annotations

import typing as t

from golden.case_settings import setting, tap
from golden.collector import answered, error_cases, simulated, temporary_file
from tap_tiktok_ads.api.report_rules import MAX_METRICS, ReportDefinition, task_conflict
from tap_tiktok_ads.extract.json_paths import find

if t.TYPE_CHECKING:
    from collections.abc import Callable

OWNER = {"advertiser_id": "{advertiser_id}"}
ENTRY: dict[str, t.Any] = {"name": "mine", "url": "/thing/list/", "params": OWNER}
WINDOW = {**OWNER, "from": "{start_date}"}
COLUMNS = {"properties": {"id": {"type": "string"}}}


def stream(**changes: t.Any) -> Callable[[], object]:
    """Return a case: settings with an entry of `custom_streams`."""
    return setting(custom_streams=[{**ENTRY, **changes}])


def file_lookup(content: str | bytes) -> Callable[[], object]:
    """Return a case: a lookup in a file with this content."""
    return lambda: stream(for_each={"file": temporary_file(content)})()


def named(*changes: dict[str, t.Any], **settings: t.Any) -> Callable[[], object]:
    """Return a case: construct a tap with several custom streams."""
    return tap(custom_streams=[{**ENTRY, **change} for change in changes], **settings)


def looking_up(name: str, source: str) -> dict[str, t.Any]:
    """Return an entry with a lookup."""
    return {"name": name, "for_each": source, "params": {**OWNER, "x": f"{{{source}}}"}}


error_cases(
    "Custom streams",
    {
        "custom_streams is not a list": setting(custom_streams={}),
        "an entry that is not an object": setting(custom_streams=[5]),
        "an entry without url": setting(custom_streams=[{"name": "mine"}]),
        "an entry with an unknown key": stream(uri="/x/"),
        "an entry with a name of an earlier one": setting(custom_streams=[ENTRY, ENTRY]),
        "a name with a blank": stream(name="a b"),
        "a value of no allowed form": stream(pagination=5),
        "a name of a built-in stream": named({"name": "campaigns"}),
        "a GET with a body": stream(body={"a": 1}),
        "a header of the tap": stream(headers={"Access-Token": "x"}),
        "a header that changes the method": stream(headers={"X-HTTP-Method-Override": "POST"}),
        "a header with a wrong name": stream(headers={"a b": "x"}),
        "no macro of the advertiser": stream(params={}),
        "a lookup that nothing uses": stream(for_each="campaigns.campaign_id"),
        "window_days without macros": stream(window_days=7),
        "one end of a window": stream(params=WINDOW),
        "a metadata_path that names no column": stream(metadata_path="$.data.list[*]"),
        "a JSONPath with a syntax error": stream(records_path="$.["),
        "a schema that is not a JSON Schema": stream(schema={"type": 5}),
        "a schema without properties": stream(schema={"type": "string"}),
        "a schema of a column that is not an object": stream(schema={"properties": {"id": True}}),
        "a schema file without properties": lambda: stream(schema=temporary_file("{}"))(),
        "a schema file that is not a JSON Schema": lambda: stream(
            schema=temporary_file('{"properties": {"id": {"type": "nothing"}}}')
        )(),
        "a schema file that does not exist": stream(schema="absent.json"),
        "a schema file that is not JSON": lambda: stream(schema=temporary_file("{"))(),
        "a date_format that is unknown": stream(date_format="yyyy-MMM"),
        **{
            f"url {url}": stream(url=url, method=method)
            for url, method in (
                ("thing", "GET"),
                ("/thing/list/#a", "GET"),
                ("/thing/list/?a=1&a=2", "GET"),
                ("/thing/list/?access_token=secret", "GET"),
                ("/thing/list/?advertiser_id=7", "GET"),
                ("https://me:secret@business-api.tiktok.com/thing/list/", "GET"),
                ("/thing/list", "GET"),
                ("/thing/../list/", "GET"),
                ("https://example.com/thing/list/", "GET"),
                ("http://business-api.tiktok.com/open_api/v1.3/ad/get/", "GET"),
                ("/store/{stores.id}/", "POST"),
                ("/ad/update/", "POST"),
                ("/thing/frobnicate/", "POST"),
                ("/campaign/create/", "GET"),
            )
        },
        "headers that are no list of headers": stream(headers="Authorization secret"),
        "a body that is not JSON": stream(method="post", body="{'a': 1}"),
        "a body that is not an object": stream(method="post", body="[1]"),
        "a daily report of three months": stream(
            url="/report/integrated/get/",
            params={
                **OWNER,
                "dimensions": ["ad_id", "stat_time_day"],
                "start_date": "{now-90}",
                "end_date": "{now}",
            },
        ),
        "an unknown macro": stream(params={"a": "{advertiserid}"}),
        "a macro that resembles no other": stream(params={"a": "{nothing}"}),
        "a date macro with an unknown unit": stream(params={"a": "{now-3x}"}),
        "a macro of a list inside a text": stream(
            for_each={"values": ["1"], "batch": 5}, params={**OWNER, "a": "x {for_each.value}"}
        ),
        "a macro of a list inside a list": stream(
            for_each={"values": ["1"], "batch": 5}, params={**OWNER, "a": ["{for_each.value}"]}
        ),
        "a secret header that is a number": stream(headers={"X-Key": 12345}),
        "a page size of zero": stream(page_size=0),
        "an unknown pagination key": stream(
            pagination={"type": "cursor", "cursor_path": "$.a", "parameter": "b", "path": "$.a"}
        ),
        "a date format with an open quote": stream(date_format="yyyy'T"),
        "a path that the response cannot follow": lambda: find(
            "$.a[\\x]", {"a": [{"x": 1}, {"x": None}]}
        ),
    },
)


def rows(*records: t.Any, **members: t.Any) -> Callable[[dict[str, str]], t.Any]:
    """Return a function that returns the data of each response."""
    return lambda _: {"list": [*records], **members}


def custom(answer: Callable[[dict[str, str]], t.Any], **changes: t.Any) -> Callable[[], object]:
    """Return a case: read a custom stream of these responses."""
    return answered("mine", answer, custom_streams=[{**ENTRY, **changes}])


MANY = {"first": list(range(400)), "second": list(range(400))}
CURSOR = {
    "type": "cursor",
    "cursor_path": "$.data.next",
    "has_more_path": "$.data.more",
    "parameter": "cursor",
}
PAGES = {"page": 1, "total_page": 2, "page_size": 1, "total_number": 2}
error_cases(
    "Custom streams",
    {
        "a sample without records": custom(rows()),
        "a sample that is rejected": answered(
            "mine",
            lambda _: b'{"code": 40002, "message": "No.", "request_id": "r"}',
            custom_streams=[ENTRY],
        ),
        "records at another path": custom(rows({"id": "1"}), records_path="$.data.rows[*]"),
        "a key that no record has": custom(rows({"id": "1"}), primary_keys=["uuid"]),
        "a record without its key": custom(rows({"id": "1"}, {"name": "b"}), primary_keys=["id"]),
        "records with equal keys": custom(rows({"id": 1}, {"id": 1, "n": 2}), primary_keys=["id"]),
        "replication keys of two types": custom(
            rows({"id": "1", "at": 1}, {"id": "2", "at": "a"}),
            primary_keys=["id"],
            replication_key="at",
            schema={"properties": {"id": {"type": "string"}, "at": {}}},
        ),
        "more pages without pagination": custom(
            rows({"id": "1"}, page_info=PAGES), pagination="none"
        ),
        "no next cursor": custom(rows({"id": "1"}, more=True), pagination=CURSOR),
        "neither cursor nor has_more": custom(rows({"id": "1"}), pagination=CURSOR),
        "a response without records": custom(lambda _: {}, schema=COLUMNS),
        "page_info that is not an object": custom(rows({"id": "1"}, page_info=5), schema=COLUMNS),
        "a value that no url can contain": answered(
            "mine",
            rows({"id": "1"}),
            custom_streams=[
                {**ENTRY, "url": "/thing/{for_each.value}/", "for_each": [".."], "schema": COLUMNS}
            ],
        ),
        "too many combinations": custom(
            rows(),
            schema=COLUMNS,
            lookups=MANY,
            params={**OWNER, "a": "{first.value}", "b": "{second.value}"},
        ),
    },
)

error_cases(
    "Lookups",
    {
        "a stream that does not exist": named(looking_up("mine", "campains.id")),
        "a column that does not exist": named(looking_up("mine", "campaigns.idd")),
        "a stream with lookups": named(
            {"name": "plain"}, looking_up("nested", "plain.id"), looking_up("mine", "nested.id")
        ),
        "no source": stream(for_each={}),
        "column without file": stream(for_each={"values": [1], "column": "a"}),
        "a stream without a field": stream(for_each="campaigns"),
        "values without columns": stream(for_each=[{}]),
        "a column that the values lack": stream(
            lookups={"ids": {"values": [{"id": 1}], "where": {"idd": 1}}}
        ),
        "equal names": stream(lookups={"ads": ["1"]}, for_each="ads.ad_id"),
        "a file that does not exist": stream(for_each={"file": "absent.csv"}),
        "a file of another format": file_lookup("{"),
        "a file in UTF-16": file_lookup("[1]".encode("utf-16")),
        "a file without rows": file_lookup("[]"),
        "a value of no form": stream(for_each=5),
        "a file without the column": lambda: stream(
            for_each={"file": temporary_file('[{"id": 1}]'), "column": "idd"}
        )(),
        "no values": answered(
            "mine",
            rows(page_info={"total_number": 0}),
            custom_streams=[
                {**ENTRY, **looking_up("mine", "campaigns.campaign_id"), "schema": COLUMNS}
            ],
        ),
    },
)

AD_DAY = ("ad_id", "stat_time_day")


def report(dimensions: tuple[str, ...] = AD_DAY, **members: t.Any) -> Callable[[], object]:
    """Return a case: settings with a custom report of these dimensions."""
    return reports(dimensions=[*dimensions], **members)


def reports(**changes: t.Any) -> Callable[[], object]:
    """Return a case: settings with an entry of `custom_reports`."""
    entry: dict[str, t.Any] = {
        "name": "mine",
        "data_level": "AUCTION_AD",
        "dimensions": ["ad_id", "stat_time_day"],
        "metrics": ["spend"],
    }
    return setting(custom_reports=[entry | changes])


def conflict(
    dimensions: tuple[str, ...] = AD_DAY,
    metrics: t.Sequence[str] = ("spend",),
    filters: t.Sequence[str] = (),
    **members: t.Any,
) -> Callable[[], object]:
    """Return a case: a report that TikTok's tasks do not make."""
    definition = ReportDefinition("report", "AUCTION_AD", dimensions, **members)
    return lambda: [task_conflict(definition, [*metrics], [*filters])]


error_cases(
    "Custom reports",
    {
        "an entry without dimensions": setting(custom_reports=[{"name": "a"}]),
        "an entry with a wrong metric": reports(metrics=["spent"]),
        "groups without a metric of the report": reports(
            data_level="AUCTION_ADVERTISER",
            dimensions=["advertiser_id", "search_terms", "stat_time_day"],
            metrics=["skan"],
        ),
        "a metric beside a dimension": reports(
            data_level="AUCTION_ADVERTISER",
            dimensions=["advertiser_id", "search_terms", "stat_time_day"],
            metrics=["spend", "reach"],
        ),
        "a metric of another report type": reports(metrics=["cost"]),
        "an unknown dimension": reports(dimensions=["ad_ids"]),
        "a dimension of another report type": reports(dimensions=["ad_id", "gender"]),
        "another granularity": reports(granularity="hour"),
        "no ID dimension": report(("stat_time_day",)),
        "an ID below the level": report(data_level="AUCTION_CAMPAIGN"),
        "no audience dimension": report(report_type="AUDIENCE"),
        "an audience report of all time": report(
            ("ad_id", "gender"), report_type="AUDIENCE", granularity="lifetime"
        ),
        "country_code of all time": report(("ad_id", "country_code"), granularity="lifetime"),
        "both ad IDs": reports(metrics=["ad_id_v2"]),
        "a metric that is a dimension": reports(metrics=["ad_id"]),
        "a metric of advertisers": reports(metrics=["cash_spend"]),
        "both ad IDs among the metrics": reports(
            data_level="AUCTION_ADGROUP",
            dimensions=["adgroup_id"],
            metrics=["ad_id", "ad_id_v2"],
        ),
        "a metric of ads in a report of campaigns": reports(
            data_level="AUCTION_CAMPAIGN", dimensions=["campaign_id"], metrics=["ad_name"]
        ),
        "a metric of one ID and the day": reports(
            dimensions=["ad_id", "country_code"], metrics=["paid_engaged_view"]
        ),
        "an unknown operator of a filter": reports(
            filters=[{"field": "ad_status", "operator": "IS", "values": []}]
        ),
        "a filter without values": reports(filters=[{"field": "ad_status"}]),
        "a name of a built-in stream": tap(
            custom_reports=[{"name": "ads", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}]
        ),
        "report_metrics of a number": tap(report_metrics={"ad_performance_report": 5}),
        "a report without its level": setting(
            custom_reports=[{"name": "mine", "dimensions": ["ad_id"]}]
        ),
        "a level of a report of Business Centers": reports(report_type="BC"),
        "dimensions of another report type": setting(
            custom_reports=[{"name": "mine", "dimensions": ["ad_id"], "report_type": "BC"}]
        ),
        "a granularity of another report type": reports(
            report_type="CATALOG", granularity="lifetime"
        ),
        "a task of another report type": conflict(report_type="CATALOG"),
        "a task with country_code": conflict(("ad_id", "country_code")),
        "a task with reach by gender": conflict(("ad_id", "gender"), ["reach"]),
        "a task with a filter": conflict(filters=["objective"]),
        "a task of Smart+ ads": conflict(("ad_id_v2",)),
        "a metric that TikTok's list lacks": simulated(
            ["ad_group_country_report"],
            report_metrics={"ad_group_country_report": ["spend", "total_pageview"]},
        ),
        "a task with many metrics": conflict(metrics=["spend"] * (MAX_METRICS + 1)),
    },
)
