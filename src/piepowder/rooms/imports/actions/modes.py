"""Observe mode for everything that was imported: proposed by whoever started the import, approved by a second person in one go."""

from datetime import datetime

from django.db import transaction

from piepowder.rooms.appstore.actions import approve_mode
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.imports.models import Import
from piepowder.rooms.imports.reads import proposed_modes


@transaction.atomic
def approve_modes(run: Import, *, by: Actor, at: datetime) -> int:
    """Puts all proposed modes of the import's apps into effect; how many. `appstore_mode_same_person` for whoever started it."""
    changes = list(proposed_modes(run))
    for change in changes:
        approve_mode(change, by=by, at=at)
    record("imports.approve_modes", by=by, at=at, detail={"import": run.id, "apps": len(changes)})
    return len(changes)
