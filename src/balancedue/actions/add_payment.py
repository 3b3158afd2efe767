"""Add Payment: money that came in by other means, written down by a person (S32, requirements.md 2.15)."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, Payment
from balancedue.rules.actor import Actor
from balancedue.rules.clock_words import full_day_words
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.ledger import payment_postings
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.methods import MANUAL
from balancedue.rules.money import Money

from .clear_the_way import clear_the_way, refuse_if_in_progress, refuse_if_paid_since
from .plan_letters import plan
from .record import post_entry, record
from .settle import mark_requests_paid


def add_payment(
    *,
    order: Order,
    amount: Money,
    method: str,
    received_on: date,
    by: Actor,
    reference: str = "",
    note: str = "",
    form_key: str = "",
    even_if_alike: bool = False,
    email_receipt: bool = False,
) -> Payment:
    """Write down a payment by hand. More than is due becomes credit, never a refusal (requirements.md 2.7).

    A card attempt under way is cancelled first; a card payment booked since `order` was read is Refused as news (E6).
    The same form sent twice makes one payment; another payment just like one already there is Refused `looks_repeated`
    unless `even_if_alike` (E4).
    Raises Invalid, or Refused `payment_in_progress`, `looks_repeated`.
    """
    _check(order, amount, method, received_on, reference, note)
    if form_key and (done := order.payments.filter(form_key=form_key).first()):
        return done
    seen = order
    clear_the_way(order, by=by)
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        now = timezone.now()
        if form_key and (done := order.payments.filter(form_key=form_key).first()):
            return done
        refuse_if_in_progress(order)
        refuse_if_paid_since(order, seen)
        if not even_if_alike:
            _refuse_repeated(order, amount, method, reference, received_on)
        public_id = new_id("pay")
        postings = payment_postings(amount_minor=amount.minor, method=method)
        entry, standing = post_entry(order, "payment", postings, by=by, at=now, cause=public_id)
        payment = Payment.objects.create(
            public_id=public_id,
            order=order,
            entry=entry,
            method=method,
            amount_minor=amount.minor,
            currency=order.currency,
            reference=reference,
            note=note,
            received_on=received_on,
            created_at=now,
            by=str(by),
            form_key=form_key,
        )
        record(
            order, "payment_added", by=by, at=now,
            payment=public_id, amount_minor=amount.minor, method=method,
        )  # fmt: skip
        mark_requests_paid(order, standing, by=by, now=now)
        if email_receipt and order.contact and order.contact.email:
            to = [order.contact.email]
            plan("receipt", to, order=order, payment=payment, fact=public_id, at=now)
        return payment


def _check(order: Order, amount: Money, method: str, received_on: date, reference: str, note: str) -> None:
    problems = {}
    if amount.currency != order.currency:
        problems["amount"] = f"This order is in {order.currency}"
    elif amount.minor <= 0:
        problems["amount"] = "Enter an amount above 0"
    elif amount.minor > MAX_AMOUNT_MINOR:
        problems["amount"] = "Enter a smaller amount"
    if method not in MANUAL:
        problems["method"] = "Choose how the money came in"
    if received_on > timezone.now().astimezone(order.account.zone).date():
        problems["received_on"] = "Enter today or an earlier day"
    if len(reference) > 120:
        problems["reference"] = "Keep the reference to 120 characters"
    if len(note) > 2000:
        problems["note"] = "Keep the note to 2,000 characters"
    if problems:
        raise Invalid(problems)


def _refuse_repeated(order: Order, amount: Money, method: str, reference: str, received_on: date) -> None:
    same = order.payments.filter(amount_minor=amount.minor, method=method, reference=reference, reversal=None)
    # A number names one check, whichever day was written beside it.
    alike = (same if reference else same.filter(received_on=received_on)).first()
    if alike is not None:
        on = full_day_words(alike.received_on, order.account.locale)
        raise Refused(
            "looks_repeated",
            f"There is already a payment just like this one, received {on}. Add it again only if it came in twice.",
            payment=alike.public_id,
        )
