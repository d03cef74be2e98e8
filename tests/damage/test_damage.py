"""Damaged responses: no record is lost with exit code 0, and the next run reads what is missing."""

from __future__ import annotations

import typing as t

import pytest

from .checks import check, run_damaged
from .kinds import KINDS, Kind
from .shapes import HEALTHY_SHAPES, SHAPES, Shape, Verdict


def pairs(*, ends: bool = False) -> list[t.Any]:
    """Return the parameters of each shape and kind, or of the shapes whose damage can end."""
    return [
        pytest.param(shape, kind, id=f"{shape.name} - {kind.name}")
        for shape in SHAPES
        for kind in KINDS
        if kind.name in shape.kinds and (shape.ends or not ends)
    ]


def test_the_table_is_large() -> None:
    """There are at least sixty shapes of damage for each kind of stream."""
    for kind in KINDS:
        assert len([shape for shape in SHAPES if kind.name in shape.kinds]) >= 60


@pytest.mark.parametrize(("shape", "kind"), pairs())
def test_lasting_damage(shape: Shape, kind: Kind) -> None:
    """A run with a damage that does not end is exact, or reports what the next run reads."""
    result = run_damaged(shape, kind)
    check(result, shape.verdict, has_keys=kind.has_keys)


@pytest.mark.parametrize(("shape", "kind"), pairs(ends=True))
def test_damage_that_ends(shape: Shape, kind: Kind) -> None:
    """A run whose first attempts are damaged is exact."""
    result = run_damaged(shape, kind, is_transient=True)
    check(result, Verdict.EXACT, has_keys=kind.has_keys)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_other_healthy_forms(kind: Kind) -> None:
    """Healthy responses of another form are read exactly, without additional requests."""
    plain = HEALTHY_SHAPES[0]
    baseline = run_damaged(plain, kind).first.request_count
    for shape in HEALTHY_SHAPES:
        if kind.name not in shape.kinds:
            continue
        result = run_damaged(shape, kind)
        check(result, Verdict.HEALTHY, has_keys=kind.has_keys)
        assert result.first.request_count == baseline, shape.name
        assert result.first.sync_errors == []
