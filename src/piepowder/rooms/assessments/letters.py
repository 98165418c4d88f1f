"""What developers and reviewers are told about an assessment: at every step, in plain words, with the page that answers."""

from datetime import datetime

from piepowder.rooms.assessments.models import Assessment, Decision, Message, Submission
from piepowder.rooms.assessments.rules.status import Occasion, Status, Word
from piepowder.rooms.developers.letters import write
from piepowder.rooms.notices.actions import tell


def received(submission: Submission, place: int | None, *, at: datetime) -> None:
    """To the developer: what was handed in, its place, and the date that is promised."""
    what = {
        Occasion.CORRECTION: "Your corrected answers have",
        Occasion.RE_REVIEW: "Your request for another reviewer has",
    }
    begin = what.get(Occasion(submission.occasion), "Your assessment has")
    _tell(
        submission.assessment,
        "received",
        f"Received: we decide by {_day(submission.promised_at)}",
        f"{begin} arrived. {_place(place)}You get a decision by {_day(submission.promised_at)}, with a reason and the clause for every "
        "answer that is not accepted. If we are late, the page below says so, and it is recorded.",
        at=at,
    )


def taken(submission: Submission, *, at: datetime) -> None:
    _tell(
        submission.assessment,
        "taken",
        "A reviewer reads your assessment",
        f"A reviewer has begun to read your answers. The promised date stays: {_day(submission.promised_at)}. You can write to "
        "the reviewer on the page below.",
        at=at,
    )


def concluded(submission: Submission, decisions: list[Decision], *, at: datetime) -> None:
    """The decision: which answers were not accepted, why, and what makes them right."""
    assessment = submission.assessment
    body = [_BODIES[Status(submission.outcome)].format(**_words(submission)), submission.reason]
    wrong = [one for one in decisions if one.word != Word.OK]
    body += [_reason(submission, one) for one in wrong]
    if wrong:
        body.append(
            "Only these answers are open again; all others stay as they are. Correct them on the page below and hand in again, as often as "
            "you need. You can also ask for another reviewer."
        )
    subject = _SUBJECTS[Status(submission.outcome)]
    _tell(assessment, submission.outcome, subject, "\n\n".join(part for part in body if part), at=at)


_SUBJECTS = {
    Status.APPROVED: "Your assessment is approved",
    Status.PARTLY_APPROVED: "Your assessment is approved for some of the roles",
    Status.REFUSED: "Your assessment is not approved: what to correct",
    Status.RETURNED: "Your assessment came back: what to correct or answer",
}
_BODIES = {
    Status.APPROVED: "All the roles you asked for are approved until {until}: {roles}.",
    Status.PARTLY_APPROVED: "These roles are approved until {until}: {roles}. Not approved so far: {others}.",
    Status.REFUSED: "None of the roles you asked for is approved so far.",
    Status.RETURNED: "Some answers need a correction, or a question has to be answered, before we can decide.",
}


def _words(submission: Submission) -> dict[str, str]:
    titles = submission.questionnaire.parsed.roles
    valid_until = submission.assessment.valid_until
    others = [role for role in submission.roles if role not in submission.roles_approved]
    return {
        "until": _day(valid_until) if valid_until else "",
        "roles": ", ".join(titles.get(role, role) for role in submission.roles_approved),
        "others": ", ".join(titles.get(role, role) for role in others),
    }


def _reason(submission: Submission, decision: Decision) -> str:
    questionnaire = submission.questionnaire.parsed
    question, clause = questionnaire.find(decision.question), questionnaire.clauses.get(decision.clause)
    head = f"“{question.ask if question else decision.question}”"
    kind = "Question" if decision.word == Word.ASK else "Reason"
    lines = [head, f"{kind}: {decision.reason}"]
    lines += [f"What makes it right: {decision.fix}"] if decision.fix else []
    lines += [f"Clause {decision.clause}, {clause.title}: {clause.says}"] if clause else []
    return "\n".join(lines)


def declined(submission: Submission, reason: str, *, at: datetime) -> None:
    """To the reviewer: the second person does not agree."""
    who = submission.assessment.developer.shown_name
    _to_reviewer(submission, "declined", f"Not confirmed: the assessment of {who}", reason, at=at)


def withdrawn(assessment: Assessment, *, at: datetime) -> None:
    _tell(
        assessment,
        "withdrawn",
        "Your assessment was withdrawn",
        "It is out of the queue and nobody reads it any more. Your answers are kept: a new assessment begins with them.",
        at=at,
    )


def late(submission: Submission, *, at: datetime) -> None:
    """To both sides: the promised date has passed."""
    when = _day(submission.promised_at)
    _tell(
        submission.assessment,
        "late",
        f"We are late: we promised a decision by {when}",
        f"We promised to decide on your assessment by {when} and have not. That is our fault, not yours; it is recorded as a broken "
        "promise, and your assessment is now ahead of everything that was promised later.",
        at=at,
        once=f"assessments.late:{submission.id}",
    )
    _to_reviewer(
        submission,
        "late",
        f"Overdue: the assessment of {submission.assessment.developer.shown_name}",
        f"A decision was promised by {when}. The developer has been told that it is late.",
        at=at,
        once=f"assessments.late:{submission.id}:reviewer",
    )


def message_late(message: Message, *, at: datetime) -> None:
    due = message.answer_due_at or at
    submission = message.assessment.last_submission()
    _tell(
        message.assessment,
        "message_late",
        f"We are late: we promised an answer by {_day(due)}",
        f"Your message of {_day(message.written_at)} has no answer yet. It is recorded as a broken promise, and has been passed on.",
        at=at,
        once=f"assessments.message_late:{message.id}",
    )
    if submission is not None:
        _to_reviewer(
            submission,
            "message_late",
            f"Overdue: a message of {message.assessment.developer.shown_name}",
            f"An answer was promised by {_day(due)}.",
            at=at,
            once=f"assessments.message_late:{message.id}:reviewer",
        )


def ends_soon(assessment: Assessment, days: int, *, at: datetime) -> None:
    until = assessment.valid_until or at
    _tell(
        assessment,
        "ends_soon",
        f"Your approval ends in {days} day{'' if days == 1 else 's'}",
        f"Your roles are approved until {_day(until)}. The renewal begins with your last answers: look through them, replace documents "
        "that have expired, and hand in. Until then nothing changes; the approval stays in force while we decide, up to its last day.",
        at=at,
        once=f"assessments.ends_soon:{assessment.id}:{until:%Y%m%d}:{days}",
    )


def expired(assessment: Assessment, *, at: datetime) -> None:
    _tell(
        assessment,
        "expired",
        "Your approval has ended",
        "A year has passed since your assessment was approved, so no role is approved any more and no new app version can be. Renew it: "
        "the renewal begins with your last answers.",
        at=at,
    )


def written(message: Message, *, at: datetime) -> None:
    """To the other side of a case."""
    submission = message.assessment.last_submission()
    if message.side == "marketplace":
        _tell(message.assessment, "message", "A message from your reviewer", message.body, at=at)
    elif submission is not None:
        _to_reviewer(
            submission, "message", f"A message from {message.assessment.developer.shown_name}", message.body, at=at
        )


def _tell(assessment: Assessment, what: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    link = f"/assessments/{assessment.id}/status/"
    write(assessment.developer, f"assessments.{what}", subject, body, at=at, link=link, once=once)


def _to_reviewer(submission: Submission, what: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    _, _, account = submission.reviewer.partition(":")
    if account.startswith("acc_"):  # a program has no letter box
        link = f"/reviews/assessments/{submission.id}/"
        tell(recipient=account, kind=f"assessments.{what}", subject=subject, body=body, link=link, at=at, once=once)


def _place(place: int | None) -> str:
    return f"It is number {place} in the queue. " if place else ""


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
