"""A finding is reported, and joins the case about its subject that has not been served yet; else it opens one."""

from datetime import datetime

from django.db import IntegrityError, transaction
from msgspec import to_builtins

from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.models import Case, Finding
from piepowder.rooms.enforcement.rules import cases, findings
from piepowder.rooms.enforcement.rules.cases import CaseStatus, Severity
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def report(
    finding: findings.Finding, *, by: Actor, at: datetime, frank: bool = False, confidential: bool = False
) -> Finding:
    """The one way in for every accusation. A second report with the same `once` changes nothing and gives back the first.

    `frank`: the subject said it by itself; it counts in its favour. `confidential`: who reported it stays hidden from whoever decides.
    """
    findings.check(finding)
    if before := Finding.objects.reported(finding.once):
        return before
    case = _case_for(finding, frank, by, at)
    row = Finding.objects.create(
        case=case,
        rule=finding.rule,
        clause=finding.clause,
        severity=finding.severity,
        says=finding.says,
        evidence=[to_builtins(one) for one in finding.evidence],
        innocent=list(finding.innocent),
        clears=list(finding.clears),
        policy_version=finding.policy_version,
        once=finding.once or None,
        reported_by=str(by),
        confidential=confidential,
        found_at=at,
    )
    detail = {"case": case.id, "finding": row.id, "rule": finding.rule, "severity": str(finding.severity)}
    record("enforcement.report", by=by, at=at, detail=detail, **case.ledger_fields())
    return row


def _case_for(finding: findings.Finding, frank: bool, by: Actor, at: datetime) -> Case:
    """The gathering case with this finding counted in, or a new one."""
    case = Case.objects.gathering(finding.subject_kind, finding.subject) or _open(finding, by, at)
    gravest = max(Severity(case.severity), finding.severity, key=lambda one: one.rank)
    Case.objects.filter(pk=case.pk).update(severity=gravest, frank=case.frank or frank)
    return Case.objects.get(pk=case.pk)


def _open(finding: findings.Finding, by: Actor, at: datetime) -> Case:
    subject = subjects.find(finding.subject_kind, finding.subject)
    try:
        with transaction.atomic():
            case = Case.objects.create(
                subject_kind=subject.kind,
                subject=subject.id,
                developer_id=subject.developer_id,
                name=subject.name[: findings.SHORT_MAX],
                severity=finding.severity,
                status=CaseStatus.OPENED,
                due_at=cases.due(CaseStatus.OPENED, at),
                opened_by=str(by),
                opened_at=at,
                changed_at=at,
            )
    except IntegrityError:  # of two reports at once, one opens the case and the other joins it
        found = Case.objects.gathering(finding.subject_kind, finding.subject)
        assert found is not None
        return found
    detail = {"id": case.id, "from": "", "to": str(CaseStatus.OPENED)}
    record("enforcement.open", by=by, at=at, outcome=CaseStatus.OPENED, detail=detail, **case.ledger_fields())
    return case
