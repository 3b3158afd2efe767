"""Stripe, and the sandbox that speaks its language: the only folder that imports the stripe package."""

from balancedue.processors.stripe.maker import SANDBOX, STRIPE, StripeMaker
from balancedue.processors.stripe.processor import StripeProcessor

__all__ = ["SANDBOX", "STRIPE", "StripeMaker", "StripeProcessor"]
