"""From the first answer to the decision, and round again: both sides, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import actions, cases, library, promises
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.status import Status, Word
from piepowder.rooms.developers.actions import add_member, close_developer, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.support.assessments import AT, ROLES, answered, good_answers, prove

pytestmark = pytest.mark.django_db
HandIn = Callable[..., Submission]
SHIPPING, TRACKING = "direct_to_consumer_shipping", "inventory_and_order_tracking"


def _ledger(kind: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM ledger_record WHERE kind = %s ORDER BY recorded_at, id", [kind])
        return [outcome for (outcome,) in cursor.fetchall()]


def _refused(code: str, action: Callable[..., Any], *given: Any, **named: Any) -> PiepowderError:
    with pytest.raises(PiepowderError) as caught:
        action(*given, **named)
    assert caught.value.code == code, caught.value
    return caught.value


def _concluded(submission: Submission, by: Actor, **named: Any) -> Submission:
    """Wrong where the rules find fault, ok for the rest."""
    for finding in submission.result().findings:
        actions.decide(submission, finding.question, Word.WRONG, by=by, at=AT)
    actions.accept_rest(submission, by=by, at=AT)
    return actions.conclude(submission, by=by, at=AT, **named)


def test_the_first_approval_opens_the_door(handed_in: HandIn, developer: Developer, reviewer: Actor) -> None:
    """All answers right: every role is approved for a year, the standing becomes good, and each step is on the ledger."""
    concluded = _concluded(handed_in(), reviewer)
    assessment = Assessment.objects.named(concluded.assessment_id)
    assert assessment.state is Status.APPROVED
    assert assessment.valid_until == AT + timedelta(days=365)
    assert Assessment.objects.approved_roles(developer.id, AT) == frozenset(ROLES)
    assert Assessment.objects.approved_roles(developer.id, AT + timedelta(days=365)) == frozenset()
    assert Subject.objects.named(developer.id).status == Standing.GOOD
    assert _ledger("assessments.submit") == ["submitted"]
    assert _ledger("assessments.take") == ["in_review"]
    assert _ledger("assessments.conclude") == ["approved"]
    assert _ledger("standing.set") == ["good"]
    subjects = set(Letter.objects.filter(recipient=developer.id).values_list("kind", flat=True))
    assert {"assessments.received", "assessments.taken", "assessments.approved"} <= subjects


def test_incomplete_answers_are_not_handed_in(draft: Assessment, member: Actor) -> None:
    """The refusal names the questions, and nothing is in the queue."""
    actions.answer(draft, "firewall", None, by=member, at=AT)
    error = _refused("assessments_incomplete", actions.submit, draft, by=member, at=AT)
    assert error.fields["questions"] == ["firewall"]
    assert not Submission.objects.exists()


def test_what_is_handed_in_is_frozen(draft: Assessment, member: Actor) -> None:
    """While it waits answers cannot be changed, and the copy says who wrote what, with the hash of each document."""
    submission = actions.submit(draft, by=member, at=AT)
    assert submission.answers["incident_plan"]["evidence"][0]["sha256"]
    _refused("assessments_not_open", actions.answer, draft, "firewall", False, by=member, at=AT)
    _refused("assessments_assessment_not_from_here", actions.submit, draft, by=member, at=AT)


def test_only_what_failed_reopens(handed_in: HandIn, developer: Developer, member: Actor, reviewer: Actor) -> None:
    """One wrong answer costs one role; it alone is open, and after its correction everything else stays decided."""
    concluded = _concluded(handed_in(second_factor="nowhere"), reviewer)
    assessment = Assessment.objects.named(concluded.assessment_id)
    assert assessment.state is Status.PARTLY_APPROVED
    assert Assessment.objects.approved_roles(developer.id, AT) == {TRACKING}
    assert actions.open_now(assessment, AT) == {"second_factor"}
    _refused("assessments_answer_settled", actions.answer, assessment, "firewall", False, by=member, at=AT)
    _refused("assessments_nothing_corrected", actions.submit, assessment, by=member, at=AT)
    actions.answer(assessment, "second_factor", "everywhere", by=member, at=AT)
    again = actions.submit(assessment, by=member, at=AT)
    assert (again.occasion, again.number) == ("correction", 2)
    assert actions.undecided(again) == ["second_factor"]
    assert Assessment.objects.approved_roles(developer.id, AT) == {TRACKING}  # meanwhile
    actions.take(again, by=reviewer, at=AT)
    actions.decide(again, "second_factor", Word.OK, by=reviewer, at=AT)
    assert actions.conclude(again, by=reviewer, at=AT).outcome == Status.APPROVED
    assert Assessment.objects.approved_roles(developer.id, AT) == frozenset(ROLES)


def test_a_refusal_says_why_by_which_clause_and_what_mends_it(
    handed_in: HandIn, developer: Developer, reviewer: Actor
) -> None:
    """The letter has the question, the rule's reason, the way out and the clause; the answers can be corrected."""
    submission = _concluded(handed_in(pooling=True), reviewer, outcome=Status.REFUSED)
    assert Subject.objects.named(developer.id).status == Standing.PENDING
    letter = Letter.objects.get(recipient=developer.id, kind="assessments.refused")
    assert "sold or passed on" in letter.body
    assert "Keep each seller's data apart" in letter.body
    assert "Clause 2.3" in letter.body
    seen = cases.seen(Assessment.objects.named(submission.assessment_id), AT)
    assert [line.question.id for line in seen.failed if line.is_open] == ["pooling"]


def test_a_reviewer_gives_reasons_and_decides_everything(handed_in: HandIn, reviewer: Actor) -> None:
    """No wrong without a reason, no conclusion before the last answer, no clause that the policy does not have."""
    submission = handed_in()
    _refused("assessments_reason_missing", actions.decide, submission, "firewall", Word.WRONG, by=reviewer, at=AT)
    _refused("assessments_undecided", actions.conclude, submission, by=reviewer, at=AT)
    more = {"reason": "Not to be seen.", "clause": "99"}
    _refused(
        "assessments_clause_unknown", actions.decide, submission, "firewall", Word.WRONG, **more, by=reviewer, at=AT
    )
    decision = actions.decide(submission, "firewall", Word.WRONG, reason="Open port.", by=reviewer, at=AT)
    assert decision.clause == "3.1"
    actions.accept_rest(submission, by=reviewer, at=AT)
    _refused("assessments_conclusion_wrong", actions.conclude, submission, outcome=Status.APPROVED, by=reviewer, at=AT)


def test_a_question_of_the_reviewer_comes_back(handed_in: HandIn, member: Actor, reviewer: Actor) -> None:
    """It is answered by a message or a corrected answer, and handed in again."""
    submission = handed_in()
    actions.decide(submission, "firewall", Word.ASK, reason="Which one?", by=reviewer, at=AT)
    actions.accept_rest(submission, by=reviewer, at=AT)
    assert actions.conclude(submission, by=reviewer, at=AT).outcome == Status.RETURNED
    assessment = Assessment.objects.named(submission.assessment_id)
    later = AT + timedelta(hours=1)
    actions.write(assessment, "The one of our cloud.", question="firewall", by=member, at=later)
    assert actions.submit(assessment, by=member, at=later).occasion == "correction"


def test_nobody_reviews_for_themselves(
    draft: Assessment, developer: Developer, member: Actor, reviewer: Actor, second: Actor
) -> None:
    """A reviewer who acts for the organisation cannot take or be given its case."""
    submission = actions.submit(draft, by=member, at=AT)
    account = Account.objects.get(pk=reviewer.id)
    add_member(developer, account, by=SYSTEM, at=AT)
    _refused("developers_own_organisation", actions.take, submission, by=reviewer, at=AT)
    _refused("developers_own_organisation", actions.assign, submission, account, by=second, at=AT)
    assert actions.take(submission, by=second, at=AT).reviewer == str(second)


def test_a_second_look_is_never_by_the_same_eyes(
    handed_in: HandIn, member: Actor, reviewer: Actor, second: Actor
) -> None:
    """Another reviewer gets the same answers, and only what failed is to be decided."""
    submission = _concluded(handed_in(pooling=True), reviewer, outcome=Status.REFUSED)
    assessment = Assessment.objects.named(submission.assessment_id)
    _refused("assessments_request_missing", actions.ask_re_review, assessment, request="  ", by=member, at=AT)
    again = actions.ask_re_review(assessment, request="Only our own figures.", by=member, at=AT)
    _refused("assessments_same_reviewer", actions.take, again, by=reviewer, at=AT)
    actions.take(again, by=second, at=AT)
    assert actions.undecided(again) == ["pooling"]
    actions.decide(again, "pooling", Word.OK, by=second, at=AT)
    assert actions.conclude(again, by=second, at=AT).outcome == Status.APPROVED


def test_a_case_belongs_to_one_reviewer(handed_in: HandIn, reviewer: Actor, second: Actor) -> None:
    """Another can neither take nor decide it, but may be given it; what was decided stays to be seen."""
    submission = handed_in()
    _refused("assessments_taken", actions.take, submission, by=second, at=AT)
    _refused("assessments_not_your_case", actions.decide, submission, "firewall", Word.OK, by=second, at=AT)
    actions.decide(submission, "firewall", Word.OK, by=reviewer, at=AT)
    moved = actions.assign(submission, Account.objects.get(pk=second.id), by=reviewer, at=AT)
    assert moved.reviewer == str(second)
    assert moved.words() == {"firewall": Word.OK}
    _refused("assessments_not_your_case", actions.conclude, submission, by=reviewer, at=AT)


def test_a_person_without_the_role_is_given_no_case(draft: Assessment, member: Actor, reviewer: Actor) -> None:
    """Members of developers, sellers and auditors do not review."""
    submission = actions.submit(draft, by=member, at=AT)
    _refused(
        "assessments_no_reviewer", actions.assign, submission, Account.objects.get(pk=member.id), by=reviewer, at=AT
    )


def test_the_queue_has_places_and_promises(
    draft: Assessment, developer: Developer, member: Actor, reviewer: Actor
) -> None:
    """What was promised first is first; the place moves up when a case is taken."""
    first = actions.submit(draft, by=member, at=AT)
    other = register_developer(name="Invoice works", contact_email="office@invoices.example", by=SYSTEM, at=AT)
    later = actions.submit(answered(other, member), by=member, at=AT + timedelta(minutes=5))
    assert first.promised_at.date().isoformat() == "2026-12-09"
    assert (Submission.objects.place(first), Submission.objects.place(later)) == (1, 2)
    actions.take(first, by=reviewer, at=AT)
    assert Submission.objects.place(Submission.objects.named(first.id)) is None
    assert Submission.objects.place(later) == 1


def test_a_broken_promise_is_told_to_both_sides_once(handed_in: HandIn, developer: Developer, reviewer: Actor) -> None:
    """On the ledger, to the developer, to the reviewer; the job may run twice."""
    submission = handed_in()
    assert actions.note_breaches(at=submission.promised_at) == 0
    late = submission.promised_at + timedelta(seconds=1)
    assert [actions.note_breaches(at=late) for _ in range(2)] == [1, 0]
    assert len(_ledger("assessments.breach")) == 1
    assert Letter.objects.filter(recipient=developer.id, kind="assessments.late").count() == 1
    assert Letter.objects.filter(recipient=reviewer.id, kind="assessments.late").count() == 1
    assert Submission.objects.named(submission.id).breached_at == late


def test_waits_are_published(handed_in: HandIn, reviewer: Actor) -> None:
    """Median and ninth tenth of what it really took, in business days."""
    assert promises.published(AT)["assessments"] == {"count": 0, "median": None, "p90": None, "promised": 10}
    submission = handed_in()
    actions.accept_rest(submission, by=reviewer, at=AT)
    actions.conclude(submission, by=reviewer, at=AT + timedelta(days=5))
    assert promises.published(AT + timedelta(days=5))["assessments"] == {
        "count": 1,
        "median": 3,
        "p90": 3,
        "promised": 10,
    }


def test_an_approval_ends_and_its_end_is_announced(handed_in: HandIn, developer: Developer, reviewer: Actor) -> None:
    """Six reminders, each once; then it ends, and no role is approved any more."""
    _concluded(handed_in(), reviewer)
    end = AT + timedelta(days=365)
    days = [61, 60, 60, 30, 14, 7, 3, 1]
    assert [actions.remind_due(at=end - timedelta(days=ahead)) for ahead in days] == [0, 1, 0, 1, 1, 1, 1, 1]
    assert Letter.objects.filter(recipient=developer.id, kind="assessments.ends_soon").count() == 6
    assert [actions.expire_due(at=at) for at in (end - timedelta(seconds=1), end, end)] == [0, 1, 0]
    assert Assessment.objects.get().state is Status.EXPIRED
    assert Letter.objects.filter(recipient=developer.id, kind="assessments.expired").count() == 1


def test_a_renewal_begins_with_the_last_answers(
    handed_in: HandIn, developer: Developer, member: Actor, reviewer: Actor
) -> None:
    """The old approval holds until the new one is there; old documents count as long as they are not expired."""
    old = _concluded(handed_in(), reviewer)
    later = AT + timedelta(days=300)
    renewal = actions.begin(developer, roles=ROLES, by=member, at=later)
    assert renewal.renews_id == old.assessment_id
    assert renewal.given()["firewall"].value is True
    assert {gap.question for gap in renewal.result(later).gaps} == {"scans"}  # valid for six months
    prove(renewal, "scans", by=member, at=later)
    actions.answer(renewal, "scans", "2027-09-01", by=member, at=later)
    actions.answer(renewal, "incident_rehearsed", "2027-09-01", by=member, at=later)
    actions.answer(renewal, "training", "2027-09-01", by=member, at=later)
    submission = actions.take(actions.submit(renewal, by=member, at=later), by=reviewer, at=later)
    assert submission.occasion == "renewal"
    assert Assessment.objects.approved_roles(developer.id, later) == frozenset(ROLES)
    actions.accept_rest(submission, by=reviewer, at=later)
    actions.conclude(submission, by=reviewer, at=later)
    assert Assessment.objects.named(old.assessment_id).state is Status.EXPIRED
    assert Assessment.objects.in_force(developer.id, later).get().id == renewal.id


def test_a_closed_organisation_hands_nothing_in(draft: Assessment, developer: Developer, member: Actor) -> None:
    """Its answers are kept."""
    close_developer(developer, by=SYSTEM, at=AT, reason="gave up")
    _refused("developers_closed", actions.submit, draft, by=member, at=AT)


def test_there_is_one_open_assessment_at_a_time(draft: Assessment, developer: Developer, member: Actor) -> None:
    """A second is refused until the first is finished or withdrawn; then it begins with the same answers."""
    _refused("assessments_open_already", actions.begin, developer, roles=ROLES, by=member, at=AT)
    actions.withdraw(draft, by=member, at=AT)
    assert actions.begin(developer, roles=ROLES, by=member, at=AT).given() == draft.given()


def test_withdrawing_leaves_the_queue(draft: Assessment, member: Actor, reviewer: Actor) -> None:
    """Nobody can take or decide it any more."""
    submission = actions.submit(draft, by=member, at=AT)
    actions.withdraw(draft, by=member, at=AT)
    assert not Submission.objects.waiting().exists()
    _refused("assessments_taken", actions.take, submission, by=reviewer, at=AT)


def test_a_stale_form_overwrites_nothing(draft: Assessment, member: Actor) -> None:
    """Who saves on top of another's change is told; saving the same again changes nothing and is no conflict."""
    first = actions.answer(draft, "leavers", 8, by=member, at=AT)
    second = actions.answer(draft, "leavers", 6, by=member, at=AT, revision=first.revision)
    _refused(
        "assessments_answer_changed_meanwhile",
        actions.answer,
        draft,
        "leavers",
        4,
        by=member,
        at=AT,
        revision=first.revision,
    )
    assert actions.answer(draft, "leavers", 6, by=member, at=AT, revision=first.revision) == second


def test_roles_are_given_up_but_not_added_while_correcting(handed_in: HandIn, member: Actor, reviewer: Actor) -> None:
    """A role that a wrong answer is about can be dropped; another one is asked for by a new assessment."""
    concluded = _concluded(handed_in(second_factor="nowhere"), reviewer)
    assessment = Assessment.objects.named(concluded.assessment_id)
    _refused("assessments_roles_only_fewer", actions.set_roles, assessment, [*ROLES, "finance"], by=member, at=AT)
    assert actions.set_roles(assessment, [TRACKING], by=member, at=AT).roles == [TRACKING]


def test_an_export_is_an_import(draft: Assessment, developer: Developer, member: Actor) -> None:
    """What the file says comes back as the same answers, documents included."""
    content = library.written(cases.exported(draft, AT))
    before = draft.given()
    actions.withdraw(draft, by=member, at=AT)
    anew = actions.begin(developer, roles=[TRACKING], by=member, at=AT)
    actions.answer(anew, "firewall", False, by=member, at=AT)
    assert actions.bring_in(anew, library.read_tree(content), by=member, at=AT) == ["firewall"]
    anew = Assessment.objects.named(anew.id)
    assert (anew.given(), anew.roles) == (before, ROLES)


def test_a_file_is_taken_in_whole_or_not_at_all(draft: Assessment, member: Actor) -> None:
    """Every answer that does not fit is named, and none is changed."""
    tree = {"answers": {"firewall": False, "leavers": "soon", "nonsense": 1}}
    error = _refused("assessments_import_refused", actions.bring_in, draft, tree, by=member, at=AT)
    assert len(error.fields["problems"]) == 2
    assert draft.answers.get(question="firewall").value is True


@pytest.mark.parametrize(
    "content",
    [
        b"a: &x [1]\nb: *x",
        b"a: 1\na: 2",
        b"a: [1",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b"!!python/object:x.Y {}",
        b"x" * (1 << 21),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_is_refused(content: bytes) -> None:
    """References that unfold, names that stand twice, objects, broken and huge files."""
    with pytest.raises(PiepowderError):
        library.read_tree(content)


def test_another_developers_document_proves_nothing(draft: Assessment, member: Actor) -> None:
    """A document is attached by its own organisation only, and taken away from the answer it stands behind."""
    other = register_developer(name="Invoice works", contact_email="office@invoices.example", by=SYSTEM, at=AT)
    theirs = answered(other, member).answers.get(question="incident_plan").evidence[0]["id"]
    _refused("evidence_unknown", actions.attach, draft, "incident_plan", theirs, by=member, at=AT)
    _refused("assessments_document_not_there", actions.detach, draft, "incident_plan", theirs, by=member, at=AT)
    own = draft.answers.get(question="incident_plan").evidence[0]["id"]
    assert actions.detach(draft, "incident_plan", own, by=member, at=AT).evidence == []


def test_messages_have_a_date_by_which_they_are_answered(handed_in: HandIn, member: Actor, reviewer: Actor) -> None:
    """A developer's message is answered or noted as a broken promise; sent twice it is one."""
    assessment = handed_in().assessment
    asked = actions.write(assessment, "When?", by=member, at=AT)
    assert actions.write(assessment, "When?", by=member, at=AT) == asked
    assert asked.answer_due_at is not None
    assert actions.note_breaches(at=asked.answer_due_at + timedelta(seconds=1)) == 1
    actions.write(assessment, "Tomorrow.", by=reviewer, at=AT)
    assert list(assessment.messages.exclude(answer_due_at=None)) == []
    assert Letter.objects.filter(recipient=reviewer.id, kind="assessments.message").exists()
    assert Letter.objects.filter(recipient=assessment.developer_id, kind="assessments.message").exists()


def test_newcomers_and_incumbents_get_the_same_verdict(member: Actor) -> None:
    """Two organisations with the same answers have the same score, findings and roles, whenever they came."""
    old = register_developer(
        name="Old works", contact_email="o@old.example", by=SYSTEM, at=AT - timedelta(days=3000), standing=Standing.GOOD
    )
    new = register_developer(name="New works", contact_email="n@new.example", by=SYSTEM, at=AT)
    results = [answered(one, member, second_factor="nowhere", leavers=30).result(AT) for one in (old, new)]
    assert results[0] == results[1]


def test_a_changed_questionnaire_keeps_the_answers(
    draft: Assessment, member: Actor, settings: Any, tmp_path: Path
) -> None:
    """The old version is not handed in any more; going on with the new one keeps every answer and lists what is different."""
    tree = yaml.safe_load((library.OWN_FOLDER / "data-protection-2026-1.yaml").read_text(encoding="utf-8"))
    tree["version"], tree["in_force_from"] = "2026.2", "2026-06-01"
    tree["sections"][0]["questions"].append({"id": "insurance", "kind": "yes_no", "ask": "Insured?", "clause": "1.1"})
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"questionnaires": str(tmp_path)})
    _refused("assessments_questionnaire_changed", actions.submit, draft, by=member, at=AT)
    before = draft.given()
    now = actions.adopt_newest(draft, by=member, at=AT)
    seen = cases.seen(now, AT)
    assert (now.questionnaire.version, now.given()) == ("2026.2", before)
    assert [(one.question, one.change) for one in seen.differences] == [("insurance", "added")]
    actions.answer(now, "insurance", True, by=member, at=AT)
    assert actions.submit(now, by=member, at=AT).questionnaire.version == "2026.2"


def test_a_version_that_was_answered_is_not_altered(
    draft: Assessment, developer: Developer, member: Actor, settings: Any, tmp_path: Path
) -> None:
    """A file that was changed without a new version is refused: answers were given to the old text."""
    tree = yaml.safe_load((library.OWN_FOLDER / "data-protection-2026-1.yaml").read_text(encoding="utf-8"))
    tree["id"], tree["title"] = "own", "Ours"
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"questionnaires": str(tmp_path), "questionnaire": "own"})
    for title in ("Ours", "Ours, but different"):
        tree["title"] = title
        (tmp_path / f"{len(title)}.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    actions.withdraw(draft, by=member, at=AT)
    actions.withdraw(actions.begin(developer, roles=ROLES, by=member, at=AT), by=member, at=AT)
    first = min(tmp_path.iterdir(), key=lambda path: path.name)
    first.unlink()
    _refused("assessments_questionnaire_altered", actions.begin, developer, roles=ROLES, by=member, at=AT)


def test_what_law_asks_is_there_once_it_is_approved(handed_in: HandIn, developer: Developer, reviewer: Actor) -> None:
    """Others read it by the developer's id, as it was handed in."""
    assert Assessment.objects.legal_facts(developer.id, AT) is None
    _concluded(handed_in(), reviewer)
    facts = Assessment.objects.legal_facts(developer.id, AT)
    assert facts is not None
    assert facts.legal_basis == {"shipping.labels": "contract"}


def test_good_answers_are_those_of_the_questionnaire() -> None:
    """The made-up answers of these tests name questions that there are."""
    known = {question.id for question in library.current(AT.date()).questions()}
    assert set(good_answers()) <= known
