"""The reviewer's pages: the queue, a case on the desk, its decisions and conclusion, the second person, published numbers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_filters import ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import actions, desk, promises
from piepowder.rooms.assessments.forms import MessageForm
from piepowder.rooms.assessments.forms_review import AssignForm, ConcludeForm, DecisionForm, DeclineForm
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.assessments.persons import check_independent
from piepowder.rooms.assessments.rules.status import Status, Word, free_roles
from piepowder.rooms.assessments.views.own import now, told
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.evidence.serving import attachment
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import actor_of, for_staff, signed_in
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import ROLES

_FORM = require_http_methods(["GET", "HEAD", "POST"])


class QueueTable(tables.Table):  # type: ignore[misc]
    developer = tables.TemplateColumn(
        '{% load developer_words %}<a href="{% url "assessments_review" submission_id=record.id %}">'
        "<bdi>{{ record.assessment.developer.name|escaped }}</bdi></a>",
        accessor="assessment__developer__name",
        verbose_name="Developer",
    )
    occasion = tables.TemplateColumn("{% load assessment_words %}{{ record.occasion|occasion_words }}")
    submitted_at = tables.TemplateColumn(
        '<span class="nowrap">{{ record.submitted_at|date:"j M Y" }}</span>'
        '<span class="sub">{{ record.submitted_at|timesince:moment }} ago</span>',
        verbose_name="Handed in",
    )
    promised_at = tables.TemplateColumn(
        '<span class="nowrap">{{ record.promised_at|date:"j M Y" }}</span>{% if not record.outcome and record.promised_at < moment %} '
        '<span class="badge bad">late</span>{% endif %}',
        verbose_name="Promised",
    )
    reviewer = tables.Column(verbose_name="Reviewer", default="Nobody yet")
    outcome = tables.TemplateColumn(
        '{% if record.outcome %}{% include "assessments/status_badge.html" with status=record.outcome %}'
        '{% elif record.proposed_at %}<span class="badge warn">Waits for a second person</span>'
        '{% elif record.reviewer %}<span class="badge gap">Being read</span>{% else %}<span class="badge line">Waiting</span>{% endif %}',
        verbose_name="State",
    )

    class Meta:
        caption = "Assessments, the oldest promise first"
        empty = "assessments/review_no_queue.html"

    def before_render(self, request: HttpRequest) -> None:
        ids = [row.record.reviewer.partition(":")[2] for row in self.paginated_rows]
        self.people = {one.id: str(one) for one in Account.objects.filter(pk__in=ids)}
        for name in ("promised_at", "submitted_at"):
            self.columns[name].column.extra_context = {"moment": now()}

    def render_reviewer(self, value: str) -> str:
        return str(getattr(self, "people", {}).get(value.partition(":")[2], value))

    def value_developer(self, record: Submission) -> str:
        return record.assessment.developer_id

    def value_occasion(self, record: Submission) -> str:
        return record.occasion

    def value_submitted_at(self, record: Submission) -> datetime:
        return record.submitted_at

    def value_promised_at(self, record: Submission) -> datetime:
        return record.promised_at

    def value_reviewer(self, record: Submission) -> str:
        return record.reviewer

    def value_outcome(self, record: Submission) -> str:
        return record.outcome or ("proposed" if record.proposed_at else "waiting")


class QueueFilter(FilterSet):  # type: ignore[misc]
    state = ChoiceFilter(
        label="State",
        choices=[
            ("free", "Nobody has it"),
            ("mine", "Mine"),
            ("confirm", "For a second person"),
            ("late", "Late"),
            ("decided", "Decided"),
        ],
        empty_label="Waiting",
        method="narrow",
    )

    def narrow(self, rows: "QuerySet[Submission]", name: str, value: str) -> "QuerySet[Submission]":
        if value == "mine":
            return rows.filter(reviewer=str(actor_of(self.request)))
        if value == "decided":
            return Submission.objects.with_parts().exclude(concluded_at=None).order_by("-concluded_at")
        if value == "confirm":
            return Submission.objects.to_confirm()
        return rows.filter(promised_at__lt=now()) if value == "late" else Submission.objects.unassigned()


@for_staff(Permission.REVIEW)
@require_safe
def queue(request: HttpRequest) -> HttpResponseBase:
    at = now()
    page = {"numbers": desk.queue_numbers(at), "waits": promises.published(at)}
    return listing(
        request,
        QueueTable,
        Submission.objects.waiting().defer("answers"),
        "assessments/review_queue.html",
        filters=QueueFilter,
        page=page,
    )


@for_staff(Permission.REVIEW)
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    taken = told(request, actions.take_next, by=actor_of(request), at=now())
    return redirect("assessments_review", submission_id=taken.id) if taken else redirect("assessments_queue")


@for_staff(Permission.REVIEW)
@require_safe
def case(request: HttpRequest, submission_id: str) -> HttpResponse:
    """A case on the desk. Whoever belongs to the organisation sees none of it here."""
    submission = _named(request, submission_id)
    return render(request, "assessments/review_case.html", _page(request, submission))


@for_staff(Permission.REVIEW)
@_FORM
def decide(request: HttpRequest, submission_id: str, question_id: str) -> HttpResponse:
    """One answer: alone on a page, or as a part of the case's page."""
    submission = _named(request, submission_id)
    found = desk.desk(submission)
    row = found.row(question_id)
    if row is None:
        raise Http404("no such question")
    form = DecisionForm(found.questionnaire, row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        word = Word(form.cleaned_data["word"])
        made = tried(
            form,
            lambda: actions.decide(submission, question_id, word, **form.given(), by=actor_of(request), at=now()),
            fields={"assessments_reason_missing": "reason", "assessments_clause_unknown": "clause"},
        )
        if made is not None:
            return _decided(request, submission, question_id)
    page = {**_page(request, submission, found), "row": row, "form": form}
    template = "assessments/review_line.html" if request.headers.get("HX-Request") else "assessments/review_one.html"
    return render(request, template, {**page, "open": True})


def _decided(request: HttpRequest, submission: Submission, question_id: str) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        response = redirect("assessments_review", submission_id=submission.id)
        response["Location"] += f"#q-{question_id}"
        return response
    page = _page(request, Submission.objects.named(submission.id))
    row = page["desk"].row(question_id)
    form = DecisionForm(page["desk"].questionnaire, row)
    return render(request, "assessments/review_line.html", {**page, "row": row, "form": form, "swap": True})


@for_staff(Permission.REVIEW)
@require_POST
def step(request: HttpRequest, submission_id: str, verb: str) -> HttpResponse:
    """Take, hand back, accept the rest, confirm, take back: one button each."""
    submission = _named(request, submission_id)
    verbs: dict[str, tuple[Callable[..., Any], str]] = {
        "take": (actions.take, "You review this case."),
        "hand-back": (actions.hand_back, "Back in the queue, at its old place."),
        "accept-rest": (actions.accept_rest, "Accepted: every undecided answer with full marks."),
        "retract": (actions.retract, "Taken back. You can change your decisions."),
        "confirm": (actions.confirm, "Confirmed. The developer has the decision."),
    }
    if verb not in verbs:
        raise Http404("no such step")
    action, words = verbs[verb]
    if told(request, action, submission, by=actor_of(request), at=now()) is not None:
        messages.success(request, words)
    return redirect("assessments_review", submission_id=submission.id)


@for_staff(Permission.REVIEW)
@_FORM
def conclude(request: HttpRequest, submission_id: str) -> HttpResponse:
    submission = _named(request, submission_id)
    found = desk.desk(submission)
    free = free_roles(submission.roles, actions.judged(submission))
    form = ConcludeForm(found, [role for role in submission.roles if role in free], request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        outcome = Status(typed["outcome"])
        roles = typed["roles"] if outcome is Status.PARTLY_APPROVED else None
        ended = tried(
            form,
            lambda: actions.conclude(
                submission, outcome=outcome, roles=roles, reason=typed["reason"], by=actor_of(request), at=now()
            ),
        )
        if ended is not None:
            waits = ended.proposed_at is not None
            messages.success(
                request, "A second reviewer confirms it next." if waits else "Decided. The developer has a letter."
            )
            return redirect("assessments_review", submission_id=submission.id)
    return render(request, "assessments/review_conclude.html", {**_page(request, submission, found), "form": form})


@for_staff(Permission.REVIEW)
@_FORM
def decline(request: HttpRequest, submission_id: str) -> HttpResponse:
    submission = _named(request, submission_id)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if tried(form, lambda: actions.decline(submission, reason=reason, by=actor_of(request), at=now())) is not None:
            messages.success(request, "Back to its reviewer, with your reason.")
            return redirect("assessments_review", submission_id=submission.id)
    page = {**_page(request, submission), "form": form, "title": "Do not confirm", "button": "Back to the reviewer"}
    return render(request, "assessments/review_form.html", page)


@for_staff(Permission.REVIEW)
@_FORM
def assign(request: HttpRequest, submission_id: str) -> HttpResponse:
    submission = _named(request, submission_id)
    people = [one for one in Account.objects.staff().filter(is_active=True) if Permission.REVIEW in ROLES[one.role]]
    form = AssignForm([(one.id, f"{one} ({one.email})") for one in people], request.POST or None)
    if request.method == "POST" and form.is_valid():
        reviewer = Account.objects.named(form.cleaned_data["reviewer"])
        if tried(form, lambda: actions.assign(submission, reviewer, by=actor_of(request), at=now())) is not None:
            messages.success(request, f"{reviewer} has this case now.")
            return redirect("assessments_review", submission_id=submission.id)
    page = {**_page(request, submission), "form": form, "title": "Assign a reviewer", "button": "Assign"}
    return render(request, "assessments/review_form.html", page)


@for_staff(Permission.REVIEW)
@_FORM
def talk(request: HttpRequest, submission_id: str) -> HttpResponse:
    """Messages of the case, from the marketplace's side."""
    submission = _named(request, submission_id)
    assessment = submission.assessment
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["body"]
        if tried(form, lambda: actions.write(assessment, words, by=actor_of(request), at=now())) is not None:
            messages.success(request, "Sent.")
            return redirect("assessments_review_messages", submission_id=submission.id)
    page = {
        "submission": submission,
        "assessment": assessment,
        "form": form,
        "questionnaire": submission.questionnaire.parsed,
    }
    return render(request, "assessments/review_messages.html", {**page, "lines": assessment.messages.order_by("id")})


@for_staff(Permission.REVIEW)
@require_safe
def document(request: HttpRequest, submission_id: str, document_id: str) -> HttpResponse:
    """A document behind an answer, as a file to save; the download is on the ledger."""
    submission = _named(request, submission_id)
    if document_id not in {proof.id for given in submission.given().values() for proof in given.evidence}:
        raise Http404("no such document")
    try:
        found = Document.objects.named(document_id)
        return attachment(found, evidence.hand_out(found, by=actor_of(request), at=now()))
    except PiepowderError as error:
        raise Http404(error.message) from None


@signed_in
@require_safe
def waits(request: HttpRequest) -> HttpResponse:
    """What everybody may know who is signed in: how long it takes, and how many wait."""
    at = now()
    page = {"waits": promises.published(at), "numbers": desk.queue_numbers(at), "at": at}
    return render(request, "assessments/waiting_times.html", page)


def _named(request: HttpRequest, submission_id: str) -> Submission:
    """Whoever acts for the organisation does not look at its case from this side."""
    try:
        submission = Submission.objects.named(submission_id)
    except PiepowderError as error:
        raise Http404(error.message) from None
    try:
        check_independent(str(actor_of(request)), submission.assessment.developer)
    except PiepowderError as error:
        raise PermissionDenied(sentence(error)) from None
    return submission


def _page(request: HttpRequest, submission: Submission, found: desk.Desk | None = None) -> dict[str, Any]:
    found = found or desk.desk(submission)
    mine = submission.reviewer == str(actor_of(request)) and not submission.outcome
    reviewer = Account.objects.filter(pk=submission.reviewer.partition(":")[2]).first()
    return {
        "desk": found,
        "seen": found.seen,
        "submission": submission,
        "assessment": submission.assessment,
        "mine": mine,
        "may_change": mine and not submission.proposed_at,
        "reviewer": str(reviewer) if reviewer else submission.reviewer,
        "rounds": submission.assessment.submissions.order_by("-number"),
        "unread": submission.assessment.messages.exclude(answer_due_at=None).count(),
        "forms": {row.question.id: DecisionForm(found.questionnaire, row) for row in found.rows} if mine else {},
        "at": now(),
    }
