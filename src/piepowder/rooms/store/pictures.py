"""Reads a screenshot to the last byte and writes it anew. What leaves here is a PNG or JPEG with its picture and nothing else.

A PNG is unpacked to its pixels (at most as many as its size says, so a bomb is noticed as it unfolds) and packed again. Of a
JPEG every segment up to the end of the image is read; tables, frames and scans stay. Comments, places, thumbnails, colour profiles
and whatever hides behind the end of the file are left out of both. Anything else, SVG first of all, is refused. Pure.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from piepowder.core.kernel.errors import PiepowderError

BYTES_MAX = 2 * 1024 * 1024
SIDE_MIN, SIDE_MAX = 320, 4_096
PIXELS_MAX = 12_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples of a pixel
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_JPEG_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what browsers show
_JPEG_KEPT = (
    *_JPEG_FRAMES,
    0xC4,
    0xDA,
    0xDB,
    0xDD,
    0xEE,
)  # with tables, scans, restart interval, Adobe's colour transform


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    width: int
    height: int
    data: bytes

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


def cleaned(data: bytes) -> Picture:
    """The picture alone, or `store_picture_…` with what is wrong."""
    if len(data) > BYTES_MAX:
        raise _wrong("large", f"a screenshot is at most {BYTES_MAX // (1024 * 1024)} MB")
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
    except (struct.error, IndexError, zlib.error):
        raise _wrong("broken", "the picture is damaged or cut off") from None
    raise _wrong("type", "this is neither a PNG nor a JPEG picture")


def _check_size(width: int, height: int) -> None:
    if not (SIDE_MIN <= width <= SIDE_MAX and SIDE_MIN <= height <= SIDE_MAX) or width * height > PIXELS_MAX:
        raise _wrong(
            "size", f"a screenshot has {SIDE_MIN} to {SIDE_MAX} pixels a side; this one has {width} x {height}"
        )


def _wrong(code: str, words: str) -> PiepowderError:
    return PiepowderError(f"store_picture_{code}", words, hint="send a PNG or JPEG screenshot of at most 2 MB")


# PNG


def _png(data: bytes) -> Picture:
    chunks = list(_chunks(data))
    if chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise _wrong("broken", "the picture is damaged or cut off")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    _check_size(width, height)
    if depth not in _PNG_DEPTHS.get(colour, ()) or packing or filtering or interlace:
        raise _wrong("type", "this kind of PNG is not shown here (interlaced, or of an unknown colour type)")
    line = (width * _PNG_SAMPLES[colour] * depth + 7) // 8 + 1
    pixels = _unpacked(b"".join(body for name, body in chunks if name == b"IDAT"), line * height)
    if any(pixels[start] > 4 for start in range(0, len(pixels), line)):  # each line begins with one of five filters
        raise _wrong("broken", "the picture is damaged or cut off")
    if colour == 3 and not any(name == b"PLTE" for name, _ in chunks):
        raise _wrong("broken", "the picture has no palette")
    rewritten = [(name, body) for name, body in chunks if name in _PNG_KEPT and name not in (b"IDAT", b"IEND")]
    rewritten += [(b"IDAT", zlib.compress(pixels, 6)), (b"IEND", b"")]
    return Picture("image/png", width, height, _PNG + b"".join(_chunk(name, body) for name, body in rewritten))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk up to the end of the image; the checksums must be right."""
    place = len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + length)
        if zlib.crc32(name + body) != checksum:
            raise _wrong("broken", "the picture is damaged or cut off")
        yield name, body
        if name == b"IEND":
            return
        place += 12 + length


def _unpacked(packed: bytes, expected: int) -> bytes:
    unfolding = zlib.decompressobj()
    pixels = unfolding.decompress(packed, expected + 1)
    if len(pixels) != expected:
        raise _wrong("broken", "the picture has not the size that it says")
    return pixels


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


# JPEG


def _jpeg(data: bytes) -> Picture:
    parts, size, scans = [b"\xff\xd8"], (0, 0), 0
    for marker, segment, scan in _segments(data):
        if marker in _JPEG_FRAMES:
            if size != (0, 0):
                raise _wrong("type", "the file holds several pictures")
            height, width = struct.unpack_from(">HH", segment, 5)
            size = (width, height)
            _check_size(*size)
        scans += marker == 0xDA
        if marker in _JPEG_KEPT:
            parts.append(segment + scan)
    if size == (0, 0) or not scans:
        raise _wrong("broken", "the file holds no picture")
    return Picture("image/jpeg", *size, b"".join([*parts, b"\xff\xd9"]))


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, segment with its head, and for a scan the coded data after it, up to the end of the image."""
    place = 2
    while True:
        if data[place] != 0xFF:
            raise _wrong("broken", "the picture is damaged or cut off")
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker == 0xD9:
            return
        if 0xC0 <= marker <= 0xCF and marker not in (*_JPEG_FRAMES, 0xC4):
            raise _wrong("type", "this kind of JPEG is not shown by browsers")
        (length,) = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        if length < 2 or end > len(data):
            raise _wrong("broken", "the picture is damaged or cut off")
        after = _scan_end(data, end) if marker == 0xDA else end
        yield marker, data[place:end], data[end:after]
        place = after


def _scan_end(data: bytes, place: int) -> int:
    """Where the next marker stands: in coded data, `FF` is followed by `00` or by a restart marker."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            raise _wrong("broken", "the picture is damaged or cut off")
        if data[place + 1] == 0x00 or 0xD0 <= data[place + 1] <= 0xD7:
            place += 2
            continue
        return place
