"""A developer writes a listing, submits it, takes it off the shelf and puts it back, rolls it out in stages."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Count, F, Q, Value

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.actions import set_reach
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.billing.actions import file_app
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Seller
from piepowder.rooms.store import rules
from piepowder.rooms.store.categories import categories
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.observed import personal_asked
from piepowder.rooms.store.readiness import checks_of
from piepowder.rooms.store.released import declared
from piepowder.rooms.store.rules import ListingStatus, Texts

REFRESHED_AT_ONCE = 200


@transaction.atomic
def open_listing(app: App, *, by: Actor, at: datetime) -> Listing:
    """Begins the listing of a public app, as a draft; gives back the one that is there."""
    if app.kind != AppKind.PUBLIC:
        raise PiepowderError(
            "store_app_not_public",
            f"`{app.name}` is for its developer's own shop",
            hint="only public apps are listed; own-use apps need no listing",
            kind=ErrorKind.CONFLICT,
        )
    App.objects.locked(app.id)  # two who begin at once
    if there := Listing.objects.filter(app=app).first():
        return Listing.objects.of_app(there.app_id)
    row = Listing.objects.create(app=app, **_first_texts(app), created_at=at, changed_at=at)
    Listing.objects.filter(pk=row.pk).update(stage=rules.stage_of(row.pk))
    detail = {"id": row.id}
    record("store.open_listing", by=by, at=at, detail=detail, app=app.id, developer=app.developer_id)
    return _indexed(row.app_id)


def _first_texts(app: App) -> dict[str, str]:
    """What the app's own page says already, as far as it holds here."""
    found = {
        "short": app.description[: rules.SHORT_MAX],
        "support_email": app.support_email,
        "support_url": app.support_url,
        "privacy_url": app.privacy_policy_url,
    }
    wrong = rules.check_texts(Texts.of(found), categories())
    return {name: value for name, value in found.items() if name not in wrong}


@transaction.atomic
def edit_listing(app_id: str, texts: Texts, *, by: Actor, at: datetime, seen: datetime | None = None) -> Listing:
    """Writes all texts. `seen` is the `changed_at` that the writer started from: whoever is late is told.

    A listed app's texts change at once, as long as they are complete; the marketplace looks at the difference afterwards.
    """
    problems = rules.check_texts(texts, categories())
    if problems:
        field, words = next(iter(problems.items()))
        raise PiepowderError("store_texts_invalid", f"{field}: {words}", problems=problems)
    row = Listing.objects.locked(app_id)
    _check_editable(row, seen)
    before, after = asdict(row.texts), asdict(texts)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return row
    if row.status == ListingStatus.LISTED:
        rules.refuse_unready(checks_of(row, texts))
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in after.items()}
    Listing.objects.filter(pk=row.pk).update(**values, changed_at=at)
    if row.status == ListingStatus.LISTED:
        file_app(row.app, texts.categories[0], by=by, at=at)
    record("store.edit_listing", by=by, at=at, detail={"id": row.id, "fields": changed}, **row.ledger_fields())
    return _indexed(app_id)


def _check_editable(row: Listing, seen: datetime | None) -> None:
    if seen is not None and abs(seen - row.changed_at) >= timedelta(
        milliseconds=1
    ):  # JSON knows thousandths of a second
        raise PiepowderError(
            "store_listing_stale",
            "somebody else changed this listing after you opened it",
            hint="compare with the listing as it is now, and save again",
            kind=ErrorKind.CONFLICT,
        )
    if row.status == ListingStatus.SUBMITTED:
        raise PiepowderError(
            "store_listing_waits",
            "the listing is being looked at and cannot change meanwhile",
            hint="take it back from review to change it",
            kind=ErrorKind.CONFLICT,
        )


@transaction.atomic
def submit(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """Asks the marketplace to list it; `store_listing_unready` says what is missing."""
    row = Listing.objects.locked(app_id)
    rules.refuse_unready(checks_of(row))
    Listing.objects.filter(pk=row.pk).update(reason="")
    return Listing.objects.advance(row, ListingStatus.SUBMITTED, verb="submit", by=by, at=at, submitted_at=at)


@transaction.atomic
def withdraw(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """Takes a submitted listing back, to change it."""
    row = Listing.objects.locked(app_id)
    return Listing.objects.advance(row, ListingStatus.DRAFT, verb="withdraw", by=by, at=at, submitted_at=None)


@transaction.atomic
def unlist(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """Takes it off the shelf. Whoever uses the app goes on."""
    row = Listing.objects.locked(app_id)
    off = Listing.objects.advance(row, ListingStatus.UNLISTED, verb="unlist", by=by, at=at)
    say_reach(row.app, Reach.UNLISTED, by=by, at=at)
    return off


@transaction.atomic
def relist(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """Puts it back on the shelf; what was changed meanwhile is looked at afterwards."""
    row = Listing.objects.locked(app_id)
    if row.status == ListingStatus.REMOVED:
        raise PiepowderError(
            "store_listing_removed",
            "the marketplace took this listing out of the store",
            hint="correct it and submit it again",
            kind=ErrorKind.CONFLICT,
        )
    if row.status in (ListingStatus.DRAFT, ListingStatus.SUBMITTED):
        raise PiepowderError(
            "store_listing_never_listed",
            "the marketplace has not looked at this listing yet",
            hint="submit it",
            kind=ErrorKind.CONFLICT,
        )
    rules.refuse_unready(checks_of(row))
    back = Listing.objects.advance(row, ListingStatus.LISTED, verb="relist", by=by, at=at)
    say_reach(row.app, Reach.LISTED, by=by, at=at)
    return back


def say_reach(app: App, reach: Reach, *, by: Actor, at: datetime) -> None:
    """An unlisted app has a cap on its sellers, a listed one has none. What the marketplace brought in itself stays open."""
    if app.reach != Reach.OPEN:
        set_reach(app, reach, by=by, at=at)


@transaction.atomic
def stage(app_id: str, *, percent: int, sellers: Collection[str] = (), by: Actor, at: datetime) -> Listing:
    """Who sees a listing: a share of all sellers, and those that are named (by our id or the marketplace's)."""
    if not 0 <= percent <= 100:
        raise PiepowderError("store_stage_percent", "a share is 0 to 100 percent")
    if len(sellers) > 200:
        raise PiepowderError("store_stage_sellers", "at most 200 sellers can be named")
    row = Listing.objects.locked(app_id)
    named = sorted({Seller.objects.named(one).id for one in sellers})
    Listing.objects.filter(pk=row.pk).update(percent=percent, sellers=named)
    detail = {"id": row.id, "from": row.percent, "percent": percent, "sellers": named}
    record("store.stage", by=by, at=at, detail=detail, **row.ledger_fields())
    return Listing.objects.of_app(app_id)


@transaction.atomic
def look(app_id: str, *, by: Actor, at: datetime) -> Listing:
    """The marketplace has looked at what changed in a listing."""
    row = Listing.objects.locked(app_id)
    Listing.objects.filter(pk=row.pk).update(looked_at=at, looked_texts=asdict(row.texts))
    record("store.look", by=by, at=at, detail={"id": row.id}, **row.ledger_fields())
    return Listing.objects.of_app(app_id)


def refresh_due(*, at: datetime) -> int:
    """Follows apps that got another version or name, and counts sellers anew; how many listings changed."""
    behind = [row.app_id for row in Listing.objects.behind()[:REFRESHED_AT_ONCE]]
    for app_id in behind:
        with transaction.atomic():
            _indexed(app_id)
    counted = Listing.objects.annotate(users=Count("app__uses__seller", filter=Q(app__uses__ended_at=None)))
    changed = counted.exclude(users=F("sellers_count")).values_list("pk", "users")
    for listing_id, users in changed:
        Listing.objects.filter(pk=listing_id).update(sellers_count=users)
    return len(behind) + len(changed)


def _indexed(app_id: str) -> Listing:
    """With everything that is worked out of the app and the texts."""
    row = Listing.objects.of_app(app_id)
    manifest = row.app.manifest() if row.app.current_version else None
    shelves = [categories()[one].name for one in row.categories if one in categories()]
    search = (
        _weighted(row.app.name, "A")
        + _weighted(f"{row.short} {' '.join(shelves)}", "B")
        + _weighted(" ".join([*row.features, row.app.developer.name]), "C")
        + _weighted(row.long, "D")
    )
    Listing.objects.filter(pk=row.pk).update(
        version=row.app.current_version,
        indexed_name=row.app.name,
        personal_asked=personal_asked(declared(manifest)) if manifest else 0,
        search=search,
    )
    return Listing.objects.of_app(app_id)


def _weighted(words: str, weight: str) -> SearchVector:
    return SearchVector(Value(words), weight=weight, config="english")
