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


APART = frozenset({"fee", "dispute_withdrawn", "dispute_reinstated"})
"""Kinds of entry that move money at the processor and leave what the customer owes as it was."""


def fee_postings(fee_minor: int) -> Postings:
    """What a processor kept of what it holds for us; negative when it gave a fee back."""
    return {FEES: fee_minor, CLEARING: -fee_minor}


def dispute_postings(*, withdrawn_minor: int, lost: bool) -> Postings:
    """How a dispute should stand in the books: what the bank took is in doubt, and owed again once it is lost."""
    return {(RECEIVABLE if lost else DISPUTES): withdrawn_minor, CLEARING: -withdrawn_minor} if withdrawn_minor else {}


def opposite(postings: Postings) -> Postings:
    """The postings that undo these."""
    return {ledger: -minor for ledger, minor in postings.items()}
