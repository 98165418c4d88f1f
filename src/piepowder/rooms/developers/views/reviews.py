"""The reviewers' queue of identities, and the page on which one is decided."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django_tables2 as tables
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_filters import ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.actions.identity import holidays
from piepowder.rooms.developers.forms import DecisionForm
from piepowder.rooms.developers.models import Identity, Review
from piepowder.rooms.developers.persons import acts_for
from piepowder.rooms.developers.rules.identity import CHECKS, TITLES, Point, median_days
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence, tried
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.people.guards import actor_of, for_staff
from piepowder.rooms.people.models import Account

DATE = "j M Y"


class QueueTable(tables.Table):  # type: ignore[misc]
    developer = tables.TemplateColumn(
        '{% load developer_words %}<a href="{% url "developers_identity_review" identity_id=record.identity_id %}">'
        "<bdi>{{ record.identity.developer.name|escaped }}</bdi></a>",
        accessor="identity__developer__name",
        verbose_name="Organisation",
    )
    number = tables.Column(verbose_name="Submission", attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    submitted_at = tables.DateTimeColumn(verbose_name="Submitted", format=DATE, attrs={"td": {"class": "nowrap"}})
    due_at = tables.TemplateColumn(
        '<span class="nowrap">{{ record.due_at|date:"j M Y" }}</span>{% if not record.outcome and record.due_at < moment %} '
        '<span class="badge bad">late</span>{% endif %}',
        verbose_name="Promised",
    )
    reviewer = tables.Column(verbose_name="Reviewer", default="Nobody yet")
    outcome = tables.TemplateColumn('{% include "developers/outcome.html" with review=record %}', verbose_name="State")

    class Meta:
        caption = "Identities, whoever was promised first in front"
        empty = "developers/no_reviews.html"

    def before_render(self, request: HttpRequest) -> None:
        ids = [row.record.reviewer.partition(":")[2] for row in self.paginated_rows]
        accounts = Account.objects.filter(pk__in=ids)
        self.people = {one.id: str(one) for one in accounts}
        self.columns["due_at"].column.extra_context = {"moment": datetime.now(UTC)}

    def render_reviewer(self, value: str) -> str:
        return str(getattr(self, "people", {}).get(value.partition(":")[2], value))

    def value_developer(self, record: Review) -> str:
        return str(record.identity.developer.name)

    def value_due_at(self, record: Review) -> datetime:
        return record.due_at

    def value_reviewer(self, record: Review) -> str:
        return record.reviewer

    def value_outcome(self, record: Review) -> str:
        return record.outcome or "waiting"


class QueueFilter(FilterSet):  # type: ignore[misc]
    state = ChoiceFilter(
        label="State",
        choices=[
            ("late", "Late"),
            ("mine", "Mine"),
            ("verified", "Verified"),
            ("returned", "Returned"),
            ("all", "All"),
        ],
        empty_label="Waiting",
        method="narrow",
    )

    def narrow(self, rows: "QuerySet[Review]", name: str, value: str) -> "QuerySet[Review]":
        every = Review.objects.select_related("identity__developer").order_by("-id")
        if value == "late":
            return Review.objects.overdue(datetime.now(UTC))
        if value == "mine":
            return rows.filter(reviewer=str(actor_of(self.request)))
        return every if value == "all" else every.filter(outcome=value)


@for_staff(Permission.REVIEW)
@require_safe
def queue(request: HttpRequest) -> HttpResponseBase:
    now = datetime.now(UTC)
    page = {
        "waiting": Review.objects.waiting().count(),
        "late": Review.objects.overdue(now).count(),
        "median_days": median_days(Review.objects.waits(), holidays()),
        "promised_days": settings.PIEPOWDER.identity_review_days,
    }
    return listing(
        request, QueueTable, Review.objects.waiting(), "developers/queue.html", filters=QueueFilter, page=page
    )


@for_staff(Permission.REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, identity_id: str) -> HttpResponse:
    """One identity: what was submitted, what to check, and the decision point by point."""
    row = _named(identity_id)
    newest = Review.objects.newest(row)
    waiting = newest if newest and not newest.outcome else None
    form = DecisionForm(request.POST or None, initial={"number": newest.number if newest else 0})
    if request.method == "POST" and form.is_valid():
        decided = tried(
            form,
            actions.decide,
            identity=row,
            number=form.cleaned_data["number"],
            answers=form.answers(),
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=datetime.now(UTC),
        )
        if decided is not None:
            messages.success(request, f"{row.developer.shown_name}: {decided.status}. A letter tells them.")
            return redirect("developers_identities")
    page = {"identity": row, "developer": row.developer, "form": form, "review": newest, "waiting": waiting}
    page |= _shown(request, row, newest, form)
    return render(request, "developers/review.html", page, status=422 if form.errors else 200)


def _shown(request: HttpRequest, row: Identity, newest: Review | None, form: DecisionForm) -> dict[str, Any]:
    me = str(actor_of(request))
    documents = Document.objects.by_ids([one for _, one in newest.documents] if newest else [])
    present, submitted = row.facts(), newest.facts if newest else {}
    return {
        "mine": newest is not None and newest.reviewer == me,
        "others": newest is not None and newest.reviewer not in ("", me),
        "reviewer": _person(newest.reviewer) if newest else "",
        "own": acts_for(actor_of(request), row.developer),
        "flags": row.developer.flags(),
        "facts": [(name, submitted.get(name, ""), value) for name, value in present.items()],
        "late": newest is not None and not newest.outcome and newest.due_at < datetime.now(UTC),
        "points": [_point(point, newest, documents, form) for point in Point],
        "earlier": row.reviews.exclude(pk=newest.pk if newest else "").order_by("-number")[:20],
        "today": datetime.now(UTC).date(),
    }


def _point(point: Point, newest: Review | None, documents: dict[str, Document], form: DecisionForm) -> dict[str, Any]:
    ids = [one for at, one in newest.documents if at == point] if newest else []
    found = [documents[one] for one in ids if one in documents]
    return {
        "point": point,
        "title": TITLES[point],
        "checks": CHECKS[point],
        "documents": [(one, Document.objects.elsewhere(one)) for one in found],
        "met": form[f"met_{point}"],
        "reason": form[f"reason_{point}"],
        "answer": newest.answers.get(point) if newest else None,
    }


def _person(actor: str) -> str:
    account = Account.objects.filter(pk=actor.partition(":")[2]).first()
    return str(account) if account else actor


@for_staff(Permission.REVIEW)
@require_POST
def claim(request: HttpRequest, identity_id: str) -> HttpResponse:
    over = request.POST.get("take_over") == "yes"
    return _tried(
        request, identity_id, lambda row, **given: actions.claim(row, take_over=over, **given), "This one is yours."
    )


@for_staff(Permission.REVIEW)
@require_POST
def release(request: HttpRequest, identity_id: str) -> HttpResponse:
    return _tried(request, identity_id, actions.release, "Given back to the queue.")


def _tried(request: HttpRequest, identity_id: str, action: Callable[..., object], done: str) -> HttpResponse:
    row, number = _named(identity_id), request.POST.get("number", "")
    try:
        action(
            row,
            number=int(number) if number.isdecimal() and len(number) < 7 else 0,
            by=actor_of(request),
            at=datetime.now(UTC),
        )
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, done)
    return redirect("developers_identity_review", identity_id=row.id)


def _named(identity_id: str) -> Identity:
    try:
        return Identity.objects.named(identity_id.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None
