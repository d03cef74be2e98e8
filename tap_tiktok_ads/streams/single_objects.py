"""Endpoints whose `data` is one record, without a list."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.source import Source, damaged
from tap_tiktok_ads.streams.dependent import RejectableSource

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Record, Task


class ObjectSource(Source):
    """An endpoint whose `data` is one record."""

    reads_list_only = False

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if `data` is empty.

        Raises:
            DamagedResponseError: It is.
        """
        if not response.data:
            raise damaged(task.request, response, "expected an object at data, got none.")

    @override
    def locate(self, task: Task, response: Response) -> Sequence[Record]:
        """Return `data` as the only record."""
        return [dict(response.data)]


class RejectableObjectSource(RejectableSource, ObjectSource):
    """An endpoint whose `data` is one record, which TikTok can reject on its own."""
