"""From a token to a caller. Identity comes from the verified token alone; what it stands for is read from the snapshot at each call."""

from piepowder.core.marketplace.dialect import Dialect
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.caller import Caller, check_grant, check_standing, check_token
from piepowder.gateway.guard import Request
from piepowder.gateway.parts import Gateway
from piepowder.gateway.refused import Refused
from piepowder.gateway.tokens import TokenFact

_NO_CAPABILITIES: frozenset[str] = frozenset()
TOKEN_BYTES_MAX = 2_048


async def identify(gateway: Gateway, attempt: Attempt, request: Request) -> Caller:
    token = read_token(gateway.dialect, request)
    fact = check_token(await gateway.tokens.lookup(token), gateway.feed.database_now())
    attempt.caller = caller = present(gateway, fact)
    return caller


def read_token(dialect: Dialect, request: Request) -> str:
    """The app's token from where this marketplace's clients put it."""
    try:
        token = dialect.token(request.headers)
    except ValueError:
        raise Refused("invalid", "token_ambiguous", "two different tokens in one request", hint="send one") from None
    if not token:
        raise Refused("unauthorised", "token_missing", "no access token in the request", hint="request an access token")
    if len(token) > TOKEN_BYTES_MAX:
        raise Refused(
            "unauthorised", "token_unknown", "the access token is not known", hint="request a new access token"
        )
    return token


def present(gateway: Gateway, token: TokenFact) -> Caller:
    """What the token stands for just now: app, standing, grant, seller. Called again when facts changed during a call."""
    snapshot = gateway.feed.snapshot
    now = gateway.feed.database_now()
    check_token(token, now)
    if gateway.tokens.is_revoked(token):
        raise Refused(
            "unauthorised", "token_revoked", "the access token was revoked", hint="ask the seller to authorise again"
        )
    app = snapshot.apps.get(token.app)
    if app is None:
        raise Refused("unauthorised", "app_unknown", "the app of this token is not registered")
    standing = snapshot.capabilities(app)
    check_standing(app, standing)
    if not token.grant:
        raise Refused(
            "forbidden", "token_grantless", "this operation needs a seller's authorisation, the token has none"
        )
    grant = check_grant(snapshot.grants.get(token.grant), app, now)
    seller = snapshot.sellers.get(grant.seller)
    if seller is None or not seller.active:
        raise Refused("unauthorised", "seller_unknown", "the seller of this authorisation is not active")
    manifest = app.versions.get(grant.version)
    if manifest is None:
        raise Refused("forbidden", "version_unknown", "the version that the seller agreed to is no longer offered")
    return Caller(token, app, grant, seller, manifest, standing)
