"""A case and its parts as the API and the command line show them; `own` leaves out what the subject has no part in."""

from typing import Any

from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Finding, Sanction
from piepowder.rooms.enforcement.rules.cases import DecisionStatus

_TOLD_OF = (DecisionStatus.CONFIRMED, DecisionStatus.OVERTURNED)


def case_line(case: Case, *, own: bool = False) -> dict[str, Any]:
    move = case.move
    return {
        "id": case.id,
        "subject_kind": case.subject_kind,
        "subject": case.subject,
        "developer": case.developer_id,
        "name": case.name,
        "severity": case.severity,
        "status": case.status,
        "whose_move": str(move.side) if move else "",
        "move": move.what if move else "",
        "due_at": case.due_at,
        "officer": "" if own else case.officer,
        "opened_at": case.opened_at,
        "served_at": case.served_at,
        "appeal_until": case.appeal_until,
        "frank": case.frank,
        "cooperated": case.cooperated,
        "silent": case.silent,
    }


def whole(case: Case, *, own: bool = False) -> dict[str, Any]:
    """Outcomes and decisions reach the subject once they were served; who of the marketplace did what does not."""
    decisions = case.decisions.filter(status__in=_TOLD_OF) if own else case.decisions.all()
    show_outcome = not own or decisions.exists()
    return {
        **case_line(case, own=own),
        "findings": [finding_line(one, own=own, outcome=show_outcome) for one in Finding.objects.of_case(case)],
        "notices": [
            {"id": one.id, "kind": one.kind, "title": one.title, "text": one.text, "statement": one.statement}
            | {"served_at": one.served_at}
            for one in case.notices.all()
        ],
        "answers": [
            {"id": one.id, "stances": one.stances, "text": one.text, "answered_at": one.answered_at, "late": one.late}
            for one in case.answers.all()
        ],
        "messages": [message_line(one) for one in case.messages.all()],
        "decisions": [decision_line(one, own=own) for one in decisions],
        "sanctions": [sanction_line(one) for one in case.sanctions.all()],
        "appeals": [appeal_line(one, own=own) for one in case.appeals.all()],
    }


def finding_line(one: Finding, *, own: bool = False, outcome: bool = True) -> dict[str, Any]:
    hidden = own or one.confidential
    return {
        "id": one.id,
        "case": one.case_id,
        "rule": one.rule,
        "clause": one.clause,
        "severity": one.severity,
        "says": one.says,
        "evidence": one.evidence,
        "innocent": one.innocent,
        "clears": one.clears,
        "policy_version": one.policy_version,
        "reported_by": "" if hidden else one.reported_by,
        "found_at": one.found_at,
        "outcome": one.outcome if outcome else "",
        "because": one.because if outcome else "",
    }


def message_line(one: Any) -> dict[str, Any]:
    names = ("id", "side", "text", "written_at", "answer_by", "answered_at")
    return {name: getattr(one, name) for name in names}


def decision_line(one: Decision, *, own: bool = False) -> dict[str, Any]:
    return {
        "id": one.id,
        "case": one.case_id,
        "status": one.status,
        "measure": one.measure,
        "because": one.because,
        "proposal": one.proposal,
        "departs": one.departs,
        "conditions": one.conditions,
        "days": one.days,
        "reach": {} if own else one.blast,
        "decided_by": "" if own else one.decided_by,
        "decided_at": one.decided_at,
        "second": "" if own else one.second,
        "second_because": "" if own else one.second_because,
    }


def sanction_line(one: Sanction) -> dict[str, Any]:
    return {
        "id": one.id,
        "case": one.case_id,
        "status": one.status,
        "measure": one.measure,
        "emergency": one.emergency,
        "confirmed": bool(one.confirmed_by),
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "conditions": one.conditions,
        "ended_because": one.ended_because,
    }


def appeal_line(one: Appeal, *, own: bool = False) -> dict[str, Any]:
    return {
        "id": one.id,
        "case": one.case_id,
        "decision": one.decision_id,
        "status": one.status,
        "text": one.text,
        "filed_at": one.filed_at,
        "judge": "" if own else one.judge,
        "heard_at": one.heard_at,
        "because": one.because,
    }
