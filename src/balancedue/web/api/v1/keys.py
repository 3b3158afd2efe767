"""Who calls: a Bearer key of one account. Every query of the API starts from `account_of`."""

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from balancedue.actions.create_account import note_api_key_use
from balancedue.models import Account, ApiKey
from balancedue.rules.ids import token_hash


class Bearer(HttpBearer):
    """`Authorization: Bearer <key>`; the key is found by its hash."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        keys = ApiKey.objects.select_related("account").filter(revoked_at=None, account__archived_at=None)
        key = keys.filter(key_hash=token_hash(token)).first()
        if key is not None:
            note_api_key_use(key=key)
        return key


def key_of(request: HttpRequest) -> ApiKey:
    """The key of this call."""
    return cast(ApiKey, request.auth)  # type: ignore[attr-defined]


def account_of(request: HttpRequest) -> Account:
    """The account the key belongs to."""
    return key_of(request).account
