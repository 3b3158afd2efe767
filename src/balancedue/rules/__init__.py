"""Floor 0: what is true about money. Plain Python: no Django, no clock, no network."""
