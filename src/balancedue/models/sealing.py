"""Secrets at rest: AES-256-GCM, bound to row and column (J12). Keys come from the environment, never the database."""

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class CannotUnseal(Exception):
    """The key is missing, or the text was changed or moved to another row."""


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> dict[str, AESGCM]:
    ciphers = {}
    for key in keys:
        name, _, encoded = key.partition(":")
        try:
            ciphers[name] = AESGCM(base64.b64decode(encoded, validate=True))
        except (ValueError, binascii.Error) as error:
            raise ImproperlyConfigured(f"BALANCEDUE_FIELD_KEYS: key {name!r} is not base64 of 32 bytes.") from error
    return ciphers


def seal(plain: str, *, place: str) -> str:
    """Seal `plain` with the newest key. `place` is "table:row:column"; only there can it be opened again."""
    name, cipher = next(iter(_ciphers(tuple(settings.FIELD_KEYS)).items()))
    nonce = os.urandom(12)
    box = nonce + cipher.encrypt(nonce, plain.encode(), f"{name}:{place}".encode())
    return f"{name}:{base64.b64encode(box).decode()}"


def unseal(sealed: str, *, place: str) -> str:
    """Open what `seal` made for the same place. Raises CannotUnseal."""
    name, _, encoded = sealed.partition(":")
    cipher = _ciphers(tuple(settings.FIELD_KEYS)).get(name)
    if cipher is None:
        raise CannotUnseal(f"no field key named {name!r}")
    try:
        box = base64.b64decode(encoded, validate=True)
        return cipher.decrypt(box[:12], box[12:], f"{name}:{place}".encode()).decode()
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise CannotUnseal(f"cannot open {place}") from error
