"""The customer of an order: name, addresses, and where mail goes."""

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from balancedue.actions.change_order import change_order
from balancedue.actions.save_contact import save_contact
from balancedue.rules.errors import Refused
from balancedue.rules.gate import STAFF
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, Words, choice
from .order_form import draft_of
from .page import done, find_order, show
from .places import AddressForm, locales

NAMES = ("name", "company", "email", "phone", "tax_id", "locale")


class ContactForm(Form):
    """Who the order is for."""

    name = Words(label="Name", required=False)
    company = Words(label="Organization", required=False)
    email = Words(label="Email", required=False, widget=forms.EmailInput, help_text="Payment requests go here.")
    phone = Words(label="Phone", required=False)
    tax_id = Words(label="Tax ID", required=False)
    locale = choice("Dates and amounts as in", [], required=False)


@require_http_methods(["GET", "POST"])
@staff_page(role=STAFF)
def edit_contact(request: StaffRequest, number: str) -> HttpResponse:
    """Change the order's customer, or add one."""
    order = find_order(request, number)
    contact = order.contact
    typed = request.POST if request.method == "POST" else None
    initial = {name: getattr(contact, name) for name in NAMES} if contact else {}
    form = ContactForm(typed, initial=initial, auto_id="%s")
    widget = form.fields["locale"].widget
    assert isinstance(widget, forms.Select)
    widget.choices = [("", "The shop's own"), *locales(request.account.locale)]
    billing = AddressForm(typed, prefix="bill", auto_id="%s", initial=contact.billing_address if contact else {})
    shipping = AddressForm(typed, prefix="ship", auto_id="%s", initial=contact.shipping_address if contact else {})
    if typed is not None:
        facts: dict[str, object] = {name: form.typed(name) for name in NAMES}
        facts |= {"billing_address": billing.address(), "shipping_address": shipping.address()}
        try:
            saved = save_contact(account=request.account, contact=contact, **facts)
            if contact is None:
                change_order(order=order, draft=draft_of(order, contact=saved), by=request.user.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return done(request, "order", request.account.slug, number, words="Customer saved.")
    context = {"order": order, "form": form, "billing": billing, "shipping": shipping}
    return show(request, "staff/order/contact.html", context, status=422 if form.errors else 200)
