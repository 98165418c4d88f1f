"""`piepowder standing`: what an app or developer may do just now."""

from pathlib import Path

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show
from piepowder.cli.options import Common
from piepowder.rooms.standing.rules import Standing

app = App(name="standing", help="What an app or developer may do just now.")


@app.command(name="set")
def set_(
    subject: str, standing: Standing, *, reason: str, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Change a standing. Every gateway worker knows within a moment of this command's end.

    Parameters
    ----------
    subject
        Id of an app (`app_…`) or developer (`dev_…`).
    standing
        `good`, `personal_data_off`, `authorisations_off`, `throttled` or `suspended`.
    reason
        Why; the developer reads it.
    key_file
        File with the key of whoever decides; default: whoever may run commands on this machine.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.standing.actions import set_standing

    by = acting(key_file, Permission.GOVERN)
    changed = set_standing(subject, standing, by=by, at=now(), reason=reason)
    show(changed.described(), common)


@app.command(name="show")
def show_one(subject: str, *, common: Common = Common()) -> None:
    """A standing and how it came about."""
    open_rooms(common)
    from piepowder.rooms.standing.models import Change, Subject

    row = Subject.objects.named(subject)
    show({**row.described(), "history": [change.described() for change in Change.objects.of_subject(subject)]}, common)
