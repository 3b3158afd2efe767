"""Letters to the customer and to whoever paid. They hold what the Invoice holds, and so nothing internal (M9)."""

from django.utils.translation import gettext as _

from balancedue.documents.letters.frame import Letter, Sheet, write
from balancedue.documents.letters.wording import (
    day,
    foot,
    how_paid,
    paint_of,
    payment_words,
    questions,
    sandbox_banner,
    shop_name,
    subject_line,
    sums,
)
from balancedue.rules.invoice import Invoice, PaymentLine
from balancedue.rules.money import Money


def payment_request_letter(
    invoice: Invoice,
    *,
    link: str,
    message: str = "",
    sender_name: str = "",
    intro: str = "",
    outro: str = "",
    only_a_try: bool = False,
) -> Letter:
    """The request for the balance due (S21).

    `message` is what staff wrote, `sender_name` who wrote it (S14); `intro` and `outro` are the account's own words
    around it (S36). All plain text: line breaks are kept, nothing is markup. `only_a_try` is for "Send a test to me".
    """
    shop, locale = invoice.shop, invoice.locale
    name, due = shop_name(shop), invoice.balance.due.show(locale)
    facts = {"name": name, "order": invoice.order_number, "number": invoice.number, "due": due}
    due_on = day(invoice.due_on, locale)
    line = subject_line(_("Invoice %(number)s from %(name)s: %(due)s due"), **facts)
    return write(
        Sheet(
            sender=name,
            subject=_("Test: %(subject)s") % {"subject": line} if only_a_try else line,
            preheader=_("Order #%(order)s: see the invoice, download it, or pay the balance by card.") % facts,
            banner=_("Only you got this email, to see how it looks.") if only_a_try else sandbox_banner(invoice),
            lead=_("%(name)s has sent you an invoice.") % facts,
            heading=_("Balance due on order #%(order)s") % facts,
            figure=due,
            aside=" · ".join(
                filter(None, [_("Invoice %(number)s") % facts, due_on and _("due %(day)s") % {"day": due_on}])
            ),
            button=_("View Invoice"),
            link=link,
            link_words=_("View and pay"),
            paint=paint_of(shop),
            before=intro,
            quote_from=_("%(name)s writes:") % {"name": sender_name or name} if message.strip() else "",
            quote=message,
            after=outro,
            rows=sums(invoice, locale),
            note=_("Not expecting this? Call the shop on a number you know before you pay."),
            beneath=foot(shop),
            questions=questions(shop),
            view_name=_("View invoice"),
        )
    )


def receipt_letter(invoice: Invoice, payment: PaymentLine, *, link: str) -> Letter:
    """What the payer gets once the money is in (requirements.md 2.9), and plain words if the order was cancelled."""
    shop, locale = invoice.shop, invoice.locale
    name, paid = shop_name(shop), payment.amount.show(locale)
    facts = {"name": name, "paid": paid, "order": invoice.order_number, "number": invoice.number}
    return write(
        Sheet(
            sender=name,
            subject=subject_line(_("Receipt: %(paid)s paid to %(name)s"), **facts),
            preheader=_("Thank you. Your payment on invoice %(number)s has arrived. Keep this email.") % facts,
            banner=sandbox_banner(invoice),
            lead=_("Thank you. %(name)s has received your payment.") % facts,
            heading=_("Paid on order #%(order)s") % facts,
            figure=paid,
            aside=_("Invoice %(number)s") % facts,
            button=_("View Invoice"),
            link=link,
            link_words=_("View the invoice"),
            paint=paint_of(shop),
            before=_after_cancellation(invoice),
            rows=(
                (_("Received"), day(payment.received_on, locale)),
                (_("Paid by"), how_paid(payment)),
                *(((_("On your statement"), payment.statement),) if payment.statement else ()),
                (_("Receipt number"), payment.public_id),
                (_("Invoice"), invoice.number),
                (_("Balance due"), invoice.balance.due.show(locale)),
            ),
            beneath=foot(shop),
            questions=questions(shop),
            view_name=_("View invoice"),
        )
    )


def refund_letter(invoice: Invoice, payment: PaymentLine, amount: Money, *, link: str) -> Letter:
    """Tells the payer that money is on its way back, how much, and to which card."""
    shop, locale = invoice.shop, invoice.locale
    name, back = shop_name(shop), amount.show(locale)
    facts = {"name": name, "back": back, "order": invoice.order_number, "number": invoice.number}
    return write(
        Sheet(
            sender=name,
            subject=subject_line(_("Refund: %(back)s from %(name)s"), **facts),
            preheader=_("Money of your payment on invoice %(number)s is on its way back to you.") % facts,
            banner=sandbox_banner(invoice),
            lead=_("%(name)s has refunded a payment of yours.") % facts,
            heading=_("Refunded on order #%(order)s") % facts,
            figure=back,
            aside=_("Invoice %(number)s") % facts,
            button=_("View Invoice"),
            link=link,
            link_words=_("View the invoice"),
            paint=paint_of(shop),
            before=_("It goes back to the card or account you paid with. Banks take 5 to 10 days to show it."),
            rows=(
                (_("You paid"), payment_words(payment, locale)),
                (_("Refunded"), back),
                (_("Balance due"), invoice.balance.due.show(locale)),
            ),
            beneath=foot(shop),
            questions=questions(shop),
        )
    )


def _after_cancellation(invoice: Invoice) -> str:
    if invoice.status != "cancelled":
        return ""
    return _("This order was cancelled. The shop has your payment, has been told, and can send it back.")


def paid_twice_letter(invoice: Invoice, first: PaymentLine, second: PaymentLine, *, link: str) -> Letter:
    """Tells the payer that the same balance was paid twice, and that the second payment is being looked after."""
    shop, locale = invoice.shop, invoice.locale
    name, paid = shop_name(shop), second.amount.show(locale)
    facts = {"name": name, "paid": paid, "order": invoice.order_number, "number": invoice.number}
    return write(
        Sheet(
            sender=name,
            subject=subject_line(_("Paid twice: %(paid)s to %(name)s"), **facts),
            preheader=_("Invoice %(number)s was paid twice. You do not need to pay again.") % facts,
            banner=sandbox_banner(invoice),
            lead=_("Two payments came in for the same balance."),
            heading=_("Paid twice on order #%(order)s") % facts,
            figure=paid,
            aside=_("Invoice %(number)s") % facts,
            button=_("View Invoice"),
            link=link,
            link_words=_("View the invoice"),
            paint=paint_of(shop),
            before=_(
                "We received two payments for the same balance. Only one was due.\n\n"
                "%(name)s has been told and can send the second one back. You do not need to do anything."
            )
            % facts,
            rows=(
                (_("First payment"), payment_words(first, locale)),
                (_("Second payment"), payment_words(second, locale)),
                (_("Paid too much"), paid),
            ),
            beneath=foot(shop),
            questions=questions(shop),
        )
    )
