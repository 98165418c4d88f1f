"""Tables of billing. No row knows a buyer: an order is a number in a count, and nothing else."""

from piepowder.rooms.billing.models.books import AppCategory, CommissionRate, Entry, FreeAmount, MonthRun, Posting
from piepowder.rooms.billing.models.plans import Plan, PlanVersion
from piepowder.rooms.billing.models.statements import Settlement, Statement
from piepowder.rooms.billing.models.subscriptions import Subscription, Term, TermsOffer

__all__ = [
    "AppCategory",
    "CommissionRate",
    "Entry",
    "FreeAmount",
    "MonthRun",
    "Plan",
    "PlanVersion",
    "Posting",
    "Settlement",
    "Statement",
    "Subscription",
    "Term",
    "TermsOffer",
]
