"""The first three things a new shop does: a card on Orders that leaves when they are done (ux.md 3.1)."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from balancedue.actions.change_account import change_account
from balancedue.models import PaymentRequest
from balancedue.rules.gate import MANAGER, OWNER, at_least
from balancedue.web.guard import StaffRequest, staff_page

from .page import done


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the checklist; `url` is empty when this person may not do it, and `why` says so."""

    name: str
    sentence: str
    done: bool
    words: str
    url: str
    why: str = ""


def first_steps(request: StaffRequest) -> list[Step]:
    """The steps while any is left; nothing once all are done or the card was hidden."""
    account, role = request.account, request.membership.role
    if account.checklist_hidden:
        return []
    slug, owns = account.slug, at_least(role, OWNER)
    steps = [
        Step(
            "Add your shop's name and address",
            "Both stand on every invoice.",
            bool(account.address.get("line1")),
            "Add them",
            reverse("settings", args=[slug]) if at_least(role, MANAGER) else "",
            "Only a manager or the owner can do this.",
        ),
        Step(
            "Connect a card processor",
            "Customers then pay their invoice by card.",
            account.connections.filter(removed_at=None, is_default=True).exists(),
            "Connect Stripe",
            reverse("processors", args=[slug]) if owns else "",
            "Only the owner can do this.",
        ),
        Step(
            "Send a payment request",
            "Open an order and press Request Payment.",
            PaymentRequest.objects.filter(order__account=account).exists(),
            "New order",
            reverse("new_order", args=[slug]),
        ),
    ]
    return [] if all(step.done for step in steps) else steps


@require_POST
@staff_page(role=MANAGER)
def hide_first_steps(request: StaffRequest) -> HttpResponse:
    """Hide the card for good."""
    change_account(account=request.account, checklist_hidden=True)
    return done(request, "orders", account=request.account.slug)
