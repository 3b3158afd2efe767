"""The design system: what it weighs, what can be read, what its tags make of data."""

import gzip
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client

from balancedue.rules.brand import contrast
from balancedue.rules.money import Money
from balancedue.web.styleguide import PAGES

STATIC = Path(__file__).resolve().parents[2] / "src" / "balancedue" / "static"
CSS = "".join((STATIC / "css" / f"{name}.css").read_text() for name in ("balancedue", "staff"))
NOW = datetime(2026, 11, 22, 23, 2, tzinfo=UTC)

WORDS = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "sunken"), ("ink-2", "paper"), ("ink-2", "surface"),
    ("ink-2", "sunken"),
    ("ink-3", "paper"), ("ink-3", "surface"), ("ink-3", "sunken"), ("accent", "paper"), ("accent", "surface"),
    ("accent", "accent-wash"), ("on-accent", "accent"), ("on-accent", "accent-hover"), ("pos", "pos-wash"),
    ("warn", "warn-wash"), ("crit", "crit-wash"), ("crit", "surface"), ("on-crit", "crit"), ("paper", "ink"),
    ("ink", "accent-wash"), ("ink", "pos-wash"), ("ink", "warn-wash"), ("ink", "crit-wash"), ("accent", "warn-wash"),
]  # fmt: skip
EDGES = [("control", "paper"), ("control", "surface"), ("control", "sunken"), ("accent", "paper"), ("crit", "surface")]


def tokens() -> dict[str, tuple[str, str]]:
    """Each colour token as its light and its dark value."""
    pairs = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9A-F]{6}),(#[0-9A-F]{6})\)", CSS)
    return {name: (light, dark) for name, light, dark in pairs}


def drawn(source: str, **context: object) -> str:
    """A template of ours, rendered."""
    return Template("{% load balancedue %}" + source).render(Context({"now": NOW, **context})).strip()


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_in_use_can_be_read(mode: int) -> None:
    """U17."""
    known = tokens()
    weak = [(a, b) for a, b in WORDS if contrast(known[a][mode], known[b][mode]) < 4.5]
    weak += [(a, b) for a, b in EDGES if contrast(known[a][mode], known[b][mode]) < 3]
    assert weak == []


def zipped(*files: Path) -> int:
    """Bytes on the wire, each file gzipped."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_a_staff_page_stays_light() -> None:
    """U10."""
    htmx = finders.find("django_htmx/htmx-2.min.js")
    assert isinstance(htmx, str)
    assert zipped(STATIC / "css/balancedue.css", STATIC / "css/staff.css") <= 10 * 1024
    assert zipped(Path(htmx), STATIC / "js/staff.js") <= 20 * 1024


def test_a_customer_page_leaves_room_for_the_invoice() -> None:
    """U8: 45 KB in all; the page itself is a few."""
    font = (STATIC / "fonts/inter-latin.woff2").stat().st_size
    assert font + zipped(STATIC / "css/balancedue.css", STATIC / "js/customer.js") <= 36 * 1024


@pytest.mark.parametrize("page", PAGES)
def test_the_style_guide_obeys_the_content_policy(client: Client, page: str) -> None:
    """No style attribute, no inline handler or script; the shop's colour by nonce only."""
    answer = client.get("/styleguide/" if page == "index" else f"/styleguide/{page}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    for nonce in re.findall(r'<style nonce="([^"]+)">', html):
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_no_id_stands_twice(client: Client, page: str) -> None:
    """Labels and descriptions find their one element."""
    html = client.get("/styleguide/" if page == "index" else f"/styleguide/{page}/").content.decode()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))


def test_money_is_isolated_and_has_a_true_minus() -> None:
    """ux.md 2, numbers."""
    assert drawn("{% money due %}", due=Money(-50000, "USD"), locale="en-US") == "<bdi>−$500.00</bdi>"
    assert (
        drawn("{{ due|money:locale }}", due=Money(1105, "JPY"), locale="de-DE") == "<bdi>1.105\N{NO-BREAK SPACE}¥</bdi>"
    )


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), "20 seconds ago"),
        (timedelta(minutes=4), "4 minutes ago"),
        (timedelta(hours=5), "10:02"),
        (timedelta(days=4), "Nov 18"),
        (timedelta(days=400), "Oct 18, 2025"),
    ],
)
def test_a_moment_is_told_as_near_as_it_is(age: timedelta, words: str) -> None:
    """The title has the full local time with its zone."""
    html = drawn("{% moment at %}", at=NOW - age, time_zone="America/Los_Angeles")
    assert words in html.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert re.search(r'title="[^"]+P[SD]T"', html)


def test_a_date_is_a_time_element_and_none_is_nothing() -> None:
    """Dates by locale."""
    assert drawn("{% day on %}", on=date(2026, 11, 22)) == '<time datetime="2026-11-22">Nov 22, 2026</time>'
    assert drawn("{% day on %}{% moment on %}{% full_moment on %}", on=None) == ""


class Sample(forms.Form):
    to = forms.EmailField(label="To", help_text="Contact: Dana")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)


def test_a_field_says_what_is_wrong_and_keeps_what_was_typed() -> None:
    """ux.md 2, forms: hint and error are tied to the control."""
    html = drawn("{% field form.to %}", form=Sample({"to": '<b>"dana'}))
    assert 'aria-describedby="id_to_hint id_to_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_to_error"' in html
    assert "&lt;b&gt;&quot;dana" in html
    assert "<b>" not in html


def test_only_what_may_be_left_out_is_marked() -> None:
    """ux.md 2: "(optional)" rather than asterisks."""
    assert "(optional)" not in drawn("{% field form.to %}", form=Sample())
    assert "(optional)" in drawn("{% field form.note %}", form=Sample())


def test_the_summary_repeats_each_problem_as_a_link() -> None:
    """ux.md 2: the same words, linked to the field."""
    form = Sample({"to": ""})
    form.add_error(None, "The balance changed.")
    html = drawn("{% error_summary form %}", form=form)
    assert "There is a problem" in html
    assert '<a href="#id_to">This field is required.</a>' in html
    assert "<li>The balance changed.</li>" in html
    assert drawn("{% error_summary form %}", form=Sample()) == ""


def test_what_people_typed_never_becomes_markup() -> None:
    """Titles, notes, tags and dialogs escape what they are given."""
    evil = '"><script>x</script>'
    html = drawn(
        "{% card title=evil %}{{ evil }}{% endcard %}{% note 'warn' %}{{ evil }}{% endnote %}{% tag evil %}"
        "{% dialog id='d' title=evil about=evil %}{{ evil }}{% enddialog %}{{ evil|bdi }}",
        evil=evil,
    )
    assert "<script>" not in html


def test_a_theme_is_one_of_ours(client: Client) -> None:
    """A cookie of anyone's making cannot write into the page."""
    client.cookies["theme"] = "dark"
    assert b'data-theme="dark"' in client.get("/styleguide/").content
    client.cookies["theme"] = "x onload=1"
    assert b'<html lang="en-US" dir="ltr">' in client.get("/styleguide/").content


def test_the_page_turns_with_its_language(client: Client) -> None:
    """ux.md 2, direction."""
    assert b'<html lang="ar" dir="rtl">' in client.get("/styleguide/?locale=ar").content
