"""Staff: the forms of a case, from the notice to the appeal."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from piepowder.rooms.enforcement import actions
from piepowder.rooms.enforcement.actions.deciding import proposal
from piepowder.rooms.enforcement.forms import (
    AgreeForm,
    AtOnceForm,
    DecideForm,
    ExtendForm,
    HearForm,
    LiftForm,
    MessageForm,
    NoteForm,
    ReasonForm,
)
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.possible import steps
from piepowder.rooms.enforcement.rules.cases import ANSWER_DAYS, AppealStatus, Severity
from piepowder.rooms.enforcement.rules.conditions import ConditionKind
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.enforcement.templatetags.case_words import condition_words
from piepowder.rooms.enforcement.views.desk import reached
from piepowder.rooms.enforcement.views.shared import FIELDS, now, seen_case, told
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.pages import form_page, found
from piepowder.rooms.people.guards import actor_of, for_staff

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(
    request: HttpRequest,
    case: Case,
    form: BaseForm,
    act: Callable[[], object],
    *,
    done: str,
    template: str = "enforcement/form.html",
    **page: Any,
) -> HttpResponse:
    """A form of a case; what stands against it is said above it, before anybody types."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    why = next((step.why_not for step in steps(case, actor_of(request)) if step.page == here), "")
    return form_page(
        request,
        form,
        act,
        done=done,
        back=("enforcement_one", {"case_id": case.id}),
        template=template,
        fields=FIELDS,
        case=case,
        why_not=why,
        **page,
    )


@for_staff(Permission.GOVERN)
@require_POST
def take(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
    if told(request, actions.take, case):
        messages.success(request, "You are the officer of this case; its letters go to you.")
    return redirect("enforcement_one", case_id=case.id)


@for_staff(Permission.GOVERN)
@_FORM
def serve(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
    form = NoteForm(request.POST or None)
    days = ANSWER_DAYS[Severity(case.severity)]
    return _page(
        request,
        case,
        form,
        lambda: actions.serve(case, note=form.cleaned_data["note"], by=actor_of(request), at=now()),
        done="Served. The subject has a letter with the date by which to answer.",
        title="Serve the notice",
        intro=f"The subject reads every finding with its evidence, and has {days} days to answer. Nothing changes for it until then.",
        button="Serve the notice",
    )


@for_staff(Permission.GOVERN)
@_FORM
def withdraw(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
    form = ReasonForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.withdraw(case, because=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done="Withdrawn. Nothing remains of it.",
        title="Withdraw the case",
        intro="There is nothing in it. Whoever was told of the case is told this as well, with your reason.",
        button="Withdraw the case",
        danger=True,
    )


@for_staff(Permission.GOVERN)
@_FORM
def extend(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
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
        done="The subject has more time.",
        title="Give more time",
        intro=f"The answer is due by {case.due_at:%-d %B %Y}." if case.due_at else "",
        button="Give more time",
    )


@for_staff(Permission.GOVERN)
@_FORM
def message(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
    form = MessageForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.say(case, form.cleaned_data["text"], by=actor_of(request), at=now()),
        done="Sent.",
        title="Write a message",
        button="Send",
    )


@for_staff(Permission.GOVERN)
@_FORM
def decide(request: HttpRequest, case_id: str) -> HttpResponse:
    """Each finding, then the measure; the ladder's proposal is what stands there first."""
    case = seen_case(request, case_id)
    rows = list(Finding.objects.of_case(case))
    proposed = proposal(case, rows, now())
    form = DecideForm(rows, proposed, request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: _decided(request, case, form),
        done="Decided. A measure that needs a second person waits for one; anything else was served.",
        template="enforcement/decide.html",
        proposed=proposed,
        answers=case.answers.all(),
        **reached(case),
    )


def _decided(request: HttpRequest, case: Case, form: DecideForm) -> Decision:
    chosen = form.decision()
    return actions.decide(case, chosen.pop("outcomes"), by=actor_of(request), at=now(), **chosen)


@for_staff(Permission.GOVERN)
@_FORM
def confirm(request: HttpRequest, decision_id: str) -> HttpResponse:
    return _second(request, decision_id, actions.confirm, "Confirm the decision", "Confirmed, and served.")


@for_staff(Permission.GOVERN)
@_FORM
def reject(request: HttpRequest, decision_id: str) -> HttpResponse:
    done = "Rejected. The case waits for another decision."
    return _second(request, decision_id, actions.reject, "Reject the decision", done)


def _second(request: HttpRequest, decision_id: str, act: Callable[..., object], title: str, done: str) -> HttpResponse:
    decision = found(Decision.objects.named, decision_id)
    case = seen_case(request, decision.case_id)
    form = AgreeForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: act(decision, because=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done=done,
        template="enforcement/second.html",
        title=title,
        button=title,
        decision=decision,
        findings=Finding.objects.of_case(case),
    )


@for_staff(Permission.GOVERN)
@_FORM
def at_once(request: HttpRequest, case_id: str) -> HttpResponse:
    case = seen_case(request, case_id)
    form = AtOnceForm(Severity(case.severity), request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.act_at_once(
            case,
            Measure(form.cleaned_data["measure"]),
            because=form.cleaned_data["reason"],
            by=actor_of(request),
            at=now(),
        ),
        done="It is in force. A second person has 72 hours to confirm it; else it ends by itself.",
        template="enforcement/at_once.html",
        **reached(case),
    )


@for_staff(Permission.GOVERN)
@_FORM
def confirm_emergency(request: HttpRequest, sanction_id: str) -> HttpResponse:
    intro = "You looked at it as a second person: it holds until the case is decided."
    return _emergency(request, sanction_id, actions.confirm_emergency, "Confirm the emergency measure", intro)


@for_staff(Permission.GOVERN)
@_FORM
def end_emergency(request: HttpRequest, sanction_id: str) -> HttpResponse:
    intro = "It is not needed any more, or should not have been. The case goes on."
    return _emergency(request, sanction_id, actions.end_emergency, "End the emergency measure", intro)


def _emergency(
    request: HttpRequest, sanction_id: str, act: Callable[..., object], title: str, intro: str
) -> HttpResponse:
    sanction = found(Sanction.objects.named, sanction_id)
    case = seen_case(request, sanction.case_id)
    form = AgreeForm(request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: act(sanction, because=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done="Done.",
        title=title,
        intro=intro,
        button=title,
    )


@for_staff(Permission.GOVERN)
@_FORM
def lift(request: HttpRequest, sanction_id: str) -> HttpResponse:
    sanction = found(Sanction.objects.named, sanction_id)
    case = seen_case(request, sanction.case_id)
    open_now = {one["kind"]: condition_words(one) for one in sanction.conditions if not one["met_at"]}
    form = LiftForm(open_now, request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.lift(
            sanction,
            ConditionKind(form.cleaned_data["condition"]),
            because=form.cleaned_data["reason"],
            by=actor_of(request),
            at=now(),
        ),
        done="Noted. With the last condition the measure ends by itself.",
        title="Note that a condition is met",
        intro="" if open_now else "Every condition of this measure is met already.",
        button="Note it",
    )


@for_staff(Permission.GOVERN)
@_FORM
def hear(request: HttpRequest, appeal_id: str) -> HttpResponse:
    appeal = found(Appeal.objects.named, appeal_id)
    case = seen_case(request, appeal.case_id)
    form = HearForm(Measure(appeal.decision.measure), request.POST or None)
    return _page(
        request,
        case,
        form,
        lambda: actions.hear(
            appeal,
            AppealStatus(form.cleaned_data["outcome"]),
            because=form.cleaned_data["reason"],
            measure=form.chosen(),
            by=actor_of(request),
            at=now(),
        ),
        done="Heard. The subject has the decision with your reasons.",
        template="enforcement/hear.html",
        appeal=appeal,
        decision=appeal.decision,
        findings=Finding.objects.of_case(case),
    )
