"""States, verdicts and severities of audits, in words."""

from typing import Any

from django import template

register = template.Library()

STATES = {
    "drawn": ("Drawn", "line"),
    "announced": ("Announced", "gap"),
    "evidence_requested": ("Evidence asked for", "gap"),
    "under_assessment": ("Being assessed", "gap"),
    "findings_sent": ("Findings to answer", "warn"),
    "answered": ("Answers being weighed", "gap"),
    "closed_clean": ("Closed, no findings", "good"),
    "closed_with_findings": ("Closed with findings", "warn"),
    "cancelled": ("Cancelled", ""),
}
VERDICTS = {
    "met": ("Met", "good"),
    "partly_met": ("Partly met", "warn"),
    "not_met": ("Not met", "bad"),
    "does_not_apply": ("Does not apply", ""),
    "": ("Open", "line"),
}
SEVERITIES = {"critical": "bad", "high": "bad", "medium": "warn", "low": ""}
REQUESTS = {
    "open": ("Waiting", "warn"),
    "provided": ("Provided", "gap"),
    "accepted": ("Accepted", "good"),
    "withdrawn": ("Withdrawn", ""),
    "lapsed": ("Nothing came in time", "bad"),
}
FINDINGS = {
    "draft": ("Draft", "line"),
    "sent": ("To be answered", "warn"),
    "answered": ("Answered", "gap"),
    "unanswered": ("Not answered in time", "bad"),
    "stands": ("Stands", "bad"),
    "fixed": ("Fixed", "good"),
    "withdrawn": ("Withdrawn", ""),
}
STANCES = {"fixed": "It is fixed already", "will_fix": "We will fix it", "disputed": "We dispute it"}
_TABLES = {"audit": STATES, "verdict": VERDICTS, "request": REQUESTS, "finding": FINDINGS}


@register.filter
def state_words(word: str, table: str = "audit") -> str:
    return _TABLES[table].get(word, (word, ""))[0]


@register.filter
def state_look(word: str, table: str = "audit") -> str:
    return _TABLES[table].get(word, ("", ""))[1]


@register.filter
def severity_look(severity: str) -> str:
    return SEVERITIES.get(severity, "")


@register.filter
def stance_words(stance: str) -> str:
    return STANCES.get(stance, stance)


@register.filter
def documents_named(ids: list[str], documents: dict[str, Any]) -> list[Any]:
    """The documents behind ids, in their order; one that is gone is left out."""
    return [documents[one] for one in ids if one in documents]
