"""Time zones of advertisers that cannot be used."""

from __future__ import annotations

import typing as t

import conftest
import pytest
from conftest import answering, config_at, run


@pytest.mark.parametrize(
    "zone", [None, "", 5, [1], {"name": "UTC"}, "Mars/Base", "America", "../../etc/passwd", "a\0b"]
)
def test_report_days_are_those_of_utc(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, zone: t.Any
) -> None:
    """The run warns, and takes the report dates as UTC."""
    accounts = {"list": [{"advertiser_id": "1", "timezone": zone}]}
    monkeypatch.setattr(conftest, "ANSWERED_ADVERTISERS", accounts)
    with answering(lambda _: {"list": [], "page_info": {"total_number": 0}}) as (url, asked):
        run(config_at(url), ["campaign_performance_report"])
    assert "Advertiser 1 has no usable time zone" in caplog.text
    assert any("start_date=2026-11-01" in path for path in asked)
