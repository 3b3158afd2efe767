"""The inventory of the payment page: every script on it with its reason, and the headers it is sent with (J4, R19).

Written down apart from the templates and settings that make the page, so that a change there is a change here too, made
by a person who says why. docs/payment-page.md is for those who must show it to somebody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

PAY, CUSTOMER, CHECKING = "js/pay.js", "js/customer.js", "js/checking.js"

REASONS: Mapping[str, str] = MappingProxyType(
    {
        CUSTOMER: "Printing, the bar that keeps the Pay button in reach, and that a form is sent only once.",
        PAY: "Loads the processor's script, asks our server to begin the payment when Pay is pressed, hands the card "
        "form to the processor, and says how it ended. It never sees a card number.",
        CHECKING: "Says that the payer is on the way to the processor's page, and asks how a payment stands.",
    }
)
"""Our own scripts by static name: why each is there."""

OUTSIDE = (
    "The processor's own script draws the card fields in frames of the processor, so that card numbers never touch our "
    "page or our server. It must come from the processor's host and may not be kept by us, so its content cannot be "
    "pinned: the content policy lets no other host send one."
)
"""Why a script of one other host is there at all: the processor's, named by processors.base.PayPage.script_src."""

ON_OUR_PAGE = frozenset({CUSTOMER, PAY})  # with the card form
ON_THE_WAY = frozenset({CUSTOMER, CHECKING})  # where the card is typed on the processor's page
STYLESHEET = "css/balancedue.css"
FIELDS = frozenset({"name", "postcode", "email", "page_key", "shown"})
"""What a person or the page fills in and sends to us: none of it is of a card."""

SELF, NONE = "'self'", "'none'"

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-type": "text/html; charset=utf-8",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "x-robots-tag": "noindex, nofollow, noarchive",
    }
)
"""Headers of the page, by lower-case name, with their values to the letter."""

NEVER_SENT = frozenset({"set-cookie", "refresh", "link", "access-control-allow-origin", "speculation-rules"})
HSTS_SECONDS = 31_536_000  # at least, where the page has an https address

Policy = Mapping[str, frozenset[str]]  # directive -> sources


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one payment page must be."""

    origin: str  # https://pay.shop.example
    path: str  # of the page, where its form leads as well
    static_url: str  # /static/
    scripts: frozenset[str]  # our own, by static name
    policy: Policy
    outside_script: str = ""  # the processor's; "" where the card is typed on the processor's page
    publishable_key: str = ""
    fields: frozenset[str] = FIELDS


def our_page_policy(*, script: Iterable[str], frame: Iterable[str], connect: Iterable[str]) -> Policy:
    """The content policy of the page with the card form: what the processor documents, and nothing else."""
    return _BASE | {
        "script-src": frozenset({SELF, *script}),
        "frame-src": frozenset(frame),
        "connect-src": frozenset({SELF, *connect}),
    }


def way_there_policy(*, form: Iterable[str]) -> Policy:
    """The content policy of the page that sends the payer to the processor's: only its form leads elsewhere."""
    return _BASE | {"form-action": frozenset({SELF, *form})}


_BASE: dict[str, frozenset[str]] = {
    "default-src": frozenset({NONE}),
    "script-src": frozenset({SELF}),
    "style-src": frozenset({SELF}),  # and a nonce, where the page has a style element for the shop's colour
    "img-src": frozenset({SELF, "data:"}),
    "font-src": frozenset({SELF}),
    "connect-src": frozenset({SELF}),
    "frame-src": frozenset({SELF}),
    "form-action": frozenset({SELF}),
    "manifest-src": frozenset({SELF}),
    "base-uri": frozenset({NONE}),
    "frame-ancestors": frozenset({NONE}),
}
