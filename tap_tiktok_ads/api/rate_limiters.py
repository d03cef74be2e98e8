"""The request budget of a run: its own, or that of all jobs of an app."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.rate_limits import RateLimiter

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api.rate_limits import Tier


def open_rate_limiter(tier: Tier, shared_budget: str, app: str) -> RateLimiter:
    """Return the request budget: of this job alone, or of all jobs that share a store.

    Args:
        tier: The limits of the app.
        shared_budget: URL of the store. Empty for none.
        app: Identifies the app.

    Raises:
        ConfigError: The store cannot be used.
    """
    if not shared_budget:
        return RateLimiter(tier)
    try:
        from tap_tiktok_ads.api.shared_budget import share_budget  # noqa: PLC0415 - optional

        return share_budget(tier, shared_budget, app)
    except ModuleNotFoundError as error:
        msg = (
            f"Setting 'shared_budget' needs the package {error.name}, which is not installed. "
            "Run in the environment of the tap: pip install 'meltano-tap-tiktok-ads[shared]'"
        )
        raise ConfigError(msg) from None
