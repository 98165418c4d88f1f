"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.assessments.views import exports, missing, overview, questions, review, status

_ONE = "assessments/<str:assessment_id>/"

_CASE = "reviews/assessments/<str:submission_id>/"

urlpatterns = [
    path("assessments/", overview.home, name="assessments_home"),
    path("assessments/begin/", overview.begin, name="assessments_begin"),
    path("assessments/begin/file/", overview.begin_from_file, name="assessments_begin_from_file"),
    path(_ONE, overview.overview, name="assessments_overview"),
    path(f"{_ONE}roles/", overview.roles, name="assessments_roles"),
    path(f"{_ONE}newest/", overview.newest, name="assessments_newest"),
    path(f"{_ONE}differences/", overview.read_differences, name="assessments_read_differences"),
    path(f"{_ONE}answers/", overview.export, name="assessments_export"),
    path(f"{_ONE}answers/file/", overview.bring_in, name="assessments_bring_in"),
    path(f"{_ONE}answers/<str:question_id>/", questions.answer, name="assessments_answer"),
    path(f"{_ONE}answers/<str:question_id>/evidence/", questions.evidence, name="assessments_evidence"),
    path(
        f"{_ONE}answers/<str:question_id>/evidence/<str:document_id>/remove/",
        questions.detach,
        name="assessments_detach",
    ),
    path(f"{_ONE}sections/<str:section_id>/", questions.section, name="assessments_section"),
    path(f"{_ONE}missing/", missing.missing, name="assessments_missing"),
    path(f"{_ONE}submit/", status.submit, name="assessments_submit"),
    path(f"{_ONE}status/", status.status, name="assessments_status"),
    path(f"{_ONE}withdraw/", status.withdraw, name="assessments_withdraw"),
    path(f"{_ONE}another-reviewer/", status.re_review, name="assessments_re_review"),
    path(f"{_ONE}messages/", status.talk, name="assessments_messages"),
    path(f"{_ONE}processing-record/", exports.processing_record, name="assessments_processing_record"),
    path(f"{_ONE}impact-assessment/", exports.impact_assessment, name="assessments_impact_assessment"),
    path("reviews/assessments/", review.queue, name="assessments_queue"),
    path("reviews/assessments/next/", review.take_next, name="assessments_take_next"),
    path(_CASE, review.case, name="assessments_review"),
    path(f"{_CASE}decisions/<str:question_id>/", review.decide, name="assessments_decide"),
    path(f"{_CASE}step/<str:verb>/", review.step, name="assessments_step"),
    path(f"{_CASE}conclude/", review.conclude, name="assessments_conclude"),
    path(f"{_CASE}decline/", review.decline, name="assessments_decline"),
    path(f"{_CASE}assign/", review.assign, name="assessments_assign"),
    path(f"{_CASE}messages/", review.talk, name="assessments_review_messages"),
    path(f"{_CASE}documents/<str:document_id>/", review.document, name="assessments_document"),
    path("waiting-times/", review.waits, name="assessments_waits"),
]
