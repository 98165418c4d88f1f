"""An import is carried out: developers, sellers, apps, grants, tokens, each piece with its links, ledger records and facts in one
transaction. A process that dies leaves whole pieces; the next one plans again, finds them linked, and goes on.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore.actions import imports as appstore
from piepowder.rooms.appstore.actions.imports import KnownApp
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.consent.actions import KnownClient, KnownToken, import_clients, import_grants, import_tokens
from piepowder.rooms.consent.manifests import asked_by
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.developers.actions import register_developers
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.imports import letters, marks
from piepowder.rooms.imports.actions.checking import tables_of, write_lines
from piepowder.rooms.imports.models import Import, Line, Link
from piepowder.rooms.imports.planning import Plan, plan
from piepowder.rooms.imports.planning.apps import manifest_of
from piepowder.rooms.imports.rules import (
    AppRow,
    DeveloperRow,
    GrantRow,
    ImportStatus,
    Kind,
    SellerRow,
    TokenRow,
    Verdict,
    bounded_expiry,
)
from piepowder.rooms.people.actions import import_sellers, provision_seller
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.rules import Standing

SILENT = timedelta(minutes=5)  # after which its process is taken for dead
PIECE = 2_500
FEW = 500  # of rows that bring several others with them
TAKEN = "its name, or its client id, is taken already"
logger = logging.getLogger("piepowder.imports")
T = TypeVar("T")
R = TypeVar("R", DeveloperRow, SellerRow, AppRow)
Now = Callable[[], datetime]


def run_due(*, now: Now) -> int:
    """Carries out the imports that wait, one after the other; how many."""
    due = list(Import.objects.to_run(now() - SILENT).values_list("id", flat=True))
    for import_id in due:
        carry_out(import_id, now=now)
    return len(due)


def carry_out(import_id: str, *, now: Now) -> Import:
    """Does what was started; a failure stands at the import, which can then be started again or rolled back."""
    run = _begin(import_id, now())
    try:
        Work(run, now).do()
    except PiepowderError as error:
        return _stop(run, error.message, now())
    except Exception:
        logger.exception("imports_failed %s", run.id)
        return _stop(run, "it failed for a reason that nobody foresaw; the operator's log says more", now())
    return _finish(run, now())


@transaction.atomic
def _begin(import_id: str, at: datetime) -> Import:
    run = Import.objects.locked(import_id)
    if run.status == ImportStatus.WAITING:
        return Import.objects.advance(run, ImportStatus.RUNNING, verb="begin", by=actor(run), at=at, heard_at=at)
    if run.status == ImportStatus.RUNNING and run.heard_at is not None and run.heard_at < at - SILENT:
        Import.objects.filter(pk=run.pk).update(heard_at=at)  # its process is dead: this one goes on
        record("imports.take_over", by=actor(run), at=at, detail={"id": run.id})
        return run
    raise PiepowderError("imports_not_waiting", f"the import is {run.status}", kind=ErrorKind.CONFLICT)


@transaction.atomic
def _stop(run: Import, problem: str, at: datetime) -> Import:
    row = Import.objects.locked(run.id)
    return Import.objects.advance(
        row, ImportStatus.FAILED, verb="stop", by=actor(run), at=at, reason=problem, problem=problem[:500]
    )


@transaction.atomic
def _finish(run: Import, at: datetime) -> Import:
    counts = Line.objects.counted(run.id)
    row = Import.objects.locked(run.id)
    return Import.objects.advance(
        row, ImportStatus.DONE, verb="finish", by=actor(run), at=at, counts=counts, ended_at=at
    )


def actor(run: Import) -> Actor:
    """Whoever started it, in whose name everything is done."""
    kind, _, name = run.started_by.partition(":")
    return Actor(ActorKind(kind), name)


def pieces(several: Sequence[T], size: int = PIECE) -> Iterator[Sequence[T]]:
    for place in range(0, len(several), size):
        yield several[place : place + size]


class Work:
    """One import under way."""

    def __init__(self, run: Import, now: Now) -> None:
        self.run, self.now, self.by, self.at = run, now, actor(run), now()

    def do(self) -> None:
        """Everything, in the order in which rows refer to each other."""
        made = plan(tables_of(self.run.contents()), self.at)
        self._lines(made)
        for developers in pieces(made.to_do(Kind.DEVELOPERS), FEW):
            self._try(Kind.DEVELOPERS, developers, self._developers)
        for some in pieces(made.to_do(Kind.SELLERS)):
            self._sellers(some)
        for seller in made.to_do(Kind.SELLERS, Verdict.CHANGE):
            self._try(Kind.SELLERS, [seller], self._changed_seller)
        for apps in pieces(made.to_do(Kind.APPS), FEW):
            self._try(Kind.APPS, apps, self._apps)
        names = Names(made)
        for grants in pieces(made.to_do(Kind.GRANTS)):
            self._grants(names, grants)
        for tokens in pieces(made.to_do(Kind.TOKENS)):
            self._tokens(names, tokens)

    @transaction.atomic
    def _lines(self, made: Plan) -> None:
        """What is here may have changed since the files were checked; then the lines say so."""
        if not self.run.links.exists() and made.counts() != self.run.counts:
            write_lines(self.run, made)

    def _try(self, kind: Kind, rows: Sequence[R], make: Callable[[Sequence[R]], None]) -> None:
        """In one transaction, or, where one of them is refused, row by row: that one is noted at its line and stops nothing else."""
        try:
            with transaction.atomic():
                make(rows)
                self._heard(len(rows))
        except (PiepowderError, IntegrityError) as error:
            if len(rows) == 1:
                return self._refuse(kind, rows[0], getattr(error, "message", TAKEN))
            for row in rows:
                self._try(kind, [row], make)

    @transaction.atomic
    def _refuse(self, kind: Kind, row: R, words: str) -> None:
        self._refused(kind, row.number, words)
        detail = {"import": self.run.id, "kind": str(kind), "key": row.key}
        record("imports.refuse", by=self.by, at=self.at, reason=words, detail=detail)

    def _refused(self, kind: Kind, number: int, words: str) -> None:
        rows = Line.objects.filter(run=self.run, kind=kind, row=number)
        rows.update(verdict=Verdict.REFUSED, words=words[:600])

    def _heard(self, rows: int) -> None:
        self.run.done_rows += rows
        Import.objects.filter(pk=self.run.pk).update(done_rows=self.run.done_rows, heard_at=self.now())

    def _link(self, kind: Kind, key: str, object_id: str, mark: str = "", *, joined: bool = False) -> Link:
        return Link(kind=kind, key=key, object_id=object_id, run=self.run, mark=mark, joined=joined)

    def _join(self, kind: Kind, row: DeveloperRow | AppRow) -> None:
        """It registered by itself: only what the marketplace calls it is noted."""
        self._link(kind, row.key, row.id, joined=True).save()
        detail = {"import": self.run.id, "kind": str(kind), "key": row.key, "id": row.id}
        record("imports.join", by=self.by, at=self.at, detail=detail)

    def _developers(self, rows: Sequence[DeveloperRow]) -> None:
        new = [row for row in rows if not row.id]
        for row in rows:
            if row.id:
                self._join(Kind.DEVELOPERS, row)
        made = register_developers(
            [{"name": row.name, "contact_email": row.contact_email, "website": row.website} for row in new],
            standing=Standing.GOOD,
            identity_due_on=self.run.register_by,
            by=self.by,
            at=self.at,
        )
        pairs = zip(new, made, strict=True)
        Link.objects.bulk_create(
            [self._link(Kind.DEVELOPERS, row.key, one.id, marks.developer_mark(one)) for row, one in pairs]
        )
        if self.run.register_by is not None:
            for one in made:
                letters.brought_over(one, self.run.register_by, at=self.at)

    @transaction.atomic
    def _sellers(self, rows: Sequence[SellerRow]) -> None:
        made = import_sellers(
            [
                Seller(
                    marketplace_id=row.key,
                    name=row.name,
                    oidc_subject=row.oidc_subject,
                    active=row.active,
                    created_at=self.at,
                )
                for row in rows
            ],
            by=self.by,
            at=self.at,
        )
        links = [self._link(Kind.SELLERS, one.marketplace_id, one.id, marks.seller_mark(one)) for one in made]
        Link.objects.bulk_create(links)
        self._heard(len(made))

    def _changed_seller(self, rows: Sequence[SellerRow]) -> None:
        [row] = rows
        here = Seller.objects.named(row.key)
        provision_seller(
            marketplace_id=row.key,
            name=row.name,
            oidc_subject=row.oidc_subject or here.oidc_subject,
            active=row.active,
            by=self.by,
            at=self.at,
        )

    def _apps(self, rows: Sequence[AppRow]) -> None:
        for row in rows:
            if row.id:
                self._join(Kind.APPS, row)
        new = [row for row in rows if not row.id]
        owners = Link.objects.known(Kind.DEVELOPERS, {row.developer for row in new})
        made = appstore.import_apps([self._known_app(row, owners) for row in new], by=self.by, at=self.at)
        rows_of = {row.client_id: row for row in new}
        import_clients([self._known_client(one, rows_of[one.client_id]) for one in made], by=self.by, at=self.at)
        if self.run.observe_until is not None:
            why = f"import {self.run.id}"
            until = self.run.observe_until
            appstore.propose_modes(made, Mode.OBSERVE, until=until, reason=why, by=self.by, at=self.at)
        Link.objects.bulk_create(
            [self._link(Kind.APPS, rows_of[one.client_id].key, one.id, marks.app_mark(one)) for one in made]
        )

    def _known_app(self, row: AppRow, owners: Mapping[str, Link]) -> KnownApp:
        owner = owners.get(row.developer)
        if owner is None:
            raise PiepowderError("imports_developer_refused", f"its developer `{row.developer}` was refused")
        app = App(
            developer_id=owner.object_id,
            name=row.name,
            kind=AppKind(row.kind),
            client_id=row.client_id,
            description=row.description,
            roles=row.roles,
            redirect_uris=list(row.redirect_uris),
        )
        return KnownApp(app, manifest_of(row))

    def _known_client(self, app: App, row: AppRow) -> KnownClient:
        return KnownClient(app=app, redirect_uris=row.redirect_uris, secret_digest=bytes.fromhex(row.secret_digest))

    @transaction.atomic
    def _grants(self, names: "Names", rows: Sequence[GrantRow]) -> None:
        longest = self.at + timedelta(days=settings.PIEPOWDER.grant_days)
        keys, several = [], []
        for row in rows:
            app, seller = names.apps.get(row.app), names.sellers.get(row.seller)
            if app is None or seller is None:
                what = f"its {'app' if app is None else 'seller'} was refused"
                self._refused(Kind.GRANTS, row.number, what)
                continue
            keys.append(row.key)
            several.append(
                Grant(
                    app_id=app.id,
                    seller_id=seller,
                    version=app.version,
                    purposes=sorted(row.purposes or app.purposes),
                    granted_at=row.granted_at or self.at,
                    changed_at=self.at,
                    expires_at=bounded_expiry(row.expires_at, longest),
                )
            )
        made = import_grants(several, by=self.by, at=self.at)
        links = [
            self._link(Kind.GRANTS, key, one.id, marks.grant_mark(one)) for key, one in zip(keys, made, strict=True)
        ]
        Link.objects.bulk_create(links)
        self._heard(len(rows))

    @transaction.atomic
    def _tokens(self, names: "Names", rows: Sequence[TokenRow]) -> None:
        pairs = {}
        for row in rows:
            app, seller = names.apps.get(row.app), names.sellers.get(row.seller)
            if app is not None and seller is not None:
                pairs[app.id, seller] = (row, app)
        grants = Grant.objects.filter(
            status="active", app__in={app for app, _ in pairs}, seller__in={seller for _, seller in pairs}
        )
        tokens = [
            KnownToken(grant=grant, client_id=pairs[found][1].client, digest=pairs[found][0].digest)
            for grant in grants
            if (found := (grant.app_id, grant.seller_id)) in pairs and pairs[found][1].client
        ]
        import_tokens(tokens, by=self.by, at=self.at)
        held = {token.digest for token in tokens}
        for row in rows:
            if row.digest not in held:
                self._refused(Kind.TOKENS, row.number, "its grant was refused")
        self._heard(len(rows))


class Target:
    """An app as grants and tokens need it."""

    def __init__(self, app: App, client: int) -> None:
        asked = asked_by(app)
        self.id, self.version, self.client = app.id, asked.version, client
        self.purposes = sorted(asked.purposes)


class Names:
    """What the marketplace's names are here, once developers, sellers and apps are made."""

    def __init__(self, made: Plan) -> None:
        rows = made.to_do(Kind.GRANTS) + made.to_do(Kind.TOKENS)
        links = Link.objects.known(Kind.APPS, {row.app for row in rows})
        apps = App.objects.prefetch_related("versions").in_bulk([link.object_id for link in links.values()])
        clients = dict(Client.objects.filter(app__in=apps, lasting=True).order_by("-pk").values_list("app", "pk"))
        self.apps = {
            key: Target(apps[link.object_id], clients.get(link.object_id, 0))
            for key, link in links.items()
            if apps[link.object_id].current_version
        }
        self.sellers: dict[str, str] = {}
        for some in pieces(sorted({row.seller for row in rows}), 10_000):
            found = Seller.objects.filter(marketplace_id__in=some)
            self.sellers.update(found.values_list("marketplace_id", "id"))
