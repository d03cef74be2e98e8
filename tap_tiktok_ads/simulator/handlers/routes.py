"""All endpoints, with their parameters and handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.simple_list_endpoints import SIMPLE_LIST_ENDPOINTS
from tap_tiktok_ads.simulator.spec import endpoints, reports

from . import (
    authorization,
    feedback,
    file_tasks,
    gmv_max_reports,
    insights,
    integrated_reports,
    lists,
    material_reports,
    objects,
    single_objects,
)

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.spec.params import Endpoint

    from .api import Handler

ENDPOINTS: dict[str, Endpoint] = {
    **endpoints.ENDPOINTS,
    **reports.REPORT_ENDPOINTS,
    **{list_endpoint.path: list_endpoint.definition for list_endpoint in SIMPLE_LIST_ENDPOINTS},
}
"""All endpoints, by path below the version."""

HANDLERS: dict[str, Handler] = {
    **authorization.HANDLERS,
    **objects.HANDLERS,
    **material_reports.HANDLERS,
    **integrated_reports.HANDLERS,
    **feedback.HANDLERS,
    **file_tasks.HANDLERS,
    **gmv_max_reports.HANDLERS,
    **single_objects.HANDLERS,
    **insights.HANDLERS,
    **lists.HANDLERS,
}
"""The handlers of all endpoints, by path below the version."""
