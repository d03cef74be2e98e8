"""Keeps URLs that hold a secret out of the logs of the HTTP library."""

from __future__ import annotations

import contextlib
import logging
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Loggers that write URLs: at level DEBUG, and in a warning about damaged headers.
URL_LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


@contextlib.contextmanager
def without_http_logs() -> Iterator[None]:
    """Drop the log records of urllib3 in the current thread. Levels and handlers stay."""
    thread_id = threading.get_ident()

    def is_of_other_thread(_: logging.LogRecord) -> bool:
        return threading.get_ident() != thread_id

    loggers = [logging.getLogger(name) for name in URL_LOGGERS]
    for logger in loggers:
        logger.addFilter(is_of_other_thread)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_other_thread)
