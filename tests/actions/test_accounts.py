"""Accounts, their people and keys, contacts, notes: what they may say about themselves."""

import pytest

from balancedue.actions.add_note import add_note
from balancedue.actions.change_account import change_account
from balancedue.actions.change_profile import change_profile
from balancedue.actions.create_account import create_account, create_api_key, note_api_key_use, revoke_api_key
from balancedue.actions.save_contact import save_contact
from balancedue.models import Account, ApiKey, Contact, User
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import token_hash
from tests.actions.desk import DANA, Desk
from tests.makers import PASSWORD, make_account, make_contact, make_order, make_user

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
RESERVED = frozenset({"login", "api"})


def _create(**given: object) -> tuple[Account, User]:
    facts = {"slug": "foxglove", "name": "Foxglove", "owner_email": "Priya@foxgloveprint.example", "reserved": RESERVED}
    return create_account(**facts | given)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_an_account_comes_with_its_owner() -> None:
    """Requirements.md 2.10, 2.18."""
    account, owner = _create(country="DE", currency="EUR", time_zone="Europe/Berlin", password=PASSWORD + "1")
    assert (account.currency, account.prices_include_tax, account.address) == ("EUR", True, {"country": "DE"})
    assert (owner.email, owner.check_password(PASSWORD + "1")) == ("priya@foxgloveprint.example", True)
    assert account.memberships.get().role == "owner"
    assert account.owner_name == owner.email


@pytest.mark.django_db
def test_taxes_are_shown_as_the_country_does() -> None:
    """Architecture.md 3a."""
    assert not _create(slug="us")[0].prices_include_tax
    assert _create(slug="gb", country="GB")[0].prices_include_tax
    assert Account.objects.get(slug="gb").locale == "en-GB"


@pytest.mark.django_db
def test_one_person_may_own_two_accounts() -> None:
    """N12: one sign-in, two memberships; the password is not touched."""
    _, first = _create(password=PASSWORD + "1")
    _, second = _create(slug="other", password="another one 2")
    assert first.pk == second.pk
    assert User.objects.get().check_password(PASSWORD + "1")


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["", "login", "Foxglove", "fox glove", "-fox", "fox_glove", "füchse", "x" * 61, "a/b"])
def test_a_short_name_must_work_in_an_address(slug: str) -> None:
    """Contract.md: pages are never taken, and what the address cannot hold is refused."""
    with pytest.raises(Invalid) as refusal:
        _create(slug=slug)
    assert set(refusal.value.problems) == {"slug"}


@pytest.mark.django_db
def test_what_cannot_be_an_account_leaves_nothing_behind() -> None:
    """M8."""
    _create()
    for wrong, code in (
        ({"slug": "foxglove"}, "slug_taken"), ({"name": " ", "slug": "b"}, "invalid"),
        ({"owner_email": "priya", "slug": "b"}, "invalid"), ({"currency": "XXX", "slug": "b"}, "invalid"),
        ({"password": "short", "slug": "b", "owner_email": "new@foxgloveprint.example"}, "invalid"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            _create(**wrong)
        assert refusal.value.code == code, wrong
    assert (Account.objects.count(), User.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_key_is_shown_once_and_kept_as_a_hash() -> None:
    """Contract.md: create-api-key; J12."""
    account = make_account()
    key, plain = create_api_key(account=account, name=" Shop system ")
    assert plain.startswith("bd_")
    assert (key.name, key.key_hash, key.starts_with) == ("Shop system", token_hash(plain), plain[:8])
    assert plain not in str(ApiKey.objects.values().get())
    note_api_key_use(key=key)
    used = ApiKey.objects.get().last_used_at
    note_api_key_use(key=ApiKey.objects.get())
    assert ApiKey.objects.get().last_used_at == used  # to the minute
    revoke_api_key(key=key)
    revoked = ApiKey.objects.get().revoked_at
    revoke_api_key(key=key)
    assert ApiKey.objects.get().revoked_at == revoked
    with pytest.raises(Invalid):
        create_api_key(account=account, name=" ")


@pytest.mark.django_db
def test_an_account_says_its_own_words() -> None:
    """S36: default message and the words around it."""
    account = make_account()
    change_account(
        account=account, default_message="Thank you", mail_intro="Hello", mail_outro="Bye", brand_colour="#154FC3",
        logo=PNG, email=" Orders@FoxglovePrint.example ", time_zone="Europe/Berlin",
    )  # fmt: skip
    account.refresh_from_db()
    assert (account.default_message, account.mail_intro, account.mail_outro) == ("Thank you", "Hello", "Bye")
    assert bytes(account.logo) == PNG
    assert account.email.endswith("@foxgloveprint.example")


@pytest.mark.django_db
def test_every_wrong_fact_is_named_and_none_is_kept() -> None:
    """M8: all at once."""
    account = make_account()
    wrong: dict[str, object] = {
        "name": "", "brand_colour": "red", "logo": b"GIF89a", "time_zone": "Mars/Olympus", "email": "orders",
        "default_message": "x" * 2_001, "terms": "x" * 4_001,
    }  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        change_account(account=account, phone="1", **wrong)
    assert set(refusal.value.problems) == set(wrong)
    account.refresh_from_db()
    assert account.phone != "1"
    with pytest.raises(Invalid, match="200 kB"):
        change_account(account=account, logo=PNG + b"\x00" * 200_000)
    with pytest.raises(AssertionError):
        change_account(account=account, slug="other")


@pytest.mark.django_db
def test_a_contact_is_saved_and_changed() -> None:
    """Requirements.md 2.18."""
    account = make_account()
    contact = save_contact(account=account, name="Dana", email=f" {DANA} ", billing_address={"city": "Milwaukie"})
    assert (contact.email, contact.bill_to.address.city) == (DANA, "Milwaukie")
    changed = save_contact(account=account, contact=contact, phone="1")
    assert (changed.pk, changed.email, changed.phone) == (contact.pk, DANA, "1")
    with pytest.raises(Invalid) as refusal:
        save_contact(account=account, contact=contact, email="dana", name="x" * 121)
    assert set(refusal.value.problems) == {"email", "name"}


@pytest.mark.django_db
def test_another_address_has_not_bounced() -> None:
    """Ux.md 3.13."""
    account = make_account()
    contact = make_contact(account)
    Contact.objects.update(bounced_at=contact.created_at)
    assert save_contact(account=account, contact=contact, phone="1").bounced_at is not None
    assert save_contact(account=account, contact=contact, email="new@riverside-hs.example").bounced_at is None


@pytest.mark.django_db
def test_a_contact_of_another_account_cannot_be_changed() -> None:
    """N12."""
    stranger = make_contact(make_account())
    with pytest.raises(Contact.DoesNotExist):
        save_contact(account=make_account(), contact=stranger, phone="1")


def test_a_note_stays_with_its_order(desk: Desk) -> None:
    """M9: for the team alone."""
    note = add_note(order=desk.order, text=" Dana calls on Monday ", by=desk.owner)
    assert (note.text, desk.order.notes.count()) == ("Dana calls on Monday", 1)
    for text in ("", " ", "x" * 4_001):
        with pytest.raises(Invalid):
            add_note(order=desk.order, text=text, by=desk.owner)
    assert not any("Dana" in str(event.data) for event in desk.order.events.all())


@pytest.mark.django_db
def test_people_have_a_name_and_their_ways() -> None:
    """WCAG 2.1.4: shortcuts can be switched off."""
    user = make_user()
    changed = change_profile(user=user, name=" Priya N. ", keyboard_shortcuts=False)
    assert (changed.name, changed.keyboard_shortcuts) == ("Priya N.", False)
    with pytest.raises(Invalid):
        change_profile(user=user, name="x" * 121, keyboard_shortcuts=True)


@pytest.mark.django_db
def test_accounts_do_not_see_each_others_orders() -> None:
    """N12: everything starts from what the account owns."""
    one, other = make_account(), make_account()
    make_order(one)
    assert not other.orders.exists()
    assert not other.contacts.exists()
