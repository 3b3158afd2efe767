"""The socket: HTTP/1.1, one thread per connection, and a stop that lets answers in flight finish."""

import socket
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from balancedue.sandbox.http import Handler, Request, Response, json_response

_LONGEST_BODY = 1_000_000
_QUIET_SECONDS = 60
_DRIPS = 100


class _Connection(BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "balancedue-sandbox", ""
    timeout = _QUIET_SECONDS
    wbufsize = -1  # head and body leave in one packet

    def _serve(self) -> None:
        with self.server.busy:
            self.server.in_flight += 1
        try:
            self._answer()
        finally:
            with self.server.busy:
                self.server.in_flight -= 1

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = _serve

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parts.query, headers, body)
        try:
            response = self.server.app(request)
        except Exception:
            traceback.print_exc(file=sys.stderr)  # the trace names code, never what was posted
            response = json_response({"error": {"type": "api_error", "message": "The sandbox failed."}}, 500)
        self._send(response)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            error = {"error": {"type": "invalid_request_error", "message": "Send at most 1 MB with its length."}}
            self._send(json_response(error, 413))
            return None
        return self.rfile.read(int(length))

    def _send(self, response: Response) -> None:
        if response.hang_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(response)
        self.wfile.flush()

    def _send_body(self, response: Response) -> None:
        if not response.drip_seconds:
            self.wfile.write(response.body)
            return
        size = max(len(response.body) // _DRIPS, 1)
        for start in range(0, len(response.body), size):
            self.wfile.flush()
            time.sleep(0 if self.server.stopping else response.drip_seconds / _DRIPS)
            self.wfile.write(response.body[start : start + size])

    def log_message(self, format: str, *args: object) -> None:
        """No access log: addresses hold client secrets."""


class Server(ThreadingHTTPServer):
    """Answers with `app` until `stop` is called."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, host: str, port: int, app: Handler) -> None:
        """Binds at once. Raises OSError if the port is taken."""
        self.app = app
        self.busy = threading.Lock()
        self.in_flight = 0
        self.stopping = False
        super().__init__((host, port), _Connection)

    def get_request(self) -> tuple[socket.socket, object]:
        """A new connection, without Nagle's delay."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is not news; anything else is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, OSError)):
            traceback.print_exc(file=sys.stderr)

    def start(self) -> None:
        """Listen in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="listen", daemon=True).start()

    def stop(self, patience: float) -> None:
        """Close the listener, then wait up to `patience` seconds for answers in flight."""
        self.stopping = True
        self.shutdown()
        self.server_close()
        deadline = time.monotonic() + patience
        while self.in_flight and time.monotonic() < deadline:
            time.sleep(0.02)
