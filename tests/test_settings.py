"""The settings: what is accepted, how it is resolved, and the sentence for what is not."""

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

KNOWN = frozenset(SETTINGS_SCHEMA["properties"])
TOKEN = "act-0123456789-very-secret"
SECRET = "app-secret-9876543210"
ID = "7000000000000000001"
GOOD: dict[str, t.Any] = {"access_token": TOKEN, "advertiser_ids": [ID]}


def checked(**changes: t.Any) -> Settings:
    """The settings of a good configuration with changes; None takes a setting away."""
    return validate(normalize(GOOD | changes), KNOWN)


def refusal(**changes: t.Any) -> str:
    """The sentence with which the changed configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        checked(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        pytest.param({"access_token": None}, ["access_token", "simulator"], id="no token"),
        pytest.param({"access_token": ""}, ["access_token"], id="empty token"),
        pytest.param({"access_token": "  "}, ["access_token"], id="blank token"),
        pytest.param({"access_token": 5}, ["'access_token'", "string"], id="token is a number"),
        pytest.param({"access_token": "gehe\u00efm"}, ["'access_token'"], id="token not ASCII"),
        pytest.param({"access_token": "a\nb"}, ["'access_token'"], id="token of two lines"),
        pytest.param(
            {"environment": "prodution"},
            ["environment 'prodution'", "mean 'production'", "sandbox", "simulator"],
            id="environment misspelt",
        ),
        pytest.param({"environment": "x"}, ["environment 'x'", "sandbox"], id="environment"),
        pytest.param({"environment": ["sandbox"]}, ["'environment'", "string"], id="list"),
        pytest.param(
            {"rate_limit_tier": "Advanced"},
            ["rate_limit_tier 'Advanced'", "mean 'advanced'"],
            id="tier misspelt",
        ),
        pytest.param({"acess_token": "x"}, ["'acess_token'", "mean 'access_token'"], id="near"),
        pytest.param({"advertiser_id": "1"}, ["mean 'advertiser_ids'"], id="singular"),
        pytest.param(
            {"check_totals": False},
            ["'check_totals' was removed", "'reconciliation'"],
            id="removed",
        ),
        pytest.param({"zzz": 1}, ["'zzz'", "--about"], id="unknown and far from all"),
        pytest.param({"lookback_days": True}, ["'lookback_days'", "an integer"], id="boolean"),
        pytest.param({"max_retries": False}, ["'max_retries'", "an integer"], id="false"),
        pytest.param({"max_retries": "7"}, ["'max_retries'", "an integer"], id="text"),
        pytest.param({"lookback_days": "Auto"}, ["'lookback_days'", "or 'auto'"], id="word"),
        pytest.param({"lookback_days": 7.5}, ["'lookback_days'", "an integer"], id="fraction"),
        pytest.param({"lookback_days": -1}, ["'lookback_days'", "0 and 400", "-1"], id="below"),
        pytest.param({"lookback_days": 401}, ["'lookback_days'", "401"], id="above"),
        pytest.param({"request_timeout": 0}, ["'request_timeout'", "1"], id="no time at all"),
        pytest.param({"max_retries": 51}, ["'max_retries'", "50"], id="too many tries"),
        pytest.param({"include_deleted": 1}, ["'include_deleted'", "a boolean"], id="one"),
        pytest.param({"include_deleted": "true"}, ["'include_deleted'"], id="true as text"),
        pytest.param({"simulator": [1]}, ["'simulator'", "an object"], id="no object"),
        pytest.param({"user_agent": 1}, ["'user_agent'", "a string"], id="agent"),
        pytest.param({"app_id": ["1"]}, ["'app_id'", "a string"], id="app id"),
        pytest.param({"start_date": 20260101}, ["'start_date'", "a string"], id="date as number"),
        pytest.param({"start_date": "01/02/2026"}, ["'start_date'", "YYYY-MM-DD"], id="slashes"),
        pytest.param({"start_date": "2026-02-30"}, ["'start_date'", "2026-02-30"], id="February"),
        pytest.param({"start_date": ""}, ["'start_date'", "YYYY-MM-DD"], id="empty date"),
        pytest.param({"end_date": "soon"}, ["'end_date'", "'soon'"], id="end date"),
        pytest.param({"start_date": "{now-30"}, ["'start_date'", "{now-30}"], id="macro open"),
        pytest.param({"start_date": "{nov-30}"}, ["'start_date'", "yesterday"], id="macro name"),
        pytest.param({"end_date": "{now-1q}"}, ["'end_date'", "'q'"], id="macro unit"),
        pytest.param({"start_date": "{now-9999y}"}, ["'start_date'", "calendar"], id="macro far"),
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
        pytest.param({"advertiser_ids": True}, ["'advertiser_ids'", "array"], id="true for ids"),
        pytest.param({"advertiser_ids": {"1": 2}}, ["'advertiser_ids'", "array"], id="object"),
        pytest.param({"advertiser_ids": [{"id": "1"}]}, ["advertiser_ids"], id="objects for ids"),
        pytest.param({"advertiser_ids": [["1"]]}, ["advertiser_ids"], id="lists for ids"),
        pytest.param({"exclude_advertiser_ids": "x"}, ["exclude_advertiser_ids"], id="excluded"),
        pytest.param(
            {"exclude_advertiser_ids": [["1"]]}, ["exclude_advertiser_ids"], id="excluded list"
        ),
        pytest.param({"api_url": "http://proxy.example"}, ["api_url", "https"], id="http"),
        pytest.param({"api_url": "http://127.0.0.1.example"}, ["api_url", "https"], id="almost"),
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
        pytest.param({"api_url": "https://[::1"}, ["'api_url'"], id="half an address"),
        pytest.param({"api_url": "https://a b.example"}, ["'api_url'"], id="space in the host"),
        pytest.param({"user_agent": "a\r\nX: b"}, ["'user_agent'"], id="agent of two lines"),
        pytest.param({"user_agent": "Firma \u20ac"}, ["'user_agent'"], id="agent not Latin-1"),
        pytest.param(
            {"environment": "sandbox", "advertiser_ids": []},
            ["sandbox", "advertiser_ids"],
            id="sandbox without ids",
        ),
        pytest.param({"advertiser_ids": []}, ["advertiser_ids", "app_id", "app_secret"], id="ids"),
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
            id="simulator elsewhere without token",
        ),
    ],
)
def test_bad_input_is_one_sentence_that_names_the_setting(
    changes: dict[str, t.Any], parts: list[str]
) -> None:
    """What cannot be used is refused with one line that names it, and with no secret in it."""
    text = refusal(**changes)
    for part in parts:
        assert part in text
    assert "\n" not in text
    assert text[-1] in ".?"
    assert TOKEN not in text


@pytest.mark.parametrize("name", sorted(KNOWN - {"access_token"}))
def test_no_sentence_tells_the_token(name: str) -> None:
    """Whatever setting has a value of a wrong type, the secrets are not in the sentence."""
    text = refusal(**({"app_id": "1", "app_secret": SECRET} | {name: 1.5}))
    assert name in text
    assert TOKEN not in text
    assert SECRET not in text


@pytest.mark.parametrize("token", [f"{TOKEN}\u00e9", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\x00"])
def test_a_token_that_cannot_be_one_is_not_quoted(token: str) -> None:
    """A token with characters that no token has is refused without repeating it."""
    text = refusal(access_token=token)
    assert "'access_token'" in text
    assert TOKEN not in text


def test_printing_the_settings_tells_no_secret() -> None:
    """Token and app secret do not get into a log or a traceback with the settings' `repr`."""
    text = repr(checked(app_id="1", app_secret=SECRET))
    assert ID in text
    assert TOKEN not in text
    assert SECRET not in text


def test_defaults_are_those_of_the_table() -> None:
    """A configuration of token and ids has the defaults that `--about` shows."""
    chosen = checked()
    shown = {
        name: spec["default"]
        for name, spec in SETTINGS_SCHEMA["properties"].items()
        if spec.get("default", []) != []
    }
    assert {name: getattr(chosen, name) for name in shown} == shown
    assert chosen.user_agent == default_user_agent()
    assert chosen.user_agent.startswith("tap-tiktok-ads/")


@pytest.mark.parametrize("name", sorted(KNOWN - {"access_token", "advertiser_ids"}))
def test_null_means_the_default(name: str) -> None:
    """A setting that is null is as good as one that is not there."""
    assert checked(**{name: None}) == checked()


def test_text_is_trimmed() -> None:
    """White space around token, app pair and URL, as copying adds it, does no harm."""
    chosen = checked(
        access_token=f" {TOKEN}\n", app_id=" 1 ", app_secret=f"{SECRET} ", api_url=" https://p.de "
    )
    assert (chosen.access_token, chosen.app_id, chosen.app_secret, chosen.base_url) == (
        TOKEN,
        "1",
        SECRET,
        "https://p.de/open_api/v1.3",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(["1", "2"], ["1", "2"], id="list"),
        pytest.param("1,2", ["1", "2"], id="commas"),
        pytest.param(" 1 , 2 ,, ", ["1", "2"], id="commas, blanks and gaps"),
        pytest.param(7000000000000000001, ["7000000000000000001"], id="number"),
        pytest.param([7000000000000000001, " 2 "], ["7000000000000000001", "2"], id="mixed"),
        pytest.param("", [], id="empty text"),
        pytest.param(None, [], id="null"),
        pytest.param([], [], id="empty list"),
    ],
)
@pytest.mark.parametrize("name", ID_LIST_SETTINGS)
def test_ids_become_lists_of_text(name: str, given: t.Any, expected: list[str]) -> None:
    """Ids from a file, an environment variable or as numbers end as the same list of text."""
    assert normalize({name: given}) == {name: expected}
    assert normalize(normalize({name: given})) == {name: expected}


def test_normalising_leaves_the_rest_and_the_original_alone() -> None:
    """Other settings pass as they are, none is added, and the caller's mapping is not changed."""
    original = {"advertiser_ids": "1,2", "lookback_days": 3}
    assert normalize(original) == {"advertiser_ids": ["1", "2"], "lookback_days": 3}
    assert normalize({"lookback_days": "7"}) == {"lookback_days": 7}
    assert original == {"advertiser_ids": "1,2", "lookback_days": 3}
    assert normalize({}) == {}


def test_an_advertiser_named_twice_is_read_once() -> None:
    """Repeated ids are dropped, and their order is kept."""
    assert checked(advertiser_ids="3,1,3,2,1").advertiser_ids == ("3", "1", "2")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "https://business-api.tiktok.com/open_api/v1.3", id="production"),
        pytest.param(
            {"environment": "sandbox"}, "https://sandbox-ads.tiktok.com/open_api/v1.3", id="sandbox"
        ),
        pytest.param({"environment": "simulator"}, "", id="simulator"),
        pytest.param({"api_url": ""}, "https://business-api.tiktok.com/open_api/v1.3", id="empty"),
        pytest.param({"api_url": "https://p.de"}, "https://p.de/open_api/v1.3", id="host"),
        pytest.param({"api_url": "https://p.de/"}, "https://p.de/open_api/v1.3", id="slash"),
        pytest.param({"api_url": "https://p.de:444"}, "https://p.de:444/open_api/v1.3", id="port"),
        pytest.param({"api_url": "https://p.de/tiktok/"}, "https://p.de/tiktok", id="path"),
        pytest.param({"api_url": "https://p.de/v2"}, "https://p.de/v2", id="other version"),
        pytest.param({"api_url": "HTTPS://p.de"}, "https://p.de/open_api/v1.3", id="capitals"),
        pytest.param(
            {"api_url": "http://localhost:8080"}, "http://localhost:8080/open_api/v1.3", id="name"
        ),
        pytest.param(
            {"api_url": "http://127.8.9.1:1/x"}, "http://127.8.9.1:1/x", id="loopback address"
        ),
        pytest.param({"api_url": "http://[::1]:1"}, "http://[::1]:1/open_api/v1.3", id="IPv6"),
        pytest.param(
            {"environment": "simulator", "api_url": "http://127.0.0.1:9"},
            "http://127.0.0.1:9/open_api/v1.3",
            id="a simulator that runs already",
        ),
    ],
)
def test_base_url(changes: dict[str, t.Any], expected: str) -> None:
    """The base URL is the environment's or the one given, with a version and no last slash."""
    assert checked(**changes).base_url == expected


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
def test_tier(changes: dict[str, t.Any], expected: int) -> None:
    """Requests per second are the app level's, the sandbox's, or those of the simulator."""
    assert checked(**changes).tier.per_second == expected


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"environment": "simulator"}, id="simulator"),
        pytest.param({"environment": "simulator", "simulator": {"seed": 1}}, id="with options"),
    ],
)
def test_the_simulator_needs_neither_token_nor_ids(changes: dict[str, t.Any]) -> None:
    """The embedded API can be used by who has no account."""
    chosen = checked(access_token=None, advertiser_ids=None, **changes)
    assert chosen.simulated
    assert chosen.access_token == ""
    assert chosen.advertiser_ids == ()


def test_an_app_pair_stands_in_for_ids() -> None:
    """With app_id and app_secret, no advertiser need be named: they are looked up."""
    assert checked(advertiser_ids=None, app_id="1", app_secret=SECRET).advertiser_ids == ()


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
            id="not beyond today",
        ),
    ],
)
def test_days_are_those_of_the_advertiser(
    changes: dict[str, t.Any], zone: str, expected: tuple[str, str]
) -> None:
    """First and last day follow the account's clock, and the last is today at the latest."""
    now = pendulum.datetime(2026, 5, 16, 20, tz="UTC").in_timezone(zone)
    first, last = checked(**changes).days(now)
    assert (first.isoformat(), last.isoformat()) == expected


def test_names_of_the_sdk_are_accepted() -> None:
    """A setting of the SDK that the caller knows of is no unknown one."""
    config = GOOD | {"stream_maps": {}}
    assert validate(config, KNOWN | {"stream_maps"}).access_token == TOKEN
    with pytest.raises(ConfigError, match="stream_maps"):
        validate(config, KNOWN)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("max_retries", " 3 ", 3, id="integer"),
        pytest.param("lookback_days", "7", 7, id="integer where text is allowed"),
        pytest.param("lookback_days", "auto", "auto", id="text where an integer is allowed"),
        pytest.param("track_deleted", "Yes", True, id="true"),
        pytest.param("track_deleted", "", False, id="false"),
        pytest.param("simulator", '{"seed": 1}', {"seed": 1}, id="object"),
        pytest.param("advertiser_ids", '["1"]', ["1"], id="JSON list"),
        pytest.param("advertiser_ids", "1,2", "1,2", id="commas"),
        pytest.param("access_token", " t ", "t", id="text"),
        pytest.param("check_totals", "true", "true", id="removed setting"),
    ],
)
def test_environment_variables(name: str, text: str, expected: t.Any) -> None:
    """A variable becomes a value of the type of its setting, and no other setting appears."""
    environment = {ENVIRONMENT_PREFIX + name.upper(): text, "PATH": "/bin"}
    assert read_environment(environment) == {name: expected}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("max_retries", "seven", "integer"),
        ("track_deleted", "maybe", "boolean"),
        ("simulator", "{", "object"),
        ("advertiser_ids", "[1", "array"),
    ],
)
def test_environment_variables_of_a_wrong_type(name: str, text: str, kind: str) -> None:
    """The message names the variable and the type, and does not quote the value."""
    variable = ENVIRONMENT_PREFIX + name.upper()
    with pytest.raises(ConfigError) as caught:
        read_environment({variable: text})
    assert str(caught.value) == f"Environment variable {variable} cannot be read as {kind}."


def test_all_settings_that_cannot_be_used_are_named() -> None:
    """One error names every setting whose name or value is wrong, and then every wrong date."""
    with pytest.raises(ConfigError, match=r"'max_retires'.*'ignore'.*'max_retries' must be"):
        validate({"max_retires": 1, "max_retries": "x", "on_error": "ignore"}, KNOWN)
    with pytest.raises(ConfigError, match=r"'api_url' is not a base URL.*'end_date'"):
        validate({"api_url": "x", "end_date": "x", "access_token": "a"}, KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
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
