"""The catalog of metrics."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.metric_catalog import (
    default_metrics,
    load_catalog,
    metric_schema,
    unknown_metrics,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spend", ["number", "null"]),
        ("clicks", ["integer", "null"]),
        ("campaign_name", ["string", "null"]),
        ("not_a_metric", ["string", "null"]),
    ],
)
def test_metric_types(name: str, expected: list[str]) -> None:
    """A column has the type of its metric, and an unknown metric is text."""
    assert metric_schema(name)["type"] == expected


@pytest.mark.parametrize("report", load_catalog()["reports"])
def test_default_metrics(report: str) -> None:
    """Default metrics of a report are in the catalog, without duplicates."""
    metrics = default_metrics(report)
    assert metrics
    assert len(set(metrics)) == len(metrics)
    assert not unknown_metrics(metrics)


def test_unknown_report() -> None:
    """A report that is not in the catalog raises `KeyError`."""
    with pytest.raises(KeyError):
        default_metrics("not_a_report")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["spend", "clicks"], ()),
        (["spend", "spent", "clicks", "zzz"], ("spent", "zzz")),
        ([], ()),
    ],
)
def test_unknown_metrics(names: list[str], expected: tuple[str, ...]) -> None:
    """Names that are not metrics are returned in their order."""
    assert unknown_metrics(names) == expected
