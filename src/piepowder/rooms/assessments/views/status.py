"""Handing in, and what became of it: place in the queue, promised date, every decision with reason and clause, messages."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.rooms.assessments import actions, cases, promises
from piepowder.rooms.assessments.forms import MessageForm, ReReviewForm
from piepowder.rooms.assessments.rules.status import CORRECTABLE, Status
from piepowder.rooms.assessments.views.own import check_writes, now, own, posted, told, writes
from piepowder.rooms.developers.guards import for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """What is missing, what the rules say, and the date that is promised; then the button."""
    check_writes(request)
    assessment, at = own(request, assessment_id), now()
    if request.method == "POST":
        submission = told(request, actions.submit, assessment, by=actor_of(request), at=at)
        if submission is not None:
            messages.success(request, f"Handed in. You get a decision by {submission.promised_at:%-d %B %Y}.")
        return redirect("assessments_status" if submission else "assessments_submit", assessment_id=assessment.id)
    if assessment.state is not Status.DRAFT and not assessment.correctable:
        return redirect("assessments_status", assessment_id=assessment.id)
    page = {
        "assessment": assessment,
        "seen": cases.seen(assessment, at),
        "writes": writes(request),
        "promise": cases.promise(assessment, at),
        "waits": promises.published(at),
    }
    return render(request, "assessments/submit.html", page)


@for_members()
@require_safe
def status(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment, at = own(request, assessment_id), now()
    page = {
        "assessment": assessment,
        "seen": cases.seen(assessment, at),
        "waits": promises.published(at),
        "writes": writes(request),
        "correctable": assessment.state in CORRECTABLE,
        "rounds": assessment.submissions.order_by("-number"),
        "messages_last": assessment.messages.order_by("-id")[:3],
        "re_review": ReReviewForm(),
        "at": at,
    }
    return render(request, "assessments/status.html", page)


@for_members(Role.DEVELOPER)
@require_POST
def withdraw(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment = own(request, assessment_id)
    if told(request, actions.withdraw, assessment, by=actor_of(request), at=now()):
        messages.success(request, "Withdrawn. Your answers are kept; a new assessment begins with them.")
    return redirect("assessments_home")


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def re_review(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """Asks for another reviewer."""
    assessment, at = own(request, assessment_id), now()
    form = ReReviewForm(posted(request))
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["request"]
        asked = tried(form, lambda: actions.ask_re_review(assessment, request=words, by=actor_of(request), at=at))
        if asked is not None:
            messages.success(request, f"Another reviewer decides by {asked.promised_at:%-d %B %Y}.")
            return redirect("assessments_status", assessment_id=assessment.id)
    return render(request, "assessments/re_review.html", {"assessment": assessment, "form": form})


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """The messages of a case."""
    check_writes(request)
    assessment, at = own(request, assessment_id), now()
    question = assessment.asked.find(request.GET.get("question", ""))
    form = MessageForm(posted(request), initial={"question": question.id if question else ""})
    if request.method == "POST" and form.is_valid():
        sent = tried(
            form,
            lambda: actions.write(
                assessment,
                form.cleaned_data["body"],
                question=form.cleaned_data["question"],
                by=actor_of(request),
                at=at,
            ),
        )
        if sent is not None:
            messages.success(request, "Sent.")
            return redirect("assessments_messages", assessment_id=assessment.id)
    page = {
        "assessment": assessment,
        "form": form,
        "question": question,
        "writes": writes(request),
        "lines": assessment.messages.order_by("id"),
        "questionnaire": assessment.asked,
    }
    return render(request, "assessments/messages.html", page)
