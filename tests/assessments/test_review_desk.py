"""The reviewer's pages: take the next, decide, conclude, the second person; conflicts lose nothing that was typed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import actions, desk
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.status import Status, Word
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff, create_staff_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.assessments import AT, ROLES, answered
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


@pytest.fixture
def four_eyes(settings: Any) -> None:
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"assessment_four_eyes": True})


@pytest.fixture
def case(handed_in: Callable[..., Submission]) -> Submission:
    """All right but for the second factor; taken by `reviewer`."""
    return handed_in(second_factor="nowhere")


def _browser(actor: Actor) -> Client:
    browser = Client()
    browser.force_login(Account.objects.get(pk=actor.id), backend="django.contrib.auth.backends.ModelBackend")
    return browser


def _read(browser: Client, address: str) -> str:
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _post(browser: Client, address: str, given: dict[str, str] | None = None, **more: Any) -> str:
    answer = browser.post(address, given or {}, follow=True, **more)
    assert answer.status_code == 200, address
    return answer.content.decode()


def _one(submission: Submission) -> str:
    return f"/reviews/assessments/{submission.id}/"


def _decision(question: str, word: str, **more: str) -> dict[str, str]:
    return {f"{question}-{name}": value for name, value in {"word": word, **more}.items()}


def _refused(code: str, action: Callable[..., Any], *given: Any, **named: Any) -> None:
    with pytest.raises(PiepowderError) as refusal:
        action(*given, **named)
    assert refusal.value.code == code


def test_the_next_is_what_was_promised_first(developer: Developer, member: Actor, reviewer: Actor) -> None:
    """Of two in the queue the older promise; of none, a page that says so."""
    late = answered(developer, member, at=AT - timedelta(days=40), scans="2026-10-01")
    first = actions.submit(late, by=member, at=AT - timedelta(days=40))
    other = register_developer(name="Tax works", contact_email="o@tax.example", by=SYSTEM, at=AT)
    actions.submit(answered(other, member), by=member, at=AT)
    browser = _browser(reviewer)
    assert "late" in _read(browser, "/reviews/assessments/")
    assert "Label works" in _post(browser, "/reviews/assessments/next/")
    assert Submission.objects.named(first.id).reviewer == str(reviewer)
    assert "Tax works" in _post(browser, "/reviews/assessments/next/")
    assert "nothing waits in the queue" in _post(browser, "/reviews/assessments/next/").lower()


def test_the_next_is_never_the_own_organisation(developer: Developer, member: Actor, draft: Assessment) -> None:
    """A reviewer who belongs to it does not get the case, does not see it, and cannot take it."""
    submission = actions.submit(draft, by=member, at=AT)
    account = create_staff(email="in@market.example", name="In", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    add_member(developer, account, by=SYSTEM, at=AT)
    insider = Actor(ActorKind.STAFF, account.id)
    _refused("assessments_queue_empty", actions.take_next, by=insider, at=AT)
    browser = _browser(insider)
    refused = browser.get(_one(submission))
    assert refused.status_code == 403
    assert "so somebody else reviews it" in refused.content.decode()
    assert browser.post(f"{_one(submission)}step/take/").status_code == 403


def test_answer_score_and_finding_stand_beside_each_other(case: Submission, reviewer: Actor) -> None:
    """With the clause, the documents and the roles that are at stake."""
    page = _read(_browser(reviewer), _one(case))
    for words in ("No marks", "Clause 3.3", "Full marks", "incident_plan.txt", "it stands in the way of"):
        assert words in page, words


def test_a_case_is_decided_and_concluded(case: Submission, reviewer: Actor, second: Actor) -> None:
    """A prepared reason fills what is left empty; the rest is accepted at once; some roles are approved."""
    browser = _browser(reviewer)
    prepared = desk.desk(case).row("second_factor").prepared[0]  # type: ignore[union-attr]
    page = _post(
        browser, f"{_one(case)}decisions/second_factor/", _decision("second_factor", "wrong", prepared=prepared.key)
    )
    assert "Not accepted" in page
    decision = case.decisions.get(question="second_factor")
    assert (decision.reason, decision.fix) == (prepared.says, prepared.fix)
    assert "Accepted:" in _post(browser, f"{_one(case)}step/accept-rest/")
    assert "Approve some of the roles" in _read(browser, f"{_one(case)}conclude/")
    given = {"outcome": "partly_approved", "roles": ROLES[0], "reason": "Nearly."}
    assert "Decided." in _post(browser, f"{_one(case)}conclude/", given)
    assert Submission.objects.named(case.id).roles_approved == ROLES[:1]
    assert "Decided" in _read(_browser(second), "/reviews/assessments/?state=decided")


def test_a_decision_with_htmx_is_a_part_of_the_page(case: Submission, reviewer: Actor) -> None:
    """The line comes back with what stands beside the case; a refusal comes back with what was typed."""
    browser, address = _browser(reviewer), f"{_one(case)}decisions/leavers/"
    part = _post(browser, address, _decision("leavers", "ask", reason="How do you know?"), headers=HX)
    assert part.startswith("<article")
    assert 'hx-swap-oob="true"' in part
    assert "How do you know?" in part
    refused = _post(browser, address, _decision("leavers", "wrong", fix="Typed already."), headers=HX)
    assert "decided meanwhile" in refused
    assert "Typed already." in refused


def test_a_stale_form_is_a_clear_conflict(case: Submission, reviewer: Actor) -> None:
    """Decided in another window: the sentence says how, and nothing typed is lost; the second try is taken."""
    browser, address = _browser(reviewer), f"{_one(case)}decisions/leavers/"
    _post(browser, address, _decision("leavers", "ok", seen=""))
    page = _post(browser, address, _decision("leavers", "wrong", reason="A long thought.", seen=""))
    assert "decided meanwhile" in page
    assert "A long thought." in page
    stamp = case.decisions.get(question="leavers").stamp
    _post(browser, address, _decision("leavers", "wrong", reason="A long thought.", seen=stamp))
    assert case.decisions.get(question="leavers").reason == "A long thought."


def test_of_two_reviewers_one_decides(case: Submission, second: Actor) -> None:
    """The other reads the case, is told whose it is, and keeps what they typed."""
    browser = _browser(second)
    assert "only its reviewer decides" in _read(browser, _one(case))
    page = _post(browser, f"{_one(case)}decisions/leavers/", _decision("leavers", "wrong", reason="Mine."))
    assert "Another reviewer has this case" in page
    assert "Mine." in page
    assert not case.decisions.filter(question="leavers").exists()


def test_nothing_wrong_without_a_reason(case: Submission, reviewer: Actor) -> None:
    """The sentence stands at the field."""
    page = _post(_browser(reviewer), f"{_one(case)}decisions/leavers/", _decision("leavers", "wrong", fix="Faster."))
    assert "Say why: the developer reads it" in page
    assert "Faster." in page


def _proposed(case: Submission, reviewer: Actor) -> Submission:
    actions.decide(case, "second_factor", Word.OK, by=reviewer, at=AT)
    actions.accept_rest(case, by=reviewer, at=AT)
    return actions.conclude(case, by=reviewer, at=AT)


def test_personal_data_takes_two_people(
    case: Submission, reviewer: Actor, second: Actor, developer: Developer, four_eyes: None
) -> None:
    """Nothing is approved until a second person confirms; then it is theirs and the first one's."""
    waiting = _proposed(case, reviewer)
    assert waiting.proposed_at
    assert not waiting.concluded_at
    assert not Assessment.objects.approved_roles(developer.id, AT)
    assert "Waits for a second person" in _read(_browser(reviewer), "/reviews/assessments/")
    assert "you decided this yourself" in _post(_browser(reviewer), f"{_one(case)}step/confirm/").lower()
    assert "Confirmed." in _post(_browser(second), f"{_one(case)}step/confirm/")
    concluded = Submission.objects.named(case.id)
    assert (concluded.outcome, concluded.confirmed_by) == (Status.APPROVED, str(second))
    assert Submission.objects.approvers_of(developer.id) == {str(reviewer), str(second)}
    assert ROLES[1] in Assessment.objects.approved_roles(developer.id, AT)
    _refused("assessments_not_proposed", actions.confirm, concluded, by=second, at=AT)


def test_roles_without_personal_data_take_one(case: Submission, reviewer: Actor, four_eyes: None) -> None:
    """Order tracking alone is approved at once."""
    actions.decide(case, "second_factor", Word.WRONG, by=reviewer, at=AT)
    actions.accept_rest(case, by=reviewer, at=AT)
    assert actions.conclude(case, by=reviewer, at=AT).outcome == Status.PARTLY_APPROVED


def test_a_second_person_may_disagree(case: Submission, reviewer: Actor, second: Actor, four_eyes: None) -> None:
    """Back to the reviewer with a reason; while it waits the decisions stay as they are."""
    _proposed(case, reviewer)
    _refused("assessments_waits_for_second", actions.decide, case, "leavers", Word.OK, by=reviewer, at=AT)
    browser = _browser(second)
    assert "Say why" in _post(browser, f"{_one(case)}decline/", {"reason": ""})
    assert "Back to its reviewer" in _post(browser, f"{_one(case)}decline/", {"reason": "Look at the second factor."})
    assert "Look at the second factor." in _read(_browser(reviewer), _one(case))
    again = actions.decide(case, "second_factor", Word.WRONG, by=reviewer, at=AT)
    assert again.word == Word.WRONG


def test_a_reviewer_may_take_it_back(case: Submission, reviewer: Actor, second: Actor, four_eyes: None) -> None:
    """Before it is confirmed; after that there is nothing to confirm."""
    _proposed(case, reviewer)
    assert "Taken back." in _post(_browser(reviewer), f"{_one(case)}step/retract/")
    _refused("assessments_not_proposed", actions.confirm, case, by=second, at=AT)


def test_a_key_is_no_second_person(case: Submission, reviewer: Actor, four_eyes: None) -> None:
    """A key that the reviewer made acts for the reviewer."""
    _proposed(case, reviewer)
    key, _ = create_staff_key(name="mine", role=KeyRole.REVIEWER, by=reviewer, at=AT)
    by = Actor(ActorKind.STAFF, key.id)
    _refused("assessments_second_person", actions.confirm, case, by=by, at=AT)


def test_the_second_round_shows_what_changed(
    case: Submission, reviewer: Actor, member: Actor, developer: Developer
) -> None:
    """The earlier decision with its reason, and the earlier answer beside the new one."""
    actions.decide(case, "second_factor", Word.WRONG, reason="Passwords alone will not do.", by=reviewer, at=AT)
    actions.accept_rest(case, by=reviewer, at=AT)
    actions.conclude(case, by=reviewer, at=AT)
    assessment = Assessment.objects.named(case.assessment_id)
    actions.answer(assessment, "second_factor", "everywhere", by=member, at=AT)
    again = actions.take(actions.submit(assessment, by=member, at=AT), by=reviewer, at=AT)
    page = _read(_browser(reviewer), _one(again))
    assert "Changed since" in page
    assert "Passwords alone will not do." in page
    assert "Round 1" in page


def test_both_sides_write(case: Submission, reviewer: Actor, member: Actor) -> None:
    """The developer's question shows as to be answered; the reviewer's answer ends that."""
    assessment = Assessment.objects.named(case.assessment_id)
    actions.write(assessment, "When do you decide?", by=member, at=AT)
    browser = _browser(reviewer)
    assert "1 to answer" in _read(browser, _one(case))
    assert "When do you decide?" in _read(browser, f"{_one(case)}messages/")
    _post(browser, f"{_one(case)}messages/", {"body": "Tomorrow.", "question": ""})
    assert "1 to answer" not in _read(browser, _one(case))


def test_documents_are_handed_out_to_reviewers(case: Submission, reviewer: Actor, member: Actor) -> None:
    """As a file to save, only those of the case, and not to the developer by this way."""
    proof = case.given()["incident_plan"].evidence[0]
    answer = _browser(reviewer).get(f"{_one(case)}documents/{proof.id}/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert _browser(reviewer).get(f"{_one(case)}documents/doc_none/").status_code == 404
    assert _browser(member).get(f"{_one(case)}documents/{proof.id}/").status_code == 403


def test_the_desk_shows_every_queue(case: Submission, reviewer: Actor) -> None:
    """Identities, assessments, app versions and audits with ages and promises; reviewers only."""
    page = _read(_browser(reviewer), "/reviews/")
    for queue in ("Identities", "Assessments", "App versions", "Audits"):
        assert queue in page
    assert "1" in page


def test_published_numbers_are_for_everybody_signed_in(case: Submission, member: Actor, reviewer: Actor) -> None:
    """Median, nine of ten, and the length of the queue; strangers are asked to sign in."""
    assert "none yet" in _read(_browser(member), "/waiting-times/")
    actions.decide(case, "second_factor", Word.OK, by=reviewer, at=AT)
    actions.accept_rest(case, by=reviewer, at=AT)
    actions.conclude(case, by=reviewer, at=AT)
    assert "Nine of ten" in _read(_browser(member), "/waiting-times/")
    assert Client().get("/waiting-times/").status_code == 302


def test_the_second_person_by_api(case: Submission, reviewer: Actor, four_eyes: None) -> None:
    """Decline, conclude again, confirm: with keys of two people."""
    _proposed(case, reviewer)
    _, secret = create_staff_key(name="second", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    api = Client(headers={"authorization": f"Bearer {secret}"})

    def send(verb: str, body: object) -> Any:
        address = f"/api/assessments/reviews/{case.id}/{verb}"
        answer = api.post(address, json.encode(body), content_type="application/json")
        assert answer.status_code == 200, answer.content
        return json.decode(answer.content)

    assert send("decline", {"reason": "Not yet."})["proposed_at"] is None
    actions.conclude(case, by=reviewer, at=AT)
    assert send("confirm", {})["outcome"] == "approved"
