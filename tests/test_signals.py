"""SIGTERM and SIGINT end the executable with 143 and 130, whatever it does at that moment."""

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
both = pytest.mark.parametrize("number", CODES, ids=["SIGTERM", "SIGINT"])


def started(*arguments: str, code: str | None = None, **options: t.Any) -> subprocess.Popen[bytes]:
    """The executable as a process that goes on running, its output in pipes."""
    start = ["-m", "tap_tiktok_ads"] if code is None else ["-c", code]
    return subprocess.Popen(
        [sys.executable, *start, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` would lose what a buffer holds
        **options,
    )


def ended(process: subprocess.Popen[bytes], number: signal.Signals) -> list[dict[str, t.Any]]:
    """The messages of a process that a signal ended, by complete lines and without a traceback."""
    out, err = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in err, err.decode()
    assert process.returncode == CODES[number], err.decode()
    assert out == b"" or out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()]


def send(process: subprocess.Popen[bytes], *numbers: signal.Signals) -> None:
    """Send signals, each once the one before it has reached the process."""
    for number in numbers:
        process.send_signal(number)
        until(lambda: not is_pending(process))


def is_pending(process: subprocess.Popen[bytes]) -> bool:
    """Return True while a signal has not reached the process."""
    if process.poll() is not None:
        return False
    return bool(int(status(process, "ShdPnd"), 16))


def status(process: subprocess.Popen[bytes], name: str) -> str:
    """Return a value of the status that the kernel reports of a process."""
    lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def handles(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Return True once a process has a handler of a signal."""
    assert process.poll() is None
    return bool(int(status(process, "SigCgt"), 16) >> (number - 1) & 1)


def has_loaded(process: subprocess.Popen[bytes], part: str) -> bool:
    """Return True once a process has mapped a library whose path has this part."""
    assert process.poll() is None
    return part in Path(f"/proc/{process.pid}/maps").read_text("utf-8")


@pytest.fixture(scope="module")
def slow_sim() -> Iterator[Simulator]:
    """A simulator whose run takes long enough to be interrupted."""
    with Simulator({**SMALL, "latency_ms": 5}) as running:
        yield running


@pytest.fixture
def config(slow_sim: Simulator, tmp_path: Path) -> str:
    """A configuration file for the slow simulator."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(slow_sim, request_timeout=3600)))
    return str(file)


@both
@pytest.mark.parametrize("library", ["", "_socket", "_json", "msgspec", "charset_normalizer"])
def test_imports(config: str, number: signal.Signals, library: str) -> None:
    """A signal during the imports ends the process in silence."""
    process = started("--config", config)
    until(lambda: handles(process, signal.SIGTERM) and has_loaded(process, library))
    process.send_signal(number)
    assert ended(process, number) == []


@both
@pytest.mark.parametrize("arguments", [["doctor"], ["plan"], ["sample", "ads"], ["--test"], []])
def test_hanging_requests(
    sim: Simulator, tmp_path: Path, number: signal.Signals, arguments: list[str]
) -> None:
    """A request of the main thread that hangs does not delay the end. Nothing is written."""
    sim.add_fault("hang", times=None)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim, request_timeout=3600)))
    process = started("--config", str(file), *arguments)
    until(lambda: sim.requests)
    process.send_signal(number)
    assert [m for m in ended(process, number) if m["type"] != "SCHEMA"] == []


@both
@pytest.mark.parametrize("arguments", [["doctor"], []], ids=["doctor", "run"])
def test_hanging_workers(
    sim: Simulator, tmp_path: Path, number: signal.Signals, arguments: list[str]
) -> None:
    """Requests of worker threads that hang do not delay the end. A run writes a last STATE."""
    sim.add_fault("hang", after=3, times=None)  # all but those that find the advertisers
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_for(sim, request_timeout=3600)))
    process = started("--config", str(file), *arguments)
    until(lambda: len(sim.requests) > 3)
    process.send_signal(number)
    types = [message["type"] for message in ended(process, number)]
    assert types[-1:] == ([] if arguments else ["STATE"])


@both
def test_state_given(sim: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    """Before the first SCHEMA message, no STATE is written, even if the run has one."""
    sim.add_fault("hang", times=None)
    (tmp_path / "config.json").write_text(json.dumps(config_for(sim, request_timeout=3600)))
    (tmp_path / "state.json").write_text('{"bookmarks": {"ads": {"partitions": []}}}')
    process = started("--config", "config.json", "--state", "state.json", cwd=tmp_path)
    until(lambda: sim.requests)
    process.send_signal(number)
    assert ended(process, number) == []


def unread(pipe: t.Any) -> int:
    """Return the number of bytes that are in a pipe."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]  # type: ignore[no-any-return]


@both
@pytest.mark.parametrize("pages", range(3))
def test_slow_target(config: str, number: signal.Signals, pages: int) -> None:
    """A signal in the middle of a write leaves complete lines, and a last STATE."""
    process = started("--config", config)
    assert process.stdout is not None
    size = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    head = b"".join(process.stdout.read(size) for _ in range(1 + 40 * pages))
    until(lambda: unread(process.stdout) == size)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == CODES[number], err.decode()
    assert b"Traceback" not in err
    messages = [json.loads(line) for line in (head + out).splitlines()]
    assert messages[-1]["type"] == "STATE"


def test_second_signal(config: str) -> None:
    """A run that is stuck in a full pipe ends at the second signal, with the same code."""
    process = started("--config", config)
    assert process.stdout is not None
    size = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    process.stdout.read(size)
    until(lambda: unread(process.stdout) == size)
    send(process, signal.SIGTERM, signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 143
    process.communicate()


@both
def test_two_signals_at_once(config: str, number: signal.Signals) -> None:
    """A run whose target reads writes the last STATE, although two signals come at once."""
    process = started("--config", config)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    process.send_signal(number)
    assert ended(process, number)[-1]["type"] == "STATE"


@both
def test_summary_file(config: str, tmp_path: Path, number: signal.Signals) -> None:
    """The summary file reports the exit code of the process."""
    file = tmp_path / "summary.json"
    process = started("--config", config, "--summary-file", str(file))
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    ended(process, number)
    assert json.loads(file.read_text("utf-8"))["exit_code"] == CODES[number]


def test_dropped_exception(tmp_path: Path) -> None:
    """A signal ends the process, although code in C drops the exception of its handler."""
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
    process = started(code=code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (143, b"dropped\nunwound\n", b"")


def test_main_thread_that_cannot_be_interrupted(tmp_path: Path) -> None:
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
    process = started(code=code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    process.stdout.readline()
    send(process, signal.SIGINT, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"")


def test_interrupted_prompt(tmp_path: Path) -> None:
    """Ctrl-C while the process reads stdin ends it with 130."""
    code = """
import sys
from tap_tiktok_ads.termination import termination
termination.install()
termination.unwind()
print("started", flush=True)
sys.stdin.read()
"""
    process = started(
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


@both
def test_simulator_command(number: signal.Signals) -> None:
    """The command `simulator` ends with 0: a signal is how it is meant to end."""
    process = started("simulator")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"Traceback" not in err
