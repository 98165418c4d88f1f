"""The store over JSON: looked through with any key, ratings with a seller's, listings with their developer's, decisions with staff's."""

import base64
import binascii
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.caller import Caller, Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, now, page
from piepowder.rooms.people.models import Seller
from piepowder.rooms.store import actions
from piepowder.rooms.store.categories import categories
from piepowder.rooms.store.labels import described as described_label
from piepowder.rooms.store.labels import label_of, labels_of
from piepowder.rooms.store.models import Listing, Rating, Report
from piepowder.rooms.store.prices import plans_of
from piepowder.rooms.store.readiness import checks_of, lookalikes_of, may_be_authorised
from piepowder.rooms.store.rules import ListingStatus, in_stage
from piepowder.rooms.store.shapes import (
    AppShown,
    AppWhole,
    CheckShown,
    ListingShown,
    RatingSent,
    RatingShown,
    ReasonSent,
    ReportShown,
    ScreenshotSent,
    StageSent,
    TextsSent,
    WordsSent,
)
from piepowder.rooms.store.shelf import Wish, find

router = Router(tags=["store"])

# for everybody with a key


@router.get("/shelves", response=list[dict[str, str]])
def list_shelves(request: HttpRequest) -> list[dict[str, str]]:
    """The shelves of the store."""
    caller_of(request)
    return [{"id": one.id, "name": one.name, "about": one.about} for one in categories().values()]


@router.get("/apps", response=list[AppShown])
def browse(
    request: HttpRequest,
    q: Annotated[str, Field(max_length=200)] = "",
    shelf: Annotated[str, Field(max_length=40)] = "",
    sort: Literal["", "used", "rating", "data", "new", "name"] = "",
    private: bool = False,
    free: bool = False,
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0,
    limit: Limit = 50,
) -> list[dict[str, Any]]:
    """Apps on the shelves, as the caller's own shop sees them. `private`: only those that ask for nothing about buyers."""
    seller = caller_of(request).seller
    wish = Wish(words=q, shelf=shelf.replace("\0", ""), sort=sort, private=private, free=free)
    rows = list(find(wish, seller)[offset : offset + limit])
    plans = plans_of([row.app_id for row in rows])
    return [_shown(row, plans) for row in rows]


@router.get("/apps/{app_id}", response=AppWhole)
def get_app(request: HttpRequest, app_id: Key) -> dict[str, Any]:
    """One app's page: texts, plans, and the data label: declared beside observed."""
    return _whole(_visible(request, app_id))


@router.get("/compare", response=list[AppWhole])
def compare(request: HttpRequest, app: Annotated[str, Field(max_length=400)]) -> list[dict[str, Any]]:
    """Two to four apps side by side: `?app=app_…,app_…`."""
    rows = [_visible(request, one) for one in dict.fromkeys(app.split(","))][:4]
    labels = labels_of(rows)
    return [_whole(row, described_label(labels[row.app_id])) for row in rows]


@router.get("/apps/{app_id}/ratings", response=list[RatingShown], exclude_unset=True)
def list_ratings(request: HttpRequest, app_id: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """What sellers say, the newest first. Sellers are not named."""
    listing = _visible(request, app_id)
    return [row.described() for row in Rating.objects.shown_of(listing.app_id)[:limit]]


# for sellers


@router.put("/apps/{app_id}/rating", response=RatingShown, exclude_unset=True)
def put_rating(request: HttpRequest, app_id: Key, sent: RatingSent) -> dict[str, Any]:
    """A seller rates an app that it uses, or changes its rating."""
    by = require_own(request, Permission.CONSENT, seller=sent.seller)
    seller = Seller.objects.named(sent.seller)
    listing = Listing.objects.of_app(app_id)
    return actions.rate(listing.app_id, seller.id, stars=sent.stars, words=sent.words, by=by, at=now()).described(
        whole=True
    )


@router.delete("/apps/{app_id}/rating", response=RatingShown, exclude_unset=True)
def delete_rating(request: HttpRequest, app_id: Key, seller: Key) -> dict[str, Any]:
    """A seller takes its rating back."""
    by = require_own(request, Permission.CONSENT, seller=seller)
    return actions.withdraw_rating(app_id, Seller.objects.named(seller).id, by=by, at=now()).described(whole=True)


@router.post("/ratings/{rating_id}/reports", response={201: ReportShown})
def report_rating(request: HttpRequest, rating_id: Key, sent: WordsSent) -> Status[dict[str, Any]]:
    """Asks the marketplace to look at a rating. Any key may."""
    by = caller_of(request).actor
    return Status(201, actions.report_rating(rating_id, words=sent.words, by=by, at=now()).described())


# for the app's developer


@router.get("/listings", response=list[ListingShown])
def list_listings(
    request: HttpRequest, status: ListingStatus | None = None, after: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Listings in any status: a developer's own, or all for staff."""
    caller = caller_of(request)
    rows = Listing.objects.full()
    if caller.developer:
        rows = rows.filter(app__developer=caller.developer)
    else:
        require(request, Permission.READ)
    if status is not None:
        rows = rows.filter(status=status)
    return [row.described() for row in page(rows, after=after.replace("\0", ""), limit=limit)]


@router.post("/listings/{app_id}", response={201: ListingShown})
def open_listing(request: HttpRequest, app_id: Key) -> Status[dict[str, Any]]:
    """Begins the listing of a public app, as a draft."""
    app = App.objects.named(app_id)
    by = require_own(request, Permission.REGISTER, developer=app.developer_id)
    return Status(201, actions.open_listing(app, by=by, at=now()).described())


@router.get("/listings/{app_id}", response=ListingShown)
def get_listing(request: HttpRequest, app_id: Key) -> dict[str, Any]:
    """One listing with its texts, screenshots and what was decided."""
    return _own(request, app_id, Permission.READ)[0].described()


@router.put("/listings/{app_id}", response=ListingShown)
def edit_listing(request: HttpRequest, app_id: Key, sent: TextsSent) -> dict[str, Any]:
    """Writes all texts. `seen` is the `changed_at` that you read, as it was given: then a change of somebody else is not lost."""
    row, by = _own(request, app_id, Permission.REGISTER)
    return actions.edit_listing(row.app_id, sent.texts(), by=by, at=now(), seen=sent.seen).described()


@router.get("/listings/{app_id}/checks", response=list[CheckShown])
def list_checks(request: HttpRequest, app_id: Key) -> list[dict[str, Any]]:
    """What is looked at before it is listed; the marketplace begins from the same list."""
    row, _ = _own(request, app_id, Permission.READ)
    shown = [{name: getattr(one, name) for name in ("field", "words", "passed", "needed")} for one in checks_of(row)]
    alike = [
        {"field": "", "words": f"The name looks like `{one.name}` ({one.id})", "passed": False, "needed": False}
        for one in lookalikes_of(row.app)
    ]
    return shown + alike


@router.post("/listings/{app_id}/screenshots", response={201: ListingShown})
def add_screenshot(request: HttpRequest, app_id: Key, sent: ScreenshotSent) -> Status[dict[str, Any]]:
    """Adds a PNG or JPEG, in base64."""
    row, by = _own(request, app_id, Permission.REGISTER)
    try:
        data = base64.b64decode(sent.picture, validate=True)
    except (binascii.Error, ValueError):
        raise PiepowderError("store_picture_base64", "the picture is not in base64") from None
    actions.add_screenshot(row.app_id, data, words=sent.words, by=by, at=now())
    return Status(201, Listing.objects.of_app(app_id).described())


@router.delete("/listings/{app_id}/screenshots/{screenshot_id}", response=ListingShown)
def remove_screenshot(request: HttpRequest, app_id: Key, screenshot_id: Key) -> dict[str, Any]:
    """Takes a screenshot away."""
    row, by = _own(request, app_id, Permission.REGISTER)
    return actions.remove_screenshot(row.app_id, screenshot_id, by=by, at=now()).described()


@router.post("/listings/{app_id}/screenshots/{screenshot_id}/front", response=ListingShown)
def move_screenshot(request: HttpRequest, app_id: Key, screenshot_id: Key) -> dict[str, Any]:
    """Moves it one place to the front."""
    row, by = _own(request, app_id, Permission.REGISTER)
    return actions.move_screenshot(row.app_id, screenshot_id, by=by, at=now()).described()


@router.put("/listings/{app_id}/stage", response=ListingShown)
def put_stage(request: HttpRequest, app_id: Key, sent: StageSent) -> dict[str, Any]:
    """Who sees it: a share of sellers, and those that are named."""
    row, by = _own(request, app_id, Permission.REGISTER)
    return actions.stage(row.app_id, percent=sent.percent, sellers=sent.sellers, by=by, at=now()).described()


@router.post("/listings/{app_id}/{verb}", response=ListingShown)
def move_listing(
    request: HttpRequest, app_id: Key, verb: Literal["submit", "withdraw", "unlist", "relist"]
) -> dict[str, Any]:
    """The developer's moves."""
    row, by = _own(request, app_id, Permission.REGISTER)
    moves = {
        "submit": actions.submit,
        "withdraw": actions.withdraw,
        "unlist": actions.unlist,
        "relist": actions.relist,
    }
    return moves[verb](row.app_id, by=by, at=now()).described()


@router.put("/ratings/{rating_id}/reply", response=RatingShown, exclude_unset=True)
def put_reply(request: HttpRequest, rating_id: Key, sent: WordsSent) -> dict[str, Any]:
    """The developer answers a rating."""
    rating = Rating.objects.named(rating_id)
    by = require_own(request, Permission.GOVERN, developer=rating.app.developer_id)
    return actions.change_reply(rating.id, words=sent.words, by=by, at=now()).described()


# for the marketplace's staff


@router.post("/desk/{app_id}/{verb}", response=ListingShown)
def decide(
    request: HttpRequest,
    app_id: Key,
    verb: Literal["accept", "send-back", "remove", "restore", "look"],
    sent: ReasonSent,
) -> dict[str, Any]:
    """The marketplace's moves; `accept` and `look` need no reason."""
    who: dict[str, Any] = {"by": require(request, Permission.REVIEW), "at": now()}
    if verb == "accept":
        return actions.accept(app_id, **who).described()
    if verb == "look":
        return actions.look(app_id, **who).described()
    with_reason = {"send-back": actions.send_back, "remove": actions.remove, "restore": actions.restore}
    return with_reason[verb](app_id, reason=sent.reason, **who).described()


@router.get("/reports", response=list[ReportShown])
def list_reports(request: HttpRequest, limit: Limit = 100) -> list[dict[str, Any]]:
    """Reports of ratings that nobody has answered."""
    require(request, Permission.READ)
    return [row.described() for row in Report.objects.filter(answered_at=None).order_by("id")[:limit]]


@router.post("/ratings/{rating_id}/{verb}", response=RatingShown, exclude_unset=True)
def judge(
    request: HttpRequest, rating_id: Key, verb: Literal["keep", "hide", "show"], sent: ReasonSent
) -> dict[str, Any]:
    """A reported rating stays, is hidden, or is shown again; the last two with a reason."""
    who: dict[str, Any] = {"by": require(request, Permission.REVIEW), "at": now()}
    if verb == "keep":
        return actions.keep_rating(rating_id, **who).described(whole=True)
    move = actions.hide_rating if verb == "hide" else actions.show_rating
    return move(rating_id, reason=sent.reason, **who).described(whole=True)


def _own(request: HttpRequest, app_id: str, staff: Permission) -> tuple[Listing, Any]:
    row = Listing.objects.of_app(app_id)
    return row, require_own(request, staff, developer=row.app.developer_id)


def _visible(request: HttpRequest, app_id: str) -> Listing:
    row, caller = Listing.objects.of_app(app_id), caller_of(request)
    if _may_see(caller, row):
        return row
    raise PiepowderError(
        "store_listing_unknown", f"app `{app_id}` has no listing in the store", kind=ErrorKind.NOT_FOUND
    )


def _may_see(caller: Caller, row: Listing) -> bool:
    if Permission.READ in caller.permissions or (caller.developer and caller.developer == row.app.developer_id):
        return True
    listed = row.status == ListingStatus.LISTED
    return listed and (row.percent == 100 or in_stage(row.pk, caller.seller, row.percent, row.sellers))


def _shown(row: Listing, plans: dict[str, Any]) -> dict[str, Any]:
    return {
        "app": row.app_id,
        "name": row.app.name,
        "developer": row.app.developer_id,
        "developer_name": row.app.developer.name,
        "short": row.short,
        "shelves": row.categories,
        "sellers": row.sellers_count if row.sellers_count >= 3 else None,
        "rating_median": row.rating_median,
        "rating_count": row.rating_count,
        "personal_asked": row.personal_asked,
        "plans": [{"name": one.name, "price": one.words, "free": one.free} for one in plans.get(row.app_id, ())],
    }


def _whole(row: Listing, label: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        **_shown(row, plans_of([row.app_id])),
        "status": row.status,
        "may_be_authorised": may_be_authorised(row.app),
        "texts": row.described()["texts"],
        "label": label or described_label(label_of(row)),
    }
