"""Worker threads share one arena of the memory allocator."""

from __future__ import annotations

import platform
import subprocess
import sys
import typing as t

import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

#: Allocates blocks in threads that run at once, and writes the arenas to a file.
SCRIPT = """
import ctypes
import sys
import threading

from tap_tiktok_ads.allocator import limit_unused_memory

limit_unused_memory()
barrier = threading.Barrier(8)

def allocate():
    block = bytes(100_000)
    barrier.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_one_arena(tmp_path: Path) -> None:
    """Memory that threads allocate comes from one arena, so all of it can be used again."""
    file = tmp_path / "arenas.xml"
    subprocess.run([sys.executable, "-c", SCRIPT, str(file)], check=True)
    assert file.read_text().count("<heap nr=") == 1
