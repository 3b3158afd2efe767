"""Processes: how the product is started and stopped. Knows no tables and no pages."""
