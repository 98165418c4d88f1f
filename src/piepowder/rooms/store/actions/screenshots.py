"""Screenshots of a listing: added, put in another order, taken away."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.store import pictures, rules
from piepowder.rooms.store.models import Listing, Screenshot
from piepowder.rooms.store.rules import ListingStatus


@transaction.atomic
def add_screenshot(app_id: str, data: bytes, *, words: str, by: Actor, at: datetime) -> Screenshot:
    """Cleans the picture and puts it last. `words` say what it shows, for those who do not see it."""
    words = words.strip()
    if not words or len(words) > 200 or rules.has_hidden(words):
        raise PiepowderError(
            "store_screenshot_words",
            "say in at most 200 characters what the screenshot shows",
            hint="for those who do not see it",
        )
    picture = pictures.cleaned(data)
    row = _changeable(app_id)
    if row.screenshots.count() >= rules.SCREENSHOTS_MAX:
        raise PiepowderError(
            "store_screenshots_full",
            f"a listing has at most {rules.SCREENSHOTS_MAX} screenshots",
            hint="take one away first",
            kind=ErrorKind.CONFLICT,
        )
    if row.screenshots.filter(digest=picture.digest).exists():
        raise PiepowderError("store_screenshot_twice", "this screenshot is there already", kind=ErrorKind.CONFLICT)
    made = Screenshot.objects.create(
        listing=row,
        place=row.screenshots.count() + 1,
        words=words,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        digest=picture.digest,
        data=picture.data,
        created_at=at,
    )
    detail = {"id": row.id, "screenshot": made.id, "digest": picture.digest, "bytes": len(picture.data)}
    record("store.add_screenshot", by=by, at=at, detail=detail, **row.ledger_fields())
    _touched(row, at)
    return made


@transaction.atomic
def remove_screenshot(app_id: str, screenshot_id: str, *, by: Actor, at: datetime) -> Listing:
    """Takes a screenshot away; the others close ranks."""
    row = _changeable(app_id)
    shot = _own(row, screenshot_id)
    Screenshot.objects.filter(pk=shot.pk).delete()
    detail = {"id": row.id, "screenshot": shot.pk, "digest": shot.digest}
    record("store.remove_screenshot", by=by, at=at, detail=detail, **row.ledger_fields())
    _renumber([one.pk for one in row.screenshots.in_order()])
    return _touched(row, at)


@transaction.atomic
def move_screenshot(app_id: str, screenshot_id: str, *, by: Actor, at: datetime) -> Listing:
    """Moves a screenshot one place to the front."""
    row = _changeable(app_id)
    shot = _own(row, screenshot_id)
    order = [one.pk for one in row.screenshots.in_order()]
    place = order.index(shot.pk)
    if not place:
        return row
    order[place - 1], order[place] = order[place], order[place - 1]
    _renumber(order)
    detail = {"id": row.id, "screenshot": shot.pk, "place": place}
    record("store.move_screenshot", by=by, at=at, detail=detail, **row.ledger_fields())
    return _touched(row, at)


def _renumber(order: list[str]) -> None:
    for place, shot_id in enumerate(order, 1):
        Screenshot.objects.filter(pk=shot_id).update(place=place)


def _changeable(app_id: str) -> Listing:
    row = Listing.objects.locked(app_id)
    if row.status == ListingStatus.SUBMITTED:
        raise PiepowderError(
            "store_listing_waits",
            "the listing is being looked at and cannot change meanwhile",
            hint="take it back from review to change it",
            kind=ErrorKind.CONFLICT,
        )
    return row


def _own(row: Listing, screenshot_id: str) -> Screenshot:
    shot = Screenshot.objects.named(screenshot_id)
    if shot.listing_id != row.pk:
        raise PiepowderError("store_screenshot_unknown", f"no screenshot `{screenshot_id}`", kind=ErrorKind.NOT_FOUND)
    return shot


def _touched(row: Listing, at: datetime) -> Listing:
    Listing.objects.filter(pk=row.pk).update(changed_at=at)
    return Listing.objects.of_app(row.app_id)
