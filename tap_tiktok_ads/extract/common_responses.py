"""Responses that several tasks of a run need."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.extract.dormancy import DormancyFacts, ProbeTask, ordinals
from tap_tiktok_ads.extract.empty_days import EmptyDays
from tap_tiktok_ads.extract.request_gate import RequestGate
from tap_tiktok_ads.extract.topview_campaigns import TopViewCampaigns

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.extract.pages import Task


class CommonResponses:
    """Responses that several tasks need, and the gate in front of them.

    Attributes:
        dormancy: The days on which advertisers deliver nothing, as far as probes have found out.
        empty_days: The days on which reports of the run have no record.
        topview_campaigns: Since when each advertiser can have TopView ads.
        gate: Keeps a task from starting while another task requests a response that it needs.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.topview_campaigns = TopViewCampaigns(client)
        self.dormancy = DormancyFacts()
        self.empty_days = EmptyDays()
        self._found_out: set[str] = set()
        self.gate: RequestGate[Task] = RequestGate(
            self._unknown_keys, self._find_out, self._is_ready
        )

    def _is_ready(self, task: Task) -> bool:
        """Return False while another report reads if the days of a task are empty."""
        if task.awaited_report is None or task.window is None:
            return True
        owner = id_of(task.advertiser) or ""
        days = ordinals(task.window)
        return not self.empty_days.is_pending(task.awaited_report, owner, days)

    def _find_out(self, task: Task) -> None:
        """Remember the common keys of a task that is done."""
        self._found_out.update(task.common_keys)

    def _unknown_keys(self, task: Task) -> Sequence[str]:
        """Return the keys of the common responses that a task needs and that are not known."""
        keys = [key for key in task.common_keys if key not in self._found_out]
        if task.request.shared and not self._client.has_cached(task.request):
            keys.append(task.request.cache_key)
        advertiser = task.advertiser
        if task.is_topview and advertiser and not self.topview_campaigns.is_known(advertiser):
            keys.append(f"TopView campaigns of {advertiser.id}")
        if isinstance(task, ProbeTask) and not self.dormancy.is_known(task.group, task.block):
            keys.append(task.key)
        return keys
