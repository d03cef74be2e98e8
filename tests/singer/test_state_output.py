"""Tests of when STATE messages are written, and of their bytes."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import Collector, ManualClock, Messages, catalog_of, config_for, run
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import StateMessage

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.singer.state_output import StateOutput
from tap_tiktok_ads.singer.stream import TikTokStream
from tap_tiktok_ads.singer.writer import BufferedWriter
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STATE_START = b'{"type":"STATE"'
RECORD = b'{"type":"RECORD"}\n'


class Output:
    """A state output, its state, and the lines on stdout."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture
        self._lines: list[bytes] = []
        self.clock = ManualClock()
        self.writer = BufferedWriter()
        self.state: t.Any = {"bookmarks": {"ads": {"partitions": []}}}
        self.output = StateOutput(self.writer, lambda: self.state, self.clock)

    def write_records(self, count: int) -> None:
        """Write records of 1,000 bytes."""
        self.writer.write_lines(RECORD.replace(b"RECORD", b"RECORD" + b"x" * 982) * count)

    def add_partitions(self, count: int) -> None:
        """Add partitions of 100 bytes to the state."""
        partitions = self.state["bookmarks"]["ads"]["partitions"]
        partitions += [{"context": "x" * 84}] * count

    @property
    def lines(self) -> list[bytes]:
        """The lines written so far."""
        self._lines += self._capture.readouterr().out.splitlines(keepends=True)
        return self._lines

    @property
    def states(self) -> list[bytes]:
        """The STATE lines written so far."""
        return [line for line in self.lines if line.startswith(STATE_START)]


@pytest.fixture
def out(capsysbinary: pytest.CaptureFixture[bytes]) -> Output:
    """Yield a state output on captured stdout."""
    return Output(capsysbinary)


def test_state_line_equals_the_sdk_line(out: Output) -> None:
    """A STATE line is equal, byte for byte, to the SDK's."""
    out.state["bookmarks"]["ads"] = {"ä\n": [None, 1, 2.5, True, {"x": {}}], "none": None}
    out.output.write()
    MsgSpecWriter().write_message(StateMessage(value=out.state))
    assert len(out.lines) == 2
    assert out.lines[0] == out.lines[1]


@pytest.mark.parametrize("partitions_per_stream", [10, 100, 1000])
@pytest.mark.parametrize("records_per_stream", [500, 5000])
def test_state_is_a_small_share_of_the_output(
    out: Output, partitions_per_stream: int, records_per_stream: int
) -> None:
    """STATE is at most 5 % of the output or one message, and is written where it fits."""
    for _ in range(19):
        for _ in range(10):
            out.write_records(records_per_stream // 10)
            out.add_partitions(partitions_per_stream // 10)
            out.clock.sleep(4)
            out.output.write_if_due()
        out.output.write_if_small()
    out.output.write()
    assert out.lines[-1].startswith(STATE_START)
    limit = 0.05 * sum(map(len, out.lines))
    assert sum(map(len, out.states)) <= max(limit, len(out.states[-1]))
    assert len(out.states) >= min(19, 0.5 * limit / len(out.states[-1]))


def test_states_within_a_stream_are_30_seconds_apart(out: Output) -> None:
    """Within a stream, STATE messages are at least 30 seconds apart, however small they are."""
    for _ in range(12):
        out.write_records(1000)
        out.clock.sleep(10)
        out.output.write_if_due()
    assert len(out.states) == 4


def test_large_state_is_written_every_15_minutes(out: Output) -> None:
    """A state that is larger than all records is still written every 15 minutes."""
    out.add_partitions(1000)
    for _ in range(120):
        out.write_records(1)
        out.clock.sleep(30)
        out.output.write_if_due()
    assert len(out.states) == 4


def test_last_state_is_always_written_once(out: Output) -> None:
    """The last STATE is written at any size, and repeated only after other output."""
    out.add_partitions(1000)
    for _ in range(2):
        out.write_records(1)
        out.output.write_if_small()
        out.output.write()
        out.output.write()
    out.add_partitions(1)
    out.output.write()
    starts = [line.startswith(STATE_START) for line in out.lines]
    assert starts == [False, True, False, True, True]


def test_run_writes_few_states(sim: Simulator, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A run of all default streams ends with STATE, and STATE is at most 5 % of its output."""
    collected = run(config_for(sim))
    capsysbinary.readouterr()
    for state in ({}, collected.state):
        TapTikTokAds(config=config_for(sim), state=state, selected_only=True).run()
        lines = capsysbinary.readouterr().out.splitlines(keepends=True)
        states = [line for line in lines if line.startswith(STATE_START)]
        assert lines[-1] == states[-1]
        assert sum(map(len, states)) <= 0.05 * sum(map(len, lines))


@pytest.mark.parametrize("is_expected", [True, False], ids=["API error", "defect"])
def test_failed_run_writes_the_last_state(
    sim: Simulator,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    is_expected: bool,
) -> None:
    """A run that any error ends writes the bookmarks of the streams before."""
    config = config_for(sim)
    bookmarks = run(config, ["ad_groups"]).bookmarks("ad_groups")
    complete = TikTokStream.complete

    def complete_or_fail(stream: TikTokStream, group: t.Any) -> None:
        if stream.name == "ads":
            raise KeyError
        complete(stream, group)

    if is_expected:
        sim.add_fault("code", path="/ad/get/", times=None, code=40002)
    else:
        monkeypatch.setattr(TikTokStream, "complete", complete_or_fail)
    catalog = catalog_of(config, ["ad_groups", "ads"], alone=True)
    tap = TapTikTokAds(config=config, catalog=catalog, selected_only=True)
    with pytest.raises(errors.RejectedRequestError if is_expected else KeyError):
        tap.run()
    messages = Messages(list(map(json.loads, capsysbinary.readouterr().out.splitlines())))
    assert messages.all[-1]["type"] == "STATE"
    assert messages.bookmarks("ad_groups") == bookmarks


def test_failed_run_writes_the_last_state_to_other_writers(sim: Simulator) -> None:
    """A run with another writer than the executable's ends with STATE after an error, too."""
    config = config_for(sim)
    sim.add_fault("code", path="/ad/get/", times=None, code=40002)
    catalog = catalog_of(config, ["ad_groups", "ads"], alone=True)
    writer = Collector()
    with pytest.raises(errors.RejectedRequestError):
        TapTikTokAds(
            config=config, catalog=catalog, selected_only=True, message_writer=writer
        ).run()
    assert writer.messages.all[-1]["type"] == "STATE"
    assert writer.messages.bookmarks("ad_groups")
