"""The style guide: every component in every state, and the key pages, on made-up data. Reads and writes nothing.

It is the target of the accessibility, overflow and screenshot tests, and the pattern that real pages follow.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_update
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from balancedue.rules.balance import Balance
from balancedue.rules.invoice import Address, Invoice, Line, Party, PaymentLine, Shop
from balancedue.rules.money import Money
from balancedue.templatetags.glyphs import GLYPHS

PAGES = ("index", "order", "orders", "invoice", "pay", "receipt")
NOW = datetime(2026, 11, 22, 23, 2, tzinfo=UTC)


@csp_update({"style-src": [NONCE]})  # the shop's colour
def styleguide(request: HttpRequest, page: str = "index") -> HttpResponse:
    """`/styleguide/` and `/styleguide/<page>/`. `?locale=ar` turns the page round, `?problems` shows a refused form."""
    if page not in PAGES:
        raise Http404
    invoice = _invoice()
    context: dict[str, Any] = {
        "locale": request.GET.get("locale", "en-US"),
        "time_zone": "America/Los_Angeles",
        "now": NOW,
        "themed": True,
        "account": {"name": "Foxglove Print Co.", "slug": "foxglove"},
        "user": {"is_authenticated": True, "email": "priya@foxgloveprint.example"},
        "test_mode": True,
        "invoice": invoice,
        "shop": invoice.shop,
        "order_number": "2047",
        "steps": _steps(),
        "events": _events(),
        "orders": _orders(),
        "request_form": _RequestForm(_problems() if "problems" in request.GET else None, initial=_typed()),
        "payment_form": _PaymentForm(initial={"amount": "605.28", "method": "check", "received_on": "2026-11-22"}),
        "bad_form": _bad_form(),
        "menu_items": [
            {"words": "Request Payment", "for": "request-payment", "command": "show-modal", "glyph": "mail"},
            {"words": "View as customer", "url": "invoice/", "glyph": "eye"},
        ],
        "glyphs": sorted(GLYPHS),
        "logo_url": "",
    }
    return render(request, f"styleguide/{page}.html", context)


class _RequestForm(forms.Form):
    to = forms.CharField(
        label="To",
        help_text="Contact on this order: Dana Whitlock",
        error_messages={"required": "Enter at least one email address in To"},
    )
    cc = forms.CharField(label="CC", required=False, help_text="Everyone here sees the other addresses and can pay.")
    message = forms.CharField(label="Message", required=False, max_length=2000, widget=forms.Textarea)
    notify_me = forms.BooleanField(label="Send email notification upon payment", required=False)
    notify = forms.CharField(label="Notify", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("to", "cc", "notify"):
            self.fields[name].widget = forms.EmailInput(attrs={"multiple": True})

    def clean_notify(self) -> str:
        """The one address that the refused example complains of."""
        typed = str(self.cleaned_data["notify"])
        if typed.endswith("@foxgloveprint"):
            raise forms.ValidationError(f"{typed} is missing the part after the dot")
        return typed


class _PaymentForm(forms.Form):
    amount = forms.CharField(label="Amount")
    method = forms.ChoiceField(label="Method", choices=[("cash", "Cash"), ("check", "Check"), ("other", "Other")])
    reference = forms.CharField(label="Reference", required=False, help_text="Check number")
    received_on = forms.DateField(label="Date received", widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    receipt = forms.BooleanField(label="Email a receipt to dana@riverside-hs.example", required=False)


class _EveryForm(forms.Form):
    name = forms.CharField(label="Shop name")
    slug = forms.CharField(label="Short name", help_text="Part of your address: pay.example/foxglove")
    amount = forms.CharField(label="Amount")
    method = forms.ChoiceField(label="Method", choices=[("cash", "Cash"), ("check", "Check")])
    default = forms.ChoiceField(
        label="Default for requests",
        choices=[("stripe", "Stripe"), ("other", "Test processor")],
        widget=forms.RadioSelect,
    )
    agree = forms.BooleanField(label="Send receipts to payers", help_text="One email per payment.", required=False)
    live = forms.BooleanField(label="Live mode", help_text="From now on cards are charged.", required=False)
    text = forms.CharField(label="Terms", required=False, widget=forms.Textarea)


def _bad_form() -> forms.Form:
    form = _EveryForm({"slug": "Fox glove", "amount": "-5"}, auto_id="bad_%s")
    form.is_valid()
    form.add_error("slug", "Use small letters, digits and hyphens, like foxglove-print")
    form.add_error("amount", "Enter an amount above 0")
    return form


def _typed() -> dict[str, Any]:
    return {
        "to": "dana@riverside-hs.example",
        "cc": "treasurer@riverside-hs.example, coach.alvarez@riverside-hs.example",
        "message": "Hi Dana, the hoodies are on press Monday.",
        "notify_me": True,
        "notify": "priya@foxgloveprint.example",
    }


def _problems() -> dict[str, str]:
    return {**_typed(), "to": "", "notify": "orders@foxgloveprint"}


def _steps() -> list[dict[str, Any]]:
    return [
        {"name": "Sent", "at": datetime(2026, 11, 22, 18, 12, tzinfo=UTC), "state": "done"},
        {"name": "Opened", "at": datetime(2026, 11, 22, 22, 58, tzinfo=UTC), "state": "done"},
        {"name": "Paid", "at": None, "state": ""},
    ]


def _events() -> list[dict[str, Any]]:
    def at(hour: int, minute: int, day: int = 22) -> datetime:
        return datetime(2026, 11, day, hour, minute, tzinfo=UTC)

    told = [
        ("eye", "", "", "Invoice opened", at(22, 58)),
        ("send", "", "Priya", "sent a payment request for $1,105.28", at(18, 12)),
        ("alert", "crit", "", "Not delivered to dana@riverside.example: the mailbox does not exist", at(17, 50, 20)),
        ("bank", "pos", "Priya", "added a payment of $500.00 by check, no. 1187", at(16, 5, 18)),
        ("orders", "", "Priya", "placed the order", at(15, 40, 18)),
    ]
    keys = ("glyph", "kind", "who", "what", "at")
    return [{**dict(zip(keys, event, strict=True)), "mail": event[0] == "send"} for event in told]


def _orders() -> list[dict[str, Any]]:
    rows = [
        ("2051", "Harbor Lights Choir", "Email bounced", "crit", "", 84250, 84250, 21),
        ("2050", "Maple & Main Coffee", "Overdue 6 days", "crit", "", 231840, 231840, 9),
        ("2049", "Northside Little League", "Balance changed", "warn", "half", 196400, 46400, 20),
        ("2048", "Okafor Family Reunion", "Part paid", "warn", "half", 54310, 27155, 19),
        ("2047", "Riverside High Athletics", "Opened 4 min ago", "info", "", 160528, 110528, 18),
        ("2046", "Bright Path Preschool", "Requested Nov 20", "", "", 31275, 31275, 17),
        ("2045", "Juniper Yoga", "Not requested", "", "ring", 40960, 40960, 16),
        ("2044", "Tallgrass Brewing", "Payment processing", "info", "ring", 318075, 318075, 15),
        ("2043", "Wiśniewski Painting", "Paid Nov 21", "pos", "", 72690, 0, 14),
        ("2042", "St. Brigid's Parish Fair", "Cancelled", "", "struck", 118845, 0, 12),
    ]
    return [
        {
            "number": number,
            "customer": customer,
            "words": words,
            "kind": kind,
            "shape": shape,
            "total": Money(total, "USD"),
            "due": Money(due, "USD"),
            "placed_on": date(2026, 11, day),
        }
        for number, customer, words, kind, shape, total, due, day in rows
    ]


def _invoice() -> Invoice:
    def usd(minor: int) -> Money:
        return Money(minor, "USD")

    def line(description: str, detail: str, quantity: int, unit: int) -> Line:
        return Line(
            description=description,
            detail=detail,
            sku="",
            quantity=Decimal(quantity),
            unit_price=usd(unit),
            tax_rate=Decimal(0),
            amount=usd(unit * quantity),
        )

    shop = Shop(
        party=Party(
            name="Foxglove Print Co.",
            company="Foxglove Print Company LLC",
            address=Address("418 SE Alder Street", "", "Portland", "OR", "97214", "US"),
            tax_id="93-1402277",
            phone="(503) 555-0142",
            email="orders@foxgloveprint.example",
        ),
        locale="en-US",
        time_zone="America/Los_Angeles",
        brand_colour="#7A5CFF",
        logo=b"",
        terms="Payment is due when the order is ready. Artwork stays on file for two years.",
        bank_details="",
    )
    dana = Party(
        name="Dana Whitlock",
        company="Riverside High Athletics",
        address=Address("2100 River Road", "", "Milwaukie", "OR", "97222", "US"),
        email="dana@riverside-hs.example",
    )
    return Invoice(
        number="INV-2047",
        order_number="2047",
        order_public_id="ord_example",
        status="open",
        currency="USD",
        locale="en-US",
        issued_on=date(2026, 11, 18),
        due_on=date(2026, 12, 2),
        po_number="RHS-8841",
        shop=shop,
        bill_to=dana,
        ship_to=dana,
        lines=(
            line("Fleece hoodie, forest green", "Two-color front print · S 8 · M 22 · L 26 · XL 12", 68, 1980),
            line("Performance tee, white", "One-color back print · S 4 · M 8 · L 6", 18, 1145),
            line("Screen set-up", "3 screens", 3, 2000),
        ),
        prices_include_tax=False,
        subtotal=usd(161250),
        discount=usd(5000),
        shipping=usd(4278),
        taxes=(),
        total=usd(160528),
        payments=(
            PaymentLine(
                public_id="pay_example",
                received_on=date(2026, 11, 18),
                method="check",
                reference="1187",
                card="",
                amount=usd(50000),
            ),
        ),
        balance=Balance(usd(160528), usd(50000), usd(0), 2),
        as_of=datetime(2026, 11, 18, 16, 5, tzinfo=UTC),
        cancelled_on=None,
        paid_on=None,
        test_mode=True,
    )
