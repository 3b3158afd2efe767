"""What every operation of /v1 is given, and how lists are answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from balancedue.sandbox import params
from balancedue.sandbox.accounts import Account
from balancedue.sandbox.errors import missing
from balancedue.sandbox.http import Form
from balancedue.sandbox.store import Stored, Transaction


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation."""

    tx: Transaction
    account: Account
    secret: bool
    """Made with the secret key; otherwise by a browser with the publishable one."""
    form: Form
    origin: str
    """Where browsers reach the sandbox, such as http://127.0.0.1:8100."""
    settle_seconds: float

    def find(self, kind: str, id: str, param: str = "id") -> Stored:
        """The caller's own object of that id. Raises ApiError 404."""
        stored = self.tx.find(kind, id, self.account.id)
        if stored is None:
            raise missing(kind, id, param)
        return stored


Operation = Callable[..., dict[str, Any]]


@dataclass(slots=True)
class Where:
    """What a list is narrowed down to: conditions of ours, and the caller's values for them."""

    clauses: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, value: Any) -> "Where":
        """`clause` with one `?` for `value`; a value that was not sent narrows nothing."""
        if value is not None:
            self.clauses.append(clause)
            self.values.append(value)
        return self


def found_page(call: Call, kind: str, where: Where | None = None) -> tuple[list[Stored], bool]:
    """The page of the caller's objects of a kind that was asked for, and whether there are more."""
    page, where = params.page(call.form), where or Where()
    for name, id in (("starting_after", page.after), ("ending_before", page.before)):
        if id is not None:
            call.find(kind, id, name)
    return call.tx.list(kind, call.account.id, page, " AND ".join(where.clauses), tuple(where.values))


def listed(call: Call, kind: str, url: str, where: Where | None = None) -> dict[str, Any]:
    """That page as Stripe's list."""
    found, more = found_page(call, kind, where)
    return list_of([stored.body for stored in found], more, url)


def list_of(data: list[dict[str, Any]], more: bool, url: str) -> dict[str, Any]:
    """Stripe's list object."""
    return {"object": "list", "data": data, "has_more": more, "url": url}
