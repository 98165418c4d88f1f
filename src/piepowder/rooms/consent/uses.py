"""What an app really did under a grant, read from the ledger: bounded in time and in calls, so that a page stays quick."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from piepowder.core.ledger import usage
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.usage import CategoryUse, Span, Use
from piepowder.core.marketplace.taxonomy import is_personal
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import words_of

CALLS_MAX = 2_000  # of one app, with their details
ALL_CALLS_MAX = 20_000  # of all apps of a shop, only counted
HISTORY_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLine:
    """A category as one app met it: calls in which it went out plain, as a substitute, or was withheld."""

    category: str
    words: str
    personal: bool
    purpose: str
    kept: int
    substituted: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantUse:
    """`full`: there were more calls than were counted."""

    calls: int
    personal_calls: int
    order_reads: int
    newest: datetime | None
    purposes: tuple[Use, ...]
    categories: tuple[CategoryLine, ...]
    full: bool

    @property
    def plain_words(self) -> tuple[str, ...]:
        """Words of the shoppers' data that really went out in plain."""
        return tuple(dict.fromkeys(line.words for line in self.categories if line.personal and line.kept))


def described(use: GrantUse) -> dict[str, object]:
    """What API and command line show."""
    categories = ("category", "purpose", "kept", "substituted", "withheld")
    return {
        "calls": use.calls,
        "personal_calls": use.personal_calls,
        "order_reads": use.order_reads,
        "newest": use.newest,
        "complete": not use.full,
        "categories": [{name: getattr(line, name) for name in categories} for line in use.categories],
    }


def use_since(row: Grant, since: datetime) -> GrantUse:
    """What the app read for the shop since a moment, by purpose and category; of its newest 2,000 calls."""
    span = Span(seller=row.seller_id, app=row.app_id, since=since, calls_max=CALLS_MAX)
    purposes = tuple(usage.by_purpose(_connection(), span))
    calls = sum(one.calls for one in purposes)
    lines = sorted(map(_line, usage.by_category(_connection(), span)), key=lambda one: (not one.personal, one.words))
    return GrantUse(
        calls=calls,
        personal_calls=sum(one.personal_calls for one in purposes),
        order_reads=sum(one.order_reads for one in purposes),
        newest=max((one.newest for one in purposes), default=None),
        purposes=purposes,
        categories=tuple(lines),
        full=calls >= CALLS_MAX,
    )


def uses_by_app(seller_id: str, since: datetime) -> dict[str, Use]:
    """Every app's calls for a shop since a moment, of the newest 20,000."""
    span = Span(seller=seller_id, since=since, calls_max=ALL_CALLS_MAX)
    return {one.name: one for one in usage.by_app(_connection(), span)}


def open_orders(row: Grant, since: datetime) -> int:
    """Orders that the app read for shipping and that were not delivered yet when it did: at most so many are affected by its end."""
    return usage.open_orders(
        _connection(), Span(seller=row.seller_id, app=row.app_id, since=since, calls_max=CALLS_MAX)
    )


def history(row: Grant) -> list[Record]:
    """What happened to a grant, newest first."""
    return usage.history(_connection(), row.id, limit=HISTORY_MAX)


def purposes_in_words(purpose: str) -> str:
    """`shipping+tax` -> `deliver what was bought, or issue invoices and pay taxes`."""
    return ", or ".join(purpose_words(one) for one in purpose.split("+")) if purpose else "no stated purpose"


def _line(one: CategoryUse) -> CategoryLine:
    return CategoryLine(
        category=one.category,
        words=words_of(one.category),
        personal=is_personal(one.category),
        purpose=one.purpose,
        kept=one.kept,
        substituted=one.substituted,
        withheld=one.withheld,
    )


def _connection() -> Any:
    connection.ensure_connection()
    return connection.connection
