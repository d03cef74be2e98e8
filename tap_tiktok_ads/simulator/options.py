"""Options of the simulated world: its size, limits and behavior.

The world is the data set that the simulator generates from one seed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, timezone
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_NUMBER_TYPES: dict[str, Any] = {
    "int": int,
    "bool": int,
    "float": (int, float),
    "int | None": (int, type(None)),
}
YEARS = range(2000, 3000)
"""The years of the options that are days."""
MAX_DAYS = 100_000
"""Maximum of the options that are numbers of days."""


@dataclass(frozen=True)
class Options:
    """The size, limits and behavior of a world.

    Numbers of objects are per advertiser, with these exceptions. `ad_groups` is per campaign.
    `ads` and `comments` are per ad group. `gmv_max_campaigns` is per store. `catalogs` is per
    Business Center. `transactions` is per advertiser and per Business Center.

    An account is created `account_age_days` before its first report. The objects of an account are
    created up to 92 days before it. The last `dormant_advertisers` accounts deliver nothing.

    Days: The history of a new world has `days` days. It ends on `created_on`, by default `today`.
    A world with the same `created_on` and a later `today` has the same history, and more days.

    Report tasks: A task is processing for `report_task_polls` status checks. The first
    `report_task_failures` tasks fail. The files of the first `report_task_gaps` tasks lack rows. An
    account can create `report_tasks_per_hour` tasks in an hour. Tasks ignore filters that they do
    not support. With `report_task_rejects_filters`, they reject the filters.

    TopView: TikTok does not document if reports without filters include TopView ads.
    `advertiser_report_includes_topview` adds TopView ads to reports at advertiser level.
    `report_task_includes_topview` adds TopView ads to all tasks.

    Videos: Only an SDK documents the order of modification. With `ignores_sort_field`, lists of
    videos keep the order of creation.

    Metrics: A connector requests metrics with `country_code` that TikTok's page does not list.
    Reports reject these metrics unless `country_reports_have_connector_metrics` is set.
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
    instant_pages: int = 7
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
    account_age_days: int = 400
    today: str | None = None
    created_on: str | None = None
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
    report_task_gaps: int = 0
    report_tasks_per_hour: int = 500
    report_task_rejects_filters: bool = False
    report_task_includes_topview: bool = False
    advertiser_report_includes_topview: bool = False
    country_reports_have_connector_metrics: bool = False
    dormant_advertisers: int = 0
    ignores_sort_field: bool = False

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Options:
        """Return the options in a mapping.

        Raises:
            ValueError: A name is unknown, or a value is invalid. The message names the option.
        """
        types = {field.name: str(field.type) for field in fields(cls)}
        for name, value in options.items():
            if name not in types:
                raise ValueError(unknown_name("simulator option", name, types))
            if types[name] in _NUMBER_TYPES:
                _check_number(name, value, _NUMBER_TYPES[types[name]])
        values = dict(options)
        values |= {name: _parse_day(name, values.get(name)) for name in ("today", "created_on")}
        _check_order(values["created_on"], values["today"])
        values["unauthorised"] = _parse_ids("unauthorised", values.get("unauthorised", ()))
        return cls(**values)


def _check_number(name: str, value: Any, types: Any) -> None:
    """Raise ValueError if a value is not a number of at least 0. An optional number can be None."""
    if name.endswith("days") and isinstance(value, int) and value > MAX_DAYS:
        msg = f"Simulator option {name!r} must be at most {MAX_DAYS}, not {value!r}."
        raise ValueError(msg)
    if not isinstance(value, types) or (value is not None and value < 0):
        msg = f"Simulator option {name!r} must be a number of at least 0, not {value!r}."
        raise ValueError(msg)


def _parse_day(name: str, value: Any) -> str | None:
    """Return an option that is a day as an ISO date, or None for the current date."""
    if value is None:
        return None
    with suppress(ValueError):
        day = date.fromisoformat(str(value))
        if day.year in YEARS:
            return day.isoformat()
    msg = (
        f"Simulator option {name!r} must be YYYY-MM-DD, from {YEARS[0]} to {YEARS[-1]}, not "
        f"{value!r}."
    )
    raise ValueError(msg)


def _check_order(created_on: str | None, today: str | None) -> None:
    """Raise ValueError if a world is created after today."""
    last = today or datetime.now(timezone.utc).date().isoformat()
    if created_on is not None and created_on > last:
        msg = f"Simulator option 'created_on' must not be after today ({last}), got {created_on!r}."
        raise ValueError(msg)


def _parse_ids(name: str, value: Any) -> tuple[str, ...]:
    """Return the IDs in the value of an option."""
    if not isinstance(value, (list, tuple)):
        msg = f"Simulator option {name!r} must be a list of IDs, not {value!r}."
        raise ValueError(msg)  # noqa: TRY004 - every wrong option is a ValueError
    return tuple(str(item) for item in value)


def unknown_name(kind: str, name: str, known_names: Collection[str]) -> str:
    """Return the message for an unknown name, with the most similar known name."""
    near = get_close_matches(name, known_names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(known_names)}."
    return f"Unknown {kind} {name!r}. {hint}"
