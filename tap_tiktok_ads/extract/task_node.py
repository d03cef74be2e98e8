"""A task of a plan, with its result once it is done."""

from __future__ import annotations

import dataclasses
import typing as t

T = t.TypeVar("T")
R = t.TypeVar("R")


@dataclasses.dataclass(slots=True, eq=False)
class TaskNode(t.Generic[T, R]):
    """A task in the linked list of a plan."""

    task: T
    next: TaskNode[T, R] | None = None
    is_started: bool = False
    is_done: bool = False
    result: R | None = None
    error: BaseException | None = None
