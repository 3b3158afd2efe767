"""Stripe's error and decline codes in our own words (rules.declines). From docs.stripe.com/declines/codes."""

from collections.abc import Mapping
from typing import Any

_GROUPS = {
    "declined": "generic_decline do_not_honor call_issuer no_action_taken card_declined revocation_of_authorization "
    "revocation_of_all_authorizations stop_payment_order",
    "insufficient_funds": "insufficient_funds",
    "limit_exceeded": "card_velocity_exceeded withdrawal_count_limit_exceeded card_decline_rate_limit_exceeded",
    "wrong_code": "incorrect_cvc invalid_cvc",
    "wrong_details": "incorrect_number invalid_number invalid_account new_account_information_available incorrect_zip "
    "incorrect_address invalid_expiry_month invalid_expiry_year incorrect_pin invalid_pin",
    "expired_card": "expired_card",
    "authentication_failed": "authentication_required authentication_not_handled offline_pin_required "
    "online_or_offline_pin_required payment_intent_authentication_failure mobile_device_authentication_required",
    "card_not_supported": "card_not_supported currency_not_supported transaction_not_allowed service_not_allowed "
    "not_permitted invalid_amount",
    "lost_or_stolen": "lost_card stolen_card pickup_card restricted_card",
    "suspected_fraud": "fraudulent merchant_blacklist security_violation highest_risk_level rule",
    "duplicate_payment": "duplicate_transaction",
    "test_card": "testmode_decline testmode_charges_only live_mode_test_card test_mode_live_card",
    "processing_error": "processing_error issuer_not_available try_again_later reenter_transaction approve_with_id",
}

_OURS = {theirs: ours for ours, group in _GROUPS.items() for theirs in group.split()}


def reason_for(error: Mapping[str, Any]) -> str:
    """Our code for one of Stripe's error objects. The bank's own reason counts before Stripe's summary."""
    for part in (error.get("decline_code"), error.get("code")):
        if isinstance(part, str) and part in _OURS:
            return _OURS[part]
    return "declined" if error.get("type") == "card_error" else "processing_error"
