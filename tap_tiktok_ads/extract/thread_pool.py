"""A pool of daemon threads that starts a thread only when a job needs one."""

from __future__ import annotations

import queue
import threading
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable


class ThreadPool:
    """Daemon threads that take jobs from a queue, started when they are needed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle_count = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job in one of the threads. The job must not raise."""
        with self._lock:
            if self._idle_count > 0:
                self._idle_count -= 1
            elif len(self._threads) < self._limit:
                name = f"fetch-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._jobs.put(job)

    def close(self) -> None:
        """End each thread once the queue is empty."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the threads of a closed pool. Return True if all of them ended in time."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        """Run jobs until the pool is closed."""
        while (job := self._jobs.get()) is not None:
            job()
            del job  # an idle thread would hold the results of all tasks that follow
            with self._lock:
                self._idle_count += 1
