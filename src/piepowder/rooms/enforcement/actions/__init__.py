"""The verbs of the court, in the order of a case.

report -> serve -> answer (or the term passes) -> decide (-> confirm) -> impose -> lift, appeal -> hear -> reinstate, close
"""

from piepowder.rooms.enforcement.actions.answering import answer, say
from piepowder.rooms.enforcement.actions.appeals import appeal, hear
from piepowder.rooms.enforcement.actions.clock import keep_clock
from piepowder.rooms.enforcement.actions.deciding import confirm, decide, reject
from piepowder.rooms.enforcement.actions.emergencies import act_at_once, confirm_emergency, end_emergency
from piepowder.rooms.enforcement.actions.measures import lift
from piepowder.rooms.enforcement.actions.reporting import report
from piepowder.rooms.enforcement.actions.serving import extend, serve, take, withdraw

__all__ = [
    "act_at_once",
    "answer",
    "appeal",
    "confirm",
    "confirm_emergency",
    "decide",
    "end_emergency",
    "extend",
    "hear",
    "keep_clock",
    "lift",
    "reject",
    "report",
    "say",
    "serve",
    "take",
    "withdraw",
]
