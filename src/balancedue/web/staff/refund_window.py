"""The Refund window: which payment, how much, why, and whether the order comes to less (ux.md 3.3)."""

from dataclasses import dataclass

from babel.numbers import get_currency_symbol
from django import forms
from django.http import HttpResponse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from balancedue.actions.refund import refund_payment, refundable, refusal_of
from balancedue.models import Order, Payment, Refund
from balancedue.models.refunds import REASONS
from balancedue.rules.clock_words import day_words
from balancedue.rules.errors import Refused
from balancedue.rules.gate import MANAGER
from balancedue.rules.ids import new_id
from balancedue.rules.locales import locale_for
from balancedue.rules.methods import METHODS
from balancedue.rules.money import Money
from balancedue.rules.states import PENDING, SUCCEEDED
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Collected, Form, Words, choice, long_text
from .order_facts import OrderFacts, read_order
from .page import done, is_htmx, show, show_part
from .request_window import about_order

MAX_REFUND_NOTE = 500
OWED, REDUCED = "owed", "reduced"
BALANCE = {
    OWED: "Refund only: the balance is due again",
    REDUCED: "Refund and reduce the order by as much",
}


class RefundForm(Form):
    """What a person decides about money that goes back."""

    payment = Words(label="Payment", widget=forms.RadioSelect)
    amount = Words(label="Amount")
    reason = choice("Reason", [("", "Choose why"), *REASONS.items()])
    note = long_text("Note", most=MAX_REFUND_NOTE, rows=2, help_text="Only your team sees this.")
    balance = Words(label="Then", widget=forms.RadioSelect(choices=list(BALANCE.items())))
    form_key = Words(widget=forms.HiddenInput)


@dataclass(slots=True)
class Window:
    """The window as the template draws it. `payments`: those of which something is left."""

    form: RefundForm
    order: Order
    payments: list[Payment]
    symbol: str
    about: SafeString
    asks_balance: bool
    words: str = ""


def open_to_refund(facts: OrderFacts) -> list[Payment]:
    """The payments of which something can still be given back, newest first."""
    return [payment for payment in reversed(facts.payments) if refundable(payment)]


def refund_window(
    request: StaffRequest, facts: OrderFacts, *, form: RefundForm | None = None, named: str = ""
) -> Window:
    """The window for an order as it stands; `named`: the payment whose button was pressed."""
    order, balance, locale = facts.order, facts.standing.balance, request.account.locale
    payments = open_to_refund(facts)
    chosen = _chosen(payments, named or (form.typed("payment") if form else ""))
    asks = chosen is not None and not order.is_cancelled and any(refundable(p) > balance.credit for p in payments)
    if form is None:
        form = RefundForm(auto_id="refund_%s", initial=_initial(facts, chosen, locale))
    widget = form.fields["payment"].widget
    assert isinstance(widget, forms.RadioSelect)
    widget.choices = [(payment.public_id, _payment_words(request, payment)) for payment in payments]
    symbol = get_currency_symbol(order.currency, locale=locale_for(locale))
    about = about_order(request, facts, "refund")
    return Window(form, order, payments, symbol, about, asks, _words(request, facts, chosen, form))


def _chosen(payments: list[Payment], named: str) -> Payment | None:
    """The payment that was named; else the one too many; else the newest."""
    by_name = [payment for payment in payments if payment.public_id == named]
    too_many = [payment for payment in payments if payment.surplus]
    return next(iter([*by_name, *too_many, *payments]), None)


def _initial(facts: OrderFacts, chosen: Payment | None, locale: str) -> dict[str, str]:
    """All that is left of the payment; of an open order that was overpaid, what is too much."""
    if chosen is None:
        return {}
    most, credit = refundable(chosen), facts.standing.balance.credit
    sum = min(most, credit) if credit and not facts.order.is_cancelled else most
    reason = "duplicate" if chosen.surplus else ""
    return {
        "payment": chosen.public_id,
        "amount": sum.typed(locale),
        "reason": reason,
        "form_key": new_id("form"),
    }


def _payment_words(request: StaffRequest, payment: Payment) -> str:
    locale, most = request.account.locale, refundable(payment)
    how = payment.card or METHODS.get(payment.method, payment.method)
    words = f"{payment.amount.show(locale)} · {how} · {day_words(payment.received_on, locale)}"
    return words if most == payment.amount else f"{words} · {most.show(locale)} left"


def _words(request: StaffRequest, facts: OrderFacts, chosen: Payment | None, form: RefundForm) -> str:
    """What the refund would do, as far as can be said from what is typed."""
    locale, balance = request.account.locale, facts.standing.balance
    typed = form.typed("amount") if form.is_bound else str(form.initial.get("amount", ""))
    if chosen is None:
        return ""
    try:
        amount = Money.parse(typed, facts.order.currency, locale)
    except Refused:
        return ""
    most = refundable(chosen)
    if amount > most:
        return f"At most {most.show(locale)} of this payment can be refunded."
    if amount.minor <= 0:
        return ""
    reduced = form.is_bound and form.typed("balance") == REDUCED
    after = balance.remaining if reduced else balance.remaining + amount
    where = (
        f"goes back to {chosen.card or 'the card'}" if chosen.attempt_id else "is written down as given back by hand"
    )
    first = f"{amount.show(locale)} {where}."
    if reduced:
        first += f" The order comes to {(balance.total - amount).show(locale)}."
    if after.minor > 0:
        return f"{first} Balance due afterwards: {after.show(locale)}."
    if after.minor < 0:
        return f"{first} Credit afterwards: {(-after).show(locale)}."
    return f"{first} Nothing is due afterwards."


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def refund(request: StaffRequest, number: str) -> HttpResponse:
    """The window, as a page of its own or for htmx; then the deed. 422 with everything typed when it cannot be done."""
    facts = read_order(request, number)
    if request.method == "POST":
        return _give_back(request, facts)
    window = refund_window(request, facts, named=request.GET.get("payment", "")[:60])
    return _drawn(request, facts, window, 200)


@require_GET
@staff_page(role=MANAGER)
def refund_words(request: StaffRequest, number: str) -> HttpResponse:
    """What the refund would do, while it is typed."""
    facts = read_order(request, number)
    form = RefundForm(request.GET, auto_id="refund_%s")
    chosen = _chosen(open_to_refund(facts), form.typed("payment"))
    return HttpResponse(_words(request, facts, chosen, form), content_type="text/plain; charset=utf-8")


def _give_back(request: StaffRequest, facts: OrderFacts) -> HttpResponse:
    form = RefundForm(request.POST, auto_id="refund_%s")
    order = facts.order
    try:
        payment, amount = _read(request, facts, form)
        given = refund_payment(
            payment=payment,
            amount=amount,
            reason=form.typed("reason"),
            by=request.user.actor,
            reduce_order=form.typed("balance") == REDUCED,
            note=form.typed("note"),
            form_key=form.typed("form_key")[:64],
        )
        if refusal := refusal_of(given):
            raise refusal
    except Refused as refusal:
        facts = read_order(request, order.number)
        window = refund_window(request, facts, form=form)
        form.refuse(refusal)
        return _drawn(request, facts, window, 422)
    return done(request, "order", request.account.slug, order.number, words=_done_words(request, given))


def _read(request: StaffRequest, facts: OrderFacts, form: RefundForm) -> tuple[Payment, Money]:
    """What was typed, or Invalid with a sentence at every field that needs one (M8)."""
    order, read = facts.order, Collected()
    nothing = Money(0, order.currency)
    amount = read.get(lambda: Money.parse(form.typed("amount"), order.currency, request.account.locale), nothing)
    payments = {payment.public_id: payment for payment in facts.payments}
    payment = payments.get(form.typed("payment"))
    if payment is None:
        read.problems["payment"] = "Choose the payment"
    if form.typed("reason") not in REASONS:
        read.problems["reason"] = "Choose why"
    needed = not order.is_cancelled and amount > facts.standing.balance.credit
    if needed and form.typed("balance") not in BALANCE:
        read.problems["balance"] = "Choose what happens to the balance"
    read.check()
    assert payment is not None
    payment.order = order
    return payment, amount


def _done_words(request: StaffRequest, given: Refund) -> str:
    sum = given.amount.show(request.account.locale)
    if given.state == SUCCEEDED:
        return f"{sum} refunded."
    if given.state == PENDING:
        return f"The refund of {sum} is on its way."
    return f"The processor has not answered yet about the refund of {sum}. We keep asking."


def _drawn(request: StaffRequest, facts: OrderFacts, window: Window, status: int) -> HttpResponse:
    if is_htmx(request):
        return show_part(request, "staff/order/refund_form.html", {"window": window, "in_dialog": True}, status=status)
    context = {"window": window, "order": facts.order, "form": window.form}
    return show(request, "staff/order/refund_page.html", context, status=status)
