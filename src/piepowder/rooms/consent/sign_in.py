"""How people sign in: sellers through the marketplace's own OpenID provider, staff by a link from the command line.

A seller is known by the provider's subject, which is the marketplace's id of the seller or was bound to one when the seller
was provisioned. Nobody becomes a seller, or staff, by signing in.
"""

from datetime import UTC, datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest
from django.shortcuts import render

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.people.actions import account_for_seller
from piepowder.rooms.people.models import Seller


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SellerAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Binds the marketplace's subject to our seller on the first sign-in; allauth does the rest."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        seller = _seller(sociallogin.account.uid)
        if seller is None:
            raise _refused(request, "The marketplace knows you, but not as one of its sellers here.")
        if sociallogin.is_existing:
            if sociallogin.user.seller_id != seller.id:
                raise _refused(request, "This sign-in belongs to another seller.")
            return
        claims = sociallogin.account.extra_data.get("userinfo") or sociallogin.account.extra_data
        # A name under the reserved top-level domain: the account's own address, never one that somebody else could own.
        email = f"{seller.id}@sellers.invalid"
        try:
            account = account_for_seller(
                seller, email=email, name=str(claims.get("name", ""))[:200], at=datetime.now(UTC)
            )
        except PiepowderError as error:
            raise _refused(request, error.message) from None
        sociallogin.connect(request, account)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        raise _refused(request, "The marketplace's sign-in did not complete. Please try again.", status=502)


def _seller(subject: str) -> Seller | None:
    return Seller.objects.by_subject(subject) or Seller.objects.filter(marketplace_id=subject, active=True).first()


def _refused(request: HttpRequest, sentence: str, *, status: int = 403) -> ImmediateHttpResponse:
    page = {"title": "You are not signed in", "sentence": sentence}
    return ImmediateHttpResponse(render(request, "refusal.html", page, status=status))
