"""The subcommands of the executable, as processes against a running simulator."""

from __future__ import annotations

import collections
import datetime as dt
import json
import os
import pty
import re
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

import jsonschema
import pytest
from conftest import asks_for_top_view, catalog_of, command, config_for, run
from edge_server import envelope, serving
from test_cli import assert_one_error, written

from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.cli import COMMANDS, doctor
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.streams.steps import StepStream
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

ROOT = Path(__file__).parent.parent
REPORT = "/report/integrated/get/"
#: Requests that find the advertisers when the settings name none.
FINDING = ["/oauth2/advertiser/get/", "/advertiser/info/"]
#: Streams that are read from the responses that find the advertisers.
FOUND_BEFORE = {"advertisers", "authorized_advertisers"}
#: Endpoints of samples besides those of `source_streams`.
FURTHER_SOURCES = {
    "smart_plus_ad_suggestions": {"/smart_plus/ad/get/"},
    "video_performance_report": {"/campaign/get/"},  # TopView campaigns
    "gmv_max_sessions": {"/gmv_max/campaign/get/"},
}
#: The endpoints of lookups, whose IDs other requests need.
SOURCES = {
    *("/adgroup/get/", "/ad/get/", "/pixel/list/", "/app/list/", "/page/get/"),
    *("/bc/get/", "/bc/asset/get/", "/catalog/get/", "/gmv_max/store/list/"),
    "/gmv_max/campaign/get/",
}
#: The endpoints of a stream whose first endpoint only finds IDs.
STEP_PATHS: dict[str, tuple[str, ...]] = {
    "gmv_max_sessions": ("/campaign/gmv_max/session/list/", "/campaign/gmv_max/session/get/")
}
#: The most requests that find the IDs of the first records of a stream.
MAX_STEPS = 3
CAMPAIGNS = {
    "name": "my_campaigns",
    "url": "/campaign/get/",
    "params": {"advertiser_id": "{advertiser_id}"},
    "primary_keys": ["campaign_id"],
    "page_size": 100,
}
PLACES = {
    "name": "places",
    "method": "POST",
    "url": "/tool/targeting/search/",
    "body": {
        "advertiser_id": "{advertiser_id}",
        "search_type": "FUZZY_SEARCH",
        "keywords": ["united"],
        "placements": ["PLACEMENT_TIKTOK"],
        "objective_type": "REACH",
    },
    "pagination": "none",
}


class Caller:
    """Runs subcommands on a simulator, and checks that no output contains a secret."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder

    def __call__(self, *arguments: str, **settings: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a subcommand with the simulator's configuration and these settings."""
        config = written(self.folder, "config.json", config_for(self.sim, **settings))
        result = command(*arguments, "--config", config, cwd=self.folder)
        assert "Traceback" not in result.stderr
        for secret in (self.sim.access_token, self.sim.app_secret):
            assert secret not in result.stdout + result.stderr
        return result

    def json(self, *arguments: str, code: int = 0, **settings: t.Any) -> t.Any:
        """Return the output of a subcommand with --json."""
        result = self(*arguments, "--json", **settings)
        assert result.returncode == code, result.stderr
        return json.loads(result.stdout)

    @property
    def ids(self) -> list[str]:
        """The advertiser IDs of the simulator."""
        return list(self.sim.world.advertiser_ids)

    @property
    def paths(self) -> list[str]:
        """The endpoints of the requests so far."""
        return [request.path for request in self.sim.requests]


@pytest.fixture
def call(sim: Simulator, tmp_path: Path) -> Caller:
    """Runs subcommands on the default simulator."""
    return Caller(sim, tmp_path)


def on_terminal(*arguments: str, inputs: t.Mapping[str, str] = {}, **env: str) -> str:
    """Return the output on a terminal of 100 columns. `inputs` maps prompts to inputs."""
    parent_end, child_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *arguments],
        stdin=child_end,
        stdout=child_end,
        stderr=child_end,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm", **env},
        start_new_session=True,
    ):
        os.close(child_end)
        output, waiting = "", dict(inputs)
        while chunk := _read(parent_end):
            output += chunk
            for prompt in [text for text in waiting if text in output]:
                os.write(parent_end, f"{waiting.pop(prompt)}\n".encode())
    os.close(parent_end)
    return output


def _read(terminal: int) -> str:
    """Return the next output of a terminal, or an empty text after the other end is closed."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # on Linux, the other end is closed
        return ""


# The group


def test_help_lists_commands_and_options() -> None:
    """`--help` shows every subcommand and the options of the tap."""
    result = command("--help")
    assert result.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", result.stdout, re.MULTILINE)
    for option in ("--config", "--discover", "--test", "--catalog", "--state", "--about"):
        assert option in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented(name: str) -> None:
    """The page of commands has every subcommand, and its help has an example."""
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert f"](#tap-tiktok-ads-{name})" in page
    assert f"## `tap-tiktok-ads {name}`" in page
    result = command(name, "--help")
    assert result.returncode == 0
    assert "Usage: tap-tiktok-ads" in result.stdout
    assert result.stdout.count(f"tap-tiktok-ads {name} ") > 1


def test_sync_imports_no_subcommand() -> None:
    """The tap imports neither its subcommands nor rich."""
    code = """
import sys
from tap_tiktok_ads.cli import executable
executable().main(["--discover"], standalone_mode=False)
loaded = [m for m in sys.modules if m.startswith(("rich", "tap_tiktok_ads.cli."))]
print(loaded, file=sys.stderr)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert len(json.loads(result.stdout)["streams"]) == len(STREAMS)
    assert result.stderr.splitlines()[-1] == "['tap_tiktok_ads.cli.select_option']"


def test_unknown_command_is_a_usage_error() -> None:
    """An unknown subcommand is a usage error."""
    result = command("sampel")
    assert result.returncode == 2
    assert "No such command 'sampel'" in result.stderr


def test_tap_options_before_a_command_are_rejected() -> None:
    """Before the name of a subcommand, only --config is accepted."""
    result = command("--state", __file__, "plan")
    assert result.returncode == 2
    assert "--state cannot come before the command. Write it after 'plan'." in result.stderr


def test_later_config_overrides_earlier_config(sim: Simulator, tmp_path: Path) -> None:
    """--config also works before a subcommand's name, and the later file wins."""
    invalid = written(tmp_path, "invalid.json", config_for(sim, access_token="wrong"))
    valid = written(tmp_path, "valid.json", {"access_token": sim.access_token})
    assert command("--config", invalid, "plan", "--config", valid).returncode == 0
    assert_one_error(command("--config", valid, "plan", "--config", invalid), "code 40105")


def test_command_reads_environment_and_dotenv(sim: Simulator, tmp_path: Path) -> None:
    """With --config ENV, subcommands read environment variables and the .env file."""
    settings = config_for(sim)
    token = settings.pop("access_token")
    (tmp_path / ".env").write_text(f"TAP_TIKTOK_ADS_ACCESS_TOKEN={token}\n", "utf-8")
    env = os.environ | {f"TAP_TIKTOK_ADS_{name.upper()}": v for name, v in settings.items()}
    code = "from tap_tiktok_ads.cli import main; main()"
    result = subprocess.run(  # -c: the SDK looks for .env from here, as for the executable
        [sys.executable, "-c", code, "--config", "ENV", "doctor"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "Token: valid." in result.stdout


@pytest.mark.parametrize("arguments", [["sample", "ads"], ["doctor"], ["plan"]])
def test_invalid_settings_stop_each_command(arguments: list[str], tmp_path: Path) -> None:
    """Invalid settings end each subcommand with the error message of the tap."""
    config = written(tmp_path, "config.json", {"access_token": "x", "start_dat": "2026-01-01"})
    result = command(*arguments, "--config", config)
    assert_one_error(result, "Unknown setting 'start_dat': did you mean 'start_date'?")


@pytest.mark.parametrize("arguments", [["sample", "ads"], ["doctor"], ["plan"]])
def test_invalid_token_stops_each_command(call: Caller, arguments: list[str]) -> None:
    """An invalid token ends each subcommand with one sentence and exit code 1."""
    assert_one_error(call(*arguments, access_token="wrong"), "code 40105")


# sample


def test_sample_prints_records_as_json_lines(call: Caller) -> None:
    """`sample` prints the tap's records on stdout, and masked request details on stderr."""
    result = call("sample", "campaigns", "--limit", "2", "--format", "jsonl")
    assert result.returncode == 0, result.stderr
    assert call.paths == [*FINDING, "/campaign/get/"]
    advertiser, total = call.sim.world.advertiser_ids[0], call.sim.world.options.campaigns
    records = run(config_for(call.sim), ["campaigns"]).records["campaigns"]
    assert [json.loads(line) for line in result.stdout.splitlines()] == records[:2]
    assert (
        f"GET {call.sim.url}/campaign/get/?advertiser_id={advertiser}&page=1&page_size=1000"
        '&filtering={"primary_status":"STATUS_ALL",'
        '"campaign_system_origins":["TT_ADS_PLATFORM","PROMOTE"]}\n'
        "  Access-Token: ***\n"
        "  Accept: application/json\n"
        "  User-Agent: tap-tiktok-ads/"
    ) in result.stderr
    info = f'{{"page":1,"page_size":1000,"total_number":{total},"total_page":1}}'
    assert re.search(
        rf"^HTTP 200 in \d\.\d\d s, request_id \w+, page_info {re.escape(info)}$",
        result.stderr,
        re.MULTILINE,
    )
    assert f"Records: 2 of the {total} received.\n" in result.stderr
    assert f"\n  1. $.data.list[*] ({total}: advertiser_id, campaign_id, " in result.stderr


def test_sample_prints_a_json_array(call: Caller) -> None:
    """--format json prints one array, of five records by default."""
    result = call("sample", "ad_performance_report", "--format", "json")
    records = json.loads(result.stdout)
    assert len(records) == 5
    assert isinstance(records[0]["spend"], float)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", records[0]["stat_time_day"])


def test_sample_prints_complete_tab_separated_values(call: Caller) -> None:
    """In a pipe, a table has a line for each field, with tabs between complete values."""
    result = call("sample", "pixels", "--limit", "2")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    header, *table = [line.split("\t") for line in lines if "\t" in line]
    record, other = run(config_for(call.sim), ["pixels"]).records["pixels"][:2]
    assert header == ["field", "1", "2"]
    values = {name: texts for name, *texts in table}
    assert list(values) == list(record)
    assert values["pixel_name"] == [record["pixel_name"], other["pixel_name"]]
    assert json.loads(values["events"][0]) == record["events"]
    assert lines[-3].startswith("  1. $.data.pixels[*] (")


@pytest.mark.parametrize(
    "name", [stream.name for stream in STREAMS if stream.name != "sync_errors"]
)
def test_sample_stops_at_the_first_page_with_records(sim: Simulator, name: str) -> None:
    """A sample of a stream ends at the first response with records.

    A stream that needs IDs of another stream reads each page of that stream once. Only the check of
    a task is repeated.
    """
    tap = TapTikTokAds(config=config_for(sim), allow_requests=False, setup_mapper=False)
    stream = t.cast("t.Any", tap.streams[name])
    assert tap.run_context.advertisers
    discovery_count = len(sim.requests)
    records = stream.cast_sample(stream.sample(5, tap.run_context.client.send))
    validator = jsonschema.Draft7Validator({**stream.schema, "additionalProperties": True})
    assert records
    for record in records:
        validator.validate(record)
    requests = list(sim.requests)[discovery_count:]
    own_paths = STEP_PATHS.get(name, ()) or getattr(stream, "task_paths", ()) or (stream.path,)
    assert repeated(requests) <= {*own_paths[1:]}
    paths = [request.path for request in requests]
    if name in FOUND_BEFORE:
        assert paths == []
        return
    streams = t.cast("dict[str, t.Any]", tap.streams)
    assert paths[-1] == own_paths[-1]
    steps = MAX_STEPS if isinstance(stream, StepStream) else 0
    assert paths.count(own_paths[-1]) <= len(own_paths[:2]) + steps  # the first file can be empty
    sources = FURTHER_SOURCES.get(name, set()) | source_paths(streams, name)
    assert {*paths} == sources | {*own_paths}


def source_paths(streams: dict[str, t.Any], name: str) -> set[str]:
    """Return the endpoints of the streams that a stream reads, and of those that they read."""
    sources = streams[name].source_streams()
    return {streams[source].path for source in sources}.union(
        *(source_paths(streams, source) for source in sources)
    )


def repeated(requests: t.Sequence[t.Any]) -> set[str]:
    """Return the paths of requests that were sent several times."""
    counts = collections.Counter((request.path, str(request.params)) for request in requests)
    return {path for (path, _), count in counts.items() if count > 1}


def test_sample_requests_the_newest_days_first(call: Caller) -> None:
    """`sample` requests the newest days of a report first, and alternates between advertisers."""
    call.sim.add_fault("no_records", path=REPORT, times=2)
    result = call("sample", "campaign_performance_report", "--format", "jsonl")
    params = [request.params for request in call.sim.requests if request.path == REPORT]
    days = [call.sim.world.today(id_) for id_ in call.sim.world.advertiser_ids]
    assert [query["end_date"] for query in params[:2]] == [day.isoformat() for day in days]
    assert params[2]["advertiser_id"] == params[0]["advertiser_id"] != params[1]["advertiser_id"]
    assert params[2]["end_date"] < params[0]["start_date"]
    assert len(params) == 3
    assert len(result.stdout.splitlines()) == 5


def test_sample_gives_up_after_five_empty_responses(call: Caller) -> None:
    """`sample` sends at most five requests while responses are empty, and then exits with 0."""
    call.sim.add_fault("no_records", path=REPORT, times=None)
    result = call("sample", "ad_performance_report", start_date="{now-300}")
    assert result.returncode == 0
    assert "Records: 0 of the 0 received.\nRecord paths: none.\n" in result.stdout
    assert call.paths.count(REPORT) == 5


def test_sample_suggests_the_closest_stream(call: Caller) -> None:
    """An unknown stream is an error before the first request, with the closest name."""
    assert_one_error(
        call("sample", "campaing"), "Unknown stream 'campaing': did you mean 'campaigns'"
    )
    assert call.paths == []


def test_sample_prints_a_rejected_request(call: Caller) -> None:
    """`sample` prints a rejected request before the error, and masks secrets in both."""
    echo = f"No {call.sim.access_token} and {call.sim.app_secret}"
    call.sim.add_fault("code", path="/campaign/get/", code=40002, message=echo, times=None)
    result = call("sample", "campaigns")
    assert result.returncode == 1
    assert f"GET {call.sim.url}/campaign/get/?advertiser_id=" in result.stdout
    assert "code 40002: No *** and ***" in result.stderr
    assert (
        call.paths.count("/campaign/get/") == 2
    )  # the second request is without Promote campaigns


def test_sample_skips_advertisers_without_permission(call: Caller) -> None:
    """`sample` skips an advertiser without permission, and fails if no advertiser grants it."""
    call.sim.add_fault("code", path="/pixel/list/", code=40001)
    assert call("sample", "pixels").returncode == 0
    assert call.paths.count("/pixel/list/") == 2
    call.sim.add_fault("code", path="/pixel/list/", code=40001, times=None)
    result = call("sample", "pixels")
    assert result.returncode == 1
    assert "code 40001" in result.stderr


def test_sample_infers_only_the_sampled_custom_stream(call: Caller) -> None:
    """`sample` infers the schema from the sampled page, and requests no other custom stream."""
    unused = {**PLACES, "name": "unused"}
    result = call("sample", "my_campaigns", "--format", "jsonl", custom_streams=[CAMPAIGNS, unused])
    assert call.paths == [*FINDING, "/campaign/get/"]
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(record["create_time"].endswith("Z") for record in records)
    assert all(record["advertiser_id"] for record in records)


def test_sample_prints_the_body_of_a_post(call: Caller) -> None:
    """`sample` prints the body of a POST request with its macros replaced."""
    result = call("sample", "places", custom_streams=[PLACES], advertiser_ids=call.ids)
    assert f"POST {call.sim.url}/tool/targeting/search/\n" in result.stdout
    body = {**t.cast("dict[str, t.Any]", PLACES["body"]), "advertiser_id": call.ids[0]}
    assert f"\n  {json.dumps(body, separators=(',', ':'))}\n" in result.stdout
    assert "  Content-Type: application/json\n" in result.stdout


def test_sample_suggests_records_paths(call: Caller) -> None:
    """If `records_path` matches nothing, `sample` prints request, body and suggested paths."""
    wrong = {**CAMPAIGNS, "records_path": "$.data.campaigns[*]"}
    result = call("sample", "my_campaigns", "--raw", custom_streams=[wrong])
    assert result.returncode == 1
    assert json.loads(result.stdout)["data"]["list"]
    assert f"GET {call.sim.url}/campaign/get/?" in result.stderr
    assert "\n  1. $.data.list[*] (" in result.stderr
    assert "records_path $.data.campaigns[*] of custom stream 'my_campaigns'" in result.stderr


@pytest.mark.parametrize("sim", [{"campaigns": 8}], indirect=True)
def test_sample_limits_lookups(call: Caller) -> None:
    """A lookup reads only as many values as a sample uses."""
    ads = {
        "name": "my_ads",
        "url": "/ad/get/",
        "lookups": {
            "campaign": {
                "stream": "campaigns.campaign_id",
                "where": {"campaign_system_origin": None},
            }
        },
        "params": {
            "advertiser_id": "{advertiser_id}",
            "filtering": {"campaign_ids": ["{campaign.campaign_id}"]},
        },
    }
    result = call("sample", "my_ads", custom_streams=[ads])
    assert result.returncode == 0, result.stderr
    assert call.paths == [*FINDING, "/campaign/get/", "/ad/get/"]


@pytest.mark.parametrize("arguments", [["sample", "my_campaigns"], ["--discover"]])
def test_empty_lookup_logs_a_warning(call: Caller, arguments: list[str]) -> None:
    """A lookup without values logs a warning, and no request is sent."""
    lookup = {"stream": "campaigns.campaign_id", "where": {"campaign_name": "none such"}}
    params = {"advertiser_id": "{advertiser_id}", "x": "{campaign.campaign_id}"}
    entry = {**CAMPAIGNS, "url": "/ad/get/", "lookups": {"campaign": lookup}, "params": params}
    result = call(*arguments, custom_streams=[entry])
    assert result.returncode == 0, result.stderr
    assert "lookup 'campaign' has no values" in result.stderr
    assert "/ad/get/" not in call.paths


def test_sample_raw_prints_the_response_body(call: Caller) -> None:
    """--raw prints the unchanged response body, and nothing else on stdout."""
    result = call("sample", "campaigns", "--raw")
    body = json.loads(result.stdout)
    assert body["code"] == 0
    assert body["request_id"] in result.stderr
    assert re.search(r'"create_time":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"', result.stdout)


def test_sample_masks_secrets_in_requests(call: Caller) -> None:
    """`sample` masks secrets in the headers and the body of a request."""
    entry = {
        **CAMPAIGNS,
        "headers": {"X-Copy": call.sim.access_token},
        "body": {"advertiser_id": "{advertiser_id}", "secret": call.sim.app_secret},
        "method": "POST",
    }
    result = call("sample", "my_campaigns", custom_streams=[entry])
    assert '"secret":"***"' in result.stdout
    assert "X-Copy: ***" in result.stdout


def test_inferred_schema_file_fits_the_stream(call: Caller) -> None:
    """The file of --infer-schema fits the records, and works as the setting `schema`."""
    file = call.folder / "schema.json"
    call("sample", "my_campaigns", "--infer-schema", str(file), custom_streams=[CAMPAIGNS])
    inferred = json.loads(file.read_text("utf-8"))
    assert inferred["properties"]["campaign_id"]["type"] == ["string", "null"]
    entry = {**CAMPAIGNS, "schema": str(file)}
    messages = run(config_for(call.sim, custom_streams=[entry]), ["my_campaigns"])
    assert messages.records["my_campaigns"]
    for record in messages.records["my_campaigns"]:
        jsonschema.validate(record, inferred)


def test_schema_file_errors(call: Caller) -> None:
    """An unwritable schema file, or a sample without records to infer from, is an error."""
    result = call("sample", "pixels", "--infer-schema", str(call.folder / "none" / "s.json"))
    assert result.returncode == 1
    assert "s.json cannot be written: No such file or directory." in result.stderr
    call.sim.add_fault("no_records", path="/pixel/list/", times=None)
    result = call("sample", "pixels", "--infer-schema", str(call.folder / "s.json"))
    assert result.returncode == 1
    assert "Cannot infer a schema of /pixel/list/" in result.stderr


def test_terminal_tables_fit_the_width(sim: Simulator, tmp_path: Path) -> None:
    """On a terminal, records are shown side by side in its width, and other tables are drawn."""
    config = written(tmp_path, "c.json", config_for(sim))
    output = on_terminal("sample", "campaigns", "--config", config)
    table = output[output.index("field") :]
    ids = re.search(r"\x1b\[1;36mcampaign_id[^\n]*", table)
    assert ids is not None
    assert len(re.findall(r"\b\d{19}\b", ids[0])) == 3
    plain_lines = re.sub(r"\x1b\[[0-9;]*m", "", table).partition("Empty in")[0].splitlines()
    assert all(len(line) <= 100 for line in plain_lines)
    assert "Empty in these records: " in table
    assert "Record(s) that do not fit: 2. Use --format json." in table
    plain = on_terminal("plan", "--config", config, NO_COLOR="1")
    assert re.search(r"│ campaigns +│", plain)
    assert not re.search(r"\x1b\[[0-9;]*3\d", plain)


# doctor


def every_stream() -> list[str]:
    """Return the options of doctor that check every stream and advertiser."""
    options = ["--all"]
    for entry in STREAMS:
        if entry.name != "sync_errors":
            options += ["--stream", entry.name]
    return options


def cells_of(document: t.Any) -> dict[tuple[str, str], str]:
    """Return the results of doctor, by stream and advertiser."""
    return {
        (stream, owner): f"{cell['result']} ({cell['code']})" if cell["code"] else cell["result"]
        for stream, owners in document["streams"].items()
        for owner, cell in owners.items()
    }


def problem_rows(result: str) -> list[list[str]]:
    """Return the rows of the table of streams that cannot be read."""
    lines = [line.split("\t") for line in result.splitlines()]
    starts = [number for number, line in enumerate(lines) if line[0] == "stream"]
    return [line for line in lines[starts[0] + 1 :] if len(line) > 1] if starts else []


def test_doctor_checks_each_stream_once(call: Caller) -> None:
    """With all permissions, every cell is ok and no request is sent twice.

    A stream without advertisers has one cell. Lookups use full pages.
    """
    document = call.json("doctor", *every_stream())
    requests = list(call.sim.requests)
    result = call("doctor", *every_stream())
    assert result.returncode == 0, result.stdout + result.stderr
    assert problem_rows(result.stdout) == []
    count = len(STREAMS) - 1  # without sync_errors
    assert f"Readable: {count} of {count} stream(s), for 2 of 2 advertiser(s)." in result.stdout
    assert "Token: valid.\nApp: valid, 2 advertiser(s) authorized it.\n" in result.stdout
    assert re.search(r"^Clock: \+\d s\.$", result.stdout, re.MULTILINE)
    records = run(config_for(call.sim), ["advertisers"]).records["advertisers"]
    for record in records:
        facts = [
            record[name]
            for name in ("advertiser_id", "name", "status", "role", "timezone", "currency")
        ]
        assert "\t".join([*facts, "true"]) in result.stdout.splitlines()
    cells = cells_of(document)
    every = {
        (stream.name, id_)
        for stream in STREAMS
        if stream.name != "sync_errors"
        for id_ in (
            call.ids
            if stream.stream_class.per_advertiser and stream.name != "advertisers"
            else ["all"]
        )
    }
    assert set(cells) == every
    assert set(cells.values()) <= {"ok", "empty?"}  # a day that has just begun may have no data
    counts = collections.Counter((request.path, str(request.params)) for request in requests)
    assert set(counts.values()) == {1}
    sizes = collections.defaultdict(set)
    for request in requests:
        if "page_size" in request.params:
            sizes[request.path].add(request.params["page_size"])
    full = collections.Counter(
        request.path for request in requests if request.params.get("page_size", "1") != "1"
    )
    # With TopView, for `video_performance_report`, and campaigns for `negative_keywords`.
    ads_paths = {REPORT: 2, "/campaign/get/": 2}
    assert full.keys() - ads_paths.keys() <= SOURCES
    assert {path: full[path] for path in ads_paths} == {
        path: count * len(call.ids) for path, count in ads_paths.items()
    }
    assert {path for path, found in sizes.items() if "1" not in found} == set()
    dated = [request.params for request in requests if "start_date" in request.params]
    assert all(
        query["start_date"] == query["end_date"]
        for query in dated
        if "stat_time" in query.get("dimensions", "stat_time")  # unlike steps of GMV Max reports
    )


def test_doctor_prints_json(call: Caller) -> None:
    """--json prints the results of `doctor` as JSON."""
    result = call.json("doctor", "--stream", "pixels", simulator={"tier": "ultimate"})
    assert result["token"] == {"valid": True}
    assert result["app"] == {"configured": True, "valid": True, "advertisers": 2}
    assert abs(result["clock_skew_seconds"]) < 60  # a busy machine responds late
    assert [advertiser["advertiser_id"] for advertiser in result["advertisers"]] == call.ids
    assert all(advertiser["readable"] for advertiser in result["advertisers"])
    assert result["streams"]["pixels"][call.ids[0]]["result"] == "ok"
    assert result["tier"] == {
        "name": "simulator",
        "per_second": 50,
        "per_minute": 3_000,
        "per_day": 4_320_000,
        "per_endpoint": False,
        "usable_per_second": 47.5,
        "day_lasts_hours": 25.3,
    }


@pytest.mark.parametrize(
    ("code", "cell", "exit_code"),
    [
        (40001, "no permission (40001)", 3),
        (40014, "not available (40014)", 3),
        (40002, "error (40002)", 1),
    ],
)
def test_doctor_reports_denied_streams(call: Caller, code: int, cell: str, exit_code: int) -> None:
    """A denied stream has its own cell, an error message on stderr and an exit code."""
    _, second = call.ids
    call.sim.add_fault("code", path="/pixel/list/", advertiser_id=second, code=code, times=None)
    names = ["--stream", "pixels", "--stream", "pixel_event_statistics", "--stream", "campaigns"]
    result = call("doctor", "--all", *names)
    assert sorted(problem_rows(result.stdout)) == [
        ["pixel_event_statistics", cell, second],  # looks up the denied pixels
        ["pixels", cell, second],
    ]
    assert "Readable: 1 of 3 stream(s), for 2 of 2 advertiser(s)." in result.stdout
    assert f"code {code}" in result.stderr
    assert result.returncode == exit_code


def test_doctor_checks_one_advertiser_per_combination(call: Caller) -> None:
    """By default, doctor checks the default streams of one advertiser per status and role."""
    result = call("doctor")
    assert result.returncode == 0
    count = sum(entry.selected_by_default for entry in STREAMS)
    assert f"Readable: {count} of {count} stream(s), for 1 of 2 advertiser(s)." in result.stdout
    assert "Not checked: 1 advertiser(s). Check them with --all." in result.stdout
    owners = {request.params.get("advertiser_id") for request in call.sim.requests}
    assert owners == {None, call.ids[0]}
    assert len(call.sim.requests) <= count + 3


def test_doctor_checks_another_status_or_role(tmp_path: Path) -> None:
    """An advertiser with another status is checked, too."""
    infos = [
        {"advertiser_id": number, "timezone": "UTC", "status": status, "role": "ROLE_ADVERTISER"}
        for number, status in (("1", "STATUS_ENABLE"), ("2", "STATUS_ENABLE"), ("3", "LIMITED"))
    ]

    def respond(call: t.Any) -> t.Any:
        is_info = call.path == "/advertiser/info/"
        return envelope({"list": infos if is_info else [], "page_info": {"total_number": 0}})

    with serving(respond) as (url, _):
        config = {"api_url": url, "access_token": "t", "advertiser_ids": ["1", "2", "3"]}
        file = written(tmp_path, "c.json", config)
        result = command("doctor", "--json", "--stream", "pixels", "--config", file)
    document = json.loads(result.stdout)
    assert list(document["streams"]["pixels"]) == ["1", "3"]
    assert [row["checked"] for row in document["advertisers"]] == [True, False, True]


def test_doctor_checks_the_named_advertiser(call: Caller) -> None:
    """--advertiser names the advertisers to check. An unknown one is an error."""
    _, second = call.ids
    document = call.json("doctor", "--stream", "pixels", "--advertiser", second)
    assert list(document["streams"]["pixels"]) == [second]
    assert_one_error(
        call("doctor", "--advertiser", "1"), "'1' of --advertiser is not one of the 2 advertiser(s)"
    )
    assert_one_error(call("doctor", "--stream", "pixel"), "did you mean 'pixels'?")


def test_doctor_checks_the_selected_streams(call: Caller) -> None:
    """With --catalog, doctor checks the selected streams. Without any, it is an error."""
    catalog = catalog_of(config_for(call.sim), ["pixels", "comments"])
    document = call.json("doctor", "--catalog", written(call.folder, "catalog.json", catalog))
    assert sorted(document["streams"]) == ["comments", "pixels"]
    catalog = catalog_of(config_for(call.sim), [])
    result = call("doctor", "--catalog", written(call.folder, "catalog.json", catalog))
    assert_one_error(result, "Nothing to check, because no stream is selected")


def test_doctor_and_plan_follow_select(call: Caller) -> None:
    """With --select, doctor and plan use these streams, in place of the setting `streams`."""
    select = ["--select", "pixels", "--select", "comm*"]
    document = call.json("doctor", *select, streams="ads")
    assert sorted(document["streams"]) == ["comments", "pixels"]
    plan = call.json("plan", *select, streams="ads")
    assert {"comments", "pixels"} <= {part["stream"] for part in plan["parts"]}
    assert "ads" not in {part["stream"] for part in plan["parts"]}
    assert_one_error(call("plan", "--select", "pixel"), "Did you mean 'pixels'?")


def test_doctor_fails_if_no_stream_is_readable(call: Caller) -> None:
    """The exit code is 1, and not 3, if permission is denied for every checked stream."""
    call.sim.add_fault("code", path="/pixel/list/", code=40001, times=None)
    assert call("doctor", "--select", "pixels").returncode == 1


@pytest.mark.parametrize(
    ("tier", "per_day", "sentence"),
    [
        ("unlimited", None, "There is no daily budget."),
        ("basic", 864_000, "of the daily budget of 864,000 requests."),
    ],
)
def test_simulator_has_no_daily_budget_without_a_tier(
    call: Caller, tier: str, per_day: int | None, sentence: str
) -> None:
    """`doctor` and `plan` say that there is no daily budget, instead of an invented number."""
    options = {"tier": tier}
    document = call.json("doctor", streams="pixels", simulator=options)
    assert document["tier"]["per_day"] == per_day
    assert sentence in call("plan", streams="pixels", simulator=options).stdout


@pytest.mark.parametrize("sim", [{"no_smart_plus": True}], indirect=True)
def test_doctor_reports_unavailable_features(call: Caller) -> None:
    """`doctor` shows features that the account lacks as not available, and exits with 3."""
    result = call("doctor", "--json", *every_stream())
    cells = cells_of(json.loads(result.stdout))
    for id_ in call.ids:  # this report also has ordinary ads
        assert cells.pop(("smart_plus_ad_performance_report", id_)) in {"ok", "empty?"}
    smart_plus_cells = {cell for (stream, _), cell in cells.items() if "smart" in stream}
    assert len(smart_plus_cells) == 1
    assert smart_plus_cells.pop().startswith("not available (")
    assert result.returncode == 3


def test_doctor_reports_inaccessible_advertisers(call: Caller) -> None:
    """`doctor` lists an advertiser without access as not readable."""
    ids = [*call.ids, "7000000000000000009"]
    result = call.json("doctor", code=3, advertiser_ids=ids)
    assert [advertiser["readable"] for advertiser in result["advertisers"]] == [True, True, False]
    assert_one_error(call("doctor", advertiser_ids=ids[2:]), "Cannot read any advertiser")


def test_doctor_reports_an_invalid_app(call: Caller) -> None:
    """With an invalid app, `doctor` exits with 1 and still checks the token."""
    settings = {"app_secret": "wrong-secret-of-an-app", "advertiser_ids": call.ids}
    result = call("doctor", *every_stream(), **settings)
    assert result.returncode == 1
    assert "App: TikTok responded to /oauth2/advertiser/get/ with code 401" in result.stdout
    assert "wrong-secret-of-an-app" not in result.stdout + result.stderr
    (row,) = problem_rows(result.stdout)
    assert row[0] == "authorized_advertisers"
    assert row[1].startswith("no permission (401")


def test_doctor_skips_the_app_check_without_an_app(call: Caller) -> None:
    """Without app_id and app_secret, `doctor` sends no request about the app."""
    result = call("doctor", app_id=None, app_secret=None, advertiser_ids=call.ids)
    assert result.returncode == 0
    assert "App: app_id and app_secret are not set.\n" in result.stdout
    assert "/oauth2/advertiser/get/" not in call.paths


def test_doctor_checks_advertisers_with_unknown_status_and_role() -> None:
    """A status or role of another type than text is compared as its JSON."""
    roles: tuple[t.Any, ...] = ({"a": 1}, ["b"], {"a": 1}, None)
    rows: list[dict[str, t.Any]] = [
        {"advertiser_id": str(number), "readable": True, "status": [1], "role": role}
        for number, role in enumerate(roles)
    ]
    doctor._choose(rows, (), check_all=False)
    assert [row["checked"] for row in rows] == [True, True, False, True]


def test_doctor_warns_of_clock_skew(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` warns if the clock is more than a minute off TikTok's clock."""
    past = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    monkeypatch.setattr(call.sim.world, "now", lambda: past)
    result = call("doctor")
    assert re.search(r"clock of this machine differs from TikTok's by \+\d+ s", result.stderr)
    assert result.returncode == 0


# plan


def first_page_paths(sim: Simulator) -> list[str]:
    """Return the endpoints of the distinct first pages that were requested."""
    first_pages = {
        (request.path, json.dumps(dict(request.params)))
        for request in sim.requests
        if request.params.get("page", "1") == "1"
    }
    return sorted(path for path, _ in first_pages)


def test_plan_counts_the_first_pages_of_a_run(call: Caller) -> None:
    """`plan` counts the first pages of a run, and only requests the advertisers."""
    plan = call.json("plan", "--measure", "0")
    assert call.paths == FINDING
    call.sim.requests.clear()
    run(config_for(call.sim))
    paths = first_page_paths(call.sim)
    assert plan["requests"] + plan["topview_requests"] == len(paths)
    assert plan["topview_requests"] == sum(
        asks_for_top_view(request) and request.path != "/campaign/get/"
        for request in call.sim.requests
    )
    reports = [item for item in plan["parts"] if item["stream"] == "ad_performance_report"]
    assert len(reports) == 2
    params = [
        request.params
        for request in call.sim.requests
        if request.params.get("data_level") == "AUCTION_AD"
        and request.params["report_type"] == "BASIC"
    ]
    for item in reports:
        queries = [query for query in params if query["advertiser_id"] == item["advertiser_id"]]
        assert (item["windows"], item["requests"], item["at_least"]) == (2, 2, False)
        assert item["first_day"] == min(query["start_date"] for query in queries)
        assert item["last_day"] == max(query["end_date"] for query in queries)


def test_plan_prints_a_table_with_totals(call: Caller) -> None:
    """Without measuring, list endpoints have at least a number of requests."""
    settings: dict[str, t.Any] = {"start_date": "2026-01-01", "end_date": "2026-01-31"}
    result = call("plan", "--measure", "0", simulator={"tier": "basic"}, **settings)
    assert "campaigns\t\t\t\tat least 2\t0.0\t\n" in result.stdout
    assert "campaign_country_report\t4\t2026-01-01\t2026-01-31\t4\t0.0\t4\n" in result.stdout
    plan = call.json("plan", "--measure", "0", **settings)
    requests = plan["requests"]
    assert result.stdout.endswith(
        f"About {requests} requests: {requests / 9.5 / 60:.1f} minutes at 9.5 requests per "
        "second, 0.01% of the daily budget of 864,000 requests. The setting requests_per_second "
        "changes the rate.\n"
        f"Up to {plan['topview_requests']} more for advertisers with TopView campaigns.\n"
    )
    assert requests == sum(item["requests"] for item in plan["streams"])


@pytest.mark.parametrize("by", ["stream", "advertiser", "window"])
def test_plan_has_one_row_per_stream_advertiser_or_window(call: Caller, by: str) -> None:
    """The rows add up to the total, whatever they stand for."""
    settings: dict[str, t.Any] = {"start_date": "2026-01-01", "end_date": "2026-01-31"}
    result = call("plan", "--by", by, **settings)
    columns, *rows = [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]
    position = columns.index("requests")
    total = re.search(r"About (\d+) requests", result.stdout)
    start = 0 if by != "window" else len(FINDING)
    assert total
    assert sum(int(row[position]) for row in rows) + start == int(total[1])
    keys = {"stream": "ads", "advertiser": call.ids[1], "window": "2026-01-01"}
    assert keys[by] in [row[0] for row in rows]
    assert ("name" in columns) is (by == "advertiser")
    assert "in windows of at most" not in result.stderr
    assert len(rows) <= {"stream": 20, "advertiser": 3, "window": 3}[by]


def test_plan_shows_the_values_of_macros(call: Caller) -> None:
    """A line names each macro and its date."""
    result = call("plan", "--measure", "0", start_date="{now-9}", end_date="{now-3}")
    assert re.search(
        r"^start_date: \{now-9\} is \d{4}-\d\d-\d\d for \d advertiser\(s\)\.$",
        result.stdout,
        re.MULTILINE,
    )


def state_file_with_bookmark(call: Caller, advertiser_id: str, day: str) -> str:
    """Return the path of a state file with the covered days of the ad report."""
    partition = {
        "context": {"advertiser_id": advertiser_id},
        "replication_key": "stat_time_day",
        "replication_key_value": day,
        "covered": [["2025-12-01", day]],
    }
    state = {"bookmarks": {"ad_performance_report": {"partitions": [partition]}}}
    return written(call.folder, "state.json", state)


def test_plan_leaves_out_covered_days(call: Caller) -> None:
    """With --state, `plan` counts only days that are not covered."""
    first, second = call.ids
    file = state_file_with_bookmark(call, first, "2026-01-20")
    plan = call.json(
        "plan", "--measure", "0", "--state", file, start_date="2026-01-01", end_date="2026-01-31"
    )
    days = {
        item["advertiser_id"]: item["first_day"]
        for item in plan["parts"]
        if item["stream"] == "ad_performance_report"
    }
    assert days == {first: "2026-01-21", second: "2026-01-01"}


def test_plan_shows_zero_windows_for_covered_days(call: Caller) -> None:
    """`plan` shows zero windows if all days are covered."""
    first, _ = call.ids
    file = state_file_with_bookmark(call, first, "2026-01-31")
    plan = call.json(
        "plan", "--measure", "0", "--state", file, start_date="2026-01-01", end_date="2026-01-10"
    )
    item = next(
        item
        for item in plan["parts"]
        if (item["stream"], item["advertiser_id"]) == ("ad_performance_report", first)
    )
    assert (item["windows"], item["requests"], item["first_day"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("stream", "part", "lookups"),
    [
        ("pixels", (None, 1, True), 0),
        ("audience_report_by_dma", (2, 3, False), 0),  # one request is the check for TopView
        ("comments", (2, 2, True), 2),  # the number of ad groups is unknown before the lookup
    ],
)
def test_plan_includes_only_selected_streams(
    call: Caller,
    stream: str,
    part: tuple[int | None, int, bool],
    lookups: int,
) -> None:
    """With --catalog, `plan` includes only selected streams, and the lists that they look up."""
    catalog = json.loads(call("--discover").stdout)
    for entry in catalog["streams"]:
        entry["metadata"] = [
            {"breadcrumb": [], "metadata": {"selected": entry["tap_stream_id"] == stream}}
        ]
    plan = call.json(
        "plan", "--measure", "0", "--catalog", written(call.folder, "catalog.json", catalog)
    )
    counts = {item["stream"]: item["requests"] for item in plan["streams"]}
    assert counts.keys() == {"start", stream, *(["ad_groups"] if lookups else [])}
    assert counts["start"] == len(FINDING)
    for item in plan["parts"]:
        if item["stream"] == stream:
            assert (item["windows"], item["requests"], item["at_least"]) == part
    assert plan["requests"] == len(FINDING) + 2 * (part[1] + lookups)


def test_plan_requests_no_custom_stream(call: Caller) -> None:
    """`plan` neither infers schemas of custom streams nor runs their lookups."""
    ads = {**CAMPAIGNS, "name": "more", "for_each": "campaigns.campaign_id"}
    ads["params"] = {"advertiser_id": "{advertiser_id}", "x": "{campaigns.campaign_id}"}
    plan = call.json(
        "plan", "--measure", "0", custom_streams=[CAMPAIGNS, ads, {**PLACES, "name": "other"}]
    )
    assert call.paths == FINDING
    items = [item for item in plan["parts"] if item["stream"] in {"my_campaigns", "more"}]
    assert [(item["requests"], item["at_least"]) for item in items] == [(1, True)] * 4


@pytest.mark.parametrize(
    ("tier", "requests", "seconds", "share"),
    [
        ("basic", {"/a/": 95, "/b/": 95}, 20, 190 / 864_000),
        ("basic", {"/gmv_max/report/get/": 380}, 100, 380 / 20_000),
        ("sandbox", {"/a/": 19, "/b/": 38}, 80, 38 / 1000),
        ("premium", {}, 0, 0),
    ],
)
def test_estimate_uses_the_tightest_limit(
    tier: str, requests: dict[str, int], seconds: float, share: float
) -> None:
    """The estimated time and share are for the limit that is reached first."""
    assert TIERS[tier].estimate(requests) == pytest.approx((seconds, share))


# authorize


class Authorization:
    """Runs `authorize` for the app of a simulator."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.output = folder / "token.json"
        self.app = {
            "environment": "simulator",
            "api_url": sim.url,
            "app_id": sim.app_id,
            "app_secret": sim.app_secret,
        }
        self.folder = folder

    def __call__(self, *arguments: str, **settings: t.Any) -> subprocess.CompletedProcess[str]:
        """Run the command, and check that the output contains no secret."""
        config = written(self.folder, "app.json", {**self.app, **settings})
        result = command("authorize", "--config", config, *arguments, cwd=self.folder)
        assert "Traceback" not in result.stderr
        for secret in (self.sim.access_token, self.sim.app_secret, self.sim.auth_code):
            assert secret not in result.stdout + result.stderr
        return result

    @property
    def written(self) -> t.Any:
        """The content of the token file."""
        return json.loads(self.output.read_text("utf-8"))

    @property
    def mode(self) -> int:
        """The permission bits of the token file."""
        return stat.S_IMODE(self.output.stat().st_mode)


@pytest.fixture
def authorize(sim: Simulator, tmp_path: Path) -> Authorization:
    """Runs `authorize` on the default simulator."""
    return Authorization(sim, tmp_path)


def test_authorize_prints_the_portal_url(authorize: Authorization) -> None:
    """Without a code and a terminal, `authorize` prints the URL of the portal and exits with 2."""
    result = authorize("--state", "a b", "--redirect-uri", "https://app.example/cb?x=1")
    assert result.stdout == (
        f"https://business-api.tiktok.com/portal/auth?app_id={authorize.sim.app_id}&state=a+b"
        "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1\n"
    )
    assert result.returncode == 2
    assert "--auth-code" in result.stderr
    assert authorize.sim.requests == []


@pytest.mark.parametrize("full_url", [False, True])
def test_authorize_writes_the_token_file(authorize: Authorization, *, full_url: bool) -> None:
    """A code, or the redirect URL, becomes a token in a file that only the owner can read."""
    sim = authorize.sim
    url = f"https://app.example/cb?code=other&auth_code={sim.auth_code}&state=s"
    code = url if full_url else sim.auth_code
    result = authorize("--auth-code", code, "--output", str(authorize.output), "--state", "s")
    assert result.returncode == 0, result.stderr
    ids = list(sim.world.advertiser_ids)
    assert authorize.written == {"access_token": sim.access_token, "advertiser_ids": ids}
    assert authorize.mode == 0o600
    assert [request.path for request in sim.requests] == [
        "/oauth2/access_token/",
        "/oauth2/advertiser/get/",
    ]
    assert sim.requests[0].params == {
        "app_id": sim.app_id,
        "secret": sim.app_secret,
        "auth_code": sim.auth_code,
    }
    for id_ in ids:
        assert f"{id_}\t{sim.world.accounts[id_].name}\n" in result.stdout
    assert {file.name for file in authorize.folder.iterdir()} == {"app.json", "token.json"}
    app = str(authorize.folder / "app.json")
    result = command("plan", "--config", app, "--config", str(authorize.output))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("old_mode", "new_mode"), [(0o644, 0o600), (0o600, 0o600), (0o400, 0o400)])
def test_authorize_updates_an_existing_file(
    authorize: Authorization, old_mode: int, new_mode: int
) -> None:
    """`authorize` keeps other members and links of the file, and never widens its mode."""
    real = authorize.folder / "real.json"
    real.write_text('{"start_date": "2026-01-01", "access_token": "old"}', "utf-8")
    real.chmod(old_mode)
    authorize.output.symlink_to(real)
    result = authorize("--auth-code", authorize.sim.auth_code, "--output", str(authorize.output))
    assert result.returncode == 0, result.stderr
    assert authorize.output.is_symlink()
    assert authorize.mode == new_mode
    assert list(authorize.written) == ["start_date", "access_token", "advertiser_ids"]
    assert authorize.written["access_token"] == authorize.sim.access_token


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        ((), {}, "Option --output FILE is required"),
        (("--output", "x.json"), {"app_id": None}, "Setting 'app_id' is required"),
        (("--output", "x.json"), {"app_secret": None}, "Setting 'app_secret' is required"),
        (("--output", "none/x.json"), {}, "cannot be written: No such file or directory."),
        (("--output", "list.json"), {}, "must contain a JSON object, got a list."),
        (
            ("--output", "x.json"),
            {"api_url": None},
            "Run `tap-tiktok-ads simulator` and use its settings.",
        ),
        (("--output", "x.json"), {"app_di": "1"}, "Unknown setting 'app_di'"),
    ],
)
def test_authorize_validates_before_using_the_code(
    authorize: Authorization, arguments: tuple[str, ...], settings: dict[str, t.Any], sentence: str
) -> None:
    """`authorize` uses the code only after its settings and its output file are valid."""
    written(authorize.folder, "list.json", [])
    result = authorize("--auth-code", authorize.sim.auth_code, *arguments, **settings)
    assert_one_error(result, sentence)
    assert authorize.sim.requests == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://app.example/cb?code=1", "The URL of --auth-code has no parameter auth_code."),
        ("https://app.example/cb?auth_code=1&state=t", "The redirect has another state than"),
    ],
)
def test_authorize_rejects_foreign_redirects(
    authorize: Authorization, url: str, sentence: str
) -> None:
    """`authorize` rejects a redirect without a code, or with the state of another authorization."""
    result = authorize("--auth-code", url, "--state", "s", "--output", str(authorize.output))
    assert_one_error(result, sentence)
    assert authorize.sim.requests == []


def test_authorize_keeps_the_file_after_an_invalid_code(authorize: Authorization) -> None:
    """An invalid code is sent once, and the token file stays unchanged."""
    authorize.output.write_text('{"access_token": "old"}', "utf-8")
    result = authorize("--auth-code", "wrong", "--output", str(authorize.output))
    assert_one_error(result, "code 40110")
    assert authorize.written == {"access_token": "old"}
    assert len(authorize.sim.requests) == 1


def test_authorize_keeps_the_token_after_a_list_error(
    authorize: Authorization,
) -> None:
    """The token is kept even if the advertiser list fails, because the code cannot be reused."""
    authorize.sim.add_fault("code", path="/oauth2/advertiser/get/", code=40105, times=None)
    result = authorize("--auth-code", authorize.sim.auth_code, "--output", str(authorize.output))
    assert_one_error(result, "code 40105")
    assert authorize.written["access_token"] == authorize.sim.access_token
    assert authorize.written["advertiser_ids"] == list(authorize.sim.world.advertiser_ids)


@pytest.mark.parametrize("old_content", [None, {"access_token": "old", "advertiser_ids": ["7"]}])
def test_authorize_without_advertisers_writes_nothing(
    authorize: Authorization, old_content: dict[str, t.Any] | None
) -> None:
    """Without granted advertisers, the file stays as it is. An empty list means all advertisers."""
    if old_content is not None:
        authorize.output.write_text(json.dumps(old_content), "utf-8")
    data: dict[str, dict[str, t.Any]] = {
        "/oauth2/access_token/": {"access_token": authorize.sim.access_token},
        "/oauth2/advertiser/get/": {"list": []},
    }
    with serving(lambda call: envelope(data[call.path])) as (url, _):
        arguments = ("--auth-code", "code", "--output", str(authorize.output))
        result = authorize(*arguments, api_url=url)
    assert result.returncode == 1
    assert "No advertiser granted access to the app" in result.stderr
    assert (authorize.written if authorize.output.exists() else None) == old_content


def test_authorize_prompts_on_a_terminal(authorize: Authorization) -> None:
    """On a terminal, `authorize` prompts for the code and the secret, and hides the secret."""
    config = written(authorize.folder, "app.json", {**authorize.app, "app_secret": None})
    code = f"https://app.example/cb?auth_code={authorize.sim.auth_code}"
    output = on_terminal(
        *("authorize", "--config", config, "--output", str(authorize.output)),
        inputs={
            "auth_code or URL of the redirect: ": code,
            "app_secret: ": authorize.app["app_secret"],
        },
    )
    assert f"portal/auth?app_id={authorize.sim.app_id}\r\n" in output
    assert f"Wrote access_token and advertiser_ids to {authorize.output}" in output
    assert authorize.sim.app_secret not in output
    assert authorize.written["access_token"] == authorize.sim.access_token


@pytest.mark.parametrize("columns", ["100", "30"])
def test_terminal_output_is_colored(tmp_path: Path, columns: str) -> None:
    """Column names are colored on a terminal, unless NO_COLOR is set."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"environment": "simulator", "simulator": {"advertisers": 1}}))
    arguments = ("plan", "--config", str(config))
    cyan = "\x1b[1;36m"
    assert cyan in on_terminal(*arguments, COLUMNS=columns)
    plain = on_terminal(*arguments, COLUMNS=columns, NO_COLOR="1")
    assert "advertiser" in plain
    assert "36m" not in plain


@pytest.mark.parametrize(
    ("stream", "metrics"),
    [
        ("advertiser_performance_report", ["clicks", "ctr"]),
        ("gmv_max_report", ["cost", "roi"]),
    ],
)
def test_sample_requests_the_configured_metrics(
    call: Caller, stream: str, metrics: list[str]
) -> None:
    """Without a catalog, `sample` requests the metrics of `report_metrics`."""
    result = call("sample", stream, report_metrics={stream: metrics})
    assert result.returncode == 0, result.stderr
    assert json.loads(call.sim.requests[-1].params["metrics"]) == metrics


def test_measured_plan_says_at_least_for_lookups_and_tasks(call: Caller) -> None:
    """Sizes of lists do not show how many requests lookups and tasks take."""
    streams = ["creative_fatigue", "change_log", "campaigns", "languages"]
    plan = call.json("plan", streams=streams)
    unknown = {item["stream"] for item in plan["parts"] if item["at_least"]}
    assert unknown == {"ads", "creative_fatigue", "change_log"}
    assert "at least" in call("plan", streams=streams).stdout
