"""The JSON API and the commands of assessments: the same verbs, with keys of developers, reviewers and others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.assessments.library import OWN_FOLDER
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key, create_staff_key
from piepowder.rooms.people.rules import KeyRole
from tests.support.assessments import AT, PROVED, ROLES, good_answers
from tests.support.commands import Run, commands

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
BUILT_IN = str(OWN_FOLDER / "data-protection-2026-1.yaml")


def _with_key(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def own_api(developer: Developer) -> Client:
    return _with_key(create_key(name="own", role=KeyRole.DEVELOPER, developer=developer.id, by=SYSTEM, at=AT)[1])


@pytest.fixture
def reviewer_api(db: None) -> Client:
    return _with_key(create_staff_key(name="review", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)[1])


def _send(client: Client, verb: str, path: str, body: object = None, *, status: int = 200) -> Any:
    data = json.encode(body if body is not None else {})
    answer = client.generic(verb.upper(), f"/api/assessments{path}", data, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def _hand_in(own_api: Client, developer: Developer, **other: Any) -> tuple[str, Any]:
    """A whole assessment by API alone."""
    begun = _send(own_api, "post", "", {"roles": ROLES}, status=201)
    answers = {**good_answers(), "scans": TODAY, "incident_rehearsed": TODAY, "training": TODAY}
    _send(own_api, "put", f"/{begun['id']}/answers", {"answers": {**answers, **other}})
    for question in PROVED:
        file = _document(own_api, developer, question)
        _send(own_api, "post", f"/{begun['id']}/answers/{question}/evidence", {"document": file})
    return begun["id"], _send(own_api, "post", f"/{begun['id']}/submit")


def _document(own_api: Client, developer: Developer, question: str) -> str:
    file = SimpleUploadedFile(f"{question}.txt", f"Made up, for {question}.\n".encode())
    answer = own_api.post("/api/evidence", {"file": file, "owner": developer.id, "purpose": question})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


@pytest.mark.django_db
def test_a_program_assesses_its_developer_and_another_reviews(
    own_api: Client, reviewer_api: Client, developer: Developer
) -> None:
    """Begin, answer, prove, submit; take, decide, conclude; correct and read why: all by API."""
    assessment, submission = _hand_in(own_api, developer, second_factor="nowhere")
    assert _send(own_api, "get", f"/{assessment}/outlook")["place"] == 1
    review = f"/reviews/{submission['id']}"
    assert [one["id"] for one in _send(reviewer_api, "get", "/reviews/queue")] == [submission["id"]]
    _send(reviewer_api, "post", f"{review}/take")
    shown = {line["question"]: line for line in _send(reviewer_api, "get", review)["lines"]}
    assert shown["second_factor"]["suggested"] == "wrong"
    _send(reviewer_api, "put", f"{review}/decisions/second_factor", {"word": "maybe"}, status=422)
    decided = _send(reviewer_api, "put", f"{review}/decisions/second_factor", {"word": "wrong"})
    assert decided["reason"] == "A stolen password alone opens everything."
    _send(reviewer_api, "post", f"{review}/accept-rest")
    assert _send(reviewer_api, "post", f"{review}/conclude")["outcome"] == "partly_approved"
    rounds = _send(own_api, "get", f"/{assessment}/submissions")
    assert [one["question"] for one in rounds[0]["decisions"] if one["word"] != "ok"] == ["second_factor"]
    assert rounds[0]["reviewer"] == ""
    approval = _send(own_api, "get", f"/approvals/{developer.id}")
    assert approval["roles"] == ROLES[:1]
    assert approval["legal_facts"]["countries"] == ["DE", "IE"]


@pytest.mark.django_db
def test_another_developers_key_finds_nothing(own_api: Client, developer: Developer) -> None:
    """Not to read, not to write, not to review."""
    begun = _send(own_api, "post", "", {"roles": ROLES}, status=201)
    other = register_developer(name="Invoice works", contact_email="o@invoices.example", by=SYSTEM, at=AT)
    theirs = _with_key(create_key(name="o", role=KeyRole.DEVELOPER, developer=other.id, by=SYSTEM, at=AT)[1])
    for verb, path in (
        ("get", ""),
        ("get", "/answers"),
        ("post", "/submit"),
        ("post", "/withdraw"),
        ("get", "/messages"),
    ):
        _send(theirs, verb, f"/{begun['id']}{path}", status=404)
    _send(theirs, "post", "", {"developer": developer.id, "roles": ROLES}, status=404)
    assert Assessment.objects.count() == 1
    _send(theirs, "post", "", {"roles": ROLES}, status=201)
    assert _send(theirs, "get", "/reviews/queue", status=403)["code"] == "ground_not_permitted"
    assert _send(theirs, "get", f"/approvals/{developer.id}", status=404)
    assert [one["developer"] for one in _send(theirs, "get", "")] == [other.id]


@pytest.mark.django_db
def test_auditors_read_and_change_nothing(own_api: Client, auditor_api: Client) -> None:
    """An auditor's key reads every assessment, and no verb is open to it."""
    begun = _send(own_api, "post", "", {"roles": ROLES}, status=201)
    assert _send(auditor_api, "get", f"/{begun['id']}")["status"] == "draft"
    given: list[tuple[str, str, dict[str, Any]]] = [
        ("put", "/answers", {"answers": {}}),
        ("post", "/submit", {}),
        ("post", "/messages", {"body": "x"}),
    ]
    for verb, path, sent in given:
        _send(auditor_api, verb, f"/{begun['id']}{path}", sent, status=403)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [{"a": {"b": [1]}}, [[["x"]]], "x" * 9000, 2**63, -1, 1.5, True, {"": ""}])
def test_any_value_is_answered_in_words(own_api: Client, value: object) -> None:
    """Whatever is sent as an answer is taken or refused, never a fault of the server."""
    begun = _send(own_api, "post", "", {"roles": ROLES}, status=201)
    for question in ("leavers", "malware", "legal_basis", "countries", "what_the_apps_do", "scans", "firewall"):
        answer = own_api.put(
            f"/api/assessments/{begun['id']}/answers/{question}",
            json.encode({"value": value}),
            content_type="application/json",
        )
        assert answer.status_code in (200, 422), (question, answer.content)


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def test_commands_go_the_whole_way(run: Run, tmp_path: Path) -> None:
    """Begin, import, attach, submit, take, decide, conclude, and read why."""
    developer = run("developer", "create", "Label works", "--email", "office@labels.example")
    words = [word for role in ROLES for word in ("--role", role)]
    begun = run("assessment", "begin", developer["id"], *words)["id"]
    answers = {**good_answers(), "scans": TODAY, "incident_rehearsed": TODAY, "training": TODAY}
    file = tmp_path / "answers.json"
    file.write_bytes(json.encode({"answers": {**answers, "second_factor": "nowhere"}}))
    assert "firewall" in run("assessment", "import", begun, str(file))["changed"]
    for question in PROVED:
        document = tmp_path / f"{question}.txt"
        document.write_text(f"Made up, for {question}.\n")
        assert run("assessment", "attach", begun, question, str(document))["evidence"]
    assert run("assessment", "answer", begun, "leavers", "8")["value"] == 8
    assert run("assessment", "show", begun)["complete"] is True
    exported = tmp_path / "out.json"
    assert run("assessment", "export", begun, "--file", str(exported))["answers"] > 30
    submission = run("assessment", "submit", begun)["id"]
    assert [one["id"] for one in run("assessment", "review", "queue")] == [submission]
    run("assessment", "review", "take", submission)
    assert run("assessment", "review", "decide", submission, "second_factor", "wrong")["clause"] == "3.3"
    run("assessment", "review", "accept-rest", submission)
    assert run("assessment", "review", "conclude", submission)["roles_approved"] == ROLES[:1]
    assert [one["question"] for one in run("assessment", "decisions", begun)] == ["second_factor"]
    assert run("assessment", "approval", developer["id"])["roles"] == ROLES[:1]
    assert run("assessment", "write", begun, "Which factor would do?")["side"] == "marketplace"
    assert len(run("assessment", "messages", begun)) == 1
    assert run("assessment", "waits")[0]["count"] == 1


def test_a_questionnaire_is_checked_without_a_database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit status 0 for the built-in one, 1 for one with problems, which are listed."""
    with commands("", tmp_path, capsys) as run:
        assert run("assessment", "questionnaire", "check", BUILT_IN)["problems"] == []
        faulty = tmp_path / "faulty.yaml"
        faulty.write_text(Path(BUILT_IN).read_text(encoding="utf-8").replace('clause: "3.3"', 'clause: "3.9"', 1))
        problems = run("assessment", "questionnaire", "check", str(faulty), status=1)["problems"]
        assert "question `second_factor` serves the unknown clause `3.9`" in problems
        assert run("assessment", "questionnaire", "check", str(tmp_path / "none.yaml"), status=1)["error"]
        assert run("assessment", "questionnaire", "show")["id"] == "data-protection"
