"""The record of processing activities and the draft impact assessment: as a page to print, and as files."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import pretty
from piepowder.rooms.assessments import export_files, exports
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.views.own import now
from piepowder.rooms.developers.guards import chosen_member
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.people.guards import account_of, permissions_of, signed_in

_FILES: dict[str, tuple[Callable[[exports.Export], str], str]] = {
    "csv": (export_files.as_csv, "text/csv; charset=utf-8"),
    "json": (lambda export: pretty(export_files.as_tree(export)), "application/json"),
    "md": (export_files.as_markdown, "text/markdown; charset=utf-8"),
}


@signed_in
@require_safe
def processing_record(request: HttpRequest, assessment_id: str) -> HttpResponse:
    return _shown(request, assessment_id, exports.record_of_processing, "processing-record", ("csv", "json"))


@signed_in
@require_safe
def impact_assessment(request: HttpRequest, assessment_id: str) -> HttpResponse:
    return _shown(request, assessment_id, exports.impact_assessment, "impact-assessment", ("md", "json"))


def _shown(
    request: HttpRequest, assessment_id: str, make: Callable[..., exports.Export], name: str, kinds: tuple[str, ...]
) -> HttpResponse:
    assessment, staff = _reachable(request, assessment_id)
    try:
        export = make(assessment, at=now())
    except PiepowderError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
        messages.error(request, sentence(error))
        return redirect("assessments_queue") if staff else redirect("assessments_status", assessment_id=assessment.id)
    wanted = request.GET.get("format", "")
    if wanted not in kinds:
        page = {"export": export, "assessment": assessment, "kinds": kinds, "staff": staff}
        return render(request, "assessments/export.html", page)
    write, kind = _FILES[wanted]
    response = HttpResponse(write(export), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}-{assessment.id}.{wanted}"'
    return response


def _reachable(request: HttpRequest, assessment_id: str) -> tuple[Assessment, bool]:
    """The assessment, for its own organisation and for staff; and whether it is staff who looks."""
    staff = Permission.READ in permissions_of(account_of(request))
    member = chosen_member(request)
    if not staff and member is None:
        raise Http404("no such assessment")
    try:
        own = None if staff or member is None else member.developer_id
        return Assessment.objects.named(assessment_id, own), staff
    except PiepowderError as error:
        raise Http404(error.message) from None
