"""The executable in forked processes, which start without imports."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from tap_tiktok_ads.cli import COMMANDS, main

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([f"tap_tiktok_ads.cli.{name}" for name in COMMANDS])
#: File names of the standard streams, and the flags that open each file.
STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}


def _execute(
    arguments: t.Sequence[str], cwd: str, env: t.Mapping[str, str], folder: Path
) -> t.NoReturn:
    """Run the executable in the new process. `SystemExit` ends it with its exit code."""
    for number, (name, flags) in enumerate(STREAMS.items()):
        file = os.open(folder / name, flags)
        os.dup2(file, number)
        if file != number:
            os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as Python does
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["tap-tiktok-ads", *arguments]
    try:
        main(arguments)
    finally:  # a forked process skips the exit handlers
        atexit._run_exitfuncs()


def execute(
    arguments: t.Sequence[str],
    cwd: Path | None = None,
    env: t.Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run the executable, as `subprocess.run` does.

    Raises:     subprocess.TimeoutExpired: The process did not end in time, and was killed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stream in STREAMS:
            (folder / stream).write_text((stdin if stream == "stdin" else None) or "", "utf-8")
        directory = str(cwd or Path.cwd())
        process = FORKING.Process(
            target=_execute, args=(list(arguments), directory, dict(env or os.environ), folder)
        )
        process.start()
        process.join(timeout)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        if code is None:
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        out, err = ((folder / stream).read_text("utf-8") for stream in ("stdout", "stderr"))
    return subprocess.CompletedProcess(list(arguments), code, out, err)
