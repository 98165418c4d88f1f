"""Clients of apps and their secrets."""

import hmac
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.ids import new_id
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Client, ClientSecret
from piepowder.rooms.consent.rules import (
    REDIRECTS_MAX,
    SECRET_LIFETIME,
    SECRET_OVERLAP,
    SECRET_USE_NOTED,
    redirect_problem,
)
from piepowder.rooms.consent.texts import digest_bytes, secret_text
from piepowder.rooms.developers.actions import check_open
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability


@transaction.atomic
def register_client(
    app: App,
    *,
    redirect_uris: tuple[str, ...] = (),
    confidential: bool = True,
    lasting: bool = False,
    by: Actor,
    at: datetime,
) -> tuple[Client, str]:
    """A client of the app and its first secret (empty for a public client), shown this once.

    The first client bears the app's own client id. `lasting`: works as Amazon's libraries do, without PKCE and with one
    refresh token for the life of a grant. `developers_closed` for a closed organisation.
    """
    check_open(app.developer)
    if lasting and not confidential:
        raise PiepowderError(
            "consent_lasting_needs_secret", "only a confidential client may keep a lasting refresh token"
        )
    check_redirects(redirect_uris)
    client = Client.objects.create(
        client_id=new_id("client") if app.clients.exists() else app.client_id,
        app=app,
        name=app.name,
        client_type=Client.CLIENT_CONFIDENTIAL if confidential else Client.CLIENT_PUBLIC,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(redirect_uris),
        lasting=lasting,
    )
    record("consent.register_client", by=by, at=at, app=app.id, detail={"client": client.client_id, "lasting": lasting})
    return client, _add_secret(client, at=at) if confidential else ""


def check_redirects(uris: Collection[str]) -> None:
    """`consent_redirect_refused` names the first address that nobody may be sent back to, and why."""
    if len(uris) > REDIRECTS_MAX:
        raise PiepowderError("consent_redirects_too_many", f"a client has at most {REDIRECTS_MAX} redirect addresses")
    for uri in uris:
        if problem := redirect_problem(uri):
            raise PiepowderError("consent_redirect_refused", f"redirect address `{uri}` {problem}", uri=uri)


@transaction.atomic
def set_redirects(client: Client, uris: Collection[str], *, by: Actor, at: datetime) -> Client:
    """The addresses a seller may be sent back to, in place of the present ones. Codes on their way keep theirs."""
    check_open(client.app.developer)
    several = tuple(dict.fromkeys(uris))
    check_redirects(several)
    Client.objects.select_for_update().get(pk=client.pk)
    Client.objects.filter(pk=client.pk).update(redirect_uris=" ".join(several))
    detail = {"client": client.client_id, "redirect_uris": list(several)}
    record("consent.set_redirects", by=by, at=at, app=client.app_id, detail=detail)
    return Client.objects.named(client.client_id)


@transaction.atomic
def end_secret(client: Client, secret_id: str, *, by: Actor, at: datetime) -> Client:
    """Ends a secret before its time, for one that got out or that nobody uses any more. The last one is rotated first."""
    Client.objects.select_for_update().get(pk=client.pk)
    valid = {secret.id: secret for secret in ClientSecret.objects.valid(client, at)}
    if secret_id not in valid:
        raise PiepowderError("consent_secret_unknown", f"no valid secret `{secret_id}`", kind=ErrorKind.NOT_FOUND)
    if len(valid) == 1:
        raise PiepowderError(
            "consent_secret_last",
            "this is the only secret, and without one the app cannot sign in",
            hint="rotate it first, then end it",
            kind=ErrorKind.CONFLICT,
        )
    ClientSecret.objects.filter(pk=secret_id).update(expires_at=at)
    record(
        "consent.end_secret", by=by, at=at, app=client.app_id, detail={"client": client.client_id, "secret": secret_id}
    )
    return client


@transaction.atomic
def rotate_secret(client: Client, *, by: Actor, at: datetime) -> str:
    """A new secret, shown this once. The present one stays valid for seven days; one from before that ends now."""
    if not client.confidential:
        raise PiepowderError("consent_client_has_no_secret", f"client `{client.client_id}` is public and has no secret")
    check_open(client.app.developer)
    Client.objects.select_for_update().get(pk=client.pk)
    newest = ClientSecret.objects.valid(client, at).order_by("-created_at", "-id").first()
    if newest is not None:
        ClientSecret.objects.valid(client, at).exclude(pk=newest.pk).update(expires_at=at)
        newest.expires_at = min(newest.expires_at, at + SECRET_OVERLAP)
        newest.save(update_fields=["expires_at"])
    record("consent.rotate_secret", by=by, at=at, app=client.app_id, detail={"client": client.client_id})
    return _add_secret(client, at=at)


def _add_secret(client: Client, *, at: datetime) -> str:
    text = secret_text()
    ClientSecret.objects.create(
        client=client, digest=digest_bytes(text), created_at=at, expires_at=at + SECRET_LIFETIME
    )
    return text


def presented_secret(client: Client, text: str, *, at: datetime) -> ClientSecret | None:
    """The valid secret that was presented, or None. Compares with every valid one, in constant time."""
    presented = digest_bytes(text)
    several = list(ClientSecret.objects.valid(client, at))
    found = [secret for secret in several if hmac.compare_digest(presented, bytes(secret.digest))]
    return found[0] if found else None


def note_secret_used(secret: ClientSecret, *, at: datetime) -> None:
    """When a secret was last used, to the hour: whoever rotates sees whether the old one is still in use somewhere."""
    if secret.last_used_at is None or at - secret.last_used_at > SECRET_USE_NOTED:
        ClientSecret.objects.filter(pk=secret.pk).update(last_used_at=at)


def app_may_call(app: App) -> bool:
    """Whether standing permits calls at all; a token for an app that may not call would be good for nothing."""
    return Capability.CALL in Subject.objects.capabilities(app.id, app.developer_id)
