"""The executable as users run it: processes, pipes, files, signals."""

from __future__ import annotations

import collections
import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from conftest import PATIENCE, SMALL, SPARSE, command, config_for

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TOKEN = "secret-token-that-must-not-be-seen"
#: Requests of tasks that make files, with their maximum number: three regions, four requests each.
FILE_REQUESTS = (
    ("/page/lead/task/", 12),
    ("/page/lead/task/download/", 3),
    ("/changelog/task/create/", 1),
    ("/changelog/task/check/", 3),
    ("/changelog/task/download/", 1),
)
#: Requests of a connection test for the IDs of items of GMV Max reports, and of sessions.
STEPS = 9
VALID = {"access_token": TOKEN, "advertiser_ids": ["7000000000000000001"]}


def written(folder: Path, name: str, content: t.Any) -> str:
    """Write a file and return its path. Content that is not text is written as JSON."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def assert_one_error(
    result: subprocess.CompletedProcess[str], sentence: str, code: int = 1
) -> None:
    """Assert that a process printed one error on stderr, without stdout, traceback and token."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert TOKEN not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("tap-tiktok-ads: ")]
    assert len(errors) == 1, result.stderr
    assert sentence in errors[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"access_token": None}, "Setting 'access_token' is required."),
        ({"environment": "prodution"}, "Did you mean 'production'?"),
        ({"start_dat": "2026-01-01"}, "Unknown setting 'start_dat': did you mean 'start_date'?"),
        ({"start_date": "2026-02-30"}, "Setting 'start_date': '2026-02-30' is not a date"),
        ({"start_date": "{now-30q}"}, "has the unknown unit 'q'"),
        ({"start_date": "{nov-30}"}, "is not a date macro"),
        (
            {"start_date": "2026-02-02", "end_date": "2026-02-01"},
            "must not be after 'end_date', got '2026-02-02' and '2026-02-01'.",
        ),
        (
            {"advertiser_ids": ["70000000000abc"]},
            "must contain IDs of digits only, got '70000000000abc'.",
        ),
        ({"api_url": "http://proxy.example"}, "unencrypted"),
        (
            {"lookback_days": "seven"},
            "Setting 'lookback_days' must be an integer or 'auto', got 'seven'.",
        ),
        ({"advertiser_ids": []}, "Setting 'advertiser_ids' is required."),
        ({"environment": "simulator", "simulator": {"sed": 1}}, "Setting 'simulator'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_invalid_setting_prints_one_error(
    tmp_path: Path, changes: dict[str, t.Any], sentence: str
) -> None:
    """An invalid setting ends the run with one sentence."""
    config = written(tmp_path, "config.json", VALID | changes)
    assert_one_error(command("--config", config), sentence)


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--config", "{", "at line 1, column 2"),
        ("--config", "[1]", "must contain a JSON object, got a list."),
        ("--state", "not json", "is not JSON"),
        ("--state", {"bookmarks": []}, "expected 'bookmarks' to be an object, got a list"),
        ("--catalog", "{]", "is not JSON"),
        ("--catalog", {"stream": []}, "is not a Singer catalog"),
    ],
)
def test_invalid_file_prints_one_error(
    tmp_path: Path, option: str, content: t.Any, sentence: str
) -> None:
    """An invalid config, state or catalog file ends the run with one sentence."""
    config = written(tmp_path, "valid.json", VALID)
    invalid = written(tmp_path, "invalid.json", content)
    assert_one_error(command("--config", config, option, invalid), sentence)


def test_missing_config_file_is_named(tmp_path: Path) -> None:
    """The error for a missing config file names the file."""
    assert_one_error(command("--config", str(tmp_path / "none.json")), "none.json cannot be read")


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_RETRIES", "seven"), ("INCLUDE_DELETED", "maybe"), ("SIMULATOR", "{")],
)
def test_invalid_environment_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    """An environment variable of the wrong type is an error that names it."""
    env = {**os.environ, f"TAP_TIKTOK_ADS_{name}": value}
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert_one_error(result, f"Environment variable TAP_TIKTOK_ADS_{name} must be")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TAP_TIKTOK_ADS_STREAM_MAPS", "{", "STREAM_MAPS must be an object in JSON, got a string."),
        (
            "TAP_TIKTOK_ADS_FLATTENING_ENABLED",
            "maybe",
            "ENABLED must be a boolean, got 'maybe'.",
        ),
        ("TAP_TIKTOK_ADS_FLATTENING_MAX_DEPTH", "x", "MAX_DEPTH must be an integer, got 'x'."),
        ("LOGLEVEL", "verbose", "LOGLEVEL must be one of DEBUG"),
        ("TAP_TIKTOK_ADS_LOGLEVEL", "10", "CRITICAL, got '10'."),
        ("SINGER_SDK_LOG_CONFIG", ".", "variable SINGER_SDK_LOG_CONFIG must name"),
    ],
)
def test_invalid_sdk_variable_prints_one_error(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    """An invalid variable of the SDK ends the run with one sentence."""
    result = command("--config", "ENV", env={**os.environ, name: value}, cwd=tmp_path)
    assert_one_error(result, sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"TAP_TIKTOK_ADS_USER_AGENT=\xe9", ".env with environment variables is not UTF-8 text."),
        (
            b"TAP_TIKTOK_ADS_USER_AGENT=a\0b",
            ".env with environment variables cannot be read: embedded null byte.",
        ),
    ],
)
def test_invalid_dotenv_prints_one_error(tmp_path: Path, content: bytes, sentence: str) -> None:
    """An invalid `.env` file ends the run with one sentence."""
    (tmp_path / ".env").write_bytes(content)
    assert_one_error(command("--config", "ENV", cwd=tmp_path), sentence)


def test_unknown_environment_variables_are_logged(tmp_path: Path) -> None:
    """Misspelled variables are logged with the closest setting. Meltano's variables are not."""
    names = ["ACESS_TOKEN", "ZZZ", "_SELECT", "LOGLEVEL"]
    env = os.environ | {f"TAP_TIKTOK_ADS_{name}": "INFO" for name in names}
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert result.returncode == 1
    warned = [line for line in result.stderr.splitlines() if "not name a setting" in line]
    assert len(warned) == 2
    assert (
        "ACESS_TOKEN does not name a setting. Did you mean TAP_TIKTOK_ADS_ACCESS_TOKEN?"
        in warned[0]
    )
    assert "TAP_TIKTOK_ADS_ZZZ does not name a setting" in warned[1]


def test_invalid_stream_map_prints_one_error(tmp_path: Path) -> None:
    """A stream map that cannot be evaluated is reported as an invalid setting."""
    maps = {"campaigns": {"label": "no_such_column + 1 +"}}
    config = written(tmp_path, "config.json", VALID | {"stream_maps": maps})
    assert_one_error(command("--config", config), "Setting 'stream_maps'")


def test_secrets_are_not_logged(sim: Simulator, tmp_path: Path) -> None:
    """Neither the token nor the app secret is in the output, even at level DEBUG."""
    config = written(tmp_path, "c.json", config_for(sim))
    env = {**os.environ, "TAP_TIKTOK_ADS_LOGLEVEL": "DEBUG"}
    result = command("--config", config, env=env)
    assert result.returncode == 0
    assert "DEBUG" in result.stderr
    for secret in (sim.access_token, sim.app_secret):
        assert secret not in result.stdout + result.stderr


def test_invalid_token_prints_one_error(sim: Simulator, tmp_path: Path) -> None:
    """An invalid token (40105) ends the run with one sentence."""
    config = written(tmp_path, "c.json", config_for(sim, access_token=TOKEN))
    assert_one_error(command("--config", config), "code 40105")


def test_only_inaccessible_advertisers_is_an_error(sim: Simulator, tmp_path: Path) -> None:
    """If no advertiser is accessible, the run fails."""
    config = written(tmp_path, "c.json", config_for(sim, advertiser_ids=["7000000000000000009"]))
    assert_one_error(command("--config", config), "Cannot read any advertiser")


def test_inaccessible_advertiser_is_skipped(sim: Simulator, tmp_path: Path) -> None:
    """An inaccessible advertiser is skipped with a warning if others are accessible."""
    ids = ["7000000000000000009", *sim.world.advertiser_ids]
    config = written(tmp_path, "c.json", config_for(sim, advertiser_ids=ids))
    result = command("--config", config)
    assert result.returncode == 0
    assert "Skipping 1 advertiser(s)" in result.stderr
    assert "7000000000000000009" in result.stderr
    assert records_of(result.stdout.splitlines())


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_excluding_all_advertisers_is_an_error(sim: Simulator, tmp_path: Path) -> None:
    """Excluding the only advertiser is an error."""
    config = config_for(sim, exclude_advertiser_ids=sim.world.advertiser_ids)
    result = command("--config", written(tmp_path, "c.json", config))
    assert_one_error(result, "leaves none of")


def records_of(lines: t.Iterable[str]) -> set[str]:
    """Return the records of a run as a set of JSON texts."""
    return {
        json.dumps([message["stream"], message["record"]], sort_keys=True)
        for message in map(json.loads, lines)
        if message["type"] == "RECORD"
    }


def test_discover_needs_no_settings(tmp_path: Path) -> None:
    """`--discover` lists all streams without settings and without a network."""
    result = command("--discover", cwd=tmp_path)
    assert result.returncode == 0
    streams = {entry["tap_stream_id"] for entry in json.loads(result.stdout)["streams"]}
    assert streams == {stream.name for stream in STREAMS}


def test_discover_warns_of_unknown_settings(tmp_path: Path) -> None:
    """`--discover` warns of a setting that does not exist, and suggests a similar one."""
    config = written(tmp_path, "c.json", {"acess_token": "t", "check_totals": True})
    result = command("--config", config, "--discover")
    assert result.returncode == 0
    assert "Unknown setting 'acess_token': did you mean 'access_token'?" in result.stderr
    assert "Setting 'check_totals' was removed." in result.stderr
    assert json.loads(result.stdout)["streams"]


def test_about_lists_settings_and_secrets() -> None:
    """`--about` lists every setting, and marks the secret settings."""
    result = command("--about", "--format", "json")
    settings = json.loads(result.stdout)["settings"]["properties"]
    assert {name for name, spec in settings.items() if spec.get("secret")} == {
        "access_token",
        "app_secret",
        "shared_budget",
    }
    assert settings["start_date"]["default"] == "{now-29}"


def test_connection_test_writes_one_record_per_stream(sim: Simulator, tmp_path: Path) -> None:
    """`--test` writes at most one record of each stream, and requests only its first page.

    Lookups read all pages of their sources. Only the list of pixels may be requested twice. A task
    that makes a file is created and checked, and its file is downloaded.
    """
    config = written(tmp_path, "c.json", config_for(sim))
    result = command("--config", config, "--test", "--select", "*")
    assert result.returncode == 0
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    streams = [message["stream"] for message in messages if message["type"] == "RECORD"]
    assert sorted(streams) == sorted({stream.name for stream in STREAMS} - {"sync_errors"})
    sources = {"/adgroup/get/", "/ad/get/", "/pixel/list/", "/bc/get/", "/gmv_max/store/list/"}
    tasks = {path for path, _ in FILE_REQUESTS}
    lookups = [request for request in sim.requests if request.path in sources]
    repeated = collections.Counter((request.path, str(request.params)) for request in lookups)
    assert {path for (path, _), count in repeated.items() if count > 1} <= {"/pixel/list/"}
    counts = collections.Counter(request.path for request in sim.requests)
    assert all(counts[path] <= most for path, most in FILE_REQUESTS)
    assert (
        len(sim.requests) - len(lookups) - sum(counts[path] for path in tasks)
        <= len(STREAMS) - len(sources) - 2 + 3 + 9 + STEPS
    )  # reconciliation requests all levels


def test_settings_come_from_the_environment(sim: Simulator, tmp_path: Path) -> None:
    """With `--config ENV`, settings come from TAP_TIKTOK_ADS_*, and IDs are separated by commas."""
    config = config_for(sim)
    env = {
        **os.environ,
        **{f"TAP_TIKTOK_ADS_{name.upper()}": str(value) for name, value in config.items()},
    }
    env["TAP_TIKTOK_ADS_ADVERTISER_IDS"] = ",".join(sim.world.advertiser_ids)
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert records_of(result.stdout.splitlines())
    assert {request.path for request in sim.requests} >= {"/ad/get/", "/advertiser/info/"}
    assert "/oauth2/advertiser/get/" not in {request.path for request in sim.requests}


def started(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start the executable as a process with its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """A config file and the records of a complete run. The simulator keeps running."""
    with Simulator({**SMALL, "latency_ms": 5}) as sim:
        config = written(tmp_path_factory.mktemp("complete"), "c.json", config_for(sim))
        yield config, records_of(command("--config", config).stdout.splitlines())


@pytest.mark.parametrize("lines_before", [1, 60, 400, 2000])
def test_run_resumes_after_sigterm(
    uninterrupted: tuple[str, set[str]], tmp_path: Path, lines_before: int
) -> None:
    """SIGTERM ends a run with exit code 143, and a second run completes the records."""
    config, complete = uninterrupted
    process = started("--config", config, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(lines_before)]
    process.send_signal(signal.SIGTERM)
    lines += process.stdout.readlines()
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 143
    states = [message for message in map(json.loads, lines) if message["type"] == "STATE"]
    assert states[-1] == json.loads(lines[-1])
    state = written(tmp_path, "state.json", states[-1]["value"])
    second = command("--config", config, "--state", state)
    assert second.returncode == 0
    assert records_of(lines) < complete
    assert records_of(lines) | records_of(second.stdout.splitlines()) == complete


def test_closed_target_prints_one_error(sim: Simulator, tmp_path: Path) -> None:
    """A target that stops reading ends the run with one sentence and exit code 1."""
    config = written(tmp_path, "c.json", config_for(sim))
    process = started("--config", config)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE) == 1
    assert "The target stopped reading" in errors
    assert "Traceback" not in errors


def test_full_stdout_prints_one_error(uninterrupted: tuple[str, set[str]]) -> None:
    """A full stdout ends the run with one sentence."""
    with Path("/dev/full").open("w", encoding="utf-8") as device:
        result = subprocess.run(
            [sys.executable, "-m", "tap_tiktok_ads", "--config", uninterrupted[0]],
            stdout=device,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "tap-tiktok-ads: Cannot write to stdout: No space left on device." in result.stderr
    assert "Traceback" not in result.stderr


def target_jsonl() -> str:
    """Return the path of target-jsonl, which `make test` installs."""
    path = os.environ.get("TARGET_JSONL", str(ROOT / ".venv-target/bin/target-jsonl"))
    if not Path(path).exists():
        pytest.skip("target-jsonl is not installed: run `make test`")
    return path


def test_demo_loads_every_record(tmp_path: Path) -> None:
    """`make demo` loads every record of the simulator into target-jsonl.

    The simulator has fewer objects than in `sample_config.json`.
    """
    config = json.loads((ROOT / "sample_config.json").read_text("utf-8"))
    config["simulator"] = {**SPARSE, **config["simulator"]}
    output = tmp_path / "output"
    output.mkdir()
    result = subprocess.run(
        [
            *(sys.executable, str(ROOT / "scripts/demo.py")),
            *("--config", written(tmp_path, "config.json", config)),
            *("--target", target_jsonl(), "--output", str(output)),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "All record counts match the simulator." in result.stdout
    default = [stream for stream in STREAMS if stream.selected_by_default]
    assert sum(1 for _ in output.glob("*.jsonl")) == len(default) == 19


def test_summary_counts_records_requests_and_retries(sim: Simulator, tmp_path: Path) -> None:
    """A run ends with the records, requests, retries and waiting time of each stream."""
    sim.add_fault("http", path="/pixel/list/", status=502)
    result = command("--config", written(tmp_path, "c.json", config_for(sim)))
    pixels = len(
        [
            record
            for record in records_of(result.stdout.splitlines())
            if record.startswith('["pixels"')
        ]
    )
    requests = sum(request.path == "/pixel/list/" for request in sim.requests)
    assert f"pixels: {pixels} records, {requests} requests, 1 retry, " in result.stderr
    assert f"total: {len(records_of(result.stdout.splitlines())):,} records" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    """Click prints the completion script of each shell, and completes a subcommand."""
    script = command(env={**os.environ, "_TAP_TIKTOK_ADS_COMPLETE": f"{shell}_source"}).stdout
    assert f"_TAP_TIKTOK_ADS_COMPLETE={shell}_complete" in script
    completed = command(
        env={
            **os.environ,
            "_TAP_TIKTOK_ADS_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": "tap-tiktok-ads sam",
            "COMP_CWORD": "sam" if shell == "fish" else "1",
        }
    )
    assert "sample" in completed.stdout


def test_config_env_reads_dotenv(tmp_path: Path) -> None:
    """`--config ENV` reads the `.env` file of the working directory. The example file works."""
    text = (ROOT / ".env.example").read_text("utf-8")
    text = text.replace("ADVERTISER_IDS=7000000000000000001,7000000000000000002", "ADVERTISER_IDS=")
    text = text.replace("# TAP_TIKTOK_ADS_ENVIRONMENT", "TAP_TIKTOK_ADS_ENVIRONMENT")
    written(tmp_path, ".env", text.replace("{now-90}", "{yesterday}"))
    result = command("--config", "ENV", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert '"type":"RECORD"' in result.stdout
    assert "re-read" in result.stderr  # lookback_days is auto


@pytest.mark.parametrize("seed", [7, 20, 33])
def test_bookmarks_of_another_tap_are_reported(tmp_path: Path, seed: int) -> None:
    """A warning names bookmarks that the tap cannot use. Bookmarks of any own run cause none."""
    simulator = {"seed": seed, "advertisers": 1, "days": 3}
    options = {"environment": "simulator", "simulator": simulator, "start_date": "{now-2}"}
    config = written(tmp_path, "config.json", options)
    first = command("--config", config, "--select", "*")
    state = json.loads(first.stdout.splitlines()[-1])
    own = command("--config", config, "--state", written(tmp_path, "own.json", state))
    assert "Ignoring bookmarks" not in own.stderr
    state["value"]["bookmarks"] |= {"orders": {"id": 1}, "campaigns": {"modify_time": "2026-01-01"}}
    foreign = command("--config", config, "--state", written(tmp_path, "foreign.json", state))
    assert foreign.returncode == 0
    warning = "Ignoring bookmarks of the state that this tap cannot use: campaigns, orders. "
    assert foreign.stderr.count(warning) == 1


@pytest.mark.parametrize("value", ["", " ", ","])
def test_empty_selection_is_a_usage_error(tmp_path: Path, value: str) -> None:
    """An empty --select, as of an empty variable, is an error, and not the default selection."""
    config = written(tmp_path, "config.json", VALID)
    for name in ([], ["plan"], ["doctor"]):
        result = command(*name, "--config", config, "--select", value)
        assert result.returncode == 2
        assert "--select needs a pattern" in result.stderr
