"""Sample orders to look around with, in an account of their own, and putting it away again (ux.md 3.1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from balancedue.actions.archive_account import archive_account
from balancedue.actions.count_tries import limit_tries
from balancedue.actions.load_samples import load_samples_for
from balancedue.rules.errors import Refused
from balancedue.rules.gate import OWNER, STAFF
from balancedue.web.guard import RESERVED, StaffRequest, staff_page

from .order_list import draw_orders
from .page import done, others


@require_POST
@staff_page(role=STAFF)
def load_samples(request: StaffRequest) -> HttpResponse:
    """ "Load sample orders": makes an account for this person and goes there; the one they come from stays as it is."""
    limit_tries(
        f"samples:{request.user.pk}", at_most=5, window_seconds=3600, sentence="That was five times. Wait an hour."
    )
    try:
        account = load_samples_for(user=request.user, reserved=RESERVED)
    except Refused as refusal:
        return draw_orders(request, refused=refusal.sentence, status=409)
    return done(request, "orders", account=account.slug, words="Sample orders are here. Look around.")


@require_POST
@staff_page(role=OWNER)
def archive_samples(request: StaffRequest) -> HttpResponse:
    """ "Archive it". A person's only account stays: they would have nowhere to go."""
    if not others(request):
        raise Refused("not_possible", "This is your only account. It stays until you have another.")
    archive_account(account=request.account)
    messages.info(request, "The sample data is put away.")
    return redirect("home")
