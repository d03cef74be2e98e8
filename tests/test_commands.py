"""The sub-commands of the executable, as processes against a running simulator."""

from __future__ import annotations

import collections
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
from conftest import asks_for_top_view, command, config_for, run
from edge_server import envelope, serving
from test_cli import assert_refused, written

from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.cli import COMMANDS
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

ROOT = Path(__file__).parent.parent
REPORT = "/report/integrated/get/"
#: Requests that find the advertisers when the settings name none.
FINDING = ["/oauth2/advertiser/get/", "/advertiser/info/"]
#: Streams of the answers that find the advertisers.
FOUND_BEFORE = {"advertisers", "authorized_advertisers"}
#: The endpoints that are read to look up what requests name.
SOURCES = {"/adgroup/get/", "/ad/get/", "/pixel/list/", "/bc/get/", "/gmv_max/store/list/"}
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
    """Runs sub-commands on a simulator, and sees that none tells a secret."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder

    def __call__(self, *arguments: str, **settings: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a sub-command with the simulator's configuration and these settings."""
        config = written(self.folder, "config.json", config_for(self.sim, **settings))
        result = command(*arguments, "--config", config, cwd=self.folder)
        assert "Traceback" not in result.stderr
        for secret in (self.sim.access_token, self.sim.app_secret):
            assert secret not in result.stdout + result.stderr
        return result

    def json(self, *arguments: str, code: int = 0, **settings: t.Any) -> t.Any:
        """What a sub-command prints with --json."""
        result = self(*arguments, "--json", **settings)
        assert result.returncode == code, result.stderr
        return json.loads(result.stdout)

    @property
    def ids(self) -> list[str]:
        """The advertisers of the world."""
        return list(self.sim.world.advertiser_ids)

    @property
    def paths(self) -> list[str]:
        """The endpoints that were asked so far."""
        return [request.path for request in self.sim.requests]


@pytest.fixture
def call(sim: Simulator, tmp_path: Path) -> Caller:
    """Sub-commands on the small world."""
    return Caller(sim, tmp_path)


def on_terminal(*arguments: str, answers: t.Mapping[str, str] = {}, **env: str) -> str:
    """What the executable writes to a terminal of 100 columns, with answers to its prompts."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm", **env},
        start_new_session=True,
    ):
        os.close(theirs)
        shown, waiting = "", dict(answers)
        while piece := _read(ours):
            shown += piece
            for prompt in [one for one in waiting if one in shown]:
                os.write(ours, f"{waiting.pop(prompt)}\n".encode())
    os.close(ours)
    return shown


def _read(terminal: int) -> str:
    """What a terminal shows next; nothing once the other end is closed."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # Linux's way to tell
        return ""


# The group


def test_help_lists_commands_and_options() -> None:
    """--help shows every sub-command and the tap's own options."""
    result = command("--help")
    assert result.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", result.stdout, re.MULTILINE)
    for option in ("--config", "--discover", "--test", "--catalog", "--state", "--about"):
        assert option in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented(name: str) -> None:
    """The README names every sub-command; its help has an example."""
    assert f"tap-tiktok-ads {name}" in (ROOT / "README.md").read_text("utf-8")
    result = command(name, "--help")
    assert result.returncode == 0
    assert "Usage: tap-tiktok-ads" in result.stdout
    assert result.stdout.count(f"tap-tiktok-ads {name} ") > 1


def test_the_tap_starts_without_the_commands() -> None:
    """Neither a sub-command nor rich is imported where the tap itself runs."""
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
    assert result.stderr.splitlines()[-1] == "[]"


def test_unknown_command() -> None:
    """A word that is no sub-command is refused as a usage error."""
    result = command("sampel")
    assert result.returncode == 2
    assert "No such command 'sampel'" in result.stderr


def test_options_of_the_tap_before_a_command() -> None:
    """Other options of the tap than --config are refused before the name of a command."""
    result = command("--state", __file__, "plan")
    assert result.returncode == 2
    assert "--state must follow the name of the command" in result.stderr


def test_config_before_and_after_the_command(sim: Simulator, tmp_path: Path) -> None:
    """--config counts before a command's name, too; what comes later wins."""
    wrong = written(tmp_path, "wrong.json", config_for(sim, access_token="wrong"))
    right = written(tmp_path, "right.json", {"access_token": sim.access_token})
    assert command("--config", wrong, "plan", "--config", right).returncode == 0
    assert_refused(command("--config", right, "plan", "--config", wrong), "code 40105")


def test_config_from_the_environment(sim: Simulator, tmp_path: Path) -> None:
    """With --config ENV, variables and the .env file count, as they do for the tap."""
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
def test_bad_settings(arguments: list[str], tmp_path: Path) -> None:
    """Settings that cannot be used end each command with the tap's sentence."""
    config = written(tmp_path, "config.json", {"access_token": "x", "start_dat": "2026-01-01"})
    result = command(*arguments, "--config", config)
    assert_refused(result, "Unknown setting 'start_dat': did you mean 'start_date'?")


@pytest.mark.parametrize("arguments", [["sample", "ads"], ["doctor"], ["plan"]])
def test_refused_token(call: Caller, arguments: list[str]) -> None:
    """A token that TikTok refuses ends each command with one sentence and exit code 1."""
    assert_refused(call(*arguments, access_token="wrong"), "code 40105")


# sample


def test_sample_as_lines(call: Caller) -> None:
    """Rows are those that the tap writes; all else is on stderr, the token masked."""
    result = call("sample", "campaigns", "--limit", "2", "--format", "jsonl")
    assert result.returncode == 0, result.stderr
    assert call.paths == [*FINDING, "/campaign/get/"]
    advertiser, total = call.sim.world.advertiser_ids[0], call.sim.world.options.campaigns
    rows = run(config_for(call.sim), ["campaigns"]).records["campaigns"]
    assert [json.loads(line) for line in result.stdout.splitlines()] == rows[:2]
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
    assert f"\n  $.data.list[*] ({total}: advertiser_id, campaign_id, " in result.stderr


def test_sample_as_json(call: Caller) -> None:
    """--format json prints one array, of five rows unless --limit says otherwise."""
    result = call("sample", "ad_performance_report", "--format", "json")
    rows = json.loads(result.stdout)
    assert len(rows) == 5
    assert isinstance(rows[0]["spend"], float)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", rows[0]["stat_time_day"])


def test_sample_as_table(call: Caller) -> None:
    """In a pipe a table has tabs between its values, and none is cut."""
    result = call("sample", "pixels", "--limit", "1")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    table = [line.split("\t") for line in lines if "\t" in line]
    row = run(config_for(call.sim), ["pixels"]).records["pixels"][0]
    assert table[0] == list(row)
    assert len(table) == 2
    assert table[1][table[0].index("pixel_name")] == row["pixel_name"]
    assert json.loads(table[1][table[0].index("events")]) == row["events"]
    assert lines[-3].startswith("  $.data.pixels[*] (")


@pytest.mark.parametrize("name", [one.name for one in STREAMS if one.name != "sync_errors"])
def test_sample_of_each_stream(sim: Simulator, name: str) -> None:
    """The first answer with rows ends a sample: the first of the stream's own requests.

    What names objects of another stream reads that one first, each page of it once.
    """
    tap = TapTikTokAds(config=config_for(sim), allow_requests=False, setup_mapper=False)
    stream = t.cast("t.Any", tap.streams[name])
    assert tap.run_context.advertisers
    before = len(sim.requests)
    rows = stream.cast_sample(stream.sample(5, tap.run_context.client.send))
    validator = jsonschema.Draft7Validator({**stream.schema, "additionalProperties": True})
    assert rows
    for row in rows:
        validator.validate(row)
    sent = list(sim.requests)[before:]
    assert len({(one.path, str(one.params)) for one in sent}) == len(sent)
    asked = [one.path for one in sent]
    if name in FOUND_BEFORE:
        assert asked == []
        return
    streams = t.cast("dict[str, t.Any]", tap.streams)
    lookups = getattr(stream, "lookups", ())
    sources = {streams[one.stream].path for one in lookups if one.stream}
    if name == "smart_plus_ad_suggestions":
        sources = {"/smart_plus/ad/get/"}
    assert asked.pop() == stream.path
    assert set(asked) == sources


def test_sample_goes_back_in_time(call: Caller) -> None:
    """Reports are asked for their newest days first, by turns for each advertiser."""
    call.sim.add_fault("no_records", path=REPORT, times=2)
    result = call("sample", "campaign_performance_report", "--format", "jsonl")
    sent = [one.params for one in call.sim.requests if one.path == REPORT]
    days = [call.sim.world.today(one) for one in call.sim.world.advertiser_ids]
    assert [params["end_date"] for params in sent[:2]] == [day.isoformat() for day in days]
    assert sent[2]["advertiser_id"] == sent[0]["advertiser_id"] != sent[1]["advertiser_id"]
    assert sent[2]["end_date"] < sent[0]["start_date"]
    assert len(sent) == 3
    assert len(result.stdout.splitlines()) == 5


def test_sample_without_rows(call: Caller) -> None:
    """At most five requests are made while no rows come; that is no error."""
    call.sim.add_fault("no_records", path=REPORT, times=None)
    result = call("sample", "ad_performance_report", start_date="{now-300}")
    assert result.returncode == 0
    assert "Records: 0 of the 0 received.\nRecord paths: none.\n" in result.stdout
    assert call.paths.count(REPORT) == 5


def test_sample_of_unknown_stream(call: Caller) -> None:
    """A name that no stream has is refused before any request, with the nearest one."""
    assert_refused(
        call("sample", "campaing"), "Unknown stream 'campaing': did you mean 'campaigns'"
    )
    assert call.paths == []


def test_sample_of_refused_request(call: Caller) -> None:
    """Where TikTok refuses, the request is shown before the error; secrets are masked in both."""
    echo = f"No {call.sim.access_token} and {call.sim.app_secret}"
    call.sim.add_fault("code", path="/campaign/get/", code=40002, message=echo, times=None)
    result = call("sample", "campaigns")
    assert result.returncode == 1
    assert f"GET {call.sim.url}/campaign/get/?advertiser_id=" in result.stdout
    assert "code 40002: No *** and ***" in result.stderr
    assert call.paths.count("/campaign/get/") == 2  # once more, without Promote campaigns


def test_sample_asks_the_next_advertiser(call: Caller) -> None:
    """An advertiser that may not be read is passed over; if none may, that is the error."""
    call.sim.add_fault("code", path="/pixel/list/", code=40001)
    assert call("sample", "pixels").returncode == 0
    assert call.paths.count("/pixel/list/") == 2
    call.sim.add_fault("code", path="/pixel/list/", code=40001, times=None)
    result = call("sample", "pixels")
    assert result.returncode == 1
    assert "code 40001" in result.stderr


def test_sample_of_custom_stream(call: Caller) -> None:
    """The schema comes from the sampled page itself; other custom streams are left alone."""
    other = {**PLACES, "name": "other"}
    result = call("sample", "my_campaigns", "--format", "jsonl", custom_streams=[CAMPAIGNS, other])
    assert call.paths == [*FINDING, "/campaign/get/"]
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(row["create_time"].endswith("Z") for row in rows)
    assert all(row["advertiser_id"] for row in rows)


def test_sample_of_post(call: Caller) -> None:
    """The body of a POST is shown with its macros filled in."""
    result = call("sample", "places", custom_streams=[PLACES], advertiser_ids=call.ids)
    assert f"POST {call.sim.url}/tool/targeting/search/\n" in result.stdout
    body = {**t.cast("dict[str, t.Any]", PLACES["body"]), "advertiser_id": call.ids[0]}
    assert f"\n  {json.dumps(body, separators=(',', ':'))}\n" in result.stdout
    assert "  Content-Type: application/json\n" in result.stdout


def test_sample_with_wrong_records_path(call: Caller) -> None:
    """Where records_path matches nothing, request, body and suggestions are shown all the same."""
    wrong = {**CAMPAIGNS, "records_path": "$.data.campaigns[*]"}
    result = call("sample", "my_campaigns", "--raw", custom_streams=[wrong])
    assert result.returncode == 1
    assert json.loads(result.stdout)["data"]["list"]
    assert f"GET {call.sim.url}/campaign/get/?" in result.stderr
    assert "\n  $.data.list[*] (" in result.stderr
    assert "records_path $.data.campaigns[*] of custom stream 'my_campaigns'" in result.stderr


@pytest.mark.parametrize("sim", [{"campaigns": 8}], indirect=True)
def test_sample_looks_up_few_values(call: Caller) -> None:
    """A look-up reads as much of its stream as a sample can use."""
    ads = {
        "name": "my_ads",
        "url": "/ad/get/",
        "lookups": {
            "one": {"stream": "campaigns.campaign_id", "where": {"campaign_system_origin": None}}
        },
        "params": {
            "advertiser_id": "{advertiser_id}",
            "filtering": {"campaign_ids": ["{one.campaign_id}"]},
        },
    }
    result = call("sample", "my_ads", custom_streams=[ads])
    assert result.returncode == 0, result.stderr
    assert call.paths == [*FINDING, "/campaign/get/", "/ad/get/"]


@pytest.mark.parametrize("arguments", [["sample", "my_campaigns"], ["--discover"]])
def test_look_up_without_values(call: Caller, arguments: list[str]) -> None:
    """Where a look-up finds nothing, that is warned of and nothing is asked for."""
    lookup = {"stream": "campaigns.campaign_id", "where": {"campaign_name": "none such"}}
    params = {"advertiser_id": "{advertiser_id}", "x": "{one.campaign_id}"}
    entry = {**CAMPAIGNS, "url": "/ad/get/", "lookups": {"one": lookup}, "params": params}
    result = call(*arguments, custom_streams=[entry])
    assert result.returncode == 0, result.stderr
    assert "Lookup 'one' has no values for advertiser" in result.stderr
    assert "/ad/get/" not in call.paths


def test_sample_raw(call: Caller) -> None:
    """--raw prints the answer as it came, and nothing else on stdout."""
    result = call("sample", "campaigns", "--raw")
    answer = json.loads(result.stdout)
    assert answer["code"] == 0
    assert answer["request_id"] in result.stderr
    assert re.search(r'"create_time":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"', result.stdout)


def test_sample_masks_secrets_in_requests(call: Caller) -> None:
    """A secret that a definition puts into its request is masked, too."""
    entry = {
        **CAMPAIGNS,
        "headers": {"X-Copy": call.sim.access_token},
        "body": {"advertiser_id": "{advertiser_id}", "secret": call.sim.app_secret},
        "method": "POST",
    }
    result = call("sample", "my_campaigns", custom_streams=[entry])
    assert '"secret":"***"' in result.stdout
    assert "X-Copy: ***" in result.stdout


def test_sample_infers_a_schema(call: Caller) -> None:
    """The schema that --infer-schema writes fits the stream's rows, and serves as 'schema'."""
    file = call.folder / "schema.json"
    call("sample", "my_campaigns", "--infer-schema", str(file), custom_streams=[CAMPAIGNS])
    inferred = json.loads(file.read_text("utf-8"))
    assert inferred["properties"]["campaign_id"]["type"] == ["string", "null"]
    entry = {**CAMPAIGNS, "schema": str(file)}
    rows = run(config_for(call.sim, custom_streams=[entry]), ["my_campaigns"])
    assert rows.records["my_campaigns"]
    for row in rows.records["my_campaigns"]:
        jsonschema.validate(row, inferred)


def test_sample_cannot_write_a_schema(call: Caller) -> None:
    """A schema file that cannot be written, or no rows to infer one from, is an error."""
    result = call("sample", "pixels", "--infer-schema", str(call.folder / "none" / "s.json"))
    assert result.returncode == 1
    assert "s.json cannot be written: No such file or directory." in result.stderr
    call.sim.add_fault("no_records", path="/pixel/list/", times=None)
    result = call("sample", "pixels", "--infer-schema", str(call.folder / "s.json"))
    assert result.returncode == 1
    assert "No records received to infer a schema from." in result.stderr


def test_tables_on_a_terminal(sim: Simulator, tmp_path: Path) -> None:
    """On a terminal a table that fits is drawn, one that does not becomes a line a value."""
    config = written(tmp_path, "c.json", config_for(sim))
    shown = on_terminal("sample", "campaigns", "--limit", "1", "--config", config)
    assert "\x1b[1;36mcampaign_id" in shown
    assert "│" not in shown
    plain = on_terminal("doctor", "--config", config, NO_COLOR="1")
    assert re.search(r"│ campaigns +│ ok +│ ok +│", plain)
    assert not re.search(r"\x1b\[[0-9;]*3\d", plain)


# doctor


def grid(result: str) -> dict[tuple[str, str], str]:
    """The cells of the grid that doctor prints, by stream and advertiser."""
    lines = [line.split("\t") for line in result.splitlines()]
    start = next(number for number, line in enumerate(lines) if line[0] == "stream")
    return {
        (line[0], owner): cell
        for line in lines[start + 1 :]
        for owner, cell in zip(lines[start][1:], line[1:], strict=True)
        if cell
    }


def test_doctor(call: Caller) -> None:
    """With a token that may read all, every cell is ok and nothing is asked for twice.

    What belongs to no advertiser has one cell. Look-ups read their few values at full pages.
    """
    result = call("doctor")
    requests = list(call.sim.requests)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Token: valid.\nApp: valid, 2 advertiser(s) authorized it.\n" in result.stdout
    assert re.search(r"^Clock: \+\d s\.$", result.stdout, re.MULTILINE)
    rows = run(config_for(call.sim), ["advertisers"]).records["advertisers"]
    for row in rows:
        facts = [row[name] for name in ("advertiser_id", "name", "status", "timezone", "currency")]
        assert "\t".join([*facts, "true"]) in result.stdout.splitlines()
    cells = grid(result.stdout)
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
    assert set(cells.values()) <= {"ok", "empty?"}  # in some zone the day may be too young
    sent = collections.Counter((one.path, str(one.params)) for one in requests)
    assert set(sent.values()) == {1}
    sizes = collections.defaultdict(set)
    for one in requests:
        if "page_size" in one.params:
            sizes[one.path].add(one.params["page_size"])
    assert {path for path, found in sizes.items() if found != {"1"}} <= SOURCES
    assert all("1" in found for found in sizes.values())
    params = [one.params for one in requests]
    assert all(one["start_date"] == one["end_date"] for one in params if "start_date" in one)


def test_doctor_as_json(call: Caller) -> None:
    """--json tells the same."""
    found = call.json("doctor", simulator={"tier": "ultimate"})
    assert found["token"] == {"valid": True}
    assert found["app"] == {"configured": True, "valid": True, "advertisers": 2}
    assert abs(found["clock_skew_seconds"]) < 60  # clocks agree, as far as a busy machine shows
    assert [one["advertiser_id"] for one in found["advertisers"]] == call.ids
    assert all(one["readable"] for one in found["advertisers"])
    assert found["streams"]["pixels"][call.ids[0]]["result"] == "ok"
    assert found["tier"] == {
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
def test_doctor_tells_what_may_not_be_read(
    call: Caller, code: int, cell: str, exit_code: int
) -> None:
    """What TikTok refuses shows in its cell, with the sentence on stderr, and in the exit code."""
    _, second = call.ids
    call.sim.add_fault("code", path="/pixel/list/", advertiser_id=second, code=code, times=None)
    result = call("doctor")
    cells = grid(result.stdout)
    assert cells.pop(("pixels", second)) == cell
    assert cells.pop(("pixel_event_statistics", second)) == cell  # whose pixels are looked up
    assert set(cells.values()) <= {"ok", "empty?"}
    assert f"code {code}" in result.stderr
    assert result.returncode == exit_code


@pytest.mark.parametrize("sim", [{"no_smart_plus": True}], indirect=True)
def test_doctor_without_smart_plus(call: Caller) -> None:
    """A feature that the account lacks is not available, which is no error."""
    result = call("doctor")
    cells = grid(result.stdout)
    for id_ in call.ids:  # a report of ordinary ads, too
        assert cells.pop(("smart_plus_ad_performance_report", id_)) in {"ok", "empty?"}
    found = {cell for (stream, _), cell in cells.items() if "smart" in stream}
    assert len(found) == 1
    assert found.pop().startswith("not available (")
    assert result.returncode == 3


def test_doctor_with_an_advertiser_that_is_not_granted(call: Caller) -> None:
    """An advertiser that may not be read at all is listed as such."""
    ids = [*call.ids, "7000000000000000009"]
    found = call.json("doctor", code=3, advertiser_ids=ids)
    assert [one["readable"] for one in found["advertisers"]] == [True, True, False]
    assert_refused(call("doctor", advertiser_ids=ids[2:]), "None of the advertisers may be read")


def test_doctor_with_a_wrong_app(call: Caller) -> None:
    """An app that TikTok refuses is told, with exit code 1; the token still is examined."""
    result = call("doctor", app_secret="wrong-secret-of-an-app", advertiser_ids=call.ids)
    assert result.returncode == 1
    assert "App: TikTok answered /oauth2/advertiser/get/ with code 401" in result.stdout
    assert "wrong-secret-of-an-app" not in result.stdout + result.stderr
    cells = grid(result.stdout)
    assert cells.pop(("authorized_advertisers", "all")).startswith("no permission (401")
    assert set(cells.values()) <= {"ok", "empty?"}


def test_doctor_without_an_app(call: Caller) -> None:
    """Without app_id and app_secret nothing is asked about the app."""
    result = call("doctor", app_id=None, app_secret=None, advertiser_ids=call.ids)
    assert result.returncode == 0
    assert "App: app_id and app_secret are not set.\n" in result.stdout
    assert "/oauth2/advertiser/get/" not in call.paths


def test_doctor_compares_clocks(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is more than a minute off TikTok's is warned of."""
    past = "Thu, 01 Jan 2026 00:00:00 GMT"
    monkeypatch.setattr("tap_tiktok_ads.simulator.http.connections.formatdate", lambda **_: past)
    result = call("doctor")
    assert re.search(r"This machine's clock is \+\d+ s off TikTok's", result.stderr)
    assert result.returncode == 0


# plan


def firsts(sim: Simulator) -> list[str]:
    """The endpoints of the distinct first pages that were requested. Reviews follow lists.

    Whether there are TopView ads to be reported, only their listing tells.
    """
    first_pages = {
        (one.path, json.dumps(dict(one.params)))
        for one in sim.requests
        if one.params.get("page", "1") == "1"
        and "review" not in one.path
        and not (asks_for_top_view(one) and one.path.startswith("/report/"))
    }
    return sorted(path for path, _ in first_pages)


def test_plan_counts_what_a_run_asks_for(call: Caller) -> None:
    """The requests of the plan are the first pages of a run; it finds advertisers, no more."""
    found = call.json("plan")
    assert call.paths == FINDING
    call.sim.requests.clear()
    run(config_for(call.sim))
    asked = firsts(call.sim)
    asked.remove(FINDING[0])
    assert found["requests"] == len(asked)
    reports = [part for part in found["parts"] if part["stream"] == "ad_performance_report"]
    assert len(reports) == 2
    sent = [
        one.params
        for one in call.sim.requests
        if one.params.get("data_level") == "AUCTION_AD" and one.params["report_type"] == "BASIC"
    ]
    for part in reports:
        own = [one for one in sent if one["advertiser_id"] == part["advertiser_id"]]
        assert (part["windows"], part["requests"], part["at_least"]) == (2, 2, False)
        assert part["first_day"] == min(one["start_date"] for one in own)
        assert part["last_day"] == max(one["end_date"] for one in own)


def test_plan_as_table(call: Caller) -> None:
    """The table says 'at least' of listings, and the last line what it all takes."""
    first, _ = call.ids
    result = call(
        "plan", simulator={"tier": "basic"}, start_date="2026-01-01", end_date="2026-01-31"
    )
    assert f"campaigns\t{first}\t\t\t\tat least 2\n" in result.stdout
    assert f"campaign_country_report\t{first}\t2\t2026-01-01\t2026-01-31\t2\n" in result.stdout
    requests = call.json("plan", start_date="2026-01-01", end_date="2026-01-31")["requests"]
    assert result.stdout.endswith(
        f"At least {requests} requests: {requests / 9.5 / 60:.1f} minutes at 9.5 a second, "
        "0.01% of the daily budget of 864,000.\n"
    )


def bookmarked(call: Caller, advertiser_id: str, day: str) -> str:
    """A state file with the covered days of the ad report."""
    partition = {
        "context": {"advertiser_id": advertiser_id},
        "replication_key": "stat_time_day",
        "replication_key_value": day,
        "covered": [["2025-12-01", day]],
    }
    state = {"bookmarks": {"ad_performance_report": {"partitions": [partition]}}}
    return written(call.folder, "state.json", state)


def test_plan_applies_bookmarks(call: Caller) -> None:
    """With --state the days are those that are not covered."""
    first, second = call.ids
    file = bookmarked(call, first, "2026-01-20")
    found = call.json("plan", "--state", file, start_date="2026-01-01", end_date="2026-01-31")
    days = {
        part["advertiser_id"]: part["first_day"]
        for part in found["parts"]
        if part["stream"] == "ad_performance_report"
    }
    assert days == {first: "2026-01-21", second: "2026-01-01"}


def test_plan_without_days(call: Caller) -> None:
    """Where all days are covered, there are no windows, and that is shown."""
    first, _ = call.ids
    file = bookmarked(call, first, "2026-01-31")
    found = call.json("plan", "--state", file, start_date="2026-01-01", end_date="2026-01-10")
    part = next(
        part
        for part in found["parts"]
        if (part["stream"], part["advertiser_id"]) == ("ad_performance_report", first)
    )
    assert (part["windows"], part["requests"], part["first_day"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("stream", "windows", "requests", "at_least"),
    [
        ("pixels", None, 1, True),
        ("audience_report_by_dma", 2, 2, False),
        ("comments", 2, 2, True),  # how many ad groups are looked up is not known yet
    ],
)
def test_plan_of_a_catalog(
    call: Caller,
    stream: str,
    windows: int | None,
    requests: int,
    at_least: bool,
) -> None:
    """With --catalog only what is selected is planned."""
    catalog = json.loads(call("--discover").stdout)
    for entry in catalog["streams"]:
        entry["metadata"] = [
            {"breadcrumb": [], "metadata": {"selected": entry["tap_stream_id"] == stream}}
        ]
    found = call.json("plan", "--catalog", written(call.folder, "catalog.json", catalog))
    assert {part["stream"] for part in found["parts"]} == {stream}
    for part in found["parts"]:
        assert (part["windows"], part["requests"]) == (windows, requests)
        assert part["at_least"] == at_least
    assert found["requests"] == 2 * requests


def test_plan_of_custom_streams(call: Caller) -> None:
    """No schema is inferred and no look-up made for a plan."""
    ads = {**CAMPAIGNS, "name": "more", "for_each": "campaigns.campaign_id"}
    ads["params"] = {"advertiser_id": "{advertiser_id}", "x": "{campaigns.campaign_id}"}
    found = call.json("plan", custom_streams=[CAMPAIGNS, ads, {**PLACES, "name": "other"}])
    assert call.paths == FINDING
    parts = [part for part in found["parts"] if part["stream"] in {"my_campaigns", "more"}]
    assert [(part["requests"], part["at_least"]) for part in parts] == [(1, True)] * 4


@pytest.mark.parametrize(
    ("tier", "requests", "seconds", "share"),
    [
        ("basic", {"/a/": 95, "/b/": 95}, 20, 190 / 864_000),
        ("basic", {"/gmv_max/report/get/": 380}, 100, 380 / 20_000),
        ("sandbox", {"/a/": 19, "/b/": 38}, 80, 38 / 1000),
        ("premium", {}, 0, 0),
    ],
)
def test_what_requests_need(
    tier: str, requests: dict[str, int], seconds: float, share: float
) -> None:
    """Time and share are those of the limit that is reached first."""
    assert TIERS[tier].estimate(requests) == pytest.approx((seconds, share))


# authorize


class Authorization:
    """The command on a simulator's app."""

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
        """Run it; nothing secret may be told."""
        config = written(self.folder, "app.json", {**self.app, **settings})
        result = command("authorize", "--config", config, *arguments, cwd=self.folder)
        assert "Traceback" not in result.stderr
        for secret in (self.sim.access_token, self.sim.app_secret, self.sim.auth_code):
            assert secret not in result.stdout + result.stderr
        return result

    @property
    def written(self) -> t.Any:
        """What the token file holds."""
        return json.loads(self.output.read_text("utf-8"))

    @property
    def mode(self) -> int:
        """Who may read and write the token file."""
        return stat.S_IMODE(self.output.stat().st_mode)


@pytest.fixture
def authorize(sim: Simulator, tmp_path: Path) -> Authorization:
    """The command on the small world."""
    return Authorization(sim, tmp_path)


def test_authorization_url(authorize: Authorization) -> None:
    """Without a code the page of the portal is printed, and nothing asked of TikTok."""
    result = authorize("--state", "a b", "--redirect-uri", "https://app.example/cb?x=1")
    assert result.stdout == (
        f"https://business-api.tiktok.com/portal/auth?app_id={authorize.sim.app_id}&state=a+b"
        "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1\n"
    )
    assert result.returncode == 0
    assert "--auth-code" in result.stderr
    assert authorize.sim.requests == []


@pytest.mark.parametrize("whole_url", [False, True])
def test_authorize(authorize: Authorization, *, whole_url: bool) -> None:
    """A code, or the whole URL of the redirect, becomes a token in a file for its owner alone."""
    sim = authorize.sim
    url = f"https://app.example/cb?code=other&auth_code={sim.auth_code}&state=s"
    code = url if whole_url else sim.auth_code
    result = authorize("--auth-code", code, "--output", str(authorize.output), "--state", "s")
    assert result.returncode == 0, result.stderr
    ids = list(sim.world.advertiser_ids)
    assert authorize.written == {"access_token": sim.access_token, "advertiser_ids": ids}
    assert authorize.mode == 0o600
    assert [one.path for one in sim.requests] == [
        "/oauth2/access_token/",
        "/oauth2/advertiser/get/",
    ]
    assert sim.requests[0].params == {
        "app_id": sim.app_id,
        "secret": sim.app_secret,
        "auth_code": sim.auth_code,
    }
    for one in ids:
        assert f"{one}\t{sim.world.accounts[one].name}\n" in result.stdout
    assert {file.name for file in authorize.folder.iterdir()} == {"app.json", "token.json"}
    app = str(authorize.folder / "app.json")
    result = command("plan", "--config", app, "--config", str(authorize.output))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o600, 0o600), (0o400, 0o400)])
def test_authorize_into_a_file_that_exists(
    authorize: Authorization, before: int, after: int
) -> None:
    """Other members of the file stay, links stay links, and its mode is never widened."""
    real = authorize.folder / "real.json"
    real.write_text('{"start_date": "2026-01-01", "access_token": "old"}', "utf-8")
    real.chmod(before)
    authorize.output.symlink_to(real)
    result = authorize("--auth-code", authorize.sim.auth_code, "--output", str(authorize.output))
    assert result.returncode == 0, result.stderr
    assert authorize.output.is_symlink()
    assert authorize.mode == after
    assert list(authorize.written) == ["start_date", "access_token", "advertiser_ids"]
    assert authorize.written["access_token"] == authorize.sim.access_token


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        ((), {}, "--output FILE is needed for the token; the code has not been used."),
        (("--output", "x.json"), {"app_id": None}, "No app_id"),
        (("--output", "x.json"), {"app_secret": None}, "No app_secret"),
        (("--output", "none/x.json"), {}, "cannot be written: No such file or directory."),
        (("--output", "list.json"), {}, "does not hold a JSON object"),
        (("--output", "x.json"), {"api_url": None}, "run `simulator`, and set its api_url."),
        (("--output", "x.json"), {"app_di": "1"}, "Unknown setting 'app_di'"),
    ],
)
def test_authorize_refuses_before_the_exchange(
    authorize: Authorization, arguments: tuple[str, ...], settings: dict[str, t.Any], sentence: str
) -> None:
    """The code is used once all that the token needs is there."""
    written(authorize.folder, "list.json", [])
    result = authorize("--auth-code", authorize.sim.auth_code, *arguments, **settings)
    assert_refused(result, sentence)
    assert authorize.sim.requests == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://app.example/cb?code=1", "The URL of the redirect has no auth_code."),
        ("https://app.example/cb?auth_code=1&state=t", "The redirect brought back another state"),
    ],
)
def test_authorize_refuses_a_redirect(authorize: Authorization, url: str, sentence: str) -> None:
    """A redirect without a code, or from another authorisation, is not used."""
    result = authorize("--auth-code", url, "--state", "s", "--output", str(authorize.output))
    assert_refused(result, sentence)
    assert authorize.sim.requests == []


def test_authorize_with_a_wrong_code(authorize: Authorization) -> None:
    """A code that TikTok refuses is tried once, and the file stays as it was."""
    authorize.output.write_text('{"access_token": "old"}', "utf-8")
    result = authorize("--auth-code", "wrong", "--output", str(authorize.output))
    assert_refused(result, "code 40110")
    assert authorize.written == {"access_token": "old"}
    assert len(authorize.sim.requests) == 1


def test_authorize_keeps_a_token_whose_advertisers_cannot_be_listed(
    authorize: Authorization,
) -> None:
    """Once there is a token it is kept, whatever happens next: its code is used up."""
    authorize.sim.add_fault("code", path="/oauth2/advertiser/get/", code=40105, times=None)
    result = authorize("--auth-code", authorize.sim.auth_code, "--output", str(authorize.output))
    assert_refused(result, "code 40105")
    assert authorize.written["access_token"] == authorize.sim.access_token
    assert authorize.written["advertiser_ids"] == list(authorize.sim.world.advertiser_ids)


@pytest.mark.parametrize("before", [None, {"access_token": "old", "advertiser_ids": ["7"]}])
def test_authorize_without_an_advertiser(
    authorize: Authorization, before: dict[str, t.Any] | None
) -> None:
    """If no advertiser is granted, nothing is written: an empty list would later mean all."""
    if before is not None:
        authorize.output.write_text(json.dumps(before), "utf-8")
    data: dict[str, dict[str, t.Any]] = {
        "/oauth2/access_token/": {"access_token": authorize.sim.access_token},
        "/oauth2/advertiser/get/": {"list": []},
    }
    with serving(lambda call: envelope(data[call.path])) as (url, _):
        arguments = ("--auth-code", "code", "--output", str(authorize.output))
        result = authorize(*arguments, api_url=url)
    assert result.returncode == 1
    assert "No advertiser granted access to the app" in result.stderr
    assert (authorize.written if authorize.output.exists() else None) == before


def test_authorize_on_a_terminal(authorize: Authorization) -> None:
    """On a terminal the code and the secret are asked for; the secret is not shown."""
    config = written(authorize.folder, "app.json", {**authorize.app, "app_secret": None})
    code = f"https://app.example/cb?auth_code={authorize.sim.auth_code}"
    shown = on_terminal(
        *("authorize", "--config", config, "--output", str(authorize.output)),
        answers={
            "auth_code or URL of the redirect: ": code,
            "app_secret: ": authorize.app["app_secret"],
        },
    )
    assert f"portal/auth?app_id={authorize.sim.app_id}\r\n" in shown
    assert f"Wrote access_token and advertiser_ids to {authorize.output}" in shown
    assert authorize.sim.app_secret not in shown
    assert authorize.written["access_token"] == authorize.sim.access_token


@pytest.mark.parametrize("wide", ["100", "30"])
def test_colours(tmp_path: Path, wide: str) -> None:
    """Names of columns are coloured on a terminal, unless NO_COLOR says otherwise."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"environment": "simulator", "simulator": {"advertisers": 1}}))
    arguments = ("plan", "--config", str(config))
    cyan = "\x1b[1;36m"
    assert cyan in on_terminal(*arguments, COLUMNS=wide)
    plain = on_terminal(*arguments, COLUMNS=wide, NO_COLOR="1")
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
    """A report that no catalog selects is sampled with all its metrics."""
    result = call("sample", stream, report_metrics={stream: metrics})
    assert result.returncode == 0, result.stderr
    assert json.loads(call.sim.requests[-1].params["metrics"]) == metrics
