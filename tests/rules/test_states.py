"""The tables of states: complete, without dead ends that should not be, and drawn as they are."""

from pathlib import Path

import pytest

from balancedue.management.commands.draw_states import PAGE, TABLES, Table, page
from balancedue.rules import states
from balancedue.rules.states import (
    ACTIVE_ATTEMPT,
    ATTEMPT_MOVES,
    ATTEMPT_STATES,
    DELIVERY_MOVES,
    IN_FLIGHT,
    LIVE_REQUEST,
    REQUEST_MOVES,
    REQUEST_STATES,
    next_state,
)

ROOT = Path(__file__).resolve().parents[2]
NEWS = {event for _, event in ATTEMPT_MOVES}
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)


def test_the_drawing_is_as_the_tables_are() -> None:
    """Architecture.md 4: run `balancedue draw_states` when this fails."""
    assert (ROOT / PAGE).read_text() == page()


@every_table
def test_every_move_is_between_known_states(table: Table) -> None:
    """Architecture.md 4."""
    assert {state for state, _ in table.moves} | set(table.moves.values()) <= set(table.states)


@pytest.mark.parametrize("table", [table for table in TABLES if table.moves], ids=lambda table: table.title)
def test_every_state_can_be_reached(table: Table) -> None:
    """Architecture.md 4: from where it begins. What an outside tool reports (a bounce) counts."""
    reached, frontier = {table.first}, [table.first]
    while frontier:
        here = frontier.pop()
        after = {to for (state, _), to in table.moves.items() if state == here} - reached
        reached |= after
        frontier += after
    assert reached == set(table.states)


@every_table
def test_the_tables_cannot_be_changed_by_accident(table: Table) -> None:
    """Money-safety.md 6.12."""
    with pytest.raises(TypeError):
        table.moves[table.first, "x"] = "y"  # type: ignore[index]


@every_table
def test_events_are_words_and_every_group_is_known(table: Table) -> None:
    """Architecture.md 2."""
    assert all(event.replace("_", "").isalpha() for _, event in table.moves)
    for members in table.groups.values():
        assert set(members) <= set(table.states)


@pytest.mark.parametrize("state", sorted(ACTIVE_ATTEMPT))
def test_an_active_attempt_understands_all_news(state: str) -> None:
    """N10: nothing that a processor says leaves an active attempt without an answer."""
    assert {event for from_, event in ATTEMPT_MOVES if from_ == state} == NEWS


@pytest.mark.parametrize("event", sorted(NEWS))
def test_what_succeeded_stays(event: str) -> None:
    """N6: paid never silently becomes unpaid."""
    assert next_state(ATTEMPT_MOVES, "succeeded", event) is None


@pytest.mark.parametrize("state", [*sorted(ACTIVE_ATTEMPT), "declined", "cancelled"])
def test_money_that_came_is_always_taken_in(state: str) -> None:
    """Requirements.md 3.19, 3.23: the processor is the truth about money."""
    assert next_state(ATTEMPT_MOVES, state, "succeeded") == "succeeded"
    assert next_state(ATTEMPT_MOVES, state, "does_not_fit") == "put_aside"


@pytest.mark.parametrize("state", ["declined", "cancelled", "put_aside", "succeeded"])
def test_what_has_ended_is_revived_by_money_alone(state: str) -> None:
    """Requirements.md 3.23: states never go backwards."""
    assert {after for (from_, _), after in ATTEMPT_MOVES.items() if from_ == state} <= {"succeeded", "put_aside"}


@pytest.mark.parametrize("state", sorted(ATTEMPT_STATES))
def test_silence_never_ends_anything(state: str) -> None:
    """N14: not heard is unknown, never failed."""
    after = next_state(ATTEMPT_MOVES, state, "not_heard")
    assert after is None or after in ACTIVE_ATTEMPT


def test_in_flight_is_part_of_active() -> None:
    """N4, N14."""
    assert IN_FLIGHT < ACTIVE_ATTEMPT


@pytest.mark.parametrize("state", sorted(set(REQUEST_STATES) - {"withdrawn"}))
def test_every_link_can_be_turned_off(state: str) -> None:
    """Requirements.md 4.8: undone while it is held, withdrawn later."""
    assert "withdrawn" in {after for (from_, _), after in REQUEST_MOVES.items() if from_ == state}


def test_a_link_that_was_turned_off_stays_off() -> None:
    """I2."""
    assert not [event for state, event in REQUEST_MOVES if state == "withdrawn"]


@pytest.mark.parametrize("state", sorted(LIVE_REQUEST))
def test_a_live_request_can_be_paid_and_superseded(state: str) -> None:
    """M5, requirements.md 2.4."""
    assert next_state(REQUEST_MOVES, state, "pay") == "paid"
    assert next_state(REQUEST_MOVES, state, "supersede") == "superseded"


def test_only_a_sent_request_is_opened() -> None:
    """Requirements.md 2.14."""
    assert [state for state, event in REQUEST_MOVES if event == "open"] == ["sent"]


def test_what_left_cannot_be_dropped() -> None:
    """H2: a message that was taken is never un-sent."""
    assert {state for state, event in DELIVERY_MOVES if event == "drop"} == {"waiting", "sending"}
    assert next_state(DELIVERY_MOVES, "sent", "claim") is None


def test_an_unknown_event_leads_nowhere() -> None:
    """Architecture.md 4."""
    assert next_state(states.REQUEST_MOVES, "holding", "explode") is None
