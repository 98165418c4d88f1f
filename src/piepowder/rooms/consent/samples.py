"""A made-up order as an app would see it under a seller's choice: decided by the policy in force, cut by the gateway's own marks.

Nobody in it exists. The values are fixed, so that two looks at the same choice show the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES, is_personal
from piepowder.core.marks import mask, outward
from piepowder.core.policy.model import Effect, Verdict
from piepowder.core.policy.taxonomy import covers
from piepowder.rooms.consent.offers import Offer, by_importance, desk_of, kinder, words_of

STATES: dict[OrderState, str] = {
    OrderState.UNSHIPPED: "Not shipped",
    OrderState.SHIPPED: "On its way",
    OrderState.DELIVERED: "Delivered, 30 days",
    OrderState.CLOSED: "Later",
    OrderState.CANCELLED: "Cancelled",
}
_COUNTRY = "DE"
_VALUES: dict[str, str] = {
    "buyer.name": "Mira Muster",
    "buyer.email": "mira.muster@mail.example",
    "buyer.phone": "+49 30 00000 000",
    "buyer.company": "Muster & Kind",
    "buyer.tax_id": "DE000000000",
    "buyer.purchase_order": "PO-0000",
    "buyer.address.street": "Beispielweg 3",
    "buyer.address.postcode": "12345",
    "buyer.address.type": "home",
    "buyer.address.geo": "52.50, 13.40",
    "buyer.delivery": "leave it at the neighbour's",
    "buyer.regulated": "over 18: yes",
    "free_text": "“For your birthday!”",
    "order.reference": "000-0000000-0000001",
    "order.status": "Unshipped",
    "order.time": "1 March, 09:30",
    "order.money": "24.90 EUR",
    "order.payment": "card",
    "order.item": "2 tea lanterns",
    "order.fulfilment": "standard, 1 package",
    "order.place": "Beispielstadt, DE",
    "order.programme": "none",
    "order.tax": "19 %",
    "seller.commercial": "31 orders today",
    "seller.identity": "your shop's name",
    "seller.address": "your own address",
    "seller.contact": "your own contact",
    "marketplace.reference": "M-1, EUR",
    "paging": "page 2",
}
_SUBSTITUTES = {"alias": "4f1c…@relay", "pseudonym": "buyer-7d20…"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What the app is given in one state of the order."""

    state: str
    effect: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """`reason` is why nothing of a category is seen: not asked for, left out by the seller; empty where the policy says it."""

    category: str
    words: str
    personal: bool
    value: str
    cells: tuple[Cell, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    states: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def seen(self) -> tuple[Row, ...]:
        """Rows of which the app sees something, in some state."""
        return tuple(row for row in self.rows if any(cell.effect != Effect.WITHHOLD for cell in row.cells))

    @property
    def unseen(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row not in self.seen)


def sample(offer: Offer) -> Sample:
    """The order under what is ticked in the offer: all that is known of shoppers, and what else the app asks for."""
    declared = {category for several in offer.asked.purposes.values() for category in several}
    verdicts = _verdicts(offer)
    shown = [name for name in CATEGORIES if is_personal(name) or covers(declared, name)]
    return Sample(tuple(STATES.values()), tuple(_rows(offer, by_importance(shown), verdicts)))


def _rows(offer: Offer, categories: list[str], verdicts: dict[tuple[str, OrderState], Verdict]) -> Iterator[Row]:
    asked = {word for several in offer.asked.purposes.values() for word in several}
    left = {word for purpose in offer.choice.purposes for word in offer.choice.left_to(purpose, offer.asked.purposes)}
    for category in categories:
        reason = "" if covers(left, category) else "you left it out" if covers(asked, category) else "not asked for"
        cells = tuple(
            _cell(words, category, None if reason else verdicts.get((category, state)))
            for state, words in STATES.items()
        )
        yield Row(category, words_of(category), is_personal(category), _VALUES.get(category, "…"), cells, reason)


def _verdicts(offer: Offer) -> dict[tuple[str, OrderState], Verdict]:
    """The kindest verdict over the chosen purposes: an app may say at each call what it reads for."""
    desk, found = desk_of(offer.app), dict[tuple[str, OrderState], Verdict]()
    for purpose in offer.choice.purposes:
        single = {name for name in CATEGORIES if covers(offer.asked.purposes[purpose], name)}
        asked = offer.asked.with_single(purpose, single)
        for category, states in desk.answers(asked, purpose, offer.choice).items():
            for state, verdict in states.items():
                found[category, state] = kinder(found.get((category, state)), verdict)
    return found


def _cell(state: str, category: str, verdict: Verdict | None) -> Cell:
    value = _VALUES.get(category, "…")
    if verdict is None or verdict.effect is Effect.WITHHOLD:
        return Cell(state, Effect.WITHHOLD, "withheld")
    if verdict.effect is Effect.KEEP:
        return Cell(state, Effect.KEEP, value)
    return Cell(state, Effect.SUBSTITUTE, _substitute(verdict.substitute or "", value))


def _substitute(kind: str, value: str) -> str:
    if kind == "outward":
        return outward(value, _COUNTRY) + "…"
    return _SUBSTITUTES.get(kind) or mask(value)
