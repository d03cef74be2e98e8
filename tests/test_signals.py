"""SIGTERM and SIGINT end the executable at any time with exit code 143 or 130."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import typing as t
from pathlib import Path

import pytest
from conftest import PATIENCE, SMALL, config_for, until

from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
both_signals = pytest.mark.parametrize("number", CODES, ids=["SIGTERM", "SIGINT"])


def start_tap(
    *arguments: str, code: str | None = None, **options: t.Any
) -> subprocess.Popen[bytes]:
    """Start the executable with its output in pipes."""
    start = ["-m", "tap_tiktok_ads"] if code is None else ["-c", code]
    return subprocess.Popen(
        [sys.executable, *start, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` would lose buffered output
        **options,
    )


def wait_for_end(
    process: subprocess.Popen[bytes], number: signal.Signals
) -> list[dict[str, t.Any]]:
    """Return the messages of a process that a signal ended without a traceback."""
    out, err = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in err, err.decode()
    assert process.returncode == CODES[number], err.decode()
    assert out == b"" or out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()]


def send_signals(process: subprocess.Popen[bytes], *numbers: signal.Signals) -> None:
    """Send signals, each after the process received the previous one."""
    for number in numbers:
        process.send_signal(number)
        until(lambda: not is_pending(process))


def is_pending(process: subprocess.Popen[bytes]) -> bool:
    """Return True while a signal has not reached the process."""
    if process.poll() is not None:
        return False
    return bool(int(process_status(process, "ShdPnd"), 16))


def process_status(process: subprocess.Popen[bytes], name: str) -> str:
    """Return a value of the kernel's status of a process."""
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def has_handler(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Return True once a process has a handler of a signal."""
    assert process.poll() is None
    return bool(int(process_status(process, "SigCgt"), 16) >> (number - 1) & 1)


def has_loaded(process: subprocess.Popen[bytes], name: str) -> bool:
    """Return True once a process has mapped a library whose path contains `name`."""
    assert process.poll() is None
    return name in Path(f"/proc/{process.pid}/maps").read_text("utf-8")


@pytest.fixture(scope="module")
def slow_sim() -> Iterator[Simulator]:
    """Yield a simulator whose sync is slow enough to be interrupted."""
    with Simulator({**SMALL, "latency_ms": 5}) as running:
        yield running


@pytest.fixture
def config(slow_sim: Simulator, tmp_path: Path) -> str:
    """Write a config file for the slow simulator."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(slow_sim, request_timeout=3600)))
    return str(file)


@both_signals
@pytest.mark.parametrize("library", ["", "_socket", "_json", "msgspec", "charset_normalizer"])
def test_signal_during_imports_ends_silently(
    config: str, number: signal.Signals, library: str
) -> None:
    """A signal during the imports ends the process without output."""
    process = start_tap("--config", config)
    until(lambda: has_handler(process, signal.SIGTERM) and has_loaded(process, library))
    process.send_signal(number)
    assert wait_for_end(process, number) == []


@both_signals
@pytest.mark.parametrize("arguments", [["doctor"], ["plan"], ["sample", "ads"], ["--test"], []])
def test_hanging_request_does_not_delay_exit(
    sim: Simulator, tmp_path: Path, number: signal.Signals, arguments: list[str]
) -> None:
    """A hanging request of the main thread does not delay the exit."""
    sim.add_fault("hang", times=None)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim, request_timeout=3600)))
    process = start_tap("--config", str(file), *arguments)
    until(lambda: sim.requests)
    process.send_signal(number)
    assert [m for m in wait_for_end(process, number) if m["type"] != "SCHEMA"] == []


@both_signals
@pytest.mark.parametrize("arguments", [["doctor"], []], ids=["doctor", "run"])
def test_hanging_worker_does_not_delay_exit(
    sim: Simulator, tmp_path: Path, number: signal.Signals, arguments: list[str]
) -> None:
    """Hanging requests of worker threads do not delay the exit or the final STATE."""
    sim.add_fault("hang", after=3, times=None)  # after the requests for the advertisers
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim, request_timeout=3600)))
    process = start_tap("--config", str(file), *arguments)
    until(lambda: len(sim.requests) > 3)
    process.send_signal(number)
    types = [message["type"] for message in wait_for_end(process, number)]
    assert types[-1:] == ([] if arguments else ["STATE"])


@both_signals
def test_no_state_is_written_before_the_first_schema(
    sim: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    """No STATE message is written before the first SCHEMA message."""
    sim.add_fault("hang", times=None)
    (tmp_path / "config.json").write_text(json.dumps(config_for(sim, request_timeout=3600)))
    (tmp_path / "state.json").write_text('{"bookmarks": {"ads": {"partitions": []}}}')
    process = start_tap("--config", "config.json", "--state", "state.json", cwd=tmp_path)
    until(lambda: sim.requests)
    process.send_signal(number)
    assert wait_for_end(process, number) == []


def unread_bytes(pipe: t.Any) -> int:
    """Return the number of unread bytes in a pipe."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]  # type: ignore[no-any-return]


@both_signals
@pytest.mark.parametrize("pages", range(3))
def test_signal_during_a_write_leaves_complete_lines(
    config: str, number: signal.Signals, pages: int
) -> None:
    """A signal during a write leaves complete lines and a final STATE."""
    process = start_tap("--config", config)
    assert process.stdout is not None
    size = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    head = b"".join(process.stdout.read(size) for _ in range(1 + 40 * pages))
    until(lambda: unread_bytes(process.stdout) == size)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == CODES[number], err.decode()
    assert b"Traceback" not in err
    messages = [json.loads(line) for line in (head + out).splitlines()]
    assert messages[-1]["type"] == "STATE"


def test_second_signal_ends_a_blocked_run(config: str) -> None:
    """A run blocked by a full pipe ends at the second signal, with an unchanged exit code."""
    process = start_tap("--config", config)
    assert process.stdout is not None
    size = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    process.stdout.read(size)
    until(lambda: unread_bytes(process.stdout) == size)
    send_signals(process, signal.SIGTERM, signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 143
    process.communicate()


@both_signals
def test_two_signals_at_once_write_state(config: str, number: signal.Signals) -> None:
    """Two signals at once still leave a final STATE."""
    process = start_tap("--config", config)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    process.send_signal(number)
    assert wait_for_end(process, number)[-1]["type"] == "STATE"


@both_signals
def test_summary_file_reports_the_signal(
    config: str, tmp_path: Path, number: signal.Signals
) -> None:
    """The summary file reports the exit code of the process, and the signal."""
    file = tmp_path / "summary.json"
    process = start_tap("--config", config, "--summary-file", str(file))
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    wait_for_end(process, number)
    summary = json.loads(file.read_text("utf-8"))
    assert summary["exit_code"] == CODES[number]
    assert summary["error"] == f"The signal {number.name} ended the run."


def test_dropped_exception_still_ends_the_process(tmp_path: Path) -> None:
    """A signal ends the process even if C code drops the handler's exception."""
    code = """
import os, signal, time
from tap_tiktok_ads.termination import termination

class Signaled:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

termination.install()
termination.unwind()
try:
    Signaled()  # Python drops what is raised here
    print("dropped", flush=True)
    time.sleep(600)
finally:
    print("unwound", flush=True)
"""
    process = start_tap(code=code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (143, b"dropped\nunwound\n", b"")


def test_second_signal_ends_an_uninterruptible_process(tmp_path: Path) -> None:
    """A second signal ends a process whose main thread does not react to the first."""
    code = """
from tap_tiktok_ads.termination import termination
termination.install()
termination.unwind()
with termination:
    print("started", flush=True)
    while True:
        pass
"""
    process = start_tap(code=code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    process.stdout.readline()
    send_signals(process, signal.SIGINT, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"")


def test_interrupted_prompt_exits_with_130(tmp_path: Path) -> None:
    """SIGINT during a read from stdin ends the process with exit code 130."""
    code = """
import sys
from tap_tiktok_ads.termination import termination
termination.install()
termination.unwind()
print("started", flush=True)
sys.stdin.read()
"""
    process = start_tap(
        code=code,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=PATIENCE)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, b"")


@both_signals
def test_simulator_command_exits_with_0(number: signal.Signals) -> None:
    """A signal ends the command `simulator` with exit code 0."""
    process = start_tap("simulator")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"Traceback" not in err
