"""What a state is, and how the files of states sign theirs on."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import Page

if TYPE_CHECKING:
    from tests.pages.shops import Shops

OWNER, STAFF, VIEWER, STRANGER, NOBODY, CUSTOMER = "owner", "staff", "viewer", "stranger", "nobody", "customer"
"""Who looks: members of every shop of the world by role, a person without an account, and two without a session."""

SIGNED_IN = (OWNER, STAFF, VIEWER, STRANGER)
PLACES = "·"

Build = Callable[["Shops"], str]
Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class State:
    """One page in one state. `build` makes it and answers its address; `act` is what the person then does there.

    `status` is what the server answers the address with; `title` must be found in the title; `outside` allows requests
    to the processor's host; `scripts=False` looks with scripts off: there axe, a script itself, stays out.
    """

    id: str
    who: str
    build: Build
    act: Act | None = None
    status: int = 200
    title: str = PLACES
    outside: bool = False
    scripts: bool = True
    covered: bool = False  # an open menu lies over other controls
    refuses: tuple[int, ...] = field(default=())  # answers the act expects, which a browser logs as failures

    def title_fits(self, title: str) -> bool:
        """Whether the page calls itself what it is (ux.md 2, Structure)."""
        return bool(re.search(self.title, title))


STATES: dict[str, State] = {}


def state(name: str, who: str, **more: object) -> Callable[[Build], Build]:
    """Sign a build function on as the state `name`."""

    def sign_on(build: Build) -> Build:
        assert name not in STATES, name
        STATES[name] = State(name, who, build, **more)  # type: ignore[arg-type]
        return build

    return sign_on
