"""Checks of runs against a damaged server, by verdict."""

from __future__ import annotations

import dataclasses
import typing as t

from .kinds import sync, world_of
from .server import serving
from .shapes import Verdict

if t.TYPE_CHECKING:
    import collections

    from .kinds import Identity, Kind, Outcome
    from .shapes import Shape

#: A healthy run sends at most 12 requests. A damaged run makes three passes and sends at most
#: three attempts per page in each. Smaller pages add at most one request per page.
MAX_REQUESTS_PER_RUN = 100


@dataclasses.dataclass(frozen=True)
class Result:
    """Results of a damaged run and of the healthy run that follows if the first run fails.

    Attributes:
        first: The damaged run.
        lost: Number of records that the first run did not write.
        wrong: Number of records that do not exist, over both runs.
        repeated: Number of records that the first run wrote more than once.
        lost_for_good: Number of records that neither run wrote.
    """

    first: Outcome
    lost: int
    wrong: int
    repeated: int
    lost_for_good: int

    @property
    def lost_silently(self) -> int:
        """Number of records that the first run lost with exit code 0."""
        return 0 if self.first.exit_code else self.lost


def run_damaged(shape: Shape, kind: Kind, *, is_transient: bool = False) -> Result:
    """Return the result of a damaged run and, after an error, of a healthy run."""
    world = world_of(kind)
    expected = kind.expected(world)
    with serving(world) as server:
        shape.apply(server, kind, is_transient=is_transient)
        first = sync(server, kind)
        written = first.identities(kind)
        all_written = written
        if first.exit_code:
            server.reset()
            second = sync(server, kind, first.state)
            assert second.exit_code == 0, second.error
            all_written = written + second.identities(kind)
    return Result(
        first,
        lost=missing_count(expected, written),
        wrong=len(all_written.keys() - expected.keys()),
        repeated=sum(written.values()) - len(written),
        lost_for_good=missing_count(expected, all_written),
    )


def missing_count(
    expected: collections.Counter[Identity], written: collections.Counter[Identity]
) -> int:
    """Return the number of expected records that were not written."""
    return len(expected.keys() - written.keys())


def check(result: Result, verdict: Verdict, *, has_keys: bool) -> None:
    """Assert that a result matches its verdict."""
    first = result.first
    assert first.request_count <= MAX_REQUESTS_PER_RUN
    assert result.wrong == 0
    assert not (has_keys and result.repeated)
    if verdict in {Verdict.HEALTHY, Verdict.EXACT}:
        assert (first.exit_code, result.lost) == (0, 0), first.error
    elif verdict is Verdict.SAFE:
        assert result.lost_silently == 0
    elif verdict in {Verdict.AGREED, Verdict.AGREED_SHORT}:
        assert first.exit_code == 0, first.error
        assert result.lost == (verdict is Verdict.AGREED_SHORT)
        assert first.sync_errors
    else:
        assert first.exit_code == 1
        assert result.lost == 1
    if first.exit_code:
        assert first.sync_errors
        assert result.lost_for_good <= (verdict is Verdict.ANNOUNCED)
