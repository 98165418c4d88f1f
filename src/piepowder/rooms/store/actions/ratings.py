"""Sellers rate apps that they use; developers answer; anybody concerned reports abuse; the marketplace hides and shows, with a reason."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.store import letters, rules
from piepowder.rooms.store.models import Listing, Rating, Report, Use
from piepowder.rooms.store.rules import RatingStatus


@transaction.atomic
def rate(app_id: str, seller_id: str, *, stars: int, words: str = "", by: Actor, at: datetime) -> Rating:
    """One rating of each seller who uses the app, or did within the last 90 days; a second one changes the first."""
    words = words.strip()
    rules.check_rating(stars, words)
    listing = Listing.objects.locked(app_id)
    if not Use.objects.may_rate(app_id, seller_id, at):
        raise PiepowderError(
            "store_rating_not_user",
            "only sellers who use an app can rate it",
            hint="authorise it first; for 90 days after its end it can still be rated",
            kind=ErrorKind.FORBIDDEN,
        )
    before = Rating.objects.by_seller(app_id, seller_id)
    row = _change(before, stars, words, by=by, at=at) if before else _first(listing, seller_id, stars, words, by, at)
    _count(listing)
    return Rating.objects.named(row.pk)


def _first(listing: Listing, seller_id: str, stars: int, words: str, by: Actor, at: datetime) -> Rating:
    use = Use.objects.present(listing.app_id, seller_id)
    row = Rating.objects.create(
        app_id=listing.app_id,
        seller_id=seller_id,
        stars=stars,
        words=words,
        using_since=use.since if use else at,
        created_at=at,
        changed_at=at,
    )
    record("store.rate", by=by, at=at, detail={"id": row.id, "stars": stars}, **row.ledger_fields())
    letters.rated(listing, row, at=at)
    return row


def _change(row: Rating, stars: int, words: str, *, by: Actor, at: datetime) -> Rating:
    if row.status == RatingStatus.WITHDRAWN:
        Rating.objects.advance(row, RatingStatus.SHOWN, verb="rate_again", by=by, at=at)
    Rating.objects.filter(pk=row.pk).update(stars=stars, words=words, changed_at=at)
    detail = {"id": row.id, "from": row.stars, "stars": stars, "words_changed": words != row.words}
    record("store.change_rating", by=by, at=at, detail=detail, **row.ledger_fields())
    return row


@transaction.atomic
def withdraw_rating(app_id: str, seller_id: str, *, by: Actor, at: datetime) -> Rating:
    """A seller takes its rating back."""
    listing = Listing.objects.locked(app_id)
    row = Rating.objects.by_seller(app_id, seller_id)
    if row is None:
        raise PiepowderError("store_rating_unknown", "you have not rated this app", kind=ErrorKind.NOT_FOUND)
    gone = Rating.objects.advance(row, RatingStatus.WITHDRAWN, verb="withdraw_rating", by=by, at=at)
    _count(listing)
    return gone


@transaction.atomic
def change_reply(rating_id: str, *, words: str, by: Actor, at: datetime) -> Rating:
    """The developer answers a rating, or words the answer anew."""
    rules.check_reply(words)
    row = Rating.objects.locked(rating_id)
    if row.status != RatingStatus.SHOWN:
        raise PiepowderError("store_rating_not_shown", "this rating is not shown", kind=ErrorKind.CONFLICT)
    Rating.objects.filter(pk=row.pk).update(reply=words.strip(), replied_at=at)
    record("store.reply", by=by, at=at, detail={"id": row.id, "again": bool(row.reply)}, **row.ledger_fields())
    answered = Rating.objects.named(rating_id)
    if not row.reply:
        letters.replied(answered, by=by, at=at)
    return answered


@transaction.atomic
def report_rating(rating_id: str, *, words: str, by: Actor, at: datetime) -> Report:
    """Asks the marketplace to look at a rating."""
    words = words.strip()
    if not words or len(words) > 500:
        raise PiepowderError("store_report_words", "say in at most 500 characters what is wrong with it")
    row = Rating.objects.locked(rating_id)
    if row.status != RatingStatus.SHOWN:
        raise PiepowderError("store_rating_not_shown", "this rating is not shown", kind=ErrorKind.CONFLICT)
    if Report.objects.filter(rating=row, reported_by=str(by)).exists():
        raise PiepowderError(
            "store_report_twice",
            "you have reported this rating already",
            hint="the marketplace looks at it",
            kind=ErrorKind.CONFLICT,
        )
    made = Report.objects.create(rating=row, reported_by=str(by), words=words, reported_at=at)
    record("store.report_rating", by=by, at=at, detail={"id": row.id, "report": made.id}, app=row.app_id)
    return made


@transaction.atomic
def hide_rating(rating_id: str, *, reason: str, by: Actor, at: datetime) -> Rating:
    """The marketplace takes a rating off the page and tells its seller why; open reports are answered by it."""
    _require_reason(reason)
    row = _moved(rating_id, RatingStatus.HIDDEN, "hide_rating", reason, by=by, at=at)
    letters.hidden(row, by=by, at=at)
    return row


@transaction.atomic
def show_rating(rating_id: str, *, reason: str, by: Actor, at: datetime) -> Rating:
    """A hidden rating is shown again."""
    _require_reason(reason)
    row = Rating.objects.named(rating_id)
    if row.status != RatingStatus.HIDDEN:
        raise PiepowderError("store_rating_not_hidden", "this rating is not hidden", kind=ErrorKind.CONFLICT)
    row = _moved(rating_id, RatingStatus.SHOWN, "show_rating", reason, by=by, at=at)
    letters.shown_again(row, by=by, at=at)
    return row


@transaction.atomic
def keep_rating(rating_id: str, *, by: Actor, at: datetime) -> Rating:
    """The marketplace has looked at the reports, and the rating stays."""
    row = Rating.objects.locked(rating_id)
    if not _answer_reports(row, "kept", by=by, at=at):
        raise PiepowderError(
            "store_reports_answered", "there is no open report of this rating", kind=ErrorKind.CONFLICT
        )
    record("store.keep_rating", by=by, at=at, detail={"id": row.id}, **row.ledger_fields())
    return row


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise PiepowderError("store_reason_missing", "a reason is missing", hint="say why; the seller reads it")


def _moved(rating_id: str, to: RatingStatus, verb: str, reason: str, *, by: Actor, at: datetime) -> Rating:
    listing = Listing.objects.locked(Rating.objects.named(rating_id).app_id)
    row = Rating.objects.advance(Rating.objects.locked(rating_id), to, verb=verb, by=by, at=at, reason=reason.strip())
    Rating.objects.filter(pk=row.pk).update(reason=reason.strip() if to is RatingStatus.HIDDEN else "")
    _answer_reports(row, str(to), by=by, at=at)
    _count(listing)
    return Rating.objects.named(rating_id)


def _answer_reports(row: Rating, answer: str, *, by: Actor, at: datetime) -> int:
    return Report.objects.open(row.pk).update(answer=answer, answered_at=at, answered_by=str(by))


def _count(listing: Listing) -> None:
    """Median and number of the ratings shown; the listing is locked, so two at once count after one another."""
    counts = Rating.objects.counts(listing.app_id)
    Listing.objects.filter(pk=listing.pk).update(rating_median=rules.median(counts), rating_count=counts.total())
