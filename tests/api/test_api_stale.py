"""Who decides by what they have read says what that was; if it is no longer so, nothing is changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.assessments import actions as assessments
from piepowder.rooms.assessments.rules.status import Word
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.assessments import AT, answered
from tests.support.organisation import account, register

pytestmark = pytest.mark.django_db


def _send(client: Client, verb: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = getattr(client, verb)(path, json.encode(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_a_profile_that_changed_meanwhile_is_not_overwritten(api: Client) -> None:
    """`seen` is the `revision` that was read; without it the last one wins, as who sends none accepts."""
    path = f"/api/developers/{register(account()).id}"
    seen = api.get(path).json()["revision"]
    assert _send(api, "patch", path, {"website": "https://one.example", "seen": seen})[0] == 200
    status, answer = _send(api, "patch", path, {"website": "https://two.example", "seen": seen})
    assert (status, answer["code"]) == (409, "developers_profile_stale")
    assert api.get(path).json()["website"] == "https://one.example"
    assert _send(api, "patch", path, {"website": "https://two.example"})[0] == 200


def test_a_decision_that_came_meanwhile_is_not_overwritten() -> None:
    """`seen` is the `stamp` of the decision that was read, empty where there was none."""
    owner: Account = account()
    by = Actor(ActorKind.DEVELOPER, owner.id)
    key, secret = create_staff_key(name="made up", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    reviewer, client = Actor(ActorKind.STAFF, key.id), Client(headers={"authorization": f"Bearer {secret}"})
    submission = assessments.submit(answered(register(owner), by), by=by, at=AT)
    assessments.take(submission, by=reviewer, at=AT)
    assessments.decide(submission, "leavers", Word.OK, by=reviewer, at=AT + timedelta(hours=1))
    path = f"/api/assessments/reviews/{submission.id}/decisions/leavers"
    wrong = {"word": "wrong", "reason": "Twelve days is too long."}
    status, answer = _send(client, "put", path, {**wrong, "seen": ""})
    assert (status, answer["code"]) == (409, "assessments_decision_changed_meanwhile")
    stamp = submission.decisions.get(question="leavers").stamp
    status, answer = _send(client, "put", path, {**wrong, "seen": stamp})
    assert (status, answer["word"]) == (200, "wrong")
    assert answer["stamp"] != stamp


@pytest.mark.parametrize(
    "due_at", ["9399-07-29T04:17:07-16:25", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"]
)
def test_a_moment_at_the_end_of_the_calendar_is_no_fault(api: Client, due_at: str) -> None:
    """Zones that the database does not know are brought to UTC, and what is beyond the calendar is refused in words."""
    status, answer = _send(api, "put", "/api/app-versions/deadline", {"due_at": due_at})
    assert status in (200, 409, 422), answer
    assert status != 422 or answer["code"] in ("ground_request_malformed", "appstore_deadline_past"), answer
