"""`sample` as the test of an endpoint: options define a custom stream, which can be saved."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import typing as t

import pytest
from conftest import command, config_for, run
from edge_server import envelope, serving
from hypothesis import given
from hypothesis import strategies as st
from test_cli import assert_one_error, written
from test_commands import CAMPAIGNS, FINDING, PLACES, Caller

from tap_tiktok_ads.cli.sample_definition import Definition
from tap_tiktok_ads.cli.sample_hints import hints_for_saved, id_column
from tap_tiktok_ads.config.json_editing import append_item
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

PIXELS = ("sample", "--url", "/pixel/list/")
URL = "https://business-api.tiktok.com/open_api/v1.3"


@pytest.fixture
def call(sim: Simulator, tmp_path: Path) -> Caller:
    """Runs subcommands on the default simulator."""
    return Caller(sim, tmp_path)


# Endpoints


def test_endpoint_is_tested_without_a_definition(call: Caller) -> None:
    """--url, --param and --advertiser test an endpoint, whose records are found."""
    advertiser = call.ids[1]
    result = call(
        *PIXELS, "--param", "page_size=20", "--advertiser", advertiser, "--format", "jsonl"
    )
    assert result.returncode == 0, result.stderr
    (request,) = [request for request in call.sim.requests if request.path == "/pixel/list/"]
    assert request.params == {"advertiser_id": advertiser, "page_size": "20"}
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["advertiser_id"] for record in records] == [advertiser] * len(records)
    assert records[0]["pixel_id"]
    assert "  1. $.data.pixels[*] (" in result.stderr
    assert ") <- records_path\n" in result.stderr


def test_pasted_url_names_its_advertiser(call: Caller) -> None:
    """The literal advertiser of a URL is the one that is sampled, and only this one."""
    advertiser = call.ids[1]
    url = f"{URL}/campaign/get/?advertiser_id={advertiser}&page=1&page_size=20"
    result = call("sample", "--url", url, "--format", "json", advertiser_ids=call.ids[:1])
    assert result.returncode == 0, result.stderr
    assert {record["advertiser_id"] for record in json.loads(result.stdout)} == {advertiser}
    assert f"Reading advertiser {advertiser}, which the request names." in result.stderr
    other = call("sample", "--url", url, "--format", "json", "--advertiser", call.ids[0])
    assert {record["advertiser_id"] for record in json.loads(other.stdout)} == {call.ids[0]}
    assert "which the request names" not in other.stderr


def test_path_picks_a_suggestion(call: Caller) -> None:
    """--path takes the records from the suggested path of this number, of any custom stream."""
    result = call(*PIXELS, "--path", "2", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert "event_id" in json.loads(result.stdout)[0]
    assert "  2. $.data.pixels[*].events[*] (" in result.stderr
    wrong = {**CAMPAIGNS, "records_path": "$.data.none[*]"}
    result = call("sample", "my_campaigns", "--path", "1", custom_streams=[wrong])
    assert result.returncode == 0, result.stderr
    assert call.paths.count("/campaign/get/") == 1
    result = call(*PIXELS, "--path", "9")
    assert result.returncode == 1
    assert "--path must be between 1 and 3, got 9." in result.stderr
    assert_one_error(call("sample", "pixels", "--path", "1"), "applies to custom streams only")


def test_records_path_option_is_used(call: Caller) -> None:
    """--records-path is the path of the records, and a wrong one is an error with suggestions."""
    result = call(*PIXELS, "--records-path", "$.data.pixels[*].events[*]", "--format", "json")
    assert "event_id" in json.loads(result.stdout)[0]
    result = call(*PIXELS, "--records-path", "$.data.x[*]")
    assert result.returncode == 1
    assert "\n  1. $.data.pixels[*] (" in result.stdout
    assert "records_path $.data.x[*] of custom stream 'pixel_list' matches nothing" in result.stderr


def test_single_object_is_a_record(call: Caller) -> None:
    """If the response is one object, it is the record."""
    account = {"advertiser_id": "7", "name": "Shop", "timezone": "UTC", "currency": "USD"}
    data = {"/advertiser/info/": {"list": [account]}, "/balance/get/": {"balance": 5}}
    with serving(lambda request: envelope(data[request.path])) as (url, _):
        settings: dict[str, t.Any] = {"api_url": url, "advertiser_ids": ["7"]}
        result = call("sample", "--url", "/balance/get/", "--format", "json", **settings)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [{"advertiser_id": "7", "balance": 5}]


def test_post_and_headers_of_an_endpoint(call: Caller) -> None:
    """--body makes the request a POST, and --header adds headers."""
    body = {key: value for key, value in PLACES["body"].items() if key != "advertiser_id"}  # type: ignore[attr-defined]
    result = call(
        *("sample", "--url", "/tool/targeting/search/", "--header", "X-Source: tap"),
        *("--body", json.dumps(body), "--header", "Cookie: session-0123"),
    )
    assert result.returncode == 0, result.stderr
    assert "\n  X-Source: tap\n" in result.stdout
    assert "\n  Cookie: ***\n" in result.stdout
    (request,) = [entry for entry in call.sim.requests if "targeting" in entry.path]
    assert request.params == {**body, "advertiser_id": call.ids[0]}


def test_endpoint_of_no_advertiser_is_read_once(call: Caller) -> None:
    """--once sends the request without an advertiser."""
    result = call("sample", "--url", "/bc/get/", "--once", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert call.paths == ["/bc/get/"]
    assert "advertiser_id" not in json.loads(result.stdout)[0]


def test_curl_command_is_tested(call: Caller) -> None:
    """--curl tests the request of a curl command, with the access token of the settings."""
    curl = (
        f"curl -sL '{URL}/campaign/get/?advertiser_id={call.ids[1]}' \\\n"
        " -H 'Access-Token: act-0123456789'"
    )
    result = call("sample", "--curl", curl, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert {record["advertiser_id"] for record in json.loads(result.stdout)} == {call.ids[1]}
    assert "act-0123456789" not in result.stdout + result.stderr
    config = written(call.folder, "config.json", config_for(call.sim))
    piped = subprocess.run(
        [sys.executable, "-m", "tap_tiktok_ads", *("sample", "--curl", "-", "--config", config)],
        input=curl,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Records: " in piped.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "/a/get/", "--curl", "curl /a/get/"], "--url and --curl exclude each other."),
        (["--method", "post"], "The options of an endpoint need --url or --curl."),
        (["pixels", "--save", "x.json"], "The options of an endpoint need --url or --curl."),
        (["--url", "/a/get/", "--path", "1", "--records-path", "$.a"], "exclude each other."),
    ],
)
def test_options_that_contradict_are_usage_errors(arguments: list[str], message: str) -> None:
    """Options that exclude each other are usage errors before any request."""
    result = command("sample", *arguments)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "/a/get/", "--param", "page"], "--param must be NAME=VALUE"),
        (["--url", "/ad/update/", "--method", "post"], "The tap only reads data"),
        (["--url", "/a/get/?access_token=act-1"], "contains a parameter 'access_token'"),
        (["--url", "/a/get/", "--header", "Access-Token: act-1"], "the tap sets header"),
        (["--curl", "curl -u me:act-1 /a/get/"], "option -u of curl is not supported"),
        (["campaigns", "--url", "/a/get/"], "another stream has this name"),
    ],
)
def test_endpoints_that_cannot_be_tested(call: Caller, arguments: list[str], message: str) -> None:
    """A wrong option is one error before any request, and quotes no secret."""
    result = call("sample", *arguments)
    assert_one_error(result, message)
    assert "act-1" not in result.stderr
    assert call.paths == []


# Other streams


def test_wrong_definition_does_not_stop_another_sample(call: Caller) -> None:
    """A wrong custom stream or report stops neither the sample of another nor of a built-in one."""
    wrong = {"name": "wrong", "url": "nowhere"}
    report = {"name": "wrong_report", "data_level": "NONE", "dimensions": []}
    settings: dict[str, t.Any] = {
        "custom_streams": [wrong, CAMPAIGNS, 5],
        "custom_reports": [report],
        "report_metrics": {"wrong_report": ["spend"]},
    }
    for name in ("my_campaigns", "pixels"):
        assert call("sample", name, **settings).returncode == 0
    assert_one_error(call("sample", "wrong", **settings), "must be a full URL, or a path")
    assert_one_error(call("sample", "wrongg", **settings), "did you mean 'wrong'?")


def test_source_of_a_lookup_is_kept(call: Caller) -> None:
    """The sample of a custom stream keeps the custom stream that it looks up."""
    dependent = {
        "name": "my_ads",
        "url": "/ad/get/",
        "for_each": {"stream": "my_campaigns.campaign_id"},
        "params": {
            "advertiser_id": "{advertiser_id}",
            "filtering": {"campaign_ids": ["{my_campaigns.campaign_id}"]},
        },
    }
    result = call("sample", "my_ads", custom_streams=[CAMPAIGNS, dependent])
    assert result.returncode == 0, result.stderr
    assert call.paths == [*FINDING, "/campaign/get/", "/ad/get/"]


def test_advertiser_limits_a_built_in_stream(call: Caller) -> None:
    """--advertiser replaces the advertisers of the settings, of built-in streams, too."""
    arguments = ("sample", "campaigns", "--advertiser", call.ids[1], "--format", "json")
    result = call(*arguments, exclude_advertiser_ids=[call.ids[1]], shard="2/2")
    assert {record["advertiser_id"] for record in json.loads(result.stdout)} == {call.ids[1]}


def test_sample_without_a_name_lists_the_streams(call: Caller) -> None:
    """Without a stream, `sample` lists all of them with their description, and sends nothing."""
    result = call("sample", custom_streams=[CAMPAIGNS])
    assert result.returncode == 0
    heading, *listed = [line.split("\t")[0] for line in result.stdout.splitlines()]
    assert heading == "stream"
    assert sorted(listed) == sorted([*(entry.name for entry in STREAMS), "my_campaigns"])
    assert call.paths == []


# --save


def test_saved_stream_is_read(call: Caller) -> None:
    """--save adds the tested stream to a file, and a run reads it."""
    file = call.folder / "own.json"
    text = '{\r\n\t"start_date":   "{now-7}",\r\n\t"custom_streams": []\r\n}\r\n'
    file.write_bytes(text.encode())
    file.chmod(0o640)
    result = call("sample", "my_pixels", "--url", "/pixel/list/?page_size=20", "--save", str(file))
    assert result.returncode == 0, result.stderr
    assert f"\nSaved custom stream 'my_pixels' in {file}.\n" in result.stdout
    saved = file.read_bytes().decode()
    assert saved.startswith(text.partition("[]")[0] + '[\r\n\t\t{\r\n\t\t\t"name": "my_pixels",')
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    (entry,) = json.loads(saved)["custom_streams"]
    assert entry == {
        "name": "my_pixels",
        "url": "/pixel/list/",
        "params": {"advertiser_id": "{advertiser_id}", "page_size": 20},
        "records_path": "$.data.pixels[*]",
    }
    records = run(config_for(call.sim, custom_streams=[entry]), ["my_pixels"]).records
    assert {record["advertiser_id"] for record in records["my_pixels"]} == set(call.ids)
    again = call("sample", "my_pixels", "--url", "/pixel/list/", "--save", str(file))
    assert_one_error(again, "already defines the stream 'my_pixels'")
    assert file.read_bytes().decode() == saved


def test_equal_requests_are_saved_alike(call: Caller) -> None:
    """A URL, a parameter and a curl command save one entry, without the default method."""
    file = call.folder / "own.json"
    for name, *request in (
        ("by_url", "--url", "/pixel/list/?page_size=20"),
        ("by_param", "--url", "/pixel/list/", "--param", "page_size=20", "--method", "get"),
        ("by_curl", "--curl", "curl -X GET '/pixel/list/?page_size=20' -b sid=act-0123456789"),
    ):
        result = call("sample", name, *request, "--save", str(file))
        assert result.returncode == 0, result.stderr
        assert ("Left out the cookies" in result.stderr) == (name == "by_curl")
        assert "act-0123456789" not in result.stdout + result.stderr
    entries = json.loads(file.read_text("utf-8"))["custom_streams"]
    assert [entry.pop("name") for entry in entries] == ["by_url", "by_param", "by_curl"]
    assert entries[0] == entries[1] == entries[2]
    assert entries[0]["params"]["page_size"] == 20
    assert "method" not in entries[0]


def test_hints_for_a_saved_stream(call: Caller) -> None:
    """After --save, hints name the missing key and the advertiser that was pasted."""
    advertiser = call.ids[1]
    url = f"{URL}/pixel/list/?advertiser_id={advertiser}"
    result = call("sample", "--url", url, "--save", str(call.folder / "own.json"))
    key, pasted = [line for line in result.stdout.splitlines() if line.startswith("Hint: ")]
    assert key.startswith('Hint: add "primary_keys": ["advertiser_id", "pixel_id"], which identify')
    assert pasted.endswith(f"{{advertiser_id}} replaced {advertiser}.")
    result = call(*PIXELS)
    assert "Hint: " not in result.stdout


@pytest.mark.parametrize(
    ("request_parts", "is_fixed"),
    [
        ({"params": {"start_date": "2026-01-01"}}, True),
        ({"body": {"filtering": {"start": ["2026-01-01 00:00:00"]}}}, True),
        ({"params": {"start_date": "{start_date}", "end_date": "{end_date}"}}, False),
        ({"params": {"since": "{now-7}"}}, False),
    ],
)
def test_hint_for_fixed_dates(request_parts: dict[str, t.Any], *, is_fixed: bool) -> None:
    """A hint says that fixed dates read the same days in every run."""
    entry = {"name": "mine", "url": "/a/get/", "records_path": "$.data.list[*]", **request_parts}
    hints = list(hints_for_saved(Definition(entry, None), []))
    assert any("the same days" in hint for hint in hints) == is_fixed
    assert "add primary_keys, which identify" in hints[0]


def test_hint_for_nested_records(call: Caller) -> None:
    """A hint shows how nested records get the ID of their parent, and its path works."""
    result = call(*PIXELS, "--path", "2")
    (hint,) = [line for line in result.stdout.splitlines() if line.startswith("Hint: ")]
    assert "lack the values of the objects at $.data.pixels[*]" in hint
    paths = json.loads(hint[hint.index("{") : hint.rindex("}") + 1])
    assert paths == {"pixel_id": "$.data.pixels[*].pixel_id"}
    entry = {
        "name": "events",
        "url": "/pixel/list/",
        "params": {"advertiser_id": "{advertiser_id}"},
        "records_path": "$.data.pixels[*].events[*]",
        "metadata_path": paths,
    }
    config = config_for(call.sim, custom_streams=[entry])
    records = run(config, ["events", "pixels"]).records
    expected = [
        (pixel["pixel_id"], event["event_id"])
        for pixel in records["pixels"]
        for event in pixel["events"] or ()
    ]
    assert [(event["pixel_id"], event["event_id"]) for event in records["events"]] == expected
    assert len({pixel for pixel, _ in expected}) > 1
    result = call("sample", "events", custom_streams=[entry])
    assert "Hint: " not in result.stdout


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"store_id": "1", "bc_id": "2"}, {"store_id": "3", "bc_id": "4"}], "store_id"),
        ([{"store_id": "1", "bc_id": "2"}], "store_id"),
        ([{"store_id": "1"}, {"store_id": "1"}], None),
        ([{"a_id": "1", "b_id": "2"}, {"a_id": "3", "b_id": "4"}], None),
        ([{"advertiser_id": "1", "id": 5}, {"advertiser_id": "1", "id": 6}], "id"),
        ([{"id": ""}, {"id": "5"}], None),
        ([{"a_id": "1"}], None),
        ([], None),
    ],
)
def test_obvious_id_column(records: list[dict[str, t.Any]], expected: str | None) -> None:
    """The ID column is the unique one that has the name of the endpoint, or the only unique one."""
    assert id_column(records, "/store/list/") == expected


def test_byte_order_mark_is_kept(call: Caller) -> None:
    """A file with a byte order mark keeps it."""
    file = call.folder / "own.json"
    file.write_bytes(b'\xef\xbb\xbf{"user_agent": "\xc3\xbc"}')
    assert call(*PIXELS, "--save", str(file)).returncode == 0
    assert file.read_bytes().startswith(b'\xef\xbb\xbf{"user_agent": "\xc3\xbc", "custom_streams"')


def test_new_file_is_private_and_links_are_kept(call: Caller) -> None:
    """A new file belongs to its owner only, and a symbolic link stays a link."""
    file, link = call.folder / "new.json", call.folder / "link.json"
    link.symlink_to(file)
    assert call(*PIXELS, "--save", str(link)).returncode == 0
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text("utf-8").startswith('{\n  "custom_streams": [\n    {\n      "name": ')


def test_secrets_are_not_saved(call: Caller) -> None:
    """A request with a secret is not saved, and nothing is sent."""
    file = call.folder / "own.json"
    for param in (f"x={call.sim.access_token}", f"x={call.sim.app_secret}", "secret=abcdefgh"):
        result = call(*PIXELS, "--param", param, "--save", str(file))
        assert_one_error(result, "its request contains a secret")
        assert "abcdefgh" not in result.stderr
    result = call(*PIXELS, "--header", "Authorization: Bearer abcdefgh", "--save", str(file))
    assert_one_error(result, "its request contains a secret")
    assert not file.exists()
    assert call.paths == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"custom_streams": {}}', "setting 'custom_streams' must be a list"),
        ('{"custom_reports": [{"name": "pixel_list"}]}', "already defines the stream"),
    ],
)
def test_files_that_take_no_stream(call: Caller, text: str, message: str) -> None:
    """A file that cannot take the stream is an error before any request, and stays as it is."""
    file = call.folder / "own.json"
    file.write_text(text, "utf-8")
    assert_one_error(call(*PIXELS, "--save", str(file)), message)
    assert file.read_text("utf-8") == text
    assert call.paths == []


def test_stream_without_records_is_not_saved(call: Caller) -> None:
    """Without records, their path is unknown, and saving needs --records-path."""
    call.sim.add_fault("no_records", path="/pixel/list/", times=None)
    file = call.folder / "own.json"
    result = call(*PIXELS, "--save", str(file))
    assert result.returncode == 1
    assert "no response has records, so their path is unknown. Add --records-path." in result.stderr
    assert not file.exists()
    path = ("--records-path", "$.data.pixels[*]")
    assert call(*PIXELS, *path, "--save", str(file)).returncode == 0
    assert json.loads(file.read_text("utf-8"))["custom_streams"][0]["records_path"] == path[1]


def test_unwritable_file_is_an_error(call: Caller) -> None:
    """A file that cannot be written is an error with its reason."""
    result = call(*PIXELS, "--save", str(call.folder / "none" / "own.json"))
    assert result.returncode == 1
    assert "own.json cannot be written: No such file or directory." in result.stderr


# The text of the file

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    document=st.dictionaries(st.text(max_size=3), values, max_size=4),
    items=st.none() | st.lists(values, max_size=3),
    item=values,
    indent=st.sampled_from([None, 0, 2, 4, "\t"]),
    form=st.tuples(st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n", " \n\t"])),
)
def test_append_keeps_the_other_text(
    *,
    document: dict[str, t.Any],
    items: list[t.Any] | None,
    item: t.Any,
    indent: t.Any,
    form: tuple[str, str],
) -> None:
    """The text with an item is JSON with this item, and only adds characters to a list."""
    line_break, around = form
    for content in (document, {**document, "list": items}, {"list": items, **document}):
        text = around + json.dumps(content, indent=indent).replace("\n", line_break) + around
        changed = append_item(text, "list", item)
        present = content.get("list")
        items_before = present if isinstance(present, list) else []
        assert json.loads(changed) == {**content, "list": [*items_before, item]}
        if items_before:
            assert any(
                changed.startswith(text[:end]) and changed.endswith(text[end:])
                for end in range(len(text))
            )
        if indent is None and content:
            assert changed.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", '{\n  "l": [\n    1\n  ]\n}'),
        ('{"a": 1.0}\n', '{"a": 1.0, "l": [1]}\n'),
        ('{\n    "a": [1,2]\n}', '{\n    "a": [1,2],\n    "l": [\n        1\n    ]\n}'),
        ('{\n  "l": [ {"x":1} ]\n}', '{\n  "l": [ {"x":1}, 1 ]\n}'),
        (
            '{\n  "l": [\n    0\n  ],\n  "b": 1e3\n}',
            '{\n  "l": [\n    0,\n    1\n  ],\n  "b": 1e3\n}',
        ),
        ('{"l": 0, "l": null}', '{"l": 0, "l": [1]}'),
    ],
)
def test_append_has_the_form_of_the_text(text: str, expected: str) -> None:
    """The new item is indented as the rest of the text, or written on one line like it."""
    assert append_item(text, "l", 1) == expected
