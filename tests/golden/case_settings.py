"""Settings, dates, catalog and state that cannot be used."""

# ruff: noqa: PLW0108, SIM115
from __future__ import annotations

import copy
import io
import json
import logging
import typing as t
from pathlib import Path
from unittest import mock

from conftest import answering, catalog_of, config_at, config_for, run

from golden.collector import answered, case, error_cases, simulated, temporary_file
from tap_tiktok_ads.config import environment
from tap_tiktok_ads.config.environment import check_log_level, read_environment, unknown_variables
from tap_tiktok_ads.config.files import read_catalog, read_json, read_state
from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.state_shape import warn_of_foreign_bookmarks
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable

GOOD: dict[str, t.Any] = {
    "access_token": "act-0123456789",
    "advertiser_ids": ["7000000000000000001"],
}
NOWHERE = config_at("http://127.0.0.1:9")


def setting(**changes: t.Any) -> Callable[[], object]:
    """Return a case: validate good settings with changes."""
    return lambda: validate(normalize(GOOD | changes), TapTikTokAds.known_settings())


def tap(**changes: t.Any) -> Callable[[], object]:
    """Return a case: construct a tap."""
    return lambda: TapTikTokAds(config=NOWHERE | changes)


error_cases(
    "Settings",
    {
        "a misspelled setting": setting(acess_token="x"),
        "an unknown setting": setting(zzz=1),
        "a removed setting": setting(check_totals=False),
        "a misspelled value": setting(environment="prodution"),
        "an unknown value": setting(on_error="ignore"),
        "a number instead of text": setting(access_token=5),
        "text instead of a number": setting(max_retries="7"),
        "a fraction instead of a number or auto": setting(lookback_days=7.5),
        "a number above the limit": setting(lookback_days=401),
        "a token that no header can contain": setting(access_token="a\nb"),
        "a URL without a scheme": setting(api_url="proxy.example"),
        "a URL without encryption": setting(api_url="http://proxy.example"),
        "an unknown tier of the simulator": setting(
            environment="simulator", simulator={"tier": "gold"}
        ),
        "an unknown option of the simulator": lambda: run(
            {"environment": "simulator", "simulator": {"campains": 1}}, ["campaigns"]
        ),
        "a stream map of an unknown stream": tap(stream_maps={"adz": {"x": "ad_id"}}),
        "a stream map with a syntax error": tap(stream_maps={"ads": {"x": "ad_id +"}}),
        "a stream map of a filter with a syntax error": tap(
            stream_maps={"ads": {"__filter__": "ad_id ="}}
        ),
        "a stream map with a wrong key": tap(stream_maps={"ads": {"__key_properties__": ["zz"]}}),
        "stream maps that resemble no stream": tap(stream_maps={"zzz": {}}),
        "stream_maps is a number": lambda: TapTikTokAds.from_input(
            mock.Mock(config=GOOD | {"stream_maps": 5}, parse_env=False)
        ),
        "a stream map that needs faker": lambda: _without_faker(),
        "a negative flattening_max_depth": tap(flattening_enabled=True, flattening_max_depth=-3),
        "text instead of a boolean": setting(include_deleted="x" * 99),
        "a secret that is not text": setting(app_secret=12345),
        "report_metrics is a list": tap(report_metrics=[1]),
        "report_metrics of an unknown report": tap(report_metrics={"ad_report": ["spend"]}),
        "an environment variable of another type": lambda: read_environment(
            {"TAP_TIKTOK_ADS_MAX_RETRIES": "seven"}
        ),
        "a configuration file that does not exist": lambda: _from_config("absent.json"),
        "a configuration file that is not JSON": lambda: _from_config(temporary_file("{")),
        "a configuration file that is not an object": lambda: _from_config(temporary_file("[]")),
        "a configuration file in Latin-1": lambda: _from_config(temporary_file(b'{"a": "\xe9"}')),
        "a configuration file that is nested deeply": lambda: _from_config(
            temporary_file("[" * 100_000)
        ),
        "an environment variable that is not JSON": lambda: read_environment(
            {"TAP_TIKTOK_ADS_SIMULATOR": "{"}
        ),
        "a .env file in Latin-1": lambda: _with_dotenv(b"TAP_TIKTOK_ADS_USER_AGENT=\xe9"),
        "a .env file with a null byte": lambda: _with_dotenv(b"TAP_TIKTOK_ADS_USER_AGENT=a\0b"),
        "an unknown environment variable": lambda: list(
            unknown_variables({"TAP_TIKTOK_ADS_ZZZ": "x"}, TapTikTokAds.known_settings())
        ),
        "a misspelled environment variable": lambda: list(
            unknown_variables({"TAP_TIKTOK_ADS_ACESS_TOKEN": "x"}, TapTikTokAds.known_settings())
        ),
        "an unknown log level": lambda: check_log_level({"TAP_TIKTOK_ADS_LOGLEVEL": "LOUD"}),
    },
)


def _without_faker() -> None:
    with mock.patch.dict("sys.modules", {"faker": None}):
        tap(stream_maps={"ads": {"x": "fake.name()"}})()


def _with_dotenv(content: bytes) -> None:
    path = temporary_file(content, suffix=".env")
    with mock.patch.object(environment, "find_dotenv", return_value=path):
        environment.load_dotenv()


def _from_config(path: str) -> None:
    read_json(path, "Config file config.json", lambda name: Path(name).open(encoding="utf-8-sig"))


error_cases(
    "Credentials and advertisers",
    {
        "no access_token": setting(access_token=None),
        "the sandbox without advertiser_ids": setting(environment="sandbox", advertiser_ids=None),
        "neither advertisers nor an app": setting(advertiser_ids=None),
        "an advertiser ID with a letter": setting(advertiser_ids=["12a"]),
    },
)

error_cases(
    "Dates",
    {
        "not a date": setting(start_date="01/02/2026"),
        "an unknown macro": setting(start_date="{nov-30}"),
        "an incomplete macro": setting(start_date="{now-}"),
        "an unknown unit": setting(end_date="{now-1q}"),
        "outside the calendar": setting(start_date="{now-9999y}"),
        "the start is after the end": setting(start_date="2024-03-02", end_date="2024-03-01"),
        "the start is a macro after the end": setting(start_date="{now}", end_date="2024-03-01"),
        "no day to read": simulated(
            ["ad_performance_report"], start_date="{now+9}", end_date="{now+10}"
        ),
    },
)


def changed(change: Callable[[dict[str, t.Any]], object], stream: str = "campaigns") -> object:
    """Construct a tap with a changed catalog."""
    catalog = catalog_of({}, [stream], alone=True)
    change(catalog["streams"][0])
    return TapTikTokAds(config=NOWHERE, catalog=catalog, selected_only=True)


def _method(entry: dict[str, t.Any]) -> None:
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            item["metadata"]["replication-method"] = "LOG_BASED"


def _column_type(entry: dict[str, t.Any]) -> None:
    entry["schema"]["properties"]["campaign_name"] = {"type": ["object"]}


def _unknown_stream() -> None:
    catalog = catalog_of({}, ["campaigns"], alone=True)
    gone = copy.deepcopy(catalog["streams"][0]) | {"tap_stream_id": "campaignz", "stream": "c"}
    catalog["streams"].append(gone)
    TapTikTokAds(config=NOWHERE, catalog=catalog, selected_only=True)


def _read_with(change: Callable[[dict[str, t.Any]], object], stream: str = "campaigns") -> None:
    with Simulator({"advertisers": 1, "campaigns": 1}) as simulator:
        config = config_for(simulator, start_date="{now}", track_deleted=True)
        catalog = catalog_of(config, [stream], alone=True)
        change(catalog["streams"][0])
        run(config, catalog=catalog)


def _without_columns(entry: dict[str, t.Any]) -> None:
    for name in ("campaign_name", "_deleted_at"):
        entry["schema"]["properties"].pop(name, None)


def _custom_columns() -> None:
    entry = {"name": "mine", "url": "/thing/list/", "params": {"advertiser_id": "{advertiser_id}"}}
    with answering(lambda _: {"list": [{"id": "1", "new": 2}]}) as (url, _):
        config = config_at(url, custom_streams=[entry])
        catalog = catalog_of(config, ["mine"], alone=True)
        del catalog["streams"][0]["schema"]["properties"]["new"]
        run(config, catalog=catalog)


def _nothing_selected() -> None:
    with Simulator({"advertisers": 1, "campaigns": 1}) as simulator:
        catalog = catalog_of({}, ["campaigns"], alone=True)
        for item in catalog["streams"][0]["metadata"]:
            item["metadata"]["selected"] = False
        TapTikTokAds(config=config_for(simulator), catalog=catalog).run()


def _uncataloged() -> None:
    report = {"name": "mine", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    catalog = _file("catalog.json", catalog_of({}, ["campaigns"], alone=True))
    TapTikTokAds.from_input(
        mock.Mock(config=NOWHERE | {"custom_reports": [report]}, parse_env=False),
        catalog=catalog,
        selected_only=True,
    )


error_cases(
    "Catalog",
    {
        "not a catalog": lambda: read_catalog(_file("catalog.json", {})),
        "an unknown replication method": lambda: changed(_method),
        "a key that is not a column": lambda: changed(
            lambda entry: entry.update(key_properties=["nothing"])
        ),
        "a column of another type": lambda: changed(_column_type),
        "a stream that does not exist": _unknown_stream,
        "other keys": lambda: _read_with(
            lambda entry: entry.update(key_properties=["campaign_id"])
        ),
        "columns left out": lambda: _read_with(_without_columns),
        "columns of a custom stream left out": _custom_columns,
        "no stream is selected": _nothing_selected,
        "a custom stream that is not in the catalog": _uncataloged,
    },
)
case("Settings", "log of the simulator", logging.INFO)(
    lambda: run(
        {
            "environment": "simulator",
            "simulator": {"advertisers": 1, "campaigns": 1, "days": 2},
            "lookback_days": "auto",
        },
        ["ad_performance_report"],
    )
)
case("Catalog", "log of a catalog", logging.INFO)(lambda: _read_with(_without_columns))


def _file(name: str, content: t.Any) -> io.StringIO:
    file = io.StringIO(json.dumps(content))
    file.name = name
    return file


def state(content: dict[str, t.Any]) -> Callable[[], object]:
    """Return a case: read a state."""
    return lambda: read_state(_file("state.json", content))


ADVERTISER = {"context": {"advertiser_id": "7"}}


def _partition(**members: t.Any) -> dict[str, t.Any]:
    return {
        "bookmarks": {"campaigns": {"partitions": [{"context": {"advertiser_id": "1"}, **members}]}}
    }


error_cases(
    "State",
    {
        "not a state": state({"campaigns": {}}),
        "a STATE message without a value": state({"type": "STATE"}),
        "a list instead of an object": state({"bookmarks": {"ads": []}}),
        "two partitions of one advertiser": state(
            {"bookmarks": {"ads": {"partitions": [ADVERTISER, ADVERTISER]}}}
        ),
        "a state of singer-io's tap": state({"bookmarks": {"ads": {"1": "2026-01-01"}}}),
        "a bookmark that is not a time": answered(
            "campaigns",
            lambda _: {"list": [], "page_info": {"total_number": 0}},
            _partition(replication_key="modify_time", replication_key_value="soon"),
        ),
        "a state file that is not JSON": lambda: read_state(_text("state.json", "{")),
        "a state file with several messages": lambda: read_state(_text("state.json", "{}\n{}")),
        "bookmarks of another tap": lambda: warn_of_foreign_bookmarks(
            {"bookmarks": {"orders": {"partitions": []}}},
            {"ads"},
            logging.getLogger("tap-tiktok-ads"),
        ),
    },
)


def _text(name: str, content: str) -> io.StringIO:
    file = io.StringIO(content)
    file.name = name
    return file
