"""A developer writes a version, hands it in, takes it back, corrects it. One version of an app is under way at a time."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.taxonomy import ROLES
from piepowder.rooms.appstore import letters, rules
from piepowder.rooms.appstore.actions.details import Details, register_own_app
from piepowder.rooms.appstore.actions.provisioning import next_number, publish_app, refuse
from piepowder.rooms.appstore.catalogue import offered, operation_ids
from piepowder.rooms.appstore.inspection import inspect, possible_roles
from piepowder.rooms.appstore.manifests import tidy, with_purpose, without_purpose
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.checks import failed, fitting_roles
from piepowder.rooms.appstore.rules.versions import VersionStatus, check_writable
from piepowder.rooms.assessments.promises import holidays
from piepowder.rooms.assessments.rules.clocks import business_days_after
from piepowder.rooms.developers.actions.registration import check_open
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record

NOTES_LENGTH_MAX = 2000


@transaction.atomic
def register_with_version(
    developer: Developer, kind: AppKind, details: Details, manifest: ManifestFact, *, by: Actor, at: datetime
) -> AppVersion:
    """A registration whose first version is there at once; both or neither."""
    app = register_own_app(developer, kind, details, by=by, at=at)
    return begin_version(app, manifest=manifest, by=by, at=at)


@transaction.atomic
def begin_version(
    app: App, *, by: Actor, at: datetime, manifest: ManifestFact | None = None, number: str | None = None
) -> AppVersion:
    """Begins a draft: with a manifest, else with what the present version declares. `appstore_version_open` while one is under way."""
    if manifest is not None:
        refuse("appstore_manifest_invalid", "the manifest", rules.check_words(manifest, operation_ids()))
    app = App.objects.locked(app.id)
    check_open(app.developer)
    if open_one := AppVersion.objects.open_of(app.id):
        raise PiepowderError(
            "appstore_version_open",
            f"version `{open_one.number}` of `{app.name}` is under way already",
            hint="change that one, or withdraw it first",
            kind=ErrorKind.CONFLICT,
            version=open_one.id,
        )
    number = number or next_number(app)
    if app.versions.filter(number=number).exists():
        raise PiepowderError(
            "appstore_version_taken", f"`{app.name}` has a version `{number}` already", kind=ErrorKind.CONFLICT
        )
    present = app.versions.filter(number=app.current_version).first()
    chosen = tidy(manifest) if manifest is not None else present.manifest if present else ManifestFact({}, {})
    version = AppVersion.objects.create(
        app=app,
        number=number,
        status=VersionStatus.DRAFT,
        body=msgspec.to_builtins(chosen),
        roles=sorted((present and present.roles) or app.roles or _fitting(app, chosen, at)),
        created_at=at,
        created_by=str(by),
    )
    detail = {"id": version.id, "version": number}
    record("appstore.begin_version", by=by, at=at, outcome="draft", detail=detail, **version.ledger_fields())
    return version


@transaction.atomic
def write_manifest(
    version: AppVersion, manifest: ManifestFact, *, by: Actor, at: datetime, revision: int | None = None
) -> AppVersion:
    """Replaces the whole manifest of a draft, or of a version that was returned."""
    refuse("appstore_manifest_invalid", "the manifest", rules.check_words(manifest, operation_ids()))
    version = _writable(version, revision)
    return _written(version, tidy(manifest), by=by, at=at)


@transaction.atomic
def write_purpose(
    version: AppVersion,
    purpose: str,
    *,
    operations: Collection[str],
    categories: Collection[str],
    by: Actor,
    at: datetime,
    revision: int | None = None,
) -> AppVersion:
    """Says what one purpose calls and asks for; the other purposes stay as they are."""
    version = _writable(version, revision)
    manifest = with_purpose(version.manifest, purpose, operations=operations, categories=categories)
    refuse("appstore_manifest_invalid", "the manifest", rules.check_words(manifest, operation_ids()))
    return _written(version, manifest, by=by, at=at)


@transaction.atomic
def drop_purpose(
    version: AppVersion, purpose: str, *, by: Actor, at: datetime, revision: int | None = None
) -> AppVersion:
    version = _writable(version, revision)
    return _written(version, without_purpose(version.manifest, purpose), by=by, at=at)


@transaction.atomic
def describe_version(
    version: AppVersion,
    *,
    by: Actor,
    at: datetime,
    roles: Collection[str] | None = None,
    notes: str | None = None,
    substitutes_everywhere: bool | None = None,
    revision: int | None = None,
) -> AppVersion:
    """Which roles it asks for, what is new in it, and whether substitutes fill in everywhere. None leaves a part as it is."""
    version = _writable(version, revision)
    body = dict(version.body)
    if substitutes_everywhere is not None:
        body["substitutes_everywhere"] = substitutes_everywhere
    wanted = sorted(version.roles if roles is None else set(roles))
    if strange := [role for role in wanted if role not in ROLES and role not in version.app.roles]:
        raise PiepowderError("appstore_role_unknown", f"there is no role `{strange[0]}`")
    words = version.notes if notes is None else notes.strip()[:NOTES_LENGTH_MAX]
    AppVersion.objects.filter(pk=version.pk).update(roles=wanted, notes=words, body=body, revision=version.revision + 1)
    detail = {"id": version.id, "version": version.number, "roles": wanted}
    record("appstore.describe_version", by=by, at=at, detail=detail, **version.ledger_fields())
    return AppVersion.objects.named(version.id)


@transaction.atomic
def submit_version(version: AppVersion, *, by: Actor, at: datetime) -> AppVersion:
    """Hands a version in. `appstore_checks_failed` names what the automatic checks refuse; nothing is handed in then."""
    version = AppVersion.objects.locked(version.id)
    check_open(version.app.developer)
    results = inspect(version, at=at)
    if bad := failed(results):
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise PiepowderError(
            "appstore_checks_failed",
            f"the checks found something to put right: {bad[0].sentence.rstrip('.')}{more}",
            problems=[one.sentence for one in bad],
        )
    caps = settings.PIEPOWDER
    days = caps.correction_days if version.round else caps.app_review_days
    submitted = AppVersion.objects.advance(
        version,
        VersionStatus.SUBMITTED,
        verb="submit_version",
        by=by,
        at=at,
        round=version.round + 1,
        submitted_at=at,
        submitted_by=str(by),
        promised_at=business_days_after(at, days, holidays()),
        breached_at=None,
        checks=[one.described() for one in results],
        details=version.app.details(),
        first_approval_by="",
        reviewer="",
    )
    letters.submitted(submitted, at=at)
    return AppVersion.objects.named(submitted.id)


@transaction.atomic
def take_back_version(version: AppVersion, *, by: Actor, at: datetime) -> AppVersion:
    """Makes a submitted version a draft again, as long as nobody has begun to review it. It loses its place in the queue."""
    version = AppVersion.objects.locked(version.id)
    back = AppVersion.objects.advance(
        version, VersionStatus.DRAFT, verb="take_back_version", by=by, at=at, first_approval_by="", promised_at=None
    )
    return AppVersion.objects.named(back.id)


@transaction.atomic
def withdraw_version(version: AppVersion, *, by: Actor, at: datetime, reason: str = "") -> AppVersion:
    """Gives a version up that is not live. What grants were made under stays readable for them."""
    version = AppVersion.objects.locked(version.id)
    gone = AppVersion.objects.advance(
        version, VersionStatus.WITHDRAWN, verb="withdraw_version", by=by, at=at, reason=reason, reviewer=""
    )
    publish_app(version.app)
    return AppVersion.objects.named(gone.id)


def _fitting(app: App, manifest: ManifestFact, at: datetime) -> frozenset[str]:
    """Roles for a version that names none yet: what its operations and purposes take, of what the developer is assessed for."""
    return fitting_roles(manifest, offered(), possible_roles(app.developer_id, at))


def _writable(version: AppVersion, revision: int | None) -> AppVersion:
    """The version, locked; refused where it cannot change, or where somebody changed it after the writer looked."""
    version = AppVersion.objects.locked(version.id)
    check_writable(version.state, version.number)
    if revision is not None and revision != version.revision:
        raise PiepowderError(
            "appstore_version_stale",
            "somebody else changed this version after you opened it",
            hint="look at it as it is now, and save again",
            kind=ErrorKind.CONFLICT,
        )
    return version


def _written(version: AppVersion, manifest: ManifestFact, *, by: Actor, at: datetime) -> AppVersion:
    body = msgspec.to_builtins(manifest)
    if body == msgspec.to_builtins(version.manifest):
        return version
    roles = version.roles or sorted(_fitting(version.app, manifest, at))
    AppVersion.objects.filter(pk=version.pk).update(body=body, roles=roles, revision=version.revision + 1)
    detail = {"id": version.id, "version": version.number, "manifest": body, "roles": roles}
    record("appstore.write_manifest", by=by, at=at, detail=detail, **version.ledger_fields())
    return AppVersion.objects.named(version.id)
