"""A Singer tap for the TikTok Marketing API, and a Python client that reads its records."""

from __future__ import annotations

import importlib
import typing as t

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api import errors
    from tap_tiktok_ads.python_api import TikTokAds
    from tap_tiktok_ads.simulator import Simulator
    from tap_tiktok_ads.tap import TapTikTokAds

__all__ = ["Simulator", "TapTikTokAds", "TikTokAds", "errors"]

#: Module of each export, imported when the export is first used (PEP 562).
_MODULES = {
    "Simulator": "tap_tiktok_ads.simulator",
    "TapTikTokAds": "tap_tiktok_ads.tap",
    "TikTokAds": "tap_tiktok_ads.python_api",
    "errors": "tap_tiktok_ads.api.errors",
}


def __getattr__(name: str) -> t.Any:
    """Return an export.

    Raises:
        AttributeError: The package does not export the name.
    """
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    module = importlib.import_module(_MODULES[name])
    export = module if _MODULES[name].endswith(f".{name}") else getattr(module, name)
    globals()[name] = export
    return export


def __dir__() -> list[str]:
    """Return the names of the package, including exports that are not imported yet."""
    return sorted({*globals(), *__all__})
