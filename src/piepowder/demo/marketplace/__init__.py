"""The example marketplace: an upstream API in Amazon's shapes on real orders, and the sellers' OIDC provider beside it.

It is the marketplace's own API behind the gateway, so it answers everything inline: whoever holds the upstream credential
sees all. Its buyers are made up.
"""
