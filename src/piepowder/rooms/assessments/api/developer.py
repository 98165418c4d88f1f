"""A developer's own assessment, for its programs; staff read it, and operators write on a developer's behalf."""

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja import Router, Status

from piepowder.rooms.assessments import actions, cases, library, promises
from piepowder.rooms.assessments.api.shapes import (
    AnswerSent,
    AnswerShown,
    AnswersSent,
    ApprovalShown,
    AssessmentShown,
    BeginSent,
    ChangedShown,
    DocumentSent,
    MessageSent,
    MessageShown,
    OutlookShown,
    ReReviewSent,
    RolesSent,
    RoundShown,
    SubmissionShown,
    WaitsShown,
)
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.questionnaire import body
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, now, page

router = Router(tags=["assessments"])


@router.get("", response=list[AssessmentShown])
def list_assessments(
    request: HttpRequest, developer: str = "", status: str = "", after: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Assessments in the order of their ids; a developer's key sees its own."""
    caller = caller_of(request)
    of = developer or caller.developer
    require_own(request, Permission.READ, developer=of) if of else require(request, Permission.READ)
    rows = Assessment.objects.of(of) if of else Assessment.objects.with_parts()
    rows = rows.filter(status=status) if status else rows
    return [one.described() for one in page(rows, after=after, limit=limit)]


@router.post("", response={201: AssessmentShown})
def begin_assessment(request: HttpRequest, sent: BeginSent) -> Status[dict[str, Any]]:
    """Begins a draft, filled with the last answers if there are any. Staff name the `developer`."""
    of = sent.developer or caller_of(request).developer
    by = require_own(request, Permission.REGISTER, developer=of)
    begun = actions.begin(Developer.objects.named(of), roles=sent.roles, by=by, at=now())
    return Status(201, begun.described())


@router.get("/waits", response=WaitsShown)
def get_waits(request: HttpRequest) -> dict[str, Any]:
    """How long decisions took in the last 180 days, in business days, and what is promised: open to every key."""
    caller_of(request)
    return promises.published(now())


@router.get("/questionnaire", response=dict[str, Any])
def get_questionnaire(request: HttpRequest) -> dict[str, Any]:
    """The questionnaire that is in force, as its file says: questions, conditions, clauses, scoring rules. Open to every key."""
    caller_of(request)
    return body(library.current(now().date()))


@router.get("/approvals/{developer_id}", response=ApprovalShown)
def get_approval(request: HttpRequest, developer_id: Key) -> dict[str, Any]:
    """The roles that are approved for a developer just now, and what it says of itself as law asks."""
    require_own(request, Permission.READ, developer=developer_id)
    developer, at = Developer.objects.named(developer_id), now()
    facts = Assessment.objects.legal_facts(developer.id, at)
    return {
        "developer": developer.id,
        "roles": sorted(Assessment.objects.approved_roles(developer.id, at)),
        "legal_facts": msgspec.to_builtins(facts) if facts else None,
    }


@router.get("/{assessment_id}", response=AssessmentShown)
def get_assessment(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """One assessment: its roles, its status and what was approved until when."""
    return _read(request, assessment_id).described()


@router.get("/{assessment_id}/outlook", response=OutlookShown)
def get_outlook(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """Score, open points, what the rules find, roles that the answers support, place in the queue."""
    return cases.outlook(cases.seen(_read(request, assessment_id), now()))


@router.put("/{assessment_id}/roles", response=AssessmentShown)
def set_roles(request: HttpRequest, assessment_id: Key, sent: RolesSent) -> dict[str, Any]:
    """Sets the roles that are asked for; a draft only."""
    assessment, by = _change(request, assessment_id)
    return actions.set_roles(assessment, sent.roles, by=by, at=now()).described()


@router.get("/{assessment_id}/answers", response=dict[str, Any])
def export_answers(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """All answers, in the form in which they can be sent again."""
    return cases.exported(_read(request, assessment_id), now())


@router.put("/{assessment_id}/answers", response=ChangedShown)
def import_answers(request: HttpRequest, assessment_id: Key, sent: AnswersSent) -> dict[str, Any]:
    """Answers of a file, all of them or none."""
    assessment, by = _change(request, assessment_id)
    return {"changed": actions.bring_in(assessment, sent.dict(), by=by, at=now())}


@router.put("/{assessment_id}/answers/{question_id}", response=AnswerShown)
def put_answer(request: HttpRequest, assessment_id: Key, question_id: Key, sent: AnswerSent) -> dict[str, Any]:
    """Writes an answer down; `null` takes it back. With a `revision`, another's change in the meantime is a conflict."""
    assessment, by = _change(request, assessment_id)
    note, revision = sent.note, sent.revision
    return actions.answer(
        assessment, question_id, sent.value, note=note, revision=revision, by=by, at=now()
    ).described()


@router.post("/{assessment_id}/answers/{question_id}/evidence", response=AnswerShown)
def attach_evidence(request: HttpRequest, assessment_id: Key, question_id: Key, sent: DocumentSent) -> dict[str, Any]:
    """Puts a document (`doc_…`, handed in at `/evidence`) behind an answer."""
    assessment, by = _change(request, assessment_id)
    return actions.attach(assessment, question_id, sent.document, by=by, at=now()).described()


@router.delete("/{assessment_id}/answers/{question_id}/evidence/{document_id}", response=AnswerShown)
def detach_evidence(request: HttpRequest, assessment_id: Key, question_id: Key, document_id: Key) -> dict[str, Any]:
    """Takes a document away from an answer."""
    assessment, by = _change(request, assessment_id)
    return actions.detach(assessment, question_id, document_id, by=by, at=now()).described()


@router.post("/{assessment_id}/newest", response=AssessmentShown)
def adopt_newest(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """Goes on with the questionnaire that is in force now; answers are kept."""
    assessment, by = _change(request, assessment_id)
    return actions.adopt_newest(assessment, by=by, at=now()).described()


@router.delete("/{assessment_id}/differences", response=AssessmentShown)
def dismiss_differences(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """The differences to the last questionnaire were read."""
    assessment, by = _change(request, assessment_id)
    return actions.dismiss_differences(assessment, by=by, at=now()).described()


@router.post("/{assessment_id}/submit", response=SubmissionShown)
def submit(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """Hands in; the answer has the date that is promised."""
    assessment, by = _change(request, assessment_id)
    return actions.submit(assessment, by=by, at=now()).described()


@router.post("/{assessment_id}/re-review", response=SubmissionShown)
def ask_re_review(request: HttpRequest, assessment_id: Key, sent: ReReviewSent) -> dict[str, Any]:
    """The same answers to another reviewer."""
    assessment, by = _change(request, assessment_id)
    return actions.ask_re_review(assessment, request=sent.request, by=by, at=now()).described()


@router.post("/{assessment_id}/withdraw", response=AssessmentShown)
def withdraw(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """Gives an assessment up. What was approved before goes on."""
    assessment, by = _change(request, assessment_id)
    return actions.withdraw(assessment, by=by, at=now()).described()


@router.get("/{assessment_id}/submissions", response=list[RoundShown])
def list_submissions(request: HttpRequest, assessment_id: Key) -> list[dict[str, Any]]:
    """Every time it was handed in, the newest first. Decisions are shown once a review is concluded."""
    assessment = _read(request, assessment_id)
    rounds = assessment.submissions.prefetch_related("decisions").order_by("-number")
    # Who reviews is known on the marketplace's side only: nobody can be leaned on who is not known.
    hidden = {"reviewer": ""} if caller_of(request).developer else {}
    return [{**one.described(), "decisions": _decisions(one), **hidden} for one in rounds]


def _decisions(submission: Submission) -> list[dict[str, Any]]:
    return [one.described() for one in submission.decisions.all()] if submission.concluded_at else []


@router.get("/{assessment_id}/messages", response=list[MessageShown])
def list_messages(request: HttpRequest, assessment_id: Key) -> list[dict[str, Any]]:
    """Messages between developer and reviewers, the oldest first."""
    assessment = _read(request, assessment_id)
    return [one.described() for one in assessment.messages.order_by("id")]


@router.post("/{assessment_id}/messages", response={201: MessageShown})
def write_message(request: HttpRequest, assessment_id: Key, sent: MessageSent) -> Status[dict[str, Any]]:
    """To the other side of the case: a developer's key writes to the reviewer, a key of staff to the developer."""
    assessment = _of_caller(request, assessment_id)
    by = require_own(request, Permission.REVIEW, developer=assessment.developer_id)
    message = actions.write(assessment, sent.body, question=sent.question, by=by, at=now())
    return Status(201, message.described())


def _of_caller(request: HttpRequest, assessment_id: str) -> Assessment:
    """Another developer's assessment is as good as none; a seller's key has none at all."""
    caller = caller_of(request)
    return Assessment.objects.named(assessment_id, caller.developer or ("" if caller.seller else None))


def _read(request: HttpRequest, assessment_id: str) -> Assessment:
    assessment = _of_caller(request, assessment_id)
    require_own(request, Permission.READ, developer=assessment.developer_id)
    return assessment


def _change(request: HttpRequest, assessment_id: str) -> tuple[Assessment, Actor]:
    assessment = _of_caller(request, assessment_id)
    return assessment, require_own(request, Permission.REGISTER, developer=assessment.developer_id)
