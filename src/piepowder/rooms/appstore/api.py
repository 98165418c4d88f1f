"""Apps, versions, roles, rates and modes, as an operator manages them."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from piepowder.core.facts.model import ManifestFact
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, ModeChange
from piepowder.rooms.appstore.rules import EVERY_OPERATION, AppKind
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.caller import Permission, require
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
    versions: dict[str, dict[str, Any]]
    modes: list[ModeShown]
    created_at: Moment


@router.get("", response=list[AppShown])
def list_apps(request: HttpRequest, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Apps in the order of their ids; the next page begins `after` the last id of this one."""
    require(request, Permission.READ)
    return [app.described() for app in page(App.objects.listed(), after=after, limit=limit)]


@router.post("", response={201: AppShown})
def create_app(request: HttpRequest, sent: AppSent) -> Status[dict[str, Any]]:
    """Registers an app of a developer. Its standing is `pending` unless said otherwise."""
    by = require(request, Permission.REGISTER)
    developer = Developer.objects.named(sent.developer)
    app = actions.create_app(developer, **sent.dict(exclude={"developer"}), by=by, at=now())
    return Status(201, app.described())


@router.get("/{app_id}", response=AppShown)
def get_app(request: HttpRequest, app_id: Key) -> dict[str, Any]:
    require(request, Permission.READ)
    return App.objects.named(app_id).described()


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
    by = require(request, Permission.GOVERN)
    change = ModeChange.objects.named(change_id)
    return actions.decline_mode(change, by=by, at=now(), reason=sent.reason).described()


@router.post("/modes/{change_id}/end", response=ModeShown)
def end_mode(request: HttpRequest, change_id: Key, sent: ReasonSent) -> dict[str, Any]:
    """Ends a mode in effect; enforce applies from then on, or the mode for all operations."""
    by = require(request, Permission.GOVERN)
    change = ModeChange.objects.named(change_id)
    return actions.end_mode(change, by=by, at=now(), reason=sent.reason).described()
