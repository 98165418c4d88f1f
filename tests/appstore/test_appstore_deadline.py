from datetime import timedelta

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, AppVersion, Deadline
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.notices.models import Letter
from tests.support.appstore import AT, NO_BUYERS, approve

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _letters() -> list[Letter]:
    return list(Letter.objects.filter(kind="appstore.deadline"))


def test_reminders_come_six_times(maker: Developer, own_app: App) -> None:
    """60, 30, 14, 7, 3 and 1 days ahead, each once however often the clock looks, and none after the date."""
    actions.set_deadline(AT + 90 * DAY, by=SYSTEM, at=AT)
    days = {}
    for day in range(95):
        for _ in range(2):
            if actions.remind_of_deadline(at=AT + day * DAY):
                days[90 - day] = len(_letters())
    assert days == {60: 1, 30: 2, 14: 3, 7: 4, 3: 5, 1: 6}
    row = Deadline.objects.present()
    assert row is not None
    assert sorted(row.reminded) == [1, 3, 7, 14, 30, 60]


def test_one_letter_names_all_apps_that_are_not_approved(
    maker: Developer, draft_version: AppVersion, rita: Actor, sam: Actor
) -> None:
    """Apps that the marketplace brought in unreviewed count as well; approved ones do not."""
    approve(draft_version, rita, sam)
    old = actions.create_app(maker, name="Old", by=SYSTEM, at=AT)
    actions.add_version(old, NO_BUYERS, by=SYSTEM, at=AT)
    actions.create_app(maker, name="Older", by=SYSTEM, at=AT)
    actions.set_deadline(AT + 10 * DAY, by=SYSTEM, at=AT, reason="See the announcement.")
    assert actions.remind_of_deadline(at=AT) == 1
    (letter,) = _letters()
    assert ("- Old\n- Older" in letter.body, draft_version.app.name in letter.body) == (True, False)
    assert "See the announcement." in letter.body
    assert "10 days are left" in letter.subject  # by the calendar, though the reminder is the one of 14 days
    assert {app.name for app in App.objects.unapproved()} == {"Old", "Older"}


def test_a_deadline_is_moved_and_lifted(own_app: App) -> None:
    """A new date begins its reminders anew; lifted, there are none; a past one is refused."""
    actions.set_deadline(AT + 20 * DAY, by=SYSTEM, at=AT)
    assert actions.remind_of_deadline(at=AT) == 1
    actions.set_deadline(AT + 25 * DAY, by=SYSTEM, at=AT)
    assert actions.remind_of_deadline(at=AT) == 1
    actions.set_deadline(None, by=SYSTEM, at=AT)
    assert (actions.remind_of_deadline(at=AT), Deadline.objects.present()) == (0, None)
    with pytest.raises(PiepowderError) as raised:
        actions.set_deadline(AT - DAY, by=SYSTEM, at=AT)
    assert raised.value.code == "appstore_deadline_past"
