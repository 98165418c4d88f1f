"""`piepowder app`: apps, their versions, roles, rates and modes."""

from pathlib import Path
from typing import Any

from cyclopts import App

from piepowder.cli.control import acting, moment, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode_as
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.standing.rules import Standing

app = App(name="app", help="Third-party apps.")


@app.command
def create(
    developer: str,
    name: str,
    *,
    kind: AppKind = AppKind.PUBLIC,
    client_id: str | None = None,
    manifest: Path | None = None,
    role: tuple[str, ...] = (),
    standing: Standing = Standing.PENDING,
    common: Common = Common(),
) -> None:
    """Register an app, with its first version and roles where given.

    Parameters
    ----------
    developer
        Id of its developer (`dev_…`).
    kind
        `public` or `own_use`.
    manifest
        JSON file: `{"operations": {"<operation>": ["<purpose>"]}, "categories": {"<purpose>": ["<data category>"]}}`.
    role
        An approved role; repeatable.
    standing
        `pending` (nothing works yet) or `good`.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import register_app
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.actor import COMMAND_LINE

    made = register_app(
        Developer.objects.named(developer),
        name=name,
        kind=kind,
        client_id=client_id,
        manifest=_read_manifest(manifest) if manifest else None,
        roles=role,
        standing=standing,
        by=COMMAND_LINE,
        at=now(),
    )
    show(made.described(), common)


@app.command(name="list")
def list_all(*, common: Common = Common()) -> None:
    """All apps."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp

    rows = [row.described() for row in StoredApp.objects.listed()]
    show_list(rows, ("id", "developer", "name", "kind", "current_version", "roles"), common)


@app.command(name="show")
def show_one(app_id: str, *, common: Common = Common()) -> None:
    """Everything about one app, its standing and its developer's included."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.standing.models import Subject

    found = StoredApp.objects.named(app_id)
    may: list[Any] = sorted(Subject.objects.capabilities(found.id, found.developer_id))
    standings = Subject.objects.of([found.id, found.developer_id])
    show({**found.described(), "standing": standings, "capabilities": may}, common)


@app.command
def version(app_id: str, manifest: Path, *, number: str | None = None, common: Common = Common()) -> None:
    """Add a version from a manifest (JSON file) and make it the current one."""
    open_rooms(common)
    from piepowder.rooms.appstore.actions import add_version
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.actor import COMMAND_LINE

    found = StoredApp.objects.named(app_id)
    added = add_version(found, _read_manifest(manifest), number=number, by=COMMAND_LINE, at=now())
    show({"app": app_id, "version": added.number, **added.body}, common)


@app.command
def roles(app_id: str, *role: str, reason: str = "", common: Common = Common()) -> None:
    """Set the approved roles; one that is left out is withdrawn."""
    open_rooms(common)
    from piepowder.rooms.appstore.actions import approve_roles
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.actor import COMMAND_LINE

    found = StoredApp.objects.named(app_id)
    show(approve_roles(found, role, by=COMMAND_LINE, at=now(), reason=reason).described(), common)


@app.command
def rates(app_id: str, *rate: str, common: Common = Common()) -> None:
    """Set the rate plan: `OPERATION=CALLS_A_SECOND/BURST`, `*` for every operation; the rest has the published rates."""
    open_rooms(common)
    from piepowder.rooms.appstore.actions import set_rates
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.actor import COMMAND_LINE

    plan = dict(_read_rate(text) for text in rate)
    show(set_rates(StoredApp.objects.named(app_id), plan, by=COMMAND_LINE, at=now()).described(), common)


@app.command
def mode(
    app_id: str,
    mode: Mode,
    *,
    operation: str = "*",
    until: str | None = None,
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Set how firmly an operation is held. `observe` is only proposed: a second person approves it.

    Parameters
    ----------
    mode
        `observe`, `substitute` or `enforce`.
    operation
        One operation's id; default: all.
    until
        `30d`, `12h` or a date; observe mode needs it.
    key_file
        File with the key of whoever decides; default: whoever may run commands on this machine.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import set_mode
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.caller import Permission

    at, by = now(), acting(key_file, Permission.GOVERN)
    found = StoredApp.objects.named(app_id)
    change = set_mode(found, mode, operation=operation, until=moment(until, at), reason=reason, by=by, at=at)
    show(change.described(), common)


@app.command
def approve_mode(change_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Put a proposed mode into effect, as a second person.

    Parameters
    ----------
    key_file
        File with the key of the second person (`-`: standard input).
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import approve_mode as approve
    from piepowder.rooms.appstore.models import ModeChange
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    show(approve(ModeChange.objects.named(change_id), by=by, at=now()).described(), common)


def _read_manifest(path: Path) -> ManifestFact:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PiepowderError(
            "cli_manifest_missing", f"cannot read manifest `{path}`: {(error.strerror or str(error)).lower()}"
        ) from None
    return decode_as(data, ManifestFact)


def _read_rate(text: str) -> tuple[str, tuple[float, int]]:
    operation, _, plan = text.rpartition("=")
    per_second, _, burst = plan.partition("/")
    try:
        return operation, (float(per_second), int(burst))
    except ValueError:
        raise PiepowderError(
            "cli_rate_malformed", f"`{text}` is no rate", hint="`orders.v0.getOrders=0.5/20`"
        ) from None
