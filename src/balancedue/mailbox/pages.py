"""`/mailbox/` as a plain WSGI application: for a process of its own, or mounted by the product in the demo."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from balancedue.mailbox.store import Store, Stored
from balancedue.mailbox.views import BASE, TABS, as_json, framed, listing, page, reading

_OURS = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail's own HTML: its styles and nothing else. It may open links in a new tab, which is a page like any other.
_SEALED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_FILES = {"mailbox.css": "text/css; charset=utf-8", "mailbox.js": "text/javascript; charset=utf-8"}
_MESSAGE = re.compile(r"(?P<number>\d{1,15})/(?P<rest>part\.html|raw\.eml)?")
_MOST = 1000


@dataclass(frozen=True)
class Response:
    """What is answered."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    policy: str = _OURS
    more: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers."""
        return [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("Content-Security-Policy", self.policy),
            ("X-Frame-Options", "SAMEORIGIN" if self.policy == _SEALED else "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            *self.more.items(),
        ]


def respond(store: Store, *, method: str, path: str, query: str = "", fetch_site: str = "") -> Response:
    """Answer one request. `path` is what follows `/mailbox/`; `fetch_site` is the Sec-Fetch-Site header."""
    if method == "POST" and path == "delete/":
        if fetch_site in ("cross-site", "same-site"):
            return _say("This can only be done from the mailbox itself.", HTTPStatus.FORBIDDEN)
        store.clear()
        return Response(b"", status=HTTPStatus.SEE_OTHER, more={"Location": BASE})
    if method not in ("GET", "HEAD"):
        return _say("This address can only be read.", HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    if path == "":
        return Response(listing(store.newest()).encode())
    if path == "messages.json":
        newest = store.newest(limit=_whole(asked.get("limit"), 100), after=_whole(asked.get("after"), 0, most=2**53))
        return Response(as_json(newest).encode(), "application/json")
    if path == "newest":
        return Response(str(store.last_number()).encode(), "text/plain; charset=utf-8")
    if path in _FILES:
        return Response((Path(__file__).parent / path).read_bytes(), _FILES[path])
    return _message(store, path, asked)


def application(folder: Path | str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application over the messages kept in `folder`."""
    store = Store(folder)

    def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path in ("", "/", BASE.rstrip("/")):
            answer = Response(b"", status=HTTPStatus.FOUND, more={"Location": BASE})
        elif not path.startswith(BASE):
            answer = _nothing()
        else:
            answer = respond(
                store,
                method=environ["REQUEST_METHOD"],
                path=path.removeprefix(BASE),
                query=environ.get("QUERY_STRING", ""),
                fetch_site=environ.get("HTTP_SEC_FETCH_SITE", ""),
            )
        start_response(f"{int(answer.status)} {HTTPStatus(answer.status).phrase}", answer.headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    return wsgi


def _message(store: Store, path: str, asked: dict[str, str]) -> Response:
    found = _MESSAGE.fullmatch(path)
    message = store.get(int(found["number"])) if found else None
    if found is None or message is None:
        return _nothing()
    if found["rest"] == "part.html":
        return Response(framed(message).encode(), policy=_SEALED)
    if found["rest"] == "raw.eml":
        name = f'attachment; filename="message-{message.id}.eml"'
        return Response(message.content, "message/rfc822", more={"Content-Disposition": name})
    return Response(reading(message, _tab(message, asked.get("part", ""))).encode())


def _tab(message: Stored, asked: str) -> str:
    if asked in TABS:
        return asked
    return "html" if message.html else "text"


def _nothing() -> Response:
    return _say("This page is not here.", HTTPStatus.NOT_FOUND)


def _say(words: str, status: HTTPStatus, more: dict[str, str] | None = None) -> Response:
    body = page(words, f'<h1>{words}</h1><p><a href="{BASE}">All mail</a></p>')
    return Response(body.encode(), status=status, more=more or {})


def _whole(text: str | None, otherwise: int, most: int = _MOST) -> int:
    return min(int(text), most) if text and text.isascii() and text.isdigit() else otherwise
