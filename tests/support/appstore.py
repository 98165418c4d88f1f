"""A developer with an approved assessment, its app with a draft that passes every check, and people who review. Names are made up.

maker          an organisation with a member
maker_account  the member's account, an owner
own_app        an app that the member registered
draft_version  its first version, ready to be handed in
rita, sam      two members of staff who review
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from piepowder.core.facts.model import ManifestFact
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.actions import Details
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.versions import points_for
from piepowder.rooms.assessments.models import Assessment, QuestionnaireVersion
from piepowder.rooms.assessments.rules.status import Status
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.rules import Standing

__all__ = ["draft_version", "maker", "maker_account", "own_app", "rita", "sam"]

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday
ROLES = ["direct_to_consumer_shipping", "inventory_and_order_tracking"]
SHIPPING = ManifestFact(
    {"orders.v0.getOrders": ("shipping",), "orders.v0.getOrderAddress": ("shipping",)},
    {"shipping": ("buyer.address", "buyer.name")},
)
NO_BUYERS = ManifestFact({"orders.v0.getOrders": ("metrics",)}, {"metrics": ("order.item", "order.money")})
DETAILS = Details(
    name="Label maker",
    description="Prints the label of every order that a seller ships, and nothing else.",
    redirect_uris=("https://labels.example.com/return",),
    privacy_policy_url="https://labels.example.com/privacy",
    support_email="help@labels.example.com",
)


def assess(developer: Developer, roles: list[str] = ROLES, *, until: datetime | None = None) -> None:
    """An assessment that is in force and covers these roles, whatever stood in it."""
    version, _ = QuestionnaireVersion.objects.get_or_create(
        name="made-up", version="1", defaults={"title": "Made up", "digest": "0" * 64, "body": "{}", "kept_at": AT}
    )
    Assessment.objects.create(
        developer=developer,
        questionnaire=version,
        status=Status.APPROVED,
        roles=roles,
        roles_approved=roles,
        valid_until=until or datetime.now(UTC) + timedelta(days=3650),
        begun_at=AT,
        begun_by="developer:acc_made_up",
        changed_at=AT,
    )


def make_app(developer: Developer, by: Actor, *, kind: AppKind = AppKind.PUBLIC, **changes: Any) -> App:
    return actions.register_own_app(developer, kind, replace(DETAILS, **changes), by=by, at=AT)


def make_draft(app: App, by: Actor, manifest: ManifestFact = SHIPPING, roles: list[str] = ROLES) -> AppVersion:
    version = actions.begin_version(app, manifest=manifest, by=by, at=AT)
    return actions.describe_version(version, roles=roles, by=by, at=AT)


def all_fine(version: AppVersion) -> dict[str, tuple[bool, str]]:
    return {point.key: (True, "") for point in points_for(bool(version.personal))}


def approve(version: AppVersion, *reviewers: Actor, at: datetime = AT) -> AppVersion:
    """Handed in, and approved by everybody who has to."""
    by = Actor(ActorKind.DEVELOPER, "acc_made_up")
    version = actions.submit_version(version, by=by, at=at) if version.writable else version
    for reviewer in reviewers:
        taken = actions.begin_review(version, by=reviewer, at=at)
        version = actions.decide_version(taken, all_fine(taken), by=reviewer, at=at)
    return version


def browser_of(account: Account) -> Client:
    browser = Client()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def maker(db: None) -> Developer:
    made = register_developer(
        name="Label house", contact_email="office@labels.example.com", by=SYSTEM, at=AT, standing=Standing.GOOD
    )
    assess(made)
    return made


@pytest.fixture
def maker_account(maker: Developer) -> Account:
    account = Account.objects.create_user("ada@labels.example.com", name="Ada Example")
    add_member(maker, account, by=SYSTEM, at=AT, role="owner")
    return account


@pytest.fixture
def own_app(maker: Developer, maker_account: Account) -> App:
    return make_app(maker, Actor(ActorKind.DEVELOPER, maker_account.id))


@pytest.fixture
def draft_version(own_app: App, maker_account: Account) -> AppVersion:
    return make_draft(own_app, Actor(ActorKind.DEVELOPER, maker_account.id))


def make_reviewer(name: str) -> Actor:
    account = create_staff(email=f"{name}@market.example", name=name.title(), role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    return Actor(ActorKind.STAFF, account.id)


@pytest.fixture
def rita(db: None) -> Actor:
    return make_reviewer("rita")


@pytest.fixture
def sam(db: None) -> Actor:
    return make_reviewer("sam")
