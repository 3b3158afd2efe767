"""Requests, responses, form bodies and routes; nothing here knows about payments."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

JSON = "application/json"
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")

Form = dict[str, Any]


def decode_form(pairs: Iterable[tuple[str, str]]) -> Form:
    """Nested dicts of text from `a[b][c]=x`; `a[]=x` and `a[0]=x` both give `{"a": {"0": x}}`.

    Raises ValueError for a name that cannot be read, or that is a value and a group at once.
    """
    form: Form = {}
    for name, value in pairs:
        match = _KEY.fullmatch(name)
        if match is None:
            raise ValueError(name)
        steps = [match[1], *_PART.findall(match[2])]
        place = form
        for step in steps[:-1]:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise ValueError(name)
        place[steps[-1] or str(len(place))] = value
    return form


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    def form(self) -> Form:
        """The body, or for a GET the query, as nested dicts. Raises ValueError if it is not a form."""
        text = self.query if self.method in {"GET", "DELETE"} and not self.body else self.body.decode()
        return decode_form(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)))

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body or b"{}")

    @property
    def host(self) -> str:
        """The Host header, as the caller typed it."""
        return self.headers.get("host", "")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `hang_up` closes the connection without sending any of it; `drip_seconds` draws its body out."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    hang_up: bool = False
    drip_seconds: float = 0

    def with_headers(self, *more: tuple[str, str]) -> "Response":
        """The same answer with headers added."""
        return replace(self, headers=(*self.headers, *more))


def json_response(data: Any, status: int = 200) -> Response:
    """`data` as indented JSON, as Stripe sends it."""
    return Response(status, json.dumps(data, indent=2).encode(), (("Content-Type", JSON),))


def text_response(text: str, content_type: str, status: int = 200) -> Response:
    """Text of any kind, in UTF-8."""
    return Response(status, text.encode(), (("Content-Type", f"{content_type}; charset=utf-8"),))


def see_other(address: str) -> Response:
    """303 to `address`, for the end of a form post."""
    return Response(303, b"", (("Location", address),))


Handler = Callable[..., Response]


T = TypeVar("T")


@dataclass(slots=True)
class Routes(Generic[T]):
    """Addresses such as `/v1/charges/{id}` and who answers them."""

    table: list[tuple[str, re.Pattern[str], T]] = field(default_factory=list)

    def add(self, method: str, pattern: str, handler: T) -> None:
        """`handler` answers `method` on `pattern`; a part is one path segment."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self.table.append((method, re.compile(expression), handler))

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The handler and its path parts; HEAD is answered like GET."""
        wanted = "GET" if method == "HEAD" else method
        for known, pattern, handler in self.table:
            if known == wanted and (match := pattern.fullmatch(path)):
                return handler, match.groupdict()
        return None
