"""Public ids and link tokens."""

import hashlib
import re
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_id(prefix: str) -> str:
    """A public id such as `ord_5x0c…`: 100 random bits, safe to read aloud."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))


def new_token() -> str:
    """A link token of 256 random bits (requirements.md 2.13): 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Whether `text` has the shape of a link token; says nothing about whether it opens anything."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """What the database keeps to find a link by: hex SHA-256 of the token (I1)."""
    return hashlib.sha256(token.encode()).hexdigest()
