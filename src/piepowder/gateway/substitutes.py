"""What stands in for a withheld value: bound to the app and the seller, so that copies cannot be joined across them."""

from piepowder.core.marks import alias, mask, outward, pseudonym
from piepowder.gateway.project import Order

_EPOCH = "1"  # rotation of aliases comes with the relay


class Marks:
    """Substitutes for one (app, seller). Aliases are undeliverable until the relay stands, as their domain says."""

    __slots__ = ("app", "domain", "key", "seller")

    def __init__(self, key: bytes, app: str, seller: str, domain: str) -> None:
        self.key, self.app, self.seller, self.domain = key, app, seller, domain

    def value(self, kind: str, value: object, order: Order, country: str) -> object:
        """The substitute for `value`; null where it would have to be derived from something that is not known."""
        subject = order.subject or order.id
        if kind == "mask":
            return mask(value) if isinstance(value, str) else None
        if kind == "outward":
            return outward(value, country) if isinstance(value, str) else None
        if subject is None:
            return None
        if kind == "alias":
            return alias(self.key, self.app, self.seller, subject, _EPOCH, self.domain)
        if kind == "pseudonym":
            return pseudonym(self.key, self.app, self.seller, subject)
        return None
