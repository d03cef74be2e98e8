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
VALID = {"access_token": TOKEN, "advertiser_ids": ["7000000000000000001"]}


def written(folder: Path, name: str, content: t.Any) -> str:
    """A file with this content (JSON unless it is text); its path."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def assert_refused(result: subprocess.CompletedProcess[str], sentence: str, code: int = 1) -> None:
    """One sentence on stderr, nothing on stdout, no traceback, no token."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert TOKEN not in result.stderr
    told = [line for line in result.stderr.splitlines() if line.startswith("tap-tiktok-ads: ")]
    assert len(told) == 1, result.stderr
    assert sentence in told[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"access_token": None}, "No access_token"),
        ({"environment": "prodution"}, "Did you mean 'production'?"),
        ({"start_dat": "2026-01-01"}, "Unknown setting 'start_dat': did you mean 'start_date'?"),
        ({"start_date": "2026-02-30"}, "Setting 'start_date': '2026-02-30' is not a date"),
        ({"start_date": "{now-30q}"}, "has an unknown unit 'q'"),
        ({"start_date": "{nov-30}"}, "is not a date macro"),
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "lies after end_date"),
        ({"advertiser_ids": ["70000000000abc"]}, "is not an advertiser ID"),
        ({"api_url": "http://proxy.example"}, "unencrypted"),
        ({"lookback_days": "seven"}, "Setting 'lookback_days' must be an integer or 'auto'."),
        ({"advertiser_ids": []}, "Set advertiser_ids, or app_id and app_secret"),
        ({"environment": "simulator", "simulator": {"sed": 1}}, "Setting 'simulator'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_settings(tmp_path: Path, changes: dict[str, t.Any], sentence: str) -> None:
    """A setting that cannot be used ends the run with one sentence."""
    config = written(tmp_path, "config.json", VALID | changes)
    assert_refused(command("--config", config), sentence)


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--config", "{", "is not JSON (line 1)"),
        ("--config", "[1]", "does not hold a JSON object"),
        ("--state", "not json", "is not JSON"),
        ("--state", {"bookmarks": []}, "expected 'bookmarks' to be an object, got a list"),
        ("--catalog", "{]", "is not JSON"),
        ("--catalog", {"stream": []}, "is not a Singer catalog"),
    ],
)
def test_bad_files(tmp_path: Path, option: str, content: t.Any, sentence: str) -> None:
    """A file that cannot be read as what it should be ends the run with one sentence."""
    config = written(tmp_path, "good.json", VALID)
    given = written(tmp_path, "given.json", content)
    assert_refused(command("--config", config, option, given), sentence)


def test_missing_config_file(tmp_path: Path) -> None:
    """A config file that does not exist is named."""
    assert_refused(command("--config", str(tmp_path / "none.json")), "none.json cannot be read")


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_RETRIES", "seven"), ("INCLUDE_DELETED", "maybe"), ("SIMULATOR", "{")],
)
def test_bad_environment_variable(tmp_path: Path, name: str, value: str) -> None:
    """An environment variable of the wrong type is refused by its name."""
    env = {**os.environ, f"TAP_TIKTOK_ADS_{name}": value}
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert_refused(result, f"Environment variable TAP_TIKTOK_ADS_{name} cannot be read as")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TAP_TIKTOK_ADS_STREAM_MAPS", "{", "STREAM_MAPS cannot be read as object"),
        ("TAP_TIKTOK_ADS_FLATTENING_ENABLED", "maybe", "ENABLED cannot be read as boolean"),
        ("TAP_TIKTOK_ADS_FLATTENING_MAX_DEPTH", "x", "MAX_DEPTH cannot be read as integer"),
        ("LOGLEVEL", "verbose", "Environment variable LOGLEVEL: unknown level 'verbose'"),
        ("TAP_TIKTOK_ADS_LOGLEVEL", "10", "variable TAP_TIKTOK_ADS_LOGLEVEL: unknown level '10'"),
        ("SINGER_SDK_LOG_CONFIG", ".", "Environment variable SINGER_SDK_LOG_CONFIG: "),
    ],
)
def test_bad_variable_of_the_sdk(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    """A variable that the SDK reads is refused in one sentence, too."""
    result = command("--config", "ENV", env={**os.environ, name: value}, cwd=tmp_path)
    assert_refused(result, sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"TAP_TIKTOK_ADS_USER_AGENT=\xe9", ".env is not UTF-8 text."),
        (b"TAP_TIKTOK_ADS_USER_AGENT=a\0b", ".env cannot be used: embedded null byte."),
    ],
)
def test_bad_dotenv(tmp_path: Path, content: bytes, sentence: str) -> None:
    """A `.env` file that cannot be read is refused in one sentence."""
    (tmp_path / ".env").write_bytes(content)
    assert_refused(command("--config", "ENV", cwd=tmp_path), sentence)


def test_unknown_environment_variables(tmp_path: Path) -> None:
    """Misspelt variables are named with the nearest setting. Meltano's own are not."""
    names = ["ACESS_TOKEN", "ZZZ", "_SELECT", "LOGLEVEL"]
    env = os.environ | {f"TAP_TIKTOK_ADS_{name}": "INFO" for name in names}
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert result.returncode == 1
    warned = [line for line in result.stderr.splitlines() if "not a setting" in line]
    assert len(warned) == 2
    assert (
        "TAP_TIKTOK_ADS_ACESS_TOKEN is not a setting: did you mean TAP_TIKTOK_ADS_ACCESS_TOKEN?"
        in warned[0]
    )
    assert "TAP_TIKTOK_ADS_ZZZ is not a setting" in warned[1]


def test_bad_stream_map(tmp_path: Path) -> None:
    """A stream map that cannot be evaluated is refused as a setting."""
    maps = {"campaigns": {"label": "no_such_column + 1 +"}}
    config = written(tmp_path, "config.json", VALID | {"stream_maps": maps})
    assert_refused(command("--config", config), "Setting 'stream_maps' cannot be used")


def test_secrets_are_not_logged(sim: Simulator, tmp_path: Path) -> None:
    """Neither token nor app secret is in the output, at the lowest level of logging either."""
    config = written(tmp_path, "c.json", config_for(sim))
    env = {**os.environ, "TAP_TIKTOK_ADS_LOGLEVEL": "DEBUG"}
    result = command("--config", config, env=env)
    assert result.returncode == 0
    assert "DEBUG" in result.stderr
    for secret in (sim.access_token, sim.app_secret):
        assert secret not in result.stdout + result.stderr


def test_token_refused(sim: Simulator, tmp_path: Path) -> None:
    """A token that TikTok refuses (40105) ends the run with what to do."""
    config = written(tmp_path, "c.json", config_for(sim, access_token=TOKEN))
    assert_refused(command("--config", config), "code 40105")


def test_no_advertiser_granted(sim: Simulator, tmp_path: Path) -> None:
    """An advertiser that is not granted is an error when no other remains."""
    config = written(tmp_path, "c.json", config_for(sim, advertiser_ids=["7000000000000000009"]))
    assert_refused(command("--config", config), "None of the advertisers may be read")


def test_one_advertiser_not_granted(sim: Simulator, tmp_path: Path) -> None:
    """An advertiser that is not granted is skipped with a warning while others remain."""
    ids = ["7000000000000000009", *sim.world.advertiser_ids]
    config = written(tmp_path, "c.json", config_for(sim, advertiser_ids=ids))
    result = command("--config", config)
    assert result.returncode == 0
    assert "Skipping 1 advertiser(s)" in result.stderr
    assert "7000000000000000009" in result.stderr
    assert rows_of(result.stdout.splitlines())


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_no_advertiser_found(sim: Simulator, tmp_path: Path) -> None:
    """Excluding the only advertiser leaves none to read."""
    config = config_for(sim, exclude_advertiser_ids=sim.world.advertiser_ids)
    result = command("--config", written(tmp_path, "c.json", config))
    assert_refused(result, "leaves no advertiser to read")


def rows_of(lines: t.Iterable[str]) -> set[str]:
    """The records of a run as a set of texts."""
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


def test_about() -> None:
    """`--about` tells every setting, and which are secret."""
    result = command("--about", "--format", "json")
    settings = json.loads(result.stdout)["settings"]["properties"]
    assert {name for name, spec in settings.items() if spec.get("secret")} == {
        "access_token",
        "app_secret",
    }
    assert settings["start_date"]["default"] == "{now-30}"


def test_connection_test(sim: Simulator, tmp_path: Path) -> None:
    """`--test` writes a record of each stream at most and asks for no further page.

    Look-ups need all pages of what they read; none is asked for twice.
    """
    result = command("--config", written(tmp_path, "c.json", config_for(sim)), "--test")
    assert result.returncode == 0
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    streams = [message["stream"] for message in messages if message["type"] == "RECORD"]
    assert sorted(streams) == sorted({stream.name for stream in STREAMS} - {"sync_errors"})
    sources = {"/adgroup/get/", "/ad/get/", "/pixel/list/", "/bc/get/", "/gmv_max/store/list/"}
    looked_up = [one for one in sim.requests if one.path in sources]
    repeated = collections.Counter((one.path, str(one.params)) for one in looked_up)
    assert {path for (path, _), count in repeated.items() if count > 1} <= {"/pixel/list/"}
    assert (
        len(sim.requests) - len(looked_up) <= len(STREAMS) - len(sources) + 3 + 9
    )  # of reconciliation: all levels


def test_settings_from_the_environment(sim: Simulator, tmp_path: Path) -> None:
    """Settings come from TAP_TIKTOK_ADS_* with `--config ENV`, ids separated by commas."""
    config = config_for(sim)
    env = {**os.environ, **{f"TAP_TIKTOK_ADS_{k.upper()}": str(v) for k, v in config.items()}}
    env["TAP_TIKTOK_ADS_ADVERTISER_IDS"] = ",".join(sim.world.advertiser_ids)
    result = command("--config", "ENV", env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert rows_of(result.stdout.splitlines())
    assert {r.path for r in sim.requests} >= {"/ad/get/", "/advertiser/info/"}
    assert "/oauth2/advertiser/get/" not in {r.path for r in sim.requests}


def started(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The executable as a process that goes on running, its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """A config file and the rows of a whole run; the simulator goes on running."""
    with Simulator({**SMALL, "latency_ms": 5}) as sim:
        config = written(tmp_path_factory.mktemp("whole"), "c.json", config_for(sim))
        yield config, rows_of(command("--config", config).stdout.splitlines())


@pytest.mark.parametrize("lines_before", [1, 60, 400, 2000])
def test_sigterm_and_resume(
    uninterrupted: tuple[str, set[str]], tmp_path: Path, lines_before: int
) -> None:
    """A run cut in two by SIGTERM ends with 143. Resumed, it gives the rows of a complete one."""
    config, whole = uninterrupted
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
    assert rows_of(lines) < whole
    assert rows_of(lines) | rows_of(second.stdout.splitlines()) == whole


def test_target_that_stops_reading(sim: Simulator, tmp_path: Path) -> None:
    """A target that dies ends the run with one sentence and exit code 1."""
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


def test_full_disk(uninterrupted: tuple[str, set[str]]) -> None:
    """A stdout that takes nothing ends the run with one sentence."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "tap_tiktok_ads", "--config", uninterrupted[0]],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "tap-tiktok-ads: Cannot write to stdout: No space left on device." in result.stderr
    assert "Traceback" not in result.stderr


def target_jsonl() -> str:
    """The real target-jsonl, which `make test` installs."""
    path = os.environ.get("TARGET_JSONL", str(ROOT / ".venv-target/bin/target-jsonl"))
    if not Path(path).exists():
        pytest.skip("target-jsonl is not installed: run `make test`")
    return path


def test_demo(tmp_path: Path) -> None:
    """What `make demo` runs: every row arrives in target-jsonl, as the simulator counts them.

    In a smaller world than that of `sample_config.json`.
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


def test_summary(sim: Simulator, tmp_path: Path) -> None:
    """A run ends with what each stream took: records, requests, retries, seconds waited."""
    sim.add_fault("http", path="/pixel/list/", status=502)
    result = command("--config", written(tmp_path, "c.json", config_for(sim)))
    pixels = len(
        [row for row in rows_of(result.stdout.splitlines()) if row.startswith('["pixels"')]
    )
    requests = sum(request.path == "/pixel/list/" for request in sim.requests)
    assert f"pixels: {pixels} records, {requests} requests, 1 retry, " in result.stderr
    assert f"total: {len(rows_of(result.stdout.splitlines())):,} records" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    """Print the script of a shell with click, and complete the name of a command."""
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


def test_dotenv(tmp_path: Path) -> None:
    """`--config ENV` reads a `.env` file in the working directory; the example is one."""
    text = (ROOT / ".env.example").read_text("utf-8")
    text = text.replace("ADVERTISER_IDS=7000000000000000001,7000000000000000002", "ADVERTISER_IDS=")
    text = text.replace("# TAP_TIKTOK_ADS_ENVIRONMENT", "TAP_TIKTOK_ADS_ENVIRONMENT")
    written(tmp_path, ".env", text.replace("{now-90}", "{yesterday}"))
    result = command("--config", "ENV", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert '"type":"RECORD"' in result.stdout
    assert "look back" in result.stderr  # lookback_days is auto
