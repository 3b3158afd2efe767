"""Every page in every state, in a real browser: accessible, narrow enough, quiet, and named (U1-U4)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.pages import examine
from tests.pages.catalogue import STATES, State
from tests.pages.looks import HARD, LARGER, Look, between, every, pairwise
from tests.pages.states import ALL
from tests.pages.table import listed, place
from tests.pages.visit import Heard, visit
from tests.pages.world import World

People = Callable[..., BrowserContext]
NUMBERED = [pytest.param(number, state, id=state.id) for number, state in enumerate(ALL)]
HARDEST = [
    "card-due", "orders", "request-open", "new-order-errors", "processors-two", "invoice", "invoice-rtl", "order-rtl",
    "invoice-long-words", "order-long-words", "pay", "receipt", "sign-in",
]  # fmt: skip

OVER = "document.querySelector(':modal, .menu:popover-open, .paybar.on') !== null"


def test_every_state_of_the_design_has_a_page() -> None:
    """U2: the table of ux.md's states and the catalogue name the same ones."""
    assert sorted(listed()) == sorted(set(listed()))
    assert sorted(set(listed()) - STATES.keys()) == []
    assert sorted(name for name in STATES.keys() - set(listed()) if not name.startswith("x-")) == []


@pytest.mark.pages
@pytest.mark.parametrize(("number", "state"), NUMBERED)
def test_a_state_holds_up_in_light_and_dark_at_three_widths(
    world: World, people: People, number: int, state: State
) -> None:
    """U1-U4, pairwise: axe finds nothing, nothing is too wide or too small, nobody else is asked."""
    with visit(world, people, state) as (page, heard):
        wrong = look_through(page, state, pairwise(number))
        wrong += fits(page, between(number) + LARGER)
        wrong += about_the_page(page, state, heard, world)
    assert not wrong, "\n".join([place(state.id), *wrong])


def fits(page: Page, looks: list[Look]) -> list[str]:
    """What is too wide, or too small to press, in these looks."""
    wrong = []
    for look in looks:
        look.take(page)
        wrong += [f"{look}: {words}" for words in examine.geometry(page)]
    return wrong


@pytest.mark.pages
@pytest.mark.parametrize("name", HARDEST)
def test_a_state_holds_up_for_large_text_wide_text_and_system_colours(world: World, people: People, name: str) -> None:
    """U1, U3: 200 % text and the spacing of WCAG 1.4.12 at 320 px; forced colours."""
    with visit(world, people, STATES[name]) as (page, _):
        wrong = look_through(page, STATES[name], HARD)
    assert not wrong, "\n".join(wrong)


@pytest.mark.pages
@pytest.mark.prove
@pytest.mark.parametrize(("number", "state"), NUMBERED)
def test_a_state_holds_up_in_every_look(
    world: World, people: People, pictures: Path, number: int, state: State
) -> None:
    """U1-U4: all combinations, with a picture of each in test-results/pages."""
    with visit(world, people, state) as (page, heard):
        wrong = look_through(page, state, every(number), pictures)
        wrong += about_the_page(page, state, heard, world)
    assert not wrong, "\n".join([place(state.id), *wrong])


def look_through(page: Page, state: State, looks: list[Look], pictures: Path | None = None) -> list[str]:
    """Everything wrong with the page in these looks, with the look in front."""
    if state.scripts:
        examine.arm(page)
    wrong = []
    for look in looks:
        look.take(page)
        if pictures is not None:
            # Frames of another host, and what lies over the page, are drawn wrongly in a picture of the whole page.
            whole = not state.outside and not page.evaluate(OVER)
            page.screenshot(path=pictures / f"{state.id}--{look}.png", full_page=whole)
        found = examine.geometry(page) + (examine.axe(page, covered=state.covered) if state.scripts else [])
        wrong += [f"{look}: {words}" for words in found]
    return wrong


def about_the_page(page: Page, state: State, heard: Heard, world: World) -> list[str]:
    """What is the same in every look: structure, title, complaints, strangers."""
    wrong = examine.structure(page)
    if not state.title_fits(page.title()):
        wrong.append(f"title {page.title()!r} does not fit {state.title!r}")
    wrong += heard.complaints
    ours = (world.url, world.sandbox.url) if state.outside or state.id == "sandbox" else (world.url,)
    allowed = (*ours, "http://127.0.0.1:9/") if state.outside else ours
    return wrong + [f"asked {url}" for url in heard.asked if not url.startswith(allowed)]
