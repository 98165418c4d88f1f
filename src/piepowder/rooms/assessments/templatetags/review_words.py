"""What the review desk's templates need."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def form_of(forms: dict[str, Any], question_id: str) -> Any:
    """The form of a question, from the page's forms."""
    return forms.get(question_id)
