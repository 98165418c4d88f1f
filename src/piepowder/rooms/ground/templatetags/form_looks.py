"""How a field of a form is laid out, and addresses that keep the filters of a page."""

from django import forms, template
from django.http import HttpRequest

register = template.Library()


@register.filter
def field_kind(field: forms.BoundField) -> str:
    """`tick` for one box, `choices` for several boxes or buttons, `plain` for anything else."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "tick"
    return "choices" if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect) else "plain"


@register.simple_tag
def address_with(request: HttpRequest, **changes: object) -> str:
    """This page's query with some of it changed; an empty value takes a name out: `{% address_with request format="csv" page="" %}`."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return "?" + query.urlencode()
