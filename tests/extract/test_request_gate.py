"""Tasks that need a common response: one requests it, and no thread waits for it."""

from __future__ import annotations

import threading
import typing as t

import pytest
from conftest import asks_for_top_view, config_for, run

from tap_tiktok_ads.extract.lookahead import Workers
from tap_tiktok_ads.extract.request_gate import RequestGate

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.simulator import Simulator


def keys_by_letter(known: set[str]) -> Callable[[str], set[str]]:
    """Return a function that returns the first letter of a task, unless it is known."""
    return lambda task: {task[0]} - known


def test_tasks_with_a_common_key_enter_one_after_the_other() -> None:
    """A task enters if no running task requests a response that it needs."""
    gate = RequestGate(keys_by_letter(set()))
    assert [gate.enter(task) for task in ("a1", "b1", "a2")] == [True, True, False]
    gate.leave("b1")
    assert not gate.enter("a2")
    gate.leave("a1")
    assert gate.enter("a2")


def test_a_known_response_opens_the_gate() -> None:
    """Tasks whose response is known do not wait for each other."""
    known: set[str] = set()
    gate = RequestGate(keys_by_letter(known))
    assert gate.enter("a1")
    known.add("a")
    assert gate.enter("a2")
    gate.leave("a2")
    gate.leave("a1")
    known.clear()
    assert gate.enter("a3")


def test_threads_work_on_other_tasks_meanwhile() -> None:
    """A task behind the gate takes no thread, and results keep the order of the plan."""
    other_is_done, log = threading.Event(), []

    def work(task: str) -> tuple[str, Sequence[str]]:
        if task == "a1":
            assert other_is_done.wait(60)
        log.append(task)
        if task == "b1":
            other_is_done.set()
        return task, ()

    plan = ["a1", "a2", "a3", "b1"]
    gate = RequestGate(keys_by_letter(set()))
    results = Workers(2).ahead(plan, work, gate=gate).results()
    assert [task for task, _ in results] == plan
    assert log == ["b1", "a1", "a2", "a3"]


def test_an_error_opens_the_gate() -> None:
    """A task that fails lets the other tasks of its key start."""
    gate = RequestGate(keys_by_letter(set()))

    def work(task: str) -> tuple[str, Sequence[str]]:
        if task == "a1":
            raise ValueError(task)
        return task, ()

    workers = Workers(2)
    with pytest.raises(ValueError, match="a1"):
        list(workers.ahead(["a1"], work, gate=gate).results())
    assert [task for task, _ in workers.ahead(["a2"], work, gate=gate).results()] == ["a2"]


def test_a_failed_check_is_repeated_by_the_next_task(sim: Simulator) -> None:
    """A damaged check is repeated by another task, and no record is lost."""
    (first, _) = sim.world.advertiser_ids
    config = config_for(sim, advertiser_ids=[first], start_date="{now-80}", max_retries=0)
    expected = run(config, ["campaign_performance_report"])
    sim.add_fault("no_page_info", path="/campaign/get/", times=1)
    position = len(sim.requests)
    messages = run(config, ["campaign_performance_report"])
    checks = [
        request
        for request in sim.requests[position:]
        if request.path == "/campaign/get/" and asks_for_top_view(request)
    ]
    assert len(checks) == 2
    assert not messages.failed
    records = messages.keyed("campaign_performance_report")
    assert records == expected.keyed("campaign_performance_report")
