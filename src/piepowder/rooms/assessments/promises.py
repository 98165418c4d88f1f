"""The dates that an installation promises, by its settings."""

from datetime import date, datetime

from django.conf import settings

from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.assessments.rules.clocks import business_days_after, business_days_between
from piepowder.rooms.assessments.rules.status import Occasion

_SHORT = (Occasion.CORRECTION, Occasion.RE_REVIEW)
_LONG = (Occasion.FIRST, Occasion.RENEWAL)


def holidays() -> frozenset[date]:
    return frozenset(date.fromisoformat(word) for word in settings.PIEPOWDER.holidays.replace(",", " ").split())


def decision_days(occasion: Occasion) -> int:
    return int(settings.PIEPOWDER.correction_days if occasion in _SHORT else settings.PIEPOWDER.assessment_days)


def decided_by(occasion: Occasion, at: datetime) -> datetime:
    return business_days_after(at, decision_days(occasion), holidays())


def answered_by(at: datetime) -> datetime:
    return business_days_after(at, settings.PIEPOWDER.message_days, holidays())


def waited(since: datetime, at: datetime) -> int:
    return business_days_between(since, at, holidays())


def published(at: datetime) -> dict[str, dict[str, int | None]]:
    """What everybody may know: how long decisions took in the last 180 days, in business days, and what is promised."""
    return {
        "assessments": {**Submission.objects.waits(at, _LONG), "promised": decision_days(Occasion.FIRST)},
        "corrections": {**Submission.objects.waits(at, _SHORT), "promised": decision_days(Occasion.CORRECTION)},
    }
