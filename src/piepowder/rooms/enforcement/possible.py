"""What somebody can do in a case just now, and why not where they cannot: pages show both, and actions check all of it again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.persons import persons_behind
from piepowder.rooms.enforcement.actions.conduct import hands
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Appeal, Case, Decision, Sanction
from piepowder.rooms.enforcement.rules import separation
from piepowder.rooms.enforcement.rules.cases import AppealStatus, CaseStatus, SanctionStatus, Severity
from piepowder.rooms.enforcement.rules.ladder import Measure, may_be_emergency
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.forms import sentence

_BEFORE_DECISION = (CaseStatus.OPENED, CaseStatus.NOTICE_SERVED, CaseStatus.ANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`page` is a URL name, `row` the id that it takes; `why_not` is empty where the step is open. `main` is what the case waits for."""

    page: str
    row: str
    words: str
    why_not: str = ""
    main: bool = False
    button: bool = False  # does it at once, without a form


def steps(case: Case, by: Actor) -> list[Step]:
    """For staff, what the case waits for first."""
    theirs = hands(case, by)
    own = _why_not(lambda: separation.check_not_own(theirs))
    judged = _why_not(lambda: separation.check_may_decide(theirs))
    found = [
        *_seconds(case, theirs),
        *_of_state(case, own, judged),
        *_measures(case, theirs, own),
        *_always(case, by, own, judged),
    ]
    return sorted(found, key=lambda step: (not step.main, bool(step.why_not)))


def _why_not(check: Callable[[], None]) -> str:
    try:
        check()
    except PiepowderError as error:
        return sentence(error)
    return ""


def _seconds(case: Case, theirs: separation.Hands) -> Iterator[Step]:
    """Whatever waits for somebody else than whoever began it."""
    for decision in Decision.objects.waiting().filter(case=case):
        first = persons_behind(decision.decided_by)
        why = _why_not(lambda first=first: separation.check_may_confirm(theirs, first))  # type: ignore[misc]
        yield Step(page="enforcement_confirm", row=decision.id, words="Confirm the decision", why_not=why, main=True)
        yield Step(page="enforcement_reject", row=decision.id, words="Reject the decision", why_not=why)
    for appeal in Appeal.objects.filter(case=case, status=AppealStatus.FILED):
        why = _why_not(lambda: separation.check_may_hear(theirs))
        yield Step(page="enforcement_hear", row=appeal.id, words="Hear the appeal", why_not=why, main=True)


def _of_state(case: Case, own: str, judged: str) -> Iterator[Step]:
    if case.state == CaseStatus.OPENED:
        yield Step(page="enforcement_serve", row=case.id, words="Serve the notice", why_not=own, main=True)
    if case.state == CaseStatus.NOTICE_SERVED:
        why = own or ("The term was extended once already." if case.extended else "")
        yield Step(page="enforcement_extend", row=case.id, words="Give more time", why_not=why)
    if case.state == CaseStatus.ANSWERED and not Decision.objects.waiting().filter(case=case).exists():
        yield Step(page="enforcement_decide", row=case.id, words="Decide", why_not=judged, main=True)


def _measures(case: Case, theirs: separation.Hands, own: str) -> Iterator[Step]:
    live = (SanctionStatus.ANNOUNCED, SanctionStatus.IN_FORCE)
    for sanction in Sanction.objects.filter(case=case, status__in=live):
        if sanction.emergency and not sanction.confirmed_by:
            first = persons_behind(sanction.imposed_by)
            why = _why_not(lambda first=first: separation.check_may_confirm(theirs, first))  # type: ignore[misc]
            yield Step(
                page="enforcement_confirm_emergency",
                row=sanction.id,
                words="Confirm the emergency measure",
                why_not=why,
            )
        if sanction.emergency:
            words = "End the emergency measure"
            yield Step(page="enforcement_end_emergency", row=sanction.id, words=words, why_not=own)
        if any(not one["met_at"] for one in sanction.conditions):
            words = "Note that a condition is met"
            yield Step(page="enforcement_lift", row=sanction.id, words=words, why_not=own)


def _always(case: Case, by: Actor, own: str, judged: str) -> Iterator[Step]:
    if case.state in _BEFORE_DECISION:
        if emergency_possible(case):
            why = judged or (
                "There was an emergency measure in this case already."
                if Sanction.objects.filter(case=case, emergency=True).exists()
                else ""
            )
            yield Step(page="enforcement_at_once", row=case.id, words="Act at once", why_not=why)
        yield Step(page="enforcement_withdraw", row=case.id, words="Withdraw the case", why_not=own)
    if case.state not in (CaseStatus.CLOSED, CaseStatus.WITHDRAWN) and case.officer != str(by):
        yield Step(page="enforcement_take", row=case.id, words="Take the case", why_not=own, button=True)
    if case.served_at:
        yield Step(page="enforcement_message", row=case.id, words="Write a message", why_not=own)


def emergency_possible(case: Case) -> bool:
    """Whether the ladder knows a measure at once for a case of this severity."""
    return any(may_be_emergency(ladder(), Severity(case.severity), one) for one in Measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What the subject can do now."""

    answer: bool
    more_time: bool
    appeal: bool
    write: bool


def own_steps(case: Case, at: datetime) -> Own:
    """Too late an appeal is still taken: it is recorded, and refused with the reason."""
    decision = case.decisions.filter(status="confirmed").last()
    appealable = case.state in (CaseStatus.DECIDED, CaseStatus.SANCTIONED, CaseStatus.REINSTATED, CaseStatus.CLOSED)
    heard = decision is not None and decision.appeals.exclude(status=AppealStatus.TOO_LATE).exists()
    return Own(
        answer=case.state in (CaseStatus.NOTICE_SERVED, CaseStatus.ANSWERED),
        more_time=case.state == CaseStatus.NOTICE_SERVED and not case.extended,
        appeal=appealable and decision is not None and not heard,
        write=case.state != CaseStatus.WITHDRAWN,
    )
