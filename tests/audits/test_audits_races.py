"""Two people press a button at the same moment."""

import threading
from collections.abc import Callable

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.audits.rules import Method
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.standing.rules import Standing
from tests.audits.conftest import staff
from tests.support.control_plane import AT


def test_of_two_at_once_one_takes_it(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Two assessors press the button together: one has it, the other is told who."""
    register_developer(name="Raced", contact_email="a@b.example", standing=Standing.GOOD, by=SYSTEM, at=AT)
    actions.draw_audits(method=Method.SAMPLE, size=1, by=SYSTEM, at=AT)
    audit = Audit.objects.get()
    people = [Actor(ActorKind.STAFF, staff(name).id) for name in ("one", "two")]
    outcomes: list[str] = []

    def take(by: Actor) -> None:
        try:
            actions.take_audit(audit, by=by, at=AT)
            outcomes.append("taken")
        except PiepowderError as error:
            outcomes.append(error.code)

    threads = [in_thread(take, by) for by in people]
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["audits_taken", "taken"]
