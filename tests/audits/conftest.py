from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.audits.rules import Method, Verdict
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.evidence import sealing
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.rules import Standing
from tests.support.control_plane import *  # noqa: F403
from tests.support.control_plane import AT


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A key ring of this test's own."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"data": tmp_path})
    sealing._ring.cache_clear()
    yield
    sealing._ring.cache_clear()


@pytest.fixture
def developer(db: None) -> Developer:
    return register_developer(
        name="Label works", contact_email="office@labels.example", standing=Standing.GOOD, by=SYSTEM, at=AT
    )


@pytest.fixture
def member_account(developer: Developer) -> Account:
    account = Account.objects.create_user("ada@labels.example", name="Ada Example")
    add_member(developer, account, by=SYSTEM, at=AT, role="owner")
    return account


@pytest.fixture
def member(member_account: Account) -> Actor:
    return Actor(ActorKind.DEVELOPER, member_account.id)


def staff(name: str, role: KeyRole = KeyRole.REVIEWER) -> Account:
    return create_staff(email=f"{name}@market.example", name=name.title(), role=role, by=SYSTEM, at=AT)


@pytest.fixture
def assessor_account(db: None) -> Account:
    return staff("rita")


@pytest.fixture
def assessor(assessor_account: Account) -> Actor:
    return Actor(ActorKind.STAFF, assessor_account.id)


@pytest.fixture
def drawn(developer: Developer, member: Actor) -> Audit:
    draw = actions.draw_audits(method=Method.SAMPLE, size=1, by=SYSTEM, at=AT)
    return Audit.objects.get(draw=draw)


@pytest.fixture
def announced(drawn: Audit, assessor: Actor) -> Audit:
    actions.take_audit(drawn, by=assessor, at=AT)
    return actions.announce_audit(drawn, by=assessor, at=AT)


@pytest.fixture
def judged(announced: Audit, assessor: Actor) -> Callable[..., Audit]:
    """`judged(retention="not_met")`: under assessment, every line met but these."""

    def judge(**other: str) -> Audit:
        actions.begin_assessment(announced, by=assessor, at=AT)
        for item in announced.items.all():
            verdict = Verdict(other.get(item.key, "met"))
            actions.judge_item(announced, item.key, verdict, reason="Seen in the document.", by=assessor, at=AT)
        return Audit.objects.named(announced.id)

    return judge
