"""The subject's side: what was found, what to do by when, what was decided. Nothing before the notice, nothing for strangers."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from piepowder.rooms.developers.guards import memberships
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.enforcement import actions, subjects
from piepowder.rooms.enforcement.forms import AnswerForm, AppealForm, ExtendForm, MessageForm
from piepowder.rooms.enforcement.models import Case, Finding
from piepowder.rooms.enforcement.possible import own_steps
from piepowder.rooms.enforcement.rules.cases import DecisionStatus
from piepowder.rooms.enforcement.views.shared import FIELDS, is_decided, now, parts
from piepowder.rooms.ground.pages import form_page
from piepowder.rooms.people.guards import account_of, actor_of, signed_in

_FORM = require_http_methods(["GET", "HEAD", "POST"])
SHOWN = 100


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = {"cases": list(subjects.of_account(account_of(request))[:SHOWN]), "at": now()}
    return render(request, "enforcement/own_index.html", page)


@signed_in
@require_safe
def one(request: HttpRequest, case_id: str) -> HttpResponse:
    case = _own(request, case_id)
    shown = (DecisionStatus.CONFIRMED, DecisionStatus.OVERTURNED)
    page = parts(case) | {
        "decided": is_decided(case),
        "decisions": case.decisions.filter(status__in=shown).order_by("-id"),
        "can": own_steps(case, now()),
        "writes": _writes(request, case),
        "extended": case.extended,
    }
    return render(request, "enforcement/own_one.html", page)


@signed_in
@_FORM
def answer(request: HttpRequest, case_id: str) -> HttpResponse:
    case = _writing(request, case_id)
    form = AnswerForm(Finding.objects.of_case(case), request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.answer(case, form.stances(), text=form.cleaned_data["text"], by=actor_of(request), at=now()),
        done="Answered. We weigh it, and you hear from us by the date shown here.",
        template="enforcement/own_answer.html",
    )


@signed_in
@_FORM
def more_time(request: HttpRequest, case_id: str) -> HttpResponse:
    case = _writing(request, case_id)
    form = ExtendForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.extend(
            case,
            form.moment(case.due_at or now()),
            because=form.cleaned_data["reason"],
            by=actor_of(request),
            at=now(),
        ),
        done="You have more time.",
        title="Ask for more time",
        intro=f"Your answer is due by {case.due_at:%-d %B %Y}. You get more time at once, and once only."
        if case.due_at
        else "",
        button="Take more time",
    )


@signed_in
@_FORM
def message(request: HttpRequest, case_id: str) -> HttpResponse:
    case = _writing(request, case_id)
    form = MessageForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.say(case, form.cleaned_data["text"], by=actor_of(request), at=now()),
        done="Sent. We answer within two days.",
        title="Write a message",
        intro="We promise an answer within two days.",
        button="Send",
    )


@signed_in
@_FORM
def appeal(request: HttpRequest, case_id: str) -> HttpResponse:
    case = _writing(request, case_id)
    form = AppealForm(request.POST or None)
    until = f"{case.appeal_until:%-d %B %Y}" if case.appeal_until else ""
    return _page(
        request,
        case,
        form,
        lambda: actions.appeal(case, text=form.cleaned_data["text"], by=actor_of(request), at=now()),
        done="Your appeal is recorded.",
        title="Appeal",
        intro=f"Free of charge, until {until}. Somebody who had no part in the decision hears it. A measure that has not begun waits.",
        button="Appeal",
    )


def _page(
    request: HttpRequest,
    case: Case,
    form: Any,
    act: Any,
    *,
    done: str,
    template: str = "enforcement/own_form.html",
    **page: Any,
) -> HttpResponse:
    back = ("enforcement_own", {"case_id": case.id})
    return form_page(request, form, act, done=done, back=back, template=template, fields=FIELDS, case=case, **page)


def _own(request: HttpRequest, case_id: str) -> Case:
    """To a stranger, and before the notice, there is no such case."""
    case = subjects.of_account(account_of(request)).filter(pk=case_id.replace("\0", "")).first()
    if case is None:
        raise Http404("no such case")
    return case


def _writes(request: HttpRequest, case: Case) -> bool:
    """In an organisation it takes the role of an owner or developer; a seller or a member of staff speaks for themselves."""
    if not case.developer_id:
        return True
    roles = [one.role for one in memberships(request) if one.developer_id == case.developer_id]
    return any(may(role, (Role.DEVELOPER,)) for role in roles)


def _writing(request: HttpRequest, case_id: str) -> Case:
    case = _own(request, case_id)
    if not _writes(request, case):
        raise PermissionDenied
    return case
