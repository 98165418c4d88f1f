"""`piepowder identity`: organisations show who they are, reviewers answer point by point."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.evidence import read_file
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.developers.rules.identity import TITLES, WANTED, Point

if TYPE_CHECKING:
    from piepowder.rooms.developers.models import Identity
    from piepowder.rooms.ground.actor import Actor

app = App(name="identity", help="Identities of developer organisations.")


@app.command
def points(*, common: Common = Common()) -> None:
    """What is looked at, and which document shows it: the same for everybody."""
    rows = [{"point": str(one), "title": TITLES[one], "wanted": WANTED[one]} for one in Point]
    show_list(rows, ("point", "title", "wanted"), common)


@app.command
def waits(*, common: Common = Common()) -> None:
    """How long a decision takes, in business days: promised, and the median of the last hundred."""
    open_rooms(common)
    from piepowder.rooms.developers import promises

    show(promises.published(), common)


@app.command(name="list")
def list_waiting(*, common: Common = Common()) -> None:
    """The reviewers' queue, whoever was promised first in front."""
    open_rooms(common)
    from piepowder.rooms.developers.models import Review

    rows = [
        {"developer": one.identity.developer_id, "name": one.identity.developer.name, **one.described()}
        for one in Review.objects.waiting()
    ]
    show_list(rows, ("developer", "name", "number", "submitted_at", "due_at", "reviewer"), common)


@app.command(name="show")
def show_one(developer_id: str, *, common: Common = Common()) -> None:
    """One identity with documents, reviews, and what is missing before it can be submitted.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    """
    open_rooms(common)
    _show(_named(developer_id), common)


@app.command
def prepare(
    developer_id: str,
    *,
    representative: str,
    office: str = "",
    note: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Name the person who may sign for the organisation.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    representative
        First and last name.
    office
        Such as managing director.
    note
        For the reviewer.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _acting(key_file, developer_id)
    changed = actions.prepare(
        _named(developer_id),
        representative=representative,
        representative_office=office,
        note=note,
        by=by,
        at=now(),
    )
    _show(changed, common)


@app.command
def add(
    developer_id: str,
    point: Point,
    file: Path,
    *,
    expires_on: date | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Add a document to a point.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    point
        What the document shows.
    file
        PDF, PNG, JPEG, plain text, Markdown, CSV, or a ZIP of these.
    expires_on
        The day after which it is no longer valid.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _acting(key_file, developer_id)
    link = actions.attach(
        _named(developer_id),
        point=point,
        content=read_file(file),
        name=file.name,
        expires_on=expires_on,
        by=by,
        at=now(),
    )
    show(link.described(), common)


@app.command
def remove(developer_id: str, link_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a document away; one that no reviewer was shown is erased.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    link_id
        The document at its point (`idoc_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    identity = _named(developer_id)
    actions.detach(identity, link_id, by=_acting(key_file, developer_id), at=now())
    _show(identity, common)


@app.command
def submit(developer_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Hand an identity to the reviewers; the answer has the promised date.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _acting(key_file, developer_id)
    show(actions.submit(_named(developer_id), by=by, at=now()).described(), common)


@app.command
def take_back(developer_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a submission back, to change it.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _acting(key_file, developer_id)
    _show(actions.take_back(_named(developer_id), by=by, at=now()), common)


@app.command
def claim(
    developer_id: str,
    number: int,
    *,
    take_over: bool = False,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Take a submission on as its reviewer.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    number
        Which submission.
    take_over
        From another reviewer.
    key_file
        File with the reviewer's API key.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _reviewing(key_file)
    row = _named(developer_id)
    show(actions.claim(row, number=number, take_over=take_over, by=by, at=now()).described(), common)


@app.command
def release(developer_id: str, number: int, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a submission back to the queue.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    number
        Which submission.
    key_file
        File with the reviewer's API key.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    by = _reviewing(key_file)
    show(actions.release(_named(developer_id), number=number, by=by, at=now()).described(), common)


@app.command
def decide(
    developer_id: str,
    number: int,
    *,
    not_met: list[str] | None = None,
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Decide a submission: all points met, or all but those that are named.

    Parameters
    ----------
    developer_id
        The developer (`dev_…`).
    number
        Which submission.
    not_met
        A point and the reason, `address=The bill is two years old`; once for each point that is not met.
    reason
        To the whole.
    key_file
        File with the reviewer's API key.
    """
    open_rooms(common)
    from piepowder.rooms.developers import actions

    answers: dict[str, tuple[bool, str]] = {str(point): (True, "") for point in Point}
    for text in not_met or ():
        point, _, words = text.partition("=")
        answers[point.strip()] = (False, words)
    by = _reviewing(key_file)
    row = _named(developer_id)
    _show(actions.decide(row, number=number, answers=answers, reason=reason, by=by, at=now()), common)


def _show(identity: "Identity", common: Common) -> None:
    missing = {str(point): words for point, words in identity.gaps(now().date()).items()}
    show({**identity.described(), "missing": missing}, common)


def _named(developer_id: str) -> "Identity":
    from piepowder.rooms.developers.models import Identity

    return Identity.objects.named(developer_id)


def _acting(key_file: Path | None, developer_id: str) -> "Actor":
    from piepowder.rooms.ground.caller import Permission

    return acting(key_file, Permission.REGISTER, own=developer_id)


def _reviewing(key_file: Path | None) -> "Actor":
    """A decision is a person's: it needs the key of a reviewer, since nobody else can be held independent."""
    from piepowder.rooms.ground.caller import Permission

    if key_file is None:
        raise PiepowderError(
            "cli_key_missing",
            "a review needs the key of a reviewer",
            hint="`--key-file FILE`; `piepowder staff key` makes one",
            kind=ErrorKind.FORBIDDEN,
        )
    return acting(key_file, Permission.REVIEW)
