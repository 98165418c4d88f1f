"""How people sign in: sellers through the marketplace's own OpenID provider, staff by a link from the command line."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    pass


class SellerAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    pass
