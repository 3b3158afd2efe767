"""Ids and secrets in Stripe's shape: a prefix and random letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def letters(count: int) -> str:
    """`count` random letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def new_id(prefix: str) -> str:
    """Such as `pi_3Xw…`; prefixes are Stripe's: pi, ch, pm, evt, we, acct, req."""
    return f"{prefix}_{letters(24)}"
