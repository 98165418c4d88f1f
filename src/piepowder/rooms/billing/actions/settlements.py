"""What a month came to is collected and paid out by the provider, or noted by staff who did it by hand.

Asking the provider happens outside any transaction: whatever it answers, the next look asks again by the same key.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.billing import letters, months
from piepowder.rooms.billing.models import Settlement
from piepowder.rooms.billing.payments import Answer, Order, Outcome, Provider
from piepowder.rooms.billing.rules import SettlementStatus
from piepowder.rooms.ground.actor import SYSTEM, Actor

AT_ONCE = 200
LOOK_AGAIN = timedelta(minutes=15)
TRY_AGAIN = timedelta(minutes=5)


def settle_due(provider: Provider | None, *, at: datetime) -> int:
    """Hands over what is due, and looks at what is under way; how many were asked about. Without a provider, staff settle."""
    if provider is None:
        return 0
    sent = [(row, _hand_over(provider, row)) for row in Settlement.objects.to_send(at)[:AT_ONCE]]
    looked = [(row, _look(provider, row)) for row in Settlement.objects.to_look_at(at)[:AT_ONCE]]
    for row, ask in sent + looked:
        _ask(row, ask, at=at)
    return len(sent) + len(looked)


def _hand_over(provider: Provider, row: Settlement) -> Callable[[], Answer]:
    order = Order(
        key=f"{row.id}.{row.tries}",  # a new try after a failure is another payment
        party=row.party,
        amount=abs(row.amount),
        currency=row.currency,
        words=f"Apps {months.words(row.month)}",
    )
    return lambda: (provider.collect if row.amount > 0 else provider.pay_out)(order)


def _look(provider: Provider, row: Settlement) -> Callable[[], Answer]:
    return lambda: provider.look(f"{row.id}.{row.tries}")


def _ask(row: Settlement, ask: Callable[[], Answer], *, at: datetime) -> None:
    try:
        answer = ask()
    except PiepowderError as error:
        # Nothing is known of the payment now; asked again by the same key, the provider moves nothing twice.
        Settlement.objects.filter(pk=row.pk).update(due_at=at + TRY_AGAIN, problem=error.message[:300])
        return
    _became(row, answer, at=at)


@transaction.atomic
def _became(row: Settlement, answer: Answer, *, at: datetime) -> None:
    row = Settlement.objects.locked(row.id)
    if answer.outcome is Outcome.UNDER_WAY and row.status == SettlementStatus.SENT:
        Settlement.objects.filter(pk=row.pk).update(due_at=at + LOOK_AGAIN)
    elif row.status not in (SettlementStatus.DUE, SettlementStatus.SENT):
        return  # settled by hand, meanwhile
    elif answer.outcome is Outcome.UNDER_WAY:
        _move(row, SettlementStatus.SENT, answer, verb="send_payment", at=at)
    elif answer.outcome is Outcome.SETTLED:
        _move(row, SettlementStatus.SETTLED, answer, verb="settle_payment", at=at)
    else:
        letters.payment_failed(_move(row, SettlementStatus.FAILED, answer, verb="fail_payment", at=at), at=at)


def _move(row: Settlement, to: SettlementStatus, answer: Answer, *, verb: str, at: datetime) -> Settlement:
    return Settlement.objects.advance(
        row,
        to,
        verb=verb,
        by=SYSTEM,
        at=at,
        reason=answer.problem,
        reference=answer.reference[:200],
        problem=answer.problem[:300],
        due_at=at + LOOK_AGAIN,
        settled_at=at if to is SettlementStatus.SETTLED else None,
    )


@transaction.atomic
def settle_by_hand(row: Settlement, *, reference: str, by: Actor, at: datetime) -> Settlement:
    """Staff collected or paid elsewhere; `reference` says where to find it, and is no card or account number."""
    reference = " ".join(reference.split())
    if not reference:
        raise PiepowderError("billing_reference_missing", "say where this payment is found", hint="a booking number")
    if _like_card(reference):
        raise PiepowderError(
            "billing_reference_is_card", "this looks like the number of a card or account, which has no place here"
        )
    row = Settlement.objects.locked(row.id)
    return Settlement.objects.advance(
        row,
        SettlementStatus.SETTLED,
        verb="settle_payment",
        by=by,
        at=at,
        reference=reference[:200],
        problem="",
        settled_at=at,
    )


@transaction.atomic
def try_again(row: Settlement, *, by: Actor, at: datetime) -> Settlement:
    """A payment that failed falls due anew, as another one."""
    row = Settlement.objects.locked(row.id)
    if row.status != SettlementStatus.FAILED:
        raise PiepowderError("billing_payment_not_failed", "this payment has not failed", kind=ErrorKind.CONFLICT)
    return Settlement.objects.advance(
        row, SettlementStatus.DUE, verb="retry_payment", by=by, at=at, due_at=at, tries=row.tries + 1, problem=""
    )


def _like_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isascii() and character.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
