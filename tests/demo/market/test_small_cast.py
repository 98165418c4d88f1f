"""Without a market, what clients need is there, and nothing else."""

from pathlib import Path

import pytest
from django.conf import settings

from piepowder.demo.cast import CAST
from piepowder.demo.fixtures import set_the_stage
from piepowder.demo.orders import OrderBook
from piepowder.rooms.developers.models import Member
from piepowder.rooms.people.models import Account


@pytest.mark.django_db
def test_the_cast_alone(tmp_path: Path, orders_path: Path) -> None:
    """Five apps with credentials for three sellers each; nobody can sign in, and a second start hands out the same."""
    own = settings.PIEPOWDER.model_copy(update={"data": tmp_path, "upstream_url": "http://127.0.0.1:8402"})
    book = OrderBook(orders_path)
    made = set_the_stage(own, lambda: book, market=False)
    assert set(made["apps"]) == {part.key for part in CAST}
    assert all(app["client_secret"] and len(app["more_sellers"]) == 2 for app in made["apps"].values())
    assert (made["people"], Member.objects.count(), Account.objects.count()) == ({}, 0, 0)
    assert set_the_stage(own, lambda: book, market=False) == made
