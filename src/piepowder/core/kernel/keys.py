"""The key ring: one root key outside the database, and under it the keys that the work is done with.

    root key (file, or PIEPOWDER_ROOT_KEY)
      └─ seals ring.json: ring keys, each with an id and a use
           ├─ use "derive": one, for ever; HKDF by purpose ─► `derive("ledger")`, `derive("marks")`, …
           └─ use "seal":   newest seals, all open; HKDF by purpose and writer ─► AES-256-GCM

A sealed value is `01 | key id (8) | writer (16) | number (8) | ciphertext and tag`. A writer is one process's stay with
the ring: 128 random bits, from which it has a key of its own, under which it counts. So no nonce can come twice with
one key, however many processes seal, and a fork becomes a writer of its own.
"""

import base64
import binascii
import fcntl
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel import crypto, json
from piepowder.core.kernel.errors import ErrorKind, PiepowderError

ROOT_KEY_VARIABLE = "PIEPOWDER_ROOT_KEY"
FORMAT, KEY_ID_BYTES, WRITER_BYTES, NUMBER_BYTES = b"\x01", 8, 16, 8
HEADER_BYTES = 1 + KEY_ID_BYTES + WRITER_BYTES + NUMBER_BYTES


class RingKey(Struct, frozen=True, kw_only=True):
    """One key as it lies in `ring.json`: sealed under the root key, bound to its own id and use."""

    id: str  # 16 hexadecimal digits
    use: str  # "derive" | "seal"
    made_at: str
    nonce: str  # base64
    sealed: str  # base64


class RingFile(Struct, frozen=True, kw_only=True):
    version: int
    root: str  # id of the root key: tells a wrong key from a damaged file
    keys: tuple[RingKey, ...]


class KeyRing:
    """Keys by purpose. Purposes are short words of the code (`ledger`, `marks`, `paging`), never user input."""

    def __init__(self, derive_key: bytes, seal_keys: dict[bytes, bytes]) -> None:
        """`seal_keys`: id (8 bytes) to key (32 bytes), newest last. Use `KeyRing.open`."""
        self._derive_key, self._seal_keys = derive_key, seal_keys
        self._newest = next(reversed(seal_keys))
        self._writer, self._process = b"", 0
        self._numbers = itertools.count()
        self.derive = lru_cache(maxsize=256)(self._derive)
        self._sealing_key = lru_cache(maxsize=1024)(self._derive_sealing_key)

    @staticmethod
    def open(folder: Path) -> "KeyRing":
        """Read the ring, on first use make it. Needs nothing but the folder (mode 0700) and its files (0600).

        Errors (`kernel_…`): `root_key_wrong`, `root_key_missing`, `root_key_malformed`, `key_mode_loose`,
        `key_ring_damaged`.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            path = folder / "ring.json"
            root = _root_key(folder, first_use=not path.exists())
            if not path.exists():
                # Died between root key and ring last time, or first use: nothing was sealed yet.
                _write_new(path, json.encode(_new_ring(root)))
            _refuse_loose(path)
            return _unsealed(path, root)

    def _derive(self, purpose: str) -> bytes:
        return crypto.derive(self._derive_key, b"derive:" + purpose.encode())

    def seal(self, purpose: str, plaintext: bytes, bound_to: bytes) -> bytes:
        """AES-256-GCM under a key of this purpose. `bound_to` names the place (table, column, row): moved, it won't open."""
        if self._process != os.getpid():
            self._writer, self._process, self._numbers = (
                secrets.token_bytes(WRITER_BYTES),
                os.getpid(),
                itertools.count(),
            )
        number = next(self._numbers).to_bytes(NUMBER_BYTES, "big")
        header = FORMAT + self._newest + self._writer + number
        key = self._sealing_key(self._newest, self._writer, purpose)
        return header + crypto.seal(key, _nonce(number), plaintext, header + bound_to)

    def open_sealed(self, purpose: str, sealed: bytes, bound_to: bytes) -> bytes:
        """What was sealed; `kernel_seal_broken` or `kernel_key_unknown`."""
        header, ciphertext = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
        identifier = header[1 : 1 + KEY_ID_BYTES]
        if header[:1] != FORMAT or identifier not in self._seal_keys:
            raise PiepowderError(
                "kernel_key_unknown",
                f"sealed under key `{identifier.hex()}`, which is not on this ring",
                hint="restore the key folder that belongs to this database",
                kind=ErrorKind.UNAVAILABLE,
            )
        writer, number = header[1 + KEY_ID_BYTES : -NUMBER_BYTES], header[-NUMBER_BYTES:]
        key = self._sealing_key(identifier, writer, purpose)
        return crypto.open_sealed(key, _nonce(number), ciphertext, header + bound_to)

    def _derive_sealing_key(self, identifier: bytes, writer: bytes, purpose: str) -> bytes:
        return crypto.derive(self._seal_keys[identifier], b"seal:" + purpose.encode(), writer)


def _nonce(number: bytes) -> bytes:
    return number.rjust(crypto.NONCE_BYTES, b"\0")


def root_key_id(root: bytes) -> str:
    return crypto.sha256(b"piepowder root key id" + root)[:KEY_ID_BYTES].hex()


def _root_key(folder: Path, *, first_use: bool) -> bytes:
    given = os.environ.get(ROOT_KEY_VARIABLE, "")
    if given:
        return _parsed(given, ROOT_KEY_VARIABLE)
    path = folder / "root.key"
    if not path.exists() and not first_use:
        raise PiepowderError(
            "kernel_root_key_missing",
            f"root key `{path}` is missing, and the key ring beside it cannot be opened without it",
            hint=f"restore that file, or give the key in {ROOT_KEY_VARIABLE}",
            kind=ErrorKind.UNAVAILABLE,
        )
    if not path.exists():
        _write_new(path, base64.b64encode(secrets.token_bytes(crypto.KEY_BYTES)) + b"\n")
    _refuse_loose(path)
    return _parsed(path.read_text(), str(path))


def _parsed(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != crypto.KEY_BYTES:
        raise PiepowderError(
            "kernel_root_key_malformed", f"`{where}` is not a root key", hint="it is 32 bytes in base64, 44 characters"
        )
    return key


def _new_ring(root: bytes) -> RingFile:
    return RingFile(version=1, root=root_key_id(root), keys=(_new_key(root, "derive"), _new_key(root, "seal")))


def _new_key(root: bytes, use: str) -> RingKey:
    identifier, nonce = secrets.token_hex(KEY_ID_BYTES), secrets.token_bytes(crypto.NONCE_BYTES)
    sealed = crypto.seal(root, nonce, secrets.token_bytes(crypto.KEY_BYTES), _bound(identifier, use))
    return RingKey(
        id=identifier,
        use=use,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        nonce=base64.b64encode(nonce).decode(),
        sealed=base64.b64encode(sealed).decode(),
    )


def _bound(identifier: str, use: str) -> bytes:
    return f"piepowder ring key {identifier} {use}".encode()


def _unsealed(path: Path, root: bytes) -> KeyRing:
    try:
        ring = json.decode_as(path.read_bytes(), RingFile)
        _refuse_wrong(root, ring, path)
        keys = [(key.use, bytes.fromhex(key.id), _open_key(root, key)) for key in ring.keys]
        derive_key = next(key for use, _, key in keys if use == "derive")
        return KeyRing(derive_key, {identifier: key for use, identifier, key in keys if use == "seal"})
    except (ValueError, StopIteration, PiepowderError) as error:
        if isinstance(error, PiepowderError) and error.code == "kernel_root_key_wrong":
            raise
        raise PiepowderError(
            "kernel_key_ring_damaged",
            f"key ring `{path}` is damaged",
            hint="restore it from a backup",
            kind=ErrorKind.UNAVAILABLE,
        ) from error


def _refuse_wrong(root: bytes, ring: RingFile, path: Path) -> None:
    if ring.root != root_key_id(root):
        raise PiepowderError(
            "kernel_root_key_wrong",
            f"the root key (id {root_key_id(root)}) is not the one that sealed `{path}` (id {ring.root})",
            hint=f"restore the right `root.key`, or give it in {ROOT_KEY_VARIABLE}",
            kind=ErrorKind.UNAVAILABLE,
        )


def _open_key(root: bytes, key: RingKey) -> bytes:
    nonce, sealed = base64.b64decode(key.nonce, validate=True), base64.b64decode(key.sealed, validate=True)
    return crypto.open_sealed(root, nonce, sealed, _bound(key.id, key.use))


def _refuse_loose(path: Path) -> None:
    for entry, wanted in ((path.parent, "700"), (path, "600")):
        if stat.S_IMODE(entry.stat().st_mode) & 0o077:
            raise PiepowderError(
                "kernel_key_mode_loose",
                f"`{entry}` is open to other users of this system (mode {stat.S_IMODE(entry.stat().st_mode):o})",
                hint=f"chmod {wanted} {entry}",
                kind=ErrorKind.FORBIDDEN,
            )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two processes that start at once make one ring, not two."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    """Whole or not at all, and on disk before anything is sealed under it."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
