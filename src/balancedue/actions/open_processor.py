"""From a connection as stored to a processor that can be spoken to."""

import json
from functools import lru_cache

from balancedue.models import ProcessorConnection
from balancedue.processors.base import Can, Processor
from balancedue.processors.registry import maker_or_missing


def open_processor(connection: ProcessorConnection) -> Processor:
    """The processor behind `connection`. Raises CannotUnseal when its key is gone."""
    return _open(connection.kind, json.dumps(connection.credentials, sort_keys=True))


def is_hosted(connection: ProcessorConnection) -> bool:
    """Whether customers pay on the processor's own page instead of ours: the shop wants it and the processor can."""
    return connection.hosted and Can.HOSTED in maker_or_missing(connection.kind).can


@lru_cache(maxsize=64)
def _open(kind: str, credentials: str) -> Processor:
    return maker_or_missing(kind).open(json.loads(credentials))
