"""Reads over the ledger: who read what, when, by which decision; and how calls ended, counted hour by hour.

Applies the migrations of the ledger.
"""
