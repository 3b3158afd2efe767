"""Somebody between the server and its customers: an HTTP proxy that changes what it passes on."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Headers = list[tuple[str, str]]
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "server", "date"}


@dataclass
class Answer:
    """What is passed on; a change may alter any of it."""

    path: str
    status: int
    headers: Headers
    body: str

    @property
    def is_page(self) -> bool:
        return self.path.endswith("/pay/")

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def set(self, name: str, value: str | None) -> None:
        """Another value in the place of all there are; None: none."""
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


Change = Callable[[Answer], None]


def nothing(answer: Answer) -> None:
    """Passes everything on as it is."""


@dataclass
class TamperingProxy:
    """In front of `target`; `change` is what it does, `asked` the paths it was asked for."""

    target: str
    change: Change = nothing
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> "TamperingProxy":
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.asked.append((self.command, self.path))
                answer = proxy._fetch(self.path, self.headers["Host"])
                proxy.change(answer)
                body = answer.body.encode()
                self.send_response_only(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._server.server_address[1]}"

    def _fetch(self, path: str, host: str) -> Answer:
        request = urllib.request.Request(self.target + path, headers={"Host": host})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
        try:
            with opener.open(request, timeout=10) as answer:
                return _answer(path, answer)
        except urllib.error.HTTPError as error:
            return _answer(path, error)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **more: object) -> None:  # type: ignore[override]
        return None


def _answer(path: str, answer: object) -> Answer:
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP]  # type: ignore[attr-defined]
    return Answer(path, answer.status, headers, answer.read().decode())  # type: ignore[attr-defined]
