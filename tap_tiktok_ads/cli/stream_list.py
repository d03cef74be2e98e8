"""The list of all streams, by family."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.cli import common
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Sequence

#: Headings of the list of streams, by the module of a stream.
FAMILIES = {
    "entities": "Accounts, campaigns, ad groups and ads",
    "reports": "Reports",
    "audiences": "Audiences and pixels",
    "creatives": "Creatives",
    "smart_plus": "Smart+",
    "shop": "Shop",
    "gmv_max": "GMV Max",
    "business": "Business Centers",
    "transactions": "Transactions",
    "tools": "Tools",
}


def show_streams(custom: Sequence[str]) -> None:
    """Print the names and descriptions of the streams, by family.

    Args:
        custom: Names of custom streams and reports.
    """
    by_family: dict[str, list[tuple[str, str]]] = {}
    for entry in STREAMS:
        modules = entry.stream_class.__module__.split(".")
        family = next((FAMILIES[module] for module in modules if module in FAMILIES), "Other")
        sentence = entry.description.replace("\n", " ").partition(". ")[0].rstrip(".")
        by_family.setdefault(family, []).append((entry.name, f"{sentence}."))
    if custom:
        by_family["Custom streams and reports"] = [(name, "") for name in custom]
    width = max(len(name) for streams in by_family.values() for name, _ in streams)
    for family, streams in by_family.items():
        common.say(f"{family}:")
        for name, description in streams:
            common.say(f"  {name:{width}}  {description}".rstrip())
    common.say("Print a sample of a stream: tap-tiktok-ads sample NAME --config config.json")
