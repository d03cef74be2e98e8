"""Commands of curl as requests of custom streams."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.config.curl_commands import parse_curl, sends_cookies

URL = "https://business-api.tiktok.com/open_api/v1.3/pixel/list/"
SECRET = "act-0123456789"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(f"'{URL}?a=b'", {"url": f"{URL}?a=b"}, id="URL"),
        pytest.param(
            f"--location --request GET '{URL}' \\\n--header 'Access-Token: {SECRET}' \\\n"
            "--header 'X-Source: tap'",
            {"url": URL, "method": "GET", "headers": {"X-Source": "tap"}},
            id="export of Postman",
        ),
        pytest.param(
            f"--get -H 'Access-Token:{SECRET}' --data-urlencode 'advertiser_id=7' "
            f"--data-urlencode 'metrics=[\"a&b\"]' -d page_size=20 {URL}",
            {
                "url": URL,
                "method": "GET",
                "params": {"page_size": 20, "advertiser_id": 7, "metrics": ["a&b"]},
            },
            id="parameters as data",
        ),
        pytest.param(
            f"-X GET {URL} -d '{{\"advertiser_id\": 7}}'",
            {"url": URL, "method": "GET", "params": {"advertiser_id": 7}},
            id="GET with JSON",
        ),
        pytest.param(
            f"-sSL -XPOST {URL} -H'Content-Type: application/json' --data-raw '{{\"a\": [1]}}'",
            {"url": URL, "method": "POST", "body": {"a": [1]}},
            id="POST with JSON",
        ),
        pytest.param(
            f"--url {URL} --json '{{\"a\": 1}}' --compressed -o file",
            {"url": URL, "method": "POST", "body": {"a": 1}},
            id="POST without a method",
        ),
        pytest.param(
            f"{URL} -b 'sid={SECRET},X-A: {SECRET}' -H 'cookie: b={SECRET},X-B:1' -c jar",
            {"url": URL},
            id="cookies",
        ),
    ],
)
def test_command_becomes_an_entry(arguments: str, expected: dict[str, t.Any]) -> None:
    """A command has the URL, method, parameters, own headers and body of an entry."""
    assert parse_curl(f"curl {arguments}") == expected


def test_command_of_windows_is_read() -> None:
    """A command for Windows has curl.exe, and carets or backticks for continued lines."""
    post = {"url": f"{URL}?a=%22", "method": "POST", "body": {"a": '"&'}}
    data = r'^"^{^\^"a^\^":^\^"^\^\^\^"^&^\^"^}^"'
    for command, expected in {
        f'curl.exe -X GET ^\r\n "{URL}"': {"url": URL, "method": "GET"},
        f"CURL.EXE `\n '{URL}?a=^b'": {"url": f"{URL}?a=^b"},
        f'curl ^"{URL}?a=^%^22^" ^\n  --data-raw {data}': post,
    }.items():
        assert parse_curl(command) == expected
    assert sends_cookies(f"curl.exe {URL} -b a=b")
    assert not sends_cookies(f"curl {URL}")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"wget {URL}", "must start with 'curl'"),
        ("", "must start with 'curl'"),
        ("curl -s", "must contain one URL, got 0"),
        (f"curl {URL} {URL}", "must contain one URL, got 2"),
        (f"curl {URL} -u me:{SECRET}", "option -u of curl is not supported. Remove it"),
        (f"curl {URL} --proxy={SECRET}", "option --proxy of curl is not supported"),
        (f"curl {URL} -H 'Access-Token: {SECRET}", "cannot be read: No closing quotation"),
        (f"curl {URL} -H", "cannot be read: argument -H/--header: expected one argument"),
        (f"curl {URL} -H '{SECRET}'", "headers must be an object, or text such as"),
        (f"curl {URL} -d @{SECRET}.json", "the data of the curl command is in a file"),
        (f"curl {URL} -d a={SECRET}", "the text in 'body' is not JSON"),
    ],
)
def test_errors_of_commands_quote_no_value(command: str, message: str) -> None:
    """A command that cannot be used is an error without the values of the command."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is checked next
        parse_curl(command)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)
