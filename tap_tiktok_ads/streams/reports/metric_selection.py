"""Which metrics a report requests."""

from __future__ import annotations

import functools
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.errors import ConfigError, RejectedRequestError
from tap_tiktok_ads.api.metric_catalog import unknown_metrics
from tap_tiktok_ads.api.metric_rules import (
    expand_metrics,
    metric_conflict,
    metric_doubt,
    rejected_metrics,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.errors import TapError
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings

#: The word in `report_metrics` for the default metrics of a report.
DEFAULT_METRICS = "usual"
#: The part of TikTok's message about metrics that the dimensions or the level do not have.
CONFLICT = "metrics and dimensions have no relation"
#: TikTok requires at least one metric.
FALLBACK_METRIC = "spend"


class MetricSelection:
    """The metrics of one report: configured, selected, and not rejected by TikTok so far.

    Attributes:
        names: All metrics that have a column.
    """

    def __init__(
        self,
        definition: ReportDefinition,
        default_metrics: Sequence[str],
        configured: Sequence[str],
        is_selected: Callable[[str], bool],
        warnings: Warnings,
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            default_metrics: Names, or groups, used when nothing is configured.
            configured: Names and groups of the settings. `usual` stands for the defaults.
            is_selected: Returns True if the catalog selects the column of a metric.
            warnings: The warnings of the stream.

        Raises:
            ConfigError: A configured metric is not valid in this report.
        """
        self._definition = definition
        self._is_selected = is_selected
        self._warnings = warnings
        self._rejected: set[str] = set()
        self._rejected_for_topview: set[str] = set()
        self.names = tuple(default_metrics)
        if configured:
            names = [
                name
                for word in configured
                for name in (default_metrics if word == DEFAULT_METRICS else (word,))
            ]
            self.names = self._expanded(names)

    def _expanded(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the single metrics that configured names stand for.

        Raises:
            ConfigError: One is not valid in this report.
        """
        definition = self._definition
        try:
            metrics = expand_metrics(names, definition)
        except ValueError as error:
            raise self._config_error(str(error)) from None
        if not metrics:
            reason = f"no metric of {', '.join(names)} is valid in this report"
            raise self._config_error(reason)
        for name in names:
            conflict = metric_conflict(name, definition)
            if conflict is not None:
                raise self._config_error(conflict)
        self._warn_of_unknown(metrics)
        self._warn_of_doubtful(metrics)
        return metrics

    def _warn_of_unknown(self, metrics: Sequence[str]) -> None:
        """Warn of metrics that the catalog does not have."""
        unknown = unknown_metrics(metrics)
        if unknown:
            self._warnings.log(
                "unknown metrics",
                "Stream %s writes metrics as text that this version of the tap does not know: %s. "
                "Check their names, or look for a newer version.",
                ", ".join(unknown),
            )

    def _warn_of_doubtful(self, metrics: Sequence[str]) -> None:
        """Warn of metrics that TikTok may reject, once for each reason."""
        doubtful: dict[str, list[str]] = {}
        for name in metrics:
            reason = metric_doubt(name, self._definition)
            if reason is not None:
                doubtful.setdefault(reason, []).append(name)
        for reason, names in doubtful.items():
            self._warnings.log(
                f"doubtful metrics: {reason}",
                "Could not verify metrics of stream %s: %s in %s reports: %s. They are "
                "requested, and left out if TikTok rejects them. To avoid this, remove them from "
                "the settings.",
                reason,
                self._definition.report_type,
                ", ".join(names),
            )

    def _config_error(self, reason: str) -> ConfigError:
        return ConfigError(f"Setting 'report_metrics', {self._definition.name}: {reason}.")

    @property
    def requested(self) -> list[str]:
        """The metrics to request: the selected metrics, or one that is not written."""
        return list(self._requested)

    @functools.cached_property
    def _requested(self) -> Sequence[str]:
        fallback = FALLBACK_METRIC if FALLBACK_METRIC in self.names else self.names[0]
        return [name for name in self.names if self._is_selected(name)] or [fallback]

    @property
    def has_rejected(self) -> bool:
        """True if TikTok has rejected a metric in this run."""
        return bool(self._rejected or self._rejected_for_topview)

    def with_all(self, task: Task) -> Task:
        """Return the task with all metrics, including rejected ones."""
        return task.with_params(metrics=self.requested)

    def without_rejected(self, task: Task) -> Task:
        """Return the task without the metrics that TikTok has rejected in this run."""
        rejected = self._rejected | self._rejected_by(task)
        metrics = [name for name in task.request.params["metrics"] if name not in rejected]
        return task.with_params(metrics=metrics)

    def _rejected_by(self, task: Task) -> set[str]:
        return self._rejected_for_topview if task.optional else self._rejected

    def reject(self, task: Task, error: RejectedRequestError) -> None:
        """Leave out, from now on, the metrics that an error names.

        Raises:
            RejectedRequestError: The error names no metric, or every metric.
        """
        names = self.rejected_in(task, error)
        if not names:
            raise error
        self._rejected_by(task).update(names)
        self._warnings.log(
            f"rejected {names} {task.optional}",
            "Continuing stream %s without metrics %s: %s",
            ", ".join(names),
            error,
        )

    def rejected_in(self, task: Task, error: TapError) -> tuple[str, ...]:
        """Return the metrics of a task that an error calls invalid, if others remain.

        A conflict that names no metric rejects the metrics in doubt.
        """
        metrics = task.request.params["metrics"]
        if not isinstance(error, RejectedRequestError):
            return ()
        if error.code != errors.INVALID_PARAMETER:
            return ()
        names = rejected_metrics(error.api_message, metrics)
        if not names and CONFLICT in error.api_message:
            names = tuple(name for name in metrics if metric_doubt(name, self._definition))
        return names if len(names) < len(metrics) else ()
