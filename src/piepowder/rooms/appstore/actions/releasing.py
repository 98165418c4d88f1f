"""An approved version goes live, for everybody or for a share of sellers that grows, until it is everybody or is stopped."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore import letters
from piepowder.rooms.appstore.actions.provisioning import approve_roles, make_live, publish_app
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules.versions import VersionStatus, check_percent
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record


@transaction.atomic
def release_version(version: AppVersion, *, by: Actor, at: datetime, percent: int = 100) -> AppVersion:
    """Puts an approved version live. Below 100 per cent, the other sellers go on with the present one and hear nothing."""
    version = AppVersion.objects.locked(version.id)
    app = version.app
    check_percent(percent, before=0, first=not app.current_version)
    if app.next_version:
        raise PiepowderError(
            "appstore_rollout_running",
            f"version `{app.next_version}` is being rolled out already",
            hint="finish or stop that roll-out first",
            kind=ErrorKind.CONFLICT,
        )
    AppVersion.objects.advance(version, VersionStatus.LIVE, verb="release_version", by=by, at=at, live_at=at)
    return _reach(version, percent, by=by, at=at)


@transaction.atomic
def widen_rollout(version: AppVersion, percent: int, *, by: Actor, at: datetime) -> AppVersion:
    """Raises the share of sellers; at 100 per cent the version before it is superseded."""
    version = AppVersion.objects.locked(version.id)
    _check_rolling(version)
    check_percent(percent, before=version.app.rollout_percent, first=False)
    return _reach(version, percent, by=by, at=at)


@transaction.atomic
def stop_rollout(version: AppVersion, *, by: Actor, at: datetime, reason: str = "") -> AppVersion:
    """Nobody else gets it, and who has it goes back to the version before: approved, but not live."""
    version = AppVersion.objects.locked(version.id)
    _check_rolling(version)
    AppVersion.objects.advance(
        version, VersionStatus.APPROVED, verb="stop_rollout", by=by, at=at, reason=reason, live_at=None
    )
    App.objects.filter(pk=version.app_id).update(next_version="", rollout_percent=0)
    publish_app(version.app)
    letters.rollout_stopped(version, reason, at=at)
    return AppVersion.objects.named(version.id)


def _reach(version: AppVersion, percent: int, *, by: Actor, at: datetime) -> AppVersion:
    app = version.app
    detail = {"id": version.id, "version": version.number, "percent": percent}
    record("appstore.set_rollout", by=by, at=at, detail=detail, **version.ledger_fields())
    if percent < 100:
        App.objects.filter(pk=app.id).update(next_version=version.number, rollout_percent=percent)
    else:
        make_live(app, version.number, by=by, at=at)
        if version.reviewed and set(version.roles) != set(app.roles):
            approve_roles(app, version.roles, by=by, at=at, reason=f"of version {version.number}, which is live")
    publish_app(app)
    return AppVersion.objects.named(version.id)


def _check_rolling(version: AppVersion) -> None:
    if not version.rolling_out:
        raise PiepowderError(
            "appstore_rollout_none",
            f"version `{version.number}` is not being rolled out",
            hint="it is live for everybody" if version.status == VersionStatus.LIVE else "put it live first",
            kind=ErrorKind.CONFLICT,
        )
