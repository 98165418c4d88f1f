"""How people sign in. allauth does the work; what is ours is said here.

Developers' people sign up with an address and a password, and confirm the address. Sellers come from the marketplace's
own OpenID provider, and are known by its subject, which is the marketplace's id of the seller or was bound to one when
the seller was provisioned. Staff come from theirs, and are known by an address that it vouches for. Nobody becomes a
seller, or staff, by signing in.
"""

import base64
import binascii
import logging
import smtplib
from datetime import UTC, datetime
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.keys import KeyRing
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account, Seller

logger = logging.getLogger("piepowder.people")

MARKETPLACE, STAFF = "marketplace", "staff"  # ids of the providers, in their addresses
NO_MAIL = ".invalid"  # where accounts of sellers have the address that nobody else can own


def has_own_password(account: Account) -> bool:
    """Whether the person signs in here with address and password, and not through a provider that keeps both."""
    return not account.seller_id and not (account.is_staff and settings.STAFF_OIDC_ISSUER)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: Account, form: Any, commit: bool = True) -> Account:
        user.name = form.cleaned_data.get("name", "")
        account: Account = super().save_user(request, user, form, commit=False)
        return actions.sign_up(account, at=_now()) if commit else account

    def pre_login(self, request: HttpRequest, user: Account, **given: Any) -> HttpResponse | None:
        """Where staff have a provider of their own, they come through it, or by a link made on the server."""
        how = given["signal_kwargs"] or {}
        if user.is_staff and settings.STAFF_OIDC_ISSUER and not how.keys() & {"sociallogin", "link"}:
            refused: HttpResponse = _refused(request, "Staff sign in through their organisation here.").response
            return refused
        response: HttpResponse | None = super().pre_login(request, user, **given)
        return response

    def post_login(self, request: HttpRequest, user: Account, **given: Any) -> HttpResponse:
        how = given["signal_kwargs"] or {}
        records = dict.fromkeys(one["method"] for one in get_authentication_records(request, user))
        actions.note_sign_in(user, "link" if "link" in how else "+".join(records) or "password", at=_now())
        response: HttpResponse = super().post_login(request, user, **given)
        return response

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        # The public address, whatever host the request named.
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", key)

    def send_password_reset_mail(self, user: Account, email: str, context: dict[str, Any]) -> None:
        if has_own_password(user):
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A server that takes no mail just now is no reason to fail: the page says so, and it can be asked for again."""
        if email.endswith(NO_MAIL):
            return
        try:
            super().send_mail(template_prefix, email, {**context, "public_url": settings.PUBLIC_URL})
        except (OSError, smtplib.SMTPException) as error:
            logger.error("people_mail_failed %s %s", template_prefix, error)
            sorry = (
                "The mail could not be sent: the mail server does not answer. Please ask for it again in a few minutes."
            )
            messages.error(self.request, sorry)

    def send_notification_mail(self, template_prefix: str, user: Account, *args: Any, **given: Any) -> None:
        actions.note_security_change(user, template_prefix.rpartition("/")[2], at=_now())
        super().send_notification_mail(template_prefix, user, *args, **given)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Finds whose account a provider's answer means; allauth does the rest."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.state.get("process", "login") != "login":
            raise _refused(request, "A sign-in cannot be added to another account.")
        if sociallogin.account.provider == STAFF:
            _sign_in_staff(request, sociallogin)
        else:
            _sign_in_seller(request, sociallogin)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        who = "Your organisation's" if getattr(provider.app, "provider_id", "") == STAFF else "The marketplace's"
        raise _refused(request, f"{who} sign-in did not complete. Please try again.", status=502)


def _sign_in_seller(request: HttpRequest, sociallogin: Any) -> None:
    seller = _seller(sociallogin.account.uid)
    if seller is None:
        raise _refused(request, "The marketplace knows you, but not as one of its sellers here.")
    if sociallogin.is_existing:
        if sociallogin.user.seller_id != seller.id:
            raise _refused(request, "This sign-in belongs to another seller.")
        return
    # A name under the reserved top-level domain: the account's own address, never one that somebody else could own.
    email = f"{seller.id}@sellers{NO_MAIL}"
    name = str(_claims(sociallogin).get("name", ""))[:200]
    try:
        account = actions.account_for_seller(seller, email=email, name=name, at=_now())
    except PiepowderError as error:
        raise _refused(request, error.message) from None
    sociallogin.connect(request, account)


def _sign_in_staff(request: HttpRequest, sociallogin: Any) -> None:
    """By the subject that was bound at the first sign-in; before that by an address that the provider has verified."""
    if sociallogin.is_existing:
        if not sociallogin.user.is_staff:
            raise _refused(request, "This account is not one of staff.")
        return
    claims = _claims(sociallogin)
    email = str(claims.get("email", ""))
    account = Account.objects.by_email(email) if email and claims.get("email_verified") is True else None
    if account is None or not account.is_staff:
        raise _refused(request, "There is no account of staff for you here. Ask an operator to make one.")
    sociallogin.connect(request, account)


def _claims(sociallogin: Any) -> dict[str, Any]:
    claims: dict[str, Any] = sociallogin.account.extra_data.get("userinfo") or sociallogin.account.extra_data
    return claims


def _seller(subject: str) -> Seller | None:
    return Seller.objects.by_subject(subject) or Seller.objects.filter(marketplace_id=subject, active=True).first()


def _refused(request: HttpRequest, sentence: str, *, status: int = 403) -> ImmediateHttpResponse:
    page = {"title": "You are not signed in", "sentence": sentence}
    return ImmediateHttpResponse(render(request, "refusal.html", page, status=status))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps and recovery codes lie in the database sealed, under a key that does not."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(_ring().seal("second_factor", text.encode(), b"")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            sealed = base64.b64decode(encrypted_text, validate=True)
        except binascii.Error:
            return ""  # nothing that we have sealed: no code fits it
        return _ring().open_sealed("second_factor", sealed, b"").decode()

    def get_totp_issuer(self) -> str:
        return "Piepowder"


@cache
def _ring() -> KeyRing:
    return KeyRing.open(settings.PIEPOWDER.keys)


def _now() -> datetime:
    return datetime.now(UTC)
