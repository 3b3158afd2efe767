"""What must hold on every page in every look: U1, U3, U4 and ux.md 2."""

import re
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
AXE = {
    "runOnly": {"type": "tag", "values": TAGS},
    "resultTypes": ["violations"],
    "iframes": False,  # letters and the processor's card form are pages of their own, looked at by themselves
    "preload": False,
    "alike": [["tbody tr:nth-child(n+9)"], ["[id^=shape-]:nth-of-type(n+16)"]],  # rows like the eight before them
}
TOO_WIDE = """() => {
  const root = document.documentElement, over = root.scrollWidth - root.clientWidth;
  if (over <= 0) return '';
  const beyond = ({left, right}) => right > root.clientWidth + 1 || left < -1;
  const wide = [...document.querySelectorAll('body *')].filter(e => beyond(e.getBoundingClientRect()));
  return `${over} px too wide: ` + wide.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(' | ');
}"""
# WCAG 2.5.8: 24 by 24 CSS pixels. Links within a sentence are excepted, and what nobody can press.
TOO_SMALL = """least => {
  const shown = e => e.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !e.disabled
    && !e.closest('.out-of-sight, .skip, [inert]');
  const within = e => e.parentElement.innerText.trim() !== e.innerText.trim();
  const inline = e => getComputedStyle(e).display === 'inline' && within(e);
  const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=switch]';
  return [...document.querySelectorAll(all)].filter(shown).filter(e => !inline(e)).flatMap(e => {
    const {width, height} = e.getBoundingClientRect();
    if (!width || Math.min(width, height) >= least - .1) return [];
    return [`${width.toFixed(1)} x ${height.toFixed(1)}: ${e.outerHTML.slice(0, 140)}`];
  });
}"""
SMALLEST = 24


def arm(page: Page) -> None:
    """Bring the checker onto a page, once for all looks at it."""
    page.evaluate(AXE_SCRIPT)


def axe(page: Page, *, covered: bool = False) -> list[str]:
    """What axe objects to (U1), a line each. `covered`: something lies over other controls, which are then small."""
    options = AXE | ({"rules": {"target-size": {"enabled": False}}} if covered else {})
    found: dict[str, Any] = page.evaluate("options => axe.run({exclude: options.alike}, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


def geometry(page: Page) -> list[str]:
    """What is wider than the page (U3) and what is too small to press (U4)."""
    wide = page.evaluate(TOO_WIDE)
    return [*([wide] if wide else []), *page.evaluate(TOO_SMALL, SMALLEST)]


def structure(page: Page) -> list[str]:
    """One visible h1, a language, landmarks, a skip link (ux.md 2, Structure)."""
    facts = page.evaluate("""() => ({
      h1: [...document.querySelectorAll('h1')].filter(e => e.checkVisibility()).length,
      main: document.querySelectorAll('main').length,
      lang: document.documentElement.lang,
    })""")
    wrong = []
    if facts["h1"] != 1:
        wrong.append(f"{facts['h1']} h1")
    if facts["main"] != 1:
        wrong.append(f"{facts['main']} main")
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", facts["lang"]):
        wrong.append(f"lang={facts['lang']!r}")
    return wrong
