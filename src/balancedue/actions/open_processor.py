"""From a connection as stored to a processor that can be spoken to."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from balancedue.models import ProcessorConnection
from balancedue.processors.base import Can, Processor
from balancedue.processors.registry import maker_or_missing

SECRET, OLD_SECRET, OLD_UNTIL = "webhook_secret", "webhook_secret_old", "webhook_secret_old_until"


def open_processor(connection: ProcessorConnection) -> Processor:
    """The processor behind `connection`. Raises CannotUnseal when its key is gone."""
    return _open(connection.kind, json.dumps(_in_force(connection.credentials), sort_keys=True))


def is_hosted(connection: ProcessorConnection) -> bool:
    """Whether customers pay on the processor's own page instead of ours: the shop wants it and the processor can."""
    return connection.hosted and Can.HOSTED in maker_or_missing(connection.kind).can


def old_secret_until(credentials: Mapping[str, str]) -> datetime | None:
    """Until when the webhook secret from before holds; None when there is none any more."""
    until = credentials.get(OLD_UNTIL, "")
    moment = datetime.fromisoformat(until) if until and credentials.get(OLD_SECRET) else None
    return moment if moment and moment > timezone.now() else None


def _in_force(credentials: dict[str, str]) -> dict[str, str]:
    over = () if old_secret_until(credentials) else (OLD_SECRET,)
    return {name: value for name, value in credentials.items() if name not in (OLD_UNTIL, *over)}


@lru_cache(maxsize=64)
def _open(kind: str, credentials: str) -> Processor:
    return maker_or_missing(kind).open(json.loads(credentials))
