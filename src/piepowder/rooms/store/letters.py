"""What developers and sellers are told about listings and ratings. Plain words; the page that answers is one click away."""

from datetime import datetime

from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.notices.actions import tell
from piepowder.rooms.store.models import Listing, Rating


def accepted(listing: Listing, *, by: Actor, at: datetime) -> None:
    name = listing.app.name
    body = f"{name} is in the store from now on. Sellers find it by its words and on its shelves."
    _to_developer(listing, "listed", f"{name} is in the store", body, by=by, at=at)


def returned(listing: Listing, *, by: Actor, at: datetime) -> None:
    name = listing.app.name
    body = (
        f"The marketplace looked at the listing of {name} and asks you to change something first:\n\n{listing.reason}\n\n"
        "Nothing that you wrote is lost. Correct it, and submit it again."
    )
    _to_developer(listing, "returned", f"{name}: please change something before it is listed", body, by=by, at=at)


def removed(listing: Listing, *, by: Actor, at: datetime) -> None:
    name = listing.app.name
    body = (
        f"The marketplace took {name} out of the store. The reason:\n\n{listing.reason}\n\n"
        "Sellers who use it go on using it. Correct the listing and submit it again; it is then looked at anew."
    )
    _to_developer(listing, "removed", f"{name} was taken out of the store", body, by=by, at=at)


def restored(listing: Listing, *, by: Actor, at: datetime) -> None:
    name = listing.app.name
    body = f"The marketplace put {name} back into the store. {listing.reason}"
    _to_developer(listing, "restored", f"{name} is in the store again", body, by=by, at=at)


def rated(listing: Listing, rating: Rating, *, at: datetime) -> None:
    """To the developer, without the shop's name: sellers do not tell each other's developers who they are."""
    name = listing.app.name
    words = f"\n\n{rating.words}" if rating.words else ""
    tell(
        recipient=listing.app.developer_id,
        kind="store.rated",
        subject=f"{name} was rated: {rating.stars} of 5",
        body=f"A seller who uses {name} gave it {rating.stars} of 5 stars.{words}\n\nYou can answer on its page.",
        link=f"/store/{listing.app_id}/#ratings",
        at=at,
    )


def replied(rating: Rating, *, by: Actor, at: datetime) -> None:
    tell(
        recipient=rating.seller_id,
        kind="store.replied",
        subject=f"{rating.app.developer.name} answered your rating of {rating.app.name}",
        body=rating.reply,
        link=f"/store/{rating.app_id}/#ratings",
        by=by,
        at=at,
    )


def hidden(rating: Rating, *, by: Actor, at: datetime) -> None:
    tell(
        recipient=rating.seller_id,
        kind="store.hidden",
        subject=f"Your rating of {rating.app.name} is no longer shown",
        body=(
            f"The marketplace hid your rating. The reason:\n\n{rating.reason}\n\nYou can change its words; write to the marketplace "
            "if you think that this is wrong."
        ),
        link=f"/store/{rating.app_id}/#ratings",
        by=by,
        at=at,
    )


def shown_again(rating: Rating, *, by: Actor, at: datetime) -> None:
    tell(
        recipient=rating.seller_id,
        kind="store.shown_again",
        subject=f"Your rating of {rating.app.name} is shown again",
        body="The marketplace looked at your rating once more and shows it again, with its stars and its words.",
        link=f"/store/{rating.app_id}/#ratings",
        by=by,
        at=at,
    )


def _to_developer(listing: Listing, what: str, subject: str, body: str, *, by: Actor, at: datetime) -> None:
    tell(
        recipient=listing.app.developer_id,
        kind=f"store.{what}",
        subject=subject,
        body=body,
        link=f"/store/listings/{listing.app_id}/",
        mail_to=[listing.app.developer.contact_email],
        by=by,
        at=at,
    )
