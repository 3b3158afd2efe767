"""Who is told of what."""

from balancedue.rules.notices import NOTICES, Audience, Transport, notices_for, once_each


def test_a_payment_request_goes_to_the_customer_and_is_the_words_of_a_person() -> None:
    """S21."""
    notice = NOTICES["payment_request"]
    assert (notice.audience, notice.transport, notice.automatic) == (Audience.CUSTOMER, Transport.EMAIL, False)


def test_a_payment_tells_the_payer_and_the_notify_list_separately() -> None:
    """S31, M9."""
    told = {notice.kind: notice.audience for notice in notices_for("payment_succeeded")}
    assert told == {"receipt": Audience.PAYER, "payment_notice": Audience.NOTIFY}


def test_a_failed_delivery_tells_the_sender_and_the_owner() -> None:
    """H3."""
    assert [notice.audience for notice in notices_for("delivery_failed")] == [Audience.SENDER_AND_OWNER]


def test_a_second_payment_tells_both_sides() -> None:
    """N6, ux.md 4."""
    assert [notice.is_for_staff for notice in notices_for("payment_surplus")] == [False, True]


def test_everything_but_the_request_says_it_was_sent_by_a_machine() -> None:
    """ux.md 7."""
    assert {kind for kind, notice in NOTICES.items() if not notice.automatic} == {"payment_request"}


def test_an_event_nobody_is_told_of_sets_off_nothing() -> None:
    """S19."""
    assert notices_for("request_opened") == ()


def test_one_address_written_in_two_ways_is_told_once() -> None:
    """Requirements 2.6 and 3.44."""
    assert once_each(["A@x.example ", "b@x.example", "a@x.example", ""]) == ["A@x.example", "b@x.example"]
