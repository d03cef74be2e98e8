"""Results that wait in a temporary file: content, places and a full disk."""

from __future__ import annotations

import io
import os
import random
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_tiktok_ads.api.errors import StorageError
from tap_tiktok_ads.extract.result_file import ResultFile

if t.TYPE_CHECKING:
    from pathlib import Path


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


def test_without_a_folder_results_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If the file cannot be created, there is no place, and the caller keeps the result."""

    def no_file(**_: t.Any) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    file = ResultFile()
    assert [file.store(bytes(10)) for _ in range(3)] == [None] * 3
    assert file.count == 0
    assert len(caplog.records) == 1


class FullFile(io.FileIO):
    """A file on a disk that has room for some bytes."""

    room = 2500

    def write(self, content: t.Any) -> int:
        """Write at most what the disk has room for."""
        free = self.room - self.tell()
        if free <= 0:
            raise OSError(28, "No space left on device")
        return super().write(bytes(content[:free]))


def test_full_disk_keeps_what_was_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Results that were stored before the disk was full are read. The others stay in memory."""
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda **_: FullFile(str(tmp_path / "results"), "w+")
    )
    file = ResultFile()
    stored = [file.store(bytes([number]) * 1000) for number in range(5)]
    assert [place is not None for place in stored] == [True, True, False, False, False]
    assert "Fewer requests run ahead" in caplog.text
    assert [file.load(place) for place in stored if place is not None] == [
        bytes([0]) * 1000,
        bytes([1]) * 1000,
    ]
    assert file.count == 0


def test_a_short_file_is_an_error_and_frees_the_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A result that another program has cut is an error, and not a shorter result."""
    path = tmp_path / "results"
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.FileIO(str(path), "w+"))
    file = ResultFile()
    stored = file.store(bytes(1000))
    assert stored is not None
    os.truncate(path, 10)
    with pytest.raises(StorageError, match="responses that wait for earlier ones"):
        file.load(stored)
    assert file.count == 0
