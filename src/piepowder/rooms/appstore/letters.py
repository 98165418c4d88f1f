"""What developers are told about their apps, in their inbox and by mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from piepowder.rooms.appstore.models import App, AppVersion, Deadline, Review
from piepowder.rooms.appstore.rules.versions import POINTS
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.notices.actions import tell

_POINTS = {point.key: point for point in POINTS}


def page_of(version: AppVersion) -> str:
    return f"/developer/apps/{version.app_id}/versions/{version.id}/"


def submitted(version: AppVersion, *, at: datetime) -> None:
    _tell(
        version,
        "submitted",
        f"Version {version.number} of {version.app.name} was handed in",
        f"Its checks were passed. A decision is promised by {version.promised_at:%d %B %Y}. Your page shows its place in the queue.",
        at=at,
    )


def approved(version: AppVersion, reason: str, *, at: datetime) -> None:
    words = f"{reason.strip()}\n\n" if reason.strip() else ""
    _tell(
        version,
        "approved",
        f"Version {version.number} of {version.app.name} is approved",
        f"{words}Put it live when you are ready, for all sellers at once or in stages.",
        at=at,
    )


def returned(version: AppVersion, review: Review, *, at: datetime) -> None:
    """Every point that was refused, with its clause and the reviewer's reason."""
    lines = [
        f"{_POINTS[key].words} ({_POINTS[key].clause}): {answer['reason']}"
        for key, answer in review.points.items()
        if key in _POINTS and not answer["fine"]
    ]
    body = "\n".join(
        [*([review.reason, ""] if review.reason else []), *lines, "", "Correct what is named and hand it in again."]
    )
    _tell(version, "returned", f"Version {version.number} of {version.app.name} was returned", body, at=at)


def late(version: AppVersion, *, at: datetime) -> None:
    _tell(
        version,
        "late",
        f"We are late with version {version.number} of {version.app.name}",
        f"A decision was promised by {version.promised_at:%d %B %Y}, and we have not kept that. It now stands at the head of the queue.",
        at=at,
        once=f"appstore.late:{version.id}:{version.round}",
    )


def rollout_stopped(version: AppVersion, reason: str, *, at: datetime) -> None:
    _tell(
        version,
        "rollout_stopped",
        f"The roll-out of version {version.number} of {version.app.name} was stopped",
        f"{reason.strip() or 'No reason was given.'}\n\nSellers go on with version {version.app.current_version}.",
        at=at,
    )


def deadline(developer: Developer, apps: Sequence[App], row: Deadline, days: int, *, at: datetime) -> None:
    """A reminder: which apps are not approved yet, and how much time is left."""
    assert row.due_at is not None
    names = "\n".join(f"- {app.name}" for app in apps[:20])
    more = f"\n- and {len(apps) - 20} more" if len(apps) > 20 else ""
    ahead = max(1, ceil((row.due_at - at) / timedelta(days=1)))
    left = "1 day is" if ahead == 1 else f"{ahead} days are"
    tell(
        recipient=developer.id,
        kind="appstore.deadline",
        subject=f"Apps have to be approved by {row.due_at:%d %B %Y}: {left} left",
        body=f"These apps of {developer.name} have no approved version yet:\n{names}{more}\n\n{row.reason}".strip(),
        link="/developer/apps/",
        mail_to=[developer.contact_email],
        once=f"appstore.deadline:{row.id}:{days}:{developer.id}",
        at=at,
    )


def _tell(version: AppVersion, what: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    tell(
        recipient=version.app.developer_id,
        kind=f"appstore.{what}",
        subject=subject,
        body=body,
        link=page_of(version),
        mail_to=[version.app.developer.contact_email],
        once=once,
        at=at,
    )
