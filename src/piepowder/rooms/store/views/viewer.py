"""Who is looking at the store: a seller, a developer, staff. What may be seen and done follows from that."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.guards import memberships
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.people.guards import account_of, signed_in
from piepowder.rooms.store.models import Listing, Use
from piepowder.rooms.store.rules import ListingStatus, in_stage

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """`seller` is empty for whoever does not act for a shop; `developers` are the organisations that the account belongs to, and
    `writes_for` those in which its role may change apps."""

    seller: str
    developers: frozenset[str]
    writes_for: frozenset[str]
    staff: bool

    def may_see(self, listing: Listing) -> bool:
        """Whoever may change it or uses the app sees a listing in any state; others see what is on the shelf for them."""
        if self.staff or listing.app.developer_id in self.developers:
            return True
        if self.seller and Use.objects.of_seller(self.seller, [listing.app_id]):
            return True
        if listing.status != ListingStatus.LISTED:
            return False
        return listing.percent == 100 or in_stage(listing.pk, self.seller, listing.percent, listing.sellers)


def viewer_of(request: HttpRequest) -> Viewer:
    account = account_of(request)
    own = memberships(request)
    return Viewer(
        seller=account.seller_id or "",
        developers=frozenset(one.developer_id for one in own),
        writes_for=frozenset(one.developer_id for one in own if may(one.role, (Role.DEVELOPER,))),
        staff=account.is_staff,
    )


def visible(request: HttpRequest, app_id: str) -> Listing:
    """The listing, if this viewer may see it; else it is as if there were none."""
    listing = found(Listing.objects.of_app, app_id)
    if not viewer_of(request).may_see(listing):
        raise Http404("no such app in the store")
    return listing


def for_own_app(
    view: Callable[Concatenate[HttpRequest, App, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For members of the developer of the app in the address (`app_id`), of whom owners and developers change things.

    The view is handed the app.
    """

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        app, viewer = found(App.objects.named, str(kwargs.pop("app_id")).replace("\0", "")), viewer_of(request)
        if app.developer_id not in viewer.developers:
            raise Http404("no such app of yours")
        if request.method == "POST" and app.developer_id not in viewer.writes_for:
            raise PermissionDenied
        return view(request, app, *args, **kwargs)

    return signed_in(checked)


def found(read: Callable[[str], T], name: str) -> T:
    """A named read for a page: what is not there, is page 404."""
    try:
        return read(name)
    except PiepowderError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            raise Http404(error.message) from None
        raise
