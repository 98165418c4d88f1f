"""Pages and API of the court: both sides through a whole case."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.actions import add_member
from piepowder.rooms.enforcement import actions
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.rules.cases import Severity
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_key, create_staff, create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.enforcement.scenes import AT, finding
from tests.support.appstore import browser_of
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
REPORTED = {
    "kind": "app",
    "severity": "high",
    "says": "Buyers' addresses are used for advertising.",
    "clause": "Data protection policy 2.1",
    "says_1": "orders whose buyers were uploaded",
    "count_1": "12",
    "of_1": "40",
    "innocent": "the upload may have held no buyers",
    "clears": "a receipt of deletion",
}


@pytest.fixture
def app(own_app: App) -> App:
    Subject.objects.filter(pk=own_app.id).update(status=Standing.GOOD)
    return own_app


def officer(name: str, role: KeyRole = KeyRole.OPERATOR) -> Account:
    return create_staff(email=f"{name}@market.example", name=name.title(), role=role, by=SYSTEM, at=AT)


@pytest.fixture
def olga(db: None) -> Account:
    return officer("olga")


@pytest.fixture
def desk(olga: Account) -> Client:
    return browser_of(olga)


@pytest.fixture
def other(db: None) -> Client:
    return browser_of(officer("otto"))


@pytest.fixture
def own(maker_account: Account) -> Client:
    return browser_of(maker_account)


def _read(browser: Client, address: str) -> str:
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _post(browser: Client, address: str, **given: Any) -> str:
    answer = browser.post(address, given, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _opened(app: App, severity: Severity = Severity.HIGH) -> Case:
    return actions.report(finding(app, severity), by=SYSTEM, at=datetime.now(UTC)).case


def _each(case: Case, choice: str, words: str = "So it is.") -> dict[str, str]:
    rows = Finding.objects.of_case(case)
    return {f"choice_{row.id}": choice for row in rows} | {f"words_{row.id}": words for row in rows}


def test_the_whole_case_by_pages(desk: Client, other: Client, own: Client, app: App) -> None:
    """Report, serve, ask, answer, decide, appeal, hear, lift; each side sees what it may, and whose move it is."""
    assert "No cases" in _read(desk, "/cases/")
    assert app.id in _read(desk, f"/cases/new/?subject={app.id}")
    missing = _post(desk, "/cases/new/", **{**REPORTED, "subject": app.id, "clears": ""})
    assert "a finding needs a way out" in missing
    assert "orders whose buyers were uploaded" in missing
    for _ in range(2):
        _post(desk, "/cases/new/", **REPORTED, subject=app.id, once="page:1")
    case = Case.objects.get()
    one, mine = f"/cases/{case.id}/", f"/my-cases/{case.id}/"
    assert own.get(mine).status_code == 404
    assert "Nobody yet" in _read(desk, "/cases/?state=ours")
    assert "you are the officer" in _post(desk, f"{one}take/").lower()
    _read(desk, f"{one}serve/")
    assert "Served." in _post(desk, f"{one}serve/", note="Please look at it.")
    assert "comes too early" in _post(desk, f"{one}serve/", note="Please look at it.")
    page = _read(own, mine)
    assert "Your move" in page
    assert "12 of 40" in page
    assert "Please look at it." in page
    assert "olga" not in page.lower()
    assert "Your move" in _read(own, "/my-cases/")
    late = _post(own, f"{mine}more-time/", until="2199-01-01", reason="We look for the records.")
    assert "More time ends" in late
    assert "We look for the records." in late
    until = f"{case_now(case).due_at + timedelta(days=7):%Y-%m-%d}"  # type: ignore[operator]
    assert "You have more time" in _post(own, f"{mine}more-time/", until=until, reason="We look for the records.")
    assert "We answer within two days" in _post(own, f"{mine}message/", text="Which upload?")
    assert "answer promised by" in _read(desk, one)
    assert "That of Monday." in _post(desk, f"{one}message/", text="That of Monday.")
    _read(own, f"{mine}answer/")
    assert "Choose one for each finding" in _post(own, f"{mine}answer/", text="Half an answer.")
    assert "We weigh it" in _post(own, f"{mine}answer/", **_each(case, "disputed", "It held no buyers."), text="")
    assert "It held no buyers." in _read(other, one)
    assert "You reported what this case is about" in _read(desk, one)
    assert "seller" in _read(other, f"{one}reach/")
    assert "How the ladder comes to its proposal" in _read(other, f"{one}decide/")
    refused = _post(desk, f"{one}decide/", **_each(case, "upheld"), because="We saw it.")
    assert "You reported what this case is about" in refused
    assert "We saw it." in refused
    unexplained = _post(other, f"{one}decide/", **_each(case, "upheld"), because="We saw it.", measure="throttled")
    assert "The ladder proposes" in unexplained
    assert "Upheld" not in _read(own, mine)
    chosen = {"because": "We saw it.", "measure": "", "conditions": ["deleted"]}
    assert "Decided." in _post(other, f"{one}decide/", **_each(case, "upheld"), **chosen)
    assert "The measure begins on" in _read(own, mine)
    assert "Your appeal is recorded" in _post(own, f"{mine}appeal/", text="You are mistaken.")
    appeal = Appeal.objects.get()
    hear = f"/cases/appeals/{appeal.id}/hear/"
    assert "You decided what this appeal is against" in _read(other, one)
    third = browser_of(officer("thea"))
    _read(third, hear)
    assert "Heard." in _post(third, hear, outcome="upheld", reason="It stands.", measure="")
    assert "It stands." in _read(own, mine)
    lift = f"/cases/sanctions/{Sanction.objects.get().id}/lift/"
    _read(third, lift)
    assert "Noted." in _post(third, lift, condition="deleted", reason="The receipt came.")
    assert "Closed" in _read(own, mine)
    assert app.shown_name in _read(desk, "/cases/?state=closed&kind=app&severity=high&q=Label")
    assert case.id.encode() not in b"".join(desk.get("/cases/?format=csv&state=open"))
    assert b"Label maker" in b"".join(desk.get("/cases/?format=json"))


def case_now(case: Case) -> Case:
    return Case.objects.named(case.id)


def test_a_heavy_measure_by_pages(desk: Client, other: Client, own: Client, app: App, olga: Account) -> None:
    """Act at once, confirm by another, decide, reject, decide again, confirm: who cannot, reads why."""
    case = _opened(app, Severity.CRITICAL)
    one = f"/cases/{case.id}/"
    _read(desk, f"{one}at-once/")
    assert "It is in force" in _post(desk, f"{one}at-once/", measure="personal_data_off", reason="It goes on.")
    assert Subject.objects.named(app.id).status == Standing.PERSONAL_DATA_OFF
    assert "It goes on." in _read(own, f"/my-cases/{case.id}/")
    sanction = Sanction.objects.get()
    assert "You proposed this yourself" in _post(desk, f"/cases/sanctions/{sanction.id}/confirm/", reason="Yes.")
    assert "Done." in _post(other, f"/cases/sanctions/{sanction.id}/confirm/", reason="It does.")
    _post(desk, f"{one}serve/", note="")
    _post(own, f"/my-cases/{case.id}/answer/", **_each(case, "disputed"), text="")
    _post(desk, f"{one}decide/", **_each(case, "upheld"), because="Grave.", measure="")
    first = Decision.objects.get()
    assert "Waits for a second person" in _read(desk, one)
    assert "Grave." not in _read(own, f"/my-cases/{case.id}/")
    assert "You proposed this yourself" in _read(desk, f"/cases/decisions/{first.id}/confirm/")
    assert "1" in _read(other, "/cases/?state=second")
    assert "Rejected." in _post(other, f"/cases/decisions/{first.id}/reject/", reason="Too hard.")
    _post(desk, f"{one}decide/", **_each(case, "upheld"), because="Grave all the same.", measure="")
    second = Decision.objects.waiting().get()
    _read(other, f"/cases/decisions/{second.id}/confirm/")
    assert "Confirmed, and served." in _post(other, f"/cases/decisions/{second.id}/confirm/", reason="So do I.")
    assert "Grave all the same." in _read(own, f"/my-cases/{case.id}/")


def test_withdrawing_and_ending_by_pages(desk: Client, own: Client, app: App) -> None:
    """An emergency is ended, more time given, the case withdrawn; the subject reads that nothing remains."""
    case = _opened(app, Severity.CRITICAL)
    one = f"/cases/{case.id}/"
    _post(desk, f"{one}at-once/", measure="personal_data_off", reason="It goes on.")
    _post(desk, f"/cases/sanctions/{Sanction.objects.get().id}/end/", reason="It stopped.")
    assert Subject.objects.named(app.id).status == Standing.GOOD
    _post(desk, f"{one}serve/", note="")
    until = f"{case_now(case).due_at + timedelta(days=3):%Y-%m-%d}"  # type: ignore[operator]
    assert "more time" in _post(desk, f"{one}extend/", until=until, reason="Holidays.")
    assert "The term was extended once already" in _read(desk, f"{one}extend/")
    assert "Withdrawn." in _post(desk, f"{one}withdraw/", reason="It was another app.")
    assert "is withdrawn" in _read(own, f"/my-cases/{case.id}/")


def test_strangers_readers_and_kin(desk: Client, own: Client, app: App, olga: Account) -> None:
    """A stranger meets a 404, an auditor reads and changes nothing, staff of the accused wait for the notice like everybody."""
    case = _opened(app)
    stranger = browser_of(Account.objects.create_user("eve@example.com", name="Eve Example"))
    auditor = browser_of(officer("audrey", KeyRole.AUDITOR))
    assert auditor.get(f"/cases/{case.id}/").status_code == 200
    assert auditor.post(f"/cases/{case.id}/withdraw/", {"reason": "x"}).status_code == 403
    assert own.get(f"/cases/{case.id}/").status_code == 403
    add_member(app.developer, olga, by=SYSTEM, at=AT)
    assert desk.get(f"/cases/{case.id}/").status_code == 404
    assert "Label maker" not in _read(desk, "/cases/")
    actions.serve(case, by=Actor(ActorKind.STAFF, officer("otto").id), at=datetime.now(UTC))
    assert "You belong to whom this case is about" in _read(desk, f"/cases/{case.id}/")
    for path in ("", "answer/", "appeal/", "message/", "more-time/"):
        assert stranger.get(f"/my-cases/{case.id}/{path}").status_code == 404
    assert stranger.post(f"/my-cases/{case.id}/answer/", {"text": "x"}).status_code == 404


def test_a_confidential_report_names_nobody(desk: Client, app: App) -> None:
    """Whoever decides does not read who reported."""
    reporter = Actor(ActorKind.STAFF, officer("rolf").id)
    case = actions.report(finding(app), by=reporter, at=datetime.now(UTC), confidential=True).case
    assert "Rolf" not in _read(desk, f"/cases/{case.id}/")


def test_cases_are_found_where_people_look(desk: Client, own: Client, app: App) -> None:
    """On the desk and at home, by search, and on the pages of the app and its developer, with the reason of the standing."""
    case = _opened(app, Severity.CRITICAL)
    actions.act_at_once(case, Measure.PERSONAL_DATA_OFF, because="It goes on.", by=SYSTEM, at=datetime.now(UTC))
    assert "15 to hear an appeal" in _read(desk, "/reviews/")
    assert "/cases/" in _read(desk, "/")
    assert f"Case about <bdi>{app.shown_name}" in _read(desk, f"/search?q={case.id}")
    assert f"/cases/{case.id}/" in _read(desk, "/search?q=Label maker")
    page = _read(desk, f"/apps/{app.id}/")
    assert f"/cases/{case.id}/" in page
    assert f"Reason given: case {case.id}" in page
    assert f"/cases/new/?subject={app.developer_id}" in _read(desk, f"/developers/{app.developer_id}/")
    assert "Just now this app may call, but gets no personal data." in _read(own, f"/developer/apps/{app.id}/")
    assert "/my-cases/" in _read(own, "/developer/")


def _send(client: Client, path: str, body: object = None, status: int = 200) -> Any:
    data = json.encode(body if body is not None else {})
    answer = client.post(f"/api/cases{path}", data, content_type="application/json")
    assert answer.status_code == status, (path, answer.content)
    return json.decode(answer.content)


def _get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.get(f"/api/cases{path}")
    assert answer.status_code == status, (path, answer.content)
    return json.decode(answer.content)


def _staff_key(name: str, by: Account) -> Client:
    actor = Actor(ActorKind.STAFF, by.id)
    _, secret = create_staff_key(name=name, role=KeyRole.OPERATOR, by=actor, at=AT)
    return Client(headers={"authorization": f"Bearer {secret}"})


def _own_key(developer: str) -> Client:
    _, secret = create_key(developer=developer, name="own", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_the_whole_case_by_api(app: App, olga: Account, auditor_api: Client) -> None:
    """Both sides with keys of their own; the subject reads what was served, and nobody's name."""
    first, second = _staff_key("first", olga), _staff_key("second", officer("otto"))
    own, stranger = _own_key(app.developer_id), _own_key("dev_other")
    told = {
        "subject_kind": "app",
        "subject": app.id,
        "severity": "critical",
        "clause": "2.1",
        "says": "Used for advertising.",
        "evidence": [{"says": "uploads", "count": 12, "of": 40}],
        "clears": ["a receipt of deletion"],
        "once": "outside:1",
    }
    _send(auditor_api, "", told, 403)
    row = _send(_staff_key("third", officer("thea")), "", told, 201)
    assert _send(first, "", told, 201)["id"] == row["id"]
    one = "/" + row["case"]
    _get(own, one, 404)
    assert _get(own, "") == []
    assert _get(auditor_api, f"{one}/reach")["proposed"]["measure"] == "suspended"
    assert _send(first, f"{one}/take")["officer"].startswith("staff:key_")
    at_once = _send(first, f"{one}/at-once", {"measure": "personal_data_off", "reason": "It goes on."}, 201)
    emergency = f"/sanctions/{at_once['id']}"
    _send(first, f"{emergency}/confirm", {"reason": "Yes."}, 403)
    assert _send(second, f"{emergency}/confirm", {"reason": "Yes."})["confirmed"] is True
    assert _send(second, f"{emergency}/end", {"reason": "It stopped."})["status"] == "overturned"
    assert _send(first, f"{one}/serve", {"note": "Please."})["statement"]["kind"] == "notice"
    _send(first, f"{one}/serve", {}, 409)
    until = f"{_get(own, one)['due_at'][:10]}T23:59:59Z"
    _send(own, f"{one}/extend", {"until": until, "reason": "We look."})
    _send(stranger, f"{one}/answer", {"text": "Hello."}, 404)
    _send(own, f"{one}/answer", {"stances": [{"finding": row["id"], "stance": "disputed", "says": "No."}]})
    _send(own, f"{one}/messages", {"text": "When do you decide?"}, 201)
    _send(second, f"{one}/messages", {"text": "Soon."}, 201)
    assert [message["side"] for message in _get(own, one)["messages"]] == ["subject", "marketplace"]
    outcome = {"finding": row["id"], "upheld": True, "because": "We saw it."}
    chosen = {"outcomes": [outcome], "because": "Grave.", "conditions": [{"kind": "deleted"}]}
    decision = _send(first, f"{one}/decide", chosen, 201)
    assert decision["status"] == "proposed"
    seen = _get(own, one)
    assert (seen["decisions"], seen["findings"][0]["outcome"], seen["officer"]) == ([], "", "")
    _send(first, f"/decisions/{decision['id']}/confirm", {"reason": "I agree with myself."}, 403)
    _send(second, f"/decisions/{decision['id']}/reject", {"reason": "Too hard."})
    chosen |= {"measure": "throttled", "departs": "It was one upload."}
    assert _send(first, f"{one}/decide", chosen, 201)["status"] == "confirmed"
    seen = _get(own, one)
    assert (seen["findings"][0]["outcome"], seen["decisions"][0]["decided_by"]) == ("upheld", "")
    appeal = _send(own, f"{one}/appeal", {"text": "You are mistaken."}, 201)
    hearing = {"outcome": "changed", "measure": "personal_data_off", "reason": "A bit."}
    _send(first, f"/appeals/{appeal['id']}/hear", hearing, 403)
    _send(second, f"/appeals/{appeal['id']}/hear", hearing, 403)  # had a part in it, by rejecting
    assert _send(_staff_key("third", officer("tom")), f"/appeals/{appeal['id']}/hear", hearing)["status"] == "changed"
    live = next(one for one in _get(own, one)["sanctions"] if one["status"] == "announced")
    met = {"condition": "deleted", "reason": "The receipt came."}
    assert _send(second, f"/sanctions/{live['id']}/lift", met)["status"] == "cancelled"
    assert _get(first, f"?subject={app.id}&status=closed")[0]["id"] == row["case"]


def test_a_decision_is_confirmed_and_a_case_withdrawn_by_api(app: App, olga: Account) -> None:
    """The second person's key confirms; another case is withdrawn before its notice."""
    first, second = _staff_key("first", olga), _staff_key("second", officer("otto"))
    case = _opened(app, Severity.CRITICAL)
    _send(first, f"/{case.id}/serve")
    _send(_own_key(app.developer_id), f"/{case.id}/answer", {"text": "No."})
    outcomes = [{"finding": one.id, "upheld": True, "because": "Seen."} for one in Finding.objects.of_case(case)]
    decision = _send(first, f"/{case.id}/decide", {"outcomes": outcomes, "because": "Grave."}, 201)
    assert _send(second, f"/decisions/{decision['id']}/confirm", {"reason": "So do I."})["status"] == "confirmed"
    other = _opened(app)
    assert _send(first, f"/{other.id}/withdraw", {"reason": "Nothing in it."})["status"] == "withdrawn"
