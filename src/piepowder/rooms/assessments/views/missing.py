"""Everything that is still open, on one page: answers and documents, so that nobody walks through the sections for three dates."""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from piepowder.rooms.assessments import actions, cases
from piepowder.rooms.assessments.cases import Seen
from piepowder.rooms.assessments.forms import EvidenceForm
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.rules.questionnaire import Question
from piepowder.rooms.assessments.views.own import check_writes, now, own, writes
from piepowder.rooms.assessments.views.questions import DOCUMENT_FIELDS, Block, block_of, document_wanted, save_all
from piepowder.rooms.developers.guards import for_members
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def missing(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """Saves what is right of what was sent, and goes on to handing in once nothing is open."""
    check_writes(request)
    assessment, at = own(request, assessment_id), now()
    refused = _save(request, assessment, at) if request.method == "POST" else {}
    seen = cases.seen(assessment, at)
    if request.method == "POST" and not refused:
        messages.success(request, "Saved.")
        page = "assessments_missing" if seen.result.gaps else "assessments_submit"
        return redirect(page, assessment_id=assessment.id)
    asked = {gap.question for gap in seen.result.gaps} | set(refused)
    blocks = [
        refused.get(one.id) or _block(request, assessment, seen, one, at)
        for one in assessment.asked.questions()
        if one.id in asked
    ]
    page_of = {"assessment": assessment, "seen": seen, "blocks": blocks, "writes": writes(request), "one_page": True}
    return render(request, "assessments/missing.html", page_of)


def _block(request: HttpRequest, assessment: Assessment, seen: Seen, question: Question, at: datetime) -> Block:
    block = block_of(assessment, seen, question, at, open_to=writes(request))
    if block.form is None or not document_wanted(assessment, question, at):
        return block
    return replace(block, evidence=EvidenceForm(today=at.date(), question=question))


def _save(request: HttpRequest, assessment: Assessment, at: datetime) -> dict[str, Block]:
    """The questions of which something was refused, with what was typed."""
    questions = list(assessment.asked.questions())
    refused = save_all(request, assessment, questions, at)
    for question in questions:
        if f"{question.id}-document" in request.FILES and question.id not in refused:
            form = EvidenceForm(request.POST, request.FILES, today=at.date(), question=question)
            if not _attached(request, assessment, question, form, at):
                seen = cases.seen(assessment, at)
                refused[question.id] = replace(block_of(assessment, seen, question, at), evidence=form)
    return refused


def _attached(
    request: HttpRequest, assessment: Assessment, question: Question, form: EvidenceForm, at: datetime
) -> bool:
    if not form.is_valid():
        return False
    document, written_on = form.cleaned_data["document"], form.cleaned_data["written_on"]
    by = actor_of(request)
    sent = {"name": document.name, "written_on": written_on, "by": by, "at": at}
    upload = tried(
        form,
        lambda: actions.upload(assessment, question.id, document.content, **sent),
        fields=DOCUMENT_FIELDS,
    )
    return upload is not None
