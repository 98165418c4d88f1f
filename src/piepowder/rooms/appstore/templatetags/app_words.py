"""Words of roles, purposes, data categories and states on the pages of apps."""

from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from piepowder.core.marketplace.taxonomy import words_of
from piepowder.core.policy.taxonomy import ROLES
from piepowder.core.policy.taxonomy import purpose_words as words_of_purpose
from piepowder.rooms.appstore.models import AppVersion
from piepowder.rooms.appstore.rules.caps import REACH_WORDS, Reach
from piepowder.rooms.appstore.rules.checks import TITLES
from piepowder.rooms.appstore.rules.versions import POINTS, VersionStatus
from piepowder.rooms.standing.rules import WORDS as STANDINGS
from piepowder.rooms.standing.rules import Standing

register = template.Library()


@register.filter
def standing_name(standing: str) -> str:
    return standing.replace("_", " ").capitalize()


@register.filter
def standing_words(standing: str) -> str:
    """After "this app …"."""
    return STANDINGS[Standing(standing)] if standing in set(Standing) else "is unknown here"


_POINTS = {point.key: point for point in POINTS}
_BADGES = {
    VersionStatus.LIVE: "good",
    VersionStatus.APPROVED: "good",
    VersionStatus.RETURNED: "bad",
    VersionStatus.SUBMITTED: "warn",
    VersionStatus.IN_REVIEW: "warn",
}


@register.filter
def role_title(role: str) -> str:
    return ROLES.get(role, role)


@register.filter
def purpose_title(purpose: str) -> str:
    """`shipping` -> `Deliver what was bought`."""
    words = words_of_purpose(purpose)
    return words[:1].upper() + words[1:]


@register.filter
def data_words(category: str) -> str:
    return words_of(category) or category


@register.filter
def check_title(name: str) -> str:
    return TITLES[name][0] if name in TITLES else name


@register.filter
def point_title(key: str) -> str:
    return _POINTS[key].words if key in _POINTS else key


@register.filter
def point_clause(key: str) -> str:
    return _POINTS[key].clause if key in _POINTS else ""


@register.filter
def point_rule(key: str) -> str:
    return _POINTS[key].help if key in _POINTS else ""


@register.filter
def refused_first(points: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The reviewer's answers in the order of the checklist, those that returned the version before the others."""
    places = {point.key: place for place, point in enumerate(POINTS)}
    return sorted(points.items(), key=lambda each: (bool(each[1]["fine"]), places.get(each[0], len(places))))


@register.filter
def reach_words(reach: str) -> str:
    return REACH_WORDS[Reach(reach)]


@register.filter
def version_badge(version: AppVersion) -> SafeString:
    """The state of a version as a badge; one that nobody reviewed says so."""
    words = version.words
    if version.rolling_out:
        words = f"live for {version.app.rollout_percent} % of sellers"
    own = (
        ""
        if version.reviewed or version.state not in (VersionStatus.LIVE, VersionStatus.APPROVED)
        else ", without review"
    )
    return format_html('<span class="badge {}">{}{}</span>', _BADGES.get(version.state, ""), words.capitalize(), own)


@register.filter
def ticks_as_code(sentence: str) -> SafeString:
    """A sentence whose words in backticks are shown as code, and nothing else of it as markup."""
    parts = escape(sentence).split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    told = [f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)]
    return mark_safe("".join(told))  # noqa: S308 - escaped above


@register.filter
def of(mapping: dict[str, object], key: str) -> object:
    """A member of a mapping by a name that stands in another variable."""
    return mapping.get(key, "")
