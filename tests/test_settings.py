"""Validation, normalization and defaults of the settings."""

from __future__ import annotations

import re
import typing as t

import pendulum
import pytest

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.environment import ENVIRONMENT_PREFIX, read_environment
from tap_tiktok_ads.config.schema import ID_LIST_SETTINGS, SETTINGS_SCHEMA
from tap_tiktok_ads.config.settings import Settings, normalize
from tap_tiktok_ads.config.validation import default_user_agent, validate

SETTING_NAMES = frozenset(SETTINGS_SCHEMA["properties"])
TOKEN = "act-0123456789-very-secret"
SECRET = "app-secret-9876543210"
ADVERTISER_ID = "7000000000000000001"
VALID_CONFIG: dict[str, t.Any] = {"access_token": TOKEN, "advertiser_ids": [ADVERTISER_ID]}


def valid_settings(**changes: t.Any) -> Settings:
    """Return the settings of a valid configuration with changes. None removes a setting."""
    return validate(normalize(VALID_CONFIG | changes), SETTING_NAMES)


def config_error(**changes: t.Any) -> str:
    """Return the message of the ConfigError for a changed configuration."""
    with pytest.raises(ConfigError) as caught:
        valid_settings(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        pytest.param({"access_token": None}, ["access_token", "simulator"], id="no token"),
        pytest.param({"access_token": ""}, ["access_token"], id="empty token"),
        pytest.param({"access_token": "  "}, ["access_token"], id="blank token"),
        pytest.param({"access_token": 5}, ["'access_token'", "string"], id="token is a number"),
        pytest.param({"access_token": "gehe\u00efm"}, ["'access_token'"], id="token not ASCII"),
        pytest.param({"access_token": "a\nb"}, ["'access_token'"], id="token of two lines"),
        pytest.param(
            {"environment": "prodution"},
            ["got 'prodution'", "mean 'production'", "sandbox", "simulator"],
            id="environment misspelled",
        ),
        pytest.param({"environment": "x"}, ["got 'x'", "sandbox"], id="environment"),
        pytest.param({"environment": ["sandbox"]}, ["'environment'", "string"], id="list"),
        pytest.param(
            {"rate_limit_tier": "Advanced"},
            ["got 'Advanced'", "mean 'advanced'"],
            id="tier misspelled",
        ),
        pytest.param(
            {"acess_token": "x"}, ["'acess_token'", "mean 'access_token'"], id="similar name"
        ),
        pytest.param({"advertiser_id": "1"}, ["mean 'advertiser_ids'"], id="singular name"),
        pytest.param(
            {"check_totals": False},
            ["'check_totals' was removed", "'reconciliation'"],
            id="removed setting",
        ),
        pytest.param({"zzz": 1}, ["'zzz'", "--about"], id="unknown name"),
        pytest.param(
            {"lookback_days": True}, ["'lookback_days'", "an integer"], id="boolean for an integer"
        ),
        pytest.param(
            {"max_retries": False}, ["'max_retries'", "an integer"], id="false for an integer"
        ),
        pytest.param(
            {"max_retries": "7"}, ["'max_retries'", "an integer"], id="text for an integer"
        ),
        pytest.param(
            {"lookback_days": "Auto"}, ["'lookback_days'", "or 'auto'"], id="misspelled auto"
        ),
        pytest.param(
            {"lookback_days": 7.5}, ["'lookback_days'", "an integer"], id="fraction for an integer"
        ),
        pytest.param(
            {"lookback_days": -1}, ["'lookback_days'", "0 and 400", "-1"], id="below the minimum"
        ),
        pytest.param({"lookback_days": 401}, ["'lookback_days'", "401"], id="above the maximum"),
        pytest.param({"request_timeout": 0}, ["'request_timeout'", "1"], id="timeout of zero"),
        pytest.param({"max_retries": 51}, ["'max_retries'", "50"], id="too many retries"),
        pytest.param(
            {"include_deleted": 1}, ["'include_deleted'", "a boolean"], id="integer for a boolean"
        ),
        pytest.param({"include_deleted": "true"}, ["'include_deleted'"], id="text for a boolean"),
        pytest.param({"simulator": [1]}, ["'simulator'", "an object"], id="list for an object"),
        pytest.param({"user_agent": 1}, ["'user_agent'", "a string"], id="user agent is a number"),
        pytest.param({"app_id": ["1"]}, ["'app_id'", "a string"], id="app id is a list"),
        pytest.param({"start_date": 20260101}, ["'start_date'", "a string"], id="date as number"),
        pytest.param({"start_date": "01/02/2026"}, ["'start_date'", "YYYY-MM-DD"], id="slashes"),
        pytest.param({"start_date": "2026-02-30"}, ["'start_date'", "2026-02-30"], id="February"),
        pytest.param({"start_date": ""}, ["'start_date'", "YYYY-MM-DD"], id="empty date"),
        pytest.param({"end_date": "soon"}, ["'end_date'", "'soon'"], id="end date"),
        pytest.param({"start_date": "{now-30"}, ["'start_date'", "{now-30}"], id="unclosed macro"),
        pytest.param({"start_date": "{nov-30}"}, ["'start_date'", "yesterday"], id="unknown macro"),
        pytest.param({"end_date": "{now-1q}"}, ["'end_date'", "'q'"], id="unknown macro unit"),
        pytest.param(
            {"start_date": "{now-9999y}"}, ["'start_date'", "calendar"], id="macro out of range"
        ),
        pytest.param(
            {"start_date": "9999-12-31T23:59:59-12:00"}, ["'start_date'"], id="end of the calendar"
        ),
        pytest.param(
            {"start_date": "2026-03-02", "end_date": "2026-03-01"},
            ["start_date", "end_date", "2026-03-02", "2026-03-01"],
            id="start after end",
        ),
        pytest.param(
            {"start_date": "{now}", "end_date": "{yesterday}"},
            ["start_date", "{now}", "end_date", "{yesterday}"],
            id="macros start after end",
        ),
        pytest.param({"advertiser_ids": ["12a"]}, ["advertiser_ids", "'12a'"], id="letters"),
        pytest.param({"advertiser_ids": "1;2"}, ["advertiser_ids", "'1;2'"], id="semicolon"),
        pytest.param({"advertiser_ids": ["\u0661"]}, ["advertiser_ids"], id="Arabic digit"),
        pytest.param({"advertiser_ids": [-1]}, ["advertiser_ids", "-1"], id="negative"),
        pytest.param({"advertiser_ids": [1.5]}, ["advertiser_ids", "1.5"], id="fraction of id"),
        pytest.param({"advertiser_ids": [None]}, ["advertiser_ids"], id="null among ids"),
        pytest.param({"advertiser_ids": [True]}, ["advertiser_ids"], id="true among ids"),
        pytest.param({"advertiser_ids": True}, ["'advertiser_ids'", "list"], id="true for ids"),
        pytest.param({"advertiser_ids": {"1": 2}}, ["'advertiser_ids'", "list"], id="object"),
        pytest.param({"advertiser_ids": [{"id": "1"}]}, ["advertiser_ids"], id="objects for ids"),
        pytest.param({"advertiser_ids": [["1"]]}, ["advertiser_ids"], id="lists for ids"),
        pytest.param({"exclude_advertiser_ids": "x"}, ["exclude_advertiser_ids"], id="excluded"),
        pytest.param(
            {"exclude_advertiser_ids": [["1"]]}, ["exclude_advertiser_ids"], id="excluded list"
        ),
        pytest.param({"api_url": "http://proxy.example"}, ["api_url", "https"], id="http"),
        pytest.param(
            {"api_url": "http://127.0.0.1.example"},
            ["api_url", "https"],
            id="host like a loopback address",
        ),
        pytest.param({"api_url": "http://10.0.0.1/"}, ["api_url", "https"], id="http to the LAN"),
        pytest.param({"api_url": "proxy.example"}, ["'api_url'"], id="URL without scheme"),
        pytest.param({"api_url": "ftp://proxy.example"}, ["'api_url'"], id="ftp"),
        pytest.param({"api_url": "https://"}, ["'api_url'"], id="URL without host"),
        pytest.param({"api_url": "https://p.example/?a=b"}, ["'api_url'"], id="query"),
        pytest.param({"api_url": "https://p.example/#a"}, ["'api_url'"], id="fragment"),
        pytest.param({"api_url": "https://u:pw@p.example"}, ["'api_url'"], id="user, password"),
        pytest.param({"api_url": "https://u@p.example"}, ["'api_url'"], id="user"),
        pytest.param({"api_url": "https://:pw@p.example"}, ["'api_url'"], id="password"),
        pytest.param({"api_url": "https://p.example:99999"}, ["'api_url'"], id="port too high"),
        pytest.param({"api_url": "https://p.example:x"}, ["'api_url'"], id="port with letters"),
        pytest.param({"api_url": "https://[::1"}, ["'api_url'"], id="incomplete address"),
        pytest.param({"api_url": "https://a b.example"}, ["'api_url'"], id="space in the host"),
        pytest.param({"user_agent": "a\r\nX: b"}, ["'user_agent'"], id="agent of two lines"),
        pytest.param({"user_agent": "Firma \u20ac"}, ["'user_agent'"], id="agent not Latin-1"),
        pytest.param(
            {"environment": "sandbox", "advertiser_ids": []},
            ["sandbox", "advertiser_ids"],
            id="sandbox without ids",
        ),
        pytest.param(
            {"advertiser_ids": []},
            ["advertiser_ids", "app_id", "app_secret"],
            id="no advertiser IDs",
        ),
        pytest.param(
            {"advertiser_ids": None, "app_id": "123"}, ["app_id", "app_secret"], id="no secret"
        ),
        pytest.param(
            {"advertiser_ids": " , ", "app_secret": SECRET},
            ["app_id", "app_secret"],
            id="no app id",
        ),
        pytest.param(
            {"environment": "simulator", "api_url": "https://p.example", "access_token": None},
            ["access_token"],
            id="external simulator without token",
        ),
    ],
)
def test_invalid_setting_is_named_in_one_line(changes: dict[str, t.Any], texts: list[str]) -> None:
    """An invalid setting raises ConfigError with one line that names it, without secrets."""
    text = config_error(**changes)
    for expected in texts:
        assert expected in text
    assert "\n" not in text
    assert text[-1] in ".?"
    assert TOKEN not in text


@pytest.mark.parametrize("name", sorted(SETTING_NAMES - {"access_token"}))
def test_errors_contain_no_secret(name: str) -> None:
    """The error for a value of a wrong type contains no secret."""
    text = config_error(**({"app_id": "1", "app_secret": SECRET} | {name: 1.5}))
    assert name in text
    assert TOKEN not in text
    assert SECRET not in text


@pytest.mark.parametrize("token", [f"{TOKEN}\u00e9", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\x00"])
def test_invalid_token_is_not_quoted(token: str) -> None:
    """The error for a token with invalid characters does not quote the token."""
    text = config_error(access_token=token)
    assert "'access_token'" in text
    assert TOKEN not in text


def test_repr_of_settings_contains_no_secret() -> None:
    """The `repr` of the settings contains neither the token nor the app secret."""
    text = repr(valid_settings(app_id="1", app_secret=SECRET))
    assert ADVERTISER_ID in text
    assert TOKEN not in text
    assert SECRET not in text


def test_defaults_match_the_schema() -> None:
    """A minimal configuration has the defaults of the settings schema."""
    settings = valid_settings()
    defaults = {
        name: spec["default"]
        for name, spec in SETTINGS_SCHEMA["properties"].items()
        if spec.get("default", []) != []
    }
    assert {name: getattr(settings, name) for name in defaults} == defaults
    assert settings.user_agent == default_user_agent()
    assert settings.user_agent.startswith("tap-tiktok-ads/")


@pytest.mark.parametrize("name", sorted(SETTING_NAMES - {"access_token", "advertiser_ids"}))
def test_null_means_the_default(name: str) -> None:
    """A setting that is null has its default."""
    assert valid_settings(**{name: None}) == valid_settings()


def test_surrounding_whitespace_is_removed() -> None:
    """Whitespace around token, app ID, app secret and URL is removed."""
    settings = valid_settings(
        access_token=f" {TOKEN}\n", app_id=" 1 ", app_secret=f"{SECRET} ", api_url=" https://p.de "
    )
    assert (settings.access_token, settings.app_id, settings.app_secret, settings.base_url) == (
        TOKEN,
        "1",
        SECRET,
        "https://p.de/open_api/v1.3",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["1", "2"], ["1", "2"], id="list"),
        pytest.param("1,2", ["1", "2"], id="commas"),
        pytest.param(" 1 , 2 ,, ", ["1", "2"], id="commas and blanks"),
        pytest.param(7000000000000000001, ["7000000000000000001"], id="number"),
        pytest.param([7000000000000000001, " 2 "], ["7000000000000000001", "2"], id="mixed"),
        pytest.param("", [], id="empty text"),
        pytest.param(None, [], id="null"),
        pytest.param([], [], id="empty list"),
    ],
)
@pytest.mark.parametrize("name", ID_LIST_SETTINGS)
def test_ids_are_normalized_to_lists_of_strings(
    name: str, value: t.Any, expected: list[str]
) -> None:
    """IDs from a list, a string or a number become a list of strings."""
    assert normalize({name: value}) == {name: expected}
    assert normalize(normalize({name: value})) == {name: expected}


def test_normalize_does_not_change_its_argument() -> None:
    """`normalize` returns a copy, adds no settings and does not change its argument."""
    original = {"advertiser_ids": "1,2", "lookback_days": 3}
    assert normalize(original) == {"advertiser_ids": ["1", "2"], "lookback_days": 3}
    assert normalize({"lookback_days": "7"}) == {"lookback_days": 7}
    assert original == {"advertiser_ids": "1,2", "lookback_days": 3}
    assert normalize({}) == {}


def test_duplicate_advertiser_ids_are_removed() -> None:
    """Duplicate advertiser IDs are removed, and the order is kept."""
    assert valid_settings(advertiser_ids="3,1,3,2,1").advertiser_ids == ("3", "1", "2")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "https://business-api.tiktok.com/open_api/v1.3", id="production"),
        pytest.param(
            {"environment": "sandbox"}, "https://sandbox-ads.tiktok.com/open_api/v1.3", id="sandbox"
        ),
        pytest.param({"environment": "simulator"}, "", id="simulator"),
        pytest.param(
            {"api_url": ""}, "https://business-api.tiktok.com/open_api/v1.3", id="empty URL"
        ),
        pytest.param({"api_url": "https://p.de"}, "https://p.de/open_api/v1.3", id="host"),
        pytest.param({"api_url": "https://p.de/"}, "https://p.de/open_api/v1.3", id="slash"),
        pytest.param({"api_url": "https://p.de:444"}, "https://p.de:444/open_api/v1.3", id="port"),
        pytest.param({"api_url": "https://p.de/tiktok/"}, "https://p.de/tiktok", id="path"),
        pytest.param({"api_url": "https://p.de/v2"}, "https://p.de/v2", id="other version"),
        pytest.param({"api_url": "HTTPS://p.de"}, "https://p.de/open_api/v1.3", id="capitals"),
        pytest.param(
            {"api_url": "http://localhost:8080"},
            "http://localhost:8080/open_api/v1.3",
            id="localhost",
        ),
        pytest.param(
            {"api_url": "http://127.8.9.1:1/x"}, "http://127.8.9.1:1/x", id="loopback address"
        ),
        pytest.param({"api_url": "http://[::1]:1"}, "http://[::1]:1/open_api/v1.3", id="IPv6"),
        pytest.param(
            {"environment": "simulator", "api_url": "http://127.0.0.1:9"},
            "http://127.0.0.1:9/open_api/v1.3",
            id="external simulator",
        ),
    ],
)
def test_base_url(changes: dict[str, t.Any], expected: str) -> None:
    """The base URL comes from `environment` or `api_url`, with a version and no final slash."""
    assert valid_settings(**changes).base_url == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, 10, id="basic"),
        pytest.param({"rate_limit_tier": "ultimate"}, 50, id="ultimate"),
        pytest.param({"environment": "sandbox", "rate_limit_tier": "premium"}, 1, id="sandbox"),
        pytest.param(
            {"environment": "simulator", "simulator": {"tier": "advanced"}}, 20, id="simulator"
        ),
    ],
)
def test_rate_limit_tier_sets_requests_per_second(changes: dict[str, t.Any], expected: int) -> None:
    """Requests per second come from the app's tier, the sandbox or the simulator."""
    assert valid_settings(**changes).tier.per_second == expected


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"environment": "simulator"}, id="simulator"),
        pytest.param({"environment": "simulator", "simulator": {"seed": 1}}, id="with options"),
    ],
)
def test_simulator_needs_no_token_and_no_ids(changes: dict[str, t.Any]) -> None:
    """The embedded simulator requires neither a token nor advertiser IDs."""
    settings = valid_settings(access_token=None, advertiser_ids=None, **changes)
    assert settings.simulated
    assert settings.access_token == ""
    assert settings.advertiser_ids == ()


def test_app_id_and_secret_replace_advertiser_ids() -> None:
    """With `app_id` and `app_secret`, `advertiser_ids` is optional."""
    assert valid_settings(advertiser_ids=None, app_id="1", app_secret=SECRET).advertiser_ids == ()


@pytest.mark.parametrize(
    ("changes", "zone", "expected"),
    [
        pytest.param({}, "UTC", ("2026-04-16", "2026-05-16"), id="UTC"),
        pytest.param({}, "Asia/Tokyo", ("2026-04-17", "2026-05-17"), id="Tokyo"),
        pytest.param(
            {"start_date": "2026-01-01", "end_date": "2026-01-31"},
            "UTC",
            ("2026-01-01", "2026-01-31"),
            id="fixed",
        ),
        pytest.param(
            {"start_date": "2026-01-01", "end_date": "{now+9}"},
            "America/New_York",
            ("2026-01-01", "2026-05-16"),
            id="end date after today",
        ),
    ],
)
def test_dates_use_the_time_zone_of_the_advertiser(
    changes: dict[str, t.Any], zone: str, expected: tuple[str, str]
) -> None:
    """Dates follow the advertiser's time zone, and the last day is at most today."""
    now = pendulum.datetime(2026, 5, 16, 20, tz="UTC").in_timezone(zone)
    first, last = valid_settings(**changes).days(now)
    assert (first.isoformat(), last.isoformat()) == expected


def test_sdk_settings_are_accepted() -> None:
    """Settings of the Singer SDK are valid if the caller lists them as known."""
    config = VALID_CONFIG | {"stream_maps": {}}
    assert validate(config, SETTING_NAMES | {"stream_maps"}).access_token == TOKEN
    with pytest.raises(ConfigError, match="stream_maps"):
        validate(config, SETTING_NAMES)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("max_retries", " 3 ", 3, id="integer"),
        pytest.param("lookback_days", "7", 7, id="integer where text is allowed"),
        pytest.param("lookback_days", "auto", "auto", id="text where an integer is allowed"),
        pytest.param("track_deleted", "Yes", True, id="true"),
        pytest.param("track_deleted", "", False, id="false for an integer"),
        pytest.param("simulator", '{"seed": 1}', {"seed": 1}, id="object"),
        pytest.param("advertiser_ids", '["1"]', ["1"], id="JSON list"),
        pytest.param("advertiser_ids", "1,2", "1,2", id="commas"),
        pytest.param("access_token", " t ", "t", id="text for an integer"),
        pytest.param("check_totals", "true", "true", id="removed setting"),
    ],
)
def test_environment_variable_has_the_type_of_its_setting(
    name: str, text: str, expected: t.Any
) -> None:
    """An environment variable is converted to the type of its setting."""
    environment = {ENVIRONMENT_PREFIX + name.upper(): text, "PATH": "/bin"}
    assert read_environment(environment) == {name: expected}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("max_retries", "seven", "an integer, got 'seven'"),
        ("track_deleted", "maybe", "a boolean, got 'maybe'"),
        ("simulator", "{", "an object in JSON, got a string"),
        ("advertiser_ids", "[1", "a list in JSON, got a string"),
    ],
)
def test_invalid_environment_variable_is_named(name: str, text: str, kind: str) -> None:
    """The error names the environment variable and the expected type, and no value of JSON."""
    variable = ENVIRONMENT_PREFIX + name.upper()
    with pytest.raises(ConfigError) as caught:
        read_environment({variable: text})
    assert str(caught.value) == f"Environment variable {variable} must be {kind}."


def test_one_error_names_every_invalid_setting() -> None:
    """One ConfigError names every setting with an unknown name or an invalid value."""
    with pytest.raises(ConfigError, match=r"'max_retires'.*'ignore'.*'max_retries' must be"):
        validate({"max_retires": 1, "max_retries": "x", "on_error": "ignore"}, SETTING_NAMES)
    with pytest.raises(ConfigError, match=r"'api_url' must be a base URL.*'end_date'"):
        validate({"api_url": "x", "end_date": "x", "access_token": "a"}, SETTING_NAMES)


@pytest.mark.parametrize("name", sorted(SETTING_NAMES))
def test_setting_has_a_title_and_plain_description(name: str) -> None:
    """A setting has a label, and its description consists of short sentences."""
    spec = SETTINGS_SCHEMA["properties"][name]
    assert spec["title"][0].isupper()
    description = spec["description"]
    assert description.endswith(".")
    assert ";" not in description
    first, *others = re.split(r"(?<=\.) ", description)
    # a noun phrase or an imperative, such as "Maximum number" or "Write a record"
    assert not re.match(r"(A|An|The|This|If|Whether|What|Which|Not)\b", first)
    assert first[0].isupper()
    assert all(len(sentence.split()) <= 20 for sentence in (first, *others)), description
