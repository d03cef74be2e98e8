"""Options of the simulated world: its size, limits and behavior."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_NUMBERS: dict[str, Any] = {
    "int": int,
    "bool": int,
    "float": (int, float),
    "int | None": (int, type(None)),
}


@dataclass(frozen=True)
class Options:
    """The size, limits and behavior of a world.

    Numbers of objects are per advertiser, with these exceptions. `ad_groups` are per campaign,
    `ads` and `comments` per ad group, `gmv_max_campaigns` per store, `catalogs` per Business
    Center, and `transactions` per advertiser and per Business Center.
    A report task is processing for `report_task_polls` status checks. The first
    `report_task_failures` tasks fail.
    """

    seed: int = 7
    advertisers: int = 3
    campaigns: int = 6
    ad_groups: int = 2
    ads: int = 2
    smart_plus_ads: int = 4
    audiences: int = 25
    pixels: int = 23
    videos: int = 12
    images: int = 15
    saved_audiences: int = 4
    portfolios: int = 5
    music: int = 6
    posts: int = 5
    identities: int = 4
    instant_pages: int = 3
    playables: int = 4
    apps: int = 2
    rules: int = 3
    comments: int = 2
    stores: int = 2
    gmv_max_campaigns: int = 3
    business_centers: int = 1
    catalogs: int = 3
    transactions: int = 5
    days: int = 45
    today: str | None = None
    latency_ms: int = 0
    tier: str = "unlimited"
    restriction_seconds: float = 300
    unknown_fields: bool = False
    no_smart_plus: bool = False
    unauthorised: tuple[str, ...] = ()
    late_conversions: bool = False
    report_ads_limit: int | None = None
    report_task_polls: int = 1
    report_task_failures: int = 0

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Options:
        """Return the options in a mapping.

        Raises:
            ValueError: A name is unknown, or a value has the wrong type. The message names it.
        """
        kinds = {field.name: str(field.type) for field in fields(cls)}
        for name, value in options.items():
            if name not in kinds:
                raise ValueError(unknown_name("simulator option", name, kinds))
            numbers = _NUMBERS.get(kinds[name])
            if numbers and (not isinstance(value, numbers) or (value is not None and value < 0)):
                msg = f"Simulator option {name!r} must be a number of at least 0, not {value!r}."
                raise ValueError(msg)
        values = dict(options)
        if values.get("today") is not None:
            try:
                values["today"] = date.fromisoformat(str(values["today"])).isoformat()
            except ValueError:
                msg = f"Simulator option 'today' must be YYYY-MM-DD, not {values['today']!r}."
                raise ValueError(msg) from None
        names = values.get("unauthorised", ())
        if not isinstance(names, (list, tuple)):
            msg = f"Simulator option 'unauthorised' must be a list of ids, not {names!r}."
            raise ValueError(msg)  # noqa: TRY004 - every wrong option is a ValueError
        values["unauthorised"] = tuple(str(name) for name in names)
        return cls(**values)


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Return the message for an unknown name, with the most similar known name."""
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
    return f"Unknown {kind} {name!r}. {hint}"
