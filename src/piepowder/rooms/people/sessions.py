"""Where an account is signed in: a read over the library's table."""

from typing import Any

from allauth.usersessions.models import UserSession

from piepowder.rooms.people.models import Account


def sessions_of(account: Account) -> list[dict[str, Any]]:
    """The newest first; sessions that ended meanwhile are left out."""
    found = UserSession.objects.purge_and_list(account)
    return [
        {"id": one.pk, "ip": one.ip, "user_agent": one.user_agent, "created_at": one.created_at}
        for one in sorted(found, key=lambda one: -one.pk)
    ]
