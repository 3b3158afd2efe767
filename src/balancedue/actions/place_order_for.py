"""Place an order together with the customer it is for: both or neither."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from balancedue.models import Account, Contact, Order, SavedAnswer
from balancedue.rules.actor import Actor
from balancedue.rules.addresses import read_address
from balancedue.rules.errors import Invalid, Refused

from .order_lines import OrderDraft
from .place_order import place_order
from .save_contact import save_contact

ContactFacts = Mapping[str, Any]  # what save_contact takes
NOTHING: ContactFacts = {"company": "", "phone": "", "tax_id": "", "billing_address": {}, "shipping_address": {}}


def place_order_for(
    *,
    account: Account,
    draft: OrderDraft,
    contact: ContactFacts,
    by: Actor,
    number: str = "",
    placed_at: datetime | None = None,
    once: str = "",
) -> Order:
    """Place `draft` for whoever `contact` names, or for the draft's own contact when it names nobody.

    A contact of the account that the facts name is used again. The same `once` gives the order placed before,
    also when the process died between placing it and saying so. Raises Invalid, or Refused `number_taken`.
    """
    draft.check()
    with transaction.atomic():
        marker = _marker(account, once) if once else None
        if marker is not None and marker.body:
            return account.orders.get(public_id=marker.body)
        if contact:
            draft = replace(draft, contact=find_or_save_contact(account=account, facts=contact))
        order = place_order(account=account, draft=draft, by=by, number=number, placed_at=placed_at)
        if marker is not None:
            marker.body = order.public_id
            marker.save(update_fields=["body"])
        return order


def find_or_save_contact(*, account: Account, facts: ContactFacts) -> Contact:
    """The contact these facts name, or a new one. Raises Invalid.

    Known by the e-mail address where there is one, and then not contradicted by any other fact; else by all facts.
    """
    facts = dict(facts)
    if facts.get("email"):
        facts["email"] = _address(str(facts["email"]))
    known = account.contacts.filter(email=facts.get("email", ""), name=facts.get("name", "")).order_by("pk")
    stated = facts if facts.get("email") else {**NOTHING, **facts}
    for alike in known[:20]:
        if all(getattr(alike, name) == value for name, value in stated.items()):
            return alike
    return save_contact(account=account, **facts)


def _address(typed: str) -> str:
    try:
        return read_address(typed, field="email")
    except Refused as refusal:
        raise Invalid({"contact.email": refusal.sentence}) from refusal


def _marker(account: Account, once: str) -> SavedAnswer:
    """A row that stands for the order, written in its transaction; forgotten with the answers."""
    key = "order:" + hashlib.sha256(once.encode()).hexdigest()
    marker, _ = SavedAnswer.objects.get_or_create(
        account=account, key=key, defaults={"fingerprint": "", "status": 201, "created_at": timezone.now()}
    )
    return marker
