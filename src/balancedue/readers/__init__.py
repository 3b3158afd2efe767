"""Floor 1: files with orders in them, read into plain facts. No database, no clock; memory stays small."""
