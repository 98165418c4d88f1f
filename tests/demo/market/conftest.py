"""A whole market, built once: its own database, the example marketplace, gateway and console as processes.

place   settings, credentials and the market itself
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from piepowder.core.kernel.config import Settings
from piepowder.demo.fixtures import set_the_stage
from piepowder.demo.orders import OrderBook
from piepowder.web.database import database_from_url
from tests.support.control_plane import *  # noqa: F403
from tests.support.market import *  # noqa: F403
from tests.support.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Place:
    settings: Settings
    made: dict[str, Any]
    market: Any  # `Market`, which can be imported once Django is set up
    played: int  # acts
    answered: int  # calls


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_database: Callable[[], str],
    django_db_setup: None,
    django_db_blocker: Any,
    orders_path: Path,
    marketplace_url: str,
) -> Iterator[Place]:
    url, before = migrated_database(), dict(connections["default"].settings_dict)
    stack = Stack(
        tmp_path_factory.mktemp("market"), url, upstream_url=marketplace_url, spec={}, migrated=True, console=True
    )
    with django_db_blocker.unblock():
        _use(database_from_url(url))
        with stack:
            yield _built(stack.settings, OrderBook(orders_path))
        _use(before)


def _use(database: dict[str, Any]) -> None:
    connections["default"].close()
    connections["default"].settings_dict.update(database)


def _built(settings: Settings, book: OrderBook) -> Place:
    from piepowder.demo.market.build import Market, cast_passes
    from piepowder.demo.market.shops import SELLERS

    made = set_the_stage(settings, lambda: book, market=True)
    ids = [seller.id for seller in book.sellers(SELLERS)]
    market = Market(settings, book.market.id, ids, datetime.now(UTC))
    played = market.build()
    return Place(settings=settings, made=made, market=market, played=played, answered=market.trade(cast_passes(made)))
