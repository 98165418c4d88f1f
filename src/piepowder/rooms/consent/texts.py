"""The texts of tokens and secrets, and their digests. Texts are shown once and never stored."""

import base64
import hashlib
import secrets

from django.utils.crypto import salted_hmac
from oauthlib.common import Request


def digest_hex(text: str) -> str:
    """SHA-256 in hex: every text here has at least 192 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_bytes(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def secret_text() -> str:
    return "pps_" + secrets.token_urlsafe(32)


def code_text() -> str:
    return secrets.token_urlsafe(32)


def access_text(request: Request | None = None) -> str:
    """48 characters. The prefix is a habit of the clients and means nothing: the gateway goes by the stored kind."""
    return "Atza|" + secrets.token_urlsafe(32)


def first_refresh_text() -> str:
    return "Atzr|" + secrets.token_urlsafe(32)


def next_refresh_text(parent: str) -> str:
    """The one child of a rotating refresh token, the same each time it is asked for.

    Derived with the server's key, so a client that lost the answer can be given it again although no text is stored.
    """
    child = salted_hmac("piepowder.consent.refresh", parent, algorithm="sha256")
    return "Atzr|" + base64.urlsafe_b64encode(child.digest()).rstrip(b"=").decode()
