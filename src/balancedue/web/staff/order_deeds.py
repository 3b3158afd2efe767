"""The buttons of an order's page: each one verb, then back to the page."""

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from balancedue.actions.add_note import add_note
from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.resolve_put_aside import resolve_put_aside
from balancedue.actions.withdraw_request import send_now, undo_request, withdraw_request
from balancedue.models import Order, PaymentRequest
from balancedue.rules.errors import Refused
from balancedue.rules.gate import STAFF
from balancedue.rules.limits import MAX_NOTE
from balancedue.rules.states import ACTIVE_ATTEMPT, PUT_ASIDE, SUCCEEDED, WITHDRAWN
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, long_text
from .order_facts import read_order
from .order_page import NoteForm, draw_order
from .page import done, find_order, show


@require_POST
@staff_page(role=STAFF)
def save_note(request: StaffRequest, number: str) -> HttpResponse:
    """Keep an internal note."""
    form = NoteForm(request.POST, auto_id="note_%s")
    try:
        add_note(order=find_order(request, number), text=form.typed("text"), by=request.user)
    except Refused as refusal:
        form.refuse(refusal)
        return draw_order(request, read_order(request, number), note=form, status=422)
    return _back(request, number, "Note added.")


@require_POST
@staff_page(role=STAFF)
def undo(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """Take a request back before it leaves."""
    try:
        undo_request(request=_asked(find_order(request, number), public_id), by=request.user.actor)
    except Refused as refusal:
        return _back(request, number, refusal.sentence)
    return _back(request, number, "Not sent. Your draft is kept.")


@require_POST
@staff_page(role=STAFF)
def send_at_once(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """End the undo time."""
    send_now(request=_asked(find_order(request, number), public_id))
    return _back(request, number, "On its way.")


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def withdraw(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """Turn a link off for good: a page that says what that means, then the deed."""
    order = find_order(request, number)
    asked = _asked(order, public_id)
    if request.method == "POST":
        withdraw_request(request=asked, by=request.user.actor)
        return _back(request, number, "The link is turned off.")
    if asked.status == WITHDRAWN:
        return _back(request, number, "The link is turned off already.")
    return show(request, "staff/order/withdraw.html", {"order": order, "asked": asked})


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def cancel(request: StaffRequest, number: str) -> HttpResponse:
    """Cancel the order: a page that says what happens to the money, then the deed."""
    facts = read_order(request, number)
    refused = ""
    if request.method == "POST":
        try:
            cancel_order(order=facts.order, by=request.user.actor)
        except Refused as refusal:
            refused, facts = refusal.sentence, read_order(request, number)
        else:
            return _back(request, number, f"Order #{number} cancelled.")
    if facts.order.is_cancelled:
        return _back(request, number, "This order is cancelled already.")
    context = {"order": facts.order, "balance": facts.standing.balance, "refused": refused}
    return show(request, "staff/order/cancel.html", context, status=409 if refused else 200)


@require_POST
@staff_page(role=STAFF)
def check_payment(request: StaffRequest, number: str) -> HttpResponse:
    """ "Check now": ask the processor about the card payment under way."""
    order = find_order(request, number)
    attempts = order.attempts.select_related("connection", "order__account")
    attempt = attempts.filter(state__in=ACTIVE_ATTEMPT).first()
    if attempt is None:
        return _back(request, number, "No card payment is in progress.")
    after = check_attempt(attempt, by=request.user.actor)
    if after.state == SUCCEEDED:
        return _back(request, number, "The card payment came in.")
    if after.state == PUT_ASIDE:
        return _back(request, number, "The processor reports a payment that does not fit. Nothing was booked.")
    still = "The processor has no result yet." if after.is_active else "The card payment ended. No money was taken."
    at = timezone.now().astimezone(request.account.zone)
    return _back(request, number, f"{still} Checked at {at:%H:%M}.")


class FindingForm(Form):
    """What came of a card payment that did not fit."""

    note = long_text(
        "What did you find",
        most=MAX_NOTE,
        required=True,
        help_text="Refunded at the processor, booked by hand, a test.",
    )


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def resolve(request: StaffRequest, number: str, public_id: str) -> HttpResponse:
    """ "I have looked into it": closes a card payment that was put aside. No money moves."""
    order = find_order(request, number)
    attempt = order.attempts.filter(public_id=public_id, state=PUT_ASIDE).first()
    if attempt is None:
        raise Http404("nothing of that name was put aside")
    form = FindingForm(request.POST if request.method == "POST" else None, auto_id="%s")
    if attempt.resolved_at is not None:
        return _back(request, number, "Somebody has looked into this card payment already.")
    if request.method == "POST":
        try:
            resolve_put_aside(attempt=attempt, note=form.typed("note"), by=request.user.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _back(request, number, "Closed. Your note is in the activity.")
    context = {"order": order, "attempt": attempt, "form": form}
    return show(request, "staff/order/resolve.html", context, status=422 if form.errors else 200)


def _asked(order: Order, public_id: str) -> PaymentRequest:
    found = order.requests.filter(public_id=public_id).first()
    if found is None:
        raise Http404("no such request on this order")
    return found


def _back(request: StaffRequest, number: str, words: str) -> HttpResponse:
    return done(request, "order", request.account.slug, number, words=words)
