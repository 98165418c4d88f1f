"""Developers and sellers of an import."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from piepowder.rooms.developers.models import Developer
from piepowder.rooms.imports.models import Link
from piepowder.rooms.imports.planning.steps import AT_ONCE, CREATE, Judge, Judgement, compared, found_here, joined_with
from piepowder.rooms.imports.rules import DeveloperRow, Kind, SellerRow, Verdict, Wrong
from piepowder.rooms.people.models import Seller


def developers(rows: list[DeveloperRow], expected: Any, tables: Any, at: datetime) -> Judge:
    links = Link.objects.known(Kind.DEVELOPERS, [row.key for row in rows])
    here = Developer.objects.in_bulk(
        [*(link.object_id for link in links.values()), *(row.id for row in rows if row.id)]
    )
    names = dict(Developer.objects.filter(name__in=[row.name for row in rows]).values_list("name", "id"))
    joined = Link.objects.ids(Kind.DEVELOPERS)
    taken: set[str] = set()

    def judge(row: DeveloperRow) -> Judgement:
        link = links.get(row.key)
        if link is not None or row.id:
            one = found_here(here, row.id or (link.object_id if link else ""), link, joined, row.key)
            pairs = {"name": (one.name, row.name), "contact_email": (one.contact_email, row.contact_email)}
            pairs["website"] = (one.website, row.website)
            return joined_with(link, compared(Verdict.DIFFERS, pairs))
        _check_developer(row)
        if row.name in names:
            raise Wrong(
                "name", f"is taken by `{names[row.name]}`; put that into the column `id` if it is the same developer"
            )
        if row.name in taken:
            raise Wrong("name", "is the name of another row as well")
        taken.add(row.name)
        return CREATE

    return judge


def _check_developer(row: DeveloperRow) -> None:
    try:
        validate_email(row.contact_email)
    except ValidationError:
        raise Wrong("contact_email", f"`{row.contact_email}` is not an e-mail address") from None
    try:
        if row.website:
            URLValidator(schemes=["https", "http"])(row.website)
    except ValidationError:
        raise Wrong("website", f"`{row.website}` is not an address") from None


def sellers(rows: list[SellerRow], expected: Any, tables: Any, at: datetime) -> Judge:
    here = {}
    for place in range(0, len(rows), AT_ONCE):
        some = [row.key for row in rows[place : place + AT_ONCE]]
        here.update({one.marketplace_id: one for one in Seller.objects.filter(marketplace_id__in=some)})
    subjects = dict(Seller.objects.exclude(oidc_subject=None).values_list("oidc_subject", "marketplace_id"))

    def judge(row: SellerRow) -> Judgement:
        if row.key.startswith("sel_"):
            raise Wrong("key", "looks like one of Piepowder's own ids; the marketplace's is wanted")
        if row.oidc_subject and subjects.setdefault(row.oidc_subject, row.key) != row.key:
            raise Wrong("oidc_subject", f"belongs to the seller `{subjects[row.oidc_subject]}`")
        if (one := here.get(row.key)) is None:
            return CREATE
        pairs = {
            "name": (one.name, row.name),
            "oidc_subject": (one.oidc_subject, row.oidc_subject or one.oidc_subject),
            "active": (one.active, row.active),
        }
        return compared(Verdict.CHANGE, pairs)

    return judge
