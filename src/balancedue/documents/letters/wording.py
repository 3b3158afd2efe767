"""Words and figures that several letters share."""

from datetime import date

from django.utils.translation import gettext as _

from balancedue.rules.brand import Paint, paint_for
from balancedue.rules.clock_words import full_day_words
from balancedue.rules.errors import Refused
from balancedue.rules.invoice import Address, Invoice, PaymentLine, Shop
from balancedue.rules.methods import METHODS

_ACCENT = "#154FC3"
_SUBJECT_LENGTH = 60


def shop_name(shop: Shop) -> str:
    """The name customers know the shop by."""
    return shop.party.name or shop.party.company


def customer_name(invoice: Invoice) -> str:
    """Who the invoice is for: the organisation, else the person, else ""."""
    return invoice.bill_to.company or invoice.bill_to.name


def paint_of(shop: Shop) -> Paint:
    """Fill and label of the button: the shop's colour, or ours where it has none that can be read."""
    try:
        return paint_for(shop.brand_colour or _ACCENT)
    except Refused:
        return paint_for(_ACCENT)


def subject_line(pattern: str, **facts: str) -> str:
    """A subject of at most 60 characters: only `name` is shortened, never a sum or a number."""
    clean = {key: " ".join(value.split()) for key, value in facts.items()}
    whole = pattern % clean
    over = len(whole) - _SUBJECT_LENGTH
    name = clean.get("name", "")
    if over <= 0 or not name:
        return whole
    return pattern % (clean | {"name": name[: max(len(name) - over - 1, 8)].rstrip() + "…"})


def how_paid(payment: PaymentLine) -> str:
    """ "Visa ending 4242", or "Bank transfer". Never the reference, which is for staff."""
    return payment.card or METHODS.get(payment.method, payment.method)


def sums(invoice: Invoice, locale: str) -> tuple[tuple[str, str], ...]:
    """Total, what was paid, what is on its way, and the balance due: the figures of `Balance`, and no others (M1)."""
    balance = invoice.balance
    rows = [(_("Total"), balance.total.show(locale))]
    if balance.settled:
        rows.append((_("Paid"), (-balance.settled).show(locale)))
    if balance.pending:
        rows.append((_("Payment in progress"), balance.pending.show(locale)))
    if balance.credit:
        rows.append((_("Credit"), balance.credit.show(locale)))
    return (*rows, (_("Balance due"), balance.due.show(locale)))


def sandbox_banner(invoice: Invoice) -> str:
    """What a letter of the sandbox says first."""
    return _("This is a test. No money will move.") if invoice.test_mode else ""


def day(on: date | None, locale: str) -> str:
    """A day with its year, or "" for none."""
    return full_day_words(on, locale) if on else ""


def address_line(address: Address) -> str:
    """An address on one line; empty parts left out."""
    town = " ".join(filter(None, [address.region, address.postcode]))
    return ", ".join(filter(None, [address.line1, address.line2, address.city, town]))


def foot(shop: Shop) -> tuple[str, ...]:
    """How to reach the shop: its name, phone and address."""
    party = shop.party
    return tuple(filter(None, [" · ".join(filter(None, [shop_name(shop), party.phone])), address_line(party.address)]))


def questions(shop: Shop) -> str:
    """How to ask: by answering, or by phone."""
    if shop.party.phone:
        return _("Questions? Reply to this email or call %(phone)s.") % {"phone": shop.party.phone}
    return _("Questions? Reply to this email.")


def payment_words(payment: PaymentLine, locale: str) -> str:
    """One payment in a row: amount, day, card."""
    received = full_day_words(payment.received_on, locale)
    return ", ".join([payment.amount.show(locale), received, how_paid(payment)])
