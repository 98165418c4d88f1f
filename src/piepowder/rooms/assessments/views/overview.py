"""The developer's assessment at a glance: begin one, see score, roles and open points, change roles, bring answers in and out."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.core.kernel.json import encode
from piepowder.rooms.assessments import actions, cases, library, promises
from piepowder.rooms.assessments.forms import AnswersFileForm, RolesForm
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.rules.questionnaire import Section
from piepowder.rooms.assessments.rules.status import OPEN, Status
from piepowder.rooms.assessments.views.own import now, own, posted, told, writes
from piepowder.rooms.developers.guards import developer_of, for_members
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of


@for_members()
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The one under way; else what was decided; else the way to begin."""
    newest = Assessment.objects.newest(developer_of(request).id)
    if newest is None or newest.state in (Status.WITHDRAWN, Status.EXPIRED):
        return redirect("assessments_begin")
    page = "assessments_overview" if newest.state is Status.DRAFT else "assessments_status"
    return redirect(page, assessment_id=newest.id)


@for_members(Role.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Choosing roles begins a draft: the first, a renewal, or one for more roles."""
    developer, at = developer_of(request), now()
    if under_way := Assessment.objects.of(developer.id).filter(status__in=OPEN).first():
        return redirect("assessments_overview", assessment_id=under_way.id)
    questionnaire, before = library.current(at.date()), Assessment.objects.newest(developer.id)
    form = RolesForm(questionnaire, posted(request), initial={"roles": before.roles if before else []})
    if request.method == "POST" and form.is_valid():
        roles = form.cleaned_data["roles"]
        begun = tried(form, lambda: actions.begin(developer, roles=roles, by=actor_of(request), at=at))
        if begun is not None:
            return redirect("assessments_overview", assessment_id=begun.id)
    page = {
        "form": form,
        "file_form": AnswersFileForm(),
        "questionnaire": questionnaire,
        "count": len(list(questionnaire.questions())),
        "before": before,
        "in_force": Assessment.objects.in_force(developer.id, at).first(),
        "waits": promises.published(at),
    }
    return render(request, "assessments/begin.html", page)


@for_members()
@require_safe
def overview(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment, at = own(request, assessment_id), now()
    seen = cases.seen(assessment, at)
    page = {
        "seen": seen,
        "sections": [_row(section, lines) for section, lines in seen.sections],
        "assessment": assessment,
        "writes": writes(request),
        "form": _roles_form(assessment),
        "file_form": AnswersFileForm(),
        "promise": cases.promise(assessment, at),
        "waits": promises.published(at),
    }
    return render(request, "assessments/overview.html", page)


def _row(section: Section, lines: list[cases.Line]) -> dict[str, object]:
    """A section with what is open in it."""
    return {
        "section": section,
        "questions": len(lines),
        "gaps": sum(bool(line.gaps) for line in lines),
        "findings": sum(line.finding is not None for line in lines),
    }


def _roles_form(assessment: Assessment, data: object = None) -> RolesForm:
    only = None if assessment.state is Status.DRAFT else assessment.roles
    return RolesForm(assessment.asked, data, initial={"roles": assessment.roles}, only=only)


@for_members(Role.DEVELOPER)
@require_POST
def roles(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment = own(request, assessment_id)
    form = _roles_form(assessment, request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed. " + " ".join(map(str, form.errors.get("roles", []))))
    elif told(request, actions.set_roles, assessment, form.cleaned_data["roles"], by=actor_of(request), at=now()):
        messages.success(request, "The roles you ask for are changed. The score counts what they need.")
    return redirect("assessments_overview", assessment_id=assessment.id)


@for_members(Role.DEVELOPER)
@require_POST
def newest(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """Goes on with the questionnaire that is in force now."""
    assessment = own(request, assessment_id)
    if told(request, actions.adopt_newest, assessment, by=actor_of(request), at=now()):
        messages.success(request, "Your answers are kept. What is different is listed below.")
    return redirect("assessments_overview", assessment_id=assessment.id)


@for_members(Role.DEVELOPER)
@require_POST
def read_differences(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment = own(request, assessment_id)
    told(request, actions.dismiss_differences, assessment, by=actor_of(request), at=now())
    return redirect("assessments_overview", assessment_id=assessment.id)


@for_members()
@require_safe
def export(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """The answers as a file, YAML unless `?format=json`."""
    assessment = own(request, assessment_id)
    tree = cases.exported(assessment, now())
    if request.GET.get("format") == "json":
        content, ending, kind = encode(tree), "json", "application/json"
    else:
        content, ending, kind = library.written(tree), "yaml", "application/yaml"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="answers-{assessment.id}.{ending}"'
    return response


@for_members(Role.DEVELOPER)
@require_POST
def begin_from_file(request: HttpRequest) -> HttpResponse:
    """Begins with the roles and answers of a file; what it leaves open is asked next."""
    tree = _sent_file(request)
    begun = tree and told(request, actions.begin_from, developer_of(request), tree, by=actor_of(request), at=now())
    if not begun:
        return redirect("assessments_begin")
    messages.success(request, f"{begun.answers.count()} answers are filled in from the file.")
    return redirect("assessments_missing", assessment_id=begun.id)


@for_members(Role.DEVELOPER)
@require_POST
def bring_in(request: HttpRequest, assessment_id: str) -> HttpResponse:
    assessment, tree = own(request, assessment_id), _sent_file(request)
    changed = tree and told(request, actions.bring_in, assessment, tree, by=actor_of(request), at=now())
    if isinstance(changed, list):
        messages.success(request, f"{len(changed)} answer{'' if len(changed) == 1 else 's'} filled in from the file.")
    return redirect("assessments_overview", assessment_id=assessment.id)


def _sent_file(request: HttpRequest) -> Any:
    """What the file holds; None where it cannot be read, and the next page says why."""
    form = AnswersFileForm(request.POST, request.FILES)
    if form.is_valid():
        return told(request, library.read_tree, form.cleaned_data["file"].read(library.FILE_BYTES_MAX + 1))
    messages.error(request, "No file was chosen, or it is empty.")
    return None
