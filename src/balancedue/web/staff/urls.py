"""Addresses of the back office, below `/{account}/`."""

from django.urls import path, register_converter

from . import (
    contact_page,
    first_steps,
    import_page,
    order_deeds,
    order_form,
    order_list,
    order_page,
    payment_window,
    people_pages,
    processor_deeds,
    processors_page,
    refund_window,
    request_window,
    sample_data,
    sent_letter,
    shop_settings,
)
from .order_number import OrderNumber

register_converter(OrderNumber, "number")

ORDER = "orders/<number:number>/"
REQUEST = f"{ORDER}payment-requests/<str:public_id>/"
PROCESSOR = "settings/processors/<str:public_id>/"

urlpatterns = [
    path("orders/", order_list.orders, name="orders"),
    path("orders/new/", order_form.new_order, name="new_order"),
    path("orders/import/", import_page.upload, name="import_orders"),
    path("orders/import/<str:public_id>/", import_page.import_file, name="import_file"),
    path("orders/import/<str:public_id>/go-on/", import_page.go_on, name="import_go_on"),
    path("orders/import/<str:public_id>/report.csv", import_page.report, name="import_report"),
    path("samples/", sample_data.load_samples, name="load_samples"),
    path("samples/archive/", sample_data.archive_samples, name="archive_samples"),
    path("first-steps/hide/", first_steps.hide_first_steps, name="hide_first_steps"),
    path(ORDER, order_page.order, name="order"),
    path(f"{ORDER}payment-card/", order_page.live_card, name="payment_card"),
    path(f"{ORDER}invoice/", order_page.view_as_customer, name="view_as_customer"),
    path(f"{ORDER}invoice.pdf", order_page.order_pdf, name="order_pdf"),
    path(f"{ORDER}edit/", order_form.edit_order, name="edit_order"),
    path(f"{ORDER}cancel/", order_deeds.cancel, name="cancel_order"),
    path(f"{ORDER}notes/", order_deeds.save_note, name="add_note"),
    path(f"{ORDER}contact/", contact_page.edit_contact, name="edit_contact"),
    path(f"{ORDER}emails/<str:public_id>/", sent_letter.sent_letter, name="sent_letter"),
    path(f"{ORDER}emails/<str:public_id>/frame/", sent_letter.sent_letter_frame, name="sent_letter_frame"),
    path(f"{ORDER}check-payment/", order_deeds.check_payment, name="check_payment"),
    path(f"{ORDER}request-payment/", request_window.request_page, name="request_payment"),
    path(f"{ORDER}payment-requests/", request_window.send_request, name="send_request"),
    path(f"{ORDER}payment-requests/test/", request_window.test_request, name="test_request"),
    path(f"{ORDER}payment-requests/preview/", request_window.preview, name="preview_request"),
    path(f"{ORDER}payment-requests/preview/frame/", request_window.preview_frame, name="preview_frame"),
    path(f"{REQUEST}undo/", order_deeds.undo, name="undo_request"),
    path(f"{REQUEST}send-now/", order_deeds.send_at_once, name="send_now"),
    path(f"{REQUEST}withdraw/", order_deeds.withdraw, name="withdraw_request"),
    path(f"{ORDER}add-payment/", payment_window.payment_page, name="add_payment"),
    path(f"{ORDER}payments/", payment_window.save_payment, name="save_payment"),
    path(f"{ORDER}payments/<str:payment>/reverse/", payment_window.reverse, name="reverse_payment"),
    path(f"{ORDER}refund/", refund_window.refund, name="refund"),
    path(f"{ORDER}refund/words/", refund_window.refund_words, name="refund_words"),
    path(f"{ORDER}card-payments/<str:public_id>/resolve/", order_deeds.resolve, name="resolve_put_aside"),
    path("settings/", shop_settings.shop, name="settings"),
    path("settings/invoices/", shop_settings.invoices, name="invoice_settings"),
    path("settings/emails/", shop_settings.emails, name="email_settings"),
    path("settings/logo/", shop_settings.logo, name="logo"),
    path("settings/people/", people_pages.people, name="people"),
    path("settings/profile/", people_pages.profile, name="profile"),
    path("settings/processors/", processors_page.processors, name="processors"),
    path("settings/processors/default/", processor_deeds.set_default, name="default_processor"),
    path("settings/processors/look-again/", processor_deeds.look_again_at, name="look_again"),
    path("settings/processors/cards/", processor_deeds.go_on_with_cards, name="let_cards_go_on"),
    path("settings/processors/connect/<slug:kind>/", processor_deeds.connect, name="connect_processor"),
    path(f"{PROCESSOR}check/", processor_deeds.check, name="check_processor"),
    path(f"{PROCESSOR}webhooks/", processor_deeds.connect_webhooks, name="connect_webhooks"),
    path(f"{PROCESSOR}page/", processor_deeds.choose_hosted, name="choose_page"),
    path(f"{PROCESSOR}keys/", processor_deeds.replace_keys, name="replace_keys"),
    path(f"{PROCESSOR}remove/", processor_deeds.remove, name="remove_processor"),
]
