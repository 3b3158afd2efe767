"""Make an account with its owner, and keys for its programs."""

import re
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from balancedue.models import Account, ApiKey, Membership, User
from balancedue.rules.addresses import read_address
from balancedue.rules.currencies import currency as known_currency
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import OWNER
from balancedue.rules.ids import token_hash

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TAX_IS_EXCLUDED = frozenset({"US", "CA"})
_LOCALES = {"US": "en-US", "GB": "en-GB", "CA": "en-CA", "AU": "en-AU", "IE": "en-IE", "NZ": "en-NZ"}


def create_account(
    *, slug: str, name: str, owner_email: str, owner_name: str = "", password: str = "", reserved: frozenset[str],
    currency: str = "USD", country: str = "US", time_zone: str = "UTC", **facts: str,
) -> tuple[Account, User]:  # fmt: skip
    """An account and its owner, who may already have a sign-in. Raises Invalid, or Refused `slug_taken`.

    Without a `password` a new owner sets one by "Forgot your password?". `reserved`: slugs that are pages.
    """
    problems = {}
    if slug in reserved or not _SLUG.fullmatch(slug):
        problems["slug"] = "Choose another short name: lower case letters, digits and hyphens, and not a page's name"
    if not name.strip():
        problems["name"] = "Enter the shop's name"
    if problems:
        raise Invalid(problems)
    known_currency(currency)
    email = read_address(owner_email, field="owner_email")
    if Account.objects.filter(slug=slug).exists():
        raise Refused("slug_taken", f"There is already an account {slug}", field="slug")
    with transaction.atomic():
        account = Account.objects.create(
            slug=slug,
            name=name.strip(),
            currency=currency,
            country=country,
            address={"country": country},
            time_zone=time_zone,
            locale=_LOCALES.get(country, "en-US"),
            prices_include_tax=country not in _TAX_IS_EXCLUDED,
            **facts,
        )
        owner = User.objects.filter(email=email.lower()).first() or _new_user(email, owner_name, password)
        Membership.objects.create(account=account, user=owner, role=OWNER)
        return account, owner


def _new_user(email: str, name: str, password: str) -> User:
    if password:
        try:
            validate_password(password)
        except ValidationError as error:
            raise Invalid({"password": " ".join(error.messages)}) from error
    return User.objects.create_user(email, password or None, name=name)


def create_api_key(*, account: Account, name: str) -> tuple[ApiKey, str]:
    """A key and its plain text, which is shown this once and kept only as a hash."""
    if not name.strip():
        raise Invalid({"name": "Say what the key is for"})
    plain = f"bd_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        account=account, name=name.strip()[:120], starts_with=plain[:8], key_hash=token_hash(plain)
    )
    return key, plain


def revoke_api_key(*, key: ApiKey) -> None:
    """The key opens nothing from now on."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def note_api_key_use(*, key: ApiKey) -> None:
    """Remember that the key is in use; to the minute, so that reading does not become writing."""
    now = timezone.now()
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
