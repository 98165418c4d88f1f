"""`piepowder app`: apps, their versions, roles, rates and modes."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

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
    """Bring in an app as the marketplace, with its first version and roles where given; nobody reviews it, and no cap holds.

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


@app.command
def register(
    developer: str,
    name: str,
    *,
    kind: AppKind = AppKind.PUBLIC,
    description: str = "",
    redirect_uri: tuple[str, ...] = (),
    login_uri: str = "",
    webhook_url: tuple[str, ...] = (),
    privacy_policy_url: str = "",
    support_email: str = "",
    support_url: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Register an app as its developer does: pending, and capped until it is listed.

    Parameters
    ----------
    developer
        Id of the developer (`dev_…`).
    kind
        `public` or `own_use`.
    redirect_uri
        Where sellers are sent back to; repeatable.
    webhook_url
        Where events may be sent; repeatable.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import Details, register_own_app
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    found = Developer.objects.named(developer)
    details = Details(
        name=name,
        description=description,
        redirect_uris=redirect_uri,
        login_uri=login_uri,
        webhook_urls=webhook_url,
        privacy_policy_url=privacy_policy_url,
        support_email=support_email,
        support_url=support_url,
    )
    by = acting(key_file, Permission.REGISTER, own=found.id)
    show(register_own_app(found, kind, details, by=by, at=now()).described(), common)


@app.command
def change(
    app_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    redirect_uri: tuple[str, ...] | None = None,
    login_uri: str | None = None,
    webhook_url: tuple[str, ...] | None = None,
    privacy_policy_url: str | None = None,
    support_email: str | None = None,
    support_url: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Change what is said of an app; what is left out stays.

    Parameters
    ----------
    redirect_uri
        Where sellers are sent back to; repeatable, all of them at once.
    webhook_url
        Where events may be sent; repeatable, all of them at once.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import Details, change_details
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.ground.caller import Permission

    found = StoredApp.objects.named(app_id)
    given: dict[str, Any] = {
        "name": name,
        "description": description,
        "redirect_uris": redirect_uri,
        "login_uri": login_uri,
        "webhook_urls": webhook_url,
        "privacy_policy_url": privacy_policy_url,
        "support_email": support_email,
        "support_url": support_url,
    }
    details = replace(Details.of(found), **{field: value for field, value in given.items() if value is not None})
    by = acting(key_file, Permission.REGISTER, own=found.developer_id)
    show(change_details(found, details, by=by, at=now()).described(), common)


@app.command
def reach(
    app_id: str,
    reach: Literal["open", "listed", "unlisted"],
    *,
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Set whether a cap on sellers holds: `open` is none, `unlisted` the one of the settings."""
    open_rooms(common)
    from piepowder.rooms.appstore.actions import set_reach
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.appstore.rules.caps import Reach
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    changed = set_reach(StoredApp.objects.named(app_id), Reach(reach), by=by, at=now(), reason=reason)
    show(changed.described(), common)


@app.command
def deadline(
    until: str | None = None,
    *,
    lift: bool = False,
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Show the date by which every app has to be approved; set it, or lift it.

    Parameters
    ----------
    until
        `90d` or a date.
    lift
        There is no deadline any more.
    """
    open_rooms(common)
    from piepowder.rooms.appstore.actions import set_deadline
    from piepowder.rooms.appstore.models import Deadline
    from piepowder.rooms.ground.caller import Permission

    at = now()
    if until is None and not lift:
        row = Deadline.objects.present()
        show(row.described() if row else {"due_at": None}, common)
        return
    by = acting(key_file, Permission.GOVERN)
    show(set_deadline(None if lift else moment(until, at), by=by, at=at, reason=reason).described(), common)


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
    """Put a version live as the marketplace, without review; `piepowder version begin` begins one that is reviewed."""
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
def modes(app_id: str, *, common: Common = Common()) -> None:
    """Changes of mode of an app, the newest first, whatever became of them."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.appstore.models import ModeChange

    rows = [change.described() for change in ModeChange.objects.newest(StoredApp.objects.named(app_id))[:500]]
    show_list(rows, tuple(rows[0]) if rows else ("id",), common)


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


@app.command
def decline_mode(change_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Say no to a proposed mode.

    Parameters
    ----------
    change_id
        The change of mode, as `app modes` names it.
    reason
        Why.
    key_file
        File with the API key of whoever acts.
    """
    _over("decline_mode", change_id, reason, key_file, common)


@app.command
def end_mode(change_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """End a mode in effect; enforce applies from then on, or the mode for all operations.

    Parameters
    ----------
    change_id
        The change of mode, as `app modes` names it.
    reason
        Why.
    key_file
        File with the API key of whoever acts.
    """
    _over("end_mode", change_id, reason, key_file, common)


def _over(verb: str, change_id: str, reason: str, key_file: Path | None, common: Common) -> None:
    open_rooms(common)
    from piepowder.rooms.appstore import actions
    from piepowder.rooms.appstore.models import ModeChange
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    changed = getattr(actions, verb)(ModeChange.objects.named(change_id), by=by, at=now(), reason=reason)
    show(changed.described(), common)


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
