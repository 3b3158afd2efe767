"""What a shop says about itself: on invoices, and in its emails (S36, requirements.md 2.18)."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods

from balancedue.actions.change_account import change_account
from balancedue.models import Account
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import MANAGER
from balancedue.rules.limits import MAX_MESSAGE
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, Words, choice, long_text
from .page import done, show
from .places import AddressForm, countries, locales, time_zones

LOGO_BYTES = 200_000


class ShopForm(Form):
    """Names, addresses and looks."""

    name = Words(label="Shop name")
    legal_name = Words(label="Legal name", required=False)
    email = Words(label="Email", required=False, widget=forms.EmailInput, help_text="Mail to customers comes from it.")
    phone = Words(label="Phone", required=False)
    tax_id = Words(label="Tax ID", required=False, help_text="VAT number, EIN and the like.")
    brand_colour = Words(label="Brand color", required=False, help_text="Like #154FC3. Leave empty for none.")
    logo = forms.FileField(
        label="Logo", required=False, widget=forms.FileInput, help_text="PNG or JPEG, at most 200 kB."
    )
    no_logo = forms.BooleanField(label="Remove the logo", required=False)

    def facts(self) -> dict[str, Any]:
        """What to change. Raises Invalid for a logo that is too large."""
        named = ("name", "legal_name", "email", "phone", "tax_id", "brand_colour")
        facts: dict[str, Any] = {name: self.typed(name) for name in named}
        picture = self.files.get("logo")
        if picture is not None:
            if (picture.size or 0) > LOGO_BYTES:
                raise Invalid({"logo": "Choose a picture of at most 200 kB"})
            facts["logo"] = picture.read()
        elif self.ticked("no_logo"):
            facts["logo"] = b""
        return facts


class InvoiceForm(Form):
    """How invoices are numbered and written."""

    invoice_prefix = Words(
        label="Invoice prefix", required=False, help_text="Stands before the order number: INV-2047."
    )
    terms = long_text("Terms", help_text="Stands at the foot of every invoice.")
    bank_details = long_text("Bank details", help_text="For customers who pay by transfer.")
    prices_include_tax = forms.BooleanField(label="Prices of new orders include tax", required=False)
    locale = choice("Dates and amounts as in", [])
    time_zone = choice("Time zone", [])

    def facts(self) -> dict[str, Any]:
        """What to change."""
        named = ("invoice_prefix", "terms", "bank_details", "locale", "time_zone")
        return {name: self.typed(name) for name in named} | {"prices_include_tax": self.ticked("prices_include_tax")}


class EmailForm(Form):
    """The words of the emails, and whether receipts are sent."""

    default_message = long_text(
        "Default message", most=MAX_MESSAGE, rows=4, help_text="Stands in the Message field of every new request."
    )
    mail_intro = long_text("Before the message", rows=2, help_text="The first lines of every payment request.")
    mail_outro = long_text("After the message", rows=2, help_text="The last lines, before your name.")
    next_steps = long_text("What happens next", rows=2, help_text="On the receipt: We start printing within 2 days.")
    send_receipts = forms.BooleanField(label="Email a receipt for each card payment", required=False)
    link_days = Words(
        label="Links expire after days",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="For new requests. Leave empty and links last for ever.",
    )

    def facts(self) -> dict[str, Any]:
        """What to change."""
        named = ("default_message", "mail_intro", "mail_outro", "next_steps")
        chosen = {"send_receipts": self.ticked("send_receipts"), "link_days": _days(self.typed("link_days"))}
        return {name: self.typed(name) for name in named} | chosen


def _days(text: str) -> int | None:
    """A number of days; None for nothing. 0 stands for what is no number: the verb refuses it at the field."""
    return None if not text else int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def shop(request: StaffRequest) -> HttpResponse:
    """`/settings/`: the shop's names, addresses and looks."""
    account = request.account
    typed, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ShopForm(typed, files, initial=_standing(account, ShopForm), auto_id="%s")
    stated = {"country": account.country} | account.address
    address = AddressForm(typed, prefix="address", auto_id="%s", initial=stated)
    widget = address.fields["country"].widget
    assert isinstance(widget, forms.Select)
    widget.choices = countries()
    if typed is not None:
        country = address.typed("country") or account.country
        where = address.address() | {"country": country}
        try:
            change_account(account=account, **form.facts(), address=where, country=country)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return done(request, "settings", account=account.slug, words="Saved.")
    context = {"form": form, "address": address, "has_logo": bool(account.logo), "here": "shop"}
    return show(request, "staff/settings/shop.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def invoices(request: StaffRequest) -> HttpResponse:
    """`/settings/invoices/`."""
    form = InvoiceForm(request.POST or None, initial=_standing(request.account, InvoiceForm), auto_id="%s")
    for name, choices in (("locale", locales(request.account.locale)), ("time_zone", time_zones())):
        widget = form.fields[name].widget
        assert isinstance(widget, forms.Select)
        widget.choices = choices
    return _section(request, form, "invoices", "invoice_settings")


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def emails(request: StaffRequest) -> HttpResponse:
    """`/settings/emails/`: the default message and the words around it (S36)."""
    form = EmailForm(request.POST or None, initial=_standing(request.account, EmailForm), auto_id="%s")
    return _section(request, form, "emails", "email_settings")


def _section(request: StaffRequest, form: InvoiceForm | EmailForm, here: str, page: str) -> HttpResponse:
    if request.method == "POST":
        try:
            change_account(account=request.account, **form.facts())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return done(request, page, account=request.account.slug, words="Saved.")
    context = {"form": form, "here": here}
    return show(request, f"staff/settings/{here}.html", context, status=422 if form.errors else 200)


@staff_page()
def logo(request: StaffRequest) -> HttpResponse:
    """The shop's logo."""
    picture = bytes(request.account.logo)
    if not picture:
        raise Http404("no logo")
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    return HttpResponse(picture, content_type=kind)


def _standing(account: Account, form: type[Form]) -> dict[str, Any]:
    return {name: getattr(account, name) for name in form.base_fields if name not in ("logo", "no_logo")}
