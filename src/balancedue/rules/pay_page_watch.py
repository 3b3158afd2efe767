"""What differs between a payment page as it was received and as it must be (R19, J4; PCI DSS 6.4.3 and 11.6.1).

Sentences name hosts, directives and files, never a whole address: the page's own holds the link's token.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .page_reading import Element, Page, read_address, read_page
from .pay_page_scripts import HEADERS, HSTS_SECONDS, NEVER_SENT, STYLESHEET, Inventory, Policy

OK = 200
PASSIVE = frozenset(
    "html head meta title link style script body a abbr address article aside b bdi bdo br button code data dd details "
    "dfn div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr i img input kbd label legend "
    "li main mark nav noscript ol optgroup option output p picture pre progress s samp section select small span "
    "strong sub summary sup table tbody td template textarea tfoot th thead time tr u ul var wbr "
    "svg g path circle ellipse line polygon polyline rect defs desc".split()
)
"""Elements that load and run nothing by themselves; those that can are looked at one by one. Any other is a change."""

_ADDRESSES = frozenset(
    "href src srcset action formaction xlink:href poster data background cite ping manifest longdesc".split()
)
_META = frozenset({"viewport", "color-scheme", "robots", "referrer", "format-detection"})
_CARD = re.compile(r"cc-(number|csc|exp)|card.?(number|no\b|code)|\bcv[cv]\d?\b|security.?code|\bpan\b", re.I)
_COLOURS = re.compile(r":root\{--brand:#[0-9A-Fa-f]{6};--on-brand:#[0-9A-Fa-f]{6}\}")
_HASHED = re.compile(r"\.[0-9a-f]{12}(?=\.[a-z]+$)")
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'")
_UNSAFE = re.compile(r"[^A-Za-z0-9.:*/_' -]")


@dataclass(frozen=True, slots=True)
class Received:
    """An answer over HTTP. Header names are in lower case; one may stand there twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def differences(received: Received, expected: Inventory) -> list[str]:
    """Everything about the page that is not as it must be, in words; empty when all is well."""
    if received.status != OK:
        return [f"it answers with status {received.status}"]
    page = read_page(received.body)
    policy = read_policy(received.all("content-security-policy"))
    found = [*_headers(received, expected), *_policy(policy, expected.policy, page), *page.doubts]
    for element in page.elements:
        found += _element(element, expected)
    found += [*_scripts(page, expected), *_styles(page, policy), *_forms(page, expected)]
    return list(dict.fromkeys(found))


def own_scripts(received: Received, expected: Inventory) -> dict[str, str]:
    """Where the page says that our own scripts are: static name -> path."""
    named = ((element.get("src") or "") for element in read_page(received.body).all("script"))
    return {name: src for src in named if (name := _static_name(src, expected)) in expected.scripts}


def script_difference(name: str, received: Received, installed: bytes) -> str:
    """What is wrong with one of our own scripts as received; "" when it is the installed one."""
    if received.status != OK or received.body != installed:
        return f"{name} is not the installed one"
    if not any("javascript" in value for value in received.all("content-type")):
        return f"{name} is not sent as a script"
    return ""


def read_policy(headers: list[str]) -> Policy | None:
    """The content policy; None where there is none, or more than one."""
    if len(headers) != 1:
        return None
    directives = (part.split() for part in headers[0].split(";") if part.strip())
    policy: dict[str, frozenset[str]] = {}
    for name, *sources in directives:
        policy.setdefault(name.lower(), frozenset(sources))  # a browser takes the first of two
    return policy


def _headers(received: Received, expected: Inventory) -> Iterator[str]:
    for name, value in HEADERS.items():
        sent = received.all(name)
        if not sent:
            yield f"the header {name} is missing"
        elif any(_squeezed(one) != _squeezed(value) for one in sent):
            yield f"the header {name} is another"
    for name in sorted(NEVER_SENT & {name for name, _ in received.headers}):
        yield f"there is a header {name}"
    if expected.origin.startswith("https:"):
        ages = [re.search(r"max-age=(\d+)", value) for value in received.all("strict-transport-security")]
        if not ages or any(age is None or int(age[1]) < HSTS_SECONDS for age in ages):
            yield "the header strict-transport-security is missing or too short"


def _policy(policy: Policy | None, expected: Policy, page: Page) -> Iterator[str]:
    if policy is None:
        yield "there is no content policy, or more than one"
        return
    for directive in sorted(policy.keys() | expected.keys()):
        wanted = expected.get(directive, frozenset())
        sent = policy.get(directive, frozenset())
        if directive == "style-src" and any(True for _ in page.all("style")):
            sent = frozenset(source for source in sent if not _NONCE.fullmatch(source))
        if directive not in policy and wanted:
            yield f"the content policy lacks {directive}"
            continue
        for source in sorted(sent - wanted - {"'none'"}):
            yield _said(f"{directive} allows {source}")
        if wanted - sent:
            yield f"{directive} lacks {_said(' '.join(sorted(wanted - sent)))}"


def _element(element: Element, expected: Inventory) -> Iterator[str]:
    if element.tag not in PASSIVE:
        yield _said(f"there is an element {element.tag}")
    for name, value in element.attributes:
        if name.startswith("on"):
            yield _said(f"an element {element.tag} has {name}")
        elif name in ("style", "srcdoc", "http-equiv", "formaction"):
            yield f"an element {element.tag} has {name}"
        if name in _ADDRESSES and (where := _leads_elsewhere(element, name, value, expected)):
            yield _said(f"an element {element.tag} leads to {where}")
    if element.tag in ("input", "select", "textarea"):
        yield from _field(element, expected)
    if element.tag == "link":
        yield from _link(element, expected)
    if element.tag == "meta":
        yield from _meta(element)


def _leads_elsewhere(element: Element, name: str, value: str, expected: Inventory) -> str:
    """The host or scheme an address leads to, where that is not our own; "" where it may lead there."""
    if value == expected.outside_script and (element.tag, name) == ("link", "href"):
        return ""
    address = read_address(value)
    if element.tag == "a" and address.scheme in ("tel", "mailto") and not address.host:
        return ""
    if address.scheme == "data" and ((element.tag, element.get("rel")) == ("link", "icon") or element.tag == "img"):
        return "" if value.lower().startswith("data:image/") else "data"
    if not address.scheme and not address.host:
        return ""
    if f"{address.scheme}://{address.host}" == expected.origin.lower():
        return ""
    return address.host or f"{address.scheme}:"


def _field(element: Element, expected: Inventory) -> Iterator[str]:
    name = element.get("name") or ""
    described = " ".join(value for key, value in element.attributes if key != "value")
    if name not in expected.fields or _CARD.search(described):
        yield _said(f"there is a field {name or element.get('id') or 'without a name'}")


def _link(element: Element, expected: Inventory) -> Iterator[str]:
    rel, href, as_ = (element.get("rel") or "").lower(), element.get("href") or "", element.get("as")
    name = _static_name(href, expected)
    fits = (
        rel == "icon"
        or (rel == "stylesheet" and name == STYLESHEET)
        or (rel == "preload" and as_ == "font" and name.startswith("fonts/"))
        or (rel == "preload" and as_ == "script" and href == expected.outside_script != "")
    )
    if not fits:
        yield _said(f"there is a link {rel}")


def _meta(element: Element) -> Iterator[str]:
    name = element.get("name")
    if element.names - {"name", "content", "charset"} or (name is not None and name not in _META):
        yield _said(f"there is a meta element {name or ''}".strip())
    elif name == "referrer" and element.get("content") != "no-referrer":
        yield "the meta element referrer is another"


def _scripts(page: Page, expected: Inventory) -> Iterator[str]:
    names = []
    for element in page.all("script"):
        src = element.get("src")
        if src is None or element.text.strip():
            yield "there is a script in the page itself"
            continue
        address, name = read_address(src), _static_name(src, expected)
        if name in expected.scripts and element.names <= {"src", "defer"}:
            names.append(name)
        else:
            yield _said(f"there is a script {name or address.host or address.scheme or 'of our host'}")
    for name in sorted(expected.scripts - set(names)):
        yield f"{name} is missing"
    if len(names) != len(set(names)):
        yield "a script is there twice"


def _styles(page: Page, policy: Policy | None) -> Iterator[str]:
    given = {match[1] for source in (policy or {}).get("style-src", ()) if (match := _NONCE.fullmatch(source))}
    styles = list(page.all("style"))
    if len(styles) > 1 or any(not _COLOURS.fullmatch(style.text.strip()) for style in styles):
        yield "there is a style that is not the shop's colours"
    if {style.get("nonce") for style in styles} != given:
        yield "the nonce of the style is not that of the content policy"


def _forms(page: Page, expected: Inventory) -> Iterator[str]:
    forms = list(page.all("form"))
    if len(forms) != 1:
        yield f"there are {len(forms)} forms"
    for form in forms:
        if form.get("action") != expected.path or (form.get("method") or "").lower() != "post":
            yield "the form leads elsewhere"
    for name, wanted in (("data-script", expected.outside_script), ("data-key", expected.publishable_key)):
        found = {element.get(name) for element in page.elements} - {None}
        if found != ({wanted} if expected.outside_script else set()):
            yield f"the page loads {'another script' if name == 'data-script' else 'the card form of another account'}"


def _static_name(src: str, expected: Inventory) -> str:
    """The name of one of our static files without the hash it is served under; "" for any other address."""
    if not src.startswith(expected.static_url):
        return ""
    return _HASHED.sub("", src.removeprefix(expected.static_url))


def _squeezed(value: str) -> str:
    return re.sub(r"\s+", "", value).lower()


def _said(words: str) -> str:
    """What somebody else wrote, short and without anything that could be more than a name."""
    return _UNSAFE.sub("?", words)[:80]
