"""`piepowder developer`: organisations that make apps, their people, and their end."""

from datetime import date
from pathlib import Path
from typing import Any

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.rooms.developers.rules.organisation import Kind, Role
from piepowder.rooms.standing.rules import Standing

app = App(name="developer", help="Developers of apps.")


@app.command
def create(
    name: str,
    *,
    email: str,
    legal_name: str = "",
    kind: Kind = Kind.COMPANY,
    country: str = "",
    company_number: str = "",
    address: str = "",
    website: str = "",
    privacy_email: str = "",
    security_email: str = "",
    standing: Standing = Standing.PENDING,
    identity_due_on: date | None = None,
    common: Common = Common(),
) -> None:
    """Register a developer.

    Parameters
    ----------
    name
        The organisation's name, as sellers see it.
    email
        Where it is written to.
    legal_name
        As in the public register; the name, if left out.
    kind
        What it is in law.
    country
        Two letters, such as `DE`.
    company_number
        Number, and which register.
    address
        Postal address.
    website
        Where it presents itself.
    privacy_email
        Answers questions about shoppers' data.
    security_email
        Is reached when something leaks.
    standing
        `pending` (nothing works yet) or `good`.
    identity_due_on
        For one that was there before: the day by which it shows its identity.
    """
    open_rooms(common)
    from piepowder.rooms.developers.actions import register_developer
    from piepowder.rooms.ground.actor import COMMAND_LINE

    developer = register_developer(
        name=name,
        contact_email=email,
        legal_name=legal_name,
        kind=kind,
        country=country,
        company_number=company_number,
        address=address,
        website=website,
        privacy_email=privacy_email,
        security_email=security_email,
        standing=standing,
        identity_due_on=identity_due_on,
        by=COMMAND_LINE,
        at=now(),
    )
    show({**developer.described(), "standing": str(standing)}, common)


@app.command(name="list")
def list_all(*, common: Common = Common()) -> None:
    """All developers with their standing and identity."""
    open_rooms(common)
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.standing.models import Subject

    developers = list(Developer.objects.select_related("identity").order_by("id"))
    standings = Subject.objects.of(developer.id for developer in developers)
    rows = [
        {**one.described(), "standing": standings.get(one.id, ""), "identity": one.identity.status}
        for one in developers
    ]
    show_list(rows, ("id", "name", "contact_email", "standing", "identity", "status"), common)


@app.command(name="show")
def show_one(developer_id: str, *, common: Common = Common()) -> None:
    """One developer, with what is peculiar about its name.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    """
    open_rooms(common)
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.standing.models import Subject

    developer = Developer.objects.named(developer_id)
    standing = Subject.objects.of([developer.id]).get(developer.id, "")
    extra = {"standing": standing, "identity": developer.identity.status, "flags": developer.flags()}
    show({**developer.described(), **extra}, common)


@app.command
def change(
    developer_id: str,
    *,
    name: str | None = None,
    legal_name: str | None = None,
    kind: Kind | None = None,
    country: str | None = None,
    company_number: str | None = None,
    address: str | None = None,
    website: str | None = None,
    email: str | None = None,
    privacy_email: str | None = None,
    security_email: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Change the profile; what is left out stays. Other legal facts have the identity shown anew.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    key_file
        File with the API key of whoever acts.
    """
    given: dict[str, Any] = {
        "name": name,
        "legal_name": legal_name,
        "kind": kind,
        "country": country,
        "company_number": company_number,
        "address": address,
        "website": website,
        "contact_email": email,
        "privacy_email": privacy_email,
        "security_email": security_email,
    }
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REGISTER, own=developer_id)
    values = {field: value for field, value in given.items() if value is not None}
    changed = actions.change_profile(Developer.objects.named(developer_id), **values, by=by, at=now())
    show(changed.described(), common)


@app.command
def close(developer_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """End an organisation: its apps may not call, its keys and invitations end.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    reason
        Stands in the letter and on record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN, own=developer_id)
    developer = Developer.objects.named(developer_id)
    show(actions.close_developer(developer, by=by, at=now(), reason=reason).described(), common)


@app.command
def reopen(developer_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a closing back; the standing stays suspended until it is set.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    reason
        Stands on record.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    developer = Developer.objects.named(developer_id)
    show(actions.reopen_developer(developer, by=by, at=now(), reason=reason).described(), common)


@app.command
def identity_due(
    developer_id: str, due_on: date | None = None, *, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Set the day by which an organisation that was there before shows its identity; without a day, take it away.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    due_on
        The day (`2027-01-31`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    developer = Developer.objects.named(developer_id)
    show(actions.set_identity_due(developer, due_on, by=by, at=now()).described(), common)


@app.command
def members(developer_id: str, *, common: Common = Common()) -> None:
    """Who acts for an organisation, and who is invited.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    """
    open_rooms(common)
    from piepowder.rooms.developers.models import Developer, Invitation, Member

    developer = Developer.objects.named(developer_id)
    rows = [{**one.described(), "state": "member"} for one in Member.objects.of(developer)]
    rows += [{**one.described(), "state": "invited"} for one in Invitation.objects.of(developer).open()]
    show_list(rows, ("id", "email", "role", "state"), common)


@app.command
def invite(
    developer_id: str,
    email: str,
    *,
    role: Role = Role.DEVELOPER,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Invite an e-mail address to act for an organisation.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    email
        Only who has confirmed this address can accept, in the console.
    role
        What the person may do.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REGISTER, own=developer_id)
    developer = Developer.objects.named(developer_id)
    show(actions.invite(developer, email=email, role=role, by=by, at=now()).described(), common)


@app.command
def withdraw(developer_id: str, invitation_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Withdraw an invitation.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    invitation_id
        The invitation (`inv_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer, Invitation
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REGISTER, own=developer_id)
    invitation = Invitation.objects.named(invitation_id, Developer.objects.named(developer_id))
    show(actions.withdraw(invitation, by=by, at=now()).described(), common)


@app.command
def add(developer_id: str, account: str, *, role: Role = Role.DEVELOPER, common: Common = Common()) -> None:
    """Let an account act for an organisation, without asking it; on this machine only.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    account
        Id or e-mail address of the account.
    role
        What the person may do.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.models import Account

    person, developer = Account.objects.named(account), Developer.objects.named(developer_id)
    show(actions.add_member(developer, person, by=COMMAND_LINE, at=now(), role=role).described(), common)


@app.command(name="role")
def change_role(
    developer_id: str, member: str, role: Role, *, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Give a member another role. An organisation is never without an owner.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    member
        The member (`mem_…`) or the person's e-mail address.
    role
        What the person may do from now on.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer, Member
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REGISTER, own=developer_id)
    found = Member.objects.named(Developer.objects.named(developer_id), member)
    show(actions.change_role(found, role, by=by, at=now()).described(), common)


@app.command
def remove(developer_id: str, member: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """End a membership.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    member
        The member (`mem_…`) or the person's e-mail address.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions
    from piepowder.rooms.developers.models import Developer, Member
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REGISTER, own=developer_id)
    found = Member.objects.named(Developer.objects.named(developer_id), member)
    actions.remove_member(found, by=by, at=now())
    show({**found.described(), "removed": True}, common)
