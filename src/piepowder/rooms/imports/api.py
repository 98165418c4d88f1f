"""Imports of what a marketplace has already; the twins of `piepowder load`."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from piepowder.rooms.ground.caller import Permission, require
from piepowder.rooms.ground.doors import Key, Limit, Moment, now
from piepowder.rooms.imports import actions, reads
from piepowder.rooms.imports.models import Import, Line
from piepowder.rooms.imports.reading import by_kind, shown_columns
from piepowder.rooms.imports.rules import Kind, Verdict

router = Router(tags=["imports"])


class ImportShown(Schema):
    id: str
    status: str
    counts: dict[str, dict[str, int]]
    observe_until: Moment | None
    register_by: date | None
    created_by: str
    created_at: Moment
    started_by: str
    done_rows: int
    ended_at: Moment | None
    problem: str


class LineShown(Schema):
    kind: str
    row: int
    column: str
    key: str
    verdict: str
    words: str


class ColumnShown(Schema):
    name: str
    about: str
    needed: bool
    example: str


class NextShown(Schema):
    apps: int
    proposed: int
    observed: int
    unregistered: int
    register_by: date | None


class ApprovedShown(Schema):
    approved: int


@router.get("/columns", response=dict[str, list[ColumnShown]])
def list_columns(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """Which files there are, and which columns each has."""
    require(request, Permission.READ)
    return {str(kind): shown_columns(kind) for kind in Kind}


@router.get("", response=list[ImportShown])
def list_imports(request: HttpRequest, limit: Limit = 100) -> list[dict[str, Any]]:
    """Imports, the newest first."""
    require(request, Permission.READ)
    return [run.described() for run in Import.objects.newest()[:limit]]


@router.post("", response={201: ImportShown})
def check(
    request: HttpRequest,
    files: File[list[UploadedFile]],
    observe_until: Form[Moment | None] = None,
    register_by: Form[date | None] = None,
) -> Status[dict[str, Any]]:
    """The dry run: reads the files (`developers.csv`, `apps.json`, …) and says what each row would do. Nothing else is changed."""
    by = require(request, Permission.REGISTER)
    by_kind({file.name or "": b"" for file in files})  # names first: a large file of no use is not read
    given = {file.name or "": file.read() for file in files}
    run = actions.check(given, by=by, at=now(), observe_until=observe_until, register_by=register_by)
    return Status(201, run.described())


@router.get("/{import_id}", response=ImportShown)
def get_import(request: HttpRequest, import_id: Key) -> dict[str, Any]:
    """One import, with its counts and how far it is."""
    require(request, Permission.READ)
    return Import.objects.named(import_id).described()


@router.get("/{import_id}/lines", response=list[LineShown])
def list_lines(
    request: HttpRequest, import_id: Key, verdict: Verdict | None = None, kind: Kind | None = None, offset: int = 0
) -> list[dict[str, Any]]:
    """What becomes of each row, and why; 500 at a time."""
    require(request, Permission.READ)
    run = Import.objects.named(import_id)
    rows = Line.objects.of(run.id, verdict or "", kind or "")
    start = min(max(offset, 0), 10_000_000)
    return [line.described() for line in rows[start : start + 500]]


@router.get("/{import_id}/report", response=dict[str, list[LineShown]])
def get_report(request: HttpRequest, import_id: Key) -> dict[str, Any]:
    """The reconciliation: refused, different, changed, only here; the first thousand rows of each."""
    require(request, Permission.READ)
    found = reads.report(Import.objects.named(import_id))
    return {verdict: [line.described() for line in lines] for verdict, lines in found.items()}


@router.get("/{import_id}/next", response=NextShown)
def get_next(request: HttpRequest, import_id: Key) -> reads.Next:
    """What is left to do after it."""
    require(request, Permission.READ)
    return reads.what_now(Import.objects.named(import_id))


@router.post("/{import_id}/start", response={202: ImportShown})
def start(request: HttpRequest, import_id: Key) -> Status[dict[str, Any]]:
    """Orders it; the worker carries it out within a moment. After a failure it goes on where it stopped."""
    by = require(request, Permission.REGISTER)
    return Status(202, actions.start(Import.objects.named(import_id), by=by, at=now()).described())


@router.post("/{import_id}/drop", response=ImportShown)
def drop(request: HttpRequest, import_id: Key) -> dict[str, Any]:
    """Not wanted after all; its files are forgotten."""
    by = require(request, Permission.REGISTER)
    return actions.drop(Import.objects.named(import_id), by=by, at=now()).described()


@router.post("/{import_id}/approve-modes", response=ApprovedShown)
def approve_modes(request: HttpRequest, import_id: Key) -> dict[str, int]:
    """A second person puts its apps into observe mode."""
    by = require(request, Permission.GOVERN)
    return {"approved": actions.approve_modes(Import.objects.named(import_id), by=by, at=now())}


@router.post("/{import_id}/roll-back", response=ImportShown)
def roll_back(request: HttpRequest, import_id: Key) -> dict[str, Any]:
    """Takes out what it created, unless somebody changed or used it since."""
    by = require(request, Permission.REGISTER)
    return actions.roll_back(Import.objects.named(import_id), by=by, at=now()).described()
