"""Pseudorandom numbers that depend on their arguments only, in every process."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_MASK = (1 << 64) - 1


def mix(*values: int) -> int:
    """Return a number of 64 bits that depends on every value and its position."""
    state = 0x9E3779B97F4A7C15
    for value in values:
        state = ((state ^ value) * 0xBF58476D1CE4E5B9) & _MASK
        state ^= state >> 29
    state = (state * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def pick(choices: Sequence[T], *values: int) -> T:
    """Return one of the choices. It depends on the values."""
    return choices[mix(*values) % len(choices)]
