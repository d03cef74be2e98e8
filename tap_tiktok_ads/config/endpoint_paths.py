"""URLs of custom streams: which endpoints of TikTok's API a stream may read."""

from __future__ import annotations

import re
import urllib.parse

from tap_tiktok_ads.api.hosts import API_VERSION, CREATE_TASK_PATH, TIKTOK_HOSTS

#: Last segments of the paths that a POST reads. Every other POST is rejected, known or unknown.
READ_ACTIONS = frozenset(
    {"get", "list", "info", "search", "query", "estimate", "recommend", "check", "download"}
)
#: Paths with another last segment whose POST creates nothing but a file to download.
READ_ONLY_POST_PATHS = frozenset({CREATE_TASK_PATH, "/changelog/task/create/", "/page/lead/task/"})
#: Last segments of the paths that change something, according to TikTok's documentation. A GET
#: changes nothing at TikTok. The list only rejects mistakes, such as a POST written as a GET.
WRITE_ACTIONS = frozenset(
    {
        *("access_token", "add", "appeal", "apply", "assign", "batch", "batch_bind", "bind"),
        *("cancel", "capitalize", "confirm", "create", "delete", "disable", "edit", "enable"),
        *("file", "generate", "invite", "post", "publish", "refresh_token", "remove", "revoke"),
        *("revoke_token", "save", "set", "share", "track", "transfer", "unassign", "unbind"),
        *("update", "upload"),
    }
)
_PATH_SEGMENT = re.compile(r"[\w{}][\w.{}-]*")


def parse_path(url: str, method: str, api_url: str = "") -> str:
    """Return the path of a URL relative to the version of the API.

    A path with another version starts with `/open_api/`, and is relative to the host.

    Example:
        >>> parse_path("https://business-api.tiktok.com/open_api/v1.3/campaign/get/", "GET")
        '/campaign/get/'

    Raises:
        ValueError: The URL has another host, or its endpoint does not read.
    """
    split_url = urllib.parse.urlsplit(url)
    if split_url.scheme or split_url.netloc:
        _check_host(url, split_url, api_url)
    elif not split_url.path.startswith("/"):
        msg = f"url {url!r} must be a full URL, or a path such as /campaign/get/"
        raise ValueError(msg)
    if split_url.query or split_url.fragment:
        msg = f"url {url!r} must not have a query or fragment. Move its parameters to 'params'"
        raise ValueError(msg)
    if not split_url.path.endswith("/"):
        msg = f"url {url!r} must end with a slash: write {f'{url}/'!r}"
        raise ValueError(msg)
    path = split_url.path.removeprefix(API_VERSION)
    segments = path.strip("/").split("/")
    if not all(map(_PATH_SEGMENT.fullmatch, segments)):
        msg = (
            f"url {url!r} must consist of parts of letters, digits, '_', '.' and '-' that start "
            "with a letter, digit or '_'"
        )
        raise ValueError(msg)
    _check_action(path, segments[-1], method)
    return path


def _check_host(url: str, split_url: urllib.parse.SplitResult, api_url: str) -> None:
    """Raise `ValueError` if the access token must not go to the host of a URL."""
    configured_host = urllib.parse.urlsplit(api_url).netloc if api_url else None
    if split_url.netloc not in TIKTOK_HOSTS | {configured_host} or split_url.scheme not in {
        "https",
        "http",
    }:
        msg = (
            f"url {url!r} must be on {', '.join(sorted(TIKTOK_HOSTS))} or the host of api_url, "
            "because the request contains the access token"
        )
        raise ValueError(msg)
    if split_url.scheme == "http" and split_url.hostname in TIKTOK_HOSTS:
        msg = f"url {url!r} would send the access token unencrypted. Use https"
        raise ValueError(msg)


def _check_action(path: str, action: str, method: str) -> None:
    """Raise `ValueError` if a request may change something at TikTok."""
    if method == "POST" and "{" in path:
        msg = f"url {path!r} must not contain macros, because the method is POST"
        raise ValueError(msg)
    if method == "POST" and action not in READ_ACTIONS and path not in READ_ONLY_POST_PATHS:
        msg = (
            f"url {path!r} of a POST must end in one of {', '.join(sorted(READ_ACTIONS))}, got "
            f"{action!r}. The tap only reads data"
        )
        raise ValueError(msg)
    if method == "GET" and action.lower() in WRITE_ACTIONS:
        msg = f"url {path!r} changes data at TikTok ({action!r}). The tap only reads data"
        raise ValueError(msg)
