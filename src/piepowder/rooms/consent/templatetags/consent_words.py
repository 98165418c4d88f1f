"""Words and small questions that pages of this room need."""

from django import template

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.detail import read_detail
from piepowder.core.ledger.model import Record
from piepowder.core.policy.taxonomy import purpose_words
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import words_of
from piepowder.rooms.consent.uses import purposes_in_words

register = template.Library()
register.filter("purpose_words", purpose_words)
register.filter("category_words", words_of)
register.filter("purposes_in_words", purposes_in_words)

_BY = {"seller": "you", "staff": "the marketplace", "developer": "the app's developer", "system": "Piepowder"}


@register.filter
def why_ended(grant: Grant) -> str:
    """Why a grant is over, for the seller whose it was: who ended it, and the reason given."""
    if grant.status == "expired":
        return "Its time was over"
    who = _BY.get(grant.ended_by.partition(":")[0], "")
    words = "You ended it" if who == "you" else f"Ended by {who}" if who else "Ended"
    return f"{words}: {grant.end_reason}" if grant.end_reason else words


@register.filter
def by_words(record: Record) -> str:
    """Who did what a record of a change tells, for a seller: `you`, `the marketplace`."""
    try:
        by = read_detail(record.detail).by
    except PiepowderError:
        return ""
    return _BY.get(by.partition(":")[0], "")
