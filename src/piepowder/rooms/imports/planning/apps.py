"""Apps of an import."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.json import canonical
from piepowder.core.policy.taxonomy import ROLES
from piepowder.rooms.appstore.catalogue import operation_ids
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import check_manifest
from piepowder.rooms.consent.models import Client
from piepowder.rooms.consent.rules import REDIRECTS_MAX, redirect_problem
from piepowder.rooms.imports.models import Link
from piepowder.rooms.imports.planning.steps import CREATE, Judge, Judgement, compared, found_here, joined_with
from piepowder.rooms.imports.rules import AppRow, Kind, Verdict, Wrong


def apps(rows: list[AppRow], expected: dict[Kind, set[str]], tables: Any, at: datetime) -> Judge:
    links = Link.objects.known(Kind.APPS, [row.key for row in rows])
    ids = [*(link.object_id for link in links.values()), *(row.id for row in rows if row.id)]
    here = App.objects.select_related("developer").prefetch_related("versions").in_bulk(ids)
    joined, operations = Link.objects.ids(Kind.APPS), operation_ids()
    developers = Link.objects.known(Kind.DEVELOPERS, {row.developer for row in rows})
    clients = dict(App.objects.filter(client_id__in=[row.client_id for row in rows]).values_list("client_id", "id"))
    owned = dict(
        Client.objects.filter(client_id__in=[row.client_id for row in rows]).values_list("client_id", "app_id")
    )
    named = set(
        App.objects.filter(developer__in=[one.object_id for one in developers.values()]).values_list(
            "developer", "name"
        )
    )
    taken: set[tuple[str, ...]] = set()

    def judge(row: AppRow) -> Judgement:
        link = links.get(row.key)
        if link is not None or row.id:
            one = found_here(here, row.id or (link.object_id if link else ""), link, joined, row.key)
            return joined_with(link, compared(Verdict.DIFFERS, _app_pairs(one, row)))
        if row.developer not in developers and row.developer not in expected[Kind.DEVELOPERS]:
            raise Wrong("developer", f"`{row.developer}` is no developer that was or is imported")
        if holder := clients.get(row.client_id) or owned.get(row.client_id):
            raise Wrong("client_id", f"belongs to `{holder}`; put that into the column `id` if it is the same app")
        owner = developers.get(row.developer)
        if owner and (owner.object_id, row.name) in named:
            raise Wrong("name", "is the name of another app of this developer")
        for column, mark in (("client_id", ("", row.client_id)), ("name", (row.developer, row.name))):
            if mark in taken:
                raise Wrong(column, "is that of another row as well")
            taken.add(mark)
        _check_app(row, operations)
        return CREATE

    return judge


def _app_pairs(one: App, row: AppRow) -> dict[str, tuple[Any, Any]]:
    return {
        "name": (one.name, row.name),
        "client_id": (one.client_id, row.client_id),
        "kind": (one.kind, row.kind),
        "roles": (" ".join(sorted(one.roles)), " ".join(sorted(row.roles))),
        "manifest": (_manifest_words(one.manifest()) if one.current_version else "", _manifest_words(manifest_of(row))),
    }


def _manifest_words(manifest: ManifestFact) -> str:
    return canonical(manifest)


def manifest_of(row: AppRow) -> ManifestFact:
    try:
        return msgspec.convert(row.manifest, ManifestFact)
    except msgspec.ValidationError as error:
        raise Wrong("manifest", f"is not valid: {error}") from None


def _check_app(row: AppRow, operations: Collection[str]) -> None:
    if problems := check_manifest(manifest_of(row), operations):
        raise Wrong("manifest", "; ".join(problems)[:400])
    if unknown := [role for role in row.roles if role not in ROLES]:
        raise Wrong("roles", f"`{unknown[0]}` is no role; there are {', '.join(f'`{role}`' for role in ROLES)}")
    if len(row.redirect_uris) > REDIRECTS_MAX:
        raise Wrong("redirect_uris", f"are more than {REDIRECTS_MAX}")
    for uri in row.redirect_uris:
        if problem := redirect_problem(uri):
            raise Wrong("redirect_uris", f"`{uri}` {problem}")
