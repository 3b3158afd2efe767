"""Go to a state and do what the person does there, listening for what a browser complains about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

from tests.pages.catalogue import SIGNED_IN, State
from tests.pages.world import World

UNREACHABLE = ("pay-failed", "pay-loading", "request-lost", "card-lost", "orders-lost")  # a browser logs why
STATUS_LINE = "Failed to load resource: the server responded with a status of "


@dataclass
class Heard:
    """Complaints of the browser, and addresses asked for."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def visit(world: World, people: Callable[..., BrowserContext], state: State) -> Iterator[tuple[Page, Heard]]:
    """The page of a state, after its act; closed afterwards."""
    assert state.id not in world.wrong, f"could not be built: {world.wrong[state.id]}"
    page = people(state.who if state.who in SIGNED_IN else "nobody", scripts=state.scripts).new_page()
    heard = Heard()
    _listen(page, state, heard, world)
    path = world.paths[state.id]
    if path in world.pages:
        page.route(f"**{path}", lambda route: _answer(route, world.pages[path], state.status))
    _hold_back_script(page, world, state)
    try:
        slow = state.id == "pay-loading"  # a page that waits for its processor is never loaded in full
        answer = page.goto(
            path if "://" in path else world.url + path, wait_until="domcontentloaded" if slow else "load"
        )
        assert answer
        assert answer.status == state.status, f"answered {answer.status}"
        if state.act:
            state.act(page)
        yield page, heard
    finally:
        page.close()


def _answer(route: Route, html: str, status: int) -> None:
    route.fulfill(status=status, body=html, content_type="text/html; charset=utf-8")


def _hold_back_script(page: Page, world: World, state: State) -> None:
    """A processor that is slow, and one that cannot be reached."""
    if state.id == "pay-loading":
        page.route("http://127.0.0.1:9/**", lambda route: None)
    elif state.id == "pay-failed":
        page.route("http://127.0.0.1:9/**", lambda route: route.abort())


def _listen(page: Page, state: State, heard: Heard, world: World) -> None:
    expected = {state.status, *state.refuses}

    def console(message: ConsoleMessage) -> None:
        words = message.text
        if message.type not in ("error", "warning") and "Content Security Policy" not in words:
            return
        if words.startswith(STATUS_LINE) and int(words.removeprefix(STATUS_LINE)[:3]) in expected:
            return
        if state.refuses and "Response Status Error Code" in words:  # htmx says the same once more
            return
        if state.id in UNREACHABLE and ("ERR_FAILED" in words or "htmx" in words):
            return
        heard.complaints.append(f"{message.type}: {words}")

    def asked(request: Request) -> None:
        if request.url.startswith(("data:", "about:", "blob:")):
            return
        heard.asked.append(request.url)

    page.on("console", console)
    page.on("pageerror", lambda error: heard.complaints.append(f"threw: {error}"))
    page.on("request", asked)
