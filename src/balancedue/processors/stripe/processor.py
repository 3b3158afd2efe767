"""Asking Stripe: one method for each thing the product asks of a processor.

No method raises for money reasons. Whatever is not a clear answer of Stripe's is UNKNOWN (N14), and each call is over
within its deadline (C3).
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import stripe

from balancedue.processors.base import Charge, Findings, Hook, Kind, Outcome, PayPage, Site
from balancedue.processors.reports import DisputeReport, HookNote, Missed, PayoutReport, TransactionReport
from balancedue.processors.stripe import amounts, disputes, endpoints, errors, events, hooks, keys
from balancedue.processors.stripe.balance import Balance
from balancedue.processors.stripe.checks import account_of_keys, check_connection
from balancedue.processors.stripe.deadline import DeadlineClient, shared_client
from balancedue.processors.stripe.hosted import HOSTED_ORIGINS, SESSION, WITH_MONEY, read_session, session_params
from balancedue.processors.stripe.outcome import read_intent, read_refund
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

# The dated version the published schema of 2025-10-15 belongs to. Requests and answers keep its shape whatever the
# account's own version is, and whatever newer one the SDK would send by itself.
API_VERSION = "2025-09-30.clover"

# Stripe names the script of each release after it; it may not be served from anywhere else.
STRIPE_JS = "https://js.stripe.com/clover/stripe.js"
SANDBOX_JS = "/clover/stripe.js"
TEMPLATE = "customer/pay/stripe.html"

_NO_KEY = "sk_test_missing"  # in place of what is no key and may not even fit into a header; Stripe says no to it

_FIND_BACK_S = 26 * 3600  # without a known time: a key lives 24 h, so an object is no older than that, and a little
_FIND_BEFORE_S = 600  # clocks differ
_FIND_PAGES = 10
_NOT_IN_SUFFIX = re.compile(r"[^A-Za-z0-9 .,&#/+-]")
_LONGEST_SUFFIX = 10  # with the account's prefix (up to 10) and "* " it must fit into 22

log = logging.getLogger(__name__)

stripe.enable_telemetry = False
logging.getLogger("stripe").setLevel(logging.WARNING)  # below that the SDK logs whole answers, client secrets included


class StripeProcessor:
    """One connection. `http` is for tests; by default connections are shared by the process."""

    def __init__(
        self, credentials: Mapping[str, str], *, label: str, sandbox: bool, http: DeadlineClient | None = None
    ) -> None:
        self._credentials = dict(credentials)
        self._label = label
        self._origin = credentials.get("api_base", "").rstrip("/") if sandbox else ""
        self._sandbox = sandbox
        self._http = http or shared_client()
        key = credentials.get("secret_key", "")
        self._client = stripe.StripeClient(
            key if keys.mode_of(key) else _NO_KEY,
            stripe_version=API_VERSION,
            base_addresses={"api": self._origin} if sandbox else None,
            http_client=self._http,
            max_network_retries=0,
        )
        self._balance = Balance(self._client, self._http)

    def __repr__(self) -> str:
        return f"<{self._label}, {'live' if self.livemode else 'test'}>"

    @property
    def livemode(self) -> bool:
        """Whether cards are really charged."""
        return not self._sandbox and keys.mode_of(self._credentials.get("secret_key", "")) == "live"

    def smallest(self, currency: str) -> int | None:
        """The least amount in minor units that can be charged; None when the currency cannot be (F1)."""
        return amounts.smallest(currency)

    def start(self, charge: Charge) -> Outcome:
        """Make a PaymentIntent, which the payer's browser confirms; with a `return_url` a Checkout Session instead.

        The same key again gives the same object.
        """
        try:
            wire = amounts.to_wire(charge.amount)
        except Refused as refusal:
            return Outcome(kind=Kind.REFUSED, code=refusal.code, detail=refusal.sentence)
        own_ids = {"attempt": charge.attempt_id, "order": charge.order_id, "account": charge.account_id}
        suffix = statement_suffix(charge.statement_suffix)
        if charge.return_url:
            session: Any = session_params(charge, wire=wire, own_ids=own_ids, suffix=suffix)
            return self._ask(
                lambda: self._client.v1.checkout.sessions.create(session, {"idempotency_key": charge.key}),
                read_session,
                errors.not_created,
            )
        params: Any = {
            "amount": wire,
            "currency": charge.amount.currency.lower(),
            "automatic_payment_methods": {"enabled": True},
            "description": charge.description[:1000],
            "metadata": own_ids,
            "expand": ["latest_charge"],
        }
        if suffix:
            params["statement_descriptor_suffix"] = suffix
        return self._ask(
            lambda: self._client.v1.payment_intents.create(params, {"idempotency_key": charge.key}),
            read_intent,
            errors.not_created,
        )

    def look_up(self, reference: str) -> Outcome:
        """What the object is now: a PaymentIntent (pi_…), a Checkout Session (cs_…) or a Refund (re_…, pyr_…)."""
        if reference.startswith(SESSION):
            return self._ask(
                lambda: self._client.v1.checkout.sessions.retrieve(reference, {"expand": WITH_MONEY}),
                read_session,
                errors.not_heard,
            )
        if reference.startswith(("re_", "pyr_")):
            return self._ask(
                lambda: self._client.v1.refunds.retrieve(reference),
                read_refund,
                errors.not_heard,
            )
        return self._ask(
            lambda: self._client.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}),
            read_intent,
            errors.not_heard,
        )

    def find(self, attempt_id: str, since: datetime | None = None, *, hosted: bool = False) -> Outcome:
        """Look for the object of an attempt by listing, not by Stripe's search, which lags behind: a PaymentIntent or,
        `hosted`, a Checkout Session.

        `since`: when the attempt was made. UNKNOWN with code `not_found` when all of that time was looked through, with
        `search_incomplete` when there was too much of it.
        """
        start = int(since.timestamp()) - _FIND_BEFORE_S if since else int(time.time()) - _FIND_BACK_S
        created = {"gte": start, "lte": start + _FIND_BACK_S + 2 * _FIND_BEFORE_S}
        try:
            with self._http.one_deadline():
                pages = self._client.v1.checkout.sessions if hosted else self._client.v1.payment_intents
                found, complete = self._search(pages.list, attempt_id, created)
                if found:
                    return self.look_up(found)
        except Exception as exc:
            return errors.not_heard(exc)
        code = "not_found" if complete else "search_incomplete"
        return Outcome(kind=Kind.UNKNOWN, code=code, detail="no such object among those listed")

    def cancel(self, reference: str) -> Outcome:
        """Cancel; when it is too late for that, say what the object is instead (rule 7 of the design rules)."""
        with self._http.one_deadline():
            try:
                if reference.startswith(SESSION):
                    session = self._client.v1.checkout.sessions.expire(reference, {"expand": WITH_MONEY})
                    return read_session(session.to_dict())
                intent = self._client.v1.payment_intents.cancel(reference, {"expand": ["latest_charge"]})
                return read_intent(intent.to_dict())
            except Exception as exc:
                if errors.clear_no(exc):
                    return self.look_up(reference)
                return errors.not_heard(exc)

    def refund(self, reference: str, amount: Money, key: str, refund_id: str = "") -> Outcome:
        """Give back part or all of a payment. The outcome's reference is the Refund's own; `look_up` takes it."""
        try:
            wire = amounts.to_wire(amount)
        except Refused as refusal:
            return Outcome(kind=Kind.REFUSED, code=refusal.code, detail=refusal.sentence)
        return self._ask(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": reference, "amount": wire, "metadata": {"refund": refund_id}},
                {"idempotency_key": key},
            ),
            read_refund,
            errors.not_refunded,
        )

    def refunds_of(self, reference: str) -> list[Outcome] | None:
        """Every refund of a PaymentIntent, newest first; None when Stripe was not heard."""
        try:
            with self._http.one_deadline():
                params: Any = {"payment_intent": reference, "limit": 100}
                rows = self._client.v1.refunds.list(params).to_dict()["data"]
                return [read_refund(row) for row in rows]
        except Exception as exc:
            log.info("refunds of %s not heard: %s", reference, errors.not_heard(exc).detail)
            return None

    def disputes_of(self, reference: str) -> list[DisputeReport] | None:
        """Every dispute of a PaymentIntent; None when Stripe was not heard."""
        return disputes.disputes_of(self._client, self._http, reference)

    def transactions_of(self, reference: str) -> list[TransactionReport] | None:
        """What a PaymentIntent, its refunds and its disputes moved on the balance; None when Stripe was not heard."""
        return self._balance.transactions_of(reference)

    def payout(self, reference: str) -> PayoutReport | None:
        """One payout; None when Stripe was not heard."""
        return self._balance.payout(reference)

    def payouts_since(self, moment: datetime) -> list[PayoutReport] | None:
        """Payouts made since then, oldest first; None when Stripe was not heard."""
        return self._balance.payouts_since(moment)

    def in_payout(self, reference: str, after: str = "") -> list[TransactionReport] | None:
        """The next lines of a payout after the line `after`; [] is the end, None when Stripe was not heard."""
        return self._balance.in_payout(reference, after)

    def events_since(self, moment: datetime, *, undelivered: bool) -> Missed | None:
        """What happened since `moment` of what we want to hear; None when Stripe was not heard."""
        return events.events_since(self._client, moment, undelivered=undelivered)

    def read_hook(self, headers: Mapping[str, str], body: bytes) -> HookNote:
        """Verify and read a webhook, with the secret or, while it is rolled, the one before. Raises BadSignature."""
        secrets = [self._credentials.get(name, "") for name in ("webhook_secret", "webhook_secret_old")]
        return hooks.read_hook(headers, body, secrets=secrets, now=time.time())

    def set_up_hook(self, url: str, *, keep: str = "") -> Hook:
        """Have webhooks sent to `url`; the endpoint, and the secret they are signed with. Raises Refused."""
        try:
            with self._http.one_deadline():
                return endpoints.make_endpoint(self._client, url, keep=keep, label=self._label)
        except Refused:
            raise
        except Exception as exc:
            raise errors.as_refused(exc, self._label) from exc

    def drop_hooks(self, url: str, *, keep: str) -> None:
        """Delete what else we have for `url`. Not heard: they go at the next check."""
        try:
            with self._http.one_deadline():
                endpoints.drop_endpoints(self._client, url, keep=keep)
        except Exception as exc:
            log.info("webhook endpoints not tidied: %s", errors.explain(exc))

    def account_of_keys(self) -> str:
        """The account (acct_…) that the keys belong to. Raises Refused, with the field it belongs to."""
        with self._http.one_deadline():
            return account_of_keys(self._client, self._credentials, label=self._label)

    def check(self, site: Site) -> Findings:
        """The lines of "Check connection" (ux.md 3.6)."""
        with self._http.one_deadline():
            return check_connection(self._client, self._credentials, site, label=self._label, sandbox=self._sandbox)

    def pay_page(self) -> PayPage:
        """What the payment page loads. Origins as Stripe documents them: docs.stripe.com/security/guide."""
        key = self._credentials.get("publishable_key", "")
        if self._sandbox:
            own = (self._origin,)
            return PayPage(TEMPLATE, self._origin + SANDBOX_JS, key, own, own, own, own)
        return PayPage(
            template=TEMPLATE,
            script_src=STRIPE_JS,
            publishable_key=key,
            frame_origins=("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"),
            connect_origins=("https://api.stripe.com",),
            script_origins=("https://js.stripe.com", "https://*.js.stripe.com"),
            hosted_origins=HOSTED_ORIGINS,
        )

    def amount_in_page(self, amount: Money) -> int:
        """The amount in wire units, as Elements compare it with the PaymentIntent's; else Refused."""
        return amounts.to_wire(amount)

    def _ask(
        self, call: Callable[[], Any], read: Callable[[object], Outcome], failed: Callable[[Exception], Outcome]
    ) -> Outcome:
        """Ask and read. Every exception becomes an Outcome: one that got out could look like a failed payment."""
        try:
            with self._http.one_deadline():
                return read(call().to_dict())
        except Exception as exc:
            return failed(exc)

    def _search(self, pages: Callable[[Any], Any], attempt_id: str, created: dict[str, int]) -> tuple[str, bool]:
        """The id of the object whose metadata names the attempt, and whether the list was read to its end."""
        params: Any = {"created": created, "limit": 100}
        for _ in range(_FIND_PAGES):
            page = pages(params).to_dict()
            rows = page["data"]
            for row in rows:
                if (row.get("metadata") or {}).get("attempt") == attempt_id:
                    return str(row["id"]), True
            if not page["has_more"] or not rows:
                return "", True
            params = {**params, "starting_after": rows[-1]["id"]}
        return "", False


def statement_suffix(text: str) -> str:
    """What may stand on a card statement after the shop's name; "" when nothing of it may. Needs a letter."""
    cut = " ".join(_NOT_IN_SUFFIX.sub(" ", text).split())[:_LONGEST_SUFFIX].strip()
    return cut if re.search("[A-Za-z]", cut) else ""
