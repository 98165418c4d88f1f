"""The base of every table, and `advance()`: the only way a status changes.

`advance()` is one compare-and-set UPDATE and its ledger record, in the caller's transaction: of two that race, one
meets a conflict; a change without a record cannot be written.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from django.db import models

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.ids import new_id
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record

M = TypeVar("M", bound="StatefulModel")


class PrefixedModel(models.Model):
    """A row whose primary key is `<id_prefix>_` and 26 characters, made with the row."""

    id_prefix: ClassVar[str]

    id = models.CharField(primary_key=True, max_length=64, editable=False)

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.id:
            self.id = new_id(self.id_prefix)


class StatefulModel(models.Model):
    """A row with a `status` column. `transitions` is its table of moves; `ledger_fields` say whom a change is about."""

    transitions: ClassVar[Mapping[Any, frozenset[Any]]]
    status: Any

    class Meta:
        abstract = True

    def ledger_fields(self) -> dict[str, str]:
        """Fields of the ledger record (`app`, `developer`, `seller`, `grant`) that this row is about."""
        return {}


class StateQuerySet(models.QuerySet[M]):
    """Adds `advance()`."""

    def advance(
        self, row: M, to: StrEnum, *, verb: str, by: Actor, at: datetime, reason: str = "", **changes: Any
    ) -> M:
        """Moves `row` from the status it was read in to `to`, with `changes` of other columns, and records `<room>.<verb>`.

        Conflict `<table>_not_from_here` where the table of moves has no such move, `<table>_changed_meanwhile` where
        another change came first. Returns the row as it now is; `row` itself is left alone. Needs a transaction.
        """
        old = type(to)(row.status)
        if to not in row.transitions[old]:
            raise _no_such_move(row, old, to)
        if not self.model._default_manager.filter(pk=row.pk, status=old).update(status=to, **changes):
            raise PiepowderError(
                f"{row._meta.db_table}_changed_meanwhile",
                f"`{row.pk}` is no longer `{old}`: somebody else changed it first",
                hint="look at its present status and decide again",
                kind=ErrorKind.CONFLICT,
                id=row.pk,
            )
        detail = {"id": str(row.pk), "from": str(old), "to": str(to)}
        kind = f"{row._meta.app_label}.{verb}"
        record(kind, by=by, at=at, outcome=str(to), reason=reason, detail=detail, **row.ledger_fields())
        return self.model._default_manager.get(pk=row.pk)


def _no_such_move(row: StatefulModel, old: StrEnum, to: StrEnum) -> PiepowderError:
    possible = ", ".join(f"`{status}`" for status in sorted(row.transitions[old]))
    return PiepowderError(
        f"{row._meta.db_table}_not_from_here",
        f"`{row.pk}` is already `{to}`" if old == to else f"`{row.pk}` cannot become `{to}`: it is `{old}`",
        hint=f"from here it can become {possible}" if possible else "this status is final",
        kind=ErrorKind.CONFLICT,
        id=row.pk,
        status=str(old),
    )
