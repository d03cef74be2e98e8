"""The option `--test`: read one record of each selected stream, and report each result."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from tap_tiktok_ads.api.errors import OutputError, TapError
from tap_tiktok_ads.api.masking import escape
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.problems import FATAL_ERRORS

if t.TYPE_CHECKING:
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Results of a stream.
OK, EMPTY, FORBIDDEN, FAILED = "ok", "no records", "no permission", "failed"
RESULT_WIDTH = max(map(len, (OK, EMPTY, FORBIDDEN, FAILED)))


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a stream, and the cause if its record was not read."""

    stream: str
    text: str
    cause: str = ""

    def __str__(self) -> str:
        cause = f": {escape(self.cause)}" if self.cause else ""
        return f"{self.text:{RESULT_WIDTH}}  {self.stream}{cause}"


def check_connection(tap: TapTikTokAds) -> int:
    """Read one record of each stream of a tap, print the results, and return the exit code.

    Raises:
        TapError: The advertisers cannot be read, or the error concerns all streams.
    """
    _ = tap.run_context.advertisers
    streams = t.cast("list[TikTokStream]", list(tap.streams.values()))
    results = [_result(tap, stream) for stream in streams if stream.selected]
    for result in results:
        common.say(str(result), err=True)
    counts = collections.Counter(result.text for result in results)
    passed = counts[OK] + counts[EMPTY]
    verdict = f"{passed} of {len(results)} stream(s) passed the test."
    if counts[FORBIDDEN]:
        verdict += f" The token may not read {counts[FORBIDDEN]}: a run skips them."
    common.say(verdict, err=True)
    return 1 if counts[FAILED] else 0


def _result(tap: TapTikTokAds, stream: TikTokStream) -> Result:
    """Read one record of a stream, and return the result.

    Raises:
        TapError: The error concerns all streams.
    """
    context = tap.run_context
    stream.ABORT_AT_RECORD_COUNT = 1
    try:
        stream.sync()
    except (*FATAL_ERRORS, OutputError):
        raise
    except TapError as error:
        return Result(stream.name, FAILED, context.client.mask(str(error)))
    return _read_result(stream.name, context)


def _read_result(name: str, context: RunContext) -> Result:
    """Return the result of a stream that no error ended."""
    problems = context.problems
    messages = [row["message"] for row in problems.records() if row["stream"] == name]
    if name in {stream for stream, _ in problems.failed} | problems.unusable.keys():
        return Result(name, FAILED, *messages[:1])
    if any(counts.stream == name and counts.records for counts in context.progress.summary()):
        return Result(name, OK)
    if name in {stream for stream, _ in problems.skipped}:
        return Result(name, FORBIDDEN, *messages[:1])
    return Result(name, EMPTY)
