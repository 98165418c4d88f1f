"""The page on which an organisation shows who it is: point by point, with what is missing, what was answered, and the promised date."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.actions.identity import holidays
from piepowder.rooms.developers.forms import IdentityForm
from piepowder.rooms.developers.guards import developer_of, for_members, member_of
from piepowder.rooms.developers.models import Identity, Review
from piepowder.rooms.developers.rules.identity import TITLES, WANTED, WITH_DOCUMENT, IdentityStatus, Point, median_days
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import account_of, actor_of


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: HttpRequest) -> HttpResponse:
    """One form holds everything: whichever button is pressed, what was typed and chosen is kept first."""
    row = Identity.objects.of(developer_of(request))
    if request.method != "POST":
        # Whoever fills it in is mostly the one who may sign.
        return _page(request, row, IdentityForm(identity=row, initial={"representative": account_of(request).name}))
    if member_of(request).role not in (Role.OWNER, Role.DEVELOPER):
        messages.error(request, "Nothing was changed. In this organisation you may read only.")
        return redirect("developers_identity")
    form = IdentityForm(request.POST, request.FILES, identity=row)
    form.is_valid()
    _keep(request, row, form)
    if form.errors:
        return _page(request, row, form)
    if request.POST.get("do") == "submit" and not _submitted(request, row, form):
        return _page(request, row, form)
    if request.POST.get("do") != "submit":
        messages.success(request, "Saved.")
    return redirect("developers_identity")


def _keep(request: HttpRequest, row: Identity, form: IdentityForm) -> None:
    """Everything that is right, also where something else is wrong: a browser does not offer a chosen file a second time."""
    by: dict[str, Any] = {"by": actor_of(request), "at": datetime.now(UTC)}
    given = form.cleaned_data
    if link := request.POST.get("remove"):
        _at(form, None, lambda: actions.detach(row, link, **by))
    names = ("representative", "representative_office", "note")
    if all(name in given for name in names):
        _at(form, None, lambda: actions.prepare(row, **{name: given[name] for name in names}, **by))
    for point in WITH_DOCUMENT:
        upload, place = given.get(f"file_{point}"), f"file_{point}"
        if upload and f"expires_{point}" in given:
            file = {"content": upload.content, "name": upload.name, "expires_on": given[f"expires_{point}"]}
            for each in _points(point, form):
                _at(form, place, lambda each=each, file=file: actions.attach(row, point=each, **file, **by))


def _points(point: Point, form: IdentityForm) -> list[Point]:
    """What a document shows: an extract of the register mostly names the person as well, and need not be handed in twice."""
    both = point is Point.EXISTENCE and form.cleaned_data.get("names_person")
    return [point, Point.REPRESENTATIVE] if both else [point]


def _at(form: IdentityForm, field: str | None, action: Any) -> None:
    try:
        action()
    except PiepowderError as error:
        form.add_error("expires_" + field[5:] if field and error.code == "evidence_expired" else field, sentence(error))


def _submitted(request: HttpRequest, row: Identity, form: IdentityForm) -> bool:
    try:
        review = actions.submit(row, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        form.add_error(None, sentence(error))
        return False
    messages.success(request, f"Submitted. You are answered by {review.due_at:%-d %B %Y}.")
    return True


@for_members(Role.DEVELOPER)
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    row = Identity.objects.of(developer_of(request))
    try:
        actions.take_back(row, by=actor_of(request), at=datetime.now(UTC))
    except PiepowderError as error:
        messages.error(request, f"Nothing was changed. {sentence(error)}")
    else:
        messages.success(request, "Taken back. Change what you like, and submit again.")
    return redirect("developers_identity")


def _page(request: HttpRequest, row: Identity, form: IdentityForm) -> HttpResponse:
    now, member = datetime.now(UTC), member_of(request)
    row = Identity.objects.of(row.developer)
    review = Review.objects.newest(row)
    waiting = review if review and not review.outcome else None
    missing = row.gaps(now.date())
    page = {
        "identity": row,
        "developer": row.developer,
        "form": form,
        "editable": row.is_editable(now) and row.developer.is_open and member.role in (Role.OWNER, Role.DEVELOPER),
        "may_take_back": row.status == IdentityStatus.SUBMITTED and member.role in (Role.OWNER, Role.DEVELOPER),
        "points": [_point(row, form, point, missing, review) for point in Point],
        "missing": len(missing),
        "waiting": waiting,
        "late": waiting is not None and waiting.due_at < now,
        "place": Review.objects.place(waiting) if waiting else 0,
        "returned": review if review and row.status == IdentityStatus.RETURNED else None,
        "promised_days": settings.PIEPOWDER.identity_review_days,
        "median_days": median_days(Review.objects.waits(), holidays()),
        "reviews": row.reviews.order_by("-number")[:20],
        "verified": row.is_verified(now),
    }
    return render(request, "developers/identity.html", page, status=422 if form.errors else 200)


def _point(
    row: Identity, form: IdentityForm, point: Point, missing: dict[Point, str], review: Review | None
) -> dict[str, Any]:
    answer = review.answers.get(point) if review and review.outcome else None
    with_file = point in WITH_DOCUMENT
    return {
        "point": point,
        "title": TITLES[point],
        "wanted": WANTED[point],
        "missing": missing.get(point, ""),
        "answer": {"met": answer[0], "reason": answer[1]} if answer else None,
        "documents": row.documents.select_related("document").filter(point=point).order_by("id") if with_file else (),
        "file": form[f"file_{point}"] if with_file else None,
        "expires": form[f"expires_{point}"] if with_file else None,
        "today": datetime.now(UTC).date(),
    }
