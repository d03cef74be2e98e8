"""Requests as sent over HTTP, and a simulator that records them."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from urllib.parse import parse_qsl, urlencode, urlsplit

from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Base path of the endpoints of version 1.3.
BASE_PATH = "/open_api/v1.3"


@dataclasses.dataclass(frozen=True)
class SentRequest:
    """A request as sent, with the data of its response.

    Attributes:
        method: HTTP method.
        target: Path and query string, as sent.
        headers: Headers of the request.
        body: Bytes of the body.
        data: Field `data` of the response. Empty if the response has none.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    data: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def path(self) -> str:
        """Path of the endpoint below the version."""
        return urlsplit(self.target).path.removeprefix(BASE_PATH)

    @functools.cached_property
    def query(self) -> dict[str, str]:
        """Texts of the query string."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @functools.cached_property
    def parameters(self) -> dict[str, t.Any]:
        """Texts of the query string, or the values of a JSON body."""
        if self.method != "POST":
            return {**self.query}
        try:
            decoded = json.loads(self.body)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def value(self, name: str, default: t.Any = None) -> t.Any:
        """Return a parameter, decoded if its text is a JSON array or object."""
        value = self.parameters.get(name, default)
        if not isinstance(value, str) or not value.startswith(("[", "{")):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value

    def names(self, name: str) -> list[str]:
        """Return the texts of an array parameter. Empty if it is missing or malformed."""
        value = self.value(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def member(self, name: str, member: str) -> t.Any:
        """Return a member of an object parameter, or None."""
        value = self.value(name)
        return value.get(member) if isinstance(value, dict) else None

    def is_true(self, name: str) -> bool:
        """Return True if a boolean parameter is true."""
        return self.parameters.get(name) in ("true", True)

    def __str__(self) -> str:
        """Return the request in one line."""
        parameters = {name: str(value)[:200] for name, value in self.parameters.items()}
        return f"{self.method} {self.path} {json.dumps(parameters)}"


class RecordingSimulator(Simulator):
    """A simulator that records each request as sent."""

    def __init__(self, options: Mapping[str, t.Any] | None = None) -> None:
        """Create a simulator with options."""
        super().__init__(options)
        self.sent_requests: list[SentRequest] = []

    def respond(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> t.Any:
        """Record a request and return the response of the simulator."""
        response = super().respond(method, target, headers, body)
        data = {} if response.code is None else json.loads(response.body).get("data")
        data_object = data if isinstance(data, dict) else {}
        self.sent_requests.append(SentRequest(method, target, dict(headers), body, data_object))
        return response


def get(path: str, token: str | None = "token", **parameters: t.Any) -> SentRequest:
    """Return a GET request in TikTok's encoding."""
    headers = {} if token is None else {"Access-Token": token}
    texts = {name: _text(value) for name, value in parameters.items() if value is not None}
    return SentRequest("GET", f"{BASE_PATH}{path}?{urlencode(texts)}", headers)


def post(path: str, **parameters: t.Any) -> SentRequest:
    """Return a POST request with a JSON body."""
    headers = {"Access-Token": "token", "Content-Type": "application/json"}
    body = {name: value for name, value in parameters.items() if value is not None}
    return SentRequest("POST", BASE_PATH + path, headers, json.dumps(body).encode())


def _text(value: t.Any) -> str:
    """Return a value as query string text."""
    return value if isinstance(value, str) else json.dumps(value)
