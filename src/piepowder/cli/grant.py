"""`piepowder grant`: authorisations that an operator provisions, with the credentials an app needs to use them."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError

if TYPE_CHECKING:
    from piepowder.rooms.consent.provisioning import Wish

app = App(name="grant", help="Sellers' authorisations of apps, and apps' credentials.")


@app.command
def create(
    app_id: str,
    seller: str,
    *,
    purpose: tuple[str, ...] = (),
    category: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    read: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Authorise an app for a seller and print what a client library wants. Secrets are shown this once.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    seller
        The seller, by Piepowder's id or the marketplace's own.
    purpose
        Narrow to this purpose; may be repeated. All that the app's manifest declares, if none is given.
    category
        Narrow every purpose to this data category; may be repeated.
    keep
        Narrow one purpose: `shipping=buyer.name,buyer.address`, or `shipping=` for none; may be repeated.
    read
        The version of the app that the seller had read. Refused if another one took its place meanwhile.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT)
    answer = provisioning.create(app_id, seller, _wish(purpose, category, keep, read), by=by, at=now())
    show(answer, common)


@app.command(name="list")
def list_grants(*, app_id: str | None = None, seller: str | None = None, common: Common = Common()) -> None:
    """The newest grants, at most 500, of one app or one seller if named."""
    open_rooms(common)
    from piepowder.rooms.consent import provisioning

    rows = [provisioning.shown(row) for row in provisioning.found(app_id=app_id, seller_id=seller)]
    show_list(rows, ("id", "app", "seller", "status", "purposes", "expires_at"), common)


@app.command(name="show")
def show_one(grant_id: str, *, common: Common = Common()) -> None:
    """One grant.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.consent.models import Grant

    show(provisioning.shown(Grant.objects.named(grant_id)), common)


@app.command
def asked(grant_id: str, *, common: Common = Common()) -> None:
    """What the seller of a grant is asked for now, and what of it is new.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning

    show(provisioning.asked_now(grant_id), common)


@app.command
def narrow(
    grant_id: str,
    *,
    purpose: tuple[str, ...] = (),
    category: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Keep only these purposes or data categories of a grant; what is not named is taken away at once.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    purpose
        A purpose to keep; may be repeated. None given: purposes stay as they are.
    category
        A data category to keep for every purpose; may be repeated. None given: categories stay as they are.
    keep
        What one purpose keeps: `shipping=buyer.name,buyer.address`, or `shipping=` for nothing; may be repeated.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT, own=_seller_of(grant_id))
    row = provisioning.narrow(grant_id, _wish(purpose, category, keep), by=by, at=now())
    show(provisioning.shown(row), common)


@app.command
def choose(
    grant_id: str,
    *,
    purpose: tuple[str, ...] = (),
    category: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    read: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Choose again among all that the app's current version asks for; this answers a request for more.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    purpose
        A purpose to allow; may be repeated. None given: all of them.
    category
        Narrow every purpose to this data category; may be repeated.
    keep
        Narrow one purpose: `shipping=buyer.name,buyer.address`, or `shipping=` for none; may be repeated.
    read
        The version of the app that the seller had read. Refused if another one took its place meanwhile.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT, own=_seller_of(grant_id))
    row = provisioning.choose(grant_id, _wish(purpose, category, keep, read), by=by, at=now())
    show(provisioning.shown(row), common)


@app.command
def refuse_more(grant_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Say no to what a new version asks; what was granted goes on.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT, own=_seller_of(grant_id))
    show(provisioning.shown(provisioning.refuse_more(grant_id, by=by, at=now())), common)


@app.command
def renew(grant_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a grant another year from now, with the same permissions.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT, own=_seller_of(grant_id))
    show(provisioning.shown(provisioning.renew(grant_id, by=by, at=now())), common)


@app.command
def revoke(grant_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """End a grant and every token under it, at once.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    reason
        Why; shown to the seller and kept on the ledger.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import provisioning
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT, own=_seller_of(grant_id))
    show(provisioning.shown(provisioning.revoke(grant_id, by=by, at=now(), reason=reason)), common)


@app.command
def use(grant_id: str, *, days: int = 7, common: Common = Common()) -> None:
    """What the app read under a grant in the past days, by data category and purpose.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    days
        How far to look back.
    """
    open_rooms(common)
    from piepowder.rooms.consent import uses
    from piepowder.rooms.consent.models import Grant

    row = Grant.objects.named(grant_id)
    show(uses.described(uses.use_since(row, now() - timedelta(days=days))), common)


@app.command
def end(grant_id: str, *, common: Common = Common()) -> None:
    """What would happen if a grant ended now. `grant revoke` ends it.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    """
    open_rooms(common)
    from piepowder.rooms.consent import outlook
    from piepowder.rooms.consent.models import Grant

    show(outlook.described(outlook.of_end(Grant.objects.named(grant_id), at=now())), common)


@app.command
def history(grant_id: str, *, common: Common = Common()) -> None:
    """What happened to a grant, newest first.

    Parameters
    ----------
    grant_id
        The grant (`grt_…`).
    """
    open_rooms(common)
    from piepowder.rooms.consent import uses
    from piepowder.rooms.consent.models import Grant

    names = ("recorded_at", "kind", "outcome", "reason", "id")
    rows = [{name: getattr(one, name) for name in names} for one in uses.history(Grant.objects.named(grant_id))]
    show_list(rows, names, common)


@app.command
def rotate_secret(client_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Make a new secret for a client, shown this once. The present one stays valid for seven days.

    Parameters
    ----------
    client_id
        The client, as its app sends it to the token endpoint.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.consent import actions
    from piepowder.rooms.consent.models import Client
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.CONSENT)
    secret = actions.rotate_secret(Client.objects.named(client_id), by=by, at=now())
    show({"client_id": client_id, "client_secret": secret}, common)


def _seller_of(grant_id: str) -> str:
    from piepowder.rooms.consent.models import Grant

    return Grant.objects.named(grant_id).seller_id


def _wish(
    purposes: tuple[str, ...], categories: tuple[str, ...], keep: tuple[str, ...], read: str | None = None
) -> "Wish":
    from piepowder.rooms.consent.provisioning import Wish

    narrowed: dict[str, list[str]] = {}
    for each in keep:
        purpose, sign, words = each.partition("=")
        if not sign:
            raise PiepowderError(
                "cli_keep_malformed",
                f"`{each}` does not say what to keep",
                hint="write `shipping=buyer.name,buyer.phone`",
            )
        narrowed[purpose] = [word.strip() for word in words.split(",") if word.strip()]
    return Wish(purposes=purposes or None, categories=categories or None, narrowed=narrowed or None, read=read)
