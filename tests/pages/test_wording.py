"""The words of pages, letters and refusals (U16, ux.md 2)."""

import ast
import html
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from balancedue.rules.declines import REASONS, payer_sentence
from tests.pages.world import World

PRODUCT = Path(__file__).resolve().parents[2] / "src" / "balancedue"
TEMPLATES = sorted(
    path
    for path in PRODUCT.glob("**/*")
    if path.suffix in (".html", ".typ") and path.is_file() and "styleguide" not in path.parts
)
SOURCES = sorted(path for path in PRODUCT.glob("**/*.py") if not {"migrations", "sandbox"} & set(path.parts))
BANNED = re.compile(
    r"\b(oops|whoops|successful(ly)?|invalid|error occurred|went wrong|please try again( later)?|uh-oh|sorry|click here"
    r"|e-mail|cancelled by user|unable to|failed to)\b|\w!(\s|$)",
    re.IGNORECASE,
)
# What each sentence about a payment that did not happen answers first: was money taken? (ux.md 0.6)
MONEY = re.compile(
    r"No money was taken|Nothing was charged|Money may have been taken|You do not owe anything|There is nothing to pay"
    r"|You will not be charged twice|You do not need to pay again|before you pay again|do not pay twice|Nothing is owed"
    r"|you will not be charged twice|is on its way|needs JavaScript",
)
FAILED = (
    "pay-tired", "pay-already-paid", "pay-already-paid-by-hand", "pay-in-progress", "pay-off", "pay-below-minimum",
    "pay-cancelled", "pay-nothing", "pay-declined-before", "pay-no-script", "attempt-waiting", "attempt-declined",
    "attempt-cancelled", "attempt-put-aside", "attempt-unknown", "attempt-checking", "attempt-long", "back",
)  # fmt: skip
UNSEEN = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->|<!doctype[^>]*>", re.DOTALL)
FOR_PROGRAMMERS = ("ValueError", "TypeError", "KeyError", "RuntimeError", "LookupError")
CUSTOMERS = [path for path in TEMPLATES if "customer" in path.parts]


def words_of(source: str) -> list[str]:
    """What a template shows: text, and attributes that people see or hear; tags taken out of both."""
    source = UNSEEN.sub(" ", source)
    said = re.findall(r"\{% translate \"([^\"]+)\"", source)
    said += re.findall(r"(?:words|reason|title|label|about|hint)=\"([^\"{]+)\"", source)
    source = re.sub(r"\{% (blocktranslate|endblocktranslate)[^%]*%\}", "", source)
    said += re.findall(r"(?:aria-label|title|placeholder|alt|data-[a-z-]+)=\"([^\"{]*\s[^\"]*)\"", source)
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", source, flags=re.S)
    text = re.sub(r"<[^<>]*>|\{\{.*?\}\}|\{%.*?%\}", "\n", text, flags=re.S)
    return [html.unescape(re.sub(r"\s+", " ", line)).strip() for line in [*said, *text.split("\n")] if line.strip()]


def sentences_of(path: Path) -> Iterator[str]:
    """Every string of a source file that reads like words for people: not docstrings, not codes, not log lines."""
    tree = ast.parse(path.read_text())
    skipped = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            skipped.add(id(body[0].value))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring of a constant
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_log(node.func):
            skipped |= {id(argument) for argument in node.args}
        if isinstance(node, ast.Raise) and node.exc is not None and _is_ours_alone(node.exc):
            skipped |= {id(part) for part in ast.walk(node.exc)}
    for node in ast.walk(tree):
        said = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else None
        if isinstance(said, str) and " " in said and said[:1].isupper():
            yield said


def _is_log(func: ast.Attribute) -> bool:
    return isinstance(func.value, ast.Name) and func.value.id in ("log", "logger", "logging")


def _is_ours_alone(raised: ast.expr) -> bool:
    """An error for programmers: no person ever reads it on a page."""
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id in FOR_PROGRAMMERS


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PRODUCT)))
def test_templates_use_no_banned_words(path: Path) -> None:
    """U16: pages, letters and printed papers."""
    assert [words for words in words_of(path.read_text()) if BANNED.search(words)] == []


def test_refusals_and_other_sentences_use_no_banned_words() -> None:
    """U16, M8: whatever the rooms say to people."""
    all_said = [(str(path.relative_to(PRODUCT)), said) for path in SOURCES for said in sentences_of(path)]
    assert [(path, said) for path, said in all_said if BANNED.search(said)] == []


def test_the_linter_finds_what_it_looks_for() -> None:
    """It reads text, attributes and translated sentences, and no code."""
    read = words_of('{% translate "Oops" %}<a title="Try it, sorry">{{ x|default:"no words" }}<b>Hello!</b>')
    assert set(read) == {"Oops", "Try it, sorry", "Hello!"}
    assert all(map(BANNED.search, ("Saved successfully", "Invalid email", "Done!", "Oops", "An error occurred")))
    assert not any(map(BANNED.search, ("Enter a date like 2026-11-22", "a != b", "Paid. Thank you, Dana")))


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_decline_says_where_the_money_is(code: str) -> None:
    """U16, ux.md 0.6."""
    assert MONEY.search(payer_sentence(code))


def test_the_payment_page_says_where_the_money_is_whatever_its_script_finds() -> None:
    """U16: words that stand ready in the page for a lost connection, a closed wallet, a changed balance."""
    page = (PRODUCT / "templates" / "customer" / "pay.html").read_text()
    ready = re.findall(r'data-(?:not-sent|lost|not-finished)="\{% translate "([^"]+)"', page)
    assert len(ready) == 3
    assert [words for words in ready if not MONEY.search(words)] == []
    assert "Nothing was charged." in page


@pytest.mark.pages
@pytest.mark.parametrize("name", FAILED)
def test_a_page_that_cannot_take_money_says_where_it_is(world: World, name: str) -> None:
    """U16, M10: on the page itself, without a script."""
    assert name not in world.wrong, world.wrong[name]
    with urllib.request.urlopen(world.url + world.paths[name], timeout=30) as answer:
        page = answer.read().decode()
    main = re.sub(r"<template.*?</template>|<form.*?</form>", "", page[page.index("<main") :], flags=re.S)
    assert MONEY.search(html.unescape(re.sub(r"<[^>]+>", "", main)))


def test_customers_are_spoken_to_in_plain_words() -> None:
    """U16: Flesch-Kincaid grade of all sentences on the customer's pages and in the declines, at most 8."""
    said = [words for path in CUSTOMERS for words in words_of(path.read_text()) if words.endswith(".") and " " in words]
    said += [reason.payer for reason in REASONS.values()]
    text = " ".join(re.sub(r"%\(\w+\)s|\{\{[^}]*\}\}", "Foxglove", words) for words in said)
    assert grade(text) <= 8


def grade(text: str) -> float:
    """Flesch-Kincaid: US school years needed. Syllables are counted as groups of vowels, a silent e left out."""
    sentences = [part for part in re.split(r"[.?:]\s", text + " ") if part.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
