"""Received bytes of a body: in memory, in a file, and on a full disk."""

from __future__ import annotations

import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_tiktok_ads.api import received_bodies
from tap_tiktok_ads.api.errors import StorageError
from tap_tiktok_ads.api.received_bodies import MEMORY_BYTES, ReceivedBody


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(0, MEMORY_BYTES), max_size=8))
def test_bytes_come_back_as_they_were(sizes: list[int]) -> None:
    """The blocks are the pieces, whatever their sizes."""
    body = ReceivedBody()
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    for piece in pieces:
        body.write(piece)
    assert body.size == sum(sizes)
    assert b"".join(body.blocks()) == b"".join(pieces)


def test_large_bodies_leave_the_memory() -> None:
    """Memory has a bounded part of a body."""
    body = ReceivedBody()
    for number in range(20):
        body.write(bytes([number]) * 100_000)
        assert body.memory_size <= MEMORY_BYTES
    assert body.size == 2_000_000


@pytest.mark.parametrize("files", [0, 1])
def test_full_disk_keeps_the_body_in_memory(monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    """If the disk is full, at first or later, the body is complete all the same."""
    written = 0

    def write_all(file: t.IO[bytes], content: bytes, name: str) -> None:
        nonlocal written
        if written >= files:
            raise StorageError(name)
        written += 1
        file.write(content)

    monkeypatch.setattr(received_bodies, "write_all", write_all)
    body = ReceivedBody()
    pieces = [bytes([number]) * 200_000 for number in range(6)]
    for piece in pieces:
        body.write(piece)
    assert b"".join(body.blocks()) == b"".join(pieces)


def test_without_a_folder_the_body_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only disk does not end a run."""

    def no_file(**_: t.Any) -> t.NoReturn:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    body = ReceivedBody()
    body.write(bytes(2 * MEMORY_BYTES))
    assert b"".join(body.blocks()) == bytes(2 * MEMORY_BYTES)
