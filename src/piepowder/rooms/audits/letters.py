"""What a developer and an assessor are told. Each letter says what is next, by when, and where to do it."""

from datetime import datetime

from piepowder.rooms.audits.models import Audit
from piepowder.rooms.audits.rules import AuditStatus
from piepowder.rooms.developers.letters import write
from piepowder.rooms.notices.actions import tell


def to_developer(audit: Audit, kind: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    link = f"/my-audits/{audit.id}/"
    write(audit.developer, f"audits.{kind}", subject, body, link=link, at=at, once=once)


def to_assessor(audit: Audit, kind: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    """Keys have no inbox: a program looks for itself."""
    _, _, account = audit.assessor.partition(":")
    if account.startswith("acc_"):
        tell(
            recipient=account,
            kind=f"audits.{kind}",
            subject=subject,
            body=body,
            link=f"/audits/{audit.id}/",
            at=at,
            once=once,
        )


def announced(audit: Audit, *, at: datetime) -> None:
    body = (
        f"We are going to audit how {audit.developer.shown_name} handles the data of buyers.\n\n{audit.why}\n\n"
        "What happens: an assessor tells you which evidence is needed, and you have at least a week to provide it. The "
        "assessor goes through a checklist, which you can read now. If anything is found, you get each finding with its "
        "clause and what to do, and answer it before the audit is closed. Your apps go on working meanwhile."
    )
    to_developer(audit, "announced", "An audit of your organisation begins", body, at=at)


def evidence_requested(audit: Audit, count: int, *, at: datetime) -> None:
    body = (
        f"The assessor asks for {count} thing{'' if count == 1 else 's'}. Please answer each by {_day(audit.due_at)}. "
        "If you have no such document, say so and explain how you work instead."
    )
    to_developer(audit, "evidence_requested", f"Evidence needed by {_day(audit.due_at)}", body, at=at)


def sent_back(audit: Audit, wanted: str, why: str, *, at: datetime) -> None:
    body = f"What you provided does not answer this yet: {wanted}\n\nThe assessor says: {why}\n\nPlease answer by {_day(audit.due_at)}."
    to_developer(audit, "evidence_sent_back", "Evidence sent back with a question", body, at=at)


def findings_sent(audit: Audit, count: int, *, at: datetime) -> None:
    body = (
        f"The assessor has {count} finding{'' if count == 1 else 's'}. Each says which clause it is about, what to do and by "
        f"when. Please answer each by {_day(audit.due_at)}: done already, will be done, or disputed with your reasons. "
        "A finding that is not answered is decided on what there is."
    )
    to_developer(audit, "findings_sent", f"Findings to answer by {_day(audit.due_at)}", body, at=at)


def closed(audit: Audit, *, at: datetime) -> None:
    clean = audit.status == AuditStatus.CLOSED_CLEAN
    subject = "Your audit is closed without findings" if clean else "Your audit is closed with findings"
    after = "" if clean else "\n\nWhat stands is listed on the audit's page with the day by which it is to be fixed."
    to_developer(audit, "closed", subject, f"{audit.summary}{after}\n\nThe result is shown on your profile.", at=at)


def cancelled(audit: Audit, *, at: datetime) -> None:
    body = f"The audit of your organisation was cancelled. The reason: {audit.summary}\n\nYou need not do anything."
    to_developer(audit, "cancelled", "The audit was cancelled", body, at=at)


def extended(audit: Audit, reason: str, *, at: datetime) -> None:
    body = f"You have until {_day(audit.due_at)} for the present step of the audit. The reason: {reason}"
    to_developer(audit, "extended", f"More time until {_day(audit.due_at)}", body, at=at)


def reminder(audit: Audit, days: int, *, at: datetime) -> None:
    words = "tomorrow" if days == 1 else f"in {days} days"
    move = audit.move.what if audit.move else ""
    body = f"Your time to {move} ends on {_day(audit.due_at)}. After that the audit goes on with what there is."
    once = f"audits.reminder:{audit.id}:{audit.due_at:%Y%m%d%H%M}:{days}"
    to_developer(audit, "reminder", f"Audit: an answer is due {words}", body, at=at, once=once)


def late(audit: Audit, *, at: datetime) -> None:
    """To the assessor, once for each deadline."""
    move = audit.move.what if audit.move else ""
    who = audit.developer.shown_name
    body = (
        f"The audit of {who} waits for you to {move}, since {_day(audit.due_at)}. The developer sees that it is late."
    )
    once = f"audits.late:{audit.id}:{audit.due_at:%Y%m%d%H%M}"
    to_assessor(audit, "late", f"Late: audit of {who}", body, at=at, once=once)


def over_to_assessor(audit: Audit, what: str, *, at: datetime) -> None:
    body = f"{what} It is your move: {audit.move.what if audit.move else 'look'}, by {_day(audit.due_at)}."
    to_assessor(audit, "your_move", f"Your move: audit of {audit.developer.shown_name}", body, at=at)


def _day(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y}" if moment else "no set day"
