"""Documented endpoints with the types and limits of their parameters."""

from __future__ import annotations

from .endpoints_assets import ASSETS, TOOLS
from .endpoints_files import FILE_TASKS
from .endpoints_insights import INSIGHTS
from .endpoints_measurement import CATALOGS, MEASUREMENT
from .endpoints_money import MONEY
from .endpoints_names import NAMES
from .endpoints_objects import OBJECTS, SMART_PLUS
from .endpoints_reports import MATERIAL_REPORTS, REPORTS
from .endpoints_shops import BUSINESS_CENTERS, SHOP

ENDPOINTS = {
    (endpoint.method, endpoint.path): endpoint
    for endpoint in (
        *OBJECTS,
        *SMART_PLUS,
        *REPORTS,
        *MATERIAL_REPORTS,
        *SHOP,
        *BUSINESS_CENTERS,
        *ASSETS,
        *TOOLS,
        *NAMES,
        *MONEY,
        *MEASUREMENT,
        *CATALOGS,
        *INSIGHTS,
        *FILE_TASKS,
    )
}
