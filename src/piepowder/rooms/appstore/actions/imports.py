"""Apps that a marketplace has already, many at once; and taking back those that an import made by mistake."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import ProtectedError

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import rules
from piepowder.rooms.appstore.actions.provisioning import check_manifests, check_name
from piepowder.rooms.appstore.models import App, AppVersion, ModeChange
from piepowder.rooms.appstore.rules import ModeStatus
from piepowder.rooms.appstore.rules.versions import VersionStatus
from piepowder.rooms.developers.rules.names import skeleton
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import Change, record_many
from piepowder.rooms.publication.actions import publish_many
from piepowder.rooms.standing.actions import forget_standings, open_standings
from piepowder.rooms.standing.rules import Standing

FIRST = "1"


@dataclass(frozen=True, slots=True)
class KnownApp:
    """An app to be made, not saved yet, with its developer and roles; and what its first version declares."""

    app: App
    manifest: ManifestFact | None


@transaction.atomic
def import_apps(several: Sequence[KnownApp], *, by: Actor, at: datetime) -> list[App]:
    """As `register_app`, of many at once and in good standing: all, or none where one is refused."""
    check_manifests(one.manifest for one in several if one.manifest is not None)
    for one in several:
        _prepare(one, at)
    made = App.objects.bulk_create([one.app for one in several])
    AppVersion.objects.bulk_create([_version(one.app, one.manifest, by, at) for one in several if one.manifest])
    record_many("appstore.create_app", map(_created, made), by=by, at=at)
    versions = [_versioned(one.app, one.manifest) for one in several if one.manifest is not None]
    record_many("appstore.add_version", versions, by=by, at=at, outcome=VersionStatus.LIVE)
    record_many("appstore.approve_roles", [_with_roles(one) for one in made if one.roles], by=by, at=at)
    ids = [one.id for one in made]
    open_standings(ids, "app", by=by, at=at, standing=Standing.GOOD, reason="registered")
    fresh = list(App.objects.listed().filter(pk__in=ids))
    publish_many(("app", one.id, one.fact()) for one in fresh)
    return fresh


def _prepare(one: KnownApp, at: datetime) -> None:
    app = one.app
    app.name, app.created_at = check_name(app.name), at
    app.roles, app.likeness = sorted(set(app.roles)), skeleton(app.name)
    app.client_id = app.client_id or f"client_{secrets.token_hex(16)}"
    app.current_version = FIRST if one.manifest is not None else ""


def _version(app: App, manifest: ManifestFact, by: Actor, at: datetime) -> AppVersion:
    return AppVersion(
        app=app,
        number=FIRST,
        body=msgspec.to_builtins(manifest),
        status=VersionStatus.LIVE,
        created_at=at,
        created_by=str(by),
        live_at=at,
    )


def _created(app: App) -> Change:
    detail = {"name": app.name, "kind": str(app.kind), "client_id": app.client_id, "reach": str(app.reach)}
    return Change(app=app.id, developer=app.developer_id, detail=detail)


def _versioned(app: App, manifest: ManifestFact) -> Change:
    detail = {"version": FIRST, "current": True, "manifest": msgspec.to_builtins(manifest), "reviewed": False}
    return Change(app=app.id, developer=app.developer_id, detail=detail)


def _with_roles(app: App) -> Change:
    return Change(app=app.id, developer=app.developer_id, detail={"from": [], "to": app.roles})


@transaction.atomic
def propose_modes(apps: Collection[App], mode: Mode, *, until: datetime, reason: str, by: Actor, at: datetime) -> None:
    """As `set_mode` of a mode that a second person approves, for all operations of many apps."""
    rules.check_until(mode, until, at)
    made = ModeChange.objects.bulk_create(
        [
            ModeChange(
                app=app,
                operation=rules.EVERY_OPERATION,
                mode=mode,
                status=ModeStatus.PROPOSED,
                until=until,
                reason=reason,
                proposed_by=str(by),
                proposed_at=at,
            )
            for app in apps
        ]
    )
    words = {"operation": rules.EVERY_OPERATION, "mode": str(mode), "until": until.isoformat()}
    told = [Change(app=one.app_id, detail={"id": one.id, **words}) for one in made]
    record_many("appstore.propose_mode", told, by=by, at=at, reason=reason)


@transaction.atomic
def forget_apps(apps: Collection[App], *, by: Actor, at: datetime) -> None:
    """All or none, with their versions and modes: `appstore_in_use` where something refers to one. Their names are free again."""
    ids = [one.id for one in apps]
    try:
        ModeChange.objects.filter(app__in=ids).delete()
        AppVersion.objects.filter(app__in=ids).delete()
        App.objects.filter(pk__in=ids).delete()
    except ProtectedError as error:
        names = ", ".join(f"`{one.name}`" for one in apps)
        raise PiepowderError(
            "appstore_in_use", f"{names} has {_words(error)} by now", kind=ErrorKind.CONFLICT
        ) from None
    told = [Change(app=one.id, developer=one.developer_id, detail={"name": one.name}) for one in apps]
    record_many("appstore.forget_app", told, by=by, at=at)
    publish_many(("app", one, None) for one in ids)
    forget_standings(ids, by=by, at=at)


def _words(error: ProtectedError) -> str:
    return ", ".join(sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects}))
