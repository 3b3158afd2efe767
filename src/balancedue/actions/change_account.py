"""Change what an account says about itself: names, addresses, looks and the words in its letters (S36)."""

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from balancedue.models import Account
from balancedue.rules.addresses import read_address
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.limits import MAX_LINK_DAYS, MAX_LOGO_BYTES, MAX_MESSAGE

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_TEXT_LIMITS = {
    "name": 120, "legal_name": 200, "tax_id": 60, "phone": 60, "invoice_prefix": 20, "terms": 4000,
    "bank_details": 1000, "default_message": MAX_MESSAGE, "mail_intro": 1000, "mail_outro": 1000, "next_steps": 500,
}  # fmt: skip
_OTHERS = {"email", "address", "country", "time_zone", "locale", "brand_colour", "logo", "prices_include_tax",
           "send_receipts", "checklist_hidden", "link_days"}  # fmt: skip
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def change_account(*, account: Account, **facts: Any) -> Account:
    """Set the named facts. Raises Invalid with a sentence per field that cannot be right; then nothing is changed."""
    unknown = facts.keys() - _TEXT_LIMITS.keys() - _OTHERS
    assert not unknown, f"not facts of an account: {unknown}"
    problems = _problems(facts)
    if facts.get("email"):
        try:
            facts["email"] = read_address(facts["email"], field="email")
        except Refused as refusal:
            problems["email"] = refusal.sentence
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account.pk)
        for name, value in facts.items():
            setattr(account, name, value)
        account.save(update_fields=list(facts))
        return account


def _problems(facts: dict[str, Any]) -> dict[str, str]:
    problems = {
        name: f"Keep this to {limit:,} characters"
        for name, limit in _TEXT_LIMITS.items()
        if len(facts.get(name, "")) > limit
    }
    if "name" in facts and not facts["name"].strip():
        problems["name"] = "Enter the shop's name"
    if facts.get("brand_colour") and not _COLOUR.fullmatch(facts["brand_colour"]):
        problems["brand_colour"] = "Enter a colour like #154FC3"
    if facts.get("logo") and not bytes(facts["logo"]).startswith(_PICTURES):
        problems["logo"] = "Choose a PNG or JPEG picture"
    if len(facts.get("logo", b"")) > MAX_LOGO_BYTES:
        problems["logo"] = f"Choose a picture of at most {MAX_LOGO_BYTES // 1000} kB"
    days = facts.get("link_days")
    if days is not None and not 1 <= days <= MAX_LINK_DAYS:
        problems["link_days"] = f"Enter 1 to {MAX_LINK_DAYS} days, or leave it empty"
    if "time_zone" in facts:
        try:
            ZoneInfo(facts["time_zone"])
        except (ZoneInfoNotFoundError, ValueError):
            problems["time_zone"] = "Choose a time zone from the list"
    return problems
