"""Floor 1: tables, one file per noun. Constraints and query shapes; the verbs are in `actions`."""

from .accounts import Account, ApiKey, Membership, ProcessorConnection
from .attempts import PaymentAttempt
from .contacts import Contact
from .events import Event
from .guards import Heartbeat, SavedAnswer, Tally
from .inbox import ProcessorEvent
from .invoices import invoice_of, payment_line, shop_of
from .journal import EntryProof, JournalEntry, Posting
from .notes import Note
from .orders import Order, OrderLine
from .outbox import Delivery
from .payments import Payment
from .people import User
from .requests import PaymentRequest
from .standing import Standing, read_balance, read_standing, read_standings

__all__ = [
    "Account",
    "ApiKey",
    "Contact",
    "Delivery",
    "EntryProof",
    "Event",
    "Heartbeat",
    "JournalEntry",
    "Membership",
    "Note",
    "Order",
    "OrderLine",
    "Payment",
    "PaymentAttempt",
    "PaymentRequest",
    "Posting",
    "ProcessorConnection",
    "ProcessorEvent",
    "SavedAnswer",
    "Standing",
    "Tally",
    "User",
    "invoice_of",
    "payment_line",
    "read_balance",
    "read_standing",
    "read_standings",
    "shop_of",
]
