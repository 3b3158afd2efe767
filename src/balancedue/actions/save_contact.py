"""Save a contact: the person or company an order is for."""

from django.db import transaction

from balancedue.models import Account, Contact
from balancedue.rules.addresses import read_address
from balancedue.rules.errors import Invalid, Refused

_TEXT_LIMITS = {"name": 120, "company": 200, "phone": 60, "tax_id": 60, "locale": 20}
_ADDRESSES = ("billing_address", "shipping_address")  # dicts with the fields of rules.invoice.Address


def save_contact(*, account: Account, contact: Contact | None = None, **facts: object) -> Contact:
    """Make a contact of `account`, or change the named facts of one. Raises Invalid."""
    unknown = facts.keys() - _TEXT_LIMITS.keys() - set(_ADDRESSES) - {"email"}
    assert not unknown, f"not facts of a contact: {unknown}"
    problems = {
        name: f"Keep this to {limit} characters"
        for name, limit in _TEXT_LIMITS.items()
        if len(str(facts.get(name, ""))) > limit
    }
    if facts.get("email"):
        try:
            facts["email"] = read_address(str(facts["email"]), field="email")
        except Refused as refusal:
            problems["email"] = refusal.sentence
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        if contact is None:
            contact = Contact(account=account)
        else:
            contact = Contact.objects.select_for_update().get(pk=contact.pk, account=account)
            if facts.get("email", contact.email) != contact.email:
                contact.bounced_at = None  # another address has not bounced
        for name, value in facts.items():
            setattr(contact, name, value)
        contact.save()
        return contact
