"""Results of a plan without a look-ahead."""

from __future__ import annotations

import collections
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = t.TypeVar("T")
R = t.TypeVar("R")


def sequential(
    plan: Iterable[T], work: Callable[[T], tuple[R, Sequence[T]]]
) -> Iterator[tuple[T, R]]:
    """Yield the results of `Workers.ordered`, one task at a time in the caller's thread.

    No task starts before its result is consumed.

    Raises:
        BaseException: An error of the plan or of `work`.
    """
    for first_task in plan:
        tasks = collections.deque([first_task])
        while tasks:
            task = tasks.popleft()
            result, following = work(task)
            tasks.extendleft(reversed(following))
            yield task, result
