"""All that one worker holds, joined by hand in `main.py`."""

from datetime import UTC, datetime

from msgspec import Struct

from piepowder.core.facts.model import PolicyFact
from piepowder.core.kernel.config import Settings
from piepowder.core.ledger.append import Appender
from piepowder.core.marketplace.dialect import Dialect
from piepowder.core.marketplace.model import Catalogue, Operation, Rate
from piepowder.core.marketplace.router import Router
from piepowder.gateway.decisions import Decisions
from piepowder.gateway.drift import Drift
from piepowder.gateway.feed import Feed
from piepowder.gateway.limits import Limits
from piepowder.gateway.order_states import OrderStates
from piepowder.gateway.refused import Refused
from piepowder.gateway.shape_book import ShapeBook
from piepowder.gateway.tokens import Tokens
from piepowder.gateway.upstream import Upstream

GENEROUS = Rate(10_000.0, 100_000)  # lifts the published rates, for demonstrations


class Keys(Struct, frozen=True):
    orders: bytes  # of the ledger's order hashes
    subjects: bytes  # of its buyer hashes
    marks: bytes
    paging: bytes


class Gateway:
    """One worker. Everything that changes while it runs is reached through `feed`."""

    def __init__(
        self,
        *,
        settings: Settings,
        catalogue: Catalogue,
        dialect: Dialect,
        feed: Feed,
        tokens: Tokens,
        limits: Limits,
        upstream: Upstream,
        appender: Appender,
        keys: Keys,
    ) -> None:
        self.settings, self.catalogue, self.dialect = settings, catalogue, dialect
        self.feed, self.tokens, self.limits = feed, tokens, limits
        self.upstream, self.appender, self.keys = upstream, appender, keys
        self.router = Router(catalogue)
        self.shapes = ShapeBook()
        self.order_states = OrderStates()
        self.drift = Drift()
        self._policy: PolicyFact | None = None
        self._decisions: Decisions | None = None

    def decisions(self) -> Decisions:
        """The policy in force, compiled anew when it changes."""
        policy = self.feed.snapshot.policy
        if policy is None:
            raise Refused("unavailable", "policy_missing", "no policy has been published yet")
        if policy is not self._policy or self._decisions is None:
            self._decisions, self._policy = Decisions(policy), policy
        return self._decisions

    def now(self) -> datetime:
        """Database time."""
        return datetime.fromtimestamp(self.feed.database_now(), UTC)

    def rate(self, operation: Operation, rates: dict[str, tuple[float, int]]) -> Rate:
        """The app's own rate plan, else the published rate of the operation."""
        own = rates.get(operation.id) or rates.get("*")
        if own is not None:
            return Rate(*own)
        return GENEROUS if self.settings.rates == "generous" else operation.rate
