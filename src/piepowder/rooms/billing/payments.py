"""Payment providers, behind one small interface. Who pays with which card or account is the provider's business: none of that comes here.

A provider knows a party (`sel_…`, `dev_…`) by its id, under which the party itself left its details with the provider.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import decode_as, encode


class Outcome(StrEnum):
    UNDER_WAY = "under_way"
    SETTLED = "settled"
    FAILED = "failed"


class Order(Struct, frozen=True, kw_only=True):
    """What is to be moved. `key` is ours and unique; `amount` is above zero, in steps of the currency."""

    key: str
    party: str
    amount: Decimal
    currency: str
    words: str  # for a bank statement: which month, no person


class Answer(Struct, frozen=True, kw_only=True):
    """`reference` is the provider's own; `problem` a sentence for a failure."""

    outcome: Outcome
    reference: str = ""
    problem: str = ""


class Provider(Protocol):
    """The contract, which `tests/billing/test_billing_payments.py` holds every provider to.

    - The same `key` again, with the same order, moves nothing a second time and answers with what became of the first.
    - The same `key` with another order is refused: `billing_payment_key_reused`.
    - A provider that cannot be asked raises `billing_payment_unavailable`, and nothing is known of the order then: the same
      order is sent again later.
    - No verb takes or gives card or account numbers.
    """

    def collect(self, order: Order) -> Answer:
        """Asks the party for the amount."""
        ...

    def pay_out(self, order: Order) -> Answer:
        """Sends the amount to the party."""
        ...

    def look(self, key: str) -> Answer:
        """What became of an order; `billing_payment_unknown` if there was none."""
        ...


class Kept(Struct, frozen=True, kw_only=True):
    """A line of the recording provider's book; of a key, the last one counts."""

    verb: str
    order: Order
    answer: Answer


class Recording:
    """Moves nothing and keeps what it was asked: in memory, or in a file that several processes write. For demonstrations and tests.

    `becomes` is what orders come to.
    """

    def __init__(self, path: Path | None = None, *, becomes: Outcome = Outcome.SETTLED) -> None:
        self.path, self.becomes, self.available = path, becomes, True
        self._lines: list[Kept] = []

    def collect(self, order: Order) -> Answer:
        return self._taken("collect", order)

    def pay_out(self, order: Order) -> Answer:
        return self._taken("pay_out", order)

    def look(self, key: str) -> Answer:
        with self._book() as book:
            if key not in book:
                raise PiepowderError("billing_payment_unknown", f"no payment `{key}`", kind=ErrorKind.NOT_FOUND)
            return book[key].answer

    def taken(self) -> list[Kept]:
        """Every order, as it now stands."""
        with self._book() as book:
            return list(book.values())

    def settle(self, key: str, outcome: Outcome, problem: str = "") -> None:
        """What became of an order later."""
        with self._book() as book:
            before = book[key]
            answer = Answer(outcome=outcome, reference=before.answer.reference, problem=problem)
            self._keep(Kept(verb=before.verb, order=before.order, answer=answer))

    def _taken(self, verb: str, order: Order) -> Answer:
        with self._book() as book:
            before = book.get(order.key)
            if before is None:
                problem = "the recording provider was told to fail" if self.becomes is Outcome.FAILED else ""
                answer = Answer(outcome=self.becomes, reference=f"recorded-{len(book) + 1}", problem=problem)
                self._keep(Kept(verb=verb, order=order, answer=answer))
                return answer
            if (before.verb, before.order) != (verb, order):
                raise PiepowderError(
                    "billing_payment_key_reused",
                    f"payment `{order.key}` was another one",
                    hint="each payment has a key of its own",
                    kind=ErrorKind.CONFLICT,
                )
            return before.answer

    @contextmanager
    def _book(self) -> Iterator[dict[str, Kept]]:
        if not self.available:
            raise PiepowderError(
                "billing_payment_unavailable", "the payment provider does not answer", kind=ErrorKind.UNAVAILABLE
            )
        if self.path is None:
            yield {line.order.key: line for line in self._lines}
            return
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file is closed
            file.seek(0)
            lines = [decode_as(line, Kept) for line in file.read().splitlines()]
            yield {line.order.key: line for line in lines}

    def _keep(self, line: Kept) -> None:
        self._lines.append(line)
        if self.path is not None:
            with self.path.open("ab") as file:
                file.write(encode(line) + b"\n")


def provider(name: str, data: Path) -> Provider | None:
    """The provider of the setting `payment_provider`; None where staff settle by hand."""
    return Recording(data / "payments.jsonl") if name == "recording" else None
