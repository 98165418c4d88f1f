"""Two at once, on a database where commits are commits."""

import threading
from collections.abc import Callable

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import actions
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.assessments import AT, answered


def test_of_two_reviewers_at_once_one_gets_the_case(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """The other is told that it is taken; there is one letter."""
    developer = register_developer(name="Race works", contact_email="office@race.example", by=SYSTEM, at=AT)
    member = Actor(ActorKind.DEVELOPER, "acc_race")
    submission = actions.submit(answered(developer, member), by=member, at=AT)
    names = ("one@market.example", "two@market.example")
    several = [create_staff(email=name, role=KeyRole.REVIEWER, by=SYSTEM, at=AT) for name in names]
    codes: list[str] = []

    def take(account: Account) -> None:
        try:
            actions.take(submission, by=Actor(ActorKind.STAFF, account.id), at=AT)
            codes.append("taken")
        except PiepowderError as error:
            codes.append(error.code)

    threads = [in_thread(take, account) for account in several]
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["assessments_taken", "taken"]
    assert Letter.objects.filter(kind="assessments.taken").count() == 1
