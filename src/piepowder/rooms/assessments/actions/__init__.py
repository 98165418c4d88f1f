"""The verbs of assessments: a developer answers and hands in, a reviewer decides, the clock reminds and ends."""

from piepowder.rooms.assessments.actions.clock import expire_due, note_breaches, remind_due
from piepowder.rooms.assessments.actions.concluding import conclude, confirm, decline, needs_second, retract
from piepowder.rooms.assessments.actions.drafting import (
    adopt_newest,
    answer,
    attach,
    begin,
    begin_from,
    bring_in,
    detach,
    dismiss_differences,
    open_now,
    set_roles,
    upload,
    withdraw,
)
from piepowder.rooms.assessments.actions.handing_in import ask_re_review, submit
from piepowder.rooms.assessments.actions.reviewing import (
    accept_rest,
    assign,
    decide,
    hand_back,
    judged,
    proposal,
    take,
    take_next,
    undecided,
)
from piepowder.rooms.assessments.actions.talking import write

__all__ = [
    "accept_rest",
    "adopt_newest",
    "answer",
    "ask_re_review",
    "assign",
    "attach",
    "begin",
    "begin_from",
    "bring_in",
    "conclude",
    "confirm",
    "decide",
    "decline",
    "detach",
    "dismiss_differences",
    "expire_due",
    "hand_back",
    "judged",
    "needs_second",
    "note_breaches",
    "open_now",
    "proposal",
    "remind_due",
    "retract",
    "set_roles",
    "submit",
    "take",
    "take_next",
    "undecided",
    "upload",
    "withdraw",
    "write",
]
