"""Words for the console's tables."""

from django import template

from piepowder.core.policy.taxonomy import ROLES, purpose_words
from piepowder.rooms.consent.offers import words_of

register = template.Library()
register.filter("purpose_words", purpose_words)
register.filter("category_words", words_of)


@register.filter
def plain(word: str) -> str:
    """`personal_data_off` -> `personal data off`."""
    return str(word).replace("_", " ")


@register.filter
def role_words(role: str) -> str:
    return ROLES.get(role, role)


@register.filter
def split_words(words: str) -> list[str]:
    return words.split()


@register.filter
def app_name(app_id: str, names: object) -> str:
    """The app's name, from the page's `Names`."""
    return str(names.app(app_id)) if hasattr(names, "app") else app_id


@register.filter
def seller_name(seller_id: str, names: object) -> str:
    return str(names.seller(seller_id)) if hasattr(names, "seller") else seller_id
