"""Letters of the court beside its statements: reminders, silence, broken promises, and what sellers are told."""

from datetime import datetime

from piepowder.rooms.consent.models import Grant
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.enforcement.blast import alternatives
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Case, Sanction
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.notices.actions import tell


def silence(case: Case, *, at: datetime) -> None:
    body = (
        "The term to answer has passed, and we have heard nothing. We decide on what we have. As long as nothing is decided, an answer "
        "is still read."
    )
    subjects.letter(
        case, "silence", f"The term in case {case.id} has passed", body, at=at, once=f"enforcement:silence:{case.id}"
    )
    subjects.to_officer(
        case, "silence", f"No answer in case {case.id}", "The term has passed; decide on what there is.", at=at
    )


def reminder(case: Case, days: int, *, at: datetime) -> None:
    body = f"Your answer is due by {_day(case.due_at)}. If we hear nothing, we decide on what we have. You may ask once for more time."
    title = f"{days} day{'' if days == 1 else 's'} left to answer (case {case.id})"
    subjects.letter(
        case, "reminder", title, body, at=at, once=f"enforcement:remind:{case.id}:{case.due_at:%Y%m%d}:{days}"
    )


def late(case: Case, *, at: datetime) -> None:
    what = case.move.what if case.move else "go on"
    if case.served_at:
        body = f"We promised to {what} by {_day(case.due_at)}, and have not. Nothing changes for you until we do. We are sorry."
        subjects.letter(
            case,
            "late",
            f"We are late in case {case.id}",
            body,
            at=at,
            once=f"enforcement:late:{case.id}:{case.due_at:%Y%m%d}",
        )
    subjects.to_officer(
        case, "late", f"Case {case.id} is late", f"It is for us to {what}; promised by {_day(case.due_at)}.", at=at
    )


def seller_warned(sanction: Sanction, grant: Grant, *, at: datetime) -> None:
    measure = Measure(sanction.measure)
    words = ladder().measures[measure].words
    others = alternatives([grant.app_id])
    turn = "Other apps on its shelf: " + ", ".join(name for _, name in others) + ". " if others else ""
    when = f"From {_day(sanction.starts_at)} on" if sanction.starts_at > at else "Since today"
    body = (
        f"{when} this holds for {grant.app.shown_name}: {words}.\n\n"
        "Your authorisation stays as it is, and so do your orders. If you ship or invoice with this app, see in time that you can do it "
        f"another way. {turn}\n\n"
        "This is no reproach to you. It may end before, if the app's developer sets right what was found."
    )
    tell(
        recipient=grant.seller_id,
        kind="enforcement.seller_warned",
        subject=f"{grant.app.shown_name} is about to lose something"
        if sanction.starts_at > at
        else f"{grant.app.shown_name} has lost something",
        body=body,
        link=f"/my/apps/{grant.id}/",
        at=at,
        once=f"enforcement:{sanction.id}:{grant.id}",
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%-d %B %Y}" if moment else ""
