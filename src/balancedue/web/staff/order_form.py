"""A new order, and changing one: lines, customer, and what goes with them. Works without a script."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.place_order import place_order
from balancedue.actions.save_contact import save_contact
from balancedue.models import Account, Contact, Order
from balancedue.rules.currencies import CURRENCIES
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import STAFF
from balancedue.rules.limits import MAX_ORDER_LINES
from balancedue.rules.locales import locale_for
from balancedue.rules.money import Money
from balancedue.rules.totals import parse_quantity, parse_rate
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Collected, Form, Words, choice, day_field, long_text, read_day
from .page import done, find_order, show

BLANK_LINES, MORE_LINES = 3, 5
LISTED_CONTACTS = 1000


class LineForm(Form):
    """One line as typed; a line with nothing in it is left out."""

    description = Words(label="Description")
    detail = Words(label="Details", required=False)
    quantity = Words(label="Quantity")
    unit_price = Words(label="Price each")
    tax_rate = Words(label="Tax %", required=False)
    sku = Words(label="SKU", required=False)

    def is_blank(self) -> bool:
        """Whether nothing was typed; a tax rate alone is not a line."""
        return not any(self.typed(name) for name in self.fields if name != "tax_rate")


class OrderForm(Form):
    """Everything about an order but its lines."""

    number = Words(label="Order number", required=False, help_text="Leave empty to take the next one.")
    contact = choice("Customer", [], required=False)
    name = Words(label="Name", required=False)
    company = Words(label="Organization", required=False)
    email = Words(label="Email", required=False, widget=forms.EmailInput)
    phone = Words(label="Phone", required=False)
    currency = choice("Currency", [(code, f"{code} · {CURRENCIES[code].name}") for code in sorted(CURRENCIES)])
    prices_include_tax = forms.BooleanField(label="Prices include tax", required=False)
    discount = Words(label="Discount", required=False)
    shipping = Words(label="Shipping", required=False)
    shipping_tax_rate = Words(label="Tax on shipping %", required=False)
    due_date = day_field("Due date", required=False)
    po_number = Words(label="PO number", required=False)
    internal_note = long_text("Internal note", help_text="Only your team sees this.")


@dataclass(slots=True)
class Sheet:
    """Both forms together, as typed or as the order stands."""

    account: Account
    order: Order | None
    form: OrderForm
    lines: list[LineForm]

    @property
    def currency(self) -> str:
        known = self.form.typed("currency") or self.account.currency
        return self.order.currency if self.order else known

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every problem with the control it belongs to, for the summary."""
        found = [("", str(words)) for words in self.form.non_field_errors()]
        for form in [self.form, *self.lines]:
            found += [(bound.auto_id, str(words)) for bound in form for words in bound.errors]
        return found


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def new_order(request: StaffRequest) -> HttpResponse:
    """`/orders/new/`."""
    return _answer(request, None)


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def edit_order(request: StaffRequest, number: str) -> HttpResponse:
    """`/orders/{number}/edit/`."""
    order = find_order(request, number)
    if order.is_cancelled:
        return done(request, "order", request.account.slug, number, words="This order was cancelled.")
    return _answer(request, order)


def _answer(request: StaffRequest, order: Order | None) -> HttpResponse:
    account = request.account
    if request.method != "POST":
        return _page(request, _blank(account, order), 200)
    sheet = _typed(account, order, request.POST)
    if "more" in request.POST:
        return _page(request, sheet, 200)
    try:
        saved = _save(request, sheet)
    except Refused as refusal:
        _refuse(sheet, refusal)
        return _page(request, sheet, 422)
    words = f"Order #{saved.number} saved." if order else f"Order #{saved.number} placed."
    return done(request, "order", account.slug, saved.number, words=words)


def _page(request: StaffRequest, sheet: Sheet, status: int) -> HttpResponse:
    slug = request.account.slug
    back = reverse("order", args=[slug, sheet.order.number]) if sheet.order else reverse("orders", args=[slug])
    context: dict[str, Any] = {
        "sheet": sheet,
        "form": sheet.form,
        "order": sheet.order,
        "problems": sheet.problems,
        "back_url": back,
    }
    return show(request, "staff/orders/form.html", context, status=status)


def _blank(account: Account, order: Order | None) -> Sheet:
    locale = account.locale
    if order is None:
        initial = {"currency": account.currency, "prices_include_tax": account.prices_include_tax}
        lines: list[dict[str, str]] = []
    else:
        initial = {
            "contact": order.contact.public_id if order.contact else "",
            "currency": order.currency,
            "prices_include_tax": order.prices_include_tax,
            "discount": Money(order.discount_minor, order.currency).typed(locale) if order.discount_minor else "",
            "shipping": Money(order.shipping_minor, order.currency).typed(locale) if order.shipping_minor else "",
            "shipping_tax_rate": typed_number(order.shipping_tax_rate, locale),
            "due_date": order.due_date.isoformat() if order.due_date else "",
            "po_number": order.po_number,
            "internal_note": order.internal_note,
        }
        lines = [
            {
                "description": line.description,
                "detail": line.detail,
                "quantity": typed_number(line.quantity, locale),
                "unit_price": Money(line.unit_price_minor, order.currency).typed(locale),
                "tax_rate": typed_number(line.tax_rate, locale) if line.tax_rate else "",
                "sku": line.sku,
            }
            for line in order.lines.all()
        ]
    form = OrderForm(initial=initial, auto_id="%s")
    rows = [LineForm(initial=line, prefix=f"line-{i}", auto_id="%s") for i, line in enumerate(lines)]
    rows += [LineForm(prefix=f"line-{i}", auto_id="%s") for i in range(len(rows), len(rows) + BLANK_LINES)]
    return _dressed(Sheet(account, order, form, rows))


def _typed(account: Account, order: Order | None, data: QueryDict) -> Sheet:
    text = data.get("lines", "")
    count = min(int(text), MAX_ORDER_LINES) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    rows = [LineForm(data, prefix=f"line-{i}", auto_id="%s") for i in range(count)]
    if "more" in data:
        rows += [LineForm(prefix=f"line-{i}", auto_id="%s") for i in range(count, count + MORE_LINES)]
    return _dressed(Sheet(account, order, OrderForm(data, auto_id="%s"), rows))


def _dressed(sheet: Sheet) -> Sheet:
    """The list of customers, this order's own among them."""
    contacts = list(sheet.account.contacts.order_by("company", "name")[:LISTED_CONTACTS])
    own = sheet.order.contact if sheet.order else None
    if own is not None and own not in contacts:
        contacts.insert(0, own)
    nobody = "No customer" if sheet.order else "New customer, or none"
    choices = [("", nobody)] + [(contact.public_id, _contact_words(contact)) for contact in contacts]
    widget = sheet.form.fields["contact"].widget
    assert isinstance(widget, forms.Select)
    widget.choices = choices
    return sheet


def _contact_words(contact: Contact) -> str:
    return " · ".join(dict.fromkeys(part for part in (contact.company, contact.name, contact.email) if part))


def _save(request: StaffRequest, sheet: Sheet) -> Order:
    """Read, check and write. Raises Invalid or Refused; then nothing was written."""
    account, form, order = sheet.account, sheet.form, sheet.order
    draft = _draft(sheet, contact=None)
    draft.check()
    contact = _contact(sheet)
    if contact is None and order is None and any(form.typed(name) for name in ("name", "company", "email", "phone")):
        name, company, email, phone = (form.typed(part) for part in ("name", "company", "email", "phone"))
        contact = save_contact(account=account, name=name, company=company, email=email, phone=phone)
    draft = _draft(sheet, contact=contact)
    if order is not None:
        return change_order(order=order, draft=draft, by=request.user.actor)
    return place_order(account=account, draft=draft, by=request.user.actor, number=form.typed("number"))


def _contact(sheet: Sheet) -> Contact | None:
    chosen = sheet.form.typed("contact")
    if not chosen:
        return None
    found = sheet.account.contacts.filter(public_id=chosen).first()
    if found is None:
        raise Refused("invalid", "Choose a customer from the list", field="contact")
    return found


def _draft(sheet: Sheet, *, contact: Contact | None) -> OrderDraft:
    """The draft as typed. Raises Invalid with every problem; those of lines under "line-2-quantity"."""
    form, locale, read = sheet.form, sheet.account.locale, Collected()
    code = sheet.currency
    if code not in CURRENCIES:
        raise Refused("invalid", "Choose a currency from the list", field="currency")

    def money(name: str) -> int:
        text = form.typed(name)
        return Money.parse(text, code, locale, field=name).minor if text else 0

    rate = form.typed("shipping_tax_rate")
    draft = OrderDraft(
        currency=code,
        lines=[line for row in sheet.lines if (line := _line(row, code, locale, read)) is not None],
        prices_include_tax=form.ticked("prices_include_tax"),
        contact=contact,
        discount_minor=read.get(lambda: money("discount"), 0),
        shipping_minor=read.get(lambda: money("shipping"), 0),
        shipping_tax_rate=read.get(lambda: parse_rate(rate, locale, field="shipping_tax_rate") if rate else None, None),
        due_date=read.get(lambda: read_day(form.typed("due_date"), field="due_date"), None),
        po_number=form.typed("po_number"),
        internal_note=form.typed("internal_note"),
    )
    read.check()
    return draft


def _line(row: LineForm, code: str, locale: str, read: Collected) -> NewLine | None:
    if row.is_blank():
        return None
    rate = row.typed("tax_rate")

    def at(name: str) -> str:
        return row.add_prefix(name)

    def price() -> int:
        minor = Money.parse(row.typed("unit_price"), code, locale, field=at("unit_price")).minor
        if minor < 0:
            raise Refused("invalid", "Enter a unit price of 0 or more", field=at("unit_price"))
        return minor

    return NewLine(
        description=row.typed("description"),
        quantity=read.get(lambda: parse_quantity(row.typed("quantity"), locale, field=at("quantity")), Decimal(1)),
        unit_price_minor=read.get(price, 0),
        detail=row.typed("detail"),
        sku=row.typed("sku"),
        tax_rate=read.get(lambda: parse_rate(rate, locale, field=at("tax_rate")) if rate else Decimal(0), Decimal(0)),
    )


def _refuse(sheet: Sheet, refusal: Refused) -> None:
    """Each sentence to its control: an order's own, or one of a line's."""
    filled = [row for row in sheet.lines if row.is_bound and not row.is_blank()]
    problems = refusal.problems if isinstance(refusal, Invalid) else {refusal.field: refusal.sentence}
    for form in [sheet.form, *sheet.lines]:
        form.is_valid()
    for name, sentence in problems.items():
        form, field = _place(sheet, filled, name)
        form.add_error(field if field in form.fields else None, sentence)


def _place(sheet: Sheet, filled: list[LineForm], name: str) -> tuple[Form, str]:
    """The form and the field of a problem's name: "discount", "line-2-quantity", "lines.0.sku"."""
    for row in sheet.lines:
        if row.prefix and name.startswith(f"{row.prefix}-"):
            return row, name.removeprefix(f"{row.prefix}-")
    _, _, rest = name.partition("lines.")
    index, _, field = rest.partition(".")
    if index.isdigit() and int(index) < len(filled):
        return filled[int(index)], field
    return sheet.form, name


def typed_number(value: Decimal | None, locale: str) -> str:
    """A number as a person of that locale types it, without trailing zeros; "" for None."""
    if value is None:
        return ""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", str(locale_for(locale).number_symbols["latn"]["decimal"]))


def draft_of(order: Order, *, contact: Contact | None) -> OrderDraft:
    """The order as it is, for another customer."""
    return OrderDraft(
        currency=order.currency,
        lines=[
            NewLine(line.description, line.quantity, line.unit_price_minor, line.detail, line.sku, line.tax_rate)
            for line in order.lines.all()
        ],
        prices_include_tax=order.prices_include_tax,
        contact=contact,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        shipping_tax_rate=order.shipping_tax_rate,
        due_date=order.due_date,
        po_number=order.po_number,
        internal_note=order.internal_note,
    )
