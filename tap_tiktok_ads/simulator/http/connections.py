"""The HTTP/1.1 server of the simulator, whose faults can break connections."""

from __future__ import annotations

import socket
import struct
import threading
import time
import weakref
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .messages import Response

    Respond: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], Response]

#: Size of each piece of a body with the fault `drip`.
DRIP_BYTES = 16
#: Maximum time that `stop` waits for the threads.
MAX_STOP_SECONDS = 5.0
_ABORT = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """A server with one thread per connection. It can reset and close connections."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], respond: Respond) -> None:
        """Listen on an address. `respond` returns the response to each request.

        The arguments of `respond` are method, target, headers and body.
        """
        self.respond = respond
        self.stopping = threading.Event()
        self.aborted: set[socket.socket] = set()
        self._connections: set[socket.socket] = set()
        self._handler_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a new thread."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._guard:
            self._connections.add(request)
            self._handler_threads.add(thread)
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection. A connection with the fault `reset` is closed without a shutdown."""
        with self._guard:
            self._connections.discard(request)
        if request in self.aborted:
            self.aborted.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def stop(self) -> None:
        """Close the port and every open connection, and wait for their threads."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        deadline = time.monotonic() + MAX_STOP_SECONDS
        for thread in list(self._handler_threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections that the client closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Read a request and write its response, unless a fault breaks the connection."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name: self.headers.get(name, "") for name in ("Access-Token", "Content-Type")}
        response = self.server.respond(self.command, self.path, headers, body)
        if response.broken_by == "hang":
            self.server.stopping.wait(response.seconds)
            self.close_connection = True
        elif response.broken_by == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            self.server.aborted.add(self.connection)
            self.close_connection = True
        else:
            self._write(response)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def _write(self, response: Response) -> None:
        """Write a response. Faults truncate it or write it in small pieces."""
        body = response.body
        if response.broken_by == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        headers = {
            "Content-Length": str(len(response.body)),
            **response.headers,
        }
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        if response.broken_by == "drip":
            self.wfile.write(head)
            for start in range(0, len(body), DRIP_BYTES):
                self.server.stopping.wait(response.seconds)
                self.wfile.write(body[start : start + DRIP_BYTES])
        else:
            self.wfile.write(head + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing. `Simulator.requests` is the log."""
