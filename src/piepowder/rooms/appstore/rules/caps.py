"""How many sellers may authorise an app. Pure.

own_use    the developer's own shops: exempt from listing, capped
public     unlisted: capped until the store lists it; listed: no cap; open: no cap, because the marketplace brought it in itself
"""

from enum import StrEnum

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.rules import AppKind


class Reach(StrEnum):
    UNLISTED = "unlisted"
    LISTED = "listed"
    OPEN = "open"


REACH_WORDS: dict[Reach, str] = {
    Reach.UNLISTED: "not listed yet",
    Reach.LISTED: "listed in the store",
    Reach.OPEN: "brought in by the marketplace",
}


def sellers_max(kind: AppKind, reach: Reach, *, own_use: int, unlisted: int) -> int | None:
    """The cap, by the installation's settings; None for no cap."""
    if kind is AppKind.OWN_USE:
        return own_use
    return unlisted if reach is Reach.UNLISTED else None


def check_room(name: str, kind: AppKind, most: int | None, others: int) -> None:
    """`appstore_sellers_full` where one more seller would be too many; `others` have authorised the app already."""
    if most is None or others < most:
        return
    own = kind is AppKind.OWN_USE
    kept_for = "for its developer's own shops" if own else "not listed yet"
    raise PiepowderError(
        "appstore_sellers_full",
        f"`{name}` is {kept_for}, and {others} sellers use it already",
        hint=f"at most {most} may; "
        + (
            "for more, its developer registers a public app" if own else "once it is listed in the store, everybody may"
        ),
        kind=ErrorKind.CONFLICT,
        sellers_max=most,
    )
