"""A developer registers, and its app comes to stand before the gateway: the story of `developers` and `appstore`."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from piepowder.core.facts.model import AppFact, ManifestFact, StandingFact, decode_fact
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability, Standing

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
REVIEWER, SECOND = Actor(ActorKind.STAFF, "key_reviewer"), Actor(ActorKind.STAFF, "key_second")


def _published(kind: str, key: str) -> object:
    return decode_fact(kind, Fact.objects.get(kind=kind, key=key).body or "")


@pytest.mark.django_db
def test_a_developer_registers_and_its_personal_data_is_cut() -> None:
    """From registration over review and observation to the cut of personal data, the gateway knows each step."""
    developer = register_developer(name="Ad audience", contact_email="office@example.com", by=SYSTEM, at=AT)
    app = appstore.create_app(developer, name="Ad audience", by=SYSTEM, at=AT)
    manifest = ManifestFact({"orders.v0.getOrders": ("advertising",)}, {"advertising": ("buyer.email", "order.item")})
    appstore.add_version(app, manifest, by=SYSTEM, at=AT)
    assert Subject.objects.capabilities(app.id, developer.id) == frozenset()

    appstore.approve_roles(app, ["inventory_and_order_tracking"], by=REVIEWER, at=AT)
    set_standing(developer.id, Standing.GOOD, by=REVIEWER, at=AT, reason="verified")
    set_standing(app.id, Standing.GOOD, by=REVIEWER, at=AT, reason="reviewed")
    assert Subject.objects.capabilities(app.id, developer.id) == frozenset(Capability)

    observed = appstore.set_mode(app, Mode.OBSERVE, by=REVIEWER, at=AT, until=AT + timedelta(days=60))
    appstore.approve_mode(observed, by=SECOND, at=AT)
    fact = _published("app", app.id)
    assert isinstance(fact, AppFact)
    assert (fact.modes, fact.roles) == ({"*": "observe"}, ("inventory_and_order_tracking",))

    set_standing(developer.id, Standing.PERSONAL_DATA_OFF, by=REVIEWER, at=AT, reason="uploads buyers to an ad network")
    cut = _published("standing", developer.id)
    assert isinstance(cut, StandingFact)
    assert cut.capabilities == ("call", "new_authorisations")
    assert Capability.READ_PERSONAL_DATA not in Subject.objects.capabilities(app.id, developer.id)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind FROM ledger_record WHERE developer = %s OR app = %s ORDER BY id", [developer.id, app.id]
        )
        told = [kind for (kind,) in cursor.fetchall()]
    assert told == [
        "developers.register",
        "standing.open",
        "appstore.create_app",
        "standing.open",
        "appstore.add_version",
        "appstore.approve_roles",
        "standing.set",
        "standing.set",
        "appstore.propose_mode",
        "appstore.set_mode",
        "standing.set",
    ]
