"""Who calls: the facts behind a token, as they stand in this worker's snapshot just now."""

import math

from msgspec import Struct

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, SellerFact
from piepowder.core.policy.model import Mode
from piepowder.gateway.refused import Refused
from piepowder.gateway.tokens import TokenFact

CALL = "call"
_ENFORCE = Mode.ENFORCE


class Caller(Struct, frozen=True, eq=False, gc=False):
    """An app calling for a seller. Facts are objects of one snapshot; a newer snapshot may hold others."""

    token: TokenFact
    app: AppFact
    grant: GrantFact
    seller: SellerFact
    manifest: ManifestFact
    standing: frozenset[str]  # capabilities of the app and of its developer together

    def mode(self, operation: str, now: float) -> Mode:
        """How firmly the operation is held. A mode that has run out is void: then `enforce`. `now`: seconds, database time."""
        app = self.app
        if not app.modes:
            return _ENFORCE
        for key in (operation, "*"):
            if key in app.modes and app.modes_until.get(key, math.inf) > now:
                return Mode(app.modes[key])
        return _ENFORCE


def check_token(token: TokenFact | None, now: float) -> TokenFact:
    """The token, if it still stands for anybody. All refusals are the app's to mend, so each has its own reason."""
    if token is None:
        raise Refused(
            "unauthorised", "token_unknown", "the access token is not known", hint="request a new access token"
        )
    if token.revoked:
        raise Refused(
            "unauthorised", "token_revoked", "the access token was revoked", hint="ask the seller to authorise again"
        )
    if token.expires_at <= now:
        raise Refused(
            "unauthorised", "token_expired", "the access token has expired", hint="request a new access token"
        )
    return token


def check_standing(app: AppFact, standing: frozenset[str]) -> None:
    if CALL not in standing:
        raise Refused(
            "forbidden",
            "standing_no_calls",
            f"`{app.name}` may not call just now",
            hint="see the app's standing in the console",
        )


def check_grant(grant: GrantFact | None, app: AppFact, now: float) -> GrantFact:
    if grant is None or grant.app != app.id:
        raise Refused(
            "unauthorised",
            "grant_revoked",
            "the seller's authorisation was withdrawn",
            hint="ask the seller to authorise again",
        )
    if grant.expires_at is not None and grant.expires_at <= now:
        raise Refused(
            "unauthorised",
            "grant_expired",
            "the seller's authorisation has expired",
            hint="ask the seller to authorise again",
        )
    return grant
