"""Detection of TopView ads in advertiser reports without a filter, from the spend in them.

TikTok's page says that an `AUCTION_ADVERTISER` report holds all auction and reservation ads, and
that TopView ads need the filter `buying_type` (portal 1740302848100353).
"""

from __future__ import annotations

import decimal
import itertools
import typing as t

from tap_tiktok_ads.api.advertisers import TOPVIEW, id_of
from tap_tiktok_ads.api.errors import PermissionDeniedError, RejectedRequestError
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.streams.reports.daily_sums import SUM_DAYS, ZERO, DailySums
from tap_tiktok_ads.streams.reports.filters import in_filter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.daily_sums import SumReader

#: Maximum difference from the expected spend, as a share of the TopView spend.
TOLERANCE = decimal.Decimal("0.1")
ADVERTISER: dict[str, t.Any] = {
    "data_level": "AUCTION_ADVERTISER",
    "dimensions": ["advertiser_id"],
}
TOPVIEW_ADS = {**ADVERTISER, "filtering": [in_filter("buying_type", [TOPVIEW])]}
CAMPAIGNS = {
    "data_level": "AUCTION_CAMPAIGN",
    "dimensions": ["campaign_id"],
    "filtering": [in_filter("campaign_status", ["STATUS_ALL"])],
}


class TopViewInclusion:
    """Finds out once per run and advertiser if unfiltered advertiser reports include TopView ads.

    The newest days with TopView spend decide. On these days, the total of the advertiser exceeds
    the sum of its campaigns by the TopView spend, or by nothing.
    """

    def __init__(
        self,
        findings: dict[str, bool | None],
        sums: SumReader,
        days: Callable[[Advertiser | None], tuple[pendulum.Date, pendulum.Date]],
        warnings: Warnings,
    ) -> None:
        """Prepare.

        Args:
            findings: The findings of the run by advertiser ID. None: the data do not decide.
            sums: Reads reports by day.
            days: Returns the first and last day that the settings name.
            warnings: The warnings of the stream.
        """
        self._findings = findings
        self._sums = sums
        self._days = days
        self._warnings = warnings

    def is_known(self, task: Task) -> bool:
        """Return True if TopView ads were found to be included. Sends no request."""
        return bool(self._findings.get(id_of(task.advertiser) or ""))

    def is_found(self, task: Task) -> bool:
        """Return True if the unfiltered reports of the task's advertiser include TopView ads.

        Returns False if the data do not decide.

        Raises:
            TapError: A report cannot be read.
        """
        owner = id_of(task.advertiser) or ""
        if owner not in self._findings:
            try:
                self._find(task, owner)
            except (PermissionDeniedError, RejectedRequestError) as error:
                self._findings[owner] = None
                self._warnings.log(
                    f"inclusion {owner}",
                    "Stream %s cannot find out if totals of advertiser %s hold TopView ads. "
                    "They are requested, too, so sums may count them twice: %s",
                    owner,
                    error if isinstance(error, PermissionDeniedError) else error.facts,
                )
        return bool(self._findings.get(owner))

    def _find(self, task: Task, owner: str) -> None:
        """Keep the finding of the newest window with TopView spend, if a window has any.

        The windows do not depend on the task, except for the oldest: every task finds the same.
        A report of all time looks at all time, too.
        """
        first, last = self._days(task.advertiser)
        if task.window is not None:
            first = min(first, task.window.start)
        windows: Iterator[dates.Window | None] = dates.split_windows_backwards(
            first, last, SUM_DAYS
        )
        if task.window is None:
            windows = itertools.chain(windows, (None,))
        for window in windows:
            topview = self._read(task.advertiser, window, TOPVIEW_ADS)
            days = [day for day, sums in topview.days.items() if sums["spend"] > 0]
            if not days:
                continue
            spend = topview.total("spend", days)
            total = self._read(task.advertiser, window, ADVERTISER).total("spend", days)
            campaigns = self._read(task.advertiser, window, CAMPAIGNS).total("spend", days)
            self._findings[owner] = finding = decide(total - campaigns, spend)
            self._log(owner, finding)
            return

    def _read(
        self, advertiser: Advertiser | None, window: dates.Window | None, params: dict[str, t.Any]
    ) -> DailySums:
        sums = DailySums()
        self._sums.add(sums, advertiser, window, **params)
        return sums

    def _log(self, owner: str, finding: bool | None) -> None:  # noqa: FBT001
        if finding is None:
            self._warnings.log(
                f"inclusion {owner}",
                "Stream %s cannot find out if totals of advertiser %s hold TopView ads, because "
                "the data fit both cases. TopView ads are requested, too. The next run looks "
                "again.",
                owner,
            )
        elif finding:
            self._warnings.log(
                f"inclusion {owner}",
                "Stream %s adds no TopView records for advertiser %s: totals without a filter hold "
                "TopView ads already.",
                owner,
            )


def decide(difference: decimal.Decimal, topview_spend: decimal.Decimal) -> bool | None:
    """Return True if TopView spend is included, False if not, None if the data do not decide.

    Args:
        difference: The total of an advertiser minus the sum of its campaigns without TopView.
        topview_spend: The TopView spend of these days.
    """
    if topview_spend <= ZERO:
        return None
    if abs(difference - topview_spend) <= TOLERANCE * topview_spend:
        return True
    return False if abs(difference) <= TOLERANCE * topview_spend else None
