"""Hosts, API version and endpoint paths of the TikTok Marketing API."""

from __future__ import annotations

import ipaddress
import urllib.parse

#: Base URL of each value of the setting `environment`, without the API version.
HOSTS = {
    "production": "https://business-api.tiktok.com",
    "sandbox": "https://sandbox-ads.tiktok.com",
    "simulator": "",  # a free local port, known once the simulator runs
}
#: Path prefix of the API version that the tap uses.
API_VERSION = "/open_api/v1.3"
#: Host names that may receive the access token.
TIKTOK_HOSTS = frozenset({"business-api.tiktok.com", "sandbox-ads.tiktok.com"})

# Endpoint paths that more than one module uses, below the API version.
ADVERTISER_INFO_PATH = "/advertiser/info/"
AUTHORIZED_ADVERTISERS_PATH = "/oauth2/advertiser/get/"
CAMPAIGNS_PATH = "/campaign/get/"
GMV_MAX_REPORT_PATH = "/gmv_max/report/get/"
MATERIAL_REPORTS_PATH = "/smart_plus/material_report/"  # the paths of the reports begin with it
REPORT_PATH = "/report/integrated/get/"
CREATE_TASK_PATH = "/report/task/create/"
CHECK_TASK_PATH = "/report/task/check/"
DOWNLOAD_TASK_PATH = "/report/task/download/"


def is_loopback(url: str) -> bool:
    """Return True if the URL's host is `localhost`, in 127.0.0.0/8 or ::1."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
