"""Assessments of developers: answers as they are written, what was handed in, and what was decided of it."""

from piepowder.rooms.assessments.models.assessment import (
    Answer,
    Assessment,
    AssessmentQuerySet,
    QuestionnaireVersion,
)
from piepowder.rooms.assessments.models.review import Decision, Message, Submission, SubmissionQuerySet

__all__ = [
    "Answer",
    "Assessment",
    "AssessmentQuerySet",
    "Decision",
    "Message",
    "QuestionnaireVersion",
    "Submission",
    "SubmissionQuerySet",
]
