"""The invoice, the payment page and the order page on a slow phone, beside a bare page from the same server.

    python -m bench.pages

150 ms round trip, 1.6 Mbit/s, processor four times slower, empty cache (ux.md 6, U9; the order page warm, U10). Prints
the median of the largest contentful paint, what came over the wire, and how far the layout moved. The layout must not
move at all: exit status 1. Times belong to the machine, so they are shown beside the bare page's and judged by nobody.
"""

import os
import statistics
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import environment
from tests.browser import ARGS, program

ROUNDS = 7
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "locale": "en-US", "timezone_id": "UTC"}
WIDE = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "timezone_id": "UTC"}
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}  # bytes a second
GOAL_MS = 1200
SESSION = "balancedue_session"
WATCH = """() => {
  window.seen = {lcp: 0, cls: 0};
  new PerformanceObserver(l => { for (const e of l.getEntries()) seen.lcp = e.startTime })
    .observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver(l => { for (const e of l.getEntries()) seen.cls += e.value })
    .observe({type: 'layout-shift', buffered: true});
}"""
BARE = "/healthz"


@dataclass
class Seen:
    """One load: largest contentful paint in ms, layout shift, kilobytes on the wire, requests."""

    lcp: float
    cls: float
    kb: float
    requests: int


def main() -> int:
    """All pages; 0 when nothing moved."""
    home = environment.make_home()
    environment.prepare(home, f"sqlite:///{home / 'unused.sqlite3'}")
    import_module("django").setup()
    world: Any = import_module("tests.pages.world").start_world()
    try:
        return _measure(world)
    finally:
        world.stop()


def _measure(world: Any) -> int:
    pages = [
        ("bare page, same server", BARE, "", PHONE, False),
        ("invoice", world.paths["invoice"], "", PHONE, False),
        ("payment page (shell)", world.paths["pay"], "", PHONE, False),
        ("order page, warm", world.paths["card-due"], "owner", WIDE, True),
    ]
    args = [*ARGS, "--no-sandbox"] if os.geteuid() == 0 else ARGS
    moved = False
    print(f"150 ms, 1.6 Mbit/s, CPU / 4, median of {ROUNDS}    LCP ms  goal ms    KB  requests  layout shift")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=args)
        for name, path, who, options, warm in pages:
            seen = [_load(browser, world, path, who, options, warm=warm) for _ in range(ROUNDS)]
            middle = statistics.median(one.lcp for one in seen)
            shift = max(one.cls for one in seen)
            goal = "" if path == BARE else str(1000 if warm else GOAL_MS)
            print(f"  {name:<42} {middle:7.0f} {goal:>8} {seen[-1].kb:6.1f} {seen[-1].requests:8d} {shift:12.4f}")
            moved |= shift > 0
        browser.close()
    return 1 if moved else 0


def _load(browser: Browser, world: Any, path: str, who: str, options: dict[str, Any], *, warm: bool) -> Seen:
    context: BrowserContext = browser.new_context(**options)
    if who:
        context.add_cookies([{"name": SESSION, "value": world.sessions[who], "url": world.url}])
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    if warm:
        page.goto(world.url + path)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.send("Network.emulateNetworkConditions", SLOW)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(world.url + path)
    page.wait_for_load_state("load")
    time.sleep(1.5)  # what arrives late may still move the page
    told = page.evaluate("seen")
    context.close()
    return Seen(told["lcp"], told["cls"], sum(sizes) / 1024, len(sizes))


if __name__ == "__main__":
    sys.exit(main())
