"""`balancedue draw_states`: write docs/states.md from the tables of rules/states.py."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.rules import states
from balancedue.rules.states import Moves

PAGE = Path("docs/states.md")
HEAD = """# States

Drawn from `src/balancedue/rules/states.py` by `balancedue draw_states`; a test fails when this page is old.
Each edge is named by the event that takes it. What is not drawn cannot happen: news that leads nowhere changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One noun: its states and their meaning, its moves (none: others move it), its first, and sets with a name."""

    title: str
    words: str
    states: Mapping[str, str]
    moves: Moves
    first: str
    groups: Mapping[str, Iterable[str]]


TABLES = (
    Table(
        "A payment attempt",
        "One object at the processor, for one balance of one order. Only `actions/settle.py` moves it.",
        states.ATTEMPT_STATES,
        states.ATTEMPT_MOVES,
        states.STARTED,
        {
            "Active, one per order at most": states.ACTIVE_ATTEMPT,
            "Money may be on its way, so nothing new may start": states.IN_FLIGHT,
        },
    ),
    Table(
        "A refund",
        "Money on its way back. Only `actions/settle_refund.py` moves it.",
        states.REFUND_STATES,
        states.REFUND_MOVES,
        states.STARTED,
        {
            "Held, together never above the payment": states.HELD_REFUND,
            "Open, asked about until it ends": states.OPEN_REFUND,
        },
    ),
    Table(
        "A dispute",
        "Not ours to move: each look at the processor says where it is. Only `actions/take_in_disputes.py` writes it.",
        states.DISPUTE_STATES,
        MappingProxyType({}),
        "inquiry",
        {
            "Open, the bank has not decided": states.OPEN_DISPUTE,
            "Waits for evidence from the shop": states.ASKS_FOR_EVIDENCE,
        },
    ),
    Table(
        "A payout",
        "Not ours to move. Only `actions/take_in_payouts.py` writes it, and never back: a late answer changes nothing.",
        states.PAYOUT_STATES,
        MappingProxyType({}),
        "pending",
        {"Open, asked about until it ends": states.OPEN_PAYOUT},
    ),
    Table(
        "A payment request",
        "One link to one order's invoice, and the letter that carries it.",
        states.REQUEST_STATES,
        states.REQUEST_MOVES,
        states.HOLDING,
        {"Live, one per order at most": states.LIVE_REQUEST},
    ),
    Table(
        "A delivery",
        "One message to one address, in the outbox.",
        states.DELIVERY_STATES,
        states.DELIVERY_MOVES,
        "waiting",
        {},
    ),
)


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *("\n".join(_section(table)) for table in TABLES)])


def _section(table: Table) -> Iterator[str]:
    yield f"## {table.title}\n\n{table.words}\n"
    if table.moves:
        yield "```mermaid"
        yield "stateDiagram-v2"
        yield f"    [*] --> {table.first}"
        yield from _edges(table)
        yield "```\n"
    yield "| State | Meaning |\n|---|---|"
    for state, meaning in table.states.items():
        yield f"| `{state}` | {meaning} |"
    yield ""
    for name, members in table.groups.items():
        yield f"{name}: " + ", ".join(f"`{state}`" for state in table.states if state in members) + ".\n"


def _edges(table: Table) -> Iterator[str]:
    """One arrow per pair of states, with every event that takes it; and an end for states that nothing leaves."""
    order = list(table.states)
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), after in table.moves.items():
        arrows.setdefault((state, after), []).append(event)
    for state, after in sorted(arrows, key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1]))):
        yield f"    {state} --> {after}: {', '.join(sorted(arrows[state, after]))}"
    left = {state for state, _ in table.moves}
    yield from (f"    {state} --> [*]" for state in order if state not in left)


class Command(BaseCommand):
    help = "Write docs/states.md from the tables of states."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is old")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if check:
            if not PAGE.exists() or PAGE.read_text() != page():
                raise CommandError(f"{PAGE} is old: run balancedue draw_states")
            return
        PAGE.write_text(page())
        self.stdout.write(f"Wrote {PAGE}")
