"""Letters to the shop's own people (ux.md 3.13). Never sent on a customer's message."""

from django.utils.translation import gettext as _

from balancedue.documents.letters.frame import Letter, Sheet, write
from balancedue.documents.letters.wording import (
    customer_name,
    day,
    how_paid,
    paint_of,
    payment_words,
    sandbox_banner,
    shop_name,
    subject_line,
)
from balancedue.rules.disputes import Reason
from balancedue.rules.invoice import Invoice, PaymentLine, Shop
from balancedue.rules.money import Money


def payment_notice_letter(invoice: Invoice, payment: PaymentLine, *, staff_link: str) -> Letter:
    """ "Paid: $1,105.28 from Riverside High Athletics (#2047)": to each notification address (S31)."""
    locale = invoice.shop.locale
    paid, payer = payment.amount.show(locale), customer_name(invoice)
    facts = {"paid": paid, "name": payer, "order": invoice.order_number}
    pattern = _("Paid: %(paid)s from %(name)s (#%(order)s)") if payer else _("Paid: %(paid)s (#%(order)s)")
    return _write(
        invoice,
        subject=subject_line(pattern, **facts),
        preheader=_("The customer paid online. Open the order to see its balance and activity."),
        lead=_("A payment came in."),
        heading=_("Paid on order #%(order)s") % facts,
        figure=paid,
        link=staff_link,
        rows=(
            *(((_("From"), payer),) if payer else ()),
            (_("Paid by"), how_paid(payment)),
            (_("Received"), day(payment.received_on, locale)),
            *_balance_now(invoice),
        ),
    )


def not_delivered_letter(
    invoice: Invoice, *, address: str, reason: str, staff_link: str, kind: str = "payment_request"
) -> Letter:
    """To who sent the request, and the owner: one address was not reached. `reason` is the transport's sentence."""
    what = _what(kind)
    facts = {"name": address, "order": invoice.order_number, "what": what, "reason": reason}
    return _write(
        invoice,
        subject=subject_line(_("Not delivered: %(what)s to %(name)s"), **facts),
        preheader=_("Order #%(order)s: open the order to mend the address or to copy the link.") % facts,
        lead=_("An email about order #%(order)s was not delivered.") % facts,
        heading=_("Not delivered, order #%(order)s") % facts,
        figure=address,
        link=staff_link,
        before=_(
            "The %(what)s did not reach %(name)s: %(reason)s.\n\n"
            "Open the order to mend the address and send again, or copy the link and send it another way."
        )
        % facts,
        rows=_balance_now(invoice),
    )


def paid_twice_staff_letter(invoice: Invoice, first: PaymentLine, second: PaymentLine, *, staff_link: str) -> Letter:
    """To who sent the request, and the owner: the second payment is there to be refunded."""
    locale = invoice.shop.locale
    facts = {"paid": second.amount.show(locale), "order": invoice.order_number}
    return _write(
        invoice,
        subject=subject_line(_("Paid twice: %(paid)s to refund (#%(order)s)"), **facts),
        preheader=_("The second payment is booked as credit. Open the order to refund it."),
        lead=_("The same balance was paid twice."),
        heading=_("Paid twice on order #%(order)s") % facts,
        figure=facts["paid"],
        link=staff_link,
        before=_(
            "Two payments came in for the same balance. The second is booked as credit: "
            "refund it from the order. The payer has been told."
        ),
        rows=(
            (_("First payment"), payment_words(first, locale)),
            (_("Second payment"), payment_words(second, locale)),
            *_balance_now(invoice),
        ),
    )


def payment_after_cancel_letter(invoice: Invoice, payment: PaymentLine, *, staff_link: str) -> Letter:
    """To who sent the request, and the owner: money came in for a cancelled order (requirements.md 3.25)."""
    locale = invoice.shop.locale
    payer = customer_name(invoice)
    facts = {"paid": payment.amount.show(locale), "order": invoice.order_number}
    return _write(
        invoice,
        subject=subject_line(_("Paid after cancellation: %(paid)s (#%(order)s)"), **facts),
        preheader=_("The order had been cancelled when the payment came in. Open it to refund."),
        lead=_("A payment came in for a cancelled order."),
        heading=_("Paid on cancelled order #%(order)s") % facts,
        figure=facts["paid"],
        link=staff_link,
        before=_("The order had been cancelled when this payment came in. It is booked as credit: refund it."),
        rows=(
            *(((_("From"), payer),) if payer else ()),
            (_("Paid by"), how_paid(payment)),
            (_("Received"), day(payment.received_on, locale)),
            *(((_("Cancelled"), day(invoice.cancelled_on, locale)),) if invoice.cancelled_on else ()),
            *_balance_now(invoice),
        ),
    )


def refund_failed_letter(invoice: Invoice, payment: PaymentLine, amount: Money, *, staff_link: str) -> Letter:
    """To who sent the request, and the owner: a refund did not arrive, and the money is with the shop again (F5)."""
    locale = invoice.shop.locale
    facts = {"back": amount.show(locale), "order": invoice.order_number}
    return _write(
        invoice,
        subject=subject_line(_("Refund failed: %(back)s (#%(order)s)"), **facts),
        preheader=_("The money is with you again. Open the order to try once more, or give it back another way."),
        lead=_("A refund could not be made."),
        heading=_("Refund failed on order #%(order)s") % facts,
        figure=facts["back"],
        link=staff_link,
        before=_("The bank or the card processor did not take it. The money is with you again, and counts as paid."),
        rows=((_("Payment"), payment_words(payment, locale)), *_balance_now(invoice)),
    )


def dispute_opened_letter(
    invoice: Invoice,
    payment: PaymentLine,
    amount: Money,
    *,
    reason: Reason,
    taken: bool,
    answer_at: str,
    reference: str,
    due: str,
    staff_link: str,
) -> Letter:
    """To who sent the request, and the owner: a bank asks for money back, or about it (`taken` says which).

    `due`: day and time by which evidence must be there, "" where the processor names none; `answer_at` its name.
    """
    locale = invoice.shop.locale
    facts = {"sum": amount.show(locale), "order": invoice.order_number, "processor": answer_at, "dispute": reference}
    facts |= {"reason": reason.words, "evidence": reason.evidence, "due": due}
    money = (
        _("The money was taken back for now. The customer owes it again only if the bank decides for them.")
        if taken
        else _("No money was taken so far. Without a good answer the bank may take it.")
    )
    answer = _("Answer at %(processor)s, dispute %(dispute)s, by %(due)s.") if due else _("Answer at %(processor)s.")
    return _write(
        invoice,
        subject=subject_line(_("Dispute opened: %(sum)s (#%(order)s)"), **facts),
        preheader=(_("The bank waits for your answer until %(due)s.") if due else _("The bank waits for your answer."))
        % facts,
        lead=_("A customer's bank disputes a card payment."),
        heading=_("Dispute opened on order #%(order)s") % facts,
        figure=facts["sum"],
        link=staff_link,
        before="\n\n".join(
            words % facts
            for words in (_("The customer's bank says: %(reason)s."), money, answer, _("What helps: %(evidence)s."))
        ),
        rows=(
            (_("Payment"), payment_words(payment, locale)),
            *(((_("Answer by"), due),) if due else ()),
            *_balance_now(invoice),
        ),
    )


def dispute_closed_letter(
    invoice: Invoice, payment: PaymentLine, amount: Money, *, won: bool, staff_link: str
) -> Letter:
    """To who sent the request, and the owner: how the bank decided."""
    locale = invoice.shop.locale
    facts = {"sum": amount.show(locale), "order": invoice.order_number}
    pattern = _("Dispute won: %(sum)s (#%(order)s)") if won else _("Dispute lost: %(sum)s (#%(order)s)")
    before = (
        _("The bank decided for you. The money it took comes back to you, and the payment counts as before.")
        if won
        else _(
            "The bank decided for the customer. The money stays with them and is owed on the order again. "
            "Nobody is asked to pay: open the order to request it, or to leave it."
        )
    )
    return _write(
        invoice,
        subject=subject_line(pattern, **facts),
        preheader=_("The bank has decided about a card payment."),
        lead=_("The bank has decided about a card payment."),
        heading=(_("Dispute won on order #%(order)s") if won else _("Dispute lost on order #%(order)s")) % facts,
        figure=facts["sum"],
        link=staff_link,
        before=before,
        rows=((_("Payment"), payment_words(payment, locale)), *_balance_now(invoice)),
    )


def alarm_letter(shop: Shop, *, heading: str, sentence: str, fix: str, raised: str, link: str) -> Letter:
    """To the account's owners: something is wrong with its payments. The words are those of rules.alarms."""
    name = shop_name(shop)
    return write(
        Sheet(
            sender=name,
            subject=subject_line(_("%(heading)s (%(name)s)"), heading=heading, name=name),
            preheader=fix,
            lead=_("Balancedue noticed something that needs you."),
            heading=name,
            figure=heading,
            aside="",
            button=_("Open card processors"),
            link=link,
            link_words=_("Open card processors"),
            paint=paint_of(shop),
            before=f"{sentence}\n\n{fix}",
            rows=((_("Since"), raised),),
            beneath=(_("Sent by Balancedue for %(name)s") % {"name": name},),
        )
    )


def _what(kind: str) -> str:
    """A kind of notice (rules.notices) in words."""
    words = {
        "payment_request": _("payment request"),
        "receipt": _("receipt"),
        "paid_twice": _("note about a second payment"),
        "payment_notice": _("payment notice"),
    }
    return words.get(kind, _("email"))


def _balance_now(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    locale, balance = invoice.shop.locale, invoice.balance
    credit = ((_("Credit"), balance.credit.show(locale)),) if balance.credit else ()
    return (*credit, (_("Balance due now"), balance.due.show(locale)))


def _write(
    invoice: Invoice,
    *,
    subject: str,
    preheader: str,
    lead: str,
    heading: str,
    figure: str,
    link: str,
    rows: tuple[tuple[str, str], ...],
    before: str = "",
) -> Letter:
    """What all letters to staff have in common."""
    name = shop_name(invoice.shop)
    return write(
        Sheet(
            sender=name,
            subject=subject,
            preheader=preheader,
            banner=sandbox_banner(invoice),
            lead=lead,
            heading=heading,
            figure=figure,
            aside=_("Invoice %(number)s") % {"number": invoice.number},
            button=_("View order"),
            link=link,
            link_words=_("View the order"),
            paint=paint_of(invoice.shop),
            before=before,
            rows=rows,
            beneath=(_("Sent by Balancedue for %(name)s") % {"name": name},),
        )
    )
