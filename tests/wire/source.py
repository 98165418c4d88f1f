"""The truth to compare with: the imported orders, and what the marketplace itself answers to the gateway's credential."""

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from piepowder.core.kernel.json import decode
from piepowder.demo.buyers import Buyer, Wishes, wishes
from piepowder.demo.fixtures import state_of
from piepowder.demo.marketplace.wire import iso
from piepowder.demo.orders import DAY, Filter, Order, OrderBook, Seller, life

STATES = ("unshipped", "shipped", "delivered", "closed", "cancelled")
FEW = 30  # items
_OF_BUYER = ("name", "email", "phone", "line_1", "company", "tax_id")


class Source:
    def __init__(self, book: OrderBook, url: str, credential: str, seller_id: str) -> None:
        self.book, self.url, self.credential = book, url, credential
        found = book.seller(seller_id)
        assert found is not None
        self.seller: Seller = found
        self.now = int(datetime.now(UTC).timestamp())

    def orders(self, days: int = 10_000) -> list[Order]:
        """The seller's orders of the last days, oldest first, as a client can list them."""
        wanted = Filter(
            created_after=self.now - days * DAY, created_before=self.now - 120, as_of=self.now, limit=1_000_000
        )
        return self.book.page(self.seller, wanted)

    def few_items(self) -> list[Order]:
        """The newest first, without those that are long to read."""
        return [order for order in reversed(self.orders()) if order.lines <= FEW]

    def order(self, state: str, *, business: bool | None = None) -> Order:
        """The newest order in that state, of a business or of a private person if asked."""
        for order in self.few_items():
            if state_of(order, self.now) == state and business in (None, self.book.buyer(order).business):
                return order
        raise AssertionError(f"no order is {state}")

    def samples(self) -> list[Order]:
        """Orders of every kind: of each state, with gifts, companies, wishes, regulated goods."""
        traits: tuple[Callable[[Order, Buyer, Wishes], object], ...] = (
            *(lambda order, _, __, state=state: state_of(order, self.now) == state for state in STATES),
            lambda order, _, __: life(order, self.now).status == "PartiallyShipped",
            lambda order, _, __: order.channel == "AFN",
            lambda _, person, __: person.business,
            lambda _, __, said: said.gift_message,
            lambda _, __, said: said.customisation_url,
            lambda _, __, said: said.drop_off and said.instructions,
            lambda _, __, said: said.pet_name,
        )
        told = [(order, (person := self.book.buyer(order)), wishes(order.id, person)) for order in self.few_items()]
        found = [next((each[0] for each in told if trait(*each)), None) for trait in traits]
        return list({order.id: order for order in found if order is not None}.values())

    def long_order(self) -> Order:
        """The order with the most items: more than a page holds."""
        return max(self.orders(), key=lambda order: order.lines)

    def days_ago(self, days: float) -> str:
        return iso(int(self.now - days * DAY))

    def sold(self, start: datetime, end: datetime) -> list[Order]:
        """Orders of an interval that were not cancelled."""
        return [
            order
            for order in self.orders()
            if start.timestamp() <= order.placed < end.timestamp() and life(order, self.now).status != "Canceled"
        ]

    def elsewhere(self) -> Order:
        """An order of the second seller."""
        other = self.book.sellers(2)[1]
        return self.book.page(other, Filter(created_after=self.now - 30 * DAY, as_of=self.now, limit=1))[0]

    def says(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What the marketplace answers to the gateway."""
        target = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"x-amz-access-token": self.credential, "x-marketplace-seller": self.seller.id}
        with urllib.request.urlopen(urllib.request.Request(target, headers=headers), timeout=30) as answer:
            return decode(answer.read())

    def secrets(self, order: Order) -> dict[str, str]:
        """The made-up truth about the order's buyer that names or reaches a person, by name: words to search raw bytes for."""
        person = self.book.buyer(order)
        said = wishes(order.id, person)
        found = {name: getattr(person, name) for name in _OF_BUYER}
        found |= {name: getattr(said, name) for name in said.__struct_fields__}
        return {name: value for name, value in found.items() if value}

    def state(self, order: Order) -> str:
        """The state class that a policy sees."""
        return state_of(order, self.now)

    def is_open(self, order: Order) -> bool:
        return self.state(order) in ("unshipped", "shipped", "delivered")


def differences(truth: Any, told: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(`lost` | `changed` | `added`, path) of every leaf that is not the same; `[]` stands for each element of a list."""
    if isinstance(truth, dict) and isinstance(told, dict):
        for name in truth.keys() | told.keys():
            here = f"{path}.{name}" if path else name
            if name not in told:
                yield "lost", here
            elif name not in truth:
                yield "added", here
            else:
                yield from differences(truth[name], told[name], here)
    elif isinstance(truth, list) and isinstance(told, list) and len(truth) == len(told):
        for one, other in zip(truth, told, strict=True):
            yield from differences(one, other, f"{path}[]")
    elif truth != told:
        yield "changed", path
