"""Announcements of endpoints that TikTok will retire: a warning once per process and endpoint."""

from __future__ import annotations

import logging
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_tiktok_ads.api.masking import SecretMask

logger = logging.getLogger("tap-tiktok-ads")

#: Header by which TikTok announced the end of a version of its API.
DEPRECATION_HEADER = "X-Api-Deprecation-Info"
#: Maximum number of endpoints that are named. URLs of custom streams can hold values.
MAX_LOGGED_URLS = 100

_logged_urls: set[str] = set()  # of the process: programs can use many clients
_lock = threading.Lock()


def log_deprecation(url: str, headers: Mapping[str, str], mask: SecretMask) -> None:
    """Log the announcement of a response, unless the process has logged one of its endpoint.

    Args:
        url: The endpoint, without its query.
        headers: The HTTP headers of the response.
        mask: Removes secrets from the text, and limits its length.
    """
    text = headers.get(DEPRECATION_HEADER)
    if text is None:
        return
    with _lock:
        if url in _logged_urls or len(_logged_urls) >= MAX_LOGGED_URLS:
            return
        _logged_urls.add(url)
    logger.warning(
        "TikTok deprecates %s: %s. Look for a newer version of the tap.",
        mask.mask(url),
        mask.printable(text).rstrip(".") or "no details",
    )
