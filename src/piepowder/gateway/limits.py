"""Rate limits shared by all workers of a node: one small file in memory, exact to the call, no server in between.

    <data>/run/limits:  header 64 bytes | bucket 0 | bucket 1 | ...        bucket = 64 slots, slot = 32 bytes:
    16 bytes key digest | float64 theoretical arrival time (GCRA) | the same float64 once more

A key lives in the one bucket its digest names, behind a lock on that bucket's bytes; the kernel drops the lock when its
holder dies, whatever it was doing. A slot whose two times differ was torn by such a death and counts as empty. Times are
CLOCK_MONOTONIC, which all processes of a machine share; a file of an earlier boot is replaced. Open one `Limits` per
process and path: these locks tell processes apart, not threads, and closing any descriptor of the file drops them.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

_HEADER = struct.Struct("<8sQ36s12x")
_MAGIC = b"PWLIMIT1"
_STATE = struct.Struct("<dd")
_SLOT_BYTES = 32
_BUCKET_SLOTS = 64
_BUCKET_BYTES = _BUCKET_SLOTS * _SLOT_BYTES
_TIMES = struct.Struct("<" + "16xd8x" * _BUCKET_SLOTS)
_SLACK_SECONDS = 1e-6  # rounding of float64 seconds; far below the time between two calls of any rate


class Decision(Struct, frozen=True, gc=False):
    """`remaining`: calls that would be allowed right now after this one."""

    allowed: bool
    retry_after_seconds: float
    remaining: int


class Limits:
    """A table of token buckets in the form of GCRA: per key, the time at which its bucket will be full again."""

    def __init__(self, path: Path, slots: int = 1 << 18, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets = max(1, -(-slots // _BUCKET_SLOTS))
        self.overflows = 0  # live keys pushed out of a full bucket: a sign that `slots` is too small
        size = _HEADER.size + self._buckets * _BUCKET_BYTES
        self._descriptor = _open_table(path, size, _HEADER.pack(_MAGIC, self._buckets, _boot()))
        self._table = mmap.mmap(self._descriptor, size)

    def take(self, key: bytes, per_second: float, burst: int) -> Decision:
        """Use up one call of `key`, or say in how many seconds one will be free. A few us; waits for no clock."""
        if not per_second > 0 or burst < 1:
            raise PiepowderError(
                "gateway_bad_rate", f"a rate of {per_second} a second with burst {burst} allows nothing"
            )
        digest = hashlib.blake2b(key, digest_size=16).digest()
        start = _HEADER.size + int.from_bytes(digest[:8], "little") % self._buckets * _BUCKET_BYTES
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, _BUCKET_BYTES, start)
        try:
            return self._take_locked(digest, start, 1 / per_second, burst)
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, _BUCKET_BYTES, start)

    def close(self) -> None:
        self._table.close()
        os.close(self._descriptor)

    def _take_locked(self, digest: bytes, start: int, interval: float, burst: int) -> Decision:
        # Read only now: while we waited for the lock, others moved the arrival time past the moment we came.
        now = self._monotonic()
        window = burst * interval
        at = self._find(digest, start)
        full_at = self._full_at(at) if at >= 0 else now
        if full_at < now:
            full_at = now
        elif full_at > now + window:
            full_at = now + window  # the window shrinks when a rate is raised: the new one counts from now on
            _STATE.pack_into(self._table, at + 16, full_at, full_at)
        full_at += interval
        wait = full_at - window - now
        if wait > _SLACK_SECONDS:
            return Decision(False, wait, 0)
        if at < 0:
            at = self._claim(digest, start, now)
        _STATE.pack_into(self._table, at + 16, full_at, full_at)
        return Decision(True, 0.0, int((_SLACK_SECONDS - wait) / interval))

    def _find(self, digest: bytes, start: int) -> int:
        at = self._table.find(digest, start, start + _BUCKET_BYTES)
        while at >= 0 and (at - start) % _SLOT_BYTES:
            at = self._table.find(digest, at + 1, start + _BUCKET_BYTES)
        return at

    def _full_at(self, at: int) -> float:
        full_at, again = _STATE.unpack_from(self._table, at + 16)
        return float(full_at) if full_at == again else 0.0

    def _claim(self, digest: bytes, start: int, now: float) -> int:
        """A slot for a new key: one whose time has passed says nothing any more. If all are live, the soonest must go."""
        times = _TIMES.unpack_from(self._table, start)
        soonest = min(times)
        if soonest > now:
            self.overflows += 1
        at: int = start + times.index(soonest) * _SLOT_BYTES
        _STATE.pack_into(
            self._table, at + 16, 0.0, 0.0
        )  # before the digest, so that no death here lends it foreign times
        self._table[at : at + 16] = digest
        return at


def _boot() -> bytes:
    """What tells this boot from others; on systems without a boot id, nothing does and clamped times must suffice."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes()[:36]
    except OSError:
        return b""


def _open_table(path: Path, size: int, header: bytes) -> int:
    """Descriptor of a table of exactly this shape. Made aside and moved into place: nobody ever maps half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    guard = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(guard, fcntl.LOCK_EX)
        if not _is_table(path, size, header):
            fresh = path.with_name(path.name + ".new")
            fresh.unlink(missing_ok=True)
            _write_table(fresh, size, header)
            fresh.replace(path)
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        sentence = f"cannot open the table of rate limits `{path}`: {error.strerror}"
        raise PiepowderError("gateway_limits_unavailable", sentence, kind=ErrorKind.UNAVAILABLE) from None
    finally:
        os.close(guard)


def _is_table(path: Path, size: int, header: bytes) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return file.read(_HEADER.size) == header


def _write_table(path: Path, size: int, header: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, header)
        # Blocks are reserved now: a write into a hole of a mapping on a full disk would kill the worker.
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)
