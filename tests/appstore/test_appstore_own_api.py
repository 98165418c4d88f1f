from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key, create_staff_key
from piepowder.rooms.people.rules import KeyRole
from tests.support.appstore import AT, DETAILS
from tests.support.consent import put_policy_into_force

pytestmark = pytest.mark.django_db
MANIFEST = {
    "operations": {"orders.v0.getOrders": ["shipping"]},
    "categories": {"shipping": ["buyer.name", "order.item"]},
}


def _sending(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


def _own(developer: str) -> Client:
    _, secret = create_key(name="build", role=KeyRole.DEVELOPER, developer=developer, by=SYSTEM, at=AT)
    return _sending(secret)


def _reviewer(name: str) -> Client:
    _, secret = create_staff_key(name=name, role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    return _sending(secret)


def _registered(own: Client, developer: Developer) -> str:
    sent = {
        "developer": developer.id,
        "name": DETAILS.name,
        "description": DETAILS.description,
        "redirect_uris": list(DETAILS.redirect_uris),
        "privacy_policy_url": DETAILS.privacy_policy_url,
        "support_email": DETAILS.support_email,
    }
    answer = own.post("/api/apps/own", sent, "application/json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_developers_program_takes_an_app_live(maker: Developer) -> None:
    """Registered, described, handed in, approved by two keys, released in stages: all of it by API."""
    put_policy_into_force()
    own, as_json = _own(maker.id), "application/json"
    app = _registered(own, maker)
    draft = own.post(f"/api/apps/{app}/drafts", {"manifest": MANIFEST}, as_json).json()
    place = f"/api/app-versions/{draft['id']}"
    roles = {"roles": ["direct_to_consumer_shipping"], "notes": "The first."}
    assert own.patch(place, roles, as_json).json()["roles"] == roles["roles"]
    assert {one["outcome"] for one in own.get(f"{place}/checks").json()} == {"passed"}
    assert own.get(f"{place}/difference").json()["purposes"] == ["shipping"]
    assert {line["effect"] for line in own.get(f"{place}/outlook").json()} <= {"keep", "substitute", "withhold"}
    assert own.post(f"{place}/submit").json()["status"] == "submitted"
    for name in ("rita", "sam"):
        reviewer = _reviewer(name)
        assert [one["id"] for one in reviewer.get("/api/app-versions/queue").json()] == [draft["id"]]
        assert reviewer.post(f"{place}/review").json()["status"] == "in_review"
        points = {key: {"fine": True} for key in ("purpose", "operations", "data", "addresses", "privacy", "name")}
        decided = reviewer.post(f"{place}/decide", {"points": {**points, "assessment": {"fine": True}}}, as_json)
        assert decided.status_code == 200, decided.content
    assert own.post(f"{place}/release", {}, as_json).json()["status"] == "live"
    assert own.get(f"/api/apps/{app}").json()["current_version"] == "1"
    assert [one["word"] for one in own.get(f"{place}/reviews").json()] == ["approve", "approve"]
    assert [one["number"] for one in own.get(f"/api/apps/{app}/versions").json()] == ["1"]
    assert own.get("/api/app-versions/waits").json()["count"] == 1


def test_a_key_reaches_its_own_apps_only(maker: Developer, draft_version: AppVersion) -> None:
    """Another developer's key finds nothing, neither to read nor to change; staff's actions are not a developer's."""
    stranger, own, as_json = _own("dev_somebody_else"), _own(maker.id), "application/json"
    place = f"/api/app-versions/{draft_version.id}"
    for address in (f"/api/apps/{draft_version.app_id}", f"/api/apps/{draft_version.app_id}/versions", place):
        assert (stranger.get(address).status_code, own.get(address).status_code) == (404, 200)
    assert stranger.post(f"{place}/submit").status_code == 404
    assert stranger.get("/api/apps").json() == []
    assert [one["id"] for one in own.get("/api/apps").json()] == [draft_version.app_id]
    assert own.post(f"{place}/review").status_code == 403
    assert own.put(f"/api/apps/{draft_version.app_id}/reach", {"reach": "open"}, as_json).status_code == 403
    assert own.post(f"/api/apps/{draft_version.app_id}/versions", MANIFEST, as_json).status_code == 403
    refused = own.post("/api/apps/own", {"developer": "dev_somebody_else", "name": "X"}, as_json)
    assert (refused.status_code, App.objects.count()) == (404, 1)


def test_problems_are_documents_with_codes(maker: Developer) -> None:
    """What is wrong with what was sent is said by code, and a stale revision is a conflict."""
    own, as_json = _own(maker.id), "application/json"
    bad = {"developer": maker.id, "name": "X", "redirect_uris": ["http://x.example/"]}
    answer = own.post("/api/apps/own", bad, as_json)
    assert (answer.status_code, answer.json()["code"]) == (422, "appstore_redirect_refused")
    app = _registered(own, maker)
    draft = own.post(f"/api/apps/{app}/drafts", {}, as_json).json()
    place = f"/api/app-versions/{draft['id']}"
    assert own.post(f"/api/apps/{app}/drafts", {}, as_json).json()["code"] == "appstore_version_open"
    stale = own.put(f"{place}/manifest", {**MANIFEST, "revision": 99}, as_json)
    assert (stale.status_code, stale.json()["code"]) == (409, "appstore_version_stale")
    assert own.post(f"{place}/submit").json()["code"] == "appstore_checks_failed"
    assert own.put(f"{place}/manifest", {"operations": {"no.such": ["tax"]}}, as_json).status_code == 422


def test_caps_and_deadline_by_api(api: Client, own_app: App) -> None:
    """An operator lifts a cap, sets the deadline and lifts it; every key may read it."""
    as_json = "application/json"
    assert api.get(f"/api/apps/{own_app.id}").json()["sellers_max"] == 25
    assert api.put(f"/api/apps/{own_app.id}/reach", {"reach": "open"}, as_json).json()["sellers_max"] is None
    due = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    assert api.put("/api/app-versions/deadline", {"due_at": due, "reason": "Announced."}, as_json).status_code == 200
    assert _own(own_app.developer_id).get("/api/app-versions/deadline").json()["reason"] == "Announced."
    assert api.put("/api/app-versions/deadline", {"due_at": None}, as_json).json()["due_at"] is None
    assert api.get("/api/app-versions/deadline").json() is None
