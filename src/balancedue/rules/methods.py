"""How money comes in (requirements.md 2.15). The codes are public (contract.md)."""

CARD = "card"
MANUAL = {
    "cash": "Cash",
    "check": "Check",
    "bank_transfer": "Bank transfer",
    "card_terminal": "Card terminal",
    "purchase_order": "Purchase order",
    "other": "Other",
}
METHODS = {CARD: "Card", **MANUAL}
