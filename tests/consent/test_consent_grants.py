import hashlib
from datetime import timedelta

import pytest
from django.db import connection

from piepowder.core.facts.model import GrantFact, RevokedTokenFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Grant, RestrictedToken
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support import consent as shop

pytestmark = pytest.mark.django_db


def _fact(grant: Grant) -> GrantFact | None:
    body = Fact.objects.get(kind="grant", key=grant.id).body
    fact = decode_fact("grant", body) if body is not None else None
    assert fact is None or isinstance(fact, GrantFact)
    return fact


def test_a_grant_is_stored_recorded_and_published() -> None:
    """One action makes the grant, its ledger record and the gateway's fact."""
    desk = shop.open_desk()
    grant = actions.grant(
        desk.app, desk.seller, purposes=["tax"], narrowed={"tax": ["buyer.name"]}, by=SYSTEM, at=shop.now()
    )
    fact = _fact(grant)
    assert fact is not None
    assert (fact.app, fact.seller, fact.version) == (desk.app.id, desk.seller.id, "1")
    assert (fact.purposes, fact.narrowed) == (("tax",), {"tax": ("buyer.name",)})
    assert fact.expires_at == grant.expires_at.timestamp()
    assert grant.expires_at - grant.granted_at == timedelta(days=365)
    assert shop.ledger_kinds(grant=grant.id) == ["consent.grant"]


def test_a_second_consent_changes_the_first() -> None:
    """A seller has one active grant for an app; authorising again replaces its choice and keeps its tokens."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    again = actions.grant(desk.app, desk.seller, purposes=["tax"], by=SYSTEM, at=shop.now())
    assert Grant.objects.filter(app=desk.app, seller=desk.seller).get() == again
    assert shop.refresh(desk, token)[0] == 200


def test_choosing_nothing_is_refused() -> None:
    """A consent without any purpose is none."""
    desk = shop.open_desk()
    with pytest.raises(PiepowderError) as refused:
        actions.grant(desk.app, desk.seller, purposes=[], by=SYSTEM, at=shop.now())
    assert refused.value.code == "consent_nothing_chosen"


@pytest.mark.parametrize("whose", ["app", "developer"])
def test_no_new_authorisation_while_standing_forbids_it(whose: str) -> None:
    """A suspended app, or one of a suspended developer, cannot be authorised."""
    desk = shop.open_desk()
    subject = desk.app.id if whose == "app" else desk.app.developer_id
    set_standing(subject, Standing.SUSPENDED, by=SYSTEM, at=shop.now(), reason="test")
    with pytest.raises(PiepowderError) as refused:
        desk.grant()
    assert refused.value.code == "consent_no_new_authorisations"


def test_narrowing_takes_away_and_publishes() -> None:
    """A narrowed grant reaches the gateway; all categories ticked stays "whatever is declared"."""
    grant = shop.open_desk().grant()
    everything = {purpose: list(categories) for purpose, categories in shop.MANIFEST.categories.items()}
    kept = actions.narrow(grant, narrowed=everything, by=SYSTEM, at=shop.now())
    assert kept.narrowed is None
    actions.narrow(grant, narrowed={"shipping": ["buyer.name"]}, by=SYSTEM, at=shop.now())
    fact = _fact(grant)
    assert fact is not None
    assert (fact.purposes, fact.narrowed) == (("shipping", "tax"), {"shipping": ("buyer.name",)})
    actions.narrow(grant, purposes=["tax"], narrowed={"tax": ["buyer.tax_id"]}, by=SYSTEM, at=shop.now())
    fact = _fact(grant)
    assert fact is not None
    assert (fact.purposes, fact.narrowed) == (("tax",), {"tax": ("buyer.tax_id",)})
    with pytest.raises(PiepowderError) as refused:
        actions.narrow(grant, narrowed={"tax": ["buyer.name"]}, by=SYSTEM, at=shop.now())
    assert refused.value.code == "consent_narrow_widens"


def test_revocation_ends_every_token_and_tells_the_gateway() -> None:
    """After a revocation the fact is gone, the view says revoked, and each live token has a fact of its own."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    grant = Grant.objects.get(app=desk.app, seller=desk.seller)
    first, second = (shop.refresh(desk, token)[1]["access_token"] for _ in range(2))
    RestrictedToken.objects.create(
        id="rdt_1",
        digest=b"\1" * 32,
        app_id=desk.app.id,
        grant_id=grant.id,
        seller_id=desk.seller.id,
        restriction="{}",
        issued_at=shop.now(),
        expires_at=shop.now() + timedelta(hours=1),
    )
    before = shop.gate(first)
    assert before is not None
    assert before["revoked"] is False

    actions.revoke(grant, by=SYSTEM, at=shop.now())

    assert _fact(grant) is None
    for access in (first, second):
        row = shop.gate(access)
        assert row is not None
        assert row["revoked"] is True
        body = Fact.objects.get(kind="revoked_token", key=hashlib.sha256(access.encode()).hexdigest()).body
        told = decode_fact("revoked_token", body or "")
        assert isinstance(told, RevokedTokenFact)
        assert told.until == row["expires_at"].timestamp()
    assert Fact.objects.filter(kind="revoked_token", key=(b"\1" * 32).hex()).exists()
    status, answer = shop.refresh(desk, token)
    assert (status, answer["error"], answer["error_description"]) == (400, "invalid_grant", "consent_grant_revoked")
    assert shop.ledger_kinds(grant=grant.id)[-1] == "consent.revoke"
    with pytest.raises(PiepowderError) as twice:
        actions.revoke(grant, by=SYSTEM, at=shop.now())
    assert twice.value.code == "consent_grant_not_from_here"


def test_a_token_under_an_ended_grant_reads_as_revoked_even_without_its_own_mark() -> None:
    """A token that slipped in while its grant was being revoked is no way round."""
    desk = shop.open_desk(lasting=True)
    access = shop.refresh(desk, desk.refresh_token())[1]["access_token"]
    Grant.objects.filter(app=desk.app).update(status="revoked")
    row = shop.gate(access)
    assert row is not None
    assert row["revoked"] is True


def test_grants_expire_by_themselves() -> None:
    """A grant whose year is over is ended once, recorded, and taken from the gateway."""
    grant = shop.open_desk().grant()
    late = grant.expires_at + timedelta(seconds=1)
    assert actions.expire_due(at=grant.expires_at - timedelta(seconds=1)) == 0
    assert actions.expire_due(at=late) == 1
    assert actions.expire_due(at=late) == 0
    assert Grant.objects.get(pk=grant.id).status == "expired"
    assert _fact(grant) is None
    assert shop.ledger_kinds(grant=grant.id)[-1] == "consent.expire"


def test_what_nobody_can_use_any_more_is_forgotten() -> None:
    """A day after they expired, tokens and codes are gone; what still counts stays."""
    desk = shop.open_desk(lasting=True)
    code, token = desk.code(), desk.refresh_token()
    access = shop.refresh(desk, token)[1]["access_token"]
    actions.expire_due(at=shop.now() + timedelta(hours=24))
    assert shop.gate(access) is not None
    actions.expire_due(at=shop.now() + timedelta(hours=26))
    assert shop.gate(access) is None
    assert shop.exchange(desk, code)[1]["error_description"] == "consent_code_unknown"
    assert shop.refresh(desk, token)[0] == 200


def test_the_view_is_answered_by_an_index() -> None:
    """One digest costs one index look-up in each branch of the gateway's view."""

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM consent_gate_token WHERE digest = %s", [b"\0" * 32])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "consent_accesstoken_digest" in plan
    assert "consent_restricted_token_digest" in plan
    assert "Seq Scan on consent_accesstoken" not in plan
