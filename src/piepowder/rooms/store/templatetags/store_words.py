"""Stars, shares, dots and bars: how the store draws what it knows. Drawings are SVG made here, so no script is needed."""

from hashlib import blake2b
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from piepowder.rooms.store.categories import category_name
from piepowder.rooms.store.markdown import rendered
from piepowder.rooms.store.observed import LabelShown, Row

register = template.Library()
register.filter("category_name", category_name)
TONES = 6


@register.filter
def markdown(text: str) -> SafeString:
    """A description; `markdown.py` lets nothing through but its own few tags."""
    return mark_safe(rendered(text))  # noqa: S308


@register.filter
def tone(name: str) -> int:
    """One of six colours, always the same for an app."""
    return blake2b(name.encode(), digest_size=1).digest()[0] % TONES


@register.filter
def initial(name: str) -> str:
    """The first letter or digit of a name."""
    return next((char.upper() for char in name if char.isalnum()), "?")


@register.filter
def share(value: float | None) -> str:
    """`4 %`, `under 1 %`, `never`; empty for what is not shown."""
    if value is None:
        return ""
    if value == 0:
        return "never"
    return "under 1 %" if value < 0.01 else f"{min(100, round(100 * value))} %"


@register.filter
def amount(value: float | None) -> str:
    """`2.1`, `0.04`, `12`."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"


@register.filter
def hundred(value: float | None) -> str:
    """A share as a length of 100, for drawings."""
    return f"{min(100.0, max(0.0, 100 * (value or 0))):.2f}"


@register.filter
def stars_words(value: float) -> str:
    return f"{value:g} of 5 stars"


@register.inclusion_tag("store/stars.html")
def stars(value: float) -> dict[str, Any]:
    """Five stars, filled to the half."""
    kinds = ["full" if value >= n else "half" if value >= n - 0.5 else "none" for n in range(1, 6)]
    return {"kinds": kinds, "words": stars_words(value)}


@register.inclusion_tag("store/dots.html")
def dots(asked: int, read: int | None) -> dict[str, Any]:
    """One square for each kind of a shopper's data that an app asks for; those it read are filled."""
    filled = min(asked, read or 0)
    squares = [(10 + 16 * place, place < filled) for place in range(min(asked, 15))]
    return {
        "squares": squares,
        "asked": asked,
        "read": None if read is None else filled,
        "width": 4 + 16 * len(squares),
    }


@register.filter
def headline(label: LabelShown) -> str:
    """The label in one sentence."""
    asked, read = label.asked, label.read
    if not asked:
        return "It asks for nothing that is about a buyer."
    begin = f"It asks for {asked} kind{'' if asked == 1 else 's'} of data about buyers"
    if label.state != "shown":
        return f"{begin}."
    if read == asked:
        return f"{begin}, and read {'it' if asked == 1 else 'all of them'} in the last 30 days."
    return f"{begin}, and read {read or 'none'} of them in the last 30 days."


@register.filter
def against_median(row: Row) -> str:
    """`more than most here`, `less than most here`; empty where there is nothing to compare with."""
    if row.share is None or row.median is None:
        return ""
    if row.share > row.median + 0.05:
        return "more than most on this shelf"
    return "less than most on this shelf" if row.share < row.median - 0.05 else "about as most on this shelf"
