"""Turns committed facts into numbered changes and NOTIFY; the only writer of what the gateway reads."""
