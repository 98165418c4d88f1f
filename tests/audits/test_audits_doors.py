"""Pages, API and commands of audits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit, Finding
from piepowder.rooms.audits.rules import Severity
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.people.actions import create_key, create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.audits.conftest import staff
from tests.support.control_plane import AT
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db


def _browser(account: Account) -> Client:
    browser = Client()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def desk(assessor_account: Account) -> Client:
    return _browser(assessor_account)


@pytest.fixture
def own(member_account: Account) -> Client:
    return _browser(member_account)


def _read(browser: Client, address: str) -> str:
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _post(browser: Client, address: str, **given: Any) -> str:
    answer = browser.post(address, given, follow=True)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_staff_draw_by_page(desk: Client, developer: Developer) -> None:
    """The pool with its risk is shown on request; the draw has a page that draws again."""
    assert "No audits" in _read(desk, "/audits/")
    assert "never audited" in _read(desk, "/audits/draws/new/?look=1")
    wrong = _post(desk, "/audits/draws/new/", method="sample", size="9", seed="my own seed")
    assert "at most 1" in wrong
    assert "my own seed" in wrong
    page = _post(desk, "/audits/draws/new/", method="sample", size="1")
    assert "the same developers" in page
    assert developer.name in page
    assert developer.name in _read(desk, "/audits/?state=open")
    csv = desk.get("/audits/?format=csv")
    assert developer.id in b"".join(csv).decode()


def test_the_whole_audit_by_pages(
    desk: Client, own: Client, drawn: Audit, assessor: Actor, developer: Developer
) -> None:
    """From assigning to closing, both sides, with a document and a finding."""
    one, mine = f"/audits/{drawn.id}/", f"/my-audits/{drawn.id}/"
    assert own.get(mine).status_code == 404
    _post(desk, f"{one}take/")
    assert "Announced" in _post(desk, f"{one}announce/")
    assert "Our move" in _read(own, mine)
    asked = _post(desk, f"{one}ask/", ask_logs="on", words_logs="A sample of last week's log.", other="")
    assert "Asked." in asked
    assert "Your move" in _read(own, mine)
    request = drawn.requests.get()
    _read(own, f"/my-audits/requests/{request.id}/")
    empty = _post(own, f"/my-audits/requests/{request.id}/", answer="")
    assert "Choose a document" in empty
    log = SimpleUploadedFile("log.txt", b"made-up lines\n", "text/plain")
    assert "Provided" in _post(own, f"/my-audits/requests/{request.id}/", document=log, answer="")
    page = _read(desk, one)
    assert "log.txt" in page
    document = drawn.requests.get().documents[0]
    answer = desk.get(f"{one}documents/{document}/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert desk.get(f"{one}documents/doc_other/").status_code == 404
    assert "Accepted" in _post(desk, f"/audits/requests/{request.id}/accept/")
    for item in drawn.items.exclude(key="logs"):
        _post(desk, f"{one}lines/{item.key}/", verdict="met", reason="Seen.", revision="0")
    _read(desk, f"{one}lines/logs/")
    page = _post(desk, f"{one}lines/logs/", verdict="not_met", reason="Names in the log.", revision="0")
    assert "Add a finding" in page
    typed = {"item": "logs", "severity": "medium", "what": "Names of buyers in the log.", "to_do": "", "clause": ""}
    page = _post(desk, f"{one}findings/", **typed)
    assert "Say what to do." in page
    assert "Names of buyers in the log." in page
    _post(desk, f"{one}findings/", **{**typed, "to_do": "Mask them."})
    assert "None so far" in _read(own, mine)
    finding = Finding.objects.get()
    _post(desk, f"/audits/findings/{finding.id}/", **{**typed, "to_do": "Mask them all.", "clause": "4.1"})
    assert "Sent." in _post(desk, f"{one}findings/send/")
    assert "Mask them all." in _read(own, mine)
    _read(own, f"/my-audits/findings/{finding.id}/")
    assert "Answered" in _post(own, f"/my-audits/findings/{finding.id}/", stance="will_fix", answer="Next week.")
    _read(desk, f"/audits/findings/{finding.id}/settle/")
    _post(desk, f"/audits/findings/{finding.id}/settle/", outcome="stands", reason="It is so.")
    assert "Closed" in _post(desk, f"{one}close/", summary="One thing.")
    assert "Not met" in _read(own, mine)
    assert "1 finding to fix" in _read(own, "/my-audits/")
    assert "1 finding to fix" in _read(desk, f"/developers/{developer.id}/")
    _post(desk, f"/audits/findings/{finding.id}/fixed/", reason="Seen.")
    assert "all findings fixed" in _read(own, "/my-audits/")


def test_what_was_typed_into_a_stale_form_is_kept(desk: Client, announced: Audit, assessor: Actor) -> None:
    """The line was judged in another window: a clear sentence, and the words are still there."""
    actions.begin_assessment(announced, by=assessor, at=AT)
    address = f"/audits/{announced.id}/lines/logs/"
    _post(desk, address, verdict="met", reason="First.", revision="0")
    page = _post(desk, address, verdict="not_met", reason="A long second thought.", revision="0")
    assert "judged meanwhile" in page
    assert "A long second thought." in page


def test_strangers_and_readers_are_kept_out(own: Client, announced: Audit) -> None:
    """A developer does not see staff's pages, another organisation not this audit; an auditor reads and changes nothing."""
    assert own.get(f"/audits/{announced.id}/").status_code == 403
    auditor = _browser(staff("audrey", KeyRole.AUDITOR))
    assert auditor.get(f"/audits/{announced.id}/").status_code == 200
    assert auditor.post(f"/audits/{announced.id}/cancel/", {"reason": "x"}).status_code == 403
    assert auditor.get(f"/my-audits/{announced.id}/").status_code in (302, 403)


def _send(client: Client, method: str, path: str, body: object = None, status: int = 200) -> Any:
    data = json.encode(body if body is not None else {})
    answer = getattr(client, method)(f"/api/audits{path}", data, content_type="application/json")
    assert answer.status_code == status, (path, answer.content)
    return json.decode(answer.content)


@pytest.fixture
def reviewer_api(db: None) -> Client:
    _, secret = create_staff_key(name="reviews", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_the_whole_audit_by_api(
    reviewer_api: Client, developer: Developer, developer_api: Client, auditor_api: Client
) -> None:
    """Draw, take, announce, ask, provide, judge, find, answer, settle, close; the developer sees what it may see."""
    draw = _send(reviewer_api, "post", "/draws", {"method": "risk", "size": 1}, 201)
    assert json.decode(auditor_api.get(f"/api/audits/draws/{draw['id']}").content)["same"] is True
    one = "/" + json.decode(reviewer_api.get("/api/audits").content)[0]["id"]
    assert json.decode(developer_api.get("/api/audits").content) == []
    assert developer_api.get(f"/api/audits{one}").status_code == 404
    _send(reviewer_api, "post", f"{one}/take")
    _send(reviewer_api, "post", f"{one}/announce")
    _send(auditor_api, "post", f"{one}/cancel", {"reason": "x"}, 403)
    (asked,) = _send(
        reviewer_api, "post", f"{one}/requests", {"wanted": [{"item": "logs", "wanted": "A sample."}]}, 201
    )
    _send(developer_api, "post", f"/requests/{asked['id']}/provide", {"answer": "We keep none."})
    _send(reviewer_api, "post", f"/requests/{asked['id']}/accept")
    items = json.decode(reviewer_api.get(f"/api/audits{one}").content)["items"]
    for item in items:
        verdict = "not_met" if item["key"] == "logs" else "met"
        _send(reviewer_api, "put", f"{one}/items/{item['key']}", {"verdict": verdict, "reason": "Seen."})
    found = {"severity": "high", "what": "No logs.", "to_do": "Keep them.", "item": "logs"}
    finding = _send(reviewer_api, "post", f"{one}/findings", found, 201)
    seen = json.decode(developer_api.get(f"/api/audits{one}").content)
    assert seen["findings"] == []
    assert {item["verdict"] for item in seen["items"]} == {""}
    _send(reviewer_api, "post", f"{one}/send-findings")
    _send(developer_api, "post", f"/findings/{finding['id']}/answer", {"stance": "fixed", "answer": "Since today."})
    _send(reviewer_api, "post", f"/findings/{finding['id']}/settle", {"outcome": "fixed", "reason": "Seen."})
    assert _send(reviewer_api, "post", f"{one}/close", {"summary": "Fixed."})["status"] == "closed_with_findings"
    result = json.decode(developer_api.get(f"/api/audits/results/{developer.id}").content)
    assert (result["audited"], result["to_fix"]) == (True, 0)


@pytest.fixture
def developer_api(developer: Developer) -> Client:
    _, secret = create_key(developer=developer.id, name="own", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_a_developers_key_answers_for_itself_only(
    developer_api: Client, judged: Callable[..., Audit], assessor: Actor
) -> None:
    """To the key of another developer there is no such finding."""
    audit = judged(retention="not_met")
    given = {"severity": Severity.LOW, "what": "Old data.", "to_do": "Delete it.", "item": "retention"}
    finding = actions.add_finding(audit, **given, by=assessor, at=AT)  # type: ignore[arg-type]
    actions.send_findings(audit, by=assessor, at=AT)
    _, secret = create_key(developer="dev_other", name="theirs", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
    other = Client(headers={"authorization": f"Bearer {secret}"})
    body = {"stance": "fixed", "answer": "Done."}
    _send(other, "post", f"/findings/{finding.id}/answer", body, 404)
    _send(developer_api, "post", f"/findings/{finding.id}/answer", body)
