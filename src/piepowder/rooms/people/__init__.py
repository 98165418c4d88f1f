"""Accounts, sellers, staff: who somebody is. Never what they may do with an app: that is `standing` and `consent`."""
