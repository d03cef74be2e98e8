"""Order among tasks that need the same response: one requests it, the others start afterwards."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

T_contra = t.TypeVar("T_contra", contravariant=True)


class Gate(t.Protocol[T_contra]):
    """Decides which tasks can start. The caller holds a lock."""

    def enter(self, task: T_contra) -> bool:
        """Return True if the task can start now. `leave` follows once it is done."""

    def leave(self, task: T_contra) -> None:
        """Let the tasks start that waited for this one."""


class OpenGate:
    """A gate for tasks that need no common response."""

    def enter(self, task: object) -> bool:  # noqa: ARG002 - implements the protocol
        """Return True."""
        return True

    def leave(self, task: object) -> None:
        """Do nothing."""


class RequestGate(t.Generic[T_contra]):
    """Keeps tasks from starting while another task requests a response that they need, too.

    So no thread waits for the response of another thread.

    Example:
        >>> gate = RequestGate(lambda task: {task[0]})
        >>> gate.enter("a1"), gate.enter("a2"), gate.enter("b1")
        (True, False, True)
        >>> gate.leave("a1")
        >>> gate.enter("a2")
        True
    """

    def __init__(
        self,
        keys: Callable[[T_contra], Collection[Hashable]],
        when_done: Callable[[T_contra], None] = lambda _: None,
        is_ready: Callable[[T_contra], bool] = lambda _: True,
    ) -> None:
        """Prepare.

        Args:
            keys: Returns the keys of the common responses that a task needs and that are not known.
            when_done: Called when a task is done.
            is_ready: Returns False if a task has to start later, whatever runs.
        """
        self._is_ready = is_ready
        self._keys = keys
        self._when_done = when_done
        self._requested_keys: set[Hashable] = set()
        self._keys_of_task: dict[int, Collection[Hashable]] = {}  # by id of a running task

    def enter(self, task: T_contra) -> bool:
        """Return True if no running task requests a response that this task needs."""
        if not self._is_ready(task):
            return False
        keys = self._keys(task)
        if not self._requested_keys.isdisjoint(keys):
            return False
        if keys:
            self._requested_keys.update(keys)
            self._keys_of_task[id(task)] = keys
        return True

    def leave(self, task: T_contra) -> None:
        """Let the tasks start that need the same responses."""
        self._when_done(task)
        self._requested_keys.difference_update(self._keys_of_task.pop(id(task), ()))
