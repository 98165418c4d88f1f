"""An audit is assigned, announced, begun, gone through, given more time, closed or cancelled."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.audits import letters, rules
from piepowder.rooms.audits.models import Audit, Item
from piepowder.rooms.audits.persons import check_assessor, name_of, require_assessor, require_independent
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, RequestStatus, Side, Verdict
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.people.models import Account

TEXT_MAX = 4000


def text(words: str, missing: str = "") -> str:
    """What somebody has to say, within its length; with `missing`, it may not be empty."""
    words = words.replace("\r\n", "\n").replace("\0", "").strip()
    if missing and not words:
        raise PiepowderError("audits_text_missing", missing)
    if len(words) > TEXT_MAX:
        raise PiepowderError("audits_text_long", f"this text has {len(words):,} characters; {TEXT_MAX:,} fit")
    return words


@transaction.atomic
def take_audit(audit: Audit, *, by: Actor, at: datetime) -> Audit:
    """Whoever takes an audit that nobody has assesses it. Of two at once, one gets it."""
    audit = Audit.objects.locked(audit.id)
    if audit.assessor == str(by):
        return audit
    if audit.assessor:
        raise PiepowderError(
            "audits_taken",
            f"`{name_of(audit.assessor)}` assesses this one already",
            hint="take another",
            kind=ErrorKind.CONFLICT,
        )
    return _assign(audit, by, by=by, at=at)


@transaction.atomic
def assign_assessor(audit: Audit, assessor: Account, *, by: Actor, at: datetime) -> Audit:
    """Gives an audit to a member of staff who had no part in the organisation or its approval; it may change hands later."""
    audit = Audit.objects.locked(audit.id)
    require_independent(audit, by)
    return _assign(audit, Actor(ActorKind.STAFF, assessor.id), by=by, at=at)


def _assign(audit: Audit, assessor: Actor, *, by: Actor, at: datetime) -> Audit:
    _check_open(audit)
    check_assessor(assessor, audit.developer)
    Audit.objects.filter(pk=audit.pk).update(assessor=str(assessor))
    detail = {"id": audit.id, "assessor": str(assessor), "before": audit.assessor}
    record("audits.assign", by=by, at=at, developer=audit.developer_id, detail=detail)
    assigned = Audit.objects.named(audit.id)
    if assessor != by:
        letters.over_to_assessor(assigned, f"You assess {audit.developer.name}.", at=at)
    return assigned


@transaction.atomic
def announce_audit(audit: Audit, *, by: Actor, at: datetime) -> Audit:
    """Tells the developer. Nobody is announced an audit that has no assessor."""
    audit = Audit.objects.locked(audit.id)
    require_independent(audit, by)
    if not audit.assessor:
        raise PiepowderError(
            "audits_assessor_missing",
            "this audit has no assessor yet",
            hint="assign one first: the developer is told whom the audit waits for",
            kind=ErrorKind.CONFLICT,
        )
    audit = move_on(audit, AuditStatus.ANNOUNCED, "announce", by=by, at=at, announced_at=at)
    letters.announced(audit, at=at)
    return audit


@transaction.atomic
def begin_assessment(audit: Audit, *, by: Actor, at: datetime) -> Audit:
    """The assessor goes on with what there is; requests that were not answered yet stay open until the audit is closed."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    waiting = audit.requests.filter(status=RequestStatus.OPEN).count()
    if audit.status == AuditStatus.EVIDENCE_REQUESTED and waiting and audit.due_at and at < audit.due_at:
        raise PiepowderError(
            "audits_evidence_outstanding",
            f"the developer has until `{audit.due_at:%Y-%m-%d}` for {waiting} request{'' if waiting == 1 else 's'}",
            hint="withdraw what is no longer needed, or wait",
            kind=ErrorKind.CONFLICT,
        )
    return move_on(audit, AuditStatus.UNDER_ASSESSMENT, "begin", by=by, at=at)


@transaction.atomic
def judge_item(
    audit: Audit, key: str, verdict: Verdict, *, reason: str, by: Actor, at: datetime, revision: int | None = None
) -> Item:
    """The assessor's verdict on one line of the checklist. `revision`: of the verdict that was seen; another since is a conflict."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    check_status(audit, AuditStatus.UNDER_ASSESSMENT, "judge")
    item, verdict = Item.objects.keyed(audit, key), Verdict(verdict)
    reason = text(reason, "say what the verdict rests on")
    if (item.verdict, item.reason) == (verdict, reason):
        return item
    if revision is not None and revision != item.revision:
        raise PiepowderError(
            "audits_item_changed_meanwhile",
            f"this line was judged meanwhile: {item.verdict.replace('_', ' ')}, “{item.reason}”",
            hint="compare it with yours and save again",
            kind=ErrorKind.CONFLICT,
            revision=item.revision,
        )
    Item.objects.filter(pk=item.pk).update(
        verdict=verdict, reason=reason, revision=F("revision") + 1, judged_by=str(by), judged_at=at
    )
    detail = {"id": audit.id, "item": item.key, "clause": item.clause}
    record("audits.judge", by=by, at=at, developer=audit.developer_id, outcome=verdict, reason=reason, detail=detail)
    return Item.objects.get(pk=item.pk)


@transaction.atomic
def extend_audit(audit: Audit, until: datetime, *, reason: str, by: Actor, at: datetime) -> Audit:
    """More time for a step of the developer's: once, at most four weeks, with a reason."""
    audit = Audit.objects.locked(audit.id)
    require_independent(audit, by)
    reason = text(reason, "say why there is more time")
    if not audit.is_developers_move or audit.due_at is None:
        raise PiepowderError(
            "audits_not_the_developers_move",
            "only a step of the developer's can be given more time",
            kind=ErrorKind.CONFLICT,
        )
    rules.check_extension(audit.due_at, until, audit.extended)
    Audit.objects.filter(pk=audit.pk).update(due_at=until, extended=True)
    detail = {"id": audit.id, "before": f"{audit.due_at:%Y-%m-%dT%H:%M:%SZ}", "until": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
    record("audits.extend", by=by, at=at, developer=audit.developer_id, reason=reason, detail=detail)
    audit = Audit.objects.named(audit.id)
    letters.extended(audit, reason, at=at)
    return audit


@transaction.atomic
def close_audit(audit: Audit, *, summary: str, by: Actor, at: datetime) -> Audit:
    """Ends an audit. How it ends follows from its findings; every line of the checklist has a verdict by then."""
    audit = Audit.objects.locked(audit.id)
    require_assessor(audit, by)
    summary = text(summary, "sum up the audit: the developer reads it")
    _check_finished(audit)
    end = rules.result(audit.findings.values_list("status", flat=True))
    audit = move_on(audit, end, "close", by=by, at=at, reason=summary, summary=summary, closed_at=at)
    letters.closed(audit, at=at)
    return audit


def _check_finished(audit: Audit) -> None:
    waiting = audit.items.filter(verdict="").count()
    if waiting:
        raise _unfinished(f"{waiting} line{'' if waiting == 1 else 's'} of the checklist without a verdict")
    if audit.findings.filter(status=FindingStatus.DRAFT).exists():
        raise _unfinished("findings that were not sent")
    if audit.findings.filter(status__in=(FindingStatus.ANSWERED, FindingStatus.UNANSWERED)).exists():
        raise _unfinished("findings on which nobody decided after the developer's answer")
    faults = audit.items.filter(verdict__in=(Verdict.NOT_MET, Verdict.PARTLY_MET))
    if bare := faults.exclude(findings__status__in=_TOLD).first():
        raise _unfinished(f"no finding for “{bare.question}”, which is not met")


_TOLD = (
    FindingStatus.SENT,
    FindingStatus.ANSWERED,
    FindingStatus.UNANSWERED,
    FindingStatus.STANDS,
    FindingStatus.FIXED,
    FindingStatus.WITHDRAWN,
)


def _unfinished(what: str) -> PiepowderError:
    return PiepowderError(
        "audits_unfinished",
        f"there is still something to do: {what}",
        hint="finish it, then close",
        kind=ErrorKind.CONFLICT,
    )


@transaction.atomic
def cancel_audit(audit: Audit, *, reason: str, by: Actor, at: datetime) -> Audit:
    """Ends an audit without a result, before findings were sent."""
    audit = Audit.objects.locked(audit.id)
    require_independent(audit, by)
    reason = text(reason, "say why the audit is cancelled")
    told = audit.status != AuditStatus.DRAWN
    audit = move_on(audit, AuditStatus.CANCELLED, "cancel", by=by, at=at, reason=reason, summary=reason, closed_at=at)
    if told:
        letters.cancelled(audit, at=at)
    return audit


def move_on(
    audit: Audit, to: AuditStatus, verb: str, *, by: Actor, at: datetime, reason: str = "", **changes: object
) -> Audit:
    """The next state with its own deadline."""
    given = {"due_at": rules.due(to, at), "extended": False, **changes}
    Audit.objects.advance(audit, to, verb=verb, by=by, at=at, reason=reason, **given)
    return Audit.objects.named(audit.id)


def check_status(audit: Audit, wanted: AuditStatus, what: str) -> None:
    if audit.status != wanted:
        raise PiepowderError(
            "audits_not_now",
            f"nobody can {what} while this audit is `{audit.status}`",
            hint=_whose(audit),
            kind=ErrorKind.CONFLICT,
            status=str(audit.status),
        )


def _whose(audit: Audit) -> str:
    move = audit.move
    if move is None:
        return "it is over"
    who = {Side.STAFF: "the marketplace", Side.ASSESSOR: "the assessor", Side.DEVELOPER: "the developer"}[move.side]
    return f"it waits for {who} to {move.what}"


def _check_open(audit: Audit) -> None:
    if audit.move is None:
        raise PiepowderError("audits_over", f"this audit is `{audit.status}`", kind=ErrorKind.CONFLICT)
