"""What was learned of single orders by look-up, for at most a minute: several v0 answers say nothing of their order's state."""

import time
from collections import OrderedDict

from piepowder.gateway.orders import Order

_SECONDS_MAX = 60.0
_ORDERS_MAX = 50_000


class OrderStates:
    """(seller, order id) -> order. Bounded by age and number; the oldest goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[float, Order]] = OrderedDict()

    def get(self, seller: str, order_id: str) -> Order | None:
        found = self._known.get((seller, order_id))
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]

    def put(self, seller: str, order_id: str, order: Order) -> None:
        self._known[seller, order_id] = (time.monotonic() + _SECONDS_MAX, order)
        self._known.move_to_end((seller, order_id))
        if len(self._known) > _ORDERS_MAX:
            self._known.popitem(last=False)
