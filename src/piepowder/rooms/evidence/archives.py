"""Looks into a ZIP in memory. Every entry is read, up to bounds that hold for what really comes out, not for what its header says. Pure.

Refused: more entries, more bytes or a steeper ratio than the bounds (zip bombs), archives in archives, encrypted entries,
links, names that lead elsewhere, anything before or behind the archive, and every entry that would be refused by itself.
"""

import io
import stat
import zlib
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from piepowder.core.kernel.errors import PiepowderError

ENTRIES_MAX = 200
RATIO_MAX, RATIO_FROM_BYTES = 100, 1 << 20  # small files may compress as they like
TIMES_MAX = 5  # all entries together, in sizes of the largest document
_END_BYTES = 22
_OF_MACS = (
    (b"\x00\x05\x16\x07", 1 << 20),
    (b"\x00\x00\x00\x01Bud1", 1 << 20),
)  # AppleDouble and .DS_Store: nobody asked for them

Check = Callable[[str, bytes], None]


def look_into(content: bytes, bytes_max: int, check: Check) -> None:
    """Calls `check(name, content)` for every file within; `evidence_zip_…` for the archive's own faults."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            _look(archive, content, bytes_max, check)
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise _refusal("damaged", "this ZIP archive is damaged, or made in a way that cannot be looked into") from None


def _look(archive: ZipFile, content: bytes, bytes_max: int, check: Check) -> None:
    entries = archive.infolist()
    _check_frame(archive, entries, content)
    left = bytes_max * TIMES_MAX
    for entry in entries:
        _check_entry(entry)
        if entry.is_dir():
            continue
        inside = _read(archive, entry, min(bytes_max, left))
        left -= len(inside)
        if not any(inside.startswith(magic) and len(inside) <= most for magic, most in _OF_MACS):
            check(entry.filename, inside)


def _check_frame(archive: ZipFile, entries: list[ZipInfo], content: bytes) -> None:
    if not any(not entry.is_dir() for entry in entries):
        raise _refusal("empty", "this ZIP archive holds no file")
    if len(entries) > ENTRIES_MAX:
        raise _refusal("crowded", f"this ZIP archive holds more than {ENTRIES_MAX} entries")
    whole = content[-_END_BYTES - len(archive.comment) :].startswith(b"PK\x05\x06")
    if min(entry.header_offset for entry in entries) != 0 or not whole:
        raise _refusal("disguised", "something else stands before or behind this ZIP archive")


def _check_entry(entry: ZipInfo) -> None:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise _refusal("elsewhere", "an entry of this ZIP archive has a name that leads out of it")
    if entry.flag_bits & 0x1:
        raise _refusal(
            "encrypted", "this ZIP archive has a password", "hand it in without; it is encrypted here anyway"
        )
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _refusal("method", "this ZIP archive is packed with an unusual method", "pack it anew")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refusal("link", "this ZIP archive holds a link instead of a file")


def _read(archive: ZipFile, entry: ZipInfo, most: int) -> bytes:
    with archive.open(entry) as file:
        inside = file.read(most + 1)
    if len(inside) > most:
        raise _refusal(
            "bomb", "what this ZIP archive holds is too large when unpacked", "hand in fewer files at a time"
        )
    if len(inside) > RATIO_FROM_BYTES and len(inside) > RATIO_MAX * entry.compress_size:
        raise _refusal("bomb", "a file in this ZIP archive is packed more tightly than real documents are")
    return inside


def _refusal(what: str, message: str, hint: str = "") -> PiepowderError:
    return PiepowderError(f"evidence_zip_{what}", message, hint=hint)
