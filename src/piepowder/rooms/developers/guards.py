"""Who may open an organisation's pages, and for which organisation: somebody may act for several and chooses one.

@for_members()                    any member           @for_members(Role.DEVELOPER)   owners and developers
developer_of(request)             the chosen one       member_of(request)             the membership, with its role
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.developers.rules.organisation import ROLE_WORDS, Role, may
from piepowder.rooms.people.guards import account_of, signed_in

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
CHOSEN = "developers_chosen"  # in the session


def for_members(*roles: Role) -> Callable[[View[P]], View[P]]:
    """For members with one of these roles; an owner passes always. Who has no organisation yet is led to register one."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member = chosen_member(request)
            if member is None:
                return _without_organisation(request)
            if not may(member.role, roles):
                return _wrong_role(request, member, roles)
            return view(request, *args, **kwargs)

        return signed_in(checked)

    return guard


def _without_organisation(request: HttpRequest) -> HttpResponseBase:
    account = account_of(request)
    if account.is_staff:
        raise PermissionDenied
    return redirect("developers_register")


def _wrong_role(request: HttpRequest, member: Member, roles: tuple[Role, ...]) -> HttpResponseBase:
    wanted = " or ".join(ROLE_WORDS[role].partition(":")[0].lower() for role in dict.fromkeys((Role.OWNER, *roles)))
    sentence = f"In {member.developer.shown_name} this takes the role {wanted}. An owner can give it to you on the page Members."
    return render(
        request, "refusal.html", {"title": "Your role does not reach this page", "sentence": sentence}, status=403
    )


def memberships(request: HttpRequest) -> list[Member]:
    """For whom the signed-in person acts; asked of the database once for each request."""
    known: list[Member] | None = getattr(request, "_developers_memberships", None)
    if known is None:
        account = account_of(request)
        known = list(Member.objects.of_account(account)) if account.is_authenticated else []
        request._developers_memberships = known  # type: ignore[attr-defined]
    return known


def chosen_member(request: HttpRequest) -> Member | None:
    """The membership in the organisation that was chosen last, else in the first one that is open."""
    found = memberships(request)
    chosen = request.session.get(CHOSEN)
    first_open = next((one for one in found if one.developer.is_open), None)
    return next((one for one in found if one.developer_id == chosen), first_open or next(iter(found), None))


def member_of(request: HttpRequest) -> Member:
    """The membership behind a page that is `for_members`."""
    member = chosen_member(request)
    if member is None:
        raise PermissionDenied
    return member


def developer_of(request: HttpRequest) -> Developer:
    """The organisation behind a page that is `for_members`."""
    return member_of(request).developer


def choose(request: HttpRequest, developer_id: str) -> Developer | None:
    """Acts for another of one's organisations from now on; None where it is none of them."""
    for one in memberships(request):
        if one.developer_id == developer_id:
            request.session[CHOSEN] = developer_id
            return one.developer
    return None
