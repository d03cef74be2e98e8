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
def test_metric_schema_has_the_type_of_its_metric(name: str, expected: list[str]) -> None:
    """A column has the type of its metric, and an unknown metric is text."""
    assert metric_schema(name)["type"] == expected


@pytest.mark.parametrize("report", load_catalog()["reports"])
def test_default_metrics_are_in_the_catalog(report: str) -> None:
    """Default metrics of a report are in the catalog, without duplicates."""
    metrics = default_metrics(report)
    assert metrics
    assert len(set(metrics)) == len(metrics)
    assert not unknown_metrics(metrics)


def test_unknown_report_raises_key_error() -> None:
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
def test_unknown_metrics_are_returned_in_order(names: list[str], expected: tuple[str, ...]) -> None:
    """Names that are not metrics are returned in their order."""
    assert unknown_metrics(names) == expected


#: Groups of metrics that TikTok does not document as counts.
UNDOCUMENTED_GROUPS = {
    *("app_events", "website_events", "offline_events", "skan", "attribution", "native_growth"),
    *("tiktok_shop", "messaging"),
}


def test_integers_are_documented_counts() -> None:
    """Results, conversions and events have the type number, because they may be fractions."""
    metrics = load_catalog()["metrics"]
    integers = {name for name, metric in metrics.items() if metric["type"] == "integer"}
    assert {"impressions", "clicks", "reach", "likes", "video_views_p100"} <= integers
    assert not {name for name in integers if metrics[name]["group"] in UNDOCUMENTED_GROUPS}
    assert not {name for name in integers if "result" in name or "conversion" in name}
