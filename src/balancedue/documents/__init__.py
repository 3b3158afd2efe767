"""Floor 1: ink. Facts in, PDF bytes out; no database, no request, no clock."""
