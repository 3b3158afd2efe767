"""What a shop pastes into the settings."""

import pytest

from balancedue.processors.stripe import SANDBOX, STRIPE
from tests.processors.objects import KEYS

LIVE = {"secret_key": "sk_live_abcdefgh12345678", "publishable_key": "pk_live_abcdefgh12345678"}


@pytest.mark.parametrize(
    "keys", [KEYS, LIVE, LIVE | {"secret_key": " rk_live_abcdefgh\n", "webhook_secret": "whsec_12345678"}]
)
def test_a_fitting_pair_is_taken(keys: dict[str, str]) -> None:
    """S6; spaces and line ends come with pasting."""
    assert STRIPE.problems(keys) == {}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"secret_key": ""}, "secret_key", "Paste the secret key"),
        ({"secret_key": KEYS["publishable_key"]}, "secret_key", "publishable key"),
        ({"secret_key": "whsec_1234567890"}, "secret_key", "webhook signing secret"),
        ({"secret_key": "sk_test_"}, "secret_key", "not a whole"),
        ({"secret_key": "sk_test_abc def"}, "secret_key", "not a whole"),
        ({"publishable_key": ""}, "publishable_key", "Paste the publishable key"),
        ({"publishable_key": KEYS["secret_key"]}, "publishable_key", "browsers"),
        (
            {"publishable_key": LIVE["publishable_key"]},
            "publishable_key",
            "a live key, but the secret key is a test key",
        ),
        ({"webhook_secret": "we_123"}, "webhook_secret", "whsec_"),
    ],
)
def test_a_wrong_key_is_explained_at_its_field(changes: dict[str, str], field: str, words: str) -> None:
    """Test and live are never mixed."""
    problems = STRIPE.problems(KEYS | changes)
    assert list(problems) == [field]
    assert words in problems[field]


def test_the_test_processor_takes_no_live_key() -> None:
    """A live key never leaves for another address than Stripe's."""
    base = {"api_base": "http://localhost:4242"}
    assert SANDBOX.problems(KEYS | base) == {}
    assert set(SANDBOX.problems(LIVE | base)) == {"secret_key", "publishable_key"}
    assert set(SANDBOX.problems(KEYS)) == {"api_base"}
    assert set(SANDBOX.problems(KEYS | {"api_base": "http://x/y?z"})) == {"api_base"}


def test_the_mode_is_that_of_the_key() -> None:
    """N3."""
    assert STRIPE.open(LIVE).livemode is True
    assert STRIPE.open(KEYS).livemode is False
    assert STRIPE.open({}).livemode is False
    assert SANDBOX.open(LIVE | {"api_base": "http://localhost:1"}).livemode is False
    assert "abcdefgh" not in repr(STRIPE.open(LIVE))


def test_the_payment_page_names_one_outside_host() -> None:
    """J4: only Stripe's own origins; the test processor only itself."""
    page = STRIPE.open(LIVE).pay_page()
    assert page.script_src.startswith("https://js.stripe.com/")
    assert page.publishable_key == LIVE["publishable_key"]
    origins = page.frame_origins + page.connect_origins + page.script_origins
    assert all(origin.startswith("https://") and origin.endswith(".stripe.com") for origin in origins)
    page = SANDBOX.open(KEYS | {"api_base": "http://localhost:4242/"}).pay_page()
    assert page.script_src.startswith("http://localhost:4242/")
    assert set(page.frame_origins + page.connect_origins + page.script_origins) == {"http://localhost:4242"}
