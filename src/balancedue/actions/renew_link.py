"""A customer asks for a new link in place of an expired one: it goes to the addresses of the old, and to no other."""

from balancedue.models import PaymentRequest
from balancedue.rules.errors import Refused

from .count_tries import limit_tries
from .request_payment import RequestDraft, request_payment

DAY = 24 * 3600


def renew_link(*, request: PaymentRequest) -> PaymentRequest:
    """Send the request anew, on behalf of whoever sent it. Nobody's address is shown or taken (ux.md 3.10).

    At most three times a day, since anybody who holds the old link can press it. Raises Refused.
    """
    limit_tries(
        f"renewed:{request.order_id}",
        at_most=3,
        window_seconds=DAY,
        sentence="A new link was sent already. Look for the newest email from the shop, or call the shop.",
    )
    sender = request.sent_by or request.sent_by_key
    if sender is None:
        raise Refused("not_allowed", "Ask the shop for a new link.")
    draft = RequestDraft(to=request.to, cc=request.cc, message=request.message, notify=request.notify or None)
    return request_payment(order=request.order, draft=draft, by=sender, even_if_just_sent=True)
