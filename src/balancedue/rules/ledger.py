"""The chart of accounts (architecture.md 3a) and the postings of each kind of entry. Debits are positive."""

from collections.abc import Mapping

from .methods import CARD

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


def opposite(postings: Postings) -> Postings:
    """The postings that undo these."""
    return {ledger: -minor for ledger, minor in postings.items()}
