"""API v1: orders, payments and payment requests for a shop's own programs (contract.md)."""
