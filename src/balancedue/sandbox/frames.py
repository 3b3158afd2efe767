"""The script and the pages that run in browsers: read once from `elements/`, sent with a strict policy.

Pages here are framed by the shop, so they carry no cookies and keep nothing in the browser.
"""

import html
from pathlib import Path
from string import Template

from balancedue.sandbox.cards import CARDS
from balancedue.sandbox.http import Request, Response, text_response

_PLACE = Path(__file__).parent / "elements"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_FILES = {path.name: path.read_text() for path in _PLACE.iterdir() if path.suffix in _TYPES}


class Frames:
    """Serves `elements/`. `merchant_origins` and the sandbox's own Checkout page may frame its pages."""

    def __init__(self, merchant_origins: tuple[str, ...]) -> None:
        merchants = " ".join(merchant_origins)
        own = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        self._policy = f"{own}form-action 'self' {merchants}; frame-ancestors 'self' {merchants}"
        self._top_policy = f"{own}frame-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'"

    def script(self, request: Request, release: str = "") -> Response:
        """The stand-in for Stripe's script."""
        return self.file(request, "stripe.js")

    def file(self, request: Request, name: str) -> Response:
        """A script or style sheet."""
        if name not in _FILES or name.endswith(".html"):
            return text_response("Not found", "text/plain", 404)
        return text_response(_FILES[name], _TYPES[Path(name).suffix]).with_headers(
            ("Cache-Control", "no-cache"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("X-Content-Type-Options", "nosniff"),
        )

    def card_form(self, request: Request) -> Response:
        """The Payment Element's inside. It holds the list of test numbers, so that no other leaves the browser."""
        return self.page("payment.html", cards=",".join(card.number for card in CARDS))

    def controller(self, request: Request) -> Response:
        """A frame without fields, for pages that only look an intent up."""
        return self.page("controller.html")

    def page(self, name: str, status: int = 200, **values: str) -> Response:
        """A page with `$name` places filled in, escaped."""
        return _sent(name, status, {key: escaped(value) for key, value in values.items()}, self._policy)

    def checkout_page(self, name: str, status: int = 200, **markup: str) -> Response:
        """A page that stands alone. Its values are put in as they are: `escaped` is for the caller to use."""
        return _sent(name, status, markup, self._top_policy)


def escaped(text: str) -> str:
    """Text, safe in HTML and in its attributes."""
    return html.escape(text)


def _sent(name: str, status: int, markup: dict[str, str], policy: str) -> Response:
    return text_response(Template(_FILES[name]).substitute(markup), "text/html", status).with_headers(
        ("Content-Security-Policy", policy),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    )
