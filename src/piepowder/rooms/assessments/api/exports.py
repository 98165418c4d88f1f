"""Documents made from approved answers."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from piepowder.rooms.assessments import export_files, exports
from piepowder.rooms.assessments.api.shapes import ExportShown
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.ground.caller import Permission, require_own
from piepowder.rooms.ground.doors import Key, now

router = Router(tags=["assessments"])


@router.get("/{assessment_id}/processing-record", response=ExportShown)
def get_processing_record(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """The record of processing activities (GDPR Art. 30), each statement with the answer it came from."""
    return export_files.as_tree(exports.record_of_processing(_reachable(request, assessment_id), at=now()))


@router.get("/{assessment_id}/impact-assessment", response=ExportShown)
def get_impact_assessment(request: HttpRequest, assessment_id: Key) -> dict[str, Any]:
    """The draft data protection impact assessment (GDPR Art. 35), with what is still missing."""
    return export_files.as_tree(exports.impact_assessment(_reachable(request, assessment_id), at=now()))


def _reachable(request: HttpRequest, assessment_id: str) -> Assessment:
    assessment = Assessment.objects.named(assessment_id)
    require_own(request, Permission.READ, developer=assessment.developer_id)
    return assessment
