"""An organisation registers, changes what it says about itself, closes and is opened again."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers import letters
from piepowder.rooms.developers.models import Developer, Identity, Invitation, Member, Review
from piepowder.rooms.developers.profile import FIELDS, check_complete, cleaned
from piepowder.rooms.developers.rules.identity import IdentityStatus, legal_changes
from piepowder.rooms.developers.rules.names import skeleton
from piepowder.rooms.developers.rules.organisation import (
    ORGANISATIONS_MAX,
    DeveloperStatus,
    InvitationStatus,
    Role,
    check_company_number,
)
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change, record, record_many
from piepowder.rooms.people.actions import revoke_keys_of
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.actions import open_standings, set_standing
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def register_developer(
    *,
    name: str,
    contact_email: str,
    by: Actor,
    at: datetime,
    standing: Standing = Standing.PENDING,
    identity_due_on: date | None = None,
    **facts: Any,
) -> Developer:
    """Registers an organisation. It may do nothing before its standing is `good`; an operator may give that at once.

    `facts` are more of `profile.FIELDS`. An organisation that is there already, as by an import, has a date by which to show its
    identity (`identity_due_on`); points, documents and clocks are the same for all.
    """
    given = {"name": name, "contact_email": contact_email, **facts}
    try:
        [made] = register_developers([given], by=by, at=at, standing=standing, identity_due_on=identity_due_on)
    except IntegrityError:
        raise _taken(name) from None
    return made


@transaction.atomic
def register_developers(
    several: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    at: datetime,
    standing: Standing = Standing.PENDING,
    identity_due_on: date | None = None,
) -> list[Developer]:
    """As `register_developer`, of many at once: all, or none where one is wrong; `IntegrityError` where a name is taken."""
    new = [_new(cleaned(dict(facts)), at, identity_due_on) for facts in several]
    made = Developer.objects.bulk_create(new)
    Identity.objects.bulk_create([Identity(developer=one, status=IdentityStatus.DRAFT, changed_at=at) for one in made])
    alike = Developer.objects.by_look(one.skeleton for one in made)
    told = [
        Change(
            developer=one.id,
            detail={"name": one.name, "looks_like": [it for it in alike.get(one.skeleton, ()) if it != one.id][:5]},
        )
        for one in made
    ]
    record_many("developers.register", told, by=by, at=at, outcome=standing)
    open_standings([one.id for one in made], "developer", by=by, at=at, standing=standing, reason="registered")
    return made


def _new(values: dict[str, Any], at: datetime, due_on: date | None) -> Developer:
    values["legal_name"] = values.get("legal_name") or values["name"]
    return Developer(**values, skeleton=skeleton(values["name"]), created_at=at, identity_due_on=due_on)


def _taken(name: str) -> PiepowderError:
    return PiepowderError(
        "developers_name_taken",
        f"there is a developer `{name}` already",
        hint="ask its owner for an invitation if it is yours",
        kind=ErrorKind.CONFLICT,
        name=name,
    )


@transaction.atomic
def register_own(account: Account, *, at: datetime, by: Actor, **facts: Any) -> Developer:
    """A signed-in person registers their organisation and is its owner. Staff do not: they review them."""
    if account.is_staff:
        raise PiepowderError(
            "developers_staff",
            "staff of the marketplace do not register organisations of their own",
            kind=ErrorKind.FORBIDDEN,
        )
    Account.objects.select_for_update().get(pk=account.pk)  # the limit holds for two forms at once as well
    if Member.objects.filter(account=account, role=Role.OWNER).count() >= ORGANISATIONS_MAX:
        raise PiepowderError(
            "developers_too_many", f"you own {ORGANISATIONS_MAX} organisations already", kind=ErrorKind.CONFLICT
        )
    facts["name"] = facts.get("name") or facts.get("legal_name", "")
    check_complete(facts)
    developer = register_developer(**facts, by=by, at=at)
    Member.objects.create(developer=developer, account=account, role=Role.OWNER, created_at=at)
    detail = {"account": account.id, "role": str(Role.OWNER)}
    record("developers.add_member", by=by, at=at, developer=developer.id, detail=detail)
    letters.registered(developer, at=at)
    return developer


@transaction.atomic
def change_profile(developer: Developer, *, by: Actor, at: datetime, seen: str = "", **facts: Any) -> Developer:
    """Changes what an organisation says about itself. `seen` is the `revision()` that the form was filled from.

    The legal facts stand still while a reviewer looks at them; where they change later, the identity is shown anew.
    """
    developer = Developer.objects.locked(developer.id)
    check_open(developer)
    if seen and seen != developer.revision():
        raise PiepowderError(
            "developers_profile_stale",
            "somebody else changed the profile while this form was open",
            hint="your words are still here; look at the present ones and save again",
            kind=ErrorKind.CONFLICT,
        )
    before = developer.facts()
    values = cleaned({name: facts[name] for name in FIELDS if name in facts})
    if "company_number" in values or "kind" in values:
        check_company_number(values.get("kind", developer.kind), values.get("company_number", developer.company_number))
    changed = sorted(name for name, value in values.items() if getattr(developer, name) != value)
    if not changed:
        return developer
    if Developer.objects.filter(name=values.get("name", developer.name)).exclude(pk=developer.pk).exists():
        raise _taken(values["name"])
    identity, legal = Identity.objects.of(developer), legal_changes(before, {**before, **values})
    if legal and identity.status == IdentityStatus.SUBMITTED:
        raise PiepowderError(
            "developers_identity_in_review",
            "a reviewer is looking at the legal facts just now",
            hint="take the submission of your identity back first, then change them",
            kind=ErrorKind.CONFLICT,
        )
    Developer.objects.filter(pk=developer.pk).update(**values, skeleton=skeleton(values.get("name", developer.name)))
    record("developers.change_profile", by=by, at=at, developer=developer.id, detail={"changed": changed})
    if legal:
        _show_anew(identity, by=by, at=at)
    return Developer.objects.named(developer.id)


def _show_anew(identity: Identity, *, by: Actor, at: datetime) -> None:
    """Ends a verified identity whose facts have changed."""
    why = "The legal facts of the organisation have changed."
    if identity.status == IdentityStatus.VERIFIED:
        Identity.objects.advance(
            identity,
            IdentityStatus.EXPIRED,
            verb="expire_identity",
            by=by,
            at=at,
            reason=why,
            valid_until=None,
            changed_at=at,
        )
        letters.expired(Identity.objects.of(identity.developer), why, at=at)
    elif identity.valid_until is not None:
        Identity.objects.filter(pk=identity.pk).update(valid_until=None)


@transaction.atomic
def close_developer(developer: Developer, *, by: Actor, at: datetime, reason: str = "") -> Developer:
    """Ends an organisation: its apps may not call, its keys and invitations end, what waits for a reviewer is taken back."""
    developer = Developer.objects.locked(developer.id)
    closed = Developer.objects.advance(
        developer, DeveloperStatus.CLOSED, verb="close", by=by, at=at, reason=reason, closed_at=at
    )
    if Subject.objects.named(developer.id).status != Standing.SUSPENDED:
        set_standing(developer.id, Standing.SUSPENDED, by=by, at=at, reason=reason or "the organisation was closed")
    for invitation in Invitation.objects.of(developer).open():
        Invitation.objects.advance(
            invitation, InvitationStatus.WITHDRAWN, verb="withdraw_invitation", by=by, at=at, answered_at=at
        )
    identity = Identity.objects.of(developer)
    if identity.status == IdentityStatus.SUBMITTED:
        Review.objects.waiting().filter(identity=identity).update(outcome="taken_back", decided_at=at)
        Identity.objects.advance(
            identity, IdentityStatus.DRAFT, verb="take_back_identity", by=by, at=at, reason="closed", changed_at=at
        )
    revoke_keys_of(developer.id, by=by, at=at)
    letters.closed(closed, reason, at=at, by=by)
    return closed


@transaction.atomic
def reopen_developer(developer: Developer, *, by: Actor, at: datetime, reason: str = "") -> Developer:
    """Takes a closing back, by staff. The standing stays as it is: giving it back is a decision of its own."""
    opened = Developer.objects.advance(
        developer, DeveloperStatus.OPEN, verb="reopen", by=by, at=at, reason=reason, closed_at=None
    )
    letters.reopened(opened, at=at, by=by)
    return opened


@transaction.atomic
def set_identity_due(developer: Developer, due_on: date | None, *, by: Actor, at: datetime) -> Developer:
    """Sets the date by which an organisation that was there before the rule shows its identity."""
    Developer.objects.filter(pk=developer.pk).update(identity_due_on=due_on)
    detail = {"due_on": due_on.isoformat() if due_on else ""}
    record("developers.set_identity_due", by=by, at=at, developer=developer.id, detail=detail)
    return Developer.objects.named(developer.id)


def check_open(developer: Developer) -> None:
    """`developers_closed` for whatever a closed organisation cannot do any more. For rooms above as well."""
    if not developer.is_open:
        raise PiepowderError(
            "developers_closed",
            f"`{developer.shown_name}` is closed",
            hint="the marketplace can open it again",
            kind=ErrorKind.CONFLICT,
        )
