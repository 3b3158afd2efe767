"""Pieces of the sandbox's own page: tables, buttons, text. Whatever is text is escaped here."""

import html
import time
from collections.abc import Mapping, Sequence
from typing import Any

from balancedue.sandbox.currencies import as_text

_TONES = {
    **dict.fromkeys(("succeeded", "delivered", "enabled", "paid", "won", "complete"), "pos"),
    **dict.fromkeys(("failed", "given up", "lost"), "crit"),
    **dict.fromkeys(
        (
            "processing",
            "pending",
            "requires_action",
            "waiting",
            "needs_response",
            "under_review",
            "warning_needs_response",
            "warning_under_review",
            "in_transit",
        ),
        "warn",
    ),
}


def section(id: str, title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], note: str = "") -> str:
    """A card with a table; cells are markup."""
    if not rows:
        return f'<section class="card"><h2 id="{id}">{title}</h2>{note}<p>None yet.</p></section>'
    head = "".join(f'<th scope="col">{one}</th>' if one else "<td></td>" for one in heads)
    return (
        f'<section class="card"><h2 id="{id}">{title}</h2>{note}<div class="scroll" role="region" tabindex="0" '
        f'aria-labelledby="{id}"><table><thead><tr>{head}</tr></thead><tbody>{body(rows)}</tbody></table></div></section>'
    )


def body(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of a table."""
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows)


def select(name: str, label: str, options: Mapping[Any, str], chosen: str, id: str = "") -> str:
    """A labelled choice; `options` are words by value."""
    return labelled(name, label, choices(options, chosen), id)


def labelled(name: str, label: str, markup: str, id: str = "") -> str:
    """The same, with the options as markup."""
    id = id or name
    return f'<p><label for="{id}">{label}</label><select id="{id}" name="{name}">{markup}</select></p>'


def choices(options: Mapping[Any, str], chosen: str = "") -> str:
    """Options of a choice."""
    return "".join(
        f'<option value="{html.escape(str(value))}"{" selected" if value == chosen else ""}>'
        f"{html.escape(words)}</option>"
        for value, words in options.items()
    )


def number(id: str, name: str, label: str, value: str = "", mode: str = "numeric") -> str:
    """A labelled short field."""
    return (
        f'<p><label for="{id}">{label}</label><input id="{id}" class="short" name="{name}" inputmode="{mode}" '
        f'autocomplete="off" value="{html.escape(value)}"></p>'
    )


def button(path: str, words: str, name: str = "", **values: Any) -> str:
    """A form of one button that posts `values`; `name` is for those who cannot see which row it is in."""
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(field)}" value="{html.escape(str(value))}">'
        for field, value in values.items()
    )
    label = f' aria-label="{html.escape(name)}"' if name else ""
    return (
        f'<form method="post" action="/_sandbox/{path}">{hidden}'
        f'<button class="quiet"{label}>{html.escape(words)}</button></form>'
    )


def money(body: Mapping[str, Any], name: str = "amount") -> str:
    """A sum of an object."""
    return f'<bdi class="money">{as_text(int(body[name]), str(body["currency"]))}</bdi>'


def tag(word: str) -> str:
    """A status."""
    return f'<span class="tag {_TONES.get(word, "")}">{text(word.replace("_", " "))}</span>'


def code(words: str) -> str:
    """An id, an address, a key."""
    return f"<code>{html.escape(words)}</code>"


def text(words: str) -> str:
    """Words from outside."""
    return f"<bdi>{html.escape(words)}</bdi>"


def when(moment: int) -> str:
    """A Unix time, in UTC."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    return f'<time datetime="{stamp}">{stamp[:10]} {stamp[11:19]} UTC</time>'
