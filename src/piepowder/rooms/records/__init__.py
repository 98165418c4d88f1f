"""Reads over the ledger: who read what, when, by which decision. Applies the migrations of the ledger. Changes nothing."""
