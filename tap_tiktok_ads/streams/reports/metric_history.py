"""The metrics that earlier runs of a report read, kept in the state."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.singer.state import METRICS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_tiktok_ads.problems import Warnings


class MetricHistory:
    """Compares the metrics of a run with the metrics of earlier runs."""

    def __init__(
        self, stream_name: str, tap_state: Mapping[str, t.Any], warnings: Warnings
    ) -> None:
        """Prepare.

        Args:
            stream_name: The stream.
            tap_state: The state of the run.
            warnings: The warnings of the stream.
        """
        self._stream_name = stream_name
        self._tap_state = tap_state
        self._warnings = warnings

    @property
    def _stream_state(self) -> dict[str, t.Any]:
        state: dict[str, t.Any] = self._tap_state.get("bookmarks", {}).get(self._stream_name) or {}
        return state

    def warn_of_new(self, requested: Iterable[str]) -> None:
        """Warn of metrics that earlier runs did not read."""
        read_before = self._stream_state.get(METRICS)
        if not isinstance(read_before, list):
            return
        new_metrics = [name for name in requested if name not in read_before]
        if new_metrics:
            self._warnings.log(
                "new metrics",
                "Stream %s has metrics that earlier runs did not read: %s. Days that are covered "
                "stay without them. To read all days again, run `tap-tiktok-ads state convert "
                "STATE --reset %s --output STATE` before the next run.",
                ", ".join(new_metrics),
                self._stream_name,
            )

    def keep(self, requested: Iterable[str]) -> None:
        """Write the metrics to the state, if the stream has one."""
        stream_state = self._stream_state
        if stream_state:
            stream_state[METRICS] = sorted(requested)
