"""Whether the rows of a report add up to what TikTok tells of all of them."""

from __future__ import annotations

import contextlib
import dataclasses
import decimal
import typing as t

from tap_tiktok_ads.extract.values import BadValueError, to_number

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Metrics whose rows add up; reach, rates and costs do not.
ADDITIVE = ("spend", "impressions", "clicks", "conversion")
#: The parameter that asks for totals, and the member of an answer's `data` that holds them.
PARAMETER, MEMBER = "enable_total_metrics", "total_metrics"
#: What a row of money may be off by: it is rounded to cents.
ROUNDING = decimal.Decimal("0.005")
ZERO = decimal.Decimal(0)

Numbers = dict[str, decimal.Decimal]


@dataclasses.dataclass(slots=True)
class Totals:
    """What the rows of some pages add up to, by metric, and each total that was told.

    Attributes:
        rows: how many rows.
        sums: of them.
        told: one for each page that told any; numbers may grow between the pages.
    """

    rows: int = 0
    sums: Numbers = dataclasses.field(default_factory=dict)
    told: list[Numbers] = dataclasses.field(default_factory=list)

    @classmethod
    def of_page(cls, metrics: Iterable[Mapping[str, t.Any]], told: t.Any) -> Totals:
        """Those of one page: the metrics of its rows, and `data.total_metrics`."""
        found = cls(told=[_numbers(told)] if isinstance(told, dict) else [])
        for row in metrics:
            found.rows += 1
            found._add(_numbers(row))
        return found

    def add(self, page: Totals) -> None:
        """Count a further page."""
        self.rows += page.rows
        self.told += page.told
        self._add(page.sums)

    def _add(self, numbers: Numbers) -> None:
        for name, number in numbers.items():
            self.sums[name] = self.sums.get(name, ZERO) + number

    def differences(self) -> dict[str, tuple[decimal.Decimal, decimal.Decimal]]:
        """By metric, the sum of the rows and the nearest total told, where they differ.

        Money may differ by what rounding makes of each row.
        """
        found = {}
        for name in dict.fromkeys(name for told in self.told for name in told):
            sum_ = self.sums.get(name, ZERO)
            totals = [told[name] for told in self.told if name in told]
            nearest = min(totals, key=lambda total: abs(total - sum_))
            allowed = ROUNDING * (self.rows + 1) if name == "spend" else ZERO
            if not min(totals) - allowed <= sum_ <= max(totals) + allowed:
                found[name] = (sum_, nearest)
        return found


def _numbers(metrics: Mapping[str, t.Any]) -> Numbers:
    """The additive ones among a row's metrics, as far as they are numbers."""
    found = {}
    for name in ADDITIVE:
        with contextlib.suppress(BadValueError):
            value = to_number(metrics.get(name))
            if value is not None:
                found[name] = decimal.Decimal(str(value))
    return found
