"""Invalid time zones of advertisers."""

from __future__ import annotations

import typing as t

import conftest
import pytest
from conftest import answering, config_at, run


@pytest.mark.parametrize(
    "zone", [None, "", 5, [1], {"name": "UTC"}, "Mars/Base", "America", "../../etc/passwd", "a\0b"]
)
def test_invalid_time_zone_means_utc(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, zone: t.Any
) -> None:
    """With an invalid time zone, the report dates are UTC and a warning is logged."""
    accounts = {"list": [{"advertiser_id": "1", "timezone": zone}]}
    monkeypatch.setattr(conftest, "ANSWERED_ADVERTISERS", accounts)
    with answering(lambda _: {"list": [], "page_info": {"total_number": 0}}) as (url, paths):
        run(config_at(url), ["campaign_performance_report"])
    assert "so the run plans its days in UTC" in caplog.text
    assert "None" not in caplog.text
    assert any("start_date=2026-11-01" in path for path in paths)
