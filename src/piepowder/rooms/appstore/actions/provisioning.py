"""An app is created by the marketplace, gets versions, roles, rates and modes. Every action ends by publishing the app as it now is.

Changes of one app wait for each other (`locked`), because its fact is composed of all of it.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import rules
from piepowder.rooms.appstore.catalogue import operation_ids
from piepowder.rooms.appstore.models import App, AppVersion, ModeChange
from piepowder.rooms.appstore.rules import AppKind, ModeStatus
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.appstore.rules.versions import VersionStatus
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.developers.rules.names import skeleton
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.publication.actions import publish
from piepowder.rooms.standing.actions import open_standing
from piepowder.rooms.standing.rules import Standing


@transaction.atomic
def register_app(
    developer: Developer,
    *,
    name: str,
    by: Actor,
    at: datetime,
    manifest: ManifestFact | None = None,
    roles: Collection[str] = (),
    **more: Any,
) -> App:
    """`create_app` (which `more` is for), its first version and its roles, all or nothing."""
    app = create_app(developer, name=name, by=by, at=at, **more)
    if manifest is not None:
        add_version(app, manifest, by=by, at=at)
    if roles:
        approve_roles(app, roles, by=by, at=at)
    return App.objects.named(app.id)


@transaction.atomic
def create_app(
    developer: Developer,
    *,
    name: str,
    by: Actor,
    at: datetime,
    kind: AppKind = AppKind.PUBLIC,
    client_id: str | None = None,
    environment: str = "production",
    description: str = "",
    standing: Standing = Standing.PENDING,
    reach: Reach = Reach.OPEN,
    **details: Any,
) -> App:
    """Registers an app. Without a version, and before its standing is `good`, its calls are refused.

    `reach`: whether a cap on sellers holds (`rules.caps`); `details`: what `App.details()` has, checked by the caller.
    """
    name = check_name(name)
    client_id = client_id or f"client_{secrets.token_hex(16)}"
    _check_free(developer, name, client_id)
    app = App.objects.create(
        developer=developer,
        name=name,
        kind=kind,
        client_id=client_id,
        environment=environment,
        description=description,
        reach=reach,
        likeness=skeleton(name),
        created_at=at,
        **details,
    )
    record(
        "appstore.create_app",
        by=by,
        at=at,
        app=app.id,
        developer=developer.id,
        detail={"name": name, "kind": str(kind), "client_id": client_id, "reach": str(reach)},
    )
    open_standing(app.id, "app", by=by, at=at, standing=standing, reason="registered")
    publish_app(app)
    return app


def check_name(name: str) -> str:
    """Without spaces around it."""
    if not name.strip():
        raise PiepowderError("appstore_name_missing", "an app needs a name")
    return name.strip()


def check_manifests(manifests: Iterable[ManifestFact]) -> None:
    """`appstore_manifest_invalid` for the first that says what the catalogue does not know."""
    known = operation_ids()
    for manifest in manifests:
        refuse("appstore_manifest_invalid", "the manifest", rules.check_manifest(manifest, known))


def _check_free(developer: Developer, name: str, client_id: str) -> None:
    if App.objects.filter(developer=developer, name=name).exists():
        raise PiepowderError(
            "appstore_name_taken", f"`{developer.name}` has an app `{name}` already", kind=ErrorKind.CONFLICT
        )
    if App.objects.filter(client_id=client_id).exists():
        raise PiepowderError("appstore_client_id_taken", f"client id `{client_id}` is in use", kind=ErrorKind.CONFLICT)


@transaction.atomic
def add_version(
    app: App, manifest: ManifestFact, *, by: Actor, at: datetime, number: str | None = None, make_current: bool = True
) -> AppVersion:
    """The marketplace itself adds a version, without review, and says so in the record; it is live at once or, not made current, waits.

    Grants keep the version their seller saw; new ones see the current one.
    """
    check_manifests([manifest])
    app = App.objects.locked(app.id)
    number = number or next_number(app)
    if app.versions.filter(number=number).exists():
        raise PiepowderError(
            "appstore_version_taken", f"`{app.name}` has a version `{number}` already", kind=ErrorKind.CONFLICT
        )
    current = make_current or not app.current_version
    version = AppVersion.objects.create(
        app=app,
        number=number,
        body=msgspec.to_builtins(manifest),
        status=VersionStatus.LIVE if current else VersionStatus.APPROVED,
        roles=list(app.roles),
        created_at=at,
        created_by=str(by),
        live_at=at if current else None,
    )
    detail = {"version": number, "current": make_current, "manifest": version.body, "reviewed": False}
    record(
        "appstore.add_version",
        by=by,
        at=at,
        app=app.id,
        developer=app.developer_id,
        outcome=str(version.status),
        detail=detail,
    )
    if current:
        make_live(app, number, by=by, at=at)
    publish_app(app)
    return version


def next_number(app: App) -> str:
    """The first whole number above all that there are: numbers that were given by hand may be anything."""
    numbers = [int(number) for number in app.versions.values_list("number", flat=True) if number.isdecimal()]
    return str(max([app.versions.count(), *numbers]) + 1)


def make_live(app: App, number: str, *, by: Actor, at: datetime) -> None:
    """The version is the app's current one from now on, and what was live before is superseded. `app` is locked, the version live."""
    for former in AppVersion.objects.filter(app=app, status=VersionStatus.LIVE).exclude(number=number):
        AppVersion.objects.advance(
            former, VersionStatus.SUPERSEDED, verb="supersede_version", by=by, at=at, reason=f"replaced by {number}"
        )
    App.objects.filter(pk=app.id).update(current_version=number, next_version="", rollout_percent=0)


@transaction.atomic
def approve_roles(app: App, roles: Collection[str], *, by: Actor, at: datetime, reason: str = "") -> App:
    """Sets the whole list of roles; one that is left out is withdrawn."""
    app = App.objects.locked(app.id)
    wanted = sorted(set(roles))
    detail = {"from": sorted(app.roles), "to": wanted}
    record("appstore.approve_roles", by=by, at=at, app=app.id, developer=app.developer_id, reason=reason, detail=detail)
    App.objects.filter(pk=app.id).update(roles=wanted)
    return publish_app(app)


@transaction.atomic
def set_rates(app: App, rates: Mapping[str, tuple[float, int]], *, by: Actor, at: datetime) -> App:
    """Sets the whole rate plan: operation id or `*` -> (calls a second, burst). What it leaves out has published rates."""
    refuse("appstore_rates_invalid", "the rate plan", rules.check_rates(rates, operation_ids()))
    app = App.objects.locked(app.id)
    plan = {operation: [float(per_second), burst] for operation, (per_second, burst) in rates.items()}
    detail = {"from": app.rates, "to": plan}
    record("appstore.set_rates", by=by, at=at, app=app.id, developer=app.developer_id, detail=detail)
    App.objects.filter(pk=app.id).update(rates=plan)
    return publish_app(app)


@transaction.atomic
def set_mode(
    app: App,
    mode: Mode,
    *,
    by: Actor,
    at: datetime,
    operation: str = rules.EVERY_OPERATION,
    until: datetime | None = None,
    reason: str = "",
) -> ModeChange:
    """Sets how firmly an operation is held, or all (`*`). Observe mode is only proposed: see `approve_mode`."""
    rules.check_until(mode, until, at)
    _check_operation(operation)
    app = App.objects.locked(app.id)
    change = ModeChange.objects.create(
        app=app,
        operation=operation,
        mode=mode,
        status=ModeStatus.PROPOSED,
        until=until,
        reason=reason,
        proposed_by=str(by),
        proposed_at=at,
    )
    detail = {"id": change.id, "operation": operation, "mode": str(mode), "until": until and until.isoformat()}
    record("appstore.propose_mode", by=by, at=at, app=app.id, reason=reason, detail=detail)
    return change if rules.needs_second_person(mode) else _put_into_effect(change, by=by, at=at)


@transaction.atomic
def approve_mode(change: ModeChange, *, by: Actor, at: datetime) -> ModeChange:
    """A second person puts a proposed mode into effect; its end date counts from the proposal as it stands."""
    if change.proposed_by == str(by):
        raise PiepowderError(
            "appstore_mode_same_person",
            "whoever proposed a mode cannot approve it",
            hint="ask a second person",
            kind=ErrorKind.FORBIDDEN,
        )
    rules.check_until(Mode(change.mode), change.until, at)
    App.objects.locked(change.app_id)
    return _put_into_effect(change, by=by, at=at)


@transaction.atomic
def decline_mode(change: ModeChange, *, by: Actor, at: datetime, reason: str = "") -> ModeChange:
    """A second person says no to a proposed mode."""
    return ModeChange.objects.advance(
        change, ModeStatus.DECLINED, verb="decline_mode", by=by, at=at, reason=reason, decided_by=str(by)
    )


@transaction.atomic
def end_mode(change: ModeChange, *, by: Actor, at: datetime, reason: str = "") -> ModeChange:
    """Ends a mode; what it held is enforced from then on, or falls back to the mode for all operations."""
    app = App.objects.locked(change.app_id)
    ended = ModeChange.objects.advance(
        change, ModeStatus.ENDED, verb="end_mode", by=by, at=at, reason=reason, ended_at=at
    )
    publish_app(app)
    return ended


def end_due_modes(*, by: Actor, at: datetime) -> list[ModeChange]:
    """Ends the modes whose date has passed. The gateway holds to the date by itself; this keeps the books."""
    return [end_mode(change, by=by, at=at, reason="its end date has passed") for change in ModeChange.objects.over(at)]


def _put_into_effect(change: ModeChange, *, by: Actor, at: datetime) -> ModeChange:
    """Puts a mode into effect in the place of the former one, which ends."""
    for former in ModeChange.objects.in_effect(change.app).filter(operation=change.operation):
        ModeChange.objects.advance(
            former, ModeStatus.ENDED, verb="end_mode", by=by, at=at, reason=f"replaced by {change.id}", ended_at=at
        )
    changed = ModeChange.objects.advance(
        change, ModeStatus.IN_EFFECT, verb="set_mode", by=by, at=at, reason=change.reason, decided_by=str(by)
    )
    publish_app(change.app)
    return changed


def publish_app(app: App) -> App:
    """The app as the tables have it now, told to the gateways."""
    fresh = App.objects.named(app.id)
    publish("app", fresh.id, fresh.fact())
    return fresh


def _check_operation(operation: str) -> None:
    if operation != rules.EVERY_OPERATION and operation not in operation_ids():
        raise PiepowderError(
            "appstore_operation_unknown", f"operation `{operation}` is not in the catalogue", hint="`*` is all of them"
        )


def refuse(code: str, what: str, problems: list[str]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PiepowderError(code, f"{what} is not valid: {problems[0]}{more}", problems=problems)
