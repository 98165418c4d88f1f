"""Files are read and judged; somebody looks at what would happen, and starts it or drops it."""

import zlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import chain

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore.rules import check_until
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.imports.models import File, Import, Line
from piepowder.rooms.imports.planning import Plan, plan
from piepowder.rooms.imports.reading import Table, by_kind, read
from piepowder.rooms.imports.rules import ImportStatus, Kind

KEPT_UNSTARTED = timedelta(days=7)


def tables_of(files: Mapping[str, bytes]) -> dict[Kind, Table]:
    return {kind: read(kind, name, data) for kind, (name, data) in by_kind(files).items()}


@transaction.atomic
def check(
    files: Mapping[str, bytes],
    *,
    by: Actor,
    at: datetime,
    observe_until: datetime | None = None,
    register_by: date | None = None,
) -> Import:
    """Reads the files (name -> content) and keeps them with what they would do: the dry run. Nothing else is changed.

    `observe_until`: each new app is proposed for observe mode until then. `register_by`: each new developer is told to register
    by then. Codes: `imports_file_…`, `imports_column_…`, `imports_no_files`, `imports_register_by_past`, `appstore_mode_end_…`.
    """
    if observe_until is not None:
        check_until(Mode.OBSERVE, observe_until, at)
    if register_by is not None and register_by <= at.date():
        raise PiepowderError(
            "imports_register_by_past", f"`{register_by}` is over already", hint="a day that is to come"
        )
    tables = tables_of(files)
    made = plan(tables, at)
    run = Import.objects.create(
        status=ImportStatus.CHECKED,
        counts=made.counts(),
        observe_until=observe_until,
        register_by=register_by,
        created_by=str(by),
        created_at=at,
    )
    File.objects.bulk_create([File(run=run, name=name, body=zlib.compress(data)) for name, data in files.items()])
    write_lines(run, made)
    record("imports.check", by=by, at=at, detail={"import": run.id, "counts": run.counts})
    return run


def write_lines(run: Import, made: Plan) -> None:
    """The plan as rows, in place of what was there."""
    Line.objects.filter(run=run).delete()
    lines = (
        Line(
            run=run,
            kind=step.kind,
            row=step.number,
            column=step.column[:200],
            key=step.key[:420],
            verdict=step.verdict,
            words=step.words[:600],
        )
        for step in chain.from_iterable(made.steps.values())
    )
    Line.objects.bulk_create(lines, batch_size=5_000)


@transaction.atomic
def start(run: Import, *, by: Actor, at: datetime) -> Import:
    """Orders what was checked, or goes on after a failure; the clock carries it out."""
    run = Import.objects.locked(run.id)
    if run.status == ImportStatus.CHECKED and not run.to_do:
        raise PiepowderError(
            "imports_nothing_to_do", "nothing in these files would be created or changed", kind=ErrorKind.CONFLICT
        )
    return Import.objects.advance(
        run, ImportStatus.WAITING, verb="start", by=by, at=at, started_by=str(by), heard_at=None, problem=""
    )


@transaction.atomic
def drop(run: Import, *, by: Actor, at: datetime) -> Import:
    """What was checked is not wanted after all; its files are forgotten."""
    dropped = Import.objects.advance(
        Import.objects.locked(run.id), ImportStatus.DROPPED, verb="drop", by=by, at=at, ended_at=at
    )
    File.objects.filter(run=run).delete()
    return dropped


def forget_files(*, at: datetime) -> int:
    """Files of imports that are over, or were never started, are not kept."""
    several = list(Import.objects.over(at - KEPT_UNSTARTED)[:100])
    File.objects.filter(run__in=several).delete()
    return len(several)
