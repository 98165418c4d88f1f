"""The verbs of audits: draw, conduct, answer, settle; and what the clock does."""

from piepowder.rooms.audits.actions.answers import answer_finding, provide_evidence
from piepowder.rooms.audits.actions.clock import keep_clock
from piepowder.rooms.audits.actions.conduct import (
    announce_audit,
    assign_assessor,
    begin_assessment,
    cancel_audit,
    close_audit,
    extend_audit,
    judge_item,
    take_audit,
)
from piepowder.rooms.audits.actions.draws import draw_audits, drawn_again, preview
from piepowder.rooms.audits.actions.findings import (
    add_finding,
    change_finding,
    confirm_fixed,
    drop_finding,
    send_findings,
    settle_finding,
)
from piepowder.rooms.audits.actions.requests import (
    accept_evidence,
    request_evidence,
    send_back_evidence,
    withdraw_request,
)

__all__ = [
    "accept_evidence",
    "add_finding",
    "announce_audit",
    "answer_finding",
    "assign_assessor",
    "begin_assessment",
    "cancel_audit",
    "change_finding",
    "close_audit",
    "confirm_fixed",
    "draw_audits",
    "drawn_again",
    "drop_finding",
    "extend_audit",
    "judge_item",
    "keep_clock",
    "preview",
    "provide_evidence",
    "request_evidence",
    "send_back_evidence",
    "send_findings",
    "settle_finding",
    "take_audit",
    "withdraw_request",
]
