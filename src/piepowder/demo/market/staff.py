"""The marketplace's own people: an operator, two who review, one who audits developers, one who only looks."""

from datetime import datetime

from piepowder.demo.market.journey import Desk
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole

OPERATOR = "operator@example.com"
STAFF = (  # address, name, role
    (OPERATOR, "Olive Operator", KeyRole.OPERATOR),
    ("reviewer@example.com", "Rita Reviewer", KeyRole.REVIEWER),
    ("second@example.com", "Sam Second", KeyRole.REVIEWER),
    ("assessor@example.com", "Asta Assessor", KeyRole.REVIEWER),
    ("auditor@example.com", "Aud Auditor", KeyRole.AUDITOR),
)


def hire(at: datetime) -> Desk:
    """Makes the accounts; they come in by a link from the command line."""
    for email, name, role in STAFF:
        create_staff(email=email, name=name, role=role, by=SYSTEM, at=at)
    return desk()


def desk() -> Desk:
    """Those who decide in the acts."""
    return Desk(
        first=_actor("reviewer@example.com"),
        second=_actor("second@example.com"),
        auditor=_actor("assessor@example.com"),
    )


def _actor(email: str) -> Actor:
    return Actor(ActorKind.STAFF, Account.objects.named(email).id)
