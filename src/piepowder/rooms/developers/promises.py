"""How long the review of an identity takes: what is promised, and what it took lately. The same words at every door."""

from typing import Any

from django.conf import settings

from piepowder.rooms.developers.actions.identity import holidays
from piepowder.rooms.developers.models import Review
from piepowder.rooms.developers.rules.identity import median_days


def published() -> dict[str, Any]:
    return {
        "promised_business_days": settings.PIEPOWDER.identity_review_days,
        "median_business_days": median_days(Review.objects.waits(), holidays()),
        "waiting": Review.objects.waiting().count(),
    }
