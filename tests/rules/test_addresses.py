"""E-mail addresses as people type them."""

from email.headerregistry import Address as HeaderAddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules.addresses import likely_typo, read_address, read_addresses, shown
from balancedue.rules.errors import Refused

PLAIN = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[a-z0-9]+([.+_'-][a-z0-9]+){0,2}", fullmatch=True).filter(lambda local: len(local) <= 64),
    st.from_regex(r"[a-z]{1,20}(-[a-z]{1,10})?", fullmatch=True),
    st.sampled_from(["org", "com", "example", "co.uk"]),
)


def read(given: str | list[str], *, at_least: int = 0, at_most: int = 50) -> list[str]:
    return read_addresses(given, field="to", at_least=at_least, at_most=at_most)


def refusal_of(given: str | list[str], *, at_least: int = 0, at_most: int = 50) -> Refused:
    with pytest.raises(Refused) as refusal:
        read(given, at_least=at_least, at_most=at_most)
    assert (refusal.value.code, refusal.value.field) == ("invalid", "to")
    return refusal.value


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("dana@school.org", ["dana@school.org"]),
        ("a@x.com, b@x.com;c@x.com d@x.com\r\ne@x.com,,", ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"]),
        ("  \u00a0dana@school.org\t", ["dana@school.org"]),
        ("Dana <dana@school.org>", ["dana@school.org"]),
        ('"Whitlock, Dana; PTA" <dana@school.org>, joe@y.org', ["dana@school.org", "joe@y.org"]),
        ("Dana <d@x.com> Joe <j@x.com>", ["d@x.com", "j@x.com"]),
        ("<d@x.com>", ["d@x.com"]),
        ("first@x.com Dana <d@x.com> last@x.com", ["first@x.com", "d@x.com", "last@x.com"]),
        ("dana@x.com <dana@x.com>", ["dana@x.com"]),
        ("A@x.com, a@X.com, a@x.com ", ["A@x.com"]),
        ("mailto:dana@x.com", ["dana@x.com"]),
        ("Dana.O'Brien+tag@x.co.uk", ["Dana.O'Brien+tag@x.co.uk"]),
        ("info@bücher.example", ["info@xn--bcher-kva.example"]),
        ("info@BÜCHER.example", ["info@xn--bcher-kva.example"]),
        ("info@例え.example", ["info@xn--r8jz45g.example"]),
        ("a@x.example, b@y.test", ["a@x.example", "b@y.test"]),
        (["Dana <d@x.com>", " j@x.com "], ["d@x.com", "j@x.com"]),
        ("", []),
        (" , ;\n", []),
        ([], []),
    ],
)
def test_it_reads_addresses_as_people_type_them(typed: str | list[str], read_as: list[str]) -> None:
    """M8, 3.44."""
    assert read(typed) == read_as


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("dana@riverside", "dana@riverside needs a domain like school.org"),
        ("dana@", "dana@ needs a domain like school.org"),
        ("a@x, ok@x.com, b@y", "a@x and b@y need a domain like school.org"),
        ("dana", "dana needs an @ and a domain, like name@school.org"),
        ("@school.org", "@school.org needs a name before the @"),
        ("a@b@school.org", "a@b@school.org has more than one @"),
        ("dána@school.org", "dána@school.org can only have letters from a to z before the @"),
        ("a@office.local", "a@office.local is at a domain that takes no mail"),
        ("a..b@x.com", "a..b@x.com is not an email address like name@school.org"),
        ("a@x.com.", "a@x.com. is not an email address like name@school.org"),
        ("a@[127.0.0.1]", "a@[127.0.0.1] is not an email address like name@school.org"),
        ("a@127.0.0.1", "a@127.0.0.1 needs a domain like school.org"),
        ("a@-x.com", "a@-x.com is not an email address like name@school.org"),
        ("a" * 65 + "@x.com", "a" * 59 + "… is not an email address like name@school.org"),
        ("a@" + "x." * 126 + "com", "a@" + ("x." * 40)[:57] + "… is longer than 254 characters"),
        (
            "foo, dana@riverside",
            "foo needs an @ and a domain, like name@school.org; dana@riverside needs a domain like school.org",
        ),
    ],
)
def test_it_names_every_bad_address(typed: str, sentence: str) -> None:
    """M8."""
    assert refusal_of(typed).sentence == sentence


def test_one_bad_address_is_reported_and_the_others_are_not_dropped() -> None:
    """M8."""
    refusal = refusal_of("good@x.com, bad@x, fine@x.com, worse")
    assert refusal.facts["bad"] == ["bad@x", "worse"]


def test_it_counts_addresses_once_they_are_known_to_differ() -> None:
    """S11, S12."""
    assert refusal_of("", at_least=1).sentence == "Enter at least one email address in To"
    assert refusal_of("a@x.com b@x.com", at_most=1).sentence == "Enter only one email address in To"
    assert refusal_of("a@x.com b@x.com c@x.com", at_most=2).sentence == "Enter at most 2 email addresses in To"
    assert read("a@x.com A@x.com", at_most=1) == ["a@x.com"]
    assert "at most 5" in refusal_of("a@x.com," * 5000, at_most=5).sentence
    with pytest.raises(Refused, match=r"Enter an email address like name@example\.com"):
        read_address(" ", field="email")
    assert read_address("Dana <d@x.com>", field="email") == "d@x.com"


HEADER_BREAKERS = [
    "\r\n",
    "\n",
    "\r",
    "\x00",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\u200b",
    "\u202e",
    "\ufeff",
]


@pytest.mark.parametrize("breaker", [*HEADER_BREAKERS, "\x7f", "\u2066", "\ud800", "\u00ad"])
def test_nothing_that_breaks_a_header_gets_through(breaker: str) -> None:
    """H4."""
    assert refusal_of([f"dana@x.com{breaker}Bcc: evil@y.com"])
    assert refusal_of([f"dana@x.com{breaker}"])
    assert refusal_of([f"Dana{breaker}Bcc:x <dana@x.com>"])
    assert refusal_of(f"da{breaker}na@x.com")


@pytest.mark.parametrize(
    "typed",
    [
        "=?utf-8?q?a=0ABcc:_evil@y.com?=@x.com",
        "=?utf-8?b?YQ==?=@x.com",
        "a@x.com\nBcc: evil@y.com",
        "Bcc:evil@y.com",
        "a@x.com<",
        ">a@x.com",
        '"a@x.com',
        'a@x.com"',
        "Dana <>",
        "<>",
        "Dana <a@x.com b@y.com>",
        "<<a@x.com>>",
        "(a)b@x.com",
        '"a b"@x.com',
        "a\\@x.com",
        "a@x.com\\",
        "<script>@x.com",
        "a@x.com:25",
        "a@x_y.com",
        "a＠x.com",
        "a,b@x.com",
        "Whitlock, Dana <d@x.com>",
    ],
)
def test_it_refuses_what_a_mail_system_could_read_otherwise(typed: str) -> None:
    """H4."""
    assert refusal_of(typed)


@given(st.lists(PLAIN, max_size=20), st.sampled_from([",", ";", " ", "\n", "\r\n", ", ", " ; "]))
def test_none_is_dropped_added_or_reordered(addresses: list[str], separator: str) -> None:
    """M8, 3.44."""
    assert read(separator.join(addresses)) == list(dict.fromkeys(addresses))
    assert read(addresses) == list(dict.fromkeys(addresses))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_every_address_is_fit_for_a_header(text: str) -> None:
    """H4, M8."""
    try:
        addresses = read(f"ok@x.com {text}")
    except Refused:
        return
    for address in addresses:
        assert address.isascii()
        assert address.isprintable()
        assert not set(address) & set(' ,;<>"\\()[]:')
        assert HeaderAddress(addr_spec=address).addr_spec == address
        assert read(address) == [address]


def test_a_page_shows_a_domain_in_its_own_script() -> None:
    """3.44."""
    assert shown("info@xn--bcher-kva.example") == "info@bücher.example"
    assert shown("dana@school.org") == "dana@school.org"
    assert shown("a@xn--zzzzzzz9999.example")


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
        ("school.con", "school.com"),
        ("GMIAL.com", "gmail.com"),
        ("gmail.com", None),
        ("mail.com", None),
        ("ymail.com", None),
        ("email.com", None),
        ("yahoo.ca", None),
        ("school.org", None),
        ("outlook.de", None),
        ("gmx.net", None),
        ("aol.com", None),
        ("x.example", None),
    ],
)
def test_it_suspects_slips_in_common_domains_only(domain: str, meant: str | None) -> None:
    """ux.md 3.4."""
    assert likely_typo(f"dana@{domain}") == meant
