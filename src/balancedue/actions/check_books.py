"""Check the books: the invariants of money-safety.md 3.0 over what the database holds, and what processors say.

Each rule is a function of `books/` that yields one sentence per breach. Tests call it after what they did; an operator
calls it with `balancedue check-books`; it changes nothing.
"""

from dataclasses import dataclass

from balancedue.models import Account, Order

from .books import around, asking, at_the_processor, journal, money_back, payments
from .books.rule import Rule


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must never be so. `rule` is the invariant's name, N1 to N14, or A2 for the copies."""

    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"


def check_books(account: Account | None = None, *, ask_processors: bool = True) -> list[Breach]:
    """Every breach in one account, or in all; empty when the books are right.

    Asking processors compares each attempt with what the processor holds (N1, N3, N4); no transaction may be open.
    """
    orders = Order.objects.all() if account is None else account.orders.all()
    rules = RULES if not ask_processors else {**RULES, **ASKING}
    return [Breach(rule, sentence) for (rule, _), check in rules.items() for sentence in check(orders)]


RULES: dict[tuple[str, str], Rule] = {
    ("N8", "entries balance"): journal.entries_balance,
    ("N7", "history is guarded"): journal.guards_are_there,
    ("N2", "payments match entries"): payments.payments_match_entries,
    ("N2", "attempts are booked once"): payments.attempts_are_booked_once,
    ("N3", "attempts fit their order"): payments.attempts_fit_their_order,
    ("N4", "one active attempt"): payments.one_active_attempt,
    ("N6", "reversals undo"): journal.reversals_undo,
    ("N6", "paid requests are paid"): payments.paid_requests_are_paid,
    ("N9", "refunds, and disputes, stay below the payment"): money_back.refunds_stay_below,
    ("N2", "refunds match entries"): money_back.refunds_match_entries,
    ("N2", "disputes match entries"): money_back.disputes_match_entries,
    ("N2", "fees match entries"): at_the_processor.fees_match_entries,
    ("N8", "payouts add up"): at_the_processor.payouts_add_up,
    ("N10", "nothing waits for ever"): around.nothing_waits_for_ever,
    ("N11", "money is told once"): around.money_is_told_once,
    ("N12", "accounts stay apart"): around.accounts_stay_apart,
    ("N13", "the chain holds"): journal.chain_holds,
    ("A2", "copies agree"): journal.copies_agree,
}
ASKING: dict[tuple[str, str], Rule] = {
    ("N1", "processors agree"): asking.processors_agree,
    ("N1", "processors agree on refunds"): asking.processors_agree_on_refunds,
    ("N1", "processors agree on disputes"): asking.processors_agree_on_disputes,
}
