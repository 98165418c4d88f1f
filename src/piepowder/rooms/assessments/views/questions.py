"""A section of questions. Each answer is saved when it changes; without JavaScript a button saves all of them.

A form that is saved says three things anew: the state of its question, the score beside, and the questions that appear or go.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.rooms.assessments import actions, cases
from piepowder.rooms.assessments.cases import Line, Seen
from piepowder.rooms.assessments.forms import EvidenceForm, QuestionForm
from piepowder.rooms.assessments.models import Answer, Assessment
from piepowder.rooms.assessments.rules.conditions import Case, holds
from piepowder.rooms.assessments.rules.questionnaire import Kind, Question, Section
from piepowder.rooms.assessments.views.own import check_writes, now, own, posted, told, writes
from piepowder.rooms.developers.guards import for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of

DOCUMENT_FIELDS = {"assessments_document_from_future": "written_on", "evidence_expired_already": "written_on"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A question on the page; without `line` it is not shown just now. `theirs`: another's answer that came first.

    `evidence`: where its document is asked for beside it.
    """

    question: Question
    line: Line | None = None
    form: QuestionForm | None = None
    evidence: EvidenceForm | None = None
    theirs: Answer | None = None


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, assessment_id: str, section_id: str) -> HttpResponse:
    check_writes(request)
    assessment, at = own(request, assessment_id), now()
    shown = _section(assessment, section_id)
    sent: dict[str, Block] = {}
    if request.method == "POST":
        sent = save_all(request, assessment, shown.questions, at)
        if not any(block.form and block.form.errors for block in sent.values()) and not request.POST.get("more"):
            return _onwards(request, assessment, shown)
    seen = cases.seen(assessment, at)
    more = request.POST.get("more", "")
    blocks = [
        sent.get(question.id)
        or block_of(assessment, seen, question, at, more=question.id == more, open_to=writes(request))
        for question in shown.questions
    ]
    page = {**_page(assessment, seen, shown, blocks), "writes": writes(request)}
    return render(request, "assessments/section.html", page)


def _page(assessment: Assessment, seen: Seen, shown: Section, blocks: list[Block]) -> dict[str, Any]:
    ids = [one.id for one, _ in seen.sections]
    place = ids.index(shown.id) if shown.id in ids else 0
    following = seen.sections[place + 1][0] if shown.id in ids and place + 1 < len(ids) else None
    return {"assessment": assessment, "seen": seen, "section": shown, "blocks": blocks, "following": following}


def _section(assessment: Assessment, section_id: str) -> Section:
    for one in assessment.asked.sections:
        if one.id == section_id:
            return one
    raise Http404("no such section")


def _onwards(request: HttpRequest, assessment: Assessment, shown: Section) -> HttpResponse:
    following = request.POST.get("next", "")
    known = {one.id for one in assessment.asked.sections}
    if following == "overview":
        return redirect("assessments_overview", assessment_id=assessment.id)
    target = following if following in known else shown.id
    messages.success(request, "Saved.")
    return redirect("assessments_section", assessment_id=assessment.id, section_id=target)


def save_all(
    request: HttpRequest, assessment: Assessment, questions: Iterable[Question], at: datetime
) -> dict[str, Block]:
    """Every question that was sent, in order; the blocks of those that were refused, with what was typed."""
    kept = {}
    for question in questions:
        if f"{question.id}-revision" in request.POST:
            block = _save(request, assessment, question, at)
            if block.form is not None and block.form.errors:
                kept[question.id] = block
    return kept


def _save(request: HttpRequest, assessment: Assessment, question: Question, at: datetime) -> Block:
    before = assessment.answers.filter(question=question.id).first()
    form = _form(assessment, question, before, at, data=request.POST)
    if form.is_valid():
        tried(
            form,
            lambda: actions.answer(
                assessment,
                question.id,
                form.value(before.value if before else None),
                note=form.cleaned_data["note"],
                revision=form.cleaned_data["revision"],
                by=actor_of(request),
                at=at,
            ),
            fields={"assessments_note_invalid": "note", "assessments_answer_invalid": form.main_field()},
        )
    theirs = None
    if form.errors:
        seen = cases.seen(assessment, at)
        sent, latest = form.cleaned_data.get("revision"), before.revision if before else 0
        if sent is not None and sent != latest:
            theirs, form = before, _rebased(form, latest)
        return Block(question=question, line=seen.line(question.id), form=form, theirs=theirs)
    return Block(question=question, form=form)


def _rebased(form: QuestionForm, latest: int) -> QuestionForm:
    """The form as it was typed, on top of the newest revision: saving it again is a choice then."""
    typed = QueryDict(mutable=True)
    typed.update(form.data)
    typed[f"{form.prefix}-revision"] = str(latest)
    form.data = typed
    return form


@for_members(Role.DEVELOPER)
@require_POST
def answer(request: HttpRequest, assessment_id: str, question_id: str) -> HttpResponse:
    """Saves one answer as it changes. Answers with its state, the score, and what else the page must show now."""
    assessment, at = own(request, assessment_id), now()
    question = assessment.asked.find(question_id)
    if question is None:
        return _gone(request, question_id)
    before = cases.seen(assessment, at)
    purposes_before = assessment.case(at).purposes
    block = _save(request, assessment, question, at)
    after = cases.seen(assessment, at)
    shown = assessment.asked.section_of(question_id)
    purposes_changed = purposes_before != assessment.case(at).purposes
    others = [
        block_of(assessment, after, one, at)
        for one in shown.questions
        if one.id != question_id
        and (
            (before.line(one.id) is None) is not (after.line(one.id) is None)
            or (purposes_changed and one.kind is Kind.PER_PURPOSE)
        )
    ]
    page = {
        "assessment": assessment,
        "seen": after,
        "section": shown,
        "block": block,
        "line": after.line(question_id),
        "others": others,
        "answer": assessment.answers.filter(question=question_id).first(),
    }
    if not request.headers.get("HX-Request"):
        return redirect(_place(assessment, question))
    return render(request, "assessments/saved.html", page)


def _gone(request: HttpRequest, question_id: str) -> HttpResponse:
    page = {
        "question_id": question_id,
        "words": "This question is not in the questionnaire any more: load the page anew. Your answer is kept.",
    }
    return render(request, "assessments/gone.html", page)


def _form(
    assessment: Assessment, question: Question, answer: Answer | None, at: datetime, **given: Any
) -> QuestionForm:
    case = assessment.case(at)
    words = case.questionnaire.purposes
    return QuestionForm(
        question,
        purposes={purpose: words.get(purpose, purpose) for purpose in case.purposes},
        value=answer.value if answer else None,
        note=answer.note if answer else "",
        revision=answer.revision if answer else 0,
        **given,
    )


def block_of(
    assessment: Assessment, seen: Seen, question: Question, at: datetime, *, more: bool = False, open_to: bool = True
) -> Block:
    line = seen.line(question.id)
    if line is None:
        return Block(question=question)
    if not (line.is_open and open_to):
        return Block(question=question, line=line)
    form = _form(assessment, question, line.answer, at, more_rows=3 if more else 0)
    return Block(question=question, line=line, form=form)


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest, assessment_id: str, question_id: str) -> HttpResponse:
    """Attaches a document. What is wrong with it is said here, beside the question that it is for."""
    assessment, at = own(request, assessment_id), now()
    question = assessment.asked.find(question_id)
    line = cases.seen(assessment, at).line(question_id)
    if question is None or line is None:
        raise Http404("no such question")
    if not line.is_open:
        return redirect(_place(assessment, question))
    form = EvidenceForm(posted(request), request.FILES or None, today=at.date())
    if request.method == "POST" and form.is_valid():
        document = form.cleaned_data["document"]
        attached = tried(
            form,
            lambda: actions.upload(
                assessment,
                question_id,
                document.content,
                name=document.name,
                written_on=form.cleaned_data["written_on"],
                by=actor_of(request),
                at=at,
            ),
            fields=DOCUMENT_FIELDS,
        )
        if attached is not None:
            messages.success(request, f"“{document.name}” is attached.")
            return redirect(_place(assessment, question))
    page = {
        "assessment": assessment,
        "question": question,
        "line": line,
        "form": form,
        "wanted": document_wanted(assessment, question, at),
    }
    return render(request, "assessments/evidence.html", page)


def document_wanted(assessment: Assessment, question: Question, at: datetime) -> bool:
    case: Case = assessment.case(at)
    return question.evidence is not None and holds(case, question.evidence.when)


@for_members(Role.DEVELOPER)
@require_POST
def detach(request: HttpRequest, assessment_id: str, question_id: str, document_id: str) -> HttpResponse:
    assessment = own(request, assessment_id)
    told(request, actions.detach, assessment, question_id, document_id, by=actor_of(request), at=now())
    question = assessment.asked.find(question_id)
    if question is None:
        return redirect("assessments_overview", assessment_id=assessment.id)
    return redirect(_place(assessment, question))


def _place(assessment: Assessment, question: Question) -> str:
    """Where a question stands."""
    shown = assessment.asked.section_of(question.id)
    address = reverse("assessments_section", kwargs={"assessment_id": assessment.id, "section_id": shown.id})
    return f"{address}#q-{question.id}"
