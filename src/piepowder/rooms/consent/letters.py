"""What sellers and developers are told about grants. Plain words; the page that answers is one click away."""

from datetime import datetime, timedelta

from django.conf import settings

from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.uses import GrantUse
from piepowder.rooms.notices.actions import tell


def asks_more(row: Grant, *, at: datetime) -> None:
    """To the seller: a new version wants more."""
    name = row.app.name
    tell(
        recipient=row.seller_id,
        kind="consent.asks_more",
        subject=f"{name} asks for more than you allowed",
        body=(
            f"A new version of {name} asks for more than you allowed it on {row.granted_at:%-d %B %Y}. Nothing has changed yet: it goes on "
            "with what you allowed until you answer, and after a no as well.\n\nThe page shows what is new. You can allow all of it, a "
            "part, or nothing."
        ),
        link=_page(row, "choose"),
        at=at,
    )


def refused_more(row: Grant, version: str, *, at: datetime) -> None:
    """To the developer: a seller keeps the old permissions."""
    tell(
        recipient=row.app.developer_id,
        kind="consent.refused_more",
        subject=f"{row.seller.name} keeps the permissions of version {row.version} of {row.app.name}",
        body=(
            f"{row.seller.name} has read what version {version} asks for and has not allowed it. For this shop the app goes on under "
            f"version {row.version}."
        ),
        mail_to=[row.app.developer.contact_email],
        at=at,
    )


def ends_soon(row: Grant, use: GrantUse, *, at: datetime) -> None:
    """To the seller: a grant is near its end, and what it was used for."""
    days = max(1, -(-(row.expires_at - at) // timedelta(days=1)))
    name = row.app.name
    tell(
        recipient=row.seller_id,
        kind="consent.ends_soon",
        subject=f"{name} loses access to your shop in {days} day{'' if days == 1 else 's'}",
        body=(
            f"What you allowed {name} ends on {row.expires_at:%-d %B %Y}. {_used(use)}\n\nIf you want it to go on, renew it on the page "
            "below. If you do nothing it stops by itself, and the app must delete what it has."
        ),
        link=_page(row, "renew"),
        at=at,
    )


def ended(row: Grant, *, at: datetime) -> None:
    """To the developer: a grant is over, and what has to be deleted by when."""
    due = at + timedelta(days=settings.PIEPOWDER.deletion_days)
    tell(
        recipient=row.app.developer_id,
        kind="consent.ended",
        subject=f"{row.seller.name} no longer authorises {row.app.name}",
        body=(
            f"The authorisation {row.id} is over ({row.status}); its tokens no longer work. Delete the buyers' data that came with it by "
            f"{due:%-d %B %Y}, apart from what the law obliges you to keep, and keep that for nothing else."
        ),
        mail_to=[row.app.developer.contact_email],
        at=at,
    )


def _used(use: GrantUse) -> str:
    if not use.calls:
        return "In the past year it made no call for your shop."
    count = f"{'more than ' if use.full else ''}{use.calls}"
    said = f"In the past year it made {count} call{'' if use.calls == 1 else 's'}"
    if not use.personal_calls:
        return f"{said}, none of which carried your buyers' data."
    return f"{said}; {use.personal_calls} carried your buyers' data: {', '.join(use.plain_words) or 'see the page'}."


def _page(row: Grant, name: str) -> str:
    return f"/my/apps/{row.id}/{name}"
