"""States, measures, severities and clocks of cases, in words."""

from typing import Any

from django import template
from msgspec import convert

from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.rules.conditions import Condition, in_words
from piepowder.rooms.enforcement.rules.ladder import Measure

register = template.Library()

CASES = {
    "opened": ("Opened", "gap"),
    "notice_served": ("Notice served", "warn"),
    "answered": ("To be decided", "gap"),
    "decided": ("Decided", "warn"),
    "sanctioned": ("Measure in force", "bad"),
    "appealed": ("Appeal being heard", "gap"),
    "reinstated": ("Reinstated", "good"),
    "closed": ("Closed", ""),
    "withdrawn": ("Withdrawn", ""),
}
SANCTIONS = {
    "announced": ("Announced", "warn"),
    "in_force": ("In force", "bad"),
    "expired": ("Over", "good"),
    "lifted": ("Lifted", "good"),
    "overturned": ("Overturned", "good"),
    "cancelled": ("Cancelled", ""),
}
DECISIONS = {
    "proposed": ("Waits for a second person", "warn"),
    "confirmed": ("In effect", "good"),
    "rejected": ("Rejected by the second person", ""),
    "overturned": ("Overturned", ""),
}
APPEALS = {
    "filed": ("Being heard", "gap"),
    "too_late": ("Came too late", ""),
    "upheld": ("The decision stands", "warn"),
    "granted": ("Granted", "good"),
    "changed": ("Changed to a lighter measure", "good"),
}
OUTCOMES = {"upheld": ("Upheld", "bad"), "dismissed": ("Dismissed", "good"), "": ("Open", "line")}
SEVERITIES = {"critical": "bad", "high": "bad", "medium": "warn", "low": ""}
STANCES = {"accepted": "We accept it", "disputed": "We dispute it", "mended": "We accept it, and have mended it"}
KINDS = {"app": "App", "developer": "Developer", "seller": "Seller", "staff": "Member of staff"}
_TABLES = {"case": CASES, "sanction": SANCTIONS, "decision": DECISIONS, "appeal": APPEALS, "outcome": OUTCOMES}


@register.filter
def state_words(word: str, table: str = "case") -> str:
    return _TABLES[table].get(word, (word, ""))[0]


@register.filter
def state_look(word: str, table: str = "case") -> str:
    return _TABLES[table].get(word, ("", ""))[1]


@register.filter
def severity_look(severity: str) -> str:
    return SEVERITIES.get(severity, "")


@register.filter
def stance_words(stance: str) -> str:
    return STANCES.get(stance, stance)


@register.filter
def subject_words(kind: str) -> str:
    return KINDS.get(kind, kind)


@register.filter
def measure_name(measure: str) -> str:
    """`personal_data_off` -> `Personal data off`."""
    return "No measure" if measure == Measure.NONE else measure.replace("_", " ").capitalize()


@register.filter
def measure_words(measure: str) -> str:
    """As the ladder says it, after "the measure is that …"."""
    return "nothing changes" if measure == Measure.NONE else ladder().measures[Measure(measure)].words


@register.filter
def condition_words(plain: dict[str, Any]) -> str:
    """After "as soon as …"."""
    return in_words(convert(plain, Condition))


@register.filter
def of_finding(stances: dict[str, dict[str, str]], finding_id: str) -> dict[str, str]:
    """What an answer says to one finding."""
    return stances.get(finding_id, {})
