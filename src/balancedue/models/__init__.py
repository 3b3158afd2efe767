"""Floor 1: tables, one file per noun. Constraints and query shapes; the verbs are in `actions`."""

from .accounts import Account, ApiKey, Membership, ProcessorConnection
from .alarms import Alarm
from .attempts import PaymentAttempt
from .contacts import Contact
from .disputes import Dispute
from .events import Event
from .guards import CardTry, Heartbeat, PageWatch, SavedAnswer, Tally
from .imports import ImportFile
from .inbox import ProcessorEvent
from .invoices import invoice_of, payment_line, shop_of
from .journal import EntryProof, JournalEntry, Posting
from .notes import Note
from .orders import Order, OrderLine
from .outbox import Delivery, SentLetter
from .payments import Payment
from .payouts import BalanceTransaction, Payout
from .people import User
from .refunds import Refund
from .requests import PaymentRequest
from .standing import Standing, charged, read_balance, read_standing, read_standings

__all__ = [
    "Account",
    "Alarm",
    "ApiKey",
    "BalanceTransaction",
    "CardTry",
    "Contact",
    "Delivery",
    "Dispute",
    "EntryProof",
    "Event",
    "Heartbeat",
    "ImportFile",
    "JournalEntry",
    "Membership",
    "Note",
    "Order",
    "OrderLine",
    "PageWatch",
    "Payment",
    "PaymentAttempt",
    "PaymentRequest",
    "Payout",
    "Posting",
    "ProcessorConnection",
    "ProcessorEvent",
    "Refund",
    "SavedAnswer",
    "SentLetter",
    "Standing",
    "Tally",
    "User",
    "charged",
    "invoice_of",
    "payment_line",
    "read_balance",
    "read_standing",
    "read_standings",
    "shop_of",
]
