"""Sellers (the provisioning API of the marketplace's own systems), accounts of people, and keys of programs."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import StringConstraints

from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.caller import Permission, caller_of, require, require_own
from piepowder.rooms.ground.doors import Key, Limit, Moment, Name, Prose, Sent, now, page
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account, ApiKey, Seller
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.people.sessions import sessions_of

router = Router(tags=["sellers"])
accounts = Router(tags=["accounts"])
keys = Router(tags=["keys"])

Address = Annotated[str, StringConstraints(max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$")]


class SellerSent(Sent):
    name: Name
    oidc_subject: Key | None = None
    active: bool = True


class SellerShown(Schema):
    id: str
    marketplace_id: str
    name: str
    oidc_subject: str | None
    active: bool
    created_at: Moment


@router.get("", response=list[SellerShown])
def list_sellers(request: HttpRequest, after: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Sellers in the order of their ids; the next page begins `after` the last id of this one."""
    require(request, Permission.READ)
    return [seller.described() for seller in page(Seller.objects.all(), after=after, limit=limit)]


@router.get("/{seller_id}", response=SellerShown)
def get_seller(request: HttpRequest, seller_id: Key) -> dict[str, Any]:
    """One seller, by our id or by the marketplace's own."""
    require(request, Permission.READ)
    return Seller.objects.named(seller_id).described()


@router.put("/{seller_id}", response=SellerShown)
def put_seller(request: HttpRequest, seller_id: Key, sent: SellerSent) -> dict[str, Any]:
    """Creates a seller or brings it up to date; `seller_id` is the marketplace's own id. Safe to repeat."""
    by = require(request, Permission.PROVISION)
    seller = actions.provision_seller(
        marketplace_id=seller_id,
        name=sent.name,
        oidc_subject=sent.oidc_subject,
        active=sent.active,
        by=by,
        at=now(),
    )
    return seller.described()


class StaffSent(Sent):
    email: Address
    name: Name | None = None
    role: KeyRole = KeyRole.OPERATOR


class RoleSent(Sent):
    role: KeyRole


class AccountNameSent(Sent):
    name: Name


class AccountReasonSent(Sent):
    reason: Prose = ""


class AccountShown(Schema):
    id: str
    email: str
    name: str
    kind: str
    role: str
    seller: str
    active: bool
    created_at: Moment
    last_login: Moment | None
    closed_at: Moment | None


class SessionShown(Schema):
    id: int
    ip: str
    user_agent: str
    created_at: Moment


class CountShown(Schema):
    ended: int


@accounts.get("", response=list[AccountShown])
def list_accounts(
    request: HttpRequest, email: str = "", staff: bool | None = None, after: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Accounts of people in the order of their ids, of one address or of staff only if asked."""
    require(request, Permission.READ)
    rows = Account.objects.all()
    rows = rows.filter(email__iexact=email) if email else rows
    rows = rows if staff is None else rows.filter(is_staff=staff)
    return [account.described() for account in page(rows, after=after, limit=limit)]


@accounts.post("/staff", response={201: AccountShown})
def create_staff(request: HttpRequest, sent: StaffSent) -> Status[dict[str, Any]]:
    """Makes an account of staff. Its owner signs in through the staff's provider, or by a link made on the server."""
    by = require(request, Permission.GOVERN)
    account = actions.create_staff(email=sent.email, name=sent.name or "", role=sent.role, by=by, at=now())
    return Status(201, account.described())


@accounts.get("/{account}", response=AccountShown)
def get_account(request: HttpRequest, account: Key) -> dict[str, Any]:
    """One account, by its id or its address."""
    require(request, Permission.READ)
    return Account.objects.named(account).described()


@accounts.patch("/{account}", response=AccountShown)
def rename_account(request: HttpRequest, account: Key, sent: AccountNameSent) -> dict[str, Any]:
    """Changes the name that others see."""
    by = require(request, Permission.GOVERN)
    return actions.rename(Account.objects.named(account), sent.name, by=by, at=now()).described()


@accounts.put("/{account}/role", response=AccountShown)
def put_role(request: HttpRequest, account: Key, sent: RoleSent) -> dict[str, Any]:
    """Gives a member of staff another role, from the next click on."""
    by = require(request, Permission.GOVERN)
    return actions.change_role(Account.objects.named(account), sent.role, by=by, at=now()).described()


@accounts.post("/{account}/close", response=AccountShown)
def close_account(request: HttpRequest, account: Key, sent: AccountReasonSent) -> dict[str, Any]:
    """Closes an account: its sessions end, and nobody signs in with it."""
    by = require(request, Permission.GOVERN)
    found = Account.objects.named(account)
    return actions.close_account(found, reason=sent.reason, by=by, at=now()).described()


@accounts.post("/{account}/reopen", response=AccountShown)
def reopen_account(request: HttpRequest, account: Key, sent: AccountReasonSent) -> dict[str, Any]:
    """Takes a closing back."""
    by = require(request, Permission.GOVERN)
    found = Account.objects.named(account)
    return actions.reopen_account(found, reason=sent.reason, by=by, at=now()).described()


@accounts.post("/{account}/reset-second-factor", response=AccountShown)
def reset_second_factor(request: HttpRequest, account: Key) -> dict[str, Any]:
    """Takes away authenticator app, passkeys and recovery codes of somebody who lost them, and ends their sessions."""
    by = require(request, Permission.GOVERN)
    found = Account.objects.named(account)
    actions.reset_second_factor(found, by=by, at=now())
    return found.described()


@accounts.get("/{account}/sessions", response=list[SessionShown])
def list_sessions(request: HttpRequest, account: Key, limit: Limit = 100) -> list[dict[str, Any]]:
    """Where an account is signed in, the newest first."""
    require(request, Permission.READ)
    return sessions_of(Account.objects.named(account))[:limit]


@accounts.delete("/{account}/sessions", response=CountShown)
def end_sessions(request: HttpRequest, account: Key, session: int | None = None) -> dict[str, int]:
    """Signs an account out everywhere, or ends the one `session`."""
    by = require(request, Permission.GOVERN)
    ended = actions.end_sessions(Account.objects.named(account), session=session, by=by, at=now())
    return {"ended": ended}


class KeySent(Sent):
    """`holder`: a developer (`dev_…`) or seller (`sel_…`); none for a key of the marketplace, which needs a `role`."""

    name: Name
    holder: Key | None = None
    role: KeyRole | None = None
    expires_at: Moment | None = None


class KeyShown(Schema):
    id: str
    name: str
    role: str
    holder: str
    hint: str
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class NewKeyShown(KeyShown):
    key: str


@keys.get("", response=list[KeyShown])
def list_keys(request: HttpRequest, holder: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Keys of a developer or seller, the newest first; of the marketplace, if no `holder` is named."""
    holder = holder or _own_holder(request)
    _for_holder(request, holder, Permission.READ)
    return [key.described() for key in ApiKey.objects.of(holder)[:limit]]


@keys.post("", response={201: NewKeyShown})
def create_key(request: HttpRequest, sent: KeySent) -> Status[dict[str, Any]]:
    """Makes a key. It is shown this once. A key made with one that ends cannot outlive it."""
    holder = sent.holder or _own_holder(request)
    by = _for_holder(request, holder, Permission.GOVERN)
    seller, developer = (holder, "") if holder.startswith("sel_") else ("", holder)
    role = sent.role or actions.role_for(holder)
    ends = actions.no_longer_than(by, sent.expires_at)
    key, secret = actions.create_key(
        name=sent.name, role=role, developer=developer, seller=seller, expires_at=ends, by=by, at=now()
    )
    return Status(201, {**key.described(), "key": secret})


@keys.post("/{key_id}/revoke", response=KeyShown)
def revoke_key(request: HttpRequest, key_id: Key) -> dict[str, Any]:
    """Ends a key at once, the calling one not excepted."""
    key = ApiKey.objects.named(key_id)
    by = _for_holder(request, key.holder, Permission.GOVERN)
    return actions.revoke_key(key, by=by, at=now()).described()


def _own_holder(request: HttpRequest) -> str:
    caller = caller_of(request)
    return caller.developer or caller.seller


def _for_holder(request: HttpRequest, holder: str, staff: Permission) -> Actor:
    if not holder:
        return require(request, staff)
    return require_own(request, staff, developer=holder, seller=holder)
