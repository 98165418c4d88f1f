"""The sellers' OpenID provider: anybody may sign in as any seller, because this marketplace is an example on loopback.

Authorization code with PKCE (S256, required), ID tokens signed RS256 by a key that lives as long as the process. One client,
`piepowder`; its redirect addresses must be on this machine. Claims: `sub` the marketplace's id of the seller, `name` the shop.
"""

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from msgspec import Struct

from piepowder.core.kernel.json import encode
from piepowder.demo.marketplace.page import sign_in_page
from piepowder.demo.marketplace.wire import JSON, Answer
from piepowder.demo.orders import OrderBook
from piepowder.demo.shops import shop

CLIENT_ID = "piepowder"
_CODE_SECONDS, _TOKEN_SECONDS = 60, 600
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _Code(Struct, frozen=True, kw_only=True):
    seller: str
    redirect_uri: str
    nonce: str
    challenge: str
    until: float


class SellerSignIn:
    """The provider. `secret` empty: a public client, held by PKCE alone."""

    def __init__(
        self, book: OrderBook, *, issuer: str, secret: str = "", redirect_hosts: frozenset[str] = LOOPBACK
    ) -> None:
        self._book, self._issuer, self._secret, self._hosts = book, issuer.rstrip("/"), secret, redirect_hosts
        self._key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"})
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, tuple[str, float]] = {}

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[bytes, bytes], body: bytes, now: float
    ) -> Answer | None:
        """An answer, or None where the path is not the provider's."""
        if (method, path) == ("GET", "/.well-known/openid-configuration"):
            return _json(self._discovery())
        if (method, path) == ("GET", "/oidc/jwks.json"):
            return _json({"keys": [self._key.as_dict(private=False)]})
        if path == "/oidc/authorize":
            return self._authorize(method, _form(query), _form(body.decode("latin-1")), now)
        if (method, path) == ("POST", "/oidc/token"):
            return self._token(_form(body.decode("latin-1")), headers, now)
        if path == "/oidc/userinfo":
            return self._user_info(headers, now)
        return None

    def _discovery(self) -> dict[str, object]:
        return {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self._issuer}/oidc/authorize",
            "token_endpoint": f"{self._issuer}/oidc/token",
            "userinfo_endpoint": f"{self._issuer}/oidc/userinfo",
            "jwks_uri": f"{self._issuer}/oidc/jwks.json",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile"],
            "claims_supported": ["sub", "name"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        }

    def _authorize(self, method: str, asked: dict[str, str], sent: dict[str, str], now: float) -> Answer:
        address = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or not self._may_return_to(address):
            return _page(
                400,
                "<p>This request to sign in names an unknown client or an address to return to that is not on this machine.</p>",
            )
        problem = _problem(asked)
        if problem:
            return _return(
                address, {"error": "invalid_request", "error_description": problem, "state": asked.get("state", "")}
            )
        if method != "POST":
            return _page(200, sign_in_page(self._book))
        seller = self._book.seller(sent.get("seller", "").strip())
        if seller is None:
            return _page(400, sign_in_page(self._book, unknown=sent.get("seller", "")))
        code = secrets.token_urlsafe(32)
        self._forget(now)
        self._codes[code] = _Code(
            seller=seller.id,
            redirect_uri=address,
            nonce=asked.get("nonce", ""),
            challenge=asked["code_challenge"],
            until=now + _CODE_SECONDS,
        )
        return _return(address, {"code": code, "state": asked.get("state", ""), "iss": self._issuer})

    def _token(self, sent: dict[str, str], headers: Mapping[bytes, bytes], now: float) -> Answer:
        if not self._is_client(sent, headers):
            return _json({"error": "invalid_client"}, 401)
        if sent.get("grant_type") != "authorization_code":
            return _json({"error": "unsupported_grant_type"}, 400)
        code = self._codes.pop(sent.get("code", ""), None)
        verifier = (
            base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
            .decode()
            .rstrip("=")
        )
        if (
            code is None
            or code.until < now
            or code.redirect_uri != sent.get("redirect_uri")
            or not hmac.compare_digest(verifier.encode(), code.challenge.encode())
        ):
            return _json(
                {
                    "error": "invalid_grant",
                    "error_description": "the code is unknown, used, expired or of another request",
                },
                400,
            )
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (code.seller, now + _TOKEN_SECONDS)
        return _json(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": _TOKEN_SECONDS,
                "scope": "openid profile",
                "id_token": self._id_token(code, now),
            }
        )

    def _id_token(self, code: _Code, now: float) -> str:
        claims = {
            "iss": self._issuer,
            "aud": CLIENT_ID,
            "iat": int(now),
            "exp": int(now) + _TOKEN_SECONDS,
            **self._claims(code.seller),
        }
        if code.nonce:
            claims["nonce"] = code.nonce
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)

    def _claims(self, seller: str) -> dict[str, str]:
        return {"sub": seller, "name": shop(self._book.source, seller, self._book.market.country).store_name}

    def _user_info(self, headers: Mapping[bytes, bytes], now: float) -> Answer:
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        seller, until = self._tokens.get(token, ("", 0.0))
        if scheme.lower() != "bearer" or until < now:
            return Answer(
                401, (JSON, (b"www-authenticate", b'Bearer error="invalid_token"')), encode({"error": "invalid_token"})
            )
        return _json(self._claims(seller))

    def _is_client(self, sent: dict[str, str], headers: Mapping[bytes, bytes]) -> bool:
        client, secret = sent.get("client_id", ""), sent.get("client_secret", "")
        scheme, _, pair = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() == "basic":
            client, secret = _basic(pair)
        return client == CLIENT_ID and (not self._secret or hmac.compare_digest(secret.encode(), self._secret.encode()))

    def _may_return_to(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.hostname in self._hosts

    def _forget(self, now: float) -> None:
        self._codes = {code: value for code, value in self._codes.items() if value.until >= now}
        self._tokens = {token: value for token, value in self._tokens.items() if value[1] >= now}


def _basic(pair: str) -> tuple[str, str]:
    """Client and secret of a basic header; empty where it is malformed."""
    try:
        client, _, secret = (
            base64.b64decode(pair.encode() + b"==", validate=False).decode("utf-8", "replace").partition(":")
        )
    except ValueError:
        return "", ""
    return unquote(client), unquote(secret)


def _problem(asked: dict[str, str]) -> str:
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if "openid" not in asked.get("scope", "").split():
        return "scope must contain openid"
    if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
        return "a code_challenge with the method S256 is needed"
    return ""


def _form(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, (JSON, (b"cache-control", b"no-store")), encode(value))


def _page(status: int, body: str) -> Answer:
    policy = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy),
        (b"cache-control", b"no-store"),
    )
    return Answer(status, headers, body.encode())


def _return(address: str, fields: dict[str, str]) -> Answer:
    target = (
        address
        + ("&" if urlsplit(address).query else "?")
        + urlencode({name: value for name, value in fields.items() if value})
    )
    body = f'<a href="{html.escape(target)}">Go on</a>'.encode()
    return Answer(
        303,
        (
            (b"location", target.encode()),
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
        ),
        body,
    )
