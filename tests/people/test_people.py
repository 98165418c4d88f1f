import hashlib
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from piepowder.core.facts.model import SellerFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, ActorKind
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people import actions
from piepowder.rooms.people.doors import caller_of
from piepowder.rooms.people.models import Account, ApiKey, Seller
from piepowder.rooms.people.rules import MARKETPLACE_KEY_ROLES, ROLES, KeyRole
from piepowder.rooms.publication.models import Fact

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _provision(marketplace_id: str = "A1", **fields: object) -> Seller:
    given = {"name": "Shop one", **fields}
    return actions.provision_seller(marketplace_id=marketplace_id, by=SYSTEM, at=AT, **given)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_provisioning_is_safe_to_repeat() -> None:
    """The marketplace's own id tells whether a seller is new; the second time it is brought up to date."""
    first = _provision()
    second = _provision(name="Shop one, renamed", active=False)
    assert (first.id, second.name, Seller.objects.count()) == (second.id, "Shop one, renamed", 1)
    fact = decode_fact("seller", Fact.objects.get(kind="seller", key=first.id).body or "")
    assert isinstance(fact, SellerFact)
    assert (fact.marketplace_id, fact.active) == ("A1", False)


@pytest.mark.django_db
def test_a_seller_is_found_by_either_id() -> None:
    """Ours and the marketplace's id lead to the same seller, and to no other."""
    seller = _provision()
    assert Seller.objects.named(seller.id) == Seller.objects.named("A1") == seller
    with pytest.raises(PiepowderError) as raised:
        Seller.objects.named("A2")
    assert raised.value.code == "people_seller_unknown"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("marketplace_id", "code"),
    [(" ", "people_marketplace_id_missing"), ("sel_01m8", "people_marketplace_id_ours")],
)
def test_an_impossible_marketplace_id_is_refused(marketplace_id: str, code: str) -> None:
    """Neither nothing nor something that looks like our own id is taken for the marketplace's."""
    with pytest.raises(PiepowderError) as raised:
        _provision(marketplace_id)
    assert raised.value.code == code


@pytest.mark.django_db
def test_one_subject_signs_in_for_one_seller() -> None:
    """Two sellers cannot have the same sign-in subject, and an inactive seller has none."""
    seller = _provision(oidc_subject="subject-1")
    with pytest.raises(PiepowderError) as raised:
        _provision("A2", oidc_subject="subject-1")
    assert raised.value.code == "people_subject_taken"
    assert Seller.objects.by_subject("subject-1") == seller
    _provision(oidc_subject="subject-1", active=False)
    assert Seller.objects.by_subject("subject-1") is None


@pytest.mark.django_db
def test_an_account_belongs_to_one_seller() -> None:
    """The same person gets the same account again, and no other seller's."""
    seller, other = _provision(), _provision("A2")
    account = actions.account_for_seller(seller, email="Somebody@example.com", at=AT)
    assert actions.account_for_seller(seller, email="somebody@example.com", at=AT) == account
    with pytest.raises(PiepowderError) as raised:
        actions.account_for_seller(other, email="somebody@example.com", at=AT)
    assert raised.value.code == "people_account_elsewhere"
    assert not account.is_staff
    assert not account.has_usable_password()


@pytest.mark.django_db
def test_staff_have_accounts_of_their_own() -> None:
    """A second account with the same address is refused, whatever its case."""
    account = actions.create_staff(email="staff@example.com", password="correct horse", by=SYSTEM, at=AT)
    assert account.is_staff
    assert account.check_password("correct horse")
    with pytest.raises(PiepowderError):
        actions.create_staff(email="STAFF@example.com", by=SYSTEM, at=AT)
    assert Account.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("role", MARKETPLACE_KEY_ROLES)
def test_a_key_signs_in_with_its_role_until_it_is_revoked(role: KeyRole) -> None:
    """A key acts as itself with exactly the permissions of its role, and as nobody once it is revoked."""
    key, secret = actions.create_staff_key(name="one", role=role, by=SYSTEM, at=AT)
    caller = caller_of(secret)
    assert caller is not None
    assert (caller.actor.kind, caller.actor.id, caller.permissions) == (ActorKind.STAFF, key.id, ROLES[role])
    actions.revoke_staff_key(key.id, by=SYSTEM, at=AT)
    assert caller_of(secret) is None
    with pytest.raises(PiepowderError):
        actions.revoke_staff_key(key.id, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_nothing_stored_opens_the_door() -> None:
    """Neither table nor ledger holds a key: only its digest, which is no key."""
    key, secret = actions.create_staff_key(name="one", by=SYSTEM, at=AT)
    stored = ApiKey.objects.get(pk=key.id)
    assert bytes(stored.digest) == hashlib.sha256(secret.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_record WHERE detail::text LIKE %s", [f"%{secret}%"])
        assert cursor.fetchone() == (0,)
    assert caller_of(stored.digest.hex()) is None


def test_an_auditor_may_only_read() -> None:
    """The auditor's role has no permission that changes anything."""
    assert ROLES[KeyRole.AUDITOR] == {Permission.READ, Permission.RECORDS}
    assert ROLES[KeyRole.PROVISIONING] == {Permission.PROVISION}


@pytest.mark.django_db
def test_sellers_by_api(api: Client) -> None:
    """The marketplace's systems create sellers, and lists come in pages."""
    for number in range(5):
        answer = api.put(f"/api/sellers/A{number}", {"name": f"Shop {number}"}, content_type="application/json")
        assert answer.status_code == 200
    first = api.get("/api/sellers?limit=3").json()
    rest = api.get(f"/api/sellers?limit=3&after={first[-1]['id']}").json()
    assert [seller["marketplace_id"] for seller in first + rest] == ["A0", "A1", "A2", "A3", "A4"]
    assert api.get("/api/sellers/A3").json()["name"] == "Shop 3"
    assert api.get("/api/sellers?limit=501").status_code == 422
