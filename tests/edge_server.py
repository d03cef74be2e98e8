"""A server for HTTP tests. A function returns its responses, or the raw bytes to send."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import typing as t
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION = "/open_api/v1.3"


@dataclasses.dataclass(frozen=True)
class Call:
    """A request that the server received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Response:
    """A response with status, headers and body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class Server(ThreadingHTTPServer):
    """A server that ignores clients which disconnect early."""

    daemon_threads = True

    def handle_error(self, *_: t.Any) -> None:
        """Write nothing."""


def envelope(data: t.Any, code: int = 0, message: str = "OK", **members: t.Any) -> bytes:
    """Return the body of a response in TikTok's envelope."""
    return json.dumps(
        {"code": code, "message": message, "request_id": "r1", "data": data, **members}
    ).encode()


@contextlib.contextmanager
def serving(
    respond: Callable[[Call], Response | bytes | Iterator[bytes]],
) -> Iterator[tuple[str, list[Call]]]:
    """Run a server, and yield its URL and the list of the received requests.

    Args:
        respond: Returns a response or its body. An iterator yields raw bytes, and the server closes
            the connection after the last of them.
    """
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(
                self.command,
                url.path.removeprefix(VERSION),
                dict(urllib.parse.parse_qsl(url.query)),
                {name.lower(): text for name, text in self.headers.items()},
            )
            calls.append(call)
            response = respond(call)
            if isinstance(response, bytes):
                response = Response(response)
            with contextlib.suppress(OSError):  # the client may disconnect early
                if isinstance(response, Response):
                    self.write_response(response)
                    return
                self.close_connection = True
                for chunk in response:
                    self.wfile.write(chunk)
                    self.wfile.flush()

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def write_response(self, response: Response) -> None:
            self.send_response(response.status)
            for name, text in response.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: t.Any) -> None:
            """Write nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
    finally:
        server.shutdown()
        server.socket.close()
