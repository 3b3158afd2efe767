"""The Request Payment window: a dialog on the order's page, and a page of its own (S10-S20, ux.md 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from balancedue.actions.preview_letter import preview_request, send_test
from balancedue.actions.request_payment import CleanDraft, RequestDraft, request_payment
from balancedue.actions.write_letter import from_address
from balancedue.documents.letters import Letter
from balancedue.models import Contact, Delivery, Order, PaymentRequest
from balancedue.rules.addresses import likely_typo
from balancedue.rules.clock_words import day_words, time_words
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import STAFF
from balancedue.rules.ids import new_id
from balancedue.rules.limits import MAX_CC, MAX_MESSAGE, MAX_NOTIFY, MAX_TO
from balancedue.rules.money import Money
from balancedue.rules.states import WITHDRAWN
from balancedue.web.guard import StaffRequest, staff_page

from .dispute_notes import caution
from .fields import Form, Words, long_text, several_addresses
from .order_facts import OrderFacts, read_order
from .page import done, find_order, is_htmx, show, show_part
from .sent_letter import framed

PREVIEW_SALT = "balancedue.preview"
PREVIEW_SECONDS = 3600


class RequestForm(Form):
    """What a person fills in. `shown` is the balance in minor units that stood above it, `form_key` this form's own."""

    to = several_addresses("To")
    cc = several_addresses("CC", required=False, help_text="Everyone here sees the other addresses and can pay.")
    message = long_text("Message", most=MAX_MESSAGE, rows=4)
    notify_me = forms.BooleanField(label="Send email notification upon payment", required=False)
    notify = several_addresses("Notify", required=False)
    save_to_contact = forms.BooleanField(label="Save to the contact", required=False)
    form_key = Words(widget=forms.HiddenInput)
    shown = Words(widget=forms.HiddenInput)
    anyway = Words(widget=forms.HiddenInput, required=False)  # the warnings read and passed over

    def draft(self) -> RequestDraft:
        """The draft as typed."""
        return RequestDraft(
            to=self.typed("to"),
            cc=self.typed("cc"),
            message=self.typed("message"),
            notify=self.typed("notify") if self.ticked("notify_me") else None,
            save_to_contact=self.ticked("save_to_contact"),
        )

    def shown_money(self, currency: str) -> Money | None:
        """The balance the person saw; None when the page did not say."""
        text = self.typed("shown")
        return Money(int(text), currency) if text.isascii() and text.isdigit() and len(text) < 16 else None


@dataclass(slots=True)
class Window:
    """The window as the template draws it."""

    form: RequestForm
    order: Order
    due: Money
    about: SafeString
    contact_hint: str = ""
    caution: str = ""  # to be known before asking
    can_save_contact: str = ""
    send_words: str = "Send email"
    warnings: list[str] = field(default_factory=list)
    accepted: str = ""
    view_url: str = ""
    closed: str = ""
    fix_words: str = ""
    fix_url: str = ""
    told: str = ""
    last_message: str = ""
    hold_seconds: int = 10
    preview: dict[str, Any] = field(default_factory=dict)


def request_window(request: StaffRequest, facts: OrderFacts, *, form: RequestForm | None = None) -> Window:
    """The window for an order as it stands; `form` with what was typed, when it comes back."""
    order, balance, gate = facts.order, facts.standing.balance, facts.gate
    contact = order.contact
    names_nobody = contact is None or not contact.email
    window = Window(
        form or _blank(request, facts),
        order,
        balance.due,
        about_order(request, facts),
        contact_hint=_hint(contact),
        caution=caution(request.account, facts.disputes),
        can_save_contact=(f"Save to {contact}" if contact else "Save as this order's contact") if names_nobody else "",
        hold_seconds=settings.SEND_HOLD_SECONDS,
        last_message=next((asked.message for asked in facts.requests if asked.message), ""),
    )
    if not gate.is_open:
        window.closed = _closed_words(request, facts)
        window.fix_words = gate.fix
        window.fix_url = reverse(gate.fix_page, args=[request.account.slug]) if gate.fix_page else ""
    return window


def about_order(request: StaffRequest, facts: OrderFacts, prefix: str = "request", *, swap: bool = False) -> SafeString:
    """ "$1,105.28 due on order #2047", under a window's title; `swap` corrects the one on the page."""
    due = facts.standing.balance.due.show(request.account.locale)
    attrs = SafeString(' hx-swap-oob="true"' if swap else "")
    words = '<span id="{}-about"{}><bdi>{}</bdi> due on order #{}</span>'
    return format_html(words, prefix, attrs, due, facts.order.number)


def _hint(contact: Contact | None) -> str:
    if contact is None:
        return "This order has no contact yet."
    name = contact.name or contact.company
    if not contact.email:
        return "This contact has no email address yet."
    return f"Contact on this order: {name}" if name else "The contact on this order"


def _blank(request: StaffRequest, facts: OrderFacts) -> RequestForm:
    """A fresh form: the contact, or what was typed into a request that never arrived (ux.md 3.4, "Undone")."""
    latest, contact = facts.latest, facts.order.contact
    address = contact.email if contact else ""
    initial: dict[str, Any] = {
        "to": address,
        "message": request.account.default_message,
        "notify_me": request.membership.notify_on_payment,
        "notify": request.user.email,
        "save_to_contact": not address,
        "form_key": new_id("form"),
        "shown": str(facts.standing.balance.due.minor),
    }
    if latest is not None:
        initial |= _again(latest, facts)
    return RequestForm(initial=initial, auto_id="%s")


def _again(latest: PaymentRequest, facts: OrderFacts) -> dict[str, Any]:
    """CC is kept from request to request; the rest only from one that did not arrive."""
    kept: dict[str, Any] = {"cc": ", ".join(latest.cc)}
    undone = latest.status == WITHDRAWN and latest.sent_at is None
    bounced = latest.is_live and any(letter.status in ("failed", "bounced") for letter in facts.letters_of(latest))
    if undone or bounced:
        kept |= {"to": ", ".join(latest.to), "message": latest.message}
        kept |= {"notify_me": bool(latest.notify)} | ({"notify": ", ".join(latest.notify)} if latest.notify else {})
    return kept


def _closed_words(request: StaffRequest, facts: OrderFacts) -> str:
    """Why nothing can be requested, with the time when it became so (ux.md 3.4, "Paid meanwhile")."""
    balance, account = facts.standing.balance, request.account
    if facts.gate.code == "nothing_due" and balance.is_paid and facts.standing.moves:
        move = facts.standing.moves[-1]
        today = move.at.astimezone(account.zone).date()
        at = f"{day_words(today, account.locale)}, {time_words(move.at, account.locale, account.zone)}"
        return f"Paid in full ({at}). There is nothing to request."
    return facts.gate.sentence


@staff_page(role=STAFF)
def request_page(request: StaffRequest, number: str) -> HttpResponse:
    """The window as a page of its own."""
    facts = read_order(request, number)
    return _page(request, request_window(request, facts), 200)


@require_POST
@staff_page(role=STAFF)
def send_request(request: StaffRequest, number: str) -> HttpResponse:
    """Send it (S20). What cannot be sent comes back with everything typed: 422, or 409 when the order forbids it."""
    order = find_order(request, number)
    form = RequestForm(request.POST, auto_id="%s")
    accepted = set(form.typed("anyway").split())
    try:
        _warn(order, form.draft().clean(), accepted)
        sent = request_payment(
            order=order,
            draft=form.draft(),
            by=request.user,
            role=request.membership.role,
            shown=form.shown_money(order.currency),
            form_key=form.typed("form_key")[:64],
            even_if_just_sent="just_requested" in accepted,
        )
    except Refused as refusal:
        return _refused(request, number, form, refusal, accepted)
    words = f"Payment request to {sent.to[0]} will go out in {settings.SEND_HOLD_SECONDS} seconds. "
    words += "Undo is in the payment card."
    if not settings.SEND_HOLD_SECONDS:
        words = f"Payment request to {sent.to[0]} is on its way."
    return done(request, "order", request.account.slug, number, words=words)


class _Warned(Refused):
    """Something a person should look at once more: `warnings` maps a key to its sentence."""

    def __init__(self, warnings: dict[str, str]) -> None:
        super().__init__("warned", next(iter(warnings.values())))
        self.warnings = warnings


def _warn(order: Order, clean: CleanDraft, accepted: set[str]) -> None:
    """Likely slips and addresses that bounced before, unless they were read and passed over."""
    addresses = [*clean.to, *clean.cc, *clean.notify]
    warnings = {}
    for address in addresses:
        meant = likely_typo(address)
        if meant:
            warnings[f"typo:{address}"] = f"{address}: did you mean {meant}?"
    warnings |= _bounced(order, addresses)
    left = {key: sentence for key, sentence in warnings.items() if key not in accepted}
    if left:
        raise _Warned(left)


def _bounced(order: Order, addresses: Sequence[str]) -> dict[str, str]:
    """Those whose last message from this account was refused for good."""
    account = order.account
    seen: dict[str, Delivery] = {}
    tried = Delivery.objects.filter(account=account, to__in=addresses, status__in=["sent", "failed", "bounced"])
    for delivery in tried.order_by("pk"):
        seen[delivery.to] = delivery
    warnings = {}
    for address, last in seen.items():
        if last.status != "sent":
            on = (last.first_try_at or last.created_at).astimezone(account.zone).date()
            words = f"Mail to {address} bounced on {day_words(on, account.locale)}."
            warnings[f"bounced:{address}"] = words
    return warnings


def _refused(
    request: StaffRequest, number: str, form: RequestForm, refusal: Refused, accepted: set[str]
) -> HttpResponse:
    facts = read_order(request, number)
    window = request_window(request, facts, form=form)
    status = 422
    if isinstance(refusal, Invalid):
        form.refuse(refusal)
    elif isinstance(refusal, _Warned):
        window.warnings = list(refusal.warnings.values())
        window.accepted = " ".join(sorted(accepted | refusal.warnings.keys()))
        window.send_words = "Send anyway"
    elif refusal.code == "just_requested":
        window.warnings = [refusal.sentence]
        window.accepted = " ".join(sorted({*accepted, "just_requested"}))
        window.send_words = "Send another anyway"
        window.view_url = reverse("order", args=[request.account.slug, number])
    elif refusal.code == "balance_changed":
        window.warnings = [refusal.sentence]
        window.send_words = f"Send for {window.due.show(request.account.locale)}"
        form.data = _with(form, shown=str(window.due.minor))
    else:
        window.closed = window.closed or refusal.sentence
        status = 409
    if window.accepted:
        form.data = _with(form, anyway=window.accepted)
    elif accepted:
        form.data = _with(form, anyway=" ".join(sorted(accepted)))
    return _answer(request, facts, window, status)


def _with(form: RequestForm, **values: str) -> QueryDict:
    """What was typed, with some values put right."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    for name, value in values.items():
        data[name] = value
    return data


def _answer(request: StaffRequest, facts: OrderFacts, window: Window, status: int) -> HttpResponse:
    """The form alone for the dialog (always 422: that is what it swaps in), the page otherwise."""
    if not is_htmx(request):
        return _page(request, window, status)
    context = {"window": window, "correction": about_order(request, facts, swap=True)}
    return show_part(request, "staff/order/request_form.html", context, status=200 if status == 200 else 422)


def _page(request: StaffRequest, window: Window, status: int) -> HttpResponse:
    context = {"window": window, "order": window.order, "form": window.form}
    return show(request, "staff/order/request_page.html", context, status=status)


@require_POST
@staff_page(role=STAFF)
def test_request(request: StaffRequest, number: str) -> HttpResponse:
    """ "Send a test to me": the letter as typed, to the person who asks and nobody else."""
    facts = read_order(request, number)
    form = RequestForm(request.POST, auto_id="%s")
    window = request_window(request, facts, form=form)
    try:
        send_test(order=facts.order, message=_message(form), by=request.user)
    except Refused as refusal:
        form.refuse(refusal)
        return _answer(request, facts, window, 422)
    window.told = f"A test was sent to {request.user.email}. The customer has not been asked for anything yet."
    return _answer(request, facts, window, 200)


@require_POST
@staff_page(role=STAFF)
def preview(request: StaffRequest, number: str) -> HttpResponse:
    """ "See the email": subject, sender and a frame with the letter; the part alone for the dialog."""
    facts = read_order(request, number)
    form = RequestForm(request.POST, auto_id="%s")
    window = request_window(request, facts, form=form)
    try:
        letter = preview_request(order=facts.order, message=_message(form), by=request.user)
    except Refused as refusal:
        form.refuse(refusal)
        return _answer(request, facts, window, 422)
    draft = signing.dumps({"order": facts.order.pk, "message": _message(form)}, salt=PREVIEW_SALT, compress=True)
    window.preview = {
        "letter": letter,
        "sender": f"{request.account.name} <{from_address(request.account)}>",
        "url": reverse("preview_frame", args=[request.account.slug, number], query={"draft": draft}),
    }
    if is_htmx(request):
        return show_part(request, "staff/order/preview.html", {"window": window})
    return _page(request, window, 200)


@staff_page(role=STAFF)
def preview_frame(request: StaffRequest, number: str) -> HttpResponse:
    """The letter itself, for a sandboxed frame of ours: no script, no other host."""
    order = find_order(request, number)
    try:
        draft = signing.loads(request.GET.get("draft", ""), salt=PREVIEW_SALT, max_age=PREVIEW_SECONDS)
    except signing.BadSignature:
        raise Http404("not a draft of ours") from None
    if draft["order"] != order.pk:
        raise Http404("another order's draft")
    letter: Letter = preview_request(order=order, message=draft["message"], by=request.user)
    return framed(letter.html)


def _message(form: RequestForm) -> str:
    """The message as it would be sent. Raises Invalid when it is too long."""
    message = form.typed("message").replace("\r\n", "\n")
    if len(message) > MAX_MESSAGE:
        raise Invalid({"message": f"Keep the message to {MAX_MESSAGE:,} characters; it has {len(message):,}"})
    return message


LIMITS = {"to": MAX_TO, "cc": MAX_CC, "notify": MAX_NOTIFY}
