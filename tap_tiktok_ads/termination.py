"""SIGTERM and SIGINT end the process with exit code 143 or 130.

The executable imports this module before all others, so it uses the standard library only.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
import typing as t

if t.TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

#: False on Windows. A dropped `TerminatedError` is not raised again there.
HAS_TIMERS = hasattr(signal, "setitimer")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Difference between an exit code and the number of the signal, as shells report it.
SIGNAL_EXIT_CODE_OFFSET = 128
#: Maximum time between a signal and the end of the process.
MAX_TERMINATION_SECONDS = 5.0
#: Maximum time while a write or another uninterrupted block is under way: targets may be slow.
MAX_UNINTERRUPTED_SECONDS = 30.0
#: Minimum time until a second signal ends the process: `timeout` and Meltano send two at once.
MIN_TERMINATION_SECONDS = 0.5
#: Time until a dropped `TerminatedError` is raised again.
RAISE_AGAIN_SECONDS = 0.01


class TerminatedError(SystemExit):
    """Raised in the main thread by SIGTERM or SIGINT."""

    def __init__(self, code: int | None, on_delete: Callable[[], None]) -> None:
        super().__init__(code)
        self._on_delete = on_delete

    def __del__(self) -> None:
        self._on_delete()


class Termination:
    """Decides when and how a signal ends the process.

    Used as a context manager, it delays the end until the block is done. Only the main thread may
    enter a block.

    Example:
        >>> termination = Termination()
        >>> with termination:
        ...     pass  # write a complete line

    Attributes:
        exit_code: Exit code of the first signal. None before a signal.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._is_installed = False
        self._unwinds = False
        self._has_unwound = False
        self._last_action: Callable[[], None] | None = None
        self._is_last_action_running = False
        self._is_over = False
        self._depth = 0
        self._wakeup: socket.socket | None = None  # kept open

    def install(self) -> None:
        """Let SIGTERM and SIGINT end the process at once. A second call does nothing."""
        if self._is_installed or threading.current_thread() is not threading.main_thread():
            return
        self._is_installed = True
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        if HAS_TIMERS:
            signal.signal(signal.SIGALRM, self._on_alarm)
        atexit.register(self.has_unwound)
        import socket  # noqa: PLC0415 - after the handlers, because it takes time

        reader, writer = socket.socketpair()
        writer.setblocking(False)  # noqa: FBT003 - of Python
        self._wakeup = writer
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_enforce_end, args=(reader, self), daemon=True).start()

    def unwind(self) -> None:
        """Let signals raise `TerminatedError` from now on, so that files are closed and removed."""
        self._unwinds = True

    def before_end(self, action: Callable[[], None]) -> None:
        """Set the function that a signal calls before it raises `TerminatedError`."""
        self._last_action = action

    def has_unwound(self) -> None:
        """Stop raising `TerminatedError`, because the executable has caught it."""
        self._has_unwound = True
        if HAS_TIMERS:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def disregard_signals(self) -> None:
        """Ignore signals from now on, because the process is about to end."""
        if self._is_installed:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)

    def restore_signals(self) -> None:
        """Restore Python's handlers, for a command that handles signals itself."""
        if self._is_installed:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @property
    def is_delayed(self) -> bool:
        """True while a block delays the end."""
        return self._depth > 0

    def check_not_over(self) -> None:
        """Raise `TerminatedError` after the last function: nothing may be written after it."""
        if self._is_over:
            self._raise()

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self.exit_code is not None:
            self._end()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """Register the first signal. `_enforce_end` handles a second one."""
        if self.exit_code is not None:
            return
        self.exit_code = SIGNAL_EXIT_CODE_OFFSET + number
        if not self._unwinds:
            os._exit(self.exit_code)
        sys.unraisablehook = lambda _: None  # it would print a dropped TerminatedError
        self._end()

    def _on_alarm(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        """Call the last function and raise `TerminatedError`, unless a block delays the end."""
        if self._depth or self._is_last_action_running or self._has_unwound:
            return
        if self._last_action is not None and not self._is_over:
            self._is_last_action_running = True
            try:
                self._last_action()
            finally:
                self._is_last_action_running = False
                self._is_over = True
        self._raise()

    def _raise(self) -> t.NoReturn:
        raise TerminatedError(self.exit_code, self._on_delete)

    def _on_delete(self) -> None:
        """Raise the error again soon if code in C dropped it, as `compile` and msgspec can."""
        if HAS_TIMERS and not self._has_unwound:
            signal.setitimer(signal.ITIMER_REAL, RAISE_AGAIN_SECONDS)


def _enforce_end(signals: socket.socket, termination: Termination) -> None:
    """End the process if the main thread does not, or at a second signal.

    The main thread may hang in a write, or in code in C that delays the handler.

    Args:
        signals: Receives the number of each signal, before its handler is called.
        termination: The termination whose blocks delay the end.
    """
    number = _next_signal(signals) or 0
    started_at = time.monotonic()
    signals.settimeout(MAX_TERMINATION_SECONDS)
    is_repeated = _next_signal(signals) is not None
    if not is_repeated and termination.is_delayed:
        signals.settimeout(MAX_UNINTERRUPTED_SECONDS - MAX_TERMINATION_SECONDS)
        is_repeated = _next_signal(signals) is not None
    if is_repeated:
        time.sleep(max(0.0, started_at + MIN_TERMINATION_SECONDS - time.monotonic()))
    os._exit(termination.exit_code or SIGNAL_EXIT_CODE_OFFSET + number)


def _next_signal(signals: socket.socket) -> int | None:
    """Return the next signal that ends the process, or None after the socket's time limit."""
    try:
        while (number := signals.recv(1)[0]) not in SIGNALS:
            pass
    except TimeoutError:
        return None
    return number


#: The termination of this process. Inactive until the executable installs it.
termination = Termination()
