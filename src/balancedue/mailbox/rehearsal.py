"""Domains at which mail goes wrong on purpose, so that a demo or a test can see what happens then."""

from collections import Counter

BOUNCES = "bounce.example"
COMES_LATER = "later.example"
REFUSALS_FIRST = 2


class Rehearsal:
    """Answers to recipients: `bounce.example` has no mailboxes, `later.example` takes mail at the third try."""

    def __init__(self) -> None:
        self._tries: Counter[str] = Counter()

    def fault(self, recipient: str) -> str | None:
        """The SMTP answer that refuses `recipient` this time, or None to take the message."""
        address = recipient.lower()
        domain = address.rpartition("@")[2]
        if domain == BOUNCES:
            return f"550 5.1.1 <{recipient}>: no such mailbox here"
        if domain == COMES_LATER:
            self._tries[address] += 1
            if self._tries[address] <= REFUSALS_FIRST:
                return f"451 4.7.1 <{recipient}>: please come back later"
            del self._tries[address]
        return None
