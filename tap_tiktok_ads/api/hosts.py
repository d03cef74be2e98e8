"""Where TikTok's Marketing API is."""

from __future__ import annotations

HOSTS = {
    "production": "https://business-api.tiktok.com",
    "sandbox": "https://sandbox-ads.tiktok.com",
    "simulator": "",  # a free port of this machine, known once it runs
}
API_VERSION = "/open_api/v1.3"
TIKTOK_HOSTS = frozenset({"business-api.tiktok.com", "sandbox-ads.tiktok.com"})
