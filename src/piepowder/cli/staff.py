"""`piepowder staff`: the marketplace's own people and their keys."""

from cyclopts import App

from piepowder.cli.control import now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.rooms.people.rules import KeyRole

app = App(name="staff", help="The marketplace's own people, and API keys.")


@app.command
def key(name: str, *, role: KeyRole = KeyRole.OPERATOR, common: Common = Common()) -> None:
    """Make an API key. It is shown this once; only its digest is kept.

    Parameters
    ----------
    name
        Whose key it is, or what for.
    role
        `operator`, `provisioning` (sellers only) or `auditor` (reads only).
    """
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import create_staff_key

    row, secret = create_staff_key(name=name, role=role, by=COMMAND_LINE, at=now())
    show({**row.described(), "key": secret}, common)


@app.command
def keys(*, common: Common = Common()) -> None:
    """All API keys, without the keys themselves."""
    open_rooms(common)
    from piepowder.rooms.people.models import StaffKey

    rows = [row.described() for row in StaffKey.objects.order_by("id")]
    show_list(rows, ("id", "name", "role", "created_at", "revoked_at"), common)


@app.command
def revoke_key(key_id: str, *, common: Common = Common()) -> None:
    """End an API key at once."""
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import revoke_staff_key

    revoke_staff_key(key_id, by=COMMAND_LINE, at=now())
    show({"id": key_id, "revoked": True}, common)


@app.command
def link(email: str, *, common: Common = Common()) -> None:
    """Make a link that signs a member of staff into the console, once, within 15 minutes.

    Parameters
    ----------
    email
        Whom it signs in; an account is made if there is none.
    """
    settings = open_rooms(common)
    from piepowder.rooms.consent.actions import make_staff_link
    from piepowder.rooms.ground.actor import COMMAND_LINE

    text = make_staff_link(email, by=COMMAND_LINE, at=now())
    show({"email": email, "link": f"{settings.public_url}/sign-in/staff/{text}"}, common)
