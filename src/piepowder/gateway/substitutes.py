"""What stands in for a withheld value: bound to the app and the seller, so that copies cannot be joined across them."""

from piepowder.core.marks import alias_maker, mask, outward, pseudonym
from piepowder.gateway.fill import Make
from piepowder.gateway.orders import Order
from piepowder.gateway.shape import BLANK

_EPOCH = "1"  # rotation of aliases comes with the relay


class Marks:
    """Substitutes for one (app, seller). Aliases are undeliverable until the relay stands, as their domain says."""

    __slots__ = ("app", "domain", "key", "seller")

    def __init__(self, key: bytes, app: str, seller: str, domain: str) -> None:
        self.key, self.app, self.seller, self.domain = key, app, seller, domain

    def maker(self, kind: str) -> Make:
        """How to make one kind of substitute; null where it would have to be derived from something that is not known."""
        if kind == "alias":
            return self._alias()
        return {"pseudonym": self._pseudonym, "mask": _mask, "outward": _outward, BLANK: _blank}.get(kind, _nothing)

    def _alias(self) -> Make:
        made = alias_maker(self.key, self.app, self.seller, _EPOCH, self.domain)

        def make(value: object, order: Order, country: str) -> str | None:
            subject = order.subject or order.id
            return None if subject is None else made(subject)

        return make

    def _pseudonym(self, value: object, order: Order, country: str) -> str | None:
        subject = order.subject or order.id
        return None if subject is None else pseudonym(self.key, self.app, self.seller, subject)


def _mask(value: object, order: Order, country: str) -> str | None:
    return mask(value) if isinstance(value, str) else None


def _outward(value: object, order: Order, country: str) -> str | None:
    return outward(value, country) if isinstance(value, str) else None


def _blank(value: object, order: Order, country: str) -> str:
    return ""


def _nothing(value: object, order: Order, country: str) -> None:
    return None
