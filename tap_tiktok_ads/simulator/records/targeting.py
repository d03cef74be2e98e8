"""Records of targeting tags, and of the lists with the names of targeted IDs."""

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
COUNTRY_CODES = dict(zip(COUNTRIES, ("US", "CA", "BR", "GB", "DE", "JP"), strict=True))
PROVINCES = {"5332921": ("California", "6252001"), "2950157": ("Land Berlin", "2921044")}
"""Name and location ID of the country of provinces, by location ID."""
LANGUAGES = {"en": "English", "de": "German", "ja": "Japanese", "pt": "Portuguese"}
INTERESTS = {
    "15": ("Technology & Electronics", 1, ["15100"]),
    "15100": ("Mobile Phones", 2, []),
    "22": ("Travel", 1, []),
}
"""Name, level and subcategories of interest categories, by ID."""
ACTIONS = {
    ("101", "VIDEO_RELATED"): ("Food & Beverage", ["101001"]),
    ("101001", "VIDEO_RELATED"): ("Baking", []),
    ("101", "CREATOR_RELATED"): ("Food & Beverage", []),
}
"""Name and subcategories of action categories, by ID and scene."""
CARRIERS = {
    "US": {"10001": ("Carrier “One”", ["310410", "310150"]), "10002": ("Carrier Two", ["310260"])},
    "JP": {"20001": ("キャリア", ["44010"])},
}
"""Name and networks of carriers, by country and ID."""
DEVICES = {
    "1": ("BRAND", "ANDROID", "Brand A", ["11"]),
    "11": ("SERIES", "ANDROID", "Series A1", ["111"]),
    "111": ("MODEL", "ANDROID", "Model A1 Pro", []),
    "2": ("BRAND", "IOS", "Brand B", []),
}
"""Level, operating system, name and children of devices, by ID."""
OS_VERSIONS = (("ANDROID", "8.0"), ("ANDROID", "14.0"), ("IOS", "14.5"), ("IOS", "17.0"))


def country_tag(location_id: str, name: str) -> Record:
    """Return the targeting tag of a country."""
    geo = {"geo_id": location_id, "geo_type": "COUNTRY"}
    return {"targeting_type": "GEO", "name": name, "geo": geo}


def regions() -> list[Record]:
    """Return countries and provinces as in `/tool/region/`."""
    provinces = {
        country: [key for key, (_, parent) in PROVINCES.items() if parent == country]
        for country in COUNTRIES
    }
    countries = [
        _region(location_id, name, location_id, "0", provinces[location_id])
        for location_id, name in COUNTRIES.items()
    ]
    return [
        *countries,
        *(_region(key, name, country, country, []) for key, (name, country) in PROVINCES.items()),
    ]


def _region(location_id: str, name: str, country: str, parent: str, children: list[str]) -> Record:
    return {
        "location_id": location_id,
        "name": name,
        "parent_id": parent,
        "region_code": COUNTRY_CODES[country],
        "country_code": COUNTRY_CODES[country],
        "next_level_ids": children,
        "area_type": "ADMIN",
        "level": "COUNTRY" if parent == "0" else "PROVINCE",
        "support_below_18": country != "6252001",
    }


def languages() -> list[Record]:
    """Return languages as in `/tool/language/`."""
    return [{"code": code, "name": name} for code, name in LANGUAGES.items()]


def interest_categories() -> list[Record]:
    """Return interest categories as in `/tool/interest_category/`."""
    return [
        {
            "interest_category_id": category_id,
            "interest_category_name": name,
            "level": level,
            "sub_category_ids": children,
            "special_industries": [] if children else ["HOUSING", "CREDIT"],
            "placements": [],
        }
        for category_id, (name, level, children) in INTERESTS.items()
    ]


def action_categories() -> list[Record]:
    """Return action categories as in `/tool/action_category/`. An ID can be in two scenes."""
    return [
        {
            "action_category_id": category_id,
            "action_scene": scene,
            "name": name,
            "description": f"People who watched “{name}”",
            "level": 1 if len(category_id) == 3 else 2,  # noqa: PLR2004 - length of the ID
            "sub_category_ids": children,
            "special_industries": [],
        }
        for (category_id, scene), (name, children) in ACTIONS.items()
    ]


def carrier_countries() -> list[Record]:
    """Return countries with their carriers as in `/tool/carrier/`."""
    return [
        {
            "country_code": country,
            "carriers": [
                {
                    "carrier_id": carrier_id,
                    "name": name,
                    "in_use": True,
                    "value": [{"hni_id": network, "in_use": True} for network in networks],
                }
                for carrier_id, (name, networks) in carriers.items()
            ],
        }
        for country, carriers in CARRIERS.items()
    ]


def device_models() -> list[Record]:
    """Return brands, series and models as in `/tool/device_model/`."""
    return [
        {
            "device_model_id": device_id,
            "device_model_name": name,
            "level": level,
            "os_type": os_type,
            "is_active": True,
            "child_device_ids": children,
        }
        for device_id, (level, os_type, name, children) in DEVICES.items()
    ]


def os_versions() -> list[Record]:
    """Return versions of operating systems as in `/tool/os_version/`."""
    return [
        {"os_id": str(number), "os_type": os_type, "version": version, "name": f"{version}+"}
        for number, (os_type, version) in enumerate(OS_VERSIONS, 1)
    ]
