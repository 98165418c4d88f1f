from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client

from piepowder.core.facts.model import GrantFact, PolicyFact, RevokedTokenFact, SellerFact, StandingFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.pack import DEFAULT_PACK, read_pack
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.publication.actions import (
    forget_expired_tokens,
    publish,
    publish_in_pieces,
    publish_many,
    publish_policy,
)
from piepowder.rooms.publication.models import Fact, Policy, Version

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SELLER = SellerFact(id="sel_1", marketplace_id="A1")


@pytest.mark.django_db
def test_each_change_has_the_next_number() -> None:
    """Numbers count the changes, and a fact bears the number of its newest one."""
    first = publish("seller", "sel_1", SELLER)
    second = publish("seller", "sel_1", SellerFact(id="sel_1", marketplace_id="A1", active=False))
    assert second == first + 1 == Version.objects.get().number
    fact = Fact.objects.get(kind="seller", key="sel_1")
    assert fact.number == second
    assert fact.body == '{"id":"sel_1","marketplace_id":"A1","active":false}'


@pytest.mark.django_db
def test_a_removed_fact_stays_as_a_row_without_body() -> None:
    """A gateway that was away when a fact was removed still learns of it."""
    publish("seller", "sel_1", SELLER)
    number = publish("seller", "sel_1", None)
    fact = Fact.objects.get(kind="seller", key="sel_1")
    assert (fact.body, fact.number) == (None, number)


@pytest.mark.django_db
def test_many_facts_share_a_number_and_the_last_of_a_key_wins() -> None:
    """A bulk load is one change, whatever it repeats."""
    grants = [GrantFact(id=f"grt_{n}", app="app_1", seller=f"sel_{n}", version="1", purposes=()) for n in range(5000)]
    number = publish_many([*(("grant", grant.id, grant) for grant in grants), ("grant", "grt_0", None)])
    assert Fact.objects.filter(kind="grant", number=number).count() == 5000
    assert Fact.objects.get(kind="grant", key="grt_0").body is None


def test_a_bulk_load_lets_others_in_between(committed: str) -> None:
    """A load in pieces has one number, and one commit, for each piece."""
    publish_in_pieces((("seller", f"sel_{n}", SELLER) for n in range(25)), piece=10)
    assert Version.objects.get().number == 3
    numbers = Fact.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1] * 10 + [2] * 10 + [3] * 5


@pytest.mark.django_db
def test_a_fact_of_the_wrong_shape_is_refused() -> None:
    """What no gateway could decode is never published."""
    with pytest.raises(TypeError):
        publish("seller", "app_1", StandingFact(capabilities=()))
    with pytest.raises(KeyError):
        publish("rumour", "app_1", SELLER)
    assert Fact.objects.count() == 0


def test_nothing_is_published_outside_a_transaction(committed: str) -> None:
    """A fact cannot be told without the change that it tells of."""
    with pytest.raises(transaction.TransactionManagementError):
        publish("seller", "sel_1", SELLER)


def test_what_is_rolled_back_was_never_told(committed: str) -> None:
    """A change that does not commit leaves no fact, no number and no notice."""
    with psycopg.connect(committed, autocommit=True) as listener:
        listener.execute("LISTEN piepowder_facts")
        with transaction.atomic():
            publish("seller", "sel_1", SELLER)
            transaction.set_rollback(True)
        with transaction.atomic():
            number = publish("seller", "sel_2", SELLER)
        heard = next(listener.notifies(timeout=10, stop_after=1))
    assert heard.payload == str(number) == "1"
    assert [fact.key for fact in Fact.objects.all()] == ["sel_2"]


@pytest.mark.django_db
def test_a_policy_comes_into_force_whole() -> None:
    """The gateways get the very words of the pack under its version, and the ledger says who published it."""
    pack = read_pack(DEFAULT_PACK)
    policy = publish_policy(pack.files, by=SYSTEM, at=AT)
    fact = decode_fact("policy", Fact.objects.get(kind="policy", key="current").body or "")
    assert isinstance(fact, PolicyFact)
    assert (fact.version, fact.files) == (pack.version, pack.files)
    assert Policy.objects.in_force() == policy
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM ledger_record WHERE kind = 'publication.policy'")
        assert cursor.fetchall() == [(pack.version,)]


@pytest.mark.django_db
def test_a_policy_that_does_not_compile_never_gets_out() -> None:
    """A faulty pack is refused before anything is published."""
    files = {**read_pack(DEFAULT_PACK).files, "broken.cedar": "permit (principal, action"}
    with pytest.raises(PiepowderError) as raised:
        publish_policy(files, by=SYSTEM, at=AT)
    assert raised.value.code.startswith("policy_")
    assert not Policy.objects.exists()
    assert not Fact.objects.exists()


@pytest.mark.django_db
def test_policies_by_api(api: Client) -> None:
    """A pack is published, listed and read back through the API."""
    assert api.get("/api/policies/current").status_code == 404
    pack = read_pack(DEFAULT_PACK)
    made = api.post("/api/policies", {"files": pack.files}, content_type="application/json")
    assert (made.status_code, made.json()["version"]) == (201, pack.version)
    assert [policy["id"] for policy in api.get("/api/policies").json()] == [made.json()["id"]]
    assert api.get("/api/policies/current").json()["files"] == pack.files
    assert api.get(f"/api/policies/{made.json()['id']}").json()["version"] == pack.version


@pytest.mark.django_db
def test_revoked_tokens_are_forgotten_a_day_after_their_end() -> None:
    """A token that nobody could use any more is dropped; one that ended an hour ago, or lives, is kept."""
    seconds = AT.timestamp()
    for key, until in (("aa", seconds - 90_000), ("bb", seconds - 3_600), ("cc", seconds + 3_600)):
        publish("revoked_token", key, RevokedTokenFact(until=until))
    assert forget_expired_tokens(at=AT) == 1
    assert set(Fact.objects.filter(kind="revoked_token").values_list("key", flat=True)) == {"bb", "cc"}
