"""Envelope encryption of documents: each has a random key of its own, which lies sealed under the key ring beside it.

Whoever has the database has neither; whoever erases a document deletes its key with it.
"""

import secrets
from functools import cache

from django.conf import settings

from piepowder.core.kernel import crypto
from piepowder.core.kernel.keys import KeyRing

PURPOSE = "evidence"
_ONCE = bytes(crypto.NONCE_BYTES)  # the key seals this one document and nothing else


def seal(document_id: str, content: bytes) -> tuple[bytes, bytes]:
    """The sealed key and the sealed content, both bound to this document."""
    key, place = secrets.token_bytes(crypto.KEY_BYTES), _place(document_id)
    return _ring().seal(PURPOSE, key, place), crypto.seal(key, _ONCE, content, place)


def open_sealed(document_id: str, sealed_key: bytes, sealed: bytes) -> bytes:
    """The content; `kernel_seal_broken` where a row was changed or moved."""
    place = _place(document_id)
    return crypto.open_sealed(_ring().open_sealed(PURPOSE, sealed_key, place), _ONCE, sealed, place)


def _place(document_id: str) -> bytes:
    return f"evidence_content {document_id}".encode()


@cache
def _ring() -> KeyRing:
    return KeyRing.open(settings.PIEPOWDER.keys)
