"""The Add Payment window, and reversing what was added (S32-S34, ux.md 3.5)."""

from dataclasses import dataclass, field

from babel.numbers import get_currency_symbol
from django import forms
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from balancedue.actions.add_payment import add_payment
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.models import Order, Payment
from balancedue.rules.currencies import currency
from balancedue.rules.errors import Refused
from balancedue.rules.gate import STAFF
from balancedue.rules.ids import new_id
from balancedue.rules.locales import locale_for
from balancedue.rules.methods import CARD, MANUAL
from balancedue.rules.money import Money
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Collected, Form, Words, choice, day_field, long_text, read_day
from .order_facts import OrderFacts, read_order
from .page import done, find_order, is_htmx, show, show_part
from .request_window import about_order


class PaymentForm(Form):
    """What a person fills in when money came in by other means."""

    amount = Words(label="Amount")
    method = choice("Method", MANUAL.items())
    reference = Words(label="Reference", required=False, help_text="Such as the check number")
    received_on = day_field("Date received")
    note = long_text("Note", rows=2, help_text="Only your team sees this.")
    receipt = forms.BooleanField(label="Email a receipt", required=False)
    form_key = Words(widget=forms.HiddenInput)


@dataclass(slots=True)
class Window:
    """The window as the template draws it."""

    form: PaymentForm
    order: Order
    due: Money
    digits: int
    symbol: str
    about: SafeString
    receipt_to: str = ""
    warnings: list[str] = field(default_factory=list)
    open_request: bool = False
    in_progress: bool = False


def payment_window(request: StaffRequest, facts: OrderFacts, *, form: PaymentForm | None = None) -> Window:
    """The window for an order as it stands; `form` with what was typed, when it comes back."""
    order, balance = facts.order, facts.standing.balance
    locale = request.account.locale
    today = timezone.now().astimezone(request.account.zone).date()
    blank = PaymentForm(
        auto_id="payment_%s",
        initial={
            "amount": balance.due.typed(locale) if balance.due else "",
            "method": "check",
            "received_on": today.isoformat(),
            "form_key": new_id("form"),
        },
    )
    return Window(
        form or blank,
        order,
        balance.due,
        currency(order.currency).digits,
        get_currency_symbol(order.currency, locale=locale_for(locale)),
        about_order(request, facts, "payment"),
        receipt_to=order.contact.email if order.contact else "",
        open_request=facts.latest is not None and facts.latest.is_live,
        in_progress=facts.standing.attempt is not None and facts.standing.attempt.is_in_flight,
    )


@staff_page(role=STAFF)
def payment_page(request: StaffRequest, number: str) -> HttpResponse:
    """The window as a page of its own."""
    return _page(request, payment_window(request, read_order(request, number)), 200)


@require_POST
@staff_page(role=STAFF)
def save_payment(request: StaffRequest, number: str) -> HttpResponse:
    """Write the payment down. 422 with everything typed when it cannot be."""
    order = find_order(request, number)
    form = PaymentForm(request.POST, auto_id="payment_%s")
    locale = request.account.locale
    read = Collected()
    nothing = Money(0, order.currency)
    amount = read.get(lambda: Money.parse(form.typed("amount"), order.currency, locale), nothing)
    received_on = read.get(lambda: read_day(form.typed("received_on"), field="received_on"), None)
    if received_on is None and "received_on" not in read.problems:
        read.problems["received_on"] = "Enter the day the money came in"
    try:
        read.check()
        assert received_on is not None
        payment = add_payment(
            order=order,
            amount=amount,
            method=form.typed("method"),
            received_on=received_on,
            by=request.user.actor,
            reference=form.typed("reference"),
            note=form.typed("note"),
            form_key=form.typed("form_key")[:64],
            even_if_alike=form.ticked("anyway"),
            email_receipt=form.ticked("receipt"),
        )
    except Refused as refusal:
        return _refused(request, number, form, refusal)
    words = f"Payment of {payment.amount.show(locale)} added."
    return done(request, "order", request.account.slug, number, words=words)


def _refused(request: StaffRequest, number: str, form: PaymentForm, refusal: Refused) -> HttpResponse:
    facts = read_order(request, number)
    window = payment_window(request, facts, form=form)
    if refusal.code == "looks_repeated":
        window.warnings = [refusal.sentence]
    else:
        form.refuse(refusal)
    if not is_htmx(request):
        return _page(request, window, 422)
    context = {"window": window, "correction": about_order(request, facts, "payment", swap=True)}
    return show_part(request, "staff/order/payment_form.html", context, status=422)


def _page(request: StaffRequest, window: Window, status: int) -> HttpResponse:
    context = {"window": window, "order": window.order, "form": window.form}
    return show(request, "staff/order/payment_page.html", context, status=status)


class ReversalForm(Form):
    """Why a payment is taken back."""

    reason = Words(label="Reason", help_text="Such as: the check bounced. Stays with the order.")


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def reverse(request: StaffRequest, number: str, payment: str) -> HttpResponse:
    """Ask for the reason, then reverse a payment added by hand; both lines stay (requirements.md 2.15)."""
    order = find_order(request, number)
    taken_back = order.payments.select_related("order__account").filter(public_id=payment).first()
    if taken_back is None:
        raise Http404("no such payment on this order")
    form = ReversalForm(request.POST or None, auto_id="%s")
    if request.method == "POST":
        try:
            reverse_payment(payment=taken_back, reason=form.typed("reason"), by=request.user.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            words = f"Payment of {taken_back.amount.show(request.account.locale)} reversed."
            return done(request, "order", request.account.slug, number, words=words)
    context = {"order": order, "payment": taken_back, "form": form, "can_reverse": _can_reverse(taken_back)}
    return show(request, "staff/order/reverse.html", context, status=422 if form.errors else 200)


def _can_reverse(payment: Payment) -> bool:
    given_back = any(refund.is_held for refund in payment.refunds.all())
    return payment.method != CARD and not payment.is_reversed and not given_back
