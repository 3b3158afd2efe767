"""The letters we mail: what they say, and that they say it the same in HTML and text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from django.utils import translation

from balancedue.documents.letters import Letter, payment_notice_letter, receipt_letter
from balancedue.documents.letters.frame import typed_lines
from balancedue.documents.letters.wording import subject_line
from balancedue.rules.balance import Balance
from balancedue.rules.invoice import Party
from balancedue.rules.money import Money
from tests.documents.letters_sample import CARD, FAMILY, LINK, STAFF_LINK, request, sample_invoice
from tests.documents.samples import make_paid

BANNED = ["oops", "successfully", "invalid", "error occurred", "please try again later", "!"]
CUSTOMER = ["payment_request", "receipt", "paid_twice"]


class _Words(HTMLParser):
    """Visible words, links, and every tag of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(facts.get("href") or "")
        if tag in ("style", "script", "title"):
            self._hidden = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def read(letter: Letter) -> _Words:
    """The HTML part, parsed."""
    parser = _Words()
    parser.feed(letter.html)
    return parser


def words_of(letter: Letter) -> str:
    """What a person reads in the HTML part, on one line."""
    return " ".join("".join(read(letter).words).split())


@pytest.fixture(params=FAMILY)
def letter(request: pytest.FixtureRequest) -> Letter:
    """Each letter of the family."""
    return FAMILY[request.param](sample_invoice())


def test_the_request_says_what_is_due_for_what_from_whom() -> None:
    """S21, M1."""
    letter = request()
    assert letter.subject == "Invoice INV-2047 from Foxglove Print Co.: $1,105.28 due"
    for part in (letter.text, words_of(letter)):
        for fact in (
            "Balance due on order #2047",
            "$1,105.28",
            "$1,605.28",
            "−$500.00",
            "(503) 555-0142",
            "Nov 22, 2026",
        ):
            assert fact in part
    assert "Not expecting this? Call the shop on a number you know before you pay." in letter.text


def test_its_one_button_reads_view_invoice_and_every_link_goes_to_the_invoice() -> None:
    """S22, ux.md 7."""
    page = read(request())
    assert page.links == [LINK, LINK]  # the button, and the link in full
    assert request().html.count(">View Invoice</a>") == 1
    assert f"View and pay: {LINK}" in request().text


def test_the_message_stands_there_signed_with_its_line_breaks_and_without_markup() -> None:
    """S14, requirements.md 2.11."""
    letter = request()
    assert "Priya Nair writes:\nHi Dana,\n\nthe hoodies are on press Monday.\nCall me" in letter.text
    assert "Hi Dana,<br><br>the hoodies are on press Monday.<br>Call me if &lt;b&gt;anything&lt;/b&gt;" in letter.html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<a href=https://evil.example>View Invoice</a>",
        "{{ sheet.link }}{% include 'letter.html' %}",
        "</td></table></body><h1>Pay here</h1>",
        "<!--[if mso]><v:rect href='https://evil.example'><![endif]-->",
        "]]><!-- ",
        "</style><style>*{display:none}</style>",
        "https://evil.example/pay",
    ],
)
def test_nothing_a_person_types_becomes_markup_or_a_link(attack: str) -> None:
    """S14, S36, J1."""
    plain, invoice = read(request()), sample_invoice()
    nasty = replace(
        invoice,
        shop=replace(invoice.shop, party=replace(invoice.shop.party, name=f"Shop {attack}")),
        order_number=attack,
    )
    letter = request(message=attack, intro=attack, outro=attack, sender_name=attack, invoice=nasty)
    page = read(letter)
    assert [tag for tag in page.tags if tag != "br"] == [tag for tag in plain.tags if tag != "br"]
    assert page.links == plain.links
    assert letter.html.count("<script") == letter.html.count("</script") == 1
    assert letter.text.count(attack) >= 4


def test_without_a_message_nobody_writes() -> None:
    """S14: the message is optional."""
    letter = request(message=" \n ")
    assert "writes:" not in letter.text
    assert "writes:" not in words_of(letter)


def test_the_account_s_own_words_stand_around_the_message() -> None:
    """S36."""
    for part in (request().text, words_of(request())):
        places = [part.index(words) for words in ("Thank you for your order.", "Hi Dana", "We start printing once")]
        assert places == sorted(places)


def test_a_long_message_keeps_the_mail_small() -> None:
    """U20: two thousand characters of the kind that grow most."""
    for message in ("a\n\n" * 666, "&" * 2000, "語" * 2000):
        assert len(request(message=message).html.encode()) <= 20_000


def test_the_customer_never_sees_what_is_for_staff() -> None:
    """M9: no reference of a payment, no bank or tax matters, no address of anyone."""
    for kind in CUSTOMER:
        letter = FAMILY[kind](sample_invoice())
        for secret in ("SECRET-REF", "ord_", "@", "TE-110"):
            assert secret not in letter.text
            assert secret not in words_of(letter)


def test_the_payment_notice_says_who_paid_how_much_and_what_is_left() -> None:
    """S31."""
    letter = payment_notice_letter(make_paid(sample_invoice()), CARD, staff_link=STAFF_LINK)
    assert letter.subject == "Paid: $1,105.28 from Larkspur Robotics Club (#2047)"
    for fact in ("Larkspur Robotics Club", "Visa ending 4242", "Balance due now $0.00", STAFF_LINK):
        assert fact in letter.text
        assert fact.replace("now $", "now$") in words_of(letter) or fact in words_of(letter)
    assert "View order</a>" in letter.html


def test_a_payer_without_a_name_leaves_no_gap() -> None:
    """S31."""
    invoice = replace(make_paid(sample_invoice()), bill_to=Party())
    letter = payment_notice_letter(invoice, CARD, staff_link=STAFF_LINK)
    assert letter.subject == "Paid: $1,105.28 (#2047)"
    assert "From" not in letter.text


def test_the_receipt_names_amount_day_card_and_numbers() -> None:
    """Requirements 2.9."""
    letter = receipt_letter(make_paid(sample_invoice()), CARD, link=LINK)
    assert letter.subject == "Receipt: $1,105.28 paid to Foxglove Print Co."
    for fact in ("Nov 22, 2026", "Visa ending 4242", CARD.public_id, "INV-2047", "Balance due $0.00"):
        assert fact in letter.text


def test_the_receipt_says_what_stands_on_the_statement() -> None:
    """ux.md 3.9: where it is known."""
    known = replace(CARD, statement="FOXGLOVE* INV-2047")
    assert "On your statement FOXGLOVE* INV-2047" in receipt_letter(make_paid(sample_invoice()), known, link=LINK).text
    assert "statement" not in receipt_letter(make_paid(sample_invoice()), CARD, link=LINK).text


def test_a_payment_on_a_cancelled_order_is_told_plainly_to_payer_and_staff() -> None:
    """M7, requirements.md 3.25."""
    cancelled = replace(make_paid(sample_invoice()), status="cancelled")
    assert "This order was cancelled." in receipt_letter(cancelled, CARD, link=LINK).text
    assert "cancelled" in FAMILY["paid_after_cancellation"](sample_invoice()).text


def test_a_failed_delivery_names_the_address_and_the_reason() -> None:
    """H3, U14."""
    letter = FAMILY["not_delivered"](sample_invoice())
    assert "did not reach dana@larkspur.example: the mailbox does not exist." in letter.text
    assert "the mailbox does not exist" in words_of(letter)


def test_paid_twice_asks_nothing_of_the_payer() -> None:
    """Ux.md 4."""
    assert "You do not need to do anything." in FAMILY["paid_twice"](sample_invoice()).text


def test_a_try_for_oneself_says_so() -> None:
    """Ux.md 3.4: Send a test to me."""
    letter = request(only_a_try=True)
    assert letter.subject.startswith("Test: Invoice INV-2047")
    assert letter.text.startswith("Only you got this email")


def test_the_sandbox_says_that_no_money_moves(letter: Letter) -> None:
    """Ux.md 3.1."""
    assert "No money will move" not in letter.text
    for kind in FAMILY.keys() - {"alarm"}:
        tested = FAMILY[kind](sample_invoice(test_mode=True))
        assert tested.text.startswith("This is a test. No money will move.")
        assert "This is a test. No money will move." in words_of(tested)


def test_every_letter_is_small_and_loads_nothing(letter: Letter) -> None:
    """U20: no pixel, no picture, no outside host."""
    assert len(letter.html.encode()) <= 20_000
    page = read(letter)
    assert not {"img", "link", "iframe", "form", "input", "object", "video"} & set(page.tags)
    assert not re.search(r"url\(|@import|src=", letter.html)
    assert len(set(page.links)) == 1


def test_every_letter_has_the_frame(letter: Letter) -> None:
    """U20, ux.md 7."""
    for need in (
        '<meta name="color-scheme" content="light dark">',
        "prefers-color-scheme: dark",
        "max-width: 620px",
        'role="article"',
        "<v:roundrect",
        'lang="en',
        'dir="ltr"',
        "mso-hide: all",
    ):
        assert need in letter.html
    page = read(letter)
    assert page.tags.count("h1") == 1
    assert len(re.findall(r"<table", letter.html)) - letter.html.count('role="presentation"') == 1  # one real table


def test_every_subject_is_short_and_the_preheader_says_something_else(letter: Letter) -> None:
    """Ux.md 7."""
    assert len(letter.subject) <= 60
    found = re.search(r'class="preheader"[^>]*>([^<\u034f]+)', letter.html)
    assert found is not None
    assert 40 <= len(found[1]) <= 90
    assert found[1] != letter.subject


def test_no_letter_uses_words_we_do_not_use(letter: Letter) -> None:
    """U16."""
    said = f"{letter.subject} {letter.text} {words_of(letter)}".lower()
    assert [word for word in BANNED if word in said] == []


def test_a_long_shop_name_is_shortened_and_the_sum_is_not() -> None:
    """Ux.md 7."""
    invoice = sample_invoice()
    long = replace(
        invoice, shop=replace(invoice.shop, party=Party(name="The Very Long Name of a Printing Company " * 3))
    )
    subject = request(invoice=long).subject
    assert len(subject) <= 60
    assert subject.startswith("Invoice INV-2047 from The")
    assert subject.endswith("…: $1,105.28 due")


def test_a_line_break_in_a_name_does_not_reach_the_subject() -> None:
    """H4."""
    assert subject_line("Paid: %(name)s", name="Dana\r\nBcc: x@y.example") == "Paid: Dana Bcc: x@y.example"


@pytest.mark.parametrize(
    ("currency", "locale", "minor", "shown"),
    [
        ("JPY", "ja-JP", 110528, "￥110,528"),
        ("KWD", "en-KW", 1105280, "1,105.280"),
        ("USD", "de-DE", 110528, "1.105,28"),
    ],
)
def test_sums_follow_the_customer_s_locale(currency: str, locale: str, minor: int, shown: str) -> None:
    """M1, requirements.md 3.4."""
    balance = Balance(Money(minor, currency), Money(0, currency), Money(0, currency), 1)
    invoice = sample_invoice(currency=currency, locale=locale, balance=balance, payments=())
    assert shown in request(invoice=invoice).text


def test_a_payment_in_progress_is_shown_apart() -> None:
    """Requirements 3.13."""
    balance = replace(sample_invoice().balance, pending=Money(110528, "USD"))
    assert "Payment in progress $1,105.28" in request(invoice=sample_invoice(balance=balance)).text


def test_the_shop_s_colour_fills_the_button_with_a_label_that_can_be_read() -> None:
    """S36, ux.md 5.1: and a colour that is none falls back on ours."""
    invoice = sample_invoice()
    yellow = request(invoice=replace(invoice, shop=replace(invoice.shop, brand_colour="#FFD400")))
    assert re.search(r'class="button" style="[^"]*background: ?#FFD400;color: ?#1E1A14', yellow.html)
    assert "#154FC3" in request(invoice=replace(invoice, shop=replace(invoice.shop, brand_colour=""))).html


def test_a_language_from_right_to_left_turns_the_page() -> None:
    """U18."""
    with translation.override("he"):
        letter = request(message="שלום דנה")
    assert '<html lang="he" dir="rtl"' in letter.html
    assert re.search(r"border-right: ?3px", letter.html)
    assert '<th scope="row" align="right"' in letter.html
    assert "<bdi>$1,105.28</bdi>" in letter.html


def test_control_characters_are_left_out_and_blank_lines_do_not_pile_up() -> None:
    """S14."""
    assert typed_lines("a\0b\x1b\r\n\n\n\nc\u2028d\x85") == ["ab", "", "c", "d"]
    assert typed_lines("  \n ") == []


def test_the_markup_for_mail_programs_points_at_the_invoice_only() -> None:
    """Ux.md 7: no sums, no side effect."""
    invoice = sample_invoice()
    nasty = replace(invoice, shop=replace(invoice.shop, party=Party(name="</script><b>&")))
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', request(invoice=nasty).html, re.DOTALL)
    assert found is not None
    assert "\\u003c/script\\u003e" in found[1]
    assert "ViewAction" in found[1]
    assert "1,105" not in found[1]
