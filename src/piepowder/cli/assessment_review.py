"""`piepowder assessment review`: a reviewer takes a case, decides answer by answer, and concludes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

if TYPE_CHECKING:
    from piepowder.rooms.assessments.models import Submission
    from piepowder.rooms.ground.actor import Actor

review = App(name="review", help="The reviewer's side: queue, decisions, conclusion.")

Roles = Annotated[list[str], Parameter(name="--role", negative="")]


@review.command
def queue(*, unassigned: bool = False, common: Common = Common()) -> None:
    """What waits for a decision; what was promised first comes first.

    Parameters
    ----------
    unassigned
        Only what no reviewer has yet.
    """
    open_rooms(common)
    from piepowder.rooms.assessments.models import Submission

    rows = Submission.objects.unassigned() if unassigned else Submission.objects.waiting()
    shown = [{**one.described(), "developer": one.assessment.developer_id} for one in rows[:500]]
    show_list(shown, ("id", "developer", "occasion", "promised_at", "breached_at", "reviewer"), common)


@review.command(name="show")
def show_review(submission_id: str, *, common: Common = Common()) -> None:
    """A case, question by question, with what the rules suggest and what was decided."""
    open_rooms(common)
    from piepowder.rooms.assessments import cases
    from piepowder.rooms.assessments.models import Submission

    seen = cases.under_review(Submission.objects.named(submission_id))
    rows = [
        {
            "question": line.question.id,
            "answer": line.words,
            "score": line.score or "",
            "suggested": line.suggested,
            "decision": line.decision.word if line.decision else "",
            "says": line.finding.says if line.finding else "",
        }
        for line in seen.lines
    ]
    show_list(rows, ("question", "answer", "score", "suggested", "decision", "says"), common)


@review.command
def take(submission_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a case (`sub_…`): whoever takes it reviews it."""
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.take(found, by=by, at=now()).described(), common)


@review.command(name="next")
def take_next(*, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take the case with the oldest promise that you may review."""
    open_rooms(common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.ground.caller import Permission

    show(actions.take_next(by=acting(key_file, Permission.REVIEW), at=now()).described(), common)


@review.command
def assign(submission_id: str, reviewer: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a case to a reviewer.

    Parameters
    ----------
    reviewer
        E-mail address or id of a member of staff.
    """
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.people.models import Account

    show(actions.assign(found, Account.objects.named(reviewer), by=by, at=now()).described(), common)


@review.command
def hand_back(submission_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a case back to the queue."""
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.hand_back(found, by=by, at=now()).described(), common)


@review.command
def decide(
    submission_id: str,
    question: str,
    word: Literal["ok", "wrong", "ask"],
    *,
    reason: str = "",
    fix: str = "",
    clause: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Decide one answer.

    Parameters
    ----------
    reason
        Why; the developer reads it. Not needed where a rule has found fault.
    fix
        What makes it right.
    clause
        Of the policy; the question's own by default.
    """
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.assessments.rules.status import Word

    decided = actions.decide(found, question, Word(word), reason=reason, fix=fix, clause=clause, by=by, at=now())
    show(decided.described(), common)


@review.command
def accept_rest(submission_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Say ok to every undecided answer that has full marks by the rules."""
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show({"submission": found.id, "accepted": actions.accept_rest(found, by=by, at=now())}, common)


@review.command
def conclude(
    submission_id: str,
    *,
    outcome: Literal["approved", "partly_approved", "refused", "returned"] | None = None,
    role: Roles = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """End a review, with what follows from the decisions unless another outcome is given.

    Parameters
    ----------
    role
        A role that is approved, in an approval of some; may be given several times.
    reason
        A sentence for the developer.
    """
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.assessments.rules.status import Status

    end = Status(outcome) if outcome else None
    concluded = actions.conclude(found, outcome=end, roles=role or None, reason=reason, by=by, at=now())
    show(concluded.described(), common)


@review.command
def confirm(submission_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """As a second person, confirm an approval of roles with personal data."""
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.confirm(found, by=by, at=now()).described(), common)


@review.command
def decline(submission_id: str, reason: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """As a second person, do not confirm: back to the reviewer.

    Parameters
    ----------
    reason
        Why; the reviewer reads it.
    """
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.decline(found, reason=reason, by=by, at=now()).described(), common)


@review.command
def retract(submission_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a conclusion back before it is confirmed."""
    found, by = _review(submission_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.retract(found, by=by, at=now()).described(), common)


def _review(submission_id: str, key_file: Path | None, common: Common) -> "tuple[Submission, Actor]":
    open_rooms(common)
    from piepowder.rooms.assessments.models import Submission
    from piepowder.rooms.ground.caller import Permission

    return Submission.objects.named(submission_id), acting(key_file, Permission.REVIEW)
