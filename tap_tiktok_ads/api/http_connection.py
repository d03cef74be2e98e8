"""HTTP: the URL, headers and session of each request."""

from __future__ import annotations

import contextlib
import os
import threading
import typing as t
import urllib.parse
import weakref
from pathlib import Path

import requests
import urllib3

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.hosts import is_loopback
from tap_tiktok_ads.api.http_bodies import ACCEPT_ENCODING, read_body, write_body
from tap_tiktok_ads.api.http_logging import without_http_logs
from tap_tiktok_ads.api.http_responses import HttpResponse, root_cause
from tap_tiktok_ads.api.time_limits import MAX_RESPONSE_TIMEOUTS, TimedAdapter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_tiktok_ads.api.messages import Request

MAX_CONNECT_SECONDS = 10.0
#: Maximum number of retries until the host accepts a connection. Its name may be wrong.
MAX_UNREACHED_RETRIES = 2
#: Environment variables that name certificate authorities. The first one that is set counts.
CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class HttpConnection:
    """Sends HTTP requests to one base URL. Thread-safe: each thread has its own session.

    Args:
        base_url: URL including the version, such as `https://.../open_api/v1.3`.
        access_token: Value of the header `Access-Token`. If empty, the header is not sent.
        user_agent: Value of the header `User-Agent`.
        timeout: Maximum seconds without any data from the server.
        secrets: Texts because of which the URL of a request is not logged.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str,
        *,
        user_agent: str,
        timeout: float,
        secrets: Sequence[str] = (),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = {
            **({"Access-Token": access_token} if access_token else {}),
            "Accept": "application/json",
            "User-Agent": user_agent,
        }
        self._proxies, self._verify = environment_network(base_url)
        self._timeouts = (min(MAX_CONNECT_SECONDS, timeout), timeout)  # connect, read
        self._is_reached = False  # True once the host accepted a connection
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._secrets = list(secrets)

    def url(self, request: Request) -> str:
        """Return the URL of a request, without its query."""
        if request.path.startswith("/open_api/"):
            return urllib.parse.urljoin(self.base_url, request.path)
        return self.base_url + request.path

    def headers(self, request: Request) -> dict[str, str]:
        """Return the HTTP headers of a request, including the token."""
        body = {} if request.body is None else {"Content-Type": "application/json"}
        return {**self._headers, **body, **request.headers}

    def send(
        self,
        request: Request,
        file: t.IO[bytes] | None,
        on_received: Callable[[], None] = lambda: None,
    ) -> HttpResponse:
        """Send one HTTP request. Return its response with any HTTP status.

        Redirects are not followed, because they would carry the token to another host.

        Args:
            request: The request.
            file: If not None, a text body is written to it, and its first block is returned.
            on_received: Called once a body is received, and before it is decompressed.

        Raises:
            TransientError: No complete response.
            ResponseError: A body that is too large.
            StorageError: The file cannot be written.
        """
        try:
            response = self._request(request)
            self._is_reached = True
            body = _body(response, file, request.label, on_received)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise self._timed_out(request, error) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            cause = root_cause(error)
            host = urllib.parse.urlsplit(self.url(request)).hostname
            advice = f"Check the host {host}, DNS, the firewall and the proxy (HTTPS_PROXY)."
            msg = f"The connection to {request.label} failed ({cause}). {advice}"
            limit = self._max_retries(error)
            raise errors.TransientError(msg, advice=advice, max_retries=limit) from None
        return HttpResponse(response.status_code, response.headers, body)

    def _timed_out(self, request: Request, error: Exception) -> errors.TransientError:
        """Return the error of a response that did not arrive in time."""
        timeout = self._timeouts[1]
        advice = "Try again later, or raise request_timeout."
        msg = (
            f"No complete response from {request.label}: no data within {timeout:g} seconds, "
            f"or no end within {MAX_RESPONSE_TIMEOUTS * timeout:g} seconds. {advice}"
        )
        limit = self._max_retries(error)
        return errors.TransientError(msg, timed_out=True, advice=advice, max_retries=limit)

    def _max_retries(self, error: Exception) -> int | None:
        """Return the maximum number of retries after an error, or None for the usual number."""
        return None if self._is_reached or is_connected(error) else MAX_UNREACHED_RETRIES

    def _request(self, request: Request) -> requests.Response:
        """Send one HTTP request. Its URL is not logged if it holds a secret."""
        query = request.query()
        with without_http_logs() if self._holds_secret(query) else contextlib.nullcontext():
            return self._session().request(
                request.method,
                self.url(request),
                params=query,
                json=request.body,
                headers=request.headers,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            )

    def _holds_secret(self, query: Mapping[str, str]) -> bool:
        return any(secret in text for secret in self._secrets for text in query.values())

    def close(self) -> None:
        """Close the sessions of all threads. Another request would open new ones."""
        for session in list(self._sessions):
            session.close()

    def _session(self) -> requests.Session:
        """Return the session of the current thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            self._sessions.add(session)
            session.headers.update({"Accept-Encoding": ACCEPT_ENCODING, **self._headers})
            for scheme in ("http://", "https://"):
                session.mount(scheme, TimedAdapter())
            session.trust_env = False  # ~/.netrc would add the password of another system
            session.proxies.update(self._proxies)
            session.verify = self._verify
        return session


def is_connected(error: Exception) -> bool:
    """Return True if an error of the HTTP library occurred after a connection was established."""
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return False
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    causes = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return not isinstance(reason, causes)


def environment_network(base_url: str) -> tuple[dict[str, str], bool | str]:
    """Return the proxies by scheme, and True or the file of certificate authorities.

    Both come from the environment, for every host except loopback addresses: a proxy cannot reach
    the local host.

    Raises:
        ConfigError: The file does not exist.
    """
    if is_loopback(base_url):
        return {}, True
    proxies = requests.utils.get_environ_proxies(base_url)
    for name in CA_BUNDLE_VARIABLES:
        bundle = os.environ.get(name)
        if bundle and not Path(bundle).exists():
            msg = (
                f"Environment variable {name} names {bundle!r}, which does not exist. Set it to a "
                "file of certificate authorities, or remove it."
            )
            raise errors.ConfigError(msg)
        if bundle:
            return proxies, bundle
    return proxies, True


def _body(
    response: requests.Response,
    file: t.IO[bytes] | None,
    label: str,
    on_received: Callable[[], None],
) -> bytes:
    """Return the body of a response, or write it to the file.

    The body of an HTTP error only adds to the status: if it cannot be read, it counts as empty.
    """
    if response.status_code != requests.codes.ok:
        with contextlib.suppress(errors.TapError):
            return read_body(response, label)
        return b""
    if file is not None:
        return write_body(response, file, label)
    return read_body(response, label, on_received)
