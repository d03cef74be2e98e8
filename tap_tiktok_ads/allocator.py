"""Settings of the C library's memory allocator, for a process that runs the tap alone."""

from __future__ import annotations

import contextlib
import ctypes

#: Parameters of glibc's `mallopt`.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
#: Blocks of at least this size return to the system as soon as they are freed.
MMAP_THRESHOLD_BYTES = 256 * 1024


def limit_unused_memory() -> None:
    """Make all threads allocate from one arena of glibc, except for large blocks.

    Other C libraries are left unchanged.

    Workers allocate responses, and the main thread frees them. By default, glibc gives each thread
    an arena of its own, and keeps what is freed there. So memory grows with the length of a run.
    Python holds its lock while it allocates, so one arena is as fast.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)
