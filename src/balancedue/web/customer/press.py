"""The press of Pay: what either payment page sends with it, and the payment it begins."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from balancedue.actions.count_tries import limit_tries
from balancedue.actions.pay import Begun, begin_payment
from balancedue.rules.addresses import read_address
from balancedue.rules.declines import payer_sentence
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.money import Money
from balancedue.web.guard import address_of

from .link import Link

MOST_PRESSES = 30  # of Pay, per link and half hour; a person needs a few
HALF_HOUR = 1800
LONGEST_NAME, LONGEST_KEY = 200, 64


@dataclass(frozen=True, slots=True)
class Press:
    """What the page sent."""

    page_key: str
    shown: Money
    name: str
    email: str


def read_press(sent: Mapping[str, object], currency: str) -> Press:
    """`shown` is in minor units, a whole number. Raises Invalid, by field."""
    page_key, shown = sent.get("page_key"), sent.get("shown")
    name, email = str(sent.get("name", "")).strip(), str(sent.get("email", "")).strip()
    if not isinstance(page_key, str) or not 0 < len(page_key) <= LONGEST_KEY:
        raise out_of_date()
    if type(shown) is not int or not 0 < shown <= MAX_AMOUNT_MINOR:
        raise out_of_date()
    problems = {}
    if len(name) > LONGEST_NAME:
        problems["name"] = _("Keep the name to %(most)s characters") % {"most": LONGEST_NAME}
    try:
        email = read_address(email, field="email") if email else ""
    except Refused as refusal:
        problems["email"] = refusal.sentence
    if problems:
        raise Invalid(problems)
    return Press(page_key, Money(shown, currency), name, email)


def out_of_date() -> Invalid:
    """What a page sends that was not drawn by us, or long ago."""
    return Invalid({"form": _("This page is out of date. Load it again. Nothing was charged.")})


def begin(request: HttpRequest, link: Link, press: Press) -> Begun:
    """Begin to pay. Raises Refused, as begin_payment does."""
    limit_tries(
        f"pay:{link.request.pk}",
        at_most=MOST_PRESSES,
        window_seconds=HALF_HOUR,
        sentence=payer_sentence("too_many_tries"),
    )
    return begin_payment(
        request=link.request,
        page_key=press.page_key,
        shown=press.shown,
        payer_name=press.name,
        payer_email=press.email,
        address=address_of(request),
    )
