"""Words and small questions that pages of this room need."""

from django import template

from piepowder.core.policy.taxonomy import covers, purpose_words
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.consent.offers import words_of

register = template.Library()
register.filter("purpose_words", purpose_words)
register.filter("category_words", words_of)


@register.filter
def granted(category: str, grant: Grant) -> bool:
    """Whether the grant's own choice reaches a category."""
    return grant.categories is None or covers(grant.categories, category)
