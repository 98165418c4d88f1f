"""A month is run: charges are booked, statements issued, settlements fall due. All of it in one transaction, once for each month."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.billing import letters, months
from piepowder.rooms.billing.actions.books import book_charges
from piepowder.rooms.billing.models import Entry, MonthRun, Settlement, Statement, Subscription
from piepowder.rooms.billing.money import ZERO, Money, shown
from piepowder.rooms.billing.rules import RUN_AFTER, SettlementStatus
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Seller


def next_month() -> date | None:
    """The month whose turn it is: after the newest run, or the one of the first subscription; None before there is any."""
    if newest := MonthRun.objects.newest():
        return months.following(newest.month)
    first = Subscription.objects.order_by("started_at").first()
    return months.month_of(first.started_at, zone()) if first else None


def is_over(month: date, at: datetime) -> bool:
    return at >= months.bounds(month, zone())[1] + RUN_AFTER


def run_due(*, at: datetime) -> int:
    """Runs every month whose turn has come, the oldest first; how many."""
    done = 0
    while (month := next_month()) is not None and is_over(month, at):
        try:
            run_month(month, by=SYSTEM, at=at)
        except PiepowderError as error:
            if error.code != "billing_month_run_already":  # somebody else was faster
                raise
        done += 1
    return done


@transaction.atomic
def run_month(month: date, *, by: Actor, at: datetime) -> list[Statement]:
    """Issues the statements of a month that is over, for developers and marketplace.

    Codes: `billing_month_not_over`, `billing_month_not_next`, `billing_month_run_already`.
    """
    _begin(month, by=by, at=at)
    span = months.bounds(month, zone())
    book_charges(month, list(Subscription.objects.touching(span)), at=at)
    entries = list(Entry.objects.of_month(month))  # corrections that were booked for it before are among them
    statements = _statements(month, entries, at=at)
    Statement.objects.bulk_create(statements)
    _settle(month, entries, at=at)
    for statement in statements:
        _issued(statement, by=by, at=at)
    _tell_sellers(month, entries, at=at)
    detail = {"month": f"{month:%Y-%m}", "entries": len(entries), "statements": len(statements)}
    record("billing.run_month", by=by, at=at, detail=detail)
    return statements


def _begin(month: date, *, by: Actor, at: datetime) -> None:
    if not is_over(month, at):
        raise PiepowderError(
            "billing_month_not_over",
            f"{months.words(month)} is not over yet",
            hint="its statements can be issued an hour after it has ended",
            kind=ErrorKind.CONFLICT,
        )
    if MonthRun.objects.filter(month=month).exists():
        raise _run_already(month)
    if (turn := next_month()) != month:
        hint = f"it is the turn of {months.words(turn)}" if turn else "there is no subscription yet"
        raise PiepowderError(
            "billing_month_not_next", f"it is not the turn of {months.words(month)}", hint=hint, kind=ErrorKind.CONFLICT
        )
    # Of two at the same moment, the second waits here for the first one's commit, and then finds the month run.
    _, made = MonthRun.objects.get_or_create(month=month, defaults={"run_by": str(by), "run_at": at})
    if not made:
        raise _run_already(month)


def _run_already(month: date) -> PiepowderError:
    return PiepowderError(
        "billing_month_run_already",
        f"the statements of {months.words(month)} are out",
        hint="mistakes are put right by corrections, which are on the next statement",
        kind=ErrorKind.CONFLICT,
    )


def _statements(month: date, entries: Sequence[Entry], *, at: datetime) -> list[Statement]:
    """One for each developer and currency, and one for the marketplace in each currency."""
    groups: dict[tuple[str | None, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.developer_id, entry.currency].append(entry)
        groups[None, entry.currency].append(entry)
    return [
        Statement(
            month=month,
            developer_id=developer,
            currency=currency,
            entries=len(several),
            gross=sum((one.gross for one in several), ZERO),
            commission=sum((one.commission for one in several), ZERO),
            issued_at=at,
        )
        for (developer, currency), several in groups.items()
    ]


def _settle(month: date, entries: Sequence[Entry], *, at: datetime) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for entry in entries:
        sums[entry.seller_id, entry.currency] += entry.gross
        sums[entry.developer_id, entry.currency] -= entry.share
    rows = [
        Settlement(month=month, party=party, currency=currency, amount=amount, status=SettlementStatus.DUE, due_at=at)
        for (party, currency), amount in sums.items()
        if amount
    ]
    Settlement.objects.bulk_create(rows, batch_size=1_000)


def _issued(statement: Statement, *, by: Actor, at: datetime) -> None:
    detail = {
        "statement": statement.id,
        "month": f"{statement.month:%Y-%m}",
        "currency": statement.currency,
        "gross": shown(statement.gross, statement.currency),
        "commission": shown(statement.commission, statement.currency),
    }
    record("billing.issue_statement", by=by, at=at, developer=statement.developer_id or "", detail=detail)
    if statement.developer_id:
        letters.statement(statement, at=at)


def _tell_sellers(month: date, entries: Sequence[Entry], *, at: datetime) -> None:
    sums: dict[Seller, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for entry in entries:
        sums[entry.seller][entry.currency] += entry.gross
    for seller, amounts in sums.items():
        said = [Money(amount, currency) for currency, amount in amounts.items() if amount]
        if said:
            letters.charges(seller, month, said, at=at)
