"""Where ads can be aimed: countries down to postcodes, and Internet providers, from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

COUNTRIES = (
    ("US", "United States", "6252001"),
    ("CA", "Canada", "6251999"),
    ("BR", "Brazil", "3469034"),
    ("GB", "United Kingdom", "2635167"),
    ("DE", "Germany", "2921044"),
    ("JP", "Japan", "1861060"),
)
"""Code, name and location id of the countries; all below them is made up."""

NOWHERE = "0"
"""The parent of a country."""

_WITH_POSTCODES = {"US": "8840", "CA": "8124", "BR": "8052"}
_CANADIAN = "ABCEGHJKLMNPRSTVXY"
_PROVINCES, _COUNTIES, _TOWNS, _POSTCODES, _MARKETS, _PROVIDERS = 4, 3, 2, 5, 3, 2
_OFFLINE = 11
_FIRST = ("Ash", "Bram", "Clay", "Elm", "Fair", "Glen", "Iron", "Kings", "Lake", "Oak", "Pine")
_LAST = ("bury", "field", "ford", "haven", "mouth", "port", "ridge", "ton", "view", "wood")


@dataclass(frozen=True)
class Place:
    """A location or postcode; an Internet provider where `kind` is ISP.

    Attributes:
        id: Location id, postcode id or provider id.
        kind: A `geo_type`, or ISP.
        name: Name, or the postcode itself.
        region: Code of the country.
        description: What the kind is called in that country.
        parent: Id of the place around it.
        offline: Whether it can no longer be used.
    """

    id: str
    kind: str
    name: str
    region: str
    description: str
    parent: str
    offline: bool = False

    def tag(self, *, supported: bool = True) -> dict[str, Any]:
        """Return the targeting tag; `supported` is whether the settings of a request suit it."""
        reason = "OFFLINE" if self.offline else None if supported else "NOT_SUPPORTED"
        geo = isp = None
        if self.kind == "ISP":
            isp = {"isp_id": self.id, "location_id": self.parent, "region_code": self.region}
        else:
            geo = {
                "geo_id": self.id,
                "geo_type": self.kind,
                "description": self.description,
                "region_code": self.region,
                "parent_id": self.parent,
            }
        return {
            "targeting_type": "GEO" if geo else "ISP",
            "name": self.name,
            "status_info": {"status": "DISABLED" if reason else "ENABLED", "reason": reason},
            "geo": geo,
            "isp": isp,
        }


class Places:
    """All places, each after the one around it."""

    def __init__(self, seed: int) -> None:
        """Make the places below the countries up."""
        self._seed = seed
        self.by_id: dict[str, Place] = {}
        for region, name, country_id in COUNTRIES:
            country = self._add(Place(country_id, "COUNTRY", name, region, "Country", NOWHERE))
            for _ in range(_PROVINCES):
                self._province(country)
            for number in range(_MARKETS if region == "US" else 0):
                market = f"{self._name()},DMA®"
                self._add(Place(f"{501 + number}", "DMA", market, region, "DMA®", country_id))
            for number in range(_PROVIDERS):
                provider = f"{self._name()} Telecom"
                self._add(Place(f"{region}{number:05d}", "ISP", provider, region, "", country_id))

    def search(
        self, keyword: str, kinds: Collection[str], regions: Collection[str] | None
    ) -> list[Place]:
        """Return the places with a keyword in their names, the most similar first."""
        wanted = keyword.casefold()
        found = [
            place
            for place in self.by_id.values()
            if wanted in place.name.casefold()
            and place.kind in kinds
            and (regions is None or place.region in regions)
        ]
        return sorted(found, key=lambda place: _distance(wanted, place.name.casefold()))

    def around(self, places: Iterable[Place]) -> list[Place]:
        """Return every place around the given ones, each once."""
        return list(dict.fromkeys(above for place in places for above in self._above(place)))

    def _above(self, place: Place) -> Iterator[Place]:
        while place.parent != NOWHERE:
            place = self.by_id[place.parent]
            yield place

    def _province(self, country: Place) -> None:
        region = country.region
        province = self._located("PROVINCE", self._name(), "State", country)
        for _ in range(_COUNTIES):
            suffix, kind = (" County", "County") if region == "US" else ("", "City")
            county = self._located("CITY", self._name() + suffix, kind, province)
            if region == "US":
                for _ in range(_TOWNS):
                    town = self._located("DISTRICT", self._name(), "City", county)
                    self._postcodes(town)
        if region != "US":
            self._postcodes(province)

    def _located(self, kind: str, name: str, description: str, parent: Place) -> Place:
        serial = len(self.by_id)
        offline = mix(self._seed, 11, serial) % _OFFLINE == 0
        place_id = f"{4_000_000 + serial * 7}"
        return self._add(
            Place(place_id, kind, name, parent.region, description, parent.id, offline)
        )

    def _postcodes(self, parent: Place) -> None:
        if parent.region not in _WITH_POSTCODES:
            return
        for _ in range(_POSTCODES):
            code = _postcode(parent.region, mix(self._seed, 12) + len(self.by_id))
            place_id = f"{_WITH_POSTCODES[parent.region]}{len(self.by_id):09d}"
            self._add(Place(place_id, "ZIP_CODE", code, parent.region, "postcode", parent.id))

    def _name(self) -> str:
        serial = len(self.by_id)
        return pick(_FIRST, self._seed, 13, serial) + pick(_LAST, self._seed, 14, serial)

    def _add(self, place: Place) -> Place:
        self.by_id[place.id] = place
        return place


def _distance(wanted: str, name: str) -> tuple[bool, bool]:
    """Return the order of a name that holds the wanted text: equal, then beginning with it."""
    return name != wanted, not name.startswith(wanted)


def _postcode(region: str, number: int) -> str:
    """Return five digits, or the first three characters of a Canadian code."""
    if region != "CA":
        return f"{10_000 + number % 90_000}"
    rest, last = divmod(number, len(_CANADIAN))
    rest, digit = divmod(rest, 10)
    return f"{_CANADIAN[rest % len(_CANADIAN)]}{digit}{_CANADIAN[last]}"
