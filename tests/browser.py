"""A real browser for the journeys: the system's own, one for each test process."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = [
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Pages reach this machine only; any other name does not exist.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
PATIENCE_MS = 15_000
RESULTS = Path(__file__).resolve().parent.parent / "test-results"

NewContext = Callable[..., BrowserContext]


def program() -> str:
    """The path of the system's browser."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert found, "no Chromium on this machine: `python3 dev.py test` installs one where it can"
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium, shared by the tests of this process."""
    args = [*ARGS, "--no-sandbox"] if os.geteuid() == 0 else ARGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=args)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[NewContext]:
    """Makes browser contexts: separate people, each with cookies of their own. Takes Playwright's context options.

    A page that throws, or whose content policy blocks something, fails the test; `new_context(watched=False)` does not
    look. After a failure each page's picture is in test-results/.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def make(*, watched: bool = True, **options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "en-US", "timezone_id": "UTC", "reduced_motion": "reduce"} | options)
        context.set_default_timeout(PATIENCE_MS)
        if watched:
            context.on("console", hear)
            context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    if getattr(request.node, "failed", False):
        keep_pictures(request.node.name, contexts)
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A page of one person, 1280 pixels wide."""
    return new_context(viewport={"width": 1280, "height": 900}).new_page()


def keep_pictures(name: str, contexts: list[BrowserContext]) -> None:
    """Pictures of every open page, for whoever looks into a failed test."""
    RESULTS.mkdir(exist_ok=True)
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)[:100]
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=RESULTS / f"{safe}-{number}.png", full_page=True)
