"""Amounts and months as pages show them."""

from datetime import date
from decimal import Decimal

from django import template

from piepowder.rooms.billing import months
from piepowder.rooms.billing.money import shown

register = template.Library()
register.filter("month_words", months.words)

STATES = {
    "trial": "Free days",
    "active": "Active",
    "cancelled": "Cancelled",
    "ended": "Ended",
    "due": "Due",
    "sent": "Under way",
    "settled": "Settled",
    "failed": "Failed",
    "offered": "Offered",
    "withdrawn": "Withdrawn",
}
COLOURS = {
    "active": "good",
    "settled": "good",
    "offered": "good",
    "trial": "gap",
    "failed": "bad",
    "cancelled": "warn",
    "sent": "warn",
}


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """`1 234.50`, with thin spaces between thousands, for eyes; files have it plain."""
    whole, point, parts = shown(amount, currency).partition(".")
    sign, digits = ("\N{MINUS SIGN}", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}".replace(",", "\N{NARROW NO-BREAK SPACE}") + point + parts


@register.filter
def month_code(month: date) -> str:
    return f"{month:%Y-%m}"


@register.filter
def percent(number: Decimal) -> str:
    return f"{number.normalize():f} %"


@register.filter
def state_words(status: str) -> str:
    return STATES.get(status, status)


@register.filter
def state_colour(status: str) -> str:
    return COLOURS.get(status, "")
