"""What the clock does: grants end, and what nobody can use any more is forgotten. The ledger keeps what happened."""

from datetime import datetime, timedelta

from django.db import models, transaction

from piepowder.rooms.consent.actions.grants import end_expired
from piepowder.rooms.consent.models import (
    AccessToken,
    AuthorizationCode,
    ClientSecret,
    Grant,
    RefreshToken,
    RestrictedToken,
)

KEPT_AFTERWARDS = timedelta(days=1)  # so that whoever asks what became of a token finds it for a while
ROWS_AT_ONCE = 5_000  # a look takes a moment, however much piled up


def expire_due(*, at: datetime) -> int:
    """Ends the grants whose time is over (how many), and forgets codes, tokens and secrets a day past theirs.

    The gateway has refused such grants by itself since `expires_at`; safe to run twice and in two processes at once.
    """
    due = list(Grant.objects.due(at).values_list("id", flat=True)[:ROWS_AT_ONCE])
    ended = sum(end_expired(grant_id, at=at) for grant_id in due)
    _forget(at - KEPT_AFTERWARDS)
    return ended


@transaction.atomic
def _forget(before: datetime) -> None:
    # A rotated refresh token stays as long as its family may live: it is what a replay is known by.
    for rows in (
        AccessToken.objects.filter(expires__lt=before),
        RefreshToken.objects.filter(expires_at__lt=before),
        AuthorizationCode.objects.filter(expires__lt=before),
        RestrictedToken.objects.filter(expires_at__lt=before),
        ClientSecret.objects.filter(expires_at__lt=before),
    ):
        _delete_some(rows)


def _delete_some(rows: "models.QuerySet[models.Model]") -> None:
    some = list(rows.order_by().values_list("pk", flat=True)[:ROWS_AT_ONCE])
    rows.model._default_manager.filter(pk__in=some).delete()
