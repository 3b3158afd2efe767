"""Reading Stripe's balance: what each movement brought and cost, and which payout took it to the bank.

docs.stripe.com/reports/balance-transaction-types, docs.stripe.com/payouts. All figures are in the currency that Stripe
settles in, which may differ from the payment's. A currency that is not in our tables fails closed: the whole answer
counts as not heard, so that no sum is ever read with the wrong decimals.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe

from balancedue.processors.reports import PayoutReport, TransactionReport
from balancedue.processors.stripe.amounts import from_wire
from balancedue.processors.stripe.deadline import DeadlineClient
from balancedue.processors.stripe.errors import not_heard
from balancedue.processors.stripe.outcome import safe

_KINDS = {
    "payment": "charge payment",
    "refund": "refund payment_refund refund_failure payment_failure_refund",
    "fee": "stripe_fee stripe_fx_fee tax_fee",
    "payout": "payout payout_cancel payout_failure",
}
_KIND_OF = {theirs: ours for ours, words in _KINDS.items() for theirs in words.split()}
_OF_DISPUTES = ("dp_", "du_", "pdp_")
_PAYOUT_STATES = {
    "pending": "pending",
    "in_transit": "in_transit",
    "paid": "paid",
    "failed": "failed",
    "canceled": "cancelled",
}
_PAGE = 100
_PAGES = 10

Told = TypeVar("Told")
log = logging.getLogger(__name__)


class Balance:
    """One connection's balance. Each call is over within one deadline; None: not heard, or not to the end."""

    def __init__(self, client: stripe.StripeClient, http: DeadlineClient) -> None:
        self._v1, self._http = client.v1, http

    def transactions_of(self, reference: str) -> list[TransactionReport] | None:
        """What the payment (pi_…), its refunds and its disputes moved; a payment just made may have moved nothing."""
        return self._ask(f"the balance of {reference}", lambda: list(self._transactions_of(reference)))

    def payout(self, reference: str) -> PayoutReport | None:
        """One payout (po_…)."""
        return self._ask(reference, lambda: read_payout(self._v1.payouts.retrieve(reference).to_dict()))

    def payouts_since(self, moment: datetime) -> list[PayoutReport] | None:
        """Payouts made since then, oldest first."""
        params = {"created": {"gte": int(moment.timestamp())}}
        found = self._ask("payouts", lambda: [read_payout(row) for row in _every(self._v1.payouts.list, params)])
        return found and found[::-1]

    def in_payout(self, reference: str, after: str = "") -> list[TransactionReport] | None:
        """The next lines of a payout after the line `after` (txn_…), without its own; an empty list is the end.

        A page for each call: a payout may hold more than one deadline has time for.
        """
        params: Any = {"payout": reference, "limit": _PAGE, "expand": ["data.source"]}
        if after:
            params["starting_after"] = after
        return self._ask(
            f"what {reference} holds",
            lambda: [
                read_transaction(row)
                for row in self._v1.balance_transactions.list(params).to_dict()["data"]
                if (row["type"], _id_of(row.get("source"))) != ("payout", reference)
            ],
        )

    def _transactions_of(self, reference: str) -> Iterator[TransactionReport]:
        params: Any = {"expand": ["latest_charge.balance_transaction"]}
        intent = self._v1.payment_intents.retrieve(reference, params).to_dict()
        rows = [intent["latest_charge"]["balance_transaction"]] if intent["latest_charge"] else []
        both = ["data.balance_transaction", "data.failure_balance_transaction"]
        for refund in _every(self._v1.refunds.list, {"payment_intent": reference, "expand": both}):
            rows += [refund.get("balance_transaction"), refund.get("failure_balance_transaction")]
        for dispute in _every(self._v1.disputes.list, {"payment_intent": reference}):
            rows += dispute["balance_transactions"]
        return (read_transaction(row, reference) for row in rows if row)

    def _ask(self, what: str, question: Callable[[], Told]) -> Told | None:
        try:
            with self._http.one_deadline():
                return question()
        except Exception as exc:  # a bad answer must not look like an empty one
            log.info("%s not heard: %s", what, not_heard(exc).detail)
            return None


def _every(ask: Callable[[Any], Any], params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The rows of a list, newest first, to its end; TimeoutError when it is longer than anybody would wait for."""
    asked = {**params, "limit": _PAGE}
    for _ in range(_PAGES):
        page = ask(asked).to_dict()
        yield from page["data"]
        if not page["has_more"]:
            return
        asked["starting_after"] = page["data"][-1]["id"]
    raise TimeoutError("a list without end")


def read_transaction(row: Mapping[str, Any], reference: str = "") -> TransactionReport:
    """A BalanceTransaction, its `source` expanded or not. KeyError, TypeError or Refused where it is none."""
    currency, source = row["currency"].upper(), row.get("source")
    behind = source.get("payment_intent") if isinstance(source, Mapping) else None
    return TransactionReport(
        reference=row["id"],
        kind=_kind(row["type"], _id_of(source)),
        amount=from_wire(row["amount"], currency),
        fee=from_wire(row["fee"], currency),
        source=_id_of(source),
        at=datetime.fromtimestamp(row["created"], UTC),
        money_reference=reference or _id_of(behind),
    )


def read_payout(row: Mapping[str, Any]) -> PayoutReport:
    """A Payout. KeyError, TypeError or Refused where it is none that we understand."""
    return PayoutReport(
        reference=row["id"],
        state=_PAYOUT_STATES[row["status"]],
        amount=from_wire(row["amount"], row["currency"].upper()),
        arrives_on=datetime.fromtimestamp(row["arrival_date"], UTC).date(),
        made_at=datetime.fromtimestamp(row["created"], UTC),
        detail=safe(row.get("failure_message") or row.get("failure_code") or ""),
        is_itemised=row["automatic"] is True,
    )


def _kind(theirs: str, source: str) -> str:
    """Money of a dispute comes as a plain adjustment; only its source tells."""
    return "dispute" if source.startswith(_OF_DISPUTES) else _KIND_OF.get(theirs, "other")


def _id_of(thing: object) -> str:
    found = thing.get("id") if isinstance(thing, Mapping) else thing
    return found if isinstance(found, str) else ""
