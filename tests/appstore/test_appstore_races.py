import threading
from collections.abc import Callable

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from tests.support.appstore import AT, assess, make_app, make_draft, make_reviewer

ADA = Actor(ActorKind.DEVELOPER, "acc_made_up")


def _own_app() -> App:
    developer = register_developer(name="Race house", contact_email="office@race.example", by=SYSTEM, at=AT)
    assess(developer)
    return make_app(developer, ADA)


def test_of_two_reviewers_at_once_one_gets_it(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Both press at the same moment: one has it, the other is told."""
    version = actions.submit_version(make_draft(_own_app(), ADA), by=ADA, at=AT)
    found: list[str] = []

    def press(by: Actor) -> None:
        try:
            actions.begin_review(version, by=by, at=AT)
            found.append("taken")
        except PiepowderError as error:
            found.append(error.code)

    threads = [in_thread(press, by) for by in (make_reviewer("one"), make_reviewer("two"))]
    for thread in threads:
        thread.join()
    assert sorted(found) == ["appstore_appversion_not_from_here", "taken"]


def test_of_two_drafts_at_once_one_is_begun(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """A button pressed twice begins one version."""
    app, found = _own_app(), list[str]()

    def press() -> None:
        try:
            found.append(actions.begin_version(app, by=ADA, at=AT).number)
        except PiepowderError as error:
            found.append(error.code)

    threads = [in_thread(press) for _ in range(3)]
    for thread in threads:
        thread.join()
    assert sorted(found) == ["1", "appstore_version_open", "appstore_version_open"]
    assert AppVersion.objects.filter(app=app).count() == 1
