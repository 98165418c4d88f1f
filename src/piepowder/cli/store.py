"""`piepowder store`: look through the store, manage listings, decide about listings and ratings."""

from pathlib import Path
from typing import Any

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode

app = App(name="store", help="The app store: listings, data labels, ratings.")


@app.command
def shelves(*, common: Common = Common()) -> None:
    """The shelves of the store."""
    open_rooms(common)
    from piepowder.rooms.store.categories import categories

    rows = [{"id": one.id, "name": one.name, "about": one.about} for one in categories().values()]
    show_list(rows, ("id", "name", "about"), common)


@app.command
def browse(
    words: str = "",
    *,
    shelf: str = "",
    sort: str = "",
    private: bool = False,
    free: bool = False,
    seller: str = "",
    limit: int = 50,
    common: Common = Common(),
) -> None:
    """Apps on the shelves.

    Parameters
    ----------
    words
        What to search for.
    shelf
        One shelf's id, such as `shipping`.
    sort
        `used`, `rating`, `data`, `new` or `name`.
    private
        Only apps that ask for nothing about buyers.
    free
        Only apps with a free plan.
    seller
        As this seller sees it; default: what all see.
    """
    open_rooms(common)
    from piepowder.rooms.people.models import Seller
    from piepowder.rooms.store.models.listings import SORTS
    from piepowder.rooms.store.shelf import Wish, find

    if sort and sort not in SORTS:
        raise PiepowderError("store_sort_unknown", f"there is no order `{sort}`", hint=", ".join(SORTS))
    viewer = Seller.objects.named(seller).id if seller else ""
    found = find(Wish(words=words, shelf=shelf, sort=sort, private=private, free=free), viewer)[:limit]
    columns = ("app", "name", "developer", "short", "sellers", "stars", "ratings", "personal_asked")
    rows = [
        {
            "app": row.app_id,
            "name": row.app.name,
            "developer": row.app.developer.name,
            "short": row.short,
            "sellers": row.sellers_count,
            "stars": row.rating_median,
            "ratings": row.rating_count,
            "personal_asked": row.personal_asked,
        }
        for row in found
    ]
    show_list(rows, columns, common)


@app.command
def label(*app_id: str, common: Common = Common()) -> None:
    """The data label of apps: what they ask for, what the policy does with it, what they really read in 30 days."""
    open_rooms(common)
    from piepowder.rooms.store.labels import described, labels_of
    from piepowder.rooms.store.models import Listing

    rows = [Listing.objects.of_app(one) for one in app_id]
    labels = labels_of(rows)
    if common.json:
        show({row.app_id: described(labels[row.app_id]) for row in rows}, common)
        return
    columns = (
        "app",
        "category",
        "personal",
        "purposes",
        "share_read",
        "reads_per_order",
        "median_of_shelf",
        "never_used",
    )
    lines = [{**line, "app": row.app.name} for row in rows for line in described(labels[row.app_id])["rows"]]
    show_list([{**line, "purposes": [one["purpose"] for one in line["purposes"]]} for line in lines], columns, common)


@app.command(name="list")
def list_all(*, status: str = "", common: Common = Common()) -> None:
    """Listings in any status; `--status submitted` is the queue."""
    open_rooms(common)
    from piepowder.rooms.store.models import Listing

    rows = Listing.objects.full().order_by("submitted_at", "id")
    found = [row.described() for row in (rows.filter(status=status) if status else rows)]
    show_list(found, ("app", "name", "status", "submitted_at", "changed_at", "sellers_count", "rating_median"), common)


@app.command(name="show")
def show_one(app_id: str, *, common: Common = Common()) -> None:
    """One listing with its checks."""
    open_rooms(common)
    from piepowder.rooms.store.models import Listing
    from piepowder.rooms.store.readiness import checks_of

    row = Listing.objects.of_app(app_id)
    missing = [check.words for check in checks_of(row) if not check.passed]
    show({**row.described(), "missing": missing}, common)


@app.command(name="open")
def open_one(app_id: str, *, common: Common = Common()) -> None:
    """Begin the listing of a public app."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import open_listing

    show(open_listing(StoredApp.objects.named(app_id), by=COMMAND_LINE, at=now()).described(), common)


@app.command
def edit(app_id: str, texts: Path, *, common: Common = Common()) -> None:
    """Write the texts of a listing from a JSON file: `short`, `long`, `features`, `categories`, `languages`, `support_email`, ….

    What the file leaves out stays as it is.
    """
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import edit_listing
    from piepowder.rooms.store.models import Listing

    written = _written(texts, Listing.objects.of_app(app_id).texts)
    show(edit_listing(app_id, written, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def screenshot(app_id: str, picture: Path, words: str, *, common: Common = Common()) -> None:
    """Add a screenshot (PNG or JPEG), with words that say what it shows."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import add_screenshot

    made = add_screenshot(app_id, _bytes(picture), words=words, by=COMMAND_LINE, at=now())
    show(made.described(), common)


@app.command
def unscreenshot(app_id: str, screenshot_id: str, *, common: Common = Common()) -> None:
    """Take a screenshot away."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import remove_screenshot

    show(remove_screenshot(app_id, screenshot_id, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def front(app_id: str, screenshot_id: str, *, common: Common = Common()) -> None:
    """Move a screenshot one place to the front."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import move_screenshot

    show(move_screenshot(app_id, screenshot_id, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def stage(app_id: str, percent: int, *, seller: tuple[str, ...] = (), common: Common = Common()) -> None:
    """Show a listing to a share of all sellers, and to those that are named."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store import actions

    show(actions.stage(app_id, percent=percent, sellers=seller, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def submit(app_id: str, *, common: Common = Common()) -> None:
    """Ask the marketplace to list it."""
    _moved("submit", app_id, common)


@app.command
def withdraw(app_id: str, *, common: Common = Common()) -> None:
    """Take a submitted listing back."""
    _moved("withdraw", app_id, common)


@app.command
def unlist(app_id: str, *, common: Common = Common()) -> None:
    """Take it off the shelf."""
    _moved("unlist", app_id, common)


@app.command
def relist(app_id: str, *, common: Common = Common()) -> None:
    """Put it back on the shelf."""
    _moved("relist", app_id, common)


@app.command
def accept(app_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """List a submitted listing."""
    _decided("accept", app_id, key_file, common)


@app.command
def look(app_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Note that somebody looked at what changed in a listing."""
    _decided("look", app_id, key_file, common)


@app.command
def send_back(app_id: str, reason: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Send a submitted listing back to its developer, with a reason."""
    _decided("send_back", app_id, key_file, common, reason=reason)


@app.command
def remove(app_id: str, reason: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a listing out of the store, with a reason."""
    _decided("remove", app_id, key_file, common, reason=reason)


@app.command
def restore(app_id: str, reason: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Put a removed listing back, with a reason."""
    _decided("restore", app_id, key_file, common, reason=reason)


@app.command
def ratings(app_id: str, *, common: Common = Common()) -> None:
    """Ratings of an app, hidden and withdrawn ones included."""
    open_rooms(common)
    from piepowder.rooms.store.models import Rating

    rows = [row.described(whole=True) for row in Rating.objects.filter(app=app_id).order_by("-changed_at")]
    show_list(rows, ("id", "stars", "words", "status", "seller", "changed_at"), common)


@app.command
def rate(app_id: str, seller: str, stars: int, words: str = "", *, common: Common = Common()) -> None:
    """Rate an app on behalf of a seller who uses it."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.models import Seller
    from piepowder.rooms.store import actions

    seller_id = Seller.objects.named(seller).id
    show(
        actions.rate(app_id, seller_id, stars=stars, words=words, by=COMMAND_LINE, at=now()).described(whole=True),
        common,
    )


@app.command
def unrate(app_id: str, seller: str, *, common: Common = Common()) -> None:
    """Take a seller's rating back."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.models import Seller
    from piepowder.rooms.store.actions import withdraw_rating

    row = withdraw_rating(app_id, Seller.objects.named(seller).id, by=COMMAND_LINE, at=now())
    show(row.described(whole=True), common)


@app.command
def reply(rating_id: str, words: str, *, common: Common = Common()) -> None:
    """Answer a rating, as the app's developer."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import change_reply

    show(change_reply(rating_id, words=words, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def report(rating_id: str, words: str, *, common: Common = Common()) -> None:
    """Report a rating to the marketplace."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store.actions import report_rating

    show(report_rating(rating_id, words=words, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def reports(*, common: Common = Common()) -> None:
    """Reports of ratings that nobody has answered."""
    open_rooms(common)
    from piepowder.rooms.store.models import Report

    rows = [row.described() for row in Report.objects.filter(answered_at=None).order_by("id")]
    show_list(rows, ("rating", "words", "reported_by", "reported_at"), common)


@app.command
def judge(
    rating_id: str, verb: str, reason: str = "", *, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Decide about a rating: `keep` it, `hide` it or `show` it again; the last two with a reason."""
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.store import actions

    who: dict[str, Any] = {"by": acting(key_file, Permission.REVIEW), "at": now()}
    if verb == "keep":
        row = actions.keep_rating(rating_id, **who)
    elif verb in ("hide", "show"):
        row = (actions.hide_rating if verb == "hide" else actions.show_rating)(rating_id, reason=reason, **who)
    else:
        raise PiepowderError("store_verb_unknown", f"`{verb}` is none of `keep`, `hide`, `show`")
    show(row.described(whole=True), common)


@app.command
def count(*, common: Common = Common()) -> None:
    """Count what was recorded since the last look, and sum the data labels up. The clock does it by itself."""
    open_rooms(common)
    from piepowder.rooms.store.actions import count_due, refresh_due

    at = now()
    show({"labels": count_due(at=at), "listings": refresh_due(at=at)}, common)


def _moved(verb: str, app_id: str, common: Common) -> None:
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.store import actions

    moves = {"submit": actions.submit, "withdraw": actions.withdraw, "unlist": actions.unlist, "relist": actions.relist}
    show(moves[verb](app_id, by=COMMAND_LINE, at=now()).described(), common)


def _decided(verb: str, app_id: str, key_file: Path | None, common: Common, **more: str) -> None:
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.store import actions

    action = getattr(actions, verb)
    show(action(app_id, **more, by=acting(key_file, Permission.REVIEW), at=now()).described(), common)


def _written(path: Path, before: Any) -> Any:
    from dataclasses import asdict

    from piepowder.rooms.store.rules import Texts

    given = decode(_bytes(path))
    if not isinstance(given, dict) or not set(given) <= set(asdict(before)):
        raise PiepowderError(
            "store_texts_malformed",
            f"`{path}` is no JSON object of texts",
            hint=f"members: {', '.join(asdict(before))}",
        )
    return Texts.of({**asdict(before), **given})


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PiepowderError("store_file_missing", f"cannot read `{path}`: {reason}") from None
