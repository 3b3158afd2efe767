"""Who did it: said explicitly to every action (`by=`), and kept with every event and entry (N13)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts. `kind:id` is what is stored; names live in rows that can be erased."""

    kind: str  # "user", "api_key", "customer", "processor", "worker", "command"
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


CUSTOMER = Actor("customer")
PROCESSOR = Actor("processor")
WORKER = Actor("worker")
COMMAND = Actor("command")
