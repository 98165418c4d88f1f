"""The subject answers each finding; both sides write to each other; the marketplace promises when it answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.actions.conduct import TEXT_MAX, check_speaks, move, words
from piepowder.rooms.enforcement.models import Answer, Case, Finding, Message
from piepowder.rooms.enforcement.rules.cases import CaseStatus, Side, Stance
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record

PROMISE = timedelta(days=2)  # for an answer to a word on a case


@transaction.atomic
def answer(case: Case, stances: Mapping[str, tuple[Stance, str]], *, text: str, by: Actor, at: datetime) -> Answer:
    """To each finding (by id) where the subject stands, with its own words. Later words are read until something is decided.

    What is accepted counts as frank, what is mended as cooperation; disputing costs nothing.
    """
    case = Case.objects.locked(case.id)
    check_speaks(case, by)
    if case.state not in (CaseStatus.NOTICE_SERVED, CaseStatus.ANSWERED):
        raise PiepowderError(
            "enforcement_answer_not_now",
            f"the case is `{case.status}`: an answer no longer changes it",
            hint="write a message on the case, or appeal against the decision",
            kind=ErrorKind.CONFLICT,
        )
    told = _checked(case, stances)
    if not told and not text.strip():
        raise PiepowderError("enforcement_text_missing", "say where you stand, or write an answer")
    if len(text) > TEXT_MAX:
        raise PiepowderError("enforcement_text_too_long", f"at most {TEXT_MAX} characters, these are {len(text)}")
    last = Answer.objects.filter(case=case).last()
    if last and (last.stances, last.text, last.answered_by) == (told, text.strip(), str(by)):
        return last  # a form that was sent twice
    row = Answer.objects.create(
        case=case,
        stances=told,
        text=text.strip(),
        answered_by=str(by),
        answered_at=at,
        late=case.state == CaseStatus.ANSWERED and case.silent,
    )
    _count(case, row, by, at)
    return row


def _checked(case: Case, stances: Mapping[str, tuple[Stance, str]]) -> dict[str, dict[str, str]]:
    known = set(Finding.objects.of_case(case).values_list("id", flat=True))
    if strange := set(stances) - known:
        raise PiepowderError("enforcement_finding_unknown", f"no finding `{min(strange)}` in this case")
    return {key: {"stance": str(Stance(stance)), "says": said[:TEXT_MAX]} for key, (stance, said) in stances.items()}


def _count(case: Case, row: Answer, by: Actor, at: datetime) -> None:
    frank = case.frank or row.accepts() or row.mends()
    cooperated = case.cooperated or row.mends()
    if case.state == CaseStatus.NOTICE_SERVED:
        move(case, CaseStatus.ANSWERED, "answer", by=by, at=at, frank=frank, cooperated=cooperated)
    else:
        Case.objects.filter(pk=case.pk).update(frank=frank, cooperated=cooperated, changed_at=at)
        record("enforcement.answer_again", by=by, at=at, detail={"case": case.id}, **case.ledger_fields())
    title = f"{case.name} answered (case {case.id})"
    subjects.to_officer(
        case, "answered", title, row.text or "Each finding has its answer.", at=at, once=f"enforcement:{row.id}"
    )


@transaction.atomic
def say(case: Case, text: str, *, by: Actor, at: datetime) -> Message:
    """A word on the case, of either side. To the subject's words the marketplace promises an answer in two days.

    The last word said once more, as a form sent twice does, changes nothing.
    """
    case = Case.objects.locked(case.id)
    text = words(text, "write what you want to ask or tell")
    if by.kind in (ActorKind.STAFF, ActorKind.SYSTEM) and not subjects.is_own(case, by):
        if before := _said_before(case, text, by):
            return before
        Message.objects.filter(case=case, side=Side.SUBJECT, answered_at=None).update(answered_at=at)
        row = _written(case, Side.MARKETPLACE, text, by, at)
        subjects.letter(case, "message", f"A message on case {case.id}", text, at=at, once=f"enforcement:{row.id}")
        return row
    check_speaks(case, by)
    if before := _said_before(case, text, by):
        return before
    row = _written(case, Side.SUBJECT, text, by, at, answer_by=at + PROMISE)
    subjects.to_officer(case, "message", f"A message on case {case.id}", text, at=at, once=f"enforcement:{row.id}")
    return row


def _said_before(case: Case, text: str, by: Actor) -> Message | None:
    last = Message.objects.filter(case=case).last()
    return last if last and (last.text, last.written_by) == (text, str(by)) else None


def _written(
    case: Case, side: Side, text: str, by: Actor, at: datetime, *, answer_by: datetime | None = None
) -> Message:
    row = Message.objects.create(
        case=case, side=side, text=text, written_by=str(by), written_at=at, answer_by=answer_by
    )
    detail = {"case": case.id, "message": row.id, "side": str(side)}
    record("enforcement.say", by=by, at=at, detail=detail, **case.ledger_fields())
    return row
