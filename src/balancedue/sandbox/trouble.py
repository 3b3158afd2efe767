"""The part of the page where trouble is made: the switch for all, and the plan for single operations."""

from typing import Any

from balancedue.sandbox.faults import Faults, Mode, Webhooks
from balancedue.sandbox.markup import button, choices, code, labelled, number, section, select, text
from balancedue.sandbox.plan import FOR_REQUESTS, FOR_WEBHOOKS, Fault

_WORDS = {
    Fault.TIMEOUT_BEFORE: "No answer, nothing done",
    Fault.TIMEOUT_AFTER: "No answer, but all done",
    Fault.RESET: "Connection closed, nothing done",
    Fault.RESET_AFTER: "Connection closed, but all done",
    Fault.ERROR: "Error, nothing done",
    Fault.ERROR_AFTER: "Error, but all done",
    Fault.SLOW: "Slow",
    Fault.DRIP: "A few bytes at a time",
    Fault.WRONG_AMOUNT: "Wrong amount in the answer",
    Fault.WRONG_CURRENCY: "Wrong currency in the answer",
    Fault.LOST: "Lost",
    Fault.DELAYED: "Late",
    Fault.REPEATED: "Sent several times",
    Fault.REORDERED: "In reverse order",
    Fault.BADLY_SIGNED: "Signed with another secret",
}
_REQUESTS = {
    "POST /v1/payment_intents": "Start a payment",
    "POST /v1/payment_intents/{id}/confirm": "Charge the card",
    "GET /v1/payment_intents/{id}": "Look a payment up",
    "GET /v1/payment_intents": "List payments",
    "POST /v1/payment_intents/{id}/cancel": "Cancel a payment",
    "POST /v1/refunds": "Refund",
    "GET /v1/refunds/{id}": "Look a refund up",
    "GET /v1/disputes/{id}": "Look a dispute up",
    "GET /v1/events": "List events",
    "POST /v1/checkout/sessions": "Start a Checkout page",
    "GET /v1/account": "Check connection",
    "* /v1/*": "Every call",
    "GET /*stripe.js": "The script",
    "GET /elements/payment": "The card form",
}
_EVENTS = (
    "",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "refund.*",
    "charge.dispute.*",
    "checkout.session.*",
    "payout.*",
)
_STATUSES = ("500", "502", "503", "429", "402", "400", "404", "409")
_READY: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "The next answer to a started payment is lost",
        {"operation": "POST /v1/payment_intents", "fault": "timeout_after", "times": 1, "seconds": 15},
    ),
    (
        "The next answer to a refund is lost",
        {"operation": "POST /v1/refunds", "fault": "timeout_after", "times": 1, "seconds": 15},
    ),
    ("One call in five fails", {"operation": "* /v1/*", "fault": "error", "probability": 0.2, "seed": 7}),
    ("Too many requests", {"operation": "* /v1/*", "fault": "error", "status": 429, "retry_after": 2, "times": 5}),
    ("Webhooks are lost", {"operation": "webhook", "fault": "lost"}),
    ("Webhooks come three times", {"operation": "webhook", "fault": "repeated", "count": 3}),
    ("Webhooks come in reverse", {"operation": "webhook", "fault": "reordered", "seconds": 2}),
)


def switch(faults: Faults) -> str:
    """Everything at once."""
    state = faults.state
    modes = {
        Mode.NONE: "Answered",
        Mode.DOWN: "Down: every answer is 503",
        Mode.RESET: "Connection closed without an answer",
        Mode.SLOW: "Slow",
    }
    hooks = {Webhooks.ON: "Sent", Webhooks.OFF: "Held back", Webhooks.TWICE: "Sent twice"}
    return (
        '<section class="card"><h2 id="trouble">Trouble</h2><form method="post" action="/_sandbox/faults">'
        + select("mode", "Requests", modes, state.mode)
        + number("seconds", "seconds", "Seconds when slow", f"{state.seconds:g}", "decimal")
        + select("webhooks", "Webhooks", hooks, state.webhooks)
        + "<button>Set</button></form></section>"
    )


def plan(faults: Faults) -> str:
    """Rules for single operations: those in force, ready-made ones, and a form for any other."""
    rules = faults.plan.shown()
    rows = [_row(place, rule) for place, rule in enumerate(rules)]
    heads = ("Operation", "Fault", "How often", "Chances", "Struck", "")
    note = "<p>Rules for single operations. The first that fits and has not run out is taken.</p>"
    held = section("plan", "Fault plan", heads, rows, note).removesuffix("</section>")
    ready = "".join(
        button("faults", words, **{f"add[{name}]": value for name, value in rule.items()}) for words, rule in _READY
    )
    empty = button("faults", "Empty the plan", plan="") if rules else ""
    buttons = f'<div class="buttons">{ready}{empty}</div>'
    return f"{held}<h3>Add a ready-made rule</h3>{buttons}<h3>Add a rule</h3>{_form()}</section>"


def _form() -> str:
    events = {f"webhook {one}".strip(): one or "every event" for one in _EVENTS}
    operations = _group("Requests", _REQUESTS) + _group("Webhooks of", events)
    faults = _group("Of requests", {one.value: _WORDS[one] for one in FOR_REQUESTS})
    faults += _group("Of webhooks", {one.value: _WORDS[one] for one in FOR_WEBHOOKS})
    return (
        '<form method="post" action="/_sandbox/faults">'
        + labelled("add[operation]", "Operation", operations, "rule-operation")
        + labelled("add[fault]", "Fault", faults, "rule-fault")
        + number("rule-times", "add[times]", "Times (empty: always)")
        + number("rule-probability", "add[probability]", "Probability (0 to 1)", "1", "decimal")
        + number("rule-seed", "add[seed]", "Seed", "0")
        + number("rule-seconds", "add[seconds]", "For how many seconds", "", "decimal")
        + select("add[status]", "Status of an error", {one: one for one in _STATUSES}, "500", "rule-status")
        + number("rule-retry", "add[retry_after]", "Retry-After of an error")
        + number("rule-count", "add[count]", "How many deliveries")
        + "<button>Add rule</button></form>"
    )


def _group(label: str, options: dict[str, str]) -> str:
    return f'<optgroup label="{label}">{choices(options)}</optgroup>'


def _row(place: int, rule: dict[str, Any]) -> tuple[str, ...]:
    fault = Fault(rule["fault"])
    details = {Fault.ERROR: "status", Fault.ERROR_AFTER: "status", Fault.REPEATED: "count"}
    timed = (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.SLOW, Fault.DRIP, Fault.DELAYED, Fault.REORDERED)
    detail = f"{rule['seconds']:g} s" if fault in timed else str(rule.get(details.get(fault, ""), ""))
    often = "always" if rule["times"] is None else f"{rule['times']} times"
    if rule["probability"] < 1:
        often += f", at {rule['probability']:g} by seed {rule['seed']}"
    remove = button("faults", "Remove", f"Remove rule {place + 1}", remove=place)
    return (
        code(rule["operation"]),
        text(f"{_WORDS[fault]} {detail}".strip()),
        often,
        str(rule["seen"]),
        str(rule["hits"]),
        remove,
    )
