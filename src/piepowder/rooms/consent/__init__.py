"""Sellers' grants, the OAuth server, tokens."""
