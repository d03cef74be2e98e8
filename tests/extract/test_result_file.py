"""Results that wait in a temporary file: content, places and a full disk."""

from __future__ import annotations

import random
import tempfile
import typing as t

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_tiktok_ads.extract.result_file import ResultFile

if t.TYPE_CHECKING:
    import pytest


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(0, 500), max_size=40), seed=st.integers(0, 10**6))
def test_results_come_back_as_they_were(sizes: list[int], seed: int) -> None:
    """Results are equal after others were stored, loaded and discarded in any order."""
    order = random.Random(seed)
    file = ResultFile()
    waiting: list[tuple[t.Any, t.Any]] = []
    for number, size in enumerate(sizes):
        result = {"number": number, "lines": [b"x" * size, str(number).encode()]}
        waiting.append((file.store(result), result))
        if order.random() < 0.5:
            stored, expected = waiting.pop(order.randrange(len(waiting)))
            if order.random() < 0.2:
                file.discard(stored)
            else:
                assert file.load(stored) == expected
    assert file.count == len(waiting)
    for stored, expected in waiting:
        assert file.load(stored) == expected
    assert file.count == 0


def test_places_are_used_again() -> None:
    """The file stays as small as the results that wait at one time."""
    file = ResultFile()
    places = [file.store(bytes(1000)) for _ in range(3)]
    for _ in range(20):
        first = places.pop(0)
        assert first is not None
        file.discard(first)
        places.append(file.store(bytes(900)))
    ends = [place.offset + place.size for place in places if place is not None]
    assert max(ends) <= 3 * (1000 + 100)


def test_full_disk_keeps_results_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file cannot be written, there is no place, and the caller keeps the result."""

    def no_file() -> t.NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    file = ResultFile()
    assert file.store(bytes(10)) is None
    assert file.count == 0
