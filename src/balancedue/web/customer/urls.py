"""Addresses below /i/. What has not the shape of a token is answered like an unknown one (I2)."""

from django.urls import path

from . import attempt_page, invoice_page, pay_page

app_name = "customer"

urlpatterns = [
    path("back/<slug:attempt>/", attempt_page.back, name="back"),
    path("<str:token>/", invoice_page.invoice, name="invoice"),
    path("<str:token>/invoice.pdf", invoice_page.pdf, name="pdf"),
    path("<str:token>/logo", invoice_page.logo, name="logo"),
    path("<str:token>/new-link/", invoice_page.new_link, name="new_link"),
    path("<str:token>/opened/", invoice_page.opened, name="opened"),
    path("<str:token>/pay/", pay_page.pay, name="pay"),
    path("<str:token>/pay/<slug:attempt>/", attempt_page.attempt, name="attempt"),
    path("<str:token>/pay/<slug:attempt>/check/", attempt_page.check, name="check"),
    path("<str:token>/pay/<slug:attempt>/receipt.pdf", attempt_page.receipt, name="receipt"),
]
