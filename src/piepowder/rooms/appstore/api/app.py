"""Apps, versions, roles, rates and modes, as an operator manages them; registration and addresses by a developer's own key as well."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from piepowder.core.facts.model import ManifestFact
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.actions import Details
from piepowder.rooms.appstore.api.versions import VersionShown, WholeManifest
from piepowder.rooms.appstore.models import App, AppVersion, ModeChange
from piepowder.rooms.appstore.rules import EVERY_OPERATION, AppKind
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, Word, now, page
from piepowder.rooms.standing.rules import Standing

router = Router(tags=["apps"])


class AppSent(Sent):
    developer: Key
    name: Name
    kind: AppKind = AppKind.PUBLIC
    client_id: Word | None = None
    environment: Word = "production"
    description: Prose = ""
    standing: Standing = Standing.PENDING


class ManifestSent(Sent):
    operations: Annotated[dict[Word, tuple[Word, ...]], Field(max_length=1000)]
    categories: Annotated[dict[Word, tuple[Word, ...]], Field(max_length=100)] = {}
    substitutes_everywhere: bool = False
    number: Annotated[Word, Field(max_length=20)] | None = None
    make_current: bool = True


class RolesSent(Sent):
    roles: Annotated[list[Word], Field(max_length=100)]
    reason: Prose = ""


class RatesSent(Sent):
    rates: Annotated[dict[Word, tuple[float, int]], Field(max_length=1000)]


class ModeSent(Sent):
    mode: Mode
    operation: Word = EVERY_OPERATION
    until: Moment | None = None
    reason: Prose = ""


class ReasonSent(Sent):
    reason: Prose = ""


Address = Annotated[str, Field(max_length=2000)]
Addresses = Annotated[list[Address], Field(max_length=100)]


class DetailsSent(Sent):
    name: Name
    description: Prose = ""
    redirect_uris: Addresses = []
    login_uri: Address = ""
    webhook_urls: Addresses = []
    privacy_policy_url: Address = ""
    support_email: Annotated[str, Field(max_length=254)] = ""
    support_url: Address = ""

    def details(self) -> Details:
        return Details.from_columns(self.dict(exclude={"developer", "kind", "revision"}))


class OwnAppSent(DetailsSent):
    developer: Key
    kind: AppKind = AppKind.PUBLIC


class DetailsChanged(DetailsSent):
    revision: int | None = None


class ReachSent(Sent):
    reach: Reach
    reason: Prose = ""


class DraftSent(Sent):
    manifest: WholeManifest | None = None
    number: Annotated[Word, Field(max_length=20)] | None = None


class ModeShown(Schema):
    id: str
    app: str
    operation: str
    mode: str
    status: str
    until: Moment | None
    reason: str
    proposed_by: str
    proposed_at: Moment
    decided_by: str
    ended_at: Moment | None


class AppShown(Schema):
    id: str
    developer: str
    name: str
    kind: str
    client_id: str
    environment: str
    description: str
    roles: list[str]
    rates: dict[str, tuple[float, int]]
    current_version: str
    next_version: str
    rollout_percent: int
    reach: str
    sellers_max: int | None
    redirect_uris: list[str]
    login_uri: str
    webhook_urls: list[str]
    privacy_policy_url: str
    support_email: str
    support_url: str
    revision: int
    versions: dict[str, dict[str, Any]]
    modes: list[ModeShown]
    created_at: Moment


@router.get("", response=list[AppShown])
def list_apps(request: HttpRequest, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Apps in the order of their ids; the next page begins `after` the last id of this one. A developer's key lists its own."""
    caller, rows = caller_of(request), App.objects.listed()
    if caller.developer:
        rows = rows.filter(developer=caller.developer)
    else:
        require(request, Permission.READ)
    return [app.described() for app in page(rows, after=after, limit=limit)]


@router.post("", response={201: AppShown})
def create_app(request: HttpRequest, sent: AppSent) -> Status[dict[str, Any]]:
    """Registers an app of a developer. Its standing is `pending` unless said otherwise."""
    by = require(request, Permission.REGISTER)
    developer = Developer.objects.named(sent.developer)
    app = actions.create_app(developer, **sent.dict(exclude={"developer"}), by=by, at=now())
    return Status(201, app.described())


@router.post("/own", response={201: AppShown})
def register_own_app(request: HttpRequest, sent: OwnAppSent) -> Status[dict[str, Any]]:
    """A developer registers its own app: pending, and capped until it is listed."""
    by = require_own(request, Permission.REGISTER, developer=sent.developer)
    developer = Developer.objects.named(sent.developer)
    app = actions.register_own_app(developer, sent.kind, sent.details(), by=by, at=now())
    return Status(201, app.described())


@router.get("/{app_id}", response=AppShown)
def get_app(request: HttpRequest, app_id: Key) -> dict[str, Any]:
    """One app, with its versions and modes."""
    app = App.objects.named(app_id)
    require_own(request, Permission.READ, developer=app.developer_id)
    return app.described()


@router.put("/{app_id}/details", response=AppShown)
def put_details(request: HttpRequest, app_id: Key, sent: DetailsChanged) -> dict[str, Any]:
    """Name, description and addresses, all of them. `revision` guards against somebody who was faster."""
    app = App.objects.named(app_id)
    by = require_own(request, Permission.REGISTER, developer=app.developer_id)
    return actions.change_details(app, sent.details(), by=by, at=now(), revision=sent.revision).described()


@router.put("/{app_id}/reach", response=AppShown)
def put_reach(request: HttpRequest, app_id: Key, sent: ReachSent) -> dict[str, Any]:
    """Whether a cap on sellers holds: `open` is none, `unlisted` the one of the settings."""
    by = require(request, Permission.GOVERN)
    return actions.set_reach(App.objects.named(app_id), sent.reach, by=by, at=now(), reason=sent.reason).described()


@router.get("/{app_id}/versions", response=list[VersionShown])
def list_versions(request: HttpRequest, app_id: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """Every version, whatever became of it, the newest first."""
    app = App.objects.named(app_id)
    require_own(request, Permission.READ, developer=app.developer_id)
    return [version.described() for version in AppVersion.objects.newest(app.id)[:limit]]


@router.post("/{app_id}/drafts", response={201: VersionShown})
def begin_version(request: HttpRequest, app_id: Key, sent: DraftSent) -> Status[dict[str, Any]]:
    """Begins a version as a draft, with a manifest or with what the present one declares; one at a time."""
    app = App.objects.named(app_id)
    by = require_own(request, Permission.REGISTER, developer=app.developer_id)
    manifest = sent.manifest.fact() if sent.manifest else None
    version = actions.begin_version(app, by=by, at=now(), manifest=manifest, number=sent.number)
    return Status(201, version.described())


@router.post("/{app_id}/versions", response={201: AppShown})
def add_version(request: HttpRequest, app_id: Key, sent: ManifestSent) -> Status[dict[str, Any]]:
    """Adds a version: operation -> purposes, purpose -> data categories."""
    by = require(request, Permission.REGISTER)
    app = App.objects.named(app_id)
    manifest = ManifestFact(sent.operations, sent.categories, sent.substitutes_everywhere)
    actions.add_version(app, manifest, by=by, at=now(), number=sent.number, make_current=sent.make_current)
    return Status(201, App.objects.named(app_id).described())


@router.put("/{app_id}/roles", response=AppShown)
def put_roles(request: HttpRequest, app_id: Key, sent: RolesSent) -> dict[str, Any]:
    """Sets the approved roles; one that is left out is withdrawn."""
    by = require(request, Permission.REGISTER)
    return actions.approve_roles(App.objects.named(app_id), sent.roles, by=by, at=now(), reason=sent.reason).described()


@router.put("/{app_id}/rates", response=AppShown)
def put_rates(request: HttpRequest, app_id: Key, sent: RatesSent) -> dict[str, Any]:
    """Sets the rate plan: operation or `*` -> [calls a second, burst]; the rest has the published rates."""
    by = require(request, Permission.REGISTER)
    return actions.set_rates(App.objects.named(app_id), sent.rates, by=by, at=now()).described()


@router.get("/{app_id}/modes", response=list[ModeShown])
def list_modes(request: HttpRequest, app_id: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """Changes of mode of an app, the newest first, whatever became of them."""
    require(request, Permission.READ)
    return [change.described() for change in ModeChange.objects.newest(App.objects.named(app_id))[:limit]]


@router.post("/{app_id}/modes", response={201: ModeShown})
def set_mode(request: HttpRequest, app_id: Key, sent: ModeSent) -> Status[dict[str, Any]]:
    """Sets a mode. `observe` is only proposed by this: a second person approves it, and it has an end date."""
    by = require(request, Permission.GOVERN)
    return Status(201, actions.set_mode(App.objects.named(app_id), **sent.dict(), by=by, at=now()).described())


@router.post("/modes/{change_id}/approve", response=ModeShown)
def approve_mode(request: HttpRequest, change_id: Key) -> dict[str, Any]:
    """Puts a proposed mode into effect; not with the key that proposed it."""
    by = require(request, Permission.GOVERN)
    return actions.approve_mode(ModeChange.objects.named(change_id), by=by, at=now()).described()


@router.post("/modes/{change_id}/decline", response=ModeShown)
def decline_mode(request: HttpRequest, change_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """Says no to a proposed mode."""
    by = require(request, Permission.GOVERN)
    change = ModeChange.objects.named(change_id)
    return actions.decline_mode(change, by=by, at=now(), reason=sent.reason).described()


@router.post("/modes/{change_id}/end", response=ModeShown)
def end_mode(request: HttpRequest, change_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """Ends a mode in effect; enforce applies from then on, or the mode for all operations."""
    by = require(request, Permission.GOVERN)
    change = ModeChange.objects.named(change_id)
    return actions.end_mode(change, by=by, at=now(), reason=sent.reason).described()
