"""The chart of accounts (architecture.md 3a) and the postings of each kind of entry. Debits are positive."""

from collections.abc import Mapping

from .methods import CARD
from .money import share_out

RECEIVABLE, SALES, TAX, SHIPPING = "receivable", "sales", "tax", "shipping"
CLEARING, BANK, CASH = "processor_clearing", "bank", "cash"
FEES, DISPUTES, CUSTOMER_CREDIT, WRITE_OFF = "fees", "disputes", "customer_credit", "write_off"
LEDGERS = (RECEIVABLE, SALES, TAX, SHIPPING, CLEARING, BANK, CASH, FEES, DISPUTES, CUSTOMER_CREDIT, WRITE_OFF)

Postings = Mapping[str, int]  # ledger account -> signed minor units

_MONEY_GOES_TO = {CARD: CLEARING, "cash": CASH}


def charge_postings(*, total_minor: int, tax_minor: int, shipping_minor: int) -> Postings:
    """What an order that comes to these figures should stand at. `shipping_minor` is net of tax."""
    sales = total_minor - tax_minor - shipping_minor
    return {RECEIVABLE: total_minor, SALES: -sales, TAX: -tax_minor, SHIPPING: -shipping_minor}


def change(wanted: Postings, present: Postings) -> Postings:
    """The entry that leads from `present` to `wanted`; empty when nothing changes."""
    return {
        ledger: wanted.get(ledger, 0) - present.get(ledger, 0)
        for ledger in LEDGERS
        if wanted.get(ledger, 0) != present.get(ledger, 0)
    }


def payment_postings(*, amount_minor: int, method: str) -> Postings:
    """Money that came in by `method`: a debit where it went, a credit to the receivable."""
    return {_MONEY_GOES_TO.get(method, BANK): amount_minor, RECEIVABLE: -amount_minor}


def reduction_postings(amount_minor: int, charged: Postings) -> Postings:
    """Take `amount_minor` off what was charged, from sales, tax and shipping as they stand to each other."""
    parts = (SALES, TAX, SHIPPING)
    shares = share_out(amount_minor, [max(0, -charged.get(ledger, 0)) for ledger in parts])
    taken = {ledger: share for ledger, share in zip(parts, shares, strict=True) if share}
    return taken | {RECEIVABLE: -amount_minor}


def opposite(postings: Postings) -> Postings:
    """The postings that undo these."""
    return {ledger: -minor for ledger, minor in postings.items()}
