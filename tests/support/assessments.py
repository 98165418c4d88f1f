"""A developer whose answers are right, and reviewers to decide them. Names and answers are made up.

good_answers()   question -> value: every answer earns full marks for the roles in ROLES
developer        an organisation with a member `member`
draft            its draft, answered and with documents
reviewer, second two members of staff with the role reviewer, as actors
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from piepowder.rooms.assessments import actions
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole

__all__ = ["developer", "draft", "handed_in", "member", "member_account", "reviewer", "second"]

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday
ROLES = ["inventory_and_order_tracking", "direct_to_consumer_shipping"]
PROVED = ("processing_contract", "incident_plan", "scans")  # questions that want a document
_LONG = "We print a label for each order that a seller ships, and read name and address at that moment only, for nothing else."


def good_answers() -> dict[str, Any]:
    return {
        "what_the_apps_do": _LONG,
        "protection_contact": "Data protection officer, privacy@example.com",
        "controller_or_processor": "processor",
        "processing_contract": True,
        "purposes": ["shipping.labels"],
        "use_of_data": {"shipping.labels": _LONG},
        "legal_basis": {"shipping.labels": "contract"},
        "pooling": False,
        "why_personal_data": _LONG,
        "firewall": True,
        "segmentation": True,
        "malware": ["endpoint"],
        "own_accounts": True,
        "access_review": "quarterly",
        "leavers": 12,
        "second_factor": "everywhere",
        "password_length": 14,
        "in_transit": "everywhere",
        "at_rest": "fields",
        "key_store": "vault",
        "key_rotation": 90,
        "access_logs": True,
        "log_days": 180,
        "personal_data_in_logs": False,
        "alarms": ["failed_sign_ins", "unusual_volume"],
        "incident_plan": True,
        "incident_rehearsed": "2026-10-01",
        "incident_hours": 12,
        "scans": "2026-11-01",
        "patch_days": 3,
        "code_review": True,
        "stores_personal_data": True,
        "retention_days": {"shipping.labels": 14},
        "deletion_hours": 24,
        "asset_list": True,
        "removable_media": False,
        "countries": [{"country": "DE", "what": "office"}],
        "uses_sub_processors": True,
        "sub_processors": [
            {"name": "Example Hosting", "service": "servers", "country": "IE", "mechanism": "not_needed"}
        ],
        "sub_processor_contracts": True,
        "training": "2026-09-01",
        "privacy_policy": "https://labels.example/privacy",
        "buyer_rights": _LONG,
    }


@pytest.fixture
def developer(db: None) -> Developer:
    return register_developer(name="Label works", contact_email="office@labels.example", by=SYSTEM, at=AT)


@pytest.fixture
def member_account(developer: Developer) -> Account:
    account = Account.objects.create_user("ada@labels.example", name="Ada Example")
    add_member(developer, account, by=SYSTEM, at=AT, role="owner")
    return account


@pytest.fixture
def member(member_account: Account) -> Actor:
    return Actor(ActorKind.DEVELOPER, member_account.id)


@pytest.fixture
def draft(developer: Developer, member: Actor) -> Assessment:
    return answered(developer, member)


def answered(developer: Developer, by: Actor, *, at: datetime = AT, **other: Any) -> Assessment:
    """A draft with all answers right but for `other`."""
    assessment = actions.begin(developer, roles=ROLES, by=by, at=at)
    actions.bring_in(assessment, {"answers": {**good_answers(), **other}}, by=by, at=at)
    for question in PROVED:
        prove(assessment, question, by=by, at=at)
    return Assessment.objects.named(assessment.id)


def prove(assessment: Assessment, question: str, *, by: Actor, at: datetime = AT) -> None:
    content = f"A made-up document for {question}, written on {at:%Y-%m-%d}.\n".encode()
    actions.upload(assessment, question, content, name=f"{question}.txt", by=by, at=at)


def _staff(name: str) -> Actor:
    account = create_staff(email=f"{name}@market.example", name=name.title(), role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    return Actor(ActorKind.STAFF, account.id)


@pytest.fixture
def reviewer(db: None) -> Actor:
    return _staff("rita")


@pytest.fixture
def second(db: None) -> Actor:
    return _staff("sam")


@pytest.fixture
def handed_in(developer: Developer, member: Actor, reviewer: Actor) -> Callable[..., Submission]:
    """`handed_in(second_factor="nowhere")`: all right but for that, submitted, and taken by `reviewer`."""

    def hand_in(at: datetime = AT, **other: Any) -> Submission:
        submission = actions.submit(answered(developer, member, at=at, **other), by=member, at=at)
        return actions.take(submission, by=reviewer, at=at)

    return hand_in
