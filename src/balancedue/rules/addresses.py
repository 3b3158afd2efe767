"""E-mail addresses as people type them: every one read, or the bad ones named; none silently dropped (M8, 3.44, H4)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import idna
from email_validator import EmailNotValidError, validate_email

from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_ADDRESSES_TEXT, MAX_EMAIL

_LABELS = {"to": "To", "cc": "CC", "notify": "Notify"}
_SPACE = " \t\u00a0\u2009\u202f\u3000"
_LINES = "\r\n"
_IN_ANGLES = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_QUOTED = re.compile(r'"[^"]*"')

# One bad address, several bad addresses.
_NO_AT = ("needs an @ and a domain, like name@school.org", "need an @ and a domain, like name@school.org")
_NO_NAME = ("needs a name before the @", "need a name before the @")
_NO_DOMAIN = ("needs a domain like school.org", "need a domain like school.org")
_TWO_AT = ("has more than one @", "have more than one @")
_TOO_LONG = (f"is longer than {MAX_EMAIL} characters", f"are longer than {MAX_EMAIL} characters")
_HIDDEN = ("has a hidden character, type it again", "have hidden characters, type them again")
_LETTERS = ("can only have letters from a to z before the @", "can only have letters from a to z before the @")
_NO_MAIL = ("is at a domain that takes no mail", "are at domains that take no mail")
_OTHER = ("is not an email address like name@school.org", "are not email addresses like name@school.org")

_MAILLESS = frozenset({"invalid", "local", "localhost", "onion"})  # RFC 2606, 6761, 6762, 7686

_Reason = tuple[str, str]


def read_addresses(given: str | Sequence[str], *, field: str, at_most: int, at_least: int = 0) -> list[str]:
    """The addresses in what was typed or sent, in order, each once whatever its capitals.

    A text may part them by commas, semicolons, spaces or lines; names as in `"Whitlock, Dana" <dana@school.org>` are
    understood and left out. Items of a sequence are read alike, but hold no line breaks. The domain comes back in small
    ASCII letters (`shown` turns it round). Raises Refused `invalid` with `field` and `bad`, and names every bad one.
    """
    texts = [given] if isinstance(given, str) else list(given)
    if sum(map(len, texts)) > MAX_ADDRESSES_TEXT:
        raise Refused("invalid", _too_many(field, at_most), field=field)
    found: dict[str, str] = {}
    bad: dict[str, _Reason] = {}
    for candidate in _candidates(texts, several_lines=isinstance(given, str)):
        reason, address = _judged(candidate)
        if reason:
            bad[_printable(candidate)] = reason
        else:
            found.setdefault(address.casefold(), address)
    if bad:
        raise Refused("invalid", _named(bad), field=field, bad=list(bad))
    if len(found) < at_least:
        raise Refused("invalid", _too_few(field, at_least), field=field)
    if len(found) > at_most:
        raise Refused("invalid", _too_many(field, at_most), field=field)
    return list(found.values())


def read_address(given: str, *, field: str) -> str:
    """Exactly one address; Refused `invalid` otherwise."""
    return read_addresses(given, field=field, at_most=1, at_least=1)[0]


def shown(address: str) -> str:
    """The address with its domain in its own script: for pages only, never for a header."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address


def likely_typo(address: str) -> str | None:
    """The domain probably meant, when this one is one slip away from a very common one: a warning, not a refusal."""
    domain = address.rpartition("@")[2].lower()
    if not domain or domain in _COMMON or domain in _REAL_NEIGHBOURS:
        return None
    for common in _COMMON:
        if _one_slip(domain, common):
            return common
    stem, _, ending = domain.rpartition(".")
    return f"{stem}.com" if stem and ending in _NOT_COM else None


_COMMON = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "hotmail.co.uk",
    "outlook.com",
    "yahoo.com",
    "yahoo.co.uk",
    "icloud.com",
    "protonmail.com",
    "comcast.net",
    "verizon.net",
    "btinternet.com",
)
_REAL_NEIGHBOURS = frozenset({"mail.com", "email.com", "ymail.com", "fmail.com"})
_NOT_COM = frozenset({"con", "cmo", "ocm", "vom", "xom", "cpm", "comm", "coom", "ccom", "cim"})  # no such endings


def _candidates(texts: Iterable[str], *, several_lines: bool) -> Iterable[str]:
    for text in texts:
        for chunk in _chunks(text, ",;" + (_LINES if several_lines else "")):
            yield from _in_chunk(chunk)


def _chunks(text: str, separators: str) -> list[str]:
    """Cut at separators that stand outside double quotes and angle brackets."""
    chunks, start, quoted, angled = [], 0, False, False
    for index, sign in enumerate(text):
        if sign == '"' and not angled:
            quoted = not quoted
        elif not quoted and sign in "<>":
            angled = sign == "<"
        elif not quoted and not angled and sign in separators:
            chunks.append(text[start:index])
            start = index + 1
    chunks.append(text[start:])
    return chunks


def _in_chunk(chunk: str) -> Iterable[str]:
    """Addresses in angle brackets, and every other word; words of a name before a bracket are left out."""
    rest = 0
    for match in _IN_ANGLES.finditer(chunk):
        name = _QUOTED.sub(" ", match["name"])
        yield from (word for word in _words(name) if "@" in word or '"' in word or _hidden(word))
        yield match["address"].strip(_SPACE) or chunk.strip(_SPACE)
        rest = match.end()
    yield from _words(chunk[rest:])


def _words(text: str) -> list[str]:
    return [word for word in re.split(f"[{_SPACE}]+", text) if word]


def _judged(candidate: str) -> tuple[_Reason | None, str]:
    """Why it is no address, or None; and the address as we keep it."""
    text = candidate[7:] if candidate[:7].lower() == "mailto:" else candidate
    reason = _plain_fault(text)
    if reason:
        return reason, ""
    try:
        valid = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            test_environment=True,
            strict=True,
        )
    except EmailNotValidError:
        return _OTHER, ""
    domain = valid.ascii_domain.lower()
    if "." not in domain or not re.search("[a-z]", domain.rpartition(".")[2]):
        return _NO_DOMAIN, ""
    address = f"{valid.local_part}@{domain}"
    return (_TOO_LONG, "") if len(address) > MAX_EMAIL else (None, address)


def _plain_fault(text: str) -> _Reason | None:
    """The faults that have words of their own."""
    local, at, domain = text.rpartition("@")
    faults = (
        (_hidden(text), _HIDDEN),
        (len(text) > MAX_EMAIL, _TOO_LONG),
        (not at, _NO_AT),
        ("@" in local, _TWO_AT),
        (not local, _NO_NAME),
        (not local.isascii(), _LETTERS),
        ("=?" in local, _OTHER),  # an encoded word: a header would say something else than we read
        (domain.lower().rpartition(".")[2] in _MAILLESS and "." in domain, _NO_MAIL),
        ("." not in domain and not re.search("[\u3002\uff0e\uff61]", domain), _NO_DOMAIN),
    )
    return next((reason for is_so, reason in faults if is_so), None)


def _hidden(text: str) -> bool:
    """Whether it holds what could break a header or fool a reader: controls, line ends, marks without a width."""
    return any(unicodedata.category(sign) in _UNSEEN for sign in text)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _printable(text: str) -> str:
    seen = "".join("\ufffd" if unicodedata.category(sign) in _UNSEEN else sign for sign in text)
    return seen if len(seen) <= 60 else f"{seen[:59]}…"


def _named(bad: dict[str, _Reason]) -> str:
    """One sentence with every bad address in it: "dana@riverside and joe@x need a domain like school.org"."""
    by_reason: dict[_Reason, list[str]] = {}
    for candidate, reason in bad.items():
        by_reason.setdefault(reason, []).append(candidate)
    return "; ".join(f"{_listed(texts)} {reason[len(texts) > 1]}" for reason, texts in by_reason.items())


def _listed(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _too_few(field: str, at_least: int) -> str:
    where = f" in {_LABELS[field]}" if field in _LABELS else ""
    if at_least == 1 and not where:
        return "Enter an email address like name@example.com"
    return f"Enter at least {'one email address' if at_least == 1 else f'{at_least} email addresses'}{where}"


def _too_many(field: str, at_most: int) -> str:
    where = f" in {_LABELS[field]}" if field in _LABELS else ""
    return f"Enter {'only one email address' if at_most == 1 else f'at most {at_most} email addresses'}{where}"


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was added, left out or changed, or two neighbours swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    same = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    a, b = typed[same:], meant[same:]
    swapped = len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
