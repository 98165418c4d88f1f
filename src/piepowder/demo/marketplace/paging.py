"""Page tokens: the whole filter and the place in the listing, opaque to the caller. They live one day."""

import base64

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode_as, encode
from piepowder.demo.marketplace.wire import Call, invalid
from piepowder.demo.orders import Filter, Order, life

_LIFE_SECONDS = 86_400


class _Place(Struct, frozen=True, array_like=True):
    seller: str
    made: int
    wanted: Filter


def read_token(call: Call, token: str) -> Filter:
    """The filter of a token that this marketplace made for this seller; 400 for any other."""
    try:
        place = decode_as(base64.urlsafe_b64decode(token.encode("ascii", "replace") + b"=="), _Place)
    except (PiepowderError, ValueError):
        raise invalid("The token for the next page is not valid.") from None
    if place.seller != call.seller.id or not 0 <= call.now - place.made <= _LIFE_SECONDS:
        raise invalid("The token for the next page is not valid or has expired.")
    return place.wanted


def turn_page(call: Call, wanted: Filter) -> tuple[list[Order], str]:
    """A page of orders and the token for the next, empty on the last."""
    found = call.book.page(call.seller, _with(wanted, wanted.after, wanted.limit + 1))
    if len(found) <= wanted.limit:
        return found, ""
    last = found[wanted.limit - 1]
    key = life(last, wanted.as_of).updated if wanted.by_update else last.placed
    place = _Place(call.seller.id, call.now, _with(wanted, (key, last.number), wanted.limit))
    return found[: wanted.limit], base64.urlsafe_b64encode(encode(place)).decode().rstrip("=")


def _with(wanted: Filter, after: tuple[int, int] | None, limit: int) -> Filter:
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return Filter(**fields | {"after": after, "limit": limit})
