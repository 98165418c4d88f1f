"""The verbs of billing: plans and subscriptions, commission, months and their corrections, settlements."""

from piepowder.rooms.billing.actions.books import correct
from piepowder.rooms.billing.actions.commission import file_app, set_commission, set_free_amount
from piepowder.rooms.billing.actions.months import is_over, next_month, run_due, run_month
from piepowder.rooms.billing.actions.plans import change_plan, create_plan, offer_plan, withdraw_plan
from piepowder.rooms.billing.actions.settlements import settle_by_hand, settle_due, try_again
from piepowder.rooms.billing.actions.subscriptions import (
    accept_terms,
    cancel,
    decline_terms,
    follow_time,
    resume,
    subscribe,
    switch_plan,
)

__all__ = [
    "accept_terms",
    "cancel",
    "change_plan",
    "correct",
    "create_plan",
    "decline_terms",
    "file_app",
    "follow_time",
    "is_over",
    "next_month",
    "offer_plan",
    "resume",
    "run_due",
    "run_month",
    "set_commission",
    "set_free_amount",
    "settle_by_hand",
    "settle_due",
    "subscribe",
    "switch_plan",
    "try_again",
    "withdraw_plan",
]
