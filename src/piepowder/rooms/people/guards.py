"""Who may open a page of the console. Strangers are asked to sign in; who is signed in as somebody else is told so."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.people.rules import ROLES

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in(view: View[P]) -> View[P]:
    """For anybody with an account."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL, "next")
        return view(request, *args, **kwargs)

    return never_cache(checked)


def for_staff(permission: Permission = Permission.READ) -> Callable[[View[P]], View[P]]:
    """For staff whose role has the permission: `@for_staff(Permission.REVIEW)`."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if permission not in permissions_of(account_of(request)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return signed_in(checked)

    return guard


def for_sellers(view: View[P]) -> View[P]:
    """For accounts that act for a seller: see `seller_of`."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if account_of(request).seller_id is None:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return signed_in(checked)


def permissions_of(account: Account) -> frozenset[Permission]:
    """What a member of staff may do here; nothing for anybody else."""
    return ROLES[account.role] if account.is_staff else frozenset()


def account_of(request: HttpRequest) -> Account:
    """The account behind a guarded page."""
    return cast(Account, request.user)


def seller_of(request: HttpRequest) -> Seller:
    """The seller behind a page that is `for_sellers`."""
    seller: Any = account_of(request).seller
    return cast(Seller, seller)


def actor_of(request: HttpRequest) -> Actor:
    """Whoever presses a button, in the hat that the account wears: staff, seller or developer."""
    account = account_of(request)
    if account.is_staff:
        return Actor(ActorKind.STAFF, account.id)
    return Actor(ActorKind.SELLER if account.seller_id else ActorKind.DEVELOPER, account.id)
