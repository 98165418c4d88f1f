"""The few primitives everything else is built from: hash, keyed hash, key derivation, sealing. Pure."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

KEY_BYTES, NONCE_BYTES, KEYED_HASH_BYTES = 32, 12, 16


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def keyed_hash(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256, its first 16 bytes: a name for `data` that only holders of `key` can make or recognise."""
    return hmac.digest(key, data, "sha256")[:KEYED_HASH_BYTES]


def derive(key: bytes, label: bytes, salt: bytes = b"") -> bytes:
    """HKDF-SHA256: a 32-byte key of its own for each (label, salt); it says nothing about `key` or its sisters."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt or None, info=label).derive(key)


def seal(key: bytes, nonce: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """AES-256-GCM: ciphertext and tag. `nonce` (12 bytes) must never come twice with one key; the caller sees to it."""
    return AESGCM(key).encrypt(nonce, plaintext, bound_to)


def open_sealed(key: bytes, nonce: bytes, ciphertext: bytes, bound_to: bytes) -> bytes:
    """The plaintext; `kernel_seal_broken` for another key, changed bytes, or another place than `bound_to`."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, bound_to)
    except InvalidTag:
        raise PiepowderError(
            "kernel_seal_broken",
            "sealed data does not open: it was changed, moved, or sealed under another key",
            kind=ErrorKind.UNAVAILABLE,
        ) from None
