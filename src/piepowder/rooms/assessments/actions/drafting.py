"""A developer begins, answers, attaches documents, and goes on with a newer questionnaire."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import encode_text
from piepowder.rooms.assessments import letters, library
from piepowder.rooms.assessments.models import Answer, Assessment, QuestionnaireVersion
from piepowder.rooms.assessments.rules.answers import Given, Proof, check_note, kept_form, normal
from piepowder.rooms.assessments.rules.openness import open_questions
from piepowder.rooms.assessments.rules.questionnaire import Kind, Question, Questionnaire, body
from piepowder.rooms.assessments.rules.score import proves_until
from piepowder.rooms.assessments.rules.status import CORRECTABLE, OPEN, WAITING, Status
from piepowder.rooms.developers.actions import check_open
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record

PROOFS_MAX = 10  # documents behind one answer


@transaction.atomic
def begin(developer: Developer, *, roles: Collection[str], by: Actor, at: datetime) -> Assessment:
    """A new draft for these roles, filled with the developer's last answers if there are any: a renewal, or a new try."""
    developer = Developer.objects.locked(developer.id)
    check_open(developer)
    if Assessment.objects.of(developer.id).filter(status__in=OPEN).exists():
        raise PiepowderError(
            "assessments_open_already",
            f"`{developer.shown_name}` has an assessment under way",
            hint="finish or withdraw it first; roles can be added to a draft",
            kind=ErrorKind.CONFLICT,
        )
    questionnaire = library.current(at.date())
    before, renewed = Assessment.objects.newest(developer.id), Assessment.objects.in_force(developer.id, at).first()
    assessment = Assessment.objects.create(
        developer=developer,
        questionnaire=keep_version(questionnaire, at=at),
        changed_from=before.questionnaire if before and before.asked != questionnaire else None,
        renews=renewed,
        status=Status.DRAFT,
        roles=_checked_roles(questionnaire, roles),
        begun_at=at,
        begun_by=str(by),
        changed_at=at,
    )
    if before is not None:
        _copy_answers(before, assessment, by=by, at=at)
    detail = {"assessment": assessment.id, "roles": assessment.roles, "version": questionnaire.version}
    record("assessments.begin", by=by, at=at, developer=developer.id, outcome=Status.DRAFT, detail=detail)
    return Assessment.objects.named(assessment.id)


def keep_version(questionnaire: Questionnaire, *, at: datetime) -> QuestionnaireVersion:
    """The kept form of a questionnaire. A file that was changed under its old version is refused: answers were given to the old text."""
    text = encode_text(body(questionnaire))
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept, _ = QuestionnaireVersion.objects.get_or_create(
        name=questionnaire.id,
        version=questionnaire.version,
        defaults={"title": questionnaire.title, "digest": digest, "body": text, "kept_at": at},
    )
    if kept.digest != digest:
        raise PiepowderError(
            "assessments_questionnaire_altered",
            f"version `{questionnaire.version}` of `{questionnaire.id}` is not what it was when somebody answered it",
            hint="give the changed questionnaire a new version",
            kind=ErrorKind.UNAVAILABLE,
        )
    return kept


def _copy_answers(before: Assessment, now: Assessment, *, by: Actor, at: datetime) -> None:
    Answer.objects.bulk_create(
        Answer(
            assessment=now,
            question=answer.question,
            value=answer.value,
            note=answer.note,
            evidence=answer.evidence,
            changed_at=at,
            changed_by=str(by),
        )
        for answer in before.answers.all()
    )


@transaction.atomic
def set_roles(assessment: Assessment, roles: Collection[str], *, by: Actor, at: datetime) -> Assessment:
    """Other roles in a draft; of what came back, roles may be given up only."""
    assessment = Assessment.objects.locked(assessment.id)
    wanted = _checked_roles(assessment.asked, roles)
    if assessment.state is not Status.DRAFT and assessment.state not in CORRECTABLE:
        raise _closed(assessment)
    if assessment.state is not Status.DRAFT and set(wanted) - set(assessment.roles):
        raise PiepowderError(
            "assessments_roles_only_fewer",
            "roles cannot be added while answers are corrected",
            hint="correct these first; another role is then asked for by a new assessment, which begins with your answers",
            kind=ErrorKind.CONFLICT,
        )
    if wanted == assessment.roles:
        return assessment
    Assessment.objects.filter(pk=assessment.pk).update(roles=wanted, changed_at=at)
    detail = {"assessment": assessment.id, "before": assessment.roles, "roles": wanted}
    record("assessments.set_roles", by=by, at=at, developer=assessment.developer_id, detail=detail)
    return Assessment.objects.named(assessment.id)


def _checked_roles(questionnaire: Questionnaire, roles: Collection[str]) -> list[str]:
    if strange := sorted(set(roles) - set(questionnaire.roles)):
        raise PiepowderError(
            "assessments_role_unknown",
            f"there is no role `{strange[0]}`",
            hint=f"roles: {', '.join(questionnaire.roles)}",
        )
    if not roles:
        raise PiepowderError("assessments_roles_missing", "no role is asked for", hint="choose at least one")
    return [role for role in questionnaire.roles if role in set(roles)]


@transaction.atomic
def answer(
    assessment: Assessment,
    question_id: str,
    value: Any,
    *,
    by: Actor,
    at: datetime,
    note: str | None = None,
    revision: int | None = None,
) -> Answer:
    """Writes an answer down, incomplete ones too; None takes it back. Without `note` the remark stays.

    `revision`: the one that the form was made from (0: none). Another's change since then is not overwritten
    (`assessments_answer_changed_meanwhile`). Writing what stands there already changes nothing.
    """
    assessment = Assessment.objects.locked(assessment.id)
    before = assessment.answers.filter(question=question_id).first()
    return _answered(assessment, question_id, value, before, by=by, at=at, note=note, revision=revision)


def _answered(
    assessment: Assessment,
    question_id: str,
    value: Any,
    before: Answer | None,
    *,
    by: Actor,
    at: datetime,
    note: str | None,
    revision: int | None = None,
) -> Answer:
    """`answer`, of an assessment that is locked, with the answer that stands there."""
    question = _open_question(assessment, question_id, at)
    kept = normal(question, value, assessment.case(at).purposes if question.kind is Kind.PER_PURPOSE else ())
    remark = (before.note if before else "") if note is None else check_note(note)
    if (before.value, before.note) == (kept, remark) if before else (kept is None and not remark):
        return before or Answer(
            assessment=assessment, question=question_id, revision=0, changed_at=at, changed_by=str(by)
        )
    _check_revision(before, revision)
    given = Given(value=kept, note=remark, evidence=before.given.evidence if before else ())
    return _write(assessment, question_id, given, before, verb="answer", by=by, at=at)


def _check_revision(before: Answer | None, revision: int | None) -> None:
    if revision is not None and revision != (before.revision if before else 0):
        raise PiepowderError(
            "assessments_answer_changed_meanwhile",
            "somebody else changed this answer while you wrote",
            hint="yours is still here: compare the two, then save again to put yours in its place",
            kind=ErrorKind.CONFLICT,
            revision=before.revision if before else 0,
        )


def _open_question(assessment: Assessment, question_id: str, at: datetime) -> Question:
    """The question, if its answer may be changed now."""
    question = assessment.asked.question(question_id)
    if assessment.state is Status.DRAFT:
        return question  # a hidden one as well: another answer may show it again
    if assessment.state not in CORRECTABLE:
        raise _closed(assessment)
    if question_id not in open_now(assessment, at):
        raise PiepowderError(
            "assessments_answer_settled",
            f"the answer to “{question.ask}” is settled",
            hint="only answers that were not accepted are open; a new assessment opens all of them",
            kind=ErrorKind.CONFLICT,
        )
    return question


def open_now(assessment: Assessment, at: datetime) -> frozenset[str]:
    """Questions whose answers may be changed now."""
    review = assessment.last_review() if assessment.correctable else None
    return open_questions(assessment.state, assessment.result(at), review.words() if review else {})


def _write(
    assessment: Assessment, question_id: str, given: Given, before: Answer | None, *, verb: str, by: Actor, at: datetime
) -> Answer:
    fields = {**kept_form(given), "changed_at": at, "changed_by": str(by)}
    if before is None:
        written = Answer.objects.create(assessment=assessment, question=question_id, **fields)
    else:
        Answer.objects.filter(pk=before.pk).update(revision=before.revision + 1, **fields)
        written = Answer.objects.get(pk=before.pk)
    Assessment.objects.filter(pk=assessment.pk).update(changed_at=at)
    # Which answer changed, by whom: what it says stays in the room until it is handed in.
    detail = {"assessment": assessment.id, "question": question_id}
    record(f"assessments.{verb}", by=by, at=at, developer=assessment.developer_id, detail=detail)
    return written


def upload(
    assessment: Assessment,
    question_id: str,
    content: bytes,
    *,
    name: str,
    by: Actor,
    at: datetime,
    written_on: date | None = None,
) -> Answer:
    """Keeps a document and puts it behind an answer. It proves the answer for as long as the questionnaire says, from its date on."""
    question = _open_question(assessment, question_id, at)
    _check_date(written_on, at)
    document = evidence.keep(
        content,
        name=name,
        owner=assessment.developer_id,
        purpose=question.evidence.words if question.evidence else question.ask,
        by=by,
        at=at,
        expires_on=proves_until(question, at.date(), written_on),
    )
    return attach(assessment, question_id, document.id, by=by, at=at)


def _check_date(written_on: date | None, at: datetime) -> None:
    if written_on is not None and written_on > at.date():
        raise PiepowderError(
            "assessments_document_from_future", f"a document cannot be of `{written_on}`, which is to come"
        )


@transaction.atomic
def attach(assessment: Assessment, question_id: str, document_id: str, *, by: Actor, at: datetime) -> Answer:
    """Puts a document of the developer's behind an answer."""
    assessment = Assessment.objects.locked(assessment.id)
    _open_question(assessment, question_id, at)
    document = Document.objects.named(document_id, assessment.developer_id)
    before = assessment.answers.filter(question=question_id).first()
    given = before.given if before else Given()
    if before is not None and any(proof.id == document.id for proof in given.evidence):
        return before
    if len(given.evidence) >= PROOFS_MAX:
        raise PiepowderError(
            "assessments_documents_too_many",
            f"{PROOFS_MAX} documents stand behind this answer already",
            hint="take one away first, or put several into one file",
        )
    expires_on = document.expires_on.isoformat() if document.expires_on else ""
    proof = Proof(id=document.id, name=document.name, sha256=document.sha256, expires_on=expires_on)
    more = Given(value=given.value, note=given.note, evidence=(*given.evidence, proof))
    return _write(assessment, question_id, more, before, verb="attach", by=by, at=at)


@transaction.atomic
def detach(assessment: Assessment, question_id: str, document_id: str, *, by: Actor, at: datetime) -> Answer:
    """Takes a document away from an answer; it stays with the developer's documents."""
    assessment = Assessment.objects.locked(assessment.id)
    _open_question(assessment, question_id, at)
    before = assessment.answers.filter(question=question_id).first()
    left = tuple(proof for proof in (before.given.evidence if before else ()) if proof.id != document_id)
    if before is None or len(left) == len(before.given.evidence):
        raise PiepowderError(
            "assessments_document_not_there",
            f"no document `{document_id}` behind this answer",
            kind=ErrorKind.NOT_FOUND,
        )
    fewer = Given(value=before.value, note=before.note, evidence=left)
    return _write(assessment, question_id, fewer, before, verb="detach", by=by, at=at)


@transaction.atomic
def adopt_newest(assessment: Assessment, *, by: Actor, at: datetime) -> Assessment:
    """Goes on with the version of the questionnaire that is in force now. Every answer is kept; differences are shown from then on."""
    assessment = Assessment.objects.locked(assessment.id)
    if assessment.state is not Status.DRAFT:
        raise _closed(assessment)
    newest = library.current(at.date())
    version = keep_version(newest, at=at)
    if version.pk == assessment.questionnaire_id:
        return assessment
    roles = [role for role in assessment.roles if role in newest.roles] or list(newest.roles)[:1]
    Assessment.objects.filter(pk=assessment.pk).update(
        questionnaire=version, changed_from=assessment.questionnaire, roles=roles, changed_at=at
    )
    detail = {"assessment": assessment.id, "before": assessment.questionnaire.version, "version": newest.version}
    record("assessments.adopt_newest", by=by, at=at, developer=assessment.developer_id, detail=detail)
    return Assessment.objects.named(assessment.id)


@transaction.atomic
def dismiss_differences(assessment: Assessment, *, by: Actor, at: datetime) -> Assessment:
    """The differences to the last questionnaire were read and need not be shown any more."""
    if Assessment.objects.filter(pk=assessment.pk).exclude(changed_from=None).update(changed_from=None):
        detail = {"assessment": assessment.id}
        record("assessments.dismiss_differences", by=by, at=at, developer=assessment.developer_id, detail=detail)
    return Assessment.objects.named(assessment.id)


@transaction.atomic
def withdraw(assessment: Assessment, *, by: Actor, at: datetime) -> Assessment:
    """Out of the queue, or a draft given up. Answers are kept for the next one."""
    assessment = Assessment.objects.locked(assessment.id)
    waiting = assessment.state in WAITING
    now = Assessment.objects.advance(
        assessment, Status.WITHDRAWN, verb="withdraw", by=by, at=at, changed_at=at, due_at=None
    )
    assessment.submissions.filter(concluded_at=None).update(concluded_at=at, outcome=Status.WITHDRAWN)
    if waiting:
        letters.withdrawn(now, at=at)
    return Assessment.objects.named(assessment.id)


@transaction.atomic
def begin_from(developer: Developer, tree: Any, *, by: Actor, at: datetime) -> Assessment:
    """A new draft with the roles and answers of a file. Where they do not fit, nothing was begun."""
    roles, _ = _read_import(tree)
    assessment = begin(developer, roles=roles or (), by=by, at=at)
    bring_in(assessment, tree, by=by, at=at)
    return Assessment.objects.named(assessment.id)


@transaction.atomic
def bring_in(assessment: Assessment, tree: Any, *, by: Actor, at: datetime) -> list[str]:
    """Answers from a file, all of them or none; the questions that changed. `assessments_import_refused` lists what is wrong."""
    roles, answers = _read_import(tree)
    changed, problems = [], []
    if roles is not None:
        assessment = set_roles(assessment, roles, by=by, at=at)
    assessment = Assessment.objects.locked(assessment.id)
    kept = {one.question: one for one in assessment.answers.all()}
    for question_id, given in _purposes_first(assessment, answers):
        before, value = kept.get(question_id), given.get("value")
        try:
            written = _answered(assessment, question_id, value, before, note=given.get("note"), by=by, at=at)
            for document_id in given.get("evidence") or ():
                written = attach(assessment, question_id, document_id, by=by, at=at)
        except PiepowderError as error:
            problems.append(f"`{question_id}`: {error.message}")
            continue
        if before is None or written.revision != before.revision:
            changed.append(question_id)
    if problems:
        raise PiepowderError(
            "assessments_import_refused",
            f"{len(problems)} answer{'s do' if len(problems) > 1 else ' does'} not fit, so nothing was taken in: {'; '.join(problems[:5])}",
            hint="correct the file and send it again",
            problems=problems,
        )
    return changed


def _purposes_first(assessment: Assessment, answers: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """In the order of the questionnaire, as answers per purpose depend on the purposes; strangers last, where they are refused."""
    order = {question.id: number for number, question in enumerate(assessment.asked.questions())}
    return sorted(answers.items(), key=lambda item: order.get(item[0], len(order)))


def _read_import(tree: Any) -> tuple[list[str] | None, dict[str, Mapping[str, Any]]]:
    """`roles` and `answers` of a file: a bare value is an answer as well. What an export says besides is not read."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("answers"), Mapping):
        raise _no_answers("it has no `answers`")
    roles = tree.get("roles")
    if roles is not None and not (isinstance(roles, list) and all(isinstance(role, str) for role in roles)):
        raise _no_answers("`roles` is no list of names")
    return roles, {str(name): _one_import(str(name), given) for name, given in tree["answers"].items()}


def _one_import(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not set(given) <= {"value", "note", "evidence"}:
        return {"value": given}
    note, proofs = given.get("note"), given.get("evidence") or []
    if not isinstance(note, str | None) or not isinstance(proofs, list):
        raise _no_answers(f"`{name}`: a remark is a text, evidence is a list")
    ids = [one.get("id") if isinstance(one, Mapping) else one for one in proofs]
    if not all(isinstance(one, str) for one in ids):
        raise _no_answers(f"`{name}`: evidence is named by its id (`doc_…`)")
    return {"value": given.get("value"), "note": note, "evidence": ids}


def _no_answers(words: str) -> PiepowderError:
    return PiepowderError(
        "assessments_import_malformed",
        f"this file holds no answers: {words}",
        hint="`piepowder assessment export` shows the form",
    )


def _closed(assessment: Assessment) -> PiepowderError:
    return PiepowderError(
        "assessments_not_open",
        f"this assessment is `{assessment.status}`: its answers cannot be changed",
        hint="withdraw it to change something while it waits"
        if assessment.waiting
        else "begin a new one; it takes over the answers",
        kind=ErrorKind.CONFLICT,
    )
