"""What a grant may become, what a seller may choose, and how long credentials live. Pure.

A grant that was revoked or has expired never comes back: the seller grants anew.

    active -> expired, revoked
    revoked -> (final)
    expired -> (final)

A request for more, made when an app's new version asks more than a seller allowed. It is the seller's move while open; the old
permissions go on. A still newer version, or the end of the grant, makes it `overtaken`.

    open -> accepted, overtaken, refused
    accepted -> (final)
    refused -> (final)
    overtaken -> (final)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.taxonomy import covers
from piepowder.rooms.appstore.rules.addresses import redirect_problem as redirect_problem  # of clients as of apps


class GrantStatus(StrEnum):
    """Whose move it is: the seller's while active; nobody's afterwards."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


TRANSITIONS: dict[GrantStatus, frozenset[GrantStatus]] = {
    GrantStatus.ACTIVE: frozenset({GrantStatus.REVOKED, GrantStatus.EXPIRED}),
    GrantStatus.REVOKED: frozenset(),
    GrantStatus.EXPIRED: frozenset(),
}


class RequestStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"  # all or part of what was asked
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


REQUEST_TRANSITIONS: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.OPEN: frozenset({RequestStatus.ACCEPTED, RequestStatus.OVERTAKEN, RequestStatus.REFUSED}),
    RequestStatus.ACCEPTED: frozenset(),
    RequestStatus.REFUSED: frozenset(),
    RequestStatus.OVERTAKEN: frozenset(),
}

#: an answer, or a question, that spares the seller being asked about the same version again
ASKED = (RequestStatus.OPEN, RequestStatus.REFUSED)

REMINDER_DAYS = (60, 30, 14, 7, 3, 1)  # before a grant ends
CODE_LIFETIME = timedelta(seconds=60)
ACCESS_LIFETIME = timedelta(seconds=3600)  # one client caches for 3200 s whatever the answer says
REFRESH_LIFETIME = timedelta(days=90)  # absolute, of a whole family; a lasting token ends with its grant
REUSE_GRACE = timedelta(seconds=10)  # a confidential client may repeat a refresh whose answer it lost
SECRET_LIFETIME = timedelta(days=180)
REDIRECTS_MAX = 20  # of one client
SECRET_USE_NOTED = timedelta(hours=1)
SECRET_OVERLAP = timedelta(days=7)  # the old secret stays valid this long after a rotation

GRANTLESS_SCOPES = frozenset(
    {
        "sellingpartnerapi::notifications",
        "sellingpartnerapi::client_credential:rotation",
        "sellingpartnerapi::migration",
    }
)


class Asking(Protocol):
    """What a version asks for, by purpose: data categories and operations."""

    @property
    def purposes(self) -> dict[str, tuple[str, ...]]: ...
    @property
    def operations(self) -> dict[str, tuple[str, ...]]: ...


Declared = Mapping[str, Collection[str]]  # purpose -> data categories
Left = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a seller allows: purposes, and of some of them only these categories. A purpose not in `narrowed`: all declared for it."""

    purposes: tuple[str, ...]
    narrowed: Left | None = None

    def left_to(self, purpose: str, declared: Declared) -> tuple[str, ...]:
        """The categories that the app may read for one of the purposes."""
        return (self.narrowed or {}).get(purpose, tuple(declared.get(purpose, ())))


def chosen(purposes: Collection[str] | None, narrowed: Declared | None, declared: Declared) -> Choice:
    """A seller's choice in its one normal form: sorted, once each, and without what narrows nothing.

    `purposes` None: all that the manifest declares. What `narrowed` says of a purpose that was not chosen is nothing.
    Errors: `consent_purpose_not_declared`, `consent_category_not_declared`, `consent_nothing_chosen`.
    """
    wanted = sorted(declared if purposes is None else set(purposes))
    for purpose in sorted({*wanted, *(narrowed or {})}):
        _require_declared("purpose", purpose, declared)
    if not wanted:
        raise PiepowderError("consent_nothing_chosen", "no purpose was chosen", hint="choose at least one, or refuse")
    chosen = narrowed or {}
    left = {purpose: _left(chosen[purpose], declared[purpose]) for purpose in wanted if purpose in chosen}
    return Choice(tuple(wanted), _normal(left, declared))


def _left(kept: Collection[str], declared: Collection[str]) -> tuple[str, ...]:
    for category in sorted(kept):
        if not covers(declared, category):
            _require_declared("category", category, declared)
    return tuple(sorted(set(kept)))


def _normal(left: Left, declared: Declared) -> Left | None:
    return {purpose: kept for purpose, kept in left.items() if set(kept) != set(declared[purpose])} or None


def _require_declared(what: str, word: str, declared: Collection[str]) -> None:
    if word not in declared:
        raise PiepowderError(
            f"consent_{what}_not_declared",
            f"{what} `{word}` is not in the app's manifest",
            hint=f"declared: {', '.join(sorted(declared)) or 'none'}",
            value=word,
        )


def only(categories: Collection[str], declared: Declared) -> Left:
    """The same categories kept for every purpose that declares them; `consent_category_not_declared` for one that none does."""
    every = sorted({category for several in declared.values() for category in several})
    _left(categories, every)
    return {
        purpose: tuple(sorted(word for word in set(categories) if covers(several, word)))
        for purpose, several in declared.items()
    }


def narrower(
    present: Choice, purposes: Collection[str] | None, narrowed: Declared | None, declared: Declared
) -> Choice:
    """A choice that only takes away; None leaves purposes, or categories, as they are. `consent_narrow_widens` for anything more."""
    kept = present.purposes if purposes is None else tuple(sorted(set(purposes)))
    if not kept:
        raise PiepowderError("consent_nothing_chosen", "no purpose would be left", hint="revoke the grant instead")
    for purpose in sorted({*kept, *(narrowed or {})}):
        if purpose not in present.purposes:
            _require_granted("purpose", purpose, ())
    left = {purpose: present.left_to(purpose, declared) for purpose in kept}
    for purpose, categories in (narrowed or {}).items():
        for category in sorted(categories) if purpose in left else ():
            _require_granted("data category", category, left[purpose])
        if purpose in left:
            left[purpose] = tuple(sorted(set(categories)))
    return Choice(kept, _normal(left, {purpose: declared.get(purpose, ()) for purpose in kept}))


def _require_granted(what: str, word: str, granted: Collection[str]) -> None:
    if not covers(granted, word):
        raise PiepowderError(
            "consent_narrow_widens",
            f"{what} `{word}` was not granted, and narrowing cannot add it",
            hint="the seller can choose again under “My apps”",
            kind=ErrorKind.CONFLICT,
            value=word,
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """What another version asks beyond a seller's grant, and what it no longer asks. Empty members: nothing of the kind."""

    purposes: tuple[str, ...] = ()  # new ones
    categories: tuple[tuple[str, str], ...] = ()  # (purpose, category), for purposes that were granted
    operations: tuple[tuple[str, str], ...] = ()  # (purpose, operation), for purposes that were granted
    gone_purposes: tuple[str, ...] = ()
    gone_categories: tuple[tuple[str, str], ...] = ()

    @property
    def more(self) -> bool:
        """Whether it asks for anything that only the seller can allow."""
        return bool(self.purposes or self.categories or self.operations)


def difference(granted: Choice, before: Asking, after: Asking) -> Difference:
    """Between the version that a grant names and another. Purposes that the seller left out then are no matter now."""
    known = [purpose for purpose in granted.purposes if purpose in after.purposes]
    return Difference(
        purposes=tuple(sorted(set(after.purposes) - set(before.purposes))),
        categories=_added(known, before.purposes, after.purposes),
        operations=_added(known, before.operations, after.operations),
        gone_purposes=tuple(sorted(set(granted.purposes) - set(after.purposes))),
        gone_categories=_added(known, after.purposes, before.purposes),
    )


def _added(purposes: Iterable[str], before: Declared, after: Declared) -> tuple[tuple[str, str], ...]:
    return tuple(
        (purpose, word)
        for purpose in purposes
        for word in sorted(after.get(purpose, ()))
        if not covers(before.get(purpose, ()), word)
    )


def carried_over(granted: Choice, before: Asking, after: Asking) -> Choice | None:
    """The same permissions under another version, without anything new; None where no purpose is left."""
    kept = tuple(purpose for purpose in granted.purposes if purpose in after.purposes)
    left = {purpose: _shared(granted.left_to(purpose, before.purposes), after.purposes[purpose]) for purpose in kept}
    return Choice(kept, _normal(left, after.purposes)) if kept else None


def _shared(one: Collection[str], other: Collection[str]) -> tuple[str, ...]:
    """What both reach: of a group and a member of it, the member."""
    both = {word for word in one if covers(other, word)} | {word for word in other if covers(one, word)}
    return tuple(sorted(both))


def within(choice: Choice, present: Choice, declared: Declared) -> bool:
    """Whether a choice allows nothing that the present one does not."""
    return all(
        purpose in present.purposes
        and all(covers(present.left_to(purpose, declared), word) for word in choice.left_to(purpose, declared))
        for purpose in choice.purposes
    )


def reminder_due(expires_at: datetime, at: datetime) -> int | None:
    """The reminder whose time it is: the fewest days of 60, 30, 14, 7, 3 and 1 that still cover what is left; None before and after."""
    left = expires_at - at
    if left <= timedelta(0):
        return None
    return min((days for days in REMINDER_DAYS if left <= timedelta(days=days)), default=None)
