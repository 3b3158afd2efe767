"""A tiny HTTP server that answers as told, or misbehaves: resets, silence, slow drips, garbage."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_requests import Asked

Answer = Callable[[socket.socket, threading.Event], None]


def answer(status: int, body: Any, **headers: str) -> Answer:
    """A whole answer; anything but bytes goes out as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(content)}", "Request-Id: req_told", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def send(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall("\r\n".join([*lines, "", ""]).encode() + content)

    return send


def error(status: int, **fields: Any) -> Answer:
    """A refusal in Stripe's shape."""
    return answer(status, {"error": {"type": "invalid_request_error", "message": "No.", **fields}})


def reset(sock: socket.socket, over: threading.Event) -> None:
    """Cut the connection with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def silence(sock: socket.socket, over: threading.Event) -> None:
    """Never answer."""
    over.wait(30)


def drip_body(sock: socket.socket, over: threading.Event) -> None:
    """Headers at once, then a byte now and then."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _drip(sock, over)


def drip_head(sock: socket.socket, over: threading.Event) -> None:
    """A header that does not end."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(sock, over)


def half(sock: socket.socket, over: threading.Event) -> None:
    """Less than was announced, then nothing."""
    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"id": "pi_')


def _drip(sock: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.05):
        try:
            sock.sendall(b" ")
        except OSError:
            return


@dataclass
class Loopback:
    """Answers requests in turn; the last answer is repeated."""

    origin: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def will(self, *answers: Answer) -> None:
        """What to do with the next requests."""
        self.answers = list(answers)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def loopback() -> Iterator[Loopback]:
    """The server, while the block runs."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server = Loopback(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            while not over.is_set():
                try:
                    sock, _ = listener.accept()
                except OSError:
                    continue
                thread = threading.Thread(target=_serve, args=(sock, server, over), daemon=True)
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            accepting.join(5)
            for thread in threads:
                thread.join(5)


def _serve(sock: socket.socket, server: Loopback, over: threading.Event) -> None:
    """One request a connection."""
    with sock:
        sock.settimeout(5)
        try:
            asked = _read(sock)
            if asked:
                server.asked.append(asked)
                server.next()(sock, over)
        except OSError:
            return


def _read(sock: socket.socket) -> Asked | None:
    data = b""
    end = time.monotonic() + 5
    while b"\r\n\r\n" not in data and time.monotonic() < end:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return Asked(method, target, headers, body)
