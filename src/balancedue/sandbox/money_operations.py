"""What /v1 does with refunds, disputes, balance transactions and payouts, one function per operation."""

from typing import Any

from balancedue.sandbox import disputes, params, refunds
from balancedue.sandbox.calls import Call, Operation, Where, listed
from balancedue.sandbox.errors import parameter
from balancedue.sandbox.store import Stored

_PAGED = ("created", "ending_before", "expand", "limit", "starting_after")


def create_refund(call: Call) -> dict[str, Any]:
    """POST /v1/refunds"""
    form = call.form
    params.only(
        form,
        "amount",
        "charge",
        "expand",
        "metadata",
        "payment_intent",
        "reason",
        unsupported=(
            "currency",
            "customer",
            "instructions_email",
            "origin",
            "refund_application_fee",
            "reverse_transfer",
        ),
    )
    amount = params.integer("amount", form["amount"]) if "amount" in form else None
    refund = refunds.create(
        call.tx,
        _charge(call),
        amount=amount,
        reason=params.choice(form, "reason", *refunds.REASONS),
        metadata=params.metadata(form, {}),
        settle_seconds=call.settle_seconds,
    )
    return refund.body


def _charge(call: Call) -> Stored:
    charge, intent = params.text(call.form, "charge"), params.text(call.form, "payment_intent")
    if charge and intent:
        raise parameter("charge", "Send charge or payment_intent, not both.")
    if charge:
        return call.find("charge", charge, "charge")
    if intent:
        return refunds.charge_of(call.tx, call.find("payment_intent", intent, "payment_intent"))
    raise parameter("charge", "One of the following params should be provided: charge or payment_intent.")


def list_refunds(call: Call) -> dict[str, Any]:
    """GET /v1/refunds"""
    params.only(call.form, *_PAGED, "charge", "payment_intent")
    return listed(call, "refund", "/v1/refunds", _of_payment(call))


def retrieve_refund(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/refunds/{id}"""
    params.only(call.form, "expand")
    return call.find("refund", id, "refund").body


def update_refund(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/refunds/{id}"""
    params.only(call.form, "expand", "metadata")
    refund = call.find("refund", id, "refund")
    refunds.describe(call.tx, refund, params.metadata(call.form, refund.body["metadata"]))
    return refund.body


def cancel_refund(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/refunds/{id}/cancel"""
    params.only(call.form, "expand")
    refund = call.find("refund", id, "refund")
    refunds.cancel(call.tx, refund)
    return refund.body


def list_disputes(call: Call) -> dict[str, Any]:
    """GET /v1/disputes"""
    params.only(call.form, *_PAGED, "charge", "payment_intent")
    return listed(call, "dispute", "/v1/disputes", _of_payment(call))


def retrieve_dispute(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/disputes/{id}"""
    params.only(call.form, "expand")
    return call.find("dispute", id, "dispute").body


def update_dispute(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/disputes/{id}; evidence is sent to the bank unless `submit` is false."""
    form, dispute = call.form, call.find("dispute", id, "dispute")
    params.only(form, "evidence", "expand", "metadata", "submit")
    given = params.group(form, "evidence")
    params.only(given, *disputes.EVIDENCE, unsupported=("enhanced_evidence",))
    evidence = {name: params.text(given, name, most=150_000) for name in given}
    submit = params.flag(form, "submit")
    disputes.answer(
        call.tx,
        dispute,
        evidence=evidence,
        metadata=params.metadata(form, dispute.body["metadata"]),
        submit=bool(evidence) if submit is None else submit,
        settle_seconds=call.settle_seconds,
    )
    return dispute.body


def close_dispute(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/disputes/{id}/close"""
    params.only(call.form, "expand")
    dispute = call.find("dispute", id, "dispute")
    disputes.close(call.tx, dispute)
    return dispute.body


def list_balance_transactions(call: Call) -> dict[str, Any]:
    """GET /v1/balance_transactions; `payout` gives what it paid out, and itself."""
    params.only(call.form, *_PAGED, "currency", "payout", "source", "type")
    where = Where().add("parent = ?", params.text(call.form, "source"))
    payout = params.text(call.form, "payout")
    if payout:
        call.find("payout", payout, "payout")
    where.add("json_extract(private, '$.payout') = ?", payout)
    for name in ("currency", "type"):
        where.add(f"json_extract(body, '$.{name}') = ?", params.text(call.form, name))
    return listed(call, "balance_transaction", "/v1/balance_transactions", where)


def retrieve_balance_transaction(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/balance_transactions/{id}"""
    params.only(call.form, "expand")
    return call.find("balance_transaction", id).body


def list_payouts(call: Call) -> dict[str, Any]:
    """GET /v1/payouts"""
    params.only(call.form, *_PAGED, "destination", "status", unsupported=("arrival_date",))
    where = Where()
    for name in ("destination", "status"):
        where.add(f"json_extract(body, '$.{name}') = ?", params.text(call.form, name))
    return listed(call, "payout", "/v1/payouts", where)


def retrieve_payout(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/payouts/{id}"""
    params.only(call.form, "expand")
    return call.find("payout", id, "payout").body


def _of_payment(call: Call) -> Where:
    where = Where().add("parent = ?", params.text(call.form, "charge"))
    return where.add("json_extract(body, '$.payment_intent') = ?", params.text(call.form, "payment_intent"))


OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("POST", "/v1/refunds", create_refund),
    ("GET", "/v1/refunds", list_refunds),
    ("GET", "/v1/refunds/{id}", retrieve_refund),
    ("POST", "/v1/refunds/{id}", update_refund),
    ("POST", "/v1/refunds/{id}/cancel", cancel_refund),
    ("GET", "/v1/disputes", list_disputes),
    ("GET", "/v1/disputes/{id}", retrieve_dispute),
    ("POST", "/v1/disputes/{id}", update_dispute),
    ("POST", "/v1/disputes/{id}/close", close_dispute),
    ("GET", "/v1/balance_transactions", list_balance_transactions),
    ("GET", "/v1/balance_transactions/{id}", retrieve_balance_transaction),
    ("GET", "/v1/payouts", list_payouts),
    ("GET", "/v1/payouts/{id}", retrieve_payout),
)
