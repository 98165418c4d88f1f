"""Words for pages about organisations."""

from django import template

from piepowder.rooms.developers.countries import COUNTRIES
from piepowder.rooms.developers.rules.identity import TITLES, IdentityStatus, Point
from piepowder.rooms.developers.rules.names import escaped
from piepowder.rooms.developers.rules.organisation import KIND_WORDS, ROLE_WORDS, Kind, Role
from piepowder.rooms.people.models import Account

register = template.Library()
register.filter("escaped", escaped)

_STATES = {
    IdentityStatus.DRAFT: ("Not shown yet", "line"),
    IdentityStatus.SUBMITTED: ("In review", "gap"),
    IdentityStatus.RETURNED: ("Returned", "warn"),
    IdentityStatus.VERIFIED: ("Verified", "good"),
    IdentityStatus.EXPIRED: ("To be shown anew", "warn"),
}


@register.filter
def actor_words(actor: str) -> str:
    """`staff:acc_…` by the name of the account; a key or the clock by what it is."""
    kind, _, name = actor.partition(":")
    if name.startswith("acc_") and (account := Account.objects.filter(pk=name).first()):
        return f"{account} ({kind})"
    return kind if name in ("piepowder", "command_line") else actor


@register.filter
def country_words(code: str) -> str:
    return COUNTRIES.get(code, code)


@register.filter
def organisation_kind(kind: str) -> str:
    return KIND_WORDS[Kind(kind)] if kind in set(Kind) else kind


@register.filter
def member_role(role: str) -> str:
    """The role in one word."""
    return ROLE_WORDS[Role(role)].partition(":")[0] if role in set(Role) else role


@register.filter
def point_title(point: str) -> str:
    return TITLES[Point(point)] if point in set(Point) else point


@register.filter
def identity_state(status: str) -> str:
    return _STATES[IdentityStatus(status)][0] if status in set(IdentityStatus) else status


@register.filter
def identity_tone(status: str) -> str:
    """The badge's colour."""
    return _STATES[IdentityStatus(status)][1] if status in set(IdentityStatus) else "line"
