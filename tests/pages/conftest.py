"""A world with every state in it, and people who look at it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import PATIENCE_MS, RESULTS
from tests.pages.world import World, start_world

SESSION = "balancedue_session"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Pages look the same whatever database they were read from: they are looked at once, on SQLite."""
    if config.getoption("--engine") == "sqlite":
        return
    here = Path(__file__).parent
    left_out = [item for item in items if here in item.path.parents and item.get_closest_marker("pages")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Every state, built and served; one for each test process."""
    started = start_world()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def people(browser: Browser, world: World) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers of those who look, signed in once: `people("owner")`, `people("customer", scripts=False)`."""
    known: dict[Any, BrowserContext] = {}

    def someone(who: str, *, scripts: bool = True, **options: Any) -> BrowserContext:
        key = (who, scripts, repr(sorted(options.items())))
        if key not in known:
            plain = {"locale": "en-US", "timezone_id": "UTC", "reduced_motion": "reduce"}
            context = browser.new_context(java_script_enabled=scripts, **plain | options)
            context.set_default_timeout(PATIENCE_MS)
            if who in world.sessions:
                context.add_cookies([{"name": SESSION, "value": world.sessions[who], "url": world.url}])
            known[key] = context
        return known[key]

    yield someone
    for context in known.values():
        context.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where `dev.py prove --pages` leaves a picture of every state in every look."""
    folder = RESULTS / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
