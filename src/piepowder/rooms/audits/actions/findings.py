"""Findings are written, sent together, and settled after the developer's answer."""

from datetime import date, datetime, timedelta

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits import letters, rules
from piepowder.rooms.audits.actions.conduct import check_status, move_on, text
from piepowder.rooms.audits.models import Audit, Finding, Item
from piepowder.rooms.audits.persons import require_assessor
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, Severity
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def add_finding(
    audit: Audit,
    *,
    severity: Severity,
    what: str,
    to_do: str,
    by: Actor,
    at: datetime,
    item: str = "",
    clause: str = "",
    fix_by: date | None = None,
) -> Finding:
    """A draft that nobody is told of yet. The clause is that of the checklist's line unless another is named."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    check_status(audit, AuditStatus.UNDER_ASSESSMENT, "add a finding")
    line = Item.objects.keyed(audit, item) if item else None
    what, to_do, clause = _checked(what, to_do, clause or (line.clause if line else ""))
    same = audit.findings.filter(status=FindingStatus.DRAFT, item=line, what=what).first()
    if same is not None:
        return same  # a form that was sent twice
    fix_by = _fix_by(fix_by, Severity(severity), at)
    finding = Finding.objects.create(
        audit=audit,
        item=line,
        severity=severity,
        clause=clause,
        what=what,
        to_do=to_do,
        fix_by=fix_by,
        status=FindingStatus.DRAFT,
        found_at=at,
    )
    _record("add_finding", finding, by=by, at=at, outcome=FindingStatus.DRAFT)
    return finding


@transaction.atomic
def change_finding(
    finding: Finding,
    *,
    severity: Severity,
    what: str,
    to_do: str,
    clause: str,
    by: Actor,
    at: datetime,
    fix_by: date | None = None,
) -> Finding:
    """Rewrites a draft; what was sent stays as it was sent."""
    finding, _ = _locked(finding, by)
    if finding.status != FindingStatus.DRAFT:
        raise PiepowderError(
            "audits_finding_sent", "this finding was sent already, and stays as it is", kind=ErrorKind.CONFLICT
        )
    what, to_do, clause = _checked(what, to_do, clause)
    Finding.objects.filter(pk=finding.pk).update(
        severity=severity,
        what=what,
        to_do=to_do,
        clause=clause,
        fix_by=_fix_by(fix_by, Severity(severity), at),
    )
    changed = Finding.objects.named(finding.id)
    _record("change_finding", changed, by=by, at=at, outcome=FindingStatus.DRAFT)
    return changed


@transaction.atomic
def drop_finding(finding: Finding, *, by: Actor, at: datetime) -> Finding:
    """Takes a draft back."""
    finding, _ = _locked(finding, by)
    return Finding.objects.advance(finding, FindingStatus.DROPPED, verb="drop_finding", by=by, at=at)


@transaction.atomic
def send_findings(audit: Audit, *, by: Actor, at: datetime) -> Audit:
    """All drafts together, once the whole checklist is judged, so that the developer gets one letter and not a drip."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    drafts = list(audit.findings.filter(status=FindingStatus.DRAFT))
    if not drafts:
        raise PiepowderError(
            "audits_no_findings", "there is no finding to send", hint="close the audit instead", kind=ErrorKind.CONFLICT
        )
    waiting = audit.items.filter(verdict="").count()
    if waiting:
        raise PiepowderError(
            "audits_unfinished",
            f"{waiting} line{'' if waiting == 1 else 's'} of the checklist have no verdict yet",
            hint="finish the checklist first, so that the developer gets everything at once",
            kind=ErrorKind.CONFLICT,
        )
    audit = move_on(audit, AuditStatus.FINDINGS_SENT, "send_findings", by=by, at=at)
    for finding in drafts:
        Finding.objects.advance(finding, FindingStatus.SENT, verb="send_finding", by=by, at=at)
    letters.findings_sent(audit, len(drafts), at=at)
    return audit


@transaction.atomic
def settle_finding(finding: Finding, outcome: FindingStatus, *, reason: str, by: Actor, at: datetime) -> Finding:
    """After the developer's answer: it `stands`, is `fixed` already, or is `withdrawn` because it was wrong."""
    finding, audit = _locked(finding, by)
    check_status(audit, AuditStatus.ANSWERED, "settle a finding")
    if outcome not in rules.SETTLED:
        raise PiepowderError(
            "audits_outcome_wrong", f"a finding does not become `{outcome}`", hint="`stands`, `fixed` or `withdrawn`"
        )
    reason = text(reason, "say why: the developer reads it")
    return Finding.objects.advance(
        finding, FindingStatus(outcome), verb="settle_finding", by=by, at=at, reason=reason, settled_because=reason
    )


@transaction.atomic
def confirm_fixed(finding: Finding, *, reason: str, by: Actor, at: datetime) -> Finding:
    """After the audit was closed: what stood is fixed now."""
    finding, audit = _locked(finding, by)
    check_status(audit, AuditStatus.CLOSED_WITH_FINDINGS, "confirm that it is fixed")
    reason = text(reason, "say how you know that it is fixed")
    return Finding.objects.advance(
        finding, FindingStatus.FIXED, verb="confirm_fixed", by=by, at=at, reason=reason, settled_because=reason
    )


def _locked(finding: Finding, by: Actor) -> tuple[Finding, Audit]:
    audit = Audit.objects.locked(finding.audit_id)
    require_assessor(audit, by)
    return Finding.objects.named(finding.id), audit


def _checked(what: str, to_do: str, clause: str) -> tuple[str, str, str]:
    what = text(what, "say what you found")
    to_do = text(to_do, "say what the developer has to do")
    clause = " ".join(clause.split())
    if not clause or len(clause) > 60:
        raise PiepowderError("audits_clause_missing", "name the clause that it is about, in at most 60 characters")
    return what, to_do, clause


def _fix_by(given: date | None, severity: Severity, at: datetime) -> date:
    fix_by = (
        given or (at + timedelta(days=rules.MOVES[AuditStatus.FINDINGS_SENT].days + rules.FIX_DAYS[severity])).date()
    )
    if fix_by <= at.date():
        raise PiepowderError("audits_fix_by_past", f"`{fix_by}` is no time to fix it", hint="name a later day")
    return fix_by


def _record(verb: str, finding: Finding, *, by: Actor, at: datetime, outcome: str) -> None:
    detail = {"id": finding.audit_id, "finding": finding.id, "severity": finding.severity, "clause": finding.clause}
    record(f"audits.{verb}", by=by, at=at, developer=finding.audit.developer_id, outcome=outcome, detail=detail)
