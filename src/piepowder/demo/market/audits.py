"""Audits of developers: two draws, and four audits at different steps."""

from piepowder.demo.market.days import Days
from piepowder.demo.market.journey import Desk
from piepowder.demo.market.papers import paper
from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit, Draw, Finding
from piepowder.rooms.audits.rules import FindingStatus, Method, Severity, Stance, Verdict
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor, ActorKind

WHAT, TO_DO = (
    "An export of August, with names and addresses, lay in a shared folder; its orders were delivered more than 30 days before.",
    "Delete the export, and let exports end up where the deletion job sees them.",
)
ANSWER = "Deleted on the same day. Exports now go into the encrypted archive, which the deletion job covers."


def audit(days: Days, desk: Desk) -> None:
    """By lot: one audit that is over, one under way. By risk: one that waits for evidence, one that nobody has begun."""
    by_lot = actions.draw_audits(method=Method.SAMPLE, size=2, by=desk.auditor, at=days.ago(42, "10:00"))
    by_risk = actions.draw_audits(method=Method.RISK, size=2, by=desk.auditor, at=days.ago(9, "10:00"))
    first, second = (_announced(one, days, desk, 40) for one in _of(by_lot))
    _with_a_finding(first, days, desk)
    _under_way(second, days, desk)
    third, _ = _of(by_risk)
    _wants_evidence(_announced(third, days, desk, 8), days, desk)


def drawn_already() -> bool:
    return Draw.objects.exists()


def _of(draw: Draw) -> list[Audit]:
    return list(Audit.objects.filter(draw=draw).order_by("id"))


def _announced(one: Audit, days: Days, desk: Desk, ago: int) -> Audit:
    taken = actions.take_audit(one, by=desk.auditor, at=days.ago(ago, "10:30"))
    return actions.announce_audit(taken, by=desk.auditor, at=days.ago(ago, "10:45"))


def _with_a_finding(one: Audit, days: Days, desk: Desk) -> None:
    wanted = [
        ("retention", "The last run of your deletion job, and the oldest record that you hold."),
        ("access", "Who has access."),
    ]
    requests = actions.request_evidence(one, wanted, by=desk.auditor, at=days.ago(38, "11:00"))
    by, words = _owner(one), _words(one)
    for request, kind in zip(requests, ("retention", "access"), strict=True):
        files = [(f"{kind}-made-up.txt", paper(kind, **words))]
        actions.provide_evidence(request, files=files, answer="Here it is.", by=by, at=days.ago(33, "15:20"))
    one = Audit.objects.named(one.id)
    for request in requests:
        actions.accept_evidence(request, by=desk.auditor, at=days.ago(30, "09:30"))
    _judge(one, days, desk, ago=29, not_met="retention")
    finding = actions.add_finding(
        one,
        severity=Severity.MEDIUM,
        what=WHAT,
        to_do=TO_DO,
        item="retention",
        by=desk.auditor,
        at=days.ago(28, "14:00"),
    )
    actions.send_findings(one, by=desk.auditor, at=days.ago(28, "14:30"))
    files = [("note-made-up.txt", paper("finding", **words))]
    actions.answer_finding(finding, Stance.FIXED, answer=ANSWER, files=files, by=by, at=days.ago(24, "16:00"))
    reason = "The folder is empty, and a test export landed in the archive."
    actions.settle_finding(
        Finding.objects.named(finding.id), FindingStatus.FIXED, reason=reason, by=desk.auditor, at=days.ago(20, "10:10")
    )
    summary = "Careful work, with one copy that had been forgotten and is gone now."
    actions.close_audit(Audit.objects.named(one.id), summary=summary, by=desk.auditor, at=days.ago(20, "10:30"))


def _judge(one: Audit, days: Days, desk: Desk, *, ago: int, not_met: str = "", first: int = 100) -> None:
    for item in list(one.items.order_by("place"))[:first]:
        met = item.key != not_met
        reason = "Seen in what was provided." if met else "An export of August was still there."
        verdict = Verdict.MET if met else Verdict.PARTLY_MET
        actions.judge_item(one, item.key, verdict, reason=reason, by=desk.auditor, at=days.ago(ago, "11:00"))


def _under_way(one: Audit, days: Days, desk: Desk) -> None:
    """The assessor is some days late with it."""
    actions.begin_assessment(one, by=desk.auditor, at=days.ago(23, "09:15"))
    _judge(Audit.objects.named(one.id), days, desk, ago=20, first=6)


def _wants_evidence(one: Audit, days: Days, desk: Desk) -> None:
    """One of two things has come."""
    wanted = [
        ("sub_processors", "Your register of sub-processors, with countries and contracts."),
        ("incidents", "Your plan for incidents, and the note of the last rehearsal."),
    ]
    _, plan = actions.request_evidence(one, wanted, by=desk.auditor, at=days.ago(7, "11:30"))
    files = [("incident-plan-made-up.txt", paper("incident_plan", **_words(one)))]
    answer = "The plan. The register follows next week."
    actions.provide_evidence(plan, files=files, answer=answer, by=_owner(one), at=days.ago(2, "12:15"))


def _owner(one: Audit) -> Actor:
    member = one.developer.members.order_by("id").first()
    assert member is not None
    return Actor(ActorKind.DEVELOPER, member.account_id)


def _words(one: Audit) -> dict[str, str]:
    developer = Developer.objects.named(one.developer_id)
    return {"developer": developer.name, "legal_name": developer.legal_name}
