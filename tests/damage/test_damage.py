"""Damaged responses never lose records with exit code 0. The next run reads lost records."""

from __future__ import annotations

import typing as t

import pytest

from .checks import check, run_damaged
from .kinds import KINDS, Kind
from .shapes import HEALTHY_SHAPES, SHAPES, Shape, Verdict


def pairs(*, only_transient: bool = False) -> list[t.Any]:
    """Return parameters for each shape and kind, optionally only shapes that can be transient."""
    return [
        pytest.param(shape, kind, id=f"{shape.name} - {kind.name}")
        for shape in SHAPES
        for kind in KINDS
        if kind.name in shape.kinds and (shape.can_be_transient or not only_transient)
    ]


def test_every_kind_has_sixty_shapes() -> None:
    """Each kind of stream has at least sixty shapes of damage."""
    for kind in KINDS:
        assert len([shape for shape in SHAPES if kind.name in shape.kinds]) >= 60


@pytest.mark.parametrize(("shape", "kind"), pairs())
def test_permanent_damage_loses_no_record_silently(shape: Shape, kind: Kind) -> None:
    """A permanently damaged run is exact, or reports the records that the next run reads."""
    result = run_damaged(shape, kind)
    check(result, shape.verdict, has_keys=kind.has_keys)


@pytest.mark.parametrize(("shape", "kind"), pairs(only_transient=True))
def test_transient_damage_is_retried(shape: Shape, kind: Kind) -> None:
    """A run whose first attempts are damaged is exact."""
    result = run_damaged(shape, kind, is_transient=True)
    check(result, Verdict.EXACT, has_keys=kind.has_keys)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_equivalent_healthy_responses_are_accepted(kind: Kind) -> None:
    """Healthy responses in an unusual form are read exactly, without additional requests."""
    plain = HEALTHY_SHAPES[0]
    baseline = run_damaged(plain, kind).first.request_count
    for shape in HEALTHY_SHAPES:
        if kind.name not in shape.kinds:
            continue
        result = run_damaged(shape, kind)
        check(result, Verdict.HEALTHY, has_keys=kind.has_keys)
        assert result.first.request_count == baseline, shape.name
        assert result.first.sync_errors == []
