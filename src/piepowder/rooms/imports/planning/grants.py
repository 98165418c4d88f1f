"""Authorisations and tokens of an import."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from piepowder.core.facts.model import ManifestFact
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.consent.actions.imports import taken_digests
from piepowder.rooms.consent.manifests import Asked, asked_by
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.imports.models import Link
from piepowder.rooms.imports.planning.apps import manifest_of
from piepowder.rooms.imports.planning.steps import AT_ONCE, CREATE, SAME, Judge, Judgement, compared
from piepowder.rooms.imports.reading import Table
from piepowder.rooms.imports.rules import AppRow, GrantRow, Kind, TokenRow, Verdict, Wrong, bounded_expiry
from piepowder.rooms.people.models import Seller
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability, Standing, combined

Shop = tuple[str, bool]  # our id, empty where this import makes it; whether it is open


@dataclass(slots=True)
class Target:
    """An app as grants need it: its id (empty: it is made by this import), and what it asks for."""

    id: str
    purposes: frozenset[str]
    open: bool
    room: int | None  # how many sellers more may authorise it; None for any number


def _targets(
    keys: Collection[str], tables: Mapping[Kind, Table], expected: Mapping[Kind, set[str]]
) -> dict[str, Target]:
    """Apps by key: those of this import, and those that are here."""
    found = {}
    for row in tables[Kind.APPS].rows if Kind.APPS in tables else ():
        if row.key in expected[Kind.APPS] and isinstance(row, AppRow):
            most = App(kind=row.kind, reach=Reach.OPEN).sellers_max
            found[row.key] = Target("", _purposes(manifest_of(row)), True, most)
    links = Link.objects.known(Kind.APPS, keys)
    apps = App.objects.prefetch_related("versions").in_bulk([link.object_id for link in links.values()])
    standings = Subject.objects.of([*apps, *(app.developer_id for app in apps.values())])
    for key, link in links.items():
        if app := apps.get(link.object_id):
            asked: Asked | None = asked_by(app) if app.current_version else None
            several = [Standing(standings[one]) for one in (app.id, app.developer_id) if one in standings]
            may = bool(several) and Capability.NEW_AUTHORISATIONS in combined(*several)
            room = None if app.sellers_max is None else app.sellers_max - Grant.objects.other_sellers(app.id, "")
            found[key] = Target(app.id, frozenset(asked.purposes) if asked else frozenset(), may, room)
    return found


def _purposes(manifest: ManifestFact) -> frozenset[str]:
    return frozenset({*manifest.categories, *(one for ones in manifest.operations.values() for one in ones)})


def _shops(keys: Collection[str], tables: Mapping[Kind, Table], expected: set[str]) -> dict[str, Shop]:
    """Sellers by the marketplace's id; what the files say of one counts, for it is carried out first."""
    several = list(keys)
    found: dict[str, Shop] = {}
    for place in range(0, len(several), AT_ONCE):
        rows = Seller.objects.filter(marketplace_id__in=several[place : place + AT_ONCE])
        found.update({key: (one, active) for key, one, active in rows.values_list("marketplace_id", "id", "active")})
    for row in _rows_of(tables, Kind.SELLERS):
        if row.key in expected:
            found[row.key] = (found.get(row.key, ("", True))[0], row.active)
    return found


def grants(rows: list[GrantRow], expected: dict[Kind, set[str]], tables: Mapping[Kind, Table], at: datetime) -> Judge:
    targets = _targets({row.app for row in rows}, tables, expected)
    shops = _shops({row.seller for row in rows}, tables, expected[Kind.SELLERS])
    links = Link.objects.known(Kind.GRANTS, [row.key for row in rows])
    held = _held([target.id for target in targets.values() if target.id])
    linked = {link.object_id for link in links.values()}
    longest, taken = at + timedelta(days=settings.PIEPOWDER.grant_days), dict[tuple[str, str], int]()

    def judge(row: GrantRow) -> Judgement:
        target, shop = _pair(row, targets, shops)
        first = taken.setdefault((row.app, row.seller), row.number)
        if first != row.number:
            raise Wrong("seller", f"has a grant for this app in row {first}")
        present = held.get((target.id, shop[0]))
        if row.key in links:
            return _known_grant(row, links[row.key], present, target, longest)
        if present is not None and present[0] in linked:
            raise Wrong("key", f"this seller's grant for the app is `{present[0]}`, imported under another key")
        if present is not None:
            return Verdict.DIFFERS, "seller", f"has authorised the app here already (`{present[0]}`); that stays"
        _check_grant(row, target, shop, at)
        if target.room is not None:
            target.room -= 1
        if row.expires_at is not None and row.expires_at > longest:
            return Verdict.CREATE, "expires_at", f"ends on {longest:%Y-%m-%d}, as one that is given today would"
        return CREATE

    return judge


def _held(app_ids: list[str]) -> dict[tuple[str, str], tuple[str, list[str], datetime]]:
    rows = Grant.objects.filter(app__in=app_ids, status="active")
    several = rows.values_list("app_id", "seller_id", "id", "purposes", "expires_at")
    return {(app, seller): (grant, purposes, until) for app, seller, grant, purposes, until in several}


def _known_grant(row: GrantRow, link: Link, present: Any, target: Target, longest: datetime) -> Judgement:
    if present is None or present[0] != link.object_id:
        return Verdict.DIFFERS, "key", f"`{link.object_id}` has ended here; an import does not bring it back"
    wanted = sorted(row.purposes or target.purposes)
    pairs: dict[str, tuple[Any, Any]] = {"purposes": (" ".join(sorted(present[1])), " ".join(wanted))}
    if row.expires_at is not None:
        pairs["expires_at"] = (present[2], bounded_expiry(row.expires_at, max(longest, present[2])))
    return compared(Verdict.DIFFERS, pairs)


def _pair(row: GrantRow | TokenRow, targets: Mapping[str, Target], shops: Mapping[str, Shop]) -> Any:
    if row.app not in targets:
        raise Wrong("app", f"`{row.app}` is no app that was or is imported")
    if row.seller not in shops:
        raise Wrong("seller", f"`{row.seller}` is no seller here or in the files")
    return targets[row.app], shops[row.seller]


def _check_grant(row: GrantRow, target: Target, shop: Shop, at: datetime) -> None:
    if not shop[1]:
        raise Wrong("seller", f"`{row.seller}` is closed")
    if not target.open:
        raise Wrong("app", f"`{row.app}` may not be authorised just now: its standing does not permit it")
    if strange := [one for one in row.purposes or () if one not in target.purposes]:
        raise Wrong(
            "purposes", f"`{strange[0]}` is not in the app's manifest ({', '.join(sorted(target.purposes)) or 'none'})"
        )
    if target.room == 0:
        raise Wrong("app", f"`{row.app}` may be used by so many sellers only as it has already")
    if not target.purposes:
        raise Wrong("app", f"`{row.app}` declares no purpose")
    if row.expires_at is not None and row.expires_at <= at:
        raise Wrong("expires_at", "is over already")
    if row.granted_at is not None and row.granted_at > at:
        raise Wrong("granted_at", "has not come yet")


def tokens(rows: list[TokenRow], expected: dict[Kind, set[str]], tables: Mapping[Kind, Table], at: datetime) -> Judge:
    targets = _targets({row.app for row in rows}, tables, expected)
    shops = _shops({row.seller for row in rows}, tables, expected[Kind.SELLERS])
    held = _held([target.id for target in targets.values() if target.id])
    coming = {(row.app, row.seller) for row in _rows_of(tables, Kind.GRANTS) if row.key in expected[Kind.GRANTS]}
    taken: set[str] = set()
    for place in range(0, len(rows), AT_ONCE):
        taken |= taken_digests(row.digest for row in rows[place : place + AT_ONCE])
    with_client = set(
        Client.objects.filter(lasting=True, app__in=[t.id for t in targets.values() if t.id]).values_list(
            "app", flat=True
        )
    )

    def judge(row: TokenRow) -> Judgement:
        target, shop = _pair(row, targets, shops)
        if row.digest in taken:
            return SAME
        if (target.id, shop[0]) not in held and (row.app, row.seller) not in coming:
            raise Wrong("seller", "has no grant for this app, here or in the files")
        if target.id and target.id not in with_client:
            raise Wrong("app", f"`{target.id}` has no client that keeps one lasting refresh token")
        return CREATE

    return judge


def _rows_of(tables: Mapping[Kind, Table], kind: Kind) -> list[Any]:
    return tables[kind].rows if kind in tables else []
