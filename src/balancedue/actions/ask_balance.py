"""Ask a processor about its balance: fees and payouts. Never with a transaction open (money-safety.md 6.1)."""

from collections.abc import Callable
from typing import TypeVar, cast

from django.db import transaction

from balancedue.models import ProcessorConnection
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, TellsPayouts
from balancedue.processors.registry import maker_or_missing

from .open_processor import open_processor

Told = TypeVar("Told")


def tells_payouts(connection: ProcessorConnection) -> bool:
    """Whether a processor of this kind tells of fees and payouts at all."""
    return Can.PAYOUTS in maker_or_missing(connection.kind).can


def ask_balance(connection: ProcessorConnection, question: Callable[[TellsPayouts], Told | None]) -> Told | None:
    """What it answers; None when it was not heard, or cannot be asked."""
    assert not transaction.get_connection().in_atomic_block, "nothing at a processor inside a transaction"
    if not tells_payouts(connection):
        return None
    try:
        return question(cast(TellsPayouts, open_processor(connection)))
    except CannotUnseal:
        return None
