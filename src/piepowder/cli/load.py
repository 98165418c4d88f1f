"""`piepowder load`: what a marketplace has already, from a folder of files. Nothing is changed by `--dry-run`, which says what would be."""

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from piepowder.cli.control import acting, moment, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError

if TYPE_CHECKING:
    from piepowder.rooms.imports.models import Import

app = App(name="load", help="Import developers, sellers, apps, grants and tokens that a marketplace has already.")

_LINE = ("kind", "row", "column", "key", "verdict", "words")
_RUN = ("id", "created_at", "status", "done_rows", "started_by")
SHOWN = 200


@app.default
def load(
    folder: Path,
    *,
    dry_run: bool = False,
    observe_until: str | None = None,
    register_by: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> int:
    """Import the files of a folder: `developers`, `sellers`, `apps`, `grants`, `tokens`, each `.csv` or `.json`.

    Exit status 2 where rows were refused; the others are imported all the same.

    Parameters
    ----------
    folder
        Folder with the files.
    dry_run
        Only say what each row would do; nothing but this answer is kept.
    observe_until
        Propose observe mode for new apps until then: `90d` or a date, at most 180 days ahead. A second person approves it.
    register_by
        Tell new developers to register by then: `30d` or a date.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.imports import actions
    from piepowder.rooms.imports.rules import Verdict

    by, at = acting(key_file, Permission.REGISTER), now()
    register = moment(register_by, at)
    run = actions.check(
        _files(folder),
        by=by,
        at=at,
        observe_until=moment(observe_until, at),
        register_by=register.date() if register else None,
    )
    if not dry_run and run.to_do:
        actions.start(run, by=by, at=now())
        run = actions.carry_out(run.id, now=now)
    _answer(run, common)
    if run.status == "failed":
        return 1
    return 2 if run.count(Verdict.REFUSED) else 0


@app.command
def columns(*, common: Common = Common()) -> None:
    """Which files an import reads, and which columns each has."""
    open_rooms(common)
    from piepowder.rooms.imports.reading import shown_columns
    from piepowder.rooms.imports.rules import Kind

    rows = [{"file": str(kind), **column} for kind in Kind for column in shown_columns(kind)]
    show_list(rows, tuple(rows[0]), common)


@app.command
def runs(*, common: Common = Common()) -> None:
    """Imports, the newest first, at most 500."""
    open_rooms(common)
    from piepowder.rooms.imports.models import Import

    show_list([run.described() for run in Import.objects.newest()[:500]], _RUN, common)


@app.command
def report(import_id: str, *, verdict: str | None = None, common: Common = Common()) -> None:
    """What became of the rows of an import, and why; without a verdict, those that need somebody's eye.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    verdict
        Only `create`, `change`, `same`, `differs`, `refused`, `only_here`, `taken_back` or `kept`.
    """
    open_rooms(common)
    from piepowder.rooms.imports import reads
    from piepowder.rooms.imports.models import Import, Line

    run = Import.objects.named(import_id)
    if verdict:
        lines = list(Line.objects.of(run.id, verdict)[:10_000])
    else:
        lines = [line for several in reads.report(run).values() for line in several]
    show_list([line.described() for line in lines], _LINE, common)


@app.command
def what_now(import_id: str, *, common: Common = Common()) -> None:
    """What is left to do after an import: modes to approve, developers that nobody signed up for.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    """
    open_rooms(common)
    from piepowder.rooms.imports import reads
    from piepowder.rooms.imports.models import Import

    left = reads.what_now(Import.objects.named(import_id))
    names = ("apps", "proposed", "observed", "unregistered", "register_by")
    show({name: getattr(left, name) for name in names}, common)


@app.command
def resume(import_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Start an import that was checked, or go on with one that failed.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.imports import actions
    from piepowder.rooms.imports.models import Import

    actions.start(Import.objects.named(import_id), by=acting(key_file, Permission.REGISTER), at=now())
    _answer(actions.carry_out(import_id, now=now), common)


@app.command
def drop(import_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Forget the files of an import that was checked and is not wanted.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.imports import actions
    from piepowder.rooms.imports.models import Import

    by = acting(key_file, Permission.REGISTER)
    show(actions.drop(Import.objects.named(import_id), by=by, at=now()).described(), common)


@app.command
def approve_modes(import_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Put the apps of an import into observe mode, as a second person.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.imports import actions
    from piepowder.rooms.imports.models import Import

    by = acting(key_file, Permission.GOVERN)
    show({"approved": actions.approve_modes(Import.objects.named(import_id), by=by, at=now())}, common)


@app.command
def rollback(import_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take out what an import created, unless somebody changed or used it since.

    Parameters
    ----------
    import_id
        The import (`imp_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.imports import actions
    from piepowder.rooms.imports.models import Import

    by = acting(key_file, Permission.REGISTER)
    _answer(actions.roll_back(Import.objects.named(import_id), by=by, at=now()), common)


def _files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise PiepowderError("load_folder_missing", f"there is no folder `{folder}`")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".csv", ".json"))
    return {path.name: path.read_bytes() for path in found}


def _answer(run: "Import", common: Common) -> None:
    """The import, and for people the rows that need an eye."""
    show(run.described(), common)
    if common.json:
        return
    from piepowder.rooms.imports.models import Line

    lines = Line.objects.of(run.id).exclude(verdict__in=("same", "create", "taken_back"))[:SHOWN]
    if lines:
        show_list([line.described() for line in lines], _LINE, common)
