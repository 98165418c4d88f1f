"""Imports with their files and lines, and the links between the marketplace's own names and Piepowder's ids.

The files hold names of businesses and digests of tokens, never buyers; they are forgotten when the import is over.
"""

import zlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Count

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.ground.models import PrefixedModel, StatefulModel, StateQuerySet
from piepowder.rooms.imports.rules import TRANSITIONS, ImportStatus, Kind, Verdict


class ImportQuerySet(StateQuerySet["Import"]):
    def named(self, import_id: str) -> "Import":
        """One import; `imports_unknown` if there is none."""
        if found := self.filter(pk=import_id).first():
            return found
        raise PiepowderError("imports_unknown", f"no import `{import_id}`", kind=ErrorKind.NOT_FOUND)

    def locked(self, import_id: str) -> "Import":
        self.select_for_update().filter(pk=import_id).first()
        return self.named(import_id)

    def newest(self) -> "ImportQuerySet":
        return self.order_by("-id")

    def to_run(self, silent_since: datetime) -> "ImportQuerySet":
        """Those that wait, and those whose process has not been heard of since a moment."""
        silent = models.Q(status=ImportStatus.RUNNING, heard_at__lt=silent_since)
        return self.filter(models.Q(status=ImportStatus.WAITING) | silent).order_by("id")

    def over(self, before: datetime) -> "ImportQuerySet":
        """Those whose files nobody needs any more."""
        ended = (ImportStatus.DONE, ImportStatus.DROPPED, ImportStatus.ROLLED_BACK)
        stale = models.Q(status__in=ended) | models.Q(status=ImportStatus.CHECKED, created_at__lt=before)
        return self.filter(stale, files__isnull=False).distinct()


class Import(PrefixedModel, StatefulModel):
    """One import: what was uploaded, what it came to."""

    id_prefix = "imp"
    transitions = TRANSITIONS

    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in ImportStatus], default=ImportStatus.CHECKED
    )
    counts = models.JSONField(default=dict)  # kind -> verdict -> how many, as checked and, once it ran, as done
    observe_until = models.DateTimeField(null=True, blank=True)
    register_by = models.DateField(null=True, blank=True)
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    started_by = models.CharField(max_length=100, blank=True, default="")
    done_rows = models.PositiveIntegerField(default=0)
    heard_at = models.DateTimeField(null=True, blank=True)  # of the process that runs it
    ended_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")

    objects = ImportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id

    def count(self, verdict: Verdict) -> int:
        return sum(several.get(verdict, 0) for several in self.counts.values())

    @property
    def to_do(self) -> int:
        return self.count(Verdict.CREATE) + self.count(Verdict.CHANGE)

    def contents(self) -> dict[str, bytes]:
        """File name -> what is in it; empty once they were forgotten."""
        return {file.name: zlib.decompress(bytes(file.body)) for file in self.files.order_by("id")}

    def described(self) -> dict[str, Any]:
        """What API and command line show."""
        return {
            "id": self.id,
            "status": self.status,
            "counts": self.counts,
            "observe_until": self.observe_until,
            "register_by": self.register_by,
            "created_by": self.created_by,
            "created_at": self.created_at,
            "started_by": self.started_by,
            "done_rows": self.done_rows,
            "ended_at": self.ended_at,
            "problem": self.problem,
        }


class File(PrefixedModel):
    """A file of an import, compressed."""

    id_prefix = "file"

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    body = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "name"], name="imports_file_once")
        ]

    def __str__(self) -> str:
        return self.name


class LineQuerySet(models.QuerySet["Line"]):
    def of(self, run_id: str, verdict: str = "", kind: str = "") -> "LineQuerySet":
        rows = self.filter(run=run_id)
        rows = rows.filter(verdict=verdict) if verdict else rows
        return (rows.filter(kind=kind) if kind else rows).order_by("id")

    def counted(self, run_id: str) -> dict[str, dict[str, int]]:
        rows = self.filter(run=run_id).order_by().values_list("kind", "verdict").annotate(Count("id"))
        found: dict[str, dict[str, int]] = {}
        for kind, verdict, number in rows:
            found.setdefault(kind, {})[verdict] = number
        return found


class Line(models.Model):
    """What becomes of a row of a file, and why; or (`row` 0) what is here and in no file."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in Kind])
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=420, blank=True)
    verdict = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Verdict])
    words = models.CharField(max_length=600, blank=True)

    objects = LineQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "verdict", "kind"], name="imports_line_verdicts")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"

    def described(self) -> dict[str, Any]:
        names = ("kind", "row", "column", "key", "verdict", "words")
        return {name: getattr(self, name) for name in names}


class LinkQuerySet(models.QuerySet["Link"]):
    def known(self, kind: Kind, keys: Collection[str]) -> "dict[str, Link]":
        """Key -> link, of those keys that are linked."""
        several = list(keys)
        found: dict[str, Link] = {}
        for place in range(0, len(several), 10_000):
            rows = self.filter(kind=kind, key__in=several[place : place + 10_000])
            found.update({row.key: row for row in rows})
        return found

    def made_by(self, run_id: str, kind: Kind) -> "LinkQuerySet":
        return self.filter(run=run_id, kind=kind, joined=False).order_by("id")

    def ids(self, kind: Kind) -> Mapping[str, str]:
        """Piepowder's id -> key."""
        return dict(self.filter(kind=kind).values_list("object_id", "key"))


class Link(models.Model):
    """What the marketplace calls something, and what it is here. `mark` is what it was when it was imported: see `marks`."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in Kind])
    key = models.CharField(max_length=420)
    object_id = models.CharField(max_length=64)
    run = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="links")
    joined = models.BooleanField(default=False)  # it was here before
    mark = models.CharField(max_length=64, blank=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "key"], name="imports_link_key_once"),
            models.UniqueConstraint(fields=["kind", "object_id"], name="imports_link_object_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["run", "kind"], name="imports_link_run")]

    def __str__(self) -> str:
        return f"{self.key} is {self.object_id}"
