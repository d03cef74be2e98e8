"""Records of targeting tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .values import Record

COUNTRIES = {
    "6252001": "United States",
    "6251999": "Canada",
    "3469034": "Brazil",
    "2635167": "United Kingdom",
    "2921044": "Germany",
    "1861060": "Japan",
}
"""Country names by location ID."""


def country_tag(location_id: str, name: str) -> Record:
    """Return the targeting tag of a country."""
    geo = {"geo_id": location_id, "geo_type": "COUNTRY"}
    return {"targeting_type": "GEO", "name": name, "geo": geo}
