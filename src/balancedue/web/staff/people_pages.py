"""The people of an account, and one's own profile."""

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from balancedue.actions.change_profile import change_profile
from balancedue.rules.errors import Refused
from balancedue.rules.gate import ROLES
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, Words
from .page import done, show

ABOUT_ROLES = {
    "owner": "Everything, with card processors, keys and people",
    "manager": "Orders, payment requests, payments and settings, without processors and keys",
    "staff": "Orders, payment requests and Add Payment",
    "viewer": "Looks, changes nothing",
}


@staff_page()
def people(request: StaffRequest) -> HttpResponse:
    """`/settings/people/`: who works here, and what they may do."""
    members = [
        {"user": member.user, "role": ROLES[member.role], "about": ABOUT_ROLES[member.role]}
        for member in request.account.memberships.select_related("user").order_by("user__name", "user__email")
    ]
    return show(request, "staff/settings/people.html", {"members": members, "here": "people"})


class ProfileForm(Form):
    """One's own name and ways of working."""

    name = Words(label="Your name", required=False, help_text="Customers see it under your messages.")
    keyboard_shortcuts = forms.BooleanField(
        label="Use single-key shortcuts", required=False, help_text="R requests payment, P adds one, ? lists them all."
    )


@require_http_methods(["GET", "POST"])
@staff_page()
def profile(request: StaffRequest) -> HttpResponse:
    """`/settings/profile/`."""
    user = request.user
    initial = {"name": user.name, "keyboard_shortcuts": user.keyboard_shortcuts}
    form = ProfileForm(request.POST or None, initial=initial, auto_id="%s")
    if request.method == "POST":
        try:
            change_profile(user=user, name=form.typed("name"), keyboard_shortcuts=form.ticked("keyboard_shortcuts"))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return done(request, "profile", account=request.account.slug, words="Saved.")
    return show(
        request, "staff/settings/profile.html", {"form": form, "here": "profile"}, status=422 if form.errors else 200
    )
