"""An import is rolled back: what it created is taken out again, unless somebody changed or used it since. That stays, and is named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.db.models.functions import Left

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.actions.imports import forget_apps
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.actions import forget_clients, forget_grants
from piepowder.rooms.consent.actions.imports import in_use as grants_in_use
from piepowder.rooms.consent.models import Grant, RefreshToken
from piepowder.rooms.developers.actions.imports import forget_developers
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.imports import marks
from piepowder.rooms.imports.actions.running import FEW, pieces
from piepowder.rooms.imports.models import File, Import, Line, Link
from piepowder.rooms.imports.rules import TOKEN_KEY_CHARACTERS, ImportStatus, Kind, Verdict
from piepowder.rooms.people.actions import forget_sellers
from piepowder.rooms.people.actions.imports import in_use as sellers_in_use
from piepowder.rooms.people.models import Seller

CHANGED = "was changed since; it stays"
USED = "is in use; it stays"


def roll_back(run: Import, *, by: Actor, at: datetime) -> Import:
    """Takes out grants with their tokens, apps, sellers and developers that this import created. Sellers that it changed stay changed.

    In pieces, each a transaction: one that is cut off is simply rolled back again. `imports_not_over` while it is under way.
    """
    if run.status not in (ImportStatus.DONE, ImportStatus.FAILED):
        raise PiepowderError(
            "imports_not_over",
            f"the import is {run.status}",
            hint="only one that was carried out is rolled back",
            kind=ErrorKind.CONFLICT,
        )
    undo = Undo(run, by, at)
    for some in pieces(list(Link.objects.made_by(run.id, Kind.GRANTS))):
        undo.grants(some)
    for kind, take in ((Kind.APPS, undo.apps), (Kind.SELLERS, undo.sellers), (Kind.DEVELOPERS, undo.developers)):
        for some in pieces(list(Link.objects.made_by(run.id, kind)), FEW):
            undo.several(some, take)
    undo.tokens()
    return _rolled_back(run, by=by, at=at)


@transaction.atomic
def _rolled_back(run: Import, *, by: Actor, at: datetime) -> Import:
    Link.objects.filter(run=run, joined=True).delete()
    File.objects.filter(run=run).delete()
    row = Import.objects.locked(run.id)
    counts = Line.objects.counted(run.id)
    return Import.objects.advance(
        row, ImportStatus.ROLLED_BACK, verb="roll_back", by=by, at=at, counts=counts, ended_at=at
    )


class Undo:
    """One import that is taken out again."""

    def __init__(self, run: Import, by: Actor, at: datetime) -> None:
        self.run, self.by, self.at = run, by, at

    @transaction.atomic
    def grants(self, links: Iterable[Link]) -> None:
        by_id = {link.object_id: link for link in links}
        rows = Grant.objects.select_for_update().in_bulk(list(by_id))
        used = grants_in_use(list(rows))
        gone = []
        for grant_id, link in by_id.items():
            row = rows.get(grant_id)
            if row is not None and marks.grant_mark(row) != link.mark:
                self._keep(link, CHANGED)
            elif grant_id in used:
                self._keep(link, USED)
            else:
                gone.append(link)
        forget_grants([rows[link.object_id] for link in gone if link.object_id in rows], by=self.by, at=self.at)
        self._forget(gone)

    def tokens(self) -> None:
        """Tokens went with their grants, or stay with them; a line knows its token by how the digest begins."""
        lines = Line.objects.filter(run=self.run, kind=Kind.TOKENS, verdict=Verdict.CREATE)
        for some in pieces(list(lines.values_list("key", flat=True))):
            marked = RefreshToken.objects.annotate(mark=Left("token_checksum", TOKEN_KEY_CHARACTERS))
            kept = set(marked.filter(mark__in=some).values_list("mark", flat=True))
            lines.filter(key__in=kept).update(verdict=Verdict.KEPT, words=f"the token {USED}")
            lines.filter(key__in=set(some) - kept).update(verdict=Verdict.TAKEN_BACK)

    def several(self, links: Sequence[Link], take: Callable[[Sequence[Link]], None]) -> None:
        """In one transaction, or, where something refers to one of them, one by one: that one stays whole, with the reason at its line."""
        try:
            with transaction.atomic():
                take(links)
        except (PiepowderError, ProtectedError) as error:
            if len(links) == 1:
                return self._keep(links[0], f"{error.message}; it stays" if isinstance(error, PiepowderError) else USED)
            for link in links:
                self.several([link], take)

    def apps(self, links: Sequence[Link]) -> None:
        rows = App.objects.select_for_update().in_bulk([link.object_id for link in links])
        gone = self._untouched(links, {one: marks.app_mark(row) for one, row in rows.items()})
        forget_clients([rows[link.object_id] for link in gone], by=self.by, at=self.at)
        forget_apps([rows[link.object_id] for link in gone], by=self.by, at=self.at)
        self._forget(gone)

    def developers(self, links: Sequence[Link]) -> None:
        rows = Developer.objects.select_for_update().in_bulk([link.object_id for link in links])
        gone = self._untouched(links, {one: marks.developer_mark(row) for one, row in rows.items()})
        forget_developers([rows[link.object_id] for link in gone], by=self.by, at=self.at)
        self._forget(gone)

    def sellers(self, links: Sequence[Link]) -> None:
        rows = Seller.objects.select_for_update().in_bulk([link.object_id for link in links])
        used = sellers_in_use(list(rows)) | set(Grant.objects.filter(seller__in=rows).values_list("seller", flat=True))
        untouched = self._untouched(links, {one: marks.seller_mark(row) for one, row in rows.items()})
        gone = [link for link in untouched if link.object_id not in used]
        for link in untouched:
            if link.object_id in used:
                self._keep(link, USED)
        forget_sellers([rows[link.object_id] for link in gone], by=self.by, at=self.at)
        self._forget(gone)

    def _untouched(self, links: Sequence[Link], present: Mapping[str, str]) -> list[Link]:
        """Those that are as the import made them; the others stay, and their lines say so. What is gone already is only unlinked."""
        self._forget([link for link in links if link.object_id not in present])
        here = [link for link in links if link.object_id in present]
        for link in here:
            if present[link.object_id] != link.mark:
                self._keep(link, CHANGED)
        return [link for link in here if present[link.object_id] == link.mark]

    def _forget(self, links: list[Link]) -> None:
        Link.objects.filter(pk__in=[link.pk for link in links]).delete()
        self._note(links, verdict=Verdict.TAKEN_BACK)

    def _keep(self, link: Link, words: str) -> None:
        self._note([link], verdict=Verdict.KEPT, words=f"`{link.object_id}` {words}"[:600])

    def _note(self, links: list[Link], **said: Any) -> None:
        for kind in {link.kind for link in links}:
            keys = [link.key for link in links if link.kind == kind]
            Line.objects.filter(run=self.run, kind=kind, key__in=keys, verdict=Verdict.CREATE).update(**said)
