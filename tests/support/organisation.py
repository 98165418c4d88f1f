"""An organisation with people, and its way to a verified identity, for tests. All names and documents are made up."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client as Browser

from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Developer, Identity, Review
from piepowder.rooms.developers.rules.identity import WITH_DOCUMENT, Point
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.documents import pdf

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PROFILE: dict[str, Any] = {
    "legal_name": "Label Works GmbH",
    "name": "Label works",
    "kind": "company",
    "country": "DE",
    "company_number": "HRB 1234, Freiburg",
    "address": "1 Made-up Street\n79098 Freiburg",
    "website": "https://labels.example",
    "contact_email": "office@labels.example",
    "privacy_email": "privacy@labels.example",
    "security_email": "security@labels.example",
}
MET = {str(point): (True, "") for point in Point}


def account(email: str = "ada@labels.example") -> Account:
    return Account.objects.create_user(email, name=email.partition("@")[0].capitalize())


def acting(person: Account) -> Actor:
    return Actor(ActorKind.STAFF if person.is_staff else ActorKind.DEVELOPER, person.id)


def reviewer(email: str = "rita@market.example") -> Account:
    from piepowder.rooms.ground.actor import SYSTEM

    return create_staff(email=email, role=KeyRole.REVIEWER, by=SYSTEM, at=AT)


def register(owner: Account, **facts: Any) -> Developer:
    return actions.register_own(owner, by=acting(owner), at=AT, **{**PROFILE, **facts})


def ready(developer: Developer, owner: Account) -> Identity:
    """Everything is there but the submission."""
    identity, by = Identity.objects.of(developer), acting(owner)
    actions.prepare(identity, representative="Ada Maker", by=by, at=AT)
    for point in WITH_DOCUMENT:
        actions.attach(identity, point=point, content=pdf(f"{developer.id} {point}"), name=f"{point}.pdf", by=by, at=AT)
    return Identity.objects.of(developer)


def submitted(developer: Developer, owner: Account, at: datetime = AT) -> tuple[Identity, Review]:
    review = actions.submit(ready(developer, owner), by=acting(owner), at=at)
    return Identity.objects.of(developer), review


def browser(person: Account) -> Browser:
    opened = Browser()
    opened.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return opened
