"""`piepowder letter`: what developers and sellers were told, and what became of the mails."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common

if TYPE_CHECKING:
    from piepowder.rooms.notices.models import Letter

app = App(name="letter", help="Letters to developers, sellers and staff, and their mails.")


@app.command(name="list")
def list_letters(recipient: str, *, unread: bool = False, common: Common = Common()) -> None:
    """The newest letters to somebody, at most 500.

    Parameters
    ----------
    recipient
        A developer (`dev_…`), a seller (`sel_…`) or an account (`acc_…`).
    unread
        Only what nobody has read yet.
    """
    open_rooms(common)
    from piepowder.rooms.notices.models import Letter

    rows = Letter.objects.to([recipient])
    found = (rows.unread() if unread else rows)[:500]
    show_list([row.described() for row in found], ("id", "created_at", "subject", "read_at"), common)


@app.command(name="show")
def show_letter(letter_id: str, *, common: Common = Common()) -> None:
    """One letter."""
    open_rooms(common)
    show(_letter(letter_id).described(), common)


@app.command
def read(letter_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Note that a letter was read: of its recipient, with a key of theirs; else by hand, on this machine.

    Parameters
    ----------
    letter_id
        The letter (`let_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.notices import actions

    letter = _letter(letter_id)
    by = acting(key_file, Permission.GOVERN, own=letter.recipient)
    show(actions.read(letter, by=by, at=now()).described(), common)


@app.command
def read_all(recipient: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Note that everything in an inbox was read.

    Parameters
    ----------
    recipient
        A developer (`dev_…`), a seller (`sel_…`) or an account (`acc_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.notices import actions

    by = acting(key_file, Permission.GOVERN, own=recipient)
    count = actions.read_all([recipient], by=by, at=now())
    show({"recipient": recipient, "read": count}, common)


@app.command
def mails(
    *,
    status: Literal["waiting", "sending", "sent", "undeliverable", "uncertain"] | None = None,
    common: Common = Common(),
) -> None:
    """What became of the mails, the newest first, at most 500.

    Parameters
    ----------
    status
        Only these.
    """
    open_rooms(common)
    from piepowder.rooms.notices.models import Mail

    rows = Mail.objects.newest()
    found = (rows.filter(status=status) if status else rows)[:500]
    show_list([row.described() for row in found], ("id", "address", "subject", "status", "tries", "error"), common)


@app.command
def send_again(mail_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Have a mail sent again that is undeliverable or uncertain.

    Parameters
    ----------
    mail_id
        The mail (`mail_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.notices import actions
    from piepowder.rooms.notices.models import Mail

    by = acting(key_file, Permission.GOVERN)
    show(actions.send_again(Mail.objects.named(mail_id), by=by, at=now()).described(), common)


def _letter(letter_id: str) -> "Letter":
    from piepowder.rooms.notices.models import Letter

    return Letter.objects.named(letter_id)
