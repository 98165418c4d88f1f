"""What pages, API and command line ask of imports. Nothing here writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from piepowder.rooms.appstore.models import ModeChange, ModeChangeQuerySet
from piepowder.rooms.appstore.rules import ModeStatus
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.imports.models import Import, Line, Link
from piepowder.rooms.imports.rules import Kind, Verdict

LINE_COLUMNS = ("kind", "row", "column", "key", "verdict", "words")


def proposed_modes(run: Import) -> ModeChangeQuerySet:
    """Modes of the import's apps that wait for a second person."""
    apps = Link.objects.filter(run=run, kind=Kind.APPS, joined=False).values("object_id")
    rows: ModeChangeQuerySet = ModeChange.objects.filter(app__in=apps, status=ModeStatus.PROPOSED)
    return rows.select_related("app").order_by("id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What is left to do after an import."""

    apps: int
    proposed: int
    observed: int
    unregistered: int
    register_by: date | None


def what_now(run: Import) -> Next:
    """Which modes wait, and how many developers nobody acts for yet."""
    apps = Link.objects.filter(run=run, kind=Kind.APPS, joined=False)
    in_effect = ModeChange.objects.filter(app__in=apps.values("object_id"), status=ModeStatus.IN_EFFECT, mode="observe")
    return Next(
        apps=apps.count(),
        proposed=proposed_modes(run).count(),
        observed=in_effect.count(),
        unregistered=len(unregistered(run)),
        register_by=run.register_by,
    )


def unregistered(run: Import) -> list[Developer]:
    """Imported developers for whom nobody has signed up."""
    links = Link.objects.filter(run=run, kind=Kind.DEVELOPERS, joined=False)
    joined = Member.objects.values("developer")
    return list(Developer.objects.filter(pk__in=links.values("object_id")).exclude(pk__in=joined).order_by("name"))


def file_rows(run: Import, verdict: str = "") -> Iterator[tuple[str, ...]]:
    """The lines as rows of a file, with a header."""
    yield LINE_COLUMNS
    for line in Line.objects.of(run.id, verdict).iterator():
        told = line.described()
        yield tuple(str(told[name]) for name in LINE_COLUMNS)


def report(run: Import) -> dict[str, list[Line]]:
    """The reconciliation: what is only in the files, only here, and different; the first thousand of each."""
    return {
        str(verdict): list(Line.objects.of(run.id, verdict)[:1_000])
        for verdict in (Verdict.REFUSED, Verdict.DIFFERS, Verdict.CHANGE, Verdict.ONLY_HERE, Verdict.KEPT)
    }
