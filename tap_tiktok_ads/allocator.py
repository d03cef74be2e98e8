"""Settings of the C library's memory allocator, for a process that runs the tap alone."""

from __future__ import annotations

import contextlib
import ctypes

#: The parameter of glibc's `mallopt` for the maximum number of arenas.
M_ARENA_MAX = -8


def share_arena() -> None:
    """Make all threads allocate from one arena of glibc. Other C libraries are left unchanged.

    Workers allocate responses, and the main thread frees them. By default, glibc gives each thread
    an arena of its own, and keeps what is freed there. So memory grows with the length of a run.
    Python holds its lock while it allocates, so one arena is as fast.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
