"""Slots of the threads that decode large responses."""

from __future__ import annotations

import threading

from conftest import PATIENCE, until

from tap_tiktok_ads.api.decoding_slots import DecodingSlots


def in_thread(slots: DecodingSlots) -> tuple[threading.Thread, threading.Event, threading.Event]:
    """Start a task that acquires a slot. Return its thread, and the events of its slot and end."""
    acquired, ends = threading.Event(), threading.Event()

    def work() -> None:
        with slots.task():
            slots.acquire()
            acquired.set()
            assert ends.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, acquired, ends


def test_a_task_waits_for_a_slot() -> None:
    """The slot of a thread is free at the end of its task."""
    slots = DecodingSlots(1, PATIENCE)
    first, first_acquired, first_ends = in_thread(slots)
    assert first_acquired.wait(PATIENCE)
    second, second_acquired, second_ends = in_thread(slots)
    until(lambda: slots.are_scarce)
    assert not second_acquired.is_set()
    first_ends.set()
    assert second_acquired.wait(PATIENCE)
    second_ends.set()
    for thread in (first, second):
        thread.join(PATIENCE)
    assert not slots.are_scarce


def test_a_task_within_a_task_uses_the_same_slot() -> None:
    """A thread needs one slot, however many lists it reads for its task."""
    slots = DecodingSlots(1, PATIENCE)
    with slots.task():
        slots.acquire()
        with slots.task():
            slots.acquire()
        slots.acquire()
    thread, acquired, ends = in_thread(slots)
    assert acquired.wait(PATIENCE)
    ends.set()
    thread.join(PATIENCE)


def test_a_thread_without_a_task_needs_no_slot() -> None:
    """The main thread is never kept, and keeps no other thread."""
    slots = DecodingSlots(1, PATIENCE)
    thread, acquired, ends = in_thread(slots)
    assert acquired.wait(PATIENCE)
    slots.acquire()
    assert not slots.are_scarce
    ends.set()
    thread.join(PATIENCE)


def test_no_task_waits_forever() -> None:
    """A thread goes on without a slot after a while, so that no error of the tap stops a run."""
    slots = DecodingSlots(1, 0.001)
    thread, acquired, ends = in_thread(slots)
    assert acquired.wait(PATIENCE)
    with slots.task():
        slots.acquire()
        slots.release()
    ends.set()
    thread.join(PATIENCE)
