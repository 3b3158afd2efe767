"""States and their moves. Edges are named by their event; what is in no table cannot happen (architecture.md 4).

`docs/states.md` is drawn from these tables.
"""

from collections.abc import Mapping
from types import MappingProxyType

Moves = Mapping[tuple[str, str], str]  # (state, event) -> next state


def _table(rows: dict[tuple[str, str], str]) -> Moves:
    return MappingProxyType(rows)


# --- A payment attempt: one object at the processor for one balance of one order --------------------------------

STARTED, WAITING, PENDING, UNKNOWN = "started", "waiting", "pending", "unknown"
SUCCEEDED, DECLINED, CANCELLED, PUT_ASIDE = "succeeded", "declined", "cancelled", "put_aside"

ATTEMPT_STATES = {
    STARTED: "written here, not yet heard of at the processor",
    WAITING: "waits for the customer: a card, or a confirmation by the bank",
    PENDING: "the processor is working on it",
    UNKNOWN: "we asked and did not hear; blocks a new attempt until we do (N14)",
    SUCCEEDED: "the money is in",
    DECLINED: "ended without money",
    CANCELLED: "cancelled, and seen cancelled at the processor",
    PUT_ASIDE: "what the processor says does not fit what was asked; waits for a person (N3)",
}
ACTIVE_ATTEMPT = frozenset({STARTED, WAITING, PENDING, UNKNOWN})  # one per order at most (N4)
IN_FLIGHT = frozenset({PENDING, UNKNOWN})  # money may be on its way: nothing new may start

# A decline that the processor lets be tried again keeps the attempt waiting: the same object can succeed only once.
_HEARD = {
    "waits_for_customer": WAITING,
    "declined_retryable": WAITING,
    "declined": DECLINED,
    "is_pending": PENDING,
    "succeeded": SUCCEEDED,
    "cancelled": CANCELLED,
    "refused": DECLINED,
    "does_not_fit": PUT_ASIDE,
}
ATTEMPT_MOVES = _table(
    {(state, event): after for state in (STARTED, WAITING, PENDING, UNKNOWN) for event, after in _HEARD.items()}
    | {(STARTED, "not_heard"): UNKNOWN, (UNKNOWN, "not_heard"): UNKNOWN}
    # Not hearing about something we knew to be waiting or pending tells us nothing new.
    | {(WAITING, "not_heard"): WAITING, (PENDING, "not_heard"): PENDING}
    # The processor is the truth about money: a late success corrects us (requirements.md 3.19, 3.23).
    | {(CANCELLED, "succeeded"): SUCCEEDED, (DECLINED, "succeeded"): SUCCEEDED}
    | {(CANCELLED, "does_not_fit"): PUT_ASIDE, (DECLINED, "does_not_fit"): PUT_ASIDE}
)

# --- A payment request ------------------------------------------------------------------------------------------

HOLDING, SENT, OPENED, PAID = "holding", "sent", "opened", "paid"
SUPERSEDED, WITHDRAWN, EXPIRED = "superseded", "withdrawn", "expired"

REQUEST_STATES = {
    HOLDING: "written, waits out the undo time",
    SENT: "on its way or delivered",
    OPENED: "a person looked at the invoice",
    PAID: "the order was paid",
    SUPERSEDED: "a later request took its place; its link still opens the invoice",
    WITHDRAWN: "its link opens nothing any more",
    EXPIRED: "its time ran out",
}
REQUEST_MOVES = _table(
    {
        (HOLDING, "send"): SENT,
        (HOLDING, "undo"): WITHDRAWN,
        (SENT, "open"): OPENED,
        (EXPIRED, "pay"): PAID,
        (SUPERSEDED, "withdraw"): WITHDRAWN,
        (SUPERSEDED, "expire"): EXPIRED,
        (EXPIRED, "withdraw"): WITHDRAWN,
        (PAID, "withdraw"): WITHDRAWN,
    }
    | {(state, "pay"): PAID for state in (HOLDING, SENT, OPENED)}
    | {(state, "supersede"): SUPERSEDED for state in (HOLDING, SENT, OPENED)}
    | {(state, "withdraw"): WITHDRAWN for state in (HOLDING, SENT, OPENED)}
    | {(state, "expire"): EXPIRED for state in (SENT, OPENED)}
)
LIVE_REQUEST = frozenset({HOLDING, SENT, OPENED})

# --- A delivery: one message to one address ---------------------------------------------------------------------

DELIVERY_STATES = {
    "waiting": "due now or later",
    "sending": "claimed by a worker",
    "sent": "taken by the mail server",
    "failed": "refused for good, or tried for 96 hours",
    "bounced": "taken, then returned",
    "dropped": "not sent: undone, withdrawn, or overtaken before it left",
}
DELIVERY_MOVES = _table(
    {
        ("waiting", "claim"): "sending",
        ("sending", "claim"): "sending",  # the lease of a dead worker ran out
        ("sending", "sent"): "sent",
        ("sending", "try_again"): "waiting",
        ("sending", "give_up"): "failed",
        ("waiting", "drop"): "dropped",
        ("sending", "drop"): "dropped",
        ("sent", "bounce"): "bounced",
    }
)


# --- A refund: money on its way back, by the processor or by hand ------------------------------------------------

REFUSED, FAILED = "refused", "failed"

REFUND_STATES = {
    STARTED: "written here, not yet heard of at the processor",
    UNKNOWN: "we asked and did not hear; counts as given back until we do",
    PENDING: "the processor is working on it; the money has left",
    SUCCEEDED: "given back",
    REFUSED: "the processor did not make it; nothing moved",
    FAILED: "made, and failed later: the money came back to us",
}
HELD_REFUND = frozenset({STARTED, UNKNOWN, PENDING, SUCCEEDED})  # together never above the payment (N9)
OPEN_REFUND = frozenset({STARTED, UNKNOWN, PENDING})
_REFUND_HEARD = {"is_pending": PENDING, "succeeded": SUCCEEDED, "failed": FAILED}
REFUND_MOVES = _table(
    {(state, event): after for state in OPEN_REFUND for event, after in _REFUND_HEARD.items()}
    | {(STARTED, "refused"): REFUSED, (UNKNOWN, "refused"): REFUSED}
    | {(STARTED, "not_heard"): UNKNOWN, (UNKNOWN, "not_heard"): UNKNOWN, (PENDING, "not_heard"): PENDING}
    | {(SUCCEEDED, "failed"): FAILED}  # a bank may send the money back days later (F5)
    # The processor is the truth about money: a refund it turns out to have made corrects us.
    | {(REFUSED, "succeeded"): SUCCEEDED, (REFUSED, "is_pending"): PENDING}
)


# --- A dispute: the payer's bank asks for the money back. Not ours to move: each look-up says where it stands -------

DISPUTE_STATES = {
    "inquiry": "the bank asks first; no money has moved yet",
    "inquiry_answered": "the bank reads what was sent about its question",
    "needs_response": "the money is withdrawn; the bank waits for evidence",
    "under_review": "the bank reads the evidence",
    "won": "the money came back",
    "lost": "the money stays with the payer",
    "closed": "the question is closed; no money moved",
}
OPEN_DISPUTE = frozenset({"inquiry", "inquiry_answered", "needs_response", "under_review"})
ASKS_FOR_EVIDENCE = frozenset({"inquiry", "needs_response"})


# --- A payout: the processor sends what it holds to the shop's bank ------------------------------------------------

PAYOUT_STATES = {
    "pending": "to be sent",
    "in_transit": "on its way to the bank",
    "paid": "with the bank",
    "failed": "the bank sent it back",
    "cancelled": "called off before it was sent",
}
OPEN_PAYOUT = frozenset({"pending", "in_transit"})


def next_state(moves: Moves, state: str, event: str) -> str | None:
    """Where `event` leads from `state`, or None when the table has no such edge."""
    return moves.get((state, event))
