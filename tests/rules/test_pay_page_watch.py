"""Reading a page as a browser may, and the inventory of scripts (J4, R19). Real pages: tests/actions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules import pay_page_scripts
from balancedue.rules.page_reading import read_address, read_page
from balancedue.rules.pay_page_scripts import Inventory, our_page_policy, way_there_policy
from balancedue.rules.pay_page_watch import Received, differences, own_scripts, read_policy, script_difference

ORIGIN, PATH = "https://pay.shop.example", "/i/token/pay/"
STRIPE = "https://js.stripe.com/clover/stripe.js"
EXPECTED = Inventory(
    origin=ORIGIN, path=PATH, static_url="/static/", scripts=pay_page_scripts.ON_OUR_PAGE, outside_script=STRIPE,
    publishable_key="pk_live_1",
    policy=our_page_policy(
        script=["https://js.stripe.com"], frame=["https://js.stripe.com"], connect=["https://api.stripe.com"]
    ),
)  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self' https://js.stripe.com; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self' https://api.stripe.com; frame-src https://js.stripe.com; form-action 'self';"
    " manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE = f"""<!doctype html><html><head><meta charset="utf-8"><title>Pay</title>
<link rel="stylesheet" href="/static/css/balancedue.0123456789ab.css"><link rel="preload" href="{STRIPE}" as="script">
<script src="/static/js/customer.0123456789ab.js" defer></script>
<script src="/static/js/pay.ba9876543210.js" defer></script>
</head><body><form method="post" action="{PATH}" data-script="{STRIPE}" data-key="pk_live_1"><input name="email"></form>
</body></html>"""


def received(page: str = PAGE, policy: str = POLICY, **headers: str) -> Received:
    plain = dict(pay_page_scripts.HEADERS) | {"strict-transport-security": "max-age=31536000; includeSubDomains"}
    sent = plain | {"content-security-policy": policy} | headers
    return Received(200, tuple(sent.items()), page.encode())


def test_a_page_under_hashed_names_is_as_it_must_be() -> None:
    assert differences(received(), EXPECTED) == []
    assert own_scripts(received(), EXPECTED) == {
        "js/customer.js": "/static/js/customer.0123456789ab.js",
        "js/pay.js": "/static/js/pay.ba9876543210.js",
    }


@pytest.mark.parametrize("value", ["", "max-age=0", "max-age=31535999", "includeSubDomains"])
def test_without_a_long_hsts_an_https_page_is_not(value: str) -> None:
    found = differences(received(**{"strict-transport-security": value}), EXPECTED)
    assert found == ["the header strict-transport-security is missing or too short"]


def test_the_policies_hold_no_unsafe_source_and_one_outside_host() -> None:
    """J4, R19."""
    for policy in (EXPECTED.policy, way_there_policy(form=["https://checkout.stripe.com"])):
        sources = set().union(*policy.values())
        assert not any("unsafe" in source or source == "*" or source.endswith(":") for source in sources - {"data:"})
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}
        assert len(policy["script-src"] - {"'self'"}) <= 1


def test_every_script_has_its_reason() -> None:
    """R19; PCI DSS 6.4.3."""
    assert pay_page_scripts.REASONS.keys() == pay_page_scripts.ON_OUR_PAGE | pay_page_scripts.ON_THE_WAY
    assert all(len(reason) > 40 for reason in [*pay_page_scripts.REASONS.values(), pay_page_scripts.OUTSIDE])


@pytest.mark.parametrize(
    ("written", "scheme", "host"),
    [
        ("/i/x/", "", ""), ("#main", "", ""), ("//evil.example/x", "", "evil.example"),
        ("\\\\evil.example/x", "", "evil.example"), ("/\\evil.example", "", "evil.example"),
        (" \x01java\nscript:alert(1)", "javascript", ""), ("JAVASCRIPT:1", "javascript", ""),
        ("https://EVIL.example", "https", "evil.example"), ("http://[", "unreadable", ""),
    ],
)  # fmt: skip
def test_an_address_is_read_as_browsers_read_it(written: str, scheme: str, host: str) -> None:
    address = read_address(written)
    assert (address.scheme, address.host) == (scheme, host)


@pytest.mark.parametrize(
    "hidden",
    [
        "<!--><script>1</script>-->", "<![CDATA[<script>1</script>]]>", "<?x <script>1</script>?>", "<style><script>",
        "<title></title x><script>1</script>", "<script><script>", "<textarea></textarea ><script src=x>", "\x00",
        "<noscript><p title='</noscript><script>1</script>'>", "<p title=\"<script>1</script>\">",
    ],
)  # fmt: skip
def test_no_script_hides_between_two_ways_of_reading(hidden: str) -> None:
    assert differences(received(PAGE.replace("</body>", f"{hidden}</body>")), EXPECTED) != []


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(body: bytes) -> None:
    read_page(body)
    assert differences(Received(200, (), body), EXPECTED)


@given(st.text(alphabet="<>/!-='\" \tscriptonfx:", max_size=60))
def test_whatever_is_put_into_the_page_is_noticed_if_it_could_run(text: str) -> None:
    found = differences(received(PAGE.replace("</body>", f"{text}</body>")), EXPECTED)
    assert found or "<script" not in text.lower()


def test_one_policy_is_read_and_the_first_of_two_directives_holds() -> None:
    assert read_policy(["script-src 'self'; SCRIPT-SRC *;; "]) == {"script-src": {"'self'"}}
    assert read_policy([]) is None
    assert read_policy(["a", "b"]) is None


def test_a_script_is_the_installed_one_or_is_not() -> None:
    served = Received(200, (("content-type", "text/javascript; charset=utf-8"),), b"1;")
    assert script_difference("js/pay.js", served, b"1;") == ""
    assert script_difference("js/pay.js", served, b"1; ")
    assert script_difference("js/pay.js", Received(404, served.headers, b"1;"), b"1;")
    assert script_difference("js/pay.js", Received(200, (), b"1;"), b"1;")


@given(st.text(max_size=200))
def test_what_a_stranger_wrote_comes_out_short_and_harmless(text: str) -> None:
    """The words go into letters to the owners."""
    for difference in differences(received(policy=f"script-src {text}"), EXPECTED):
        assert len(difference) < 250
        assert not set(difference) & set('<>&"\n\r;@')
