"""Audits from the draw to the result: whose move it is, who may assess, and what the clock does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.audits import actions
from piepowder.rooms.audits.models import Audit, Draw, EvidenceRequest, Finding
from piepowder.rooms.audits.persons import assessors_for
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, Method, RequestStatus, Severity, Stance, Verdict
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.evidence.actions import keep
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Account
from piepowder.rooms.publication.actions import publish
from piepowder.rooms.standing.rules import Standing
from tests.audits.conftest import staff
from tests.support.control_plane import AT

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=40)


def _refused(code: str, action: Callable[..., Any], *given: Any, **named: Any) -> None:
    with pytest.raises(PiepowderError) as refusal:
        action(*given, **named)
    assert refusal.value.code == code


def _letters(recipient: str) -> list[str]:
    return [one.kind for one in Letter.objects.to([recipient])]


def _ledger(column: str, value: str, wanted: str = "detail::text") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM ledger_record WHERE {column} = %s", [value])  # words of this file
        return [one for (one,) in cursor.fetchall()]


def _found(audit: Audit, by: Actor, item: str = "retention") -> Finding:
    return actions.add_finding(
        audit,
        severity=Severity.HIGH,
        what="Addresses of last year are in the back-up.",
        to_do="Delete them, and shorten the back-up to 90 days.",
        item=item,
        by=by,
        at=AT,
    )


def test_a_draw_can_be_repeated(developer: Developer) -> None:
    """Seed and pool are kept, the pool's digest stands on the ledger, and a changed row is noticed."""
    for number in range(5):
        register_developer(
            name=f"Another {number}", contact_email="a@b.example", standing=Standing.GOOD, by=SYSTEM, at=AT
        )
    draw = actions.draw_audits(method=Method.SAMPLE, size=3, seed="lottery 1 2 3", by=SYSTEM, at=AT)
    assert len(draw.picked) == 3
    assert draw.seed_given
    assert draw.pool_size == 6
    assert actions.drawn_again(Draw.objects.named(draw.id))
    (detail,) = _ledger("kind", "audits.draw")
    assert draw.pool_digest in detail
    assert "lottery 1 2 3" in detail
    draw.pool["dev_invented"] = {"stratum": "no personal data, no grants"}
    assert not actions.drawn_again(draw)


def test_nobody_is_drawn_twice_at_a_time(drawn: Audit) -> None:
    """Who has an open audit, and who may not call, is not in the pool."""
    register_developer(name="Not yet", contact_email="a@b.example", by=SYSTEM, at=AT)
    _refused("audits_pool_empty", actions.draw_audits, method=Method.RISK, size=1, by=SYSTEM, at=AT)


def test_a_draw_of_nobody_or_of_too_many_is_refused(developer: Developer) -> None:
    """The sentence says how many there are."""
    for size in (0, 2):
        _refused("audits_size_wrong", actions.draw_audits, method=Method.SAMPLE, size=size, by=SYSTEM, at=AT)


def test_risk_is_read_from_what_the_gateways_know(developer: Developer) -> None:
    """Declared personal data and grants of all apps of a developer; the reason on the audit names every factor."""
    manifest = ManifestFact(
        operations={"orders.v0.getOrders": ("shipping",)}, categories={"shipping": ("buyer.address",)}
    )
    publish("app", "app_1", AppFact(id="app_1", developer=developer.id, name="Labels", versions={"1": manifest}))
    for number in range(12):
        fact = GrantFact(id=f"grant_{number}", app="app_1", seller=f"sel_{number}", version="1", purposes=("shipping",))
        publish("grant", fact.id, fact)
    (row,) = actions.preview(Method.RISK, at=AT)
    points = {one["name"]: one["points"] for one in row["factors"]}
    assert points["reach"] == 11
    assert points["personal data"] > 0
    draw = actions.draw_audits(method=Method.RISK, size=1, by=SYSTEM, at=AT)
    why = Audit.objects.get(draw=draw).why
    assert f"{row['score']} of 100" in why
    assert "12 active grants" in why


def test_an_audit_that_finds_nothing(
    judged: Callable[..., Audit], assessor: Actor, developer: Developer, announced: Audit
) -> None:
    """Announced, assessed, closed; the developer was told at both ends, and the profile shows it."""
    audit = actions.close_audit(judged(), summary="All in order.", by=assessor, at=LATER)
    assert audit.status == AuditStatus.CLOSED_CLEAN
    assert audit.due_at is None
    assert _letters(developer.id) == ["audits.closed", "audits.announced"]
    result = Audit.objects.result_of(developer.id)
    assert result
    assert result["result"] == "closed_clean"
    assert result["to_fix"] == 0
    kinds = set(_ledger("developer", developer.id, "kind"))
    assert {"audits.open", "audits.assign", "audits.announce", "audits.begin", "audits.judge", "audits.close"} <= kinds


def test_an_audit_with_a_finding(
    judged: Callable[..., Audit], assessor: Actor, member: Actor, developer: Developer
) -> None:
    """Found, sent, answered, it stands; the profile says what is to fix, and once it is fixed says that."""
    audit = judged(retention="not_met")
    _refused("audits_unfinished", actions.close_audit, audit, summary="Done.", by=assessor, at=AT)
    finding = _found(audit, assessor)
    assert finding.clause == "5.1"
    assert finding.id == _found(audit, assessor).id
    audit = actions.send_findings(audit, by=assessor, at=AT)
    assert audit.is_developers_move
    answered = actions.answer_finding(
        finding,
        Stance.WILL_FIX,
        answer="Until March.",
        files=[("plan.txt", b"A made-up plan.\n")],
        by=member,
        at=AT,
    )
    assert len(answered.documents) == 1
    audit = Audit.objects.named(audit.id)
    assert audit.status == AuditStatus.ANSWERED
    _refused("audits_unfinished", actions.close_audit, audit, summary="Done.", by=assessor, at=AT)
    actions.settle_finding(answered, FindingStatus.STANDS, reason="It is so.", by=assessor, at=AT)
    audit = actions.close_audit(audit, summary="One thing to fix.", by=assessor, at=AT)
    assert audit.status == AuditStatus.CLOSED_WITH_FINDINGS
    result = Audit.objects.result_of(developer.id)
    assert result
    assert (result["to_fix"], result["worst_to_fix"]) == (1, "high")
    actions.confirm_fixed(Finding.objects.named(finding.id), reason="Seen.", by=assessor, at=LATER)
    result = Audit.objects.result_of(developer.id)
    assert result
    assert result["to_fix"] == 0
    assert result["findings"] == 1


def test_a_wrong_finding_leaves_no_mark(
    judged: Callable[..., Audit], assessor: Actor, member: Actor, developer: Developer
) -> None:
    """Disputed and withdrawn: the audit ends clean."""
    audit = judged(retention="not_met")
    finding = _found(audit, assessor)
    actions.send_findings(audit, by=assessor, at=AT)
    actions.answer_finding(finding, Stance.DISPUTED, answer="It is a test system.", by=member, at=AT)
    finding = Finding.objects.named(finding.id)
    actions.settle_finding(finding, FindingStatus.WITHDRAWN, reason="True: made-up data.", by=assessor, at=AT)
    assert actions.close_audit(audit, summary="Clean.", by=assessor, at=AT).status == AuditStatus.CLOSED_CLEAN


def test_evidence_is_asked_for_provided_and_sent_back(announced: Audit, assessor: Actor, member: Actor) -> None:
    """All in one letter; the last answer moves the audit on; what is sent back is the developer's move again, for a week."""
    wanted = [("retention", "The deletion job."), ("", "Your architecture.")]
    first, other = actions.request_evidence(announced, wanted, by=assessor, at=AT)
    _refused("audits_evidence_outstanding", actions.begin_assessment, announced, by=assessor, at=AT)
    _refused("audits_nothing_provided", actions.provide_evidence, first, answer="  ", by=member, at=AT)
    actions.provide_evidence(first, files=[("job.txt", b"made up\n")], by=member, at=AT)
    assert Audit.objects.named(announced.id).status == AuditStatus.EVIDENCE_REQUESTED
    actions.provide_evidence(other, answer="One server.", by=member, at=AT)
    assert Audit.objects.named(announced.id).status == AuditStatus.UNDER_ASSESSMENT
    actions.send_back_evidence(EvidenceRequest.objects.named(other.id), why="Where is it?", by=assessor, at=AT)
    audit = Audit.objects.named(announced.id)
    assert audit.status == AuditStatus.EVIDENCE_REQUESTED
    assert audit.due_at == AT + timedelta(days=7)
    other = EvidenceRequest.objects.named(other.id)
    assert (other.status, other.sent_back) == (RequestStatus.OPEN, "Where is it?")


def test_documents_of_others_are_as_good_as_none(announced: Audit, assessor: Actor, member: Actor) -> None:
    """An id of another organisation's document is refused, and nothing is provided."""

    other = register_developer(name="Other", contact_email="a@b.example", by=SYSTEM, at=AT)
    theirs = keep(b"made up\n", name="theirs.txt", owner=other.id, purpose="test", by=SYSTEM, at=AT)
    (asked,) = actions.request_evidence(announced, [("", "Anything.")], by=assessor, at=AT)
    _refused("evidence_unknown", actions.provide_evidence, asked, documents=[theirs.id], by=member, at=AT)
    assert EvidenceRequest.objects.named(asked.id).status == RequestStatus.OPEN


def test_nobody_audits_their_own_organisation(drawn: Audit, developer: Developer) -> None:
    """Neither by taking it nor by being assigned, whoever does it."""
    account = staff("insider")
    add_member(developer, account, by=SYSTEM, at=AT)
    insider = Actor(ActorKind.STAFF, account.id)
    _refused("developers_own_organisation", actions.take_audit, drawn, by=insider, at=AT)
    _refused("developers_own_organisation", actions.assign_assessor, drawn, account, by=SYSTEM, at=AT)
    _refused("developers_own_organisation", actions.cancel_audit, drawn, reason="Why not.", by=insider, at=AT)


def test_nobody_audits_what_they_approved(
    drawn: Audit, assessor: Actor, assessor_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had a part in the approval leaves the audit to somebody else; the list of assessors does not offer them."""

    asked: list[str] = []

    def approvers(rows: object, developer: str) -> set[str]:
        asked.append(developer)
        return {str(assessor)}

    assert assessor_account in assessors_for(drawn.developer)
    monkeypatch.setattr(type(Submission.objects.all()), "approvers_of", approvers)
    monkeypatch.setattr(type(Submission.objects), "approvers_of", approvers)
    _refused("audits_assessor_approved_it", actions.take_audit, drawn, by=assessor, at=AT)
    assert assessor_account not in assessors_for(drawn.developer)
    assert set(asked) == {drawn.developer_id}


def test_only_the_assessor_assesses(announced: Audit) -> None:
    """Another reviewer reads, and is told that it is not theirs."""
    other = Actor(ActorKind.STAFF, staff("sam").id)
    _refused("audits_not_the_assessor", actions.begin_assessment, announced, by=other, at=AT)
    _refused("audits_taken", actions.take_audit, announced, by=other, at=AT)


def test_an_audit_without_assessor_is_not_announced(drawn: Audit) -> None:
    """The developer is never told to wait for nobody."""
    _refused("audits_assessor_missing", actions.announce_audit, drawn, by=SYSTEM, at=AT)


def test_a_stale_verdict_is_a_conflict(announced: Audit, assessor: Actor) -> None:
    """Two windows: the second is told what the first one saved; the same verdict twice is fine."""
    actions.begin_assessment(announced, by=assessor, at=AT)
    given: dict[str, Any] = {"by": assessor, "at": AT}
    actions.judge_item(announced, "logs", Verdict.MET, reason="Seen.", revision=0, **given)
    actions.judge_item(announced, "logs", Verdict.MET, reason="Seen.", revision=0, **given)
    _refused(
        "audits_item_changed_meanwhile",
        actions.judge_item,
        announced,
        "logs",
        Verdict.NOT_MET,
        reason="No logs.",
        revision=0,
        **given,
    )
    again = actions.judge_item(announced, "logs", Verdict.NOT_MET, reason="No logs.", revision=1, **given)
    assert again.revision == 2


def test_silence_does_not_stop_an_audit(announced: Audit, assessor: Actor, developer: Developer) -> None:
    """Reminded at 7, 3 and 1 days, each once; at the end it goes on with what there is, and the assessor is told."""
    actions.request_evidence(announced, [("logs", "A sample.")], by=assessor, at=AT)
    for days in (14, 14.5, 18, 20, 20.1):
        assert actions.keep_clock(at=AT + timedelta(days=days)) == 0
    assert _letters(developer.id).count("audits.reminder") == 3
    assert actions.keep_clock(at=AT + timedelta(days=21)) == 1
    assert actions.keep_clock(at=AT + timedelta(days=21)) == 0
    audit = Audit.objects.named(announced.id)
    assert audit.status == AuditStatus.UNDER_ASSESSMENT
    assert audit.requests.get().status == RequestStatus.LAPSED
    assert "audits.your_move" in _letters(assessor.id)


def test_unanswered_findings_are_decided_on_what_there_is(judged: Callable[..., Audit], assessor: Actor) -> None:
    """The time for answers ends; the assessor still decides each one with a reason."""
    audit = judged(retention="partly_met")
    finding = _found(audit, assessor)
    actions.send_findings(audit, by=assessor, at=AT)
    assert actions.keep_clock(at=AT + timedelta(days=22)) == 1
    finding = Finding.objects.named(finding.id)
    assert finding.status == FindingStatus.UNANSWERED
    actions.settle_finding(finding, FindingStatus.STANDS, reason="No answer.", by=assessor, at=LATER)
    assert actions.close_audit(audit, summary="One.", by=assessor, at=LATER).status == AuditStatus.CLOSED_WITH_FINDINGS


def test_our_own_delay_hurts_nobody(announced: Audit, assessor: Actor) -> None:
    """An assessor who is late gets a letter, once; the audit stays where it is."""
    for days in (15, 16):
        assert actions.keep_clock(at=AT + timedelta(days=days)) == 0
    assert _letters(assessor.id).count("audits.late") == 1
    assert Audit.objects.named(announced.id).status == AuditStatus.ANNOUNCED


def test_more_time_is_given_once(announced: Audit, assessor: Actor, developer: Developer) -> None:
    """With a letter; a second time is refused, and so is more time for the marketplace itself."""
    given: dict[str, Any] = {"reason": "Holidays.", "by": assessor, "at": AT}
    _refused("audits_not_the_developers_move", actions.extend_audit, announced, LATER, **given)
    actions.request_evidence(announced, [("", "Anything.")], by=assessor, at=AT)
    assert actions.extend_audit(announced, LATER, **given).due_at == LATER
    _refused("audits_extended_already", actions.extend_audit, announced, LATER + timedelta(days=2), **given)
    assert "audits.extended" in _letters(developer.id)


def test_cancelling_says_why(announced: Audit, assessor: Actor, developer: Developer) -> None:
    """It ends without a result; a cancelled audit does not count as one."""
    _refused("audits_text_missing", actions.cancel_audit, announced, reason=" ", by=assessor, at=AT)
    cancelled = actions.cancel_audit(announced, reason="Drawn by mistake.", by=assessor, at=AT)
    assert cancelled.status == AuditStatus.CANCELLED
    assert Audit.objects.result_of(developer.id) is None
    _refused("audits_audit_not_from_here", actions.cancel_audit, announced, reason="Again.", by=assessor, at=AT)
