"""Takes messages off the wire and into the store."""

from typing import Any

from balancedue.mailbox.rehearsal import Rehearsal
from balancedue.mailbox.store import Store


class Receiver:
    """A handler for `SmtpListener`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rehearsal = Rehearsal()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take every recipient but those at a rehearsal domain."""
        fault = self._rehearsal.fault(address)
        if fault is None:
            envelope.rcpt_tos.append(address)
        return fault or "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Store the message; what is acknowledged is on disk."""
        number = self._store.keep(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        return f"250 2.0.0 taken as {number}"
