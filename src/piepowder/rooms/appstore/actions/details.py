"""A developer registers an app and says whose it is, where sellers come back to, and where they can ask."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.actions.provisioning import create_app, publish_app
from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.addresses import ADDRESSES_MAX, page_problem, redirect_problem, webhook_problem
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.developers.actions.registration import check_open
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.developers.rules.names import skeleton
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.ground.names import clean_name

NAME_LENGTH_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Everything about an app beside its manifest. Addresses may be left out until a version is submitted."""

    name: str
    description: str = ""
    redirect_uris: tuple[str, ...] = ()
    login_uri: str = ""
    webhook_urls: tuple[str, ...] = ()
    privacy_policy_url: str = ""
    support_email: str = ""
    support_url: str = ""

    @classmethod
    def of(cls, app: App) -> "Details":
        values: dict[str, Any] = {one.name: getattr(app, one.name) for one in fields(cls)}
        return cls.from_columns(values)

    @classmethod
    def from_columns(cls, values: Mapping[str, Any]) -> "Details":
        """From what columns, JSON or a form hold: lists become tuples."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**given)

    def columns(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@transaction.atomic
def register_own_app(developer: Developer, kind: AppKind, details: Details, *, by: Actor, at: datetime) -> App:
    """A developer's own registration: pending, capped until it is listed, and without any version yet."""
    check_open(developer)
    details = _checked(details)
    columns = details.columns()
    name, description = columns.pop("name"), columns.pop("description")
    return create_app(
        developer,
        name=name,
        description=description,
        kind=kind,
        reach=Reach.UNLISTED,
        by=by,
        at=at,
        **columns,
    )


@transaction.atomic
def change_details(app: App, details: Details, *, by: Actor, at: datetime, revision: int | None = None) -> App:
    """Changes them all. `revision`: the one that the writer looked at; `appstore_app_stale` where somebody was faster."""
    details = _checked(details)
    app = App.objects.locked(app.id)
    if revision is not None and revision != app.revision:
        raise PiepowderError(
            "appstore_app_stale",
            "somebody else changed this app after you opened the form",
            hint="your words are still here; compare them with the app's page and save again",
            kind=ErrorKind.CONFLICT,
        )
    before, after = Details.of(app).columns(), details.columns()
    changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    if not changed:
        return app
    if App.objects.filter(developer=app.developer_id, name=details.name).exclude(pk=app.id).exists():
        raise PiepowderError(
            "appstore_name_taken",
            f"`{app.developer.name}` has an app `{details.name}` already",
            kind=ErrorKind.CONFLICT,
        )
    record("appstore.change_app", by=by, at=at, app=app.id, developer=app.developer_id, detail={"changes": changed})
    App.objects.filter(pk=app.id).update(**after, likeness=skeleton(details.name), revision=app.revision + 1)
    return publish_app(app)


@transaction.atomic
def set_reach(app: App, reach: Reach, *, by: Actor, at: datetime, reason: str = "") -> App:
    """Whether a cap on sellers holds: the store says `listed` and `unlisted`, an operator may say `open`."""
    app = App.objects.locked(app.id)
    if app.reach == reach:
        return app
    detail = {"from": app.reach, "to": str(reach)}
    record("appstore.set_reach", by=by, at=at, app=app.id, developer=app.developer_id, reason=reason, detail=detail)
    App.objects.filter(pk=app.id).update(reach=reach)
    return App.objects.named(app.id)


def _checked(details: Details) -> Details:
    """In one normal form, or an error that names the field."""
    stripped: dict[str, Any] = {
        name: tuple(dict.fromkeys(one.strip() for one in value if one.strip()))
        if isinstance(value, tuple)
        else value.strip()
        for name, value in asdict(details).items()
    }
    found = replace(Details(**stripped), name=clean_name(details.name))
    _check_name(found.name)
    _check_addresses("redirect", found.redirect_uris)
    _check_addresses("webhook", found.webhook_urls)
    _check_addresses("login", [found.login_uri] if found.login_uri else [])
    _check_addresses("privacy", [found.privacy_policy_url] if found.privacy_policy_url else [])
    _check_addresses("support", [found.support_url] if found.support_url else [])
    _check_email(found.support_email)
    return found


_LOOKS: Mapping[str, Any] = {
    "redirect": redirect_problem,
    "login": redirect_problem,
    "webhook": webhook_problem,
    "privacy": page_problem,
    "support": page_problem,
}


def _check_addresses(what: str, addresses: Sequence[str]) -> None:
    if len(addresses) > ADDRESSES_MAX:
        raise PiepowderError(f"appstore_{what}_refused", f"an app has at most {ADDRESSES_MAX} addresses of a kind")
    for address in addresses:
        if problem := _LOOKS[what](address):
            raise PiepowderError(
                f"appstore_{what}_refused",
                f"`{address[:200]}` {problem}",
                hint="give one such as `https://apps.example.com/…`",
            )


def _check_name(name: str) -> None:
    if not name:
        raise PiepowderError("appstore_name_missing", "an app needs a name")
    if len(name) > NAME_LENGTH_MAX:
        raise PiepowderError("appstore_name_refused", f"a name has at most {NAME_LENGTH_MAX} characters")


def _check_email(address: str) -> None:
    if not address:
        return
    try:
        validate_email(address)
    except ValidationError:
        raise PiepowderError(
            "appstore_email_refused", f"`{address[:200]}` is not an e-mail address", hint="`support@example.com`"
        ) from None
