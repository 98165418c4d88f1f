import struct
import zlib

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.store.pictures import BYTES_MAX, cleaned
from tests.support.storefront import chunk, png

# A JPEG of 320 x 320 grey: tables of length one symbol, and a scan of zeros.
_QUANT = b"\xff\xdb" + struct.pack(">H", 67) + b"\0" + bytes([1] * 64)
_FRAME = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 320, 320, 1) + b"\x01\x11\x00"
_HUFF = b"".join(
    b"\xff\xc4" + struct.pack(">H", 20) + bytes([kind]) + bytes([1] + [0] * 15) + b"\0" for kind in (0, 16)
)
_SCAN = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x00" * 400
COMMENT = b"\xff\xfe" + struct.pack(">H", 8) + b"secret"
PLACE = b"\xff\xe1" + struct.pack(">H", 16) + b"Exif\0\0GPS here"


def jpeg(*more: bytes, frame: bytes = _FRAME) -> bytes:
    return b"\xff\xd8" + b"".join(more) + _QUANT + frame + _HUFF + _SCAN + b"\xff\xd9"


def code(data: bytes) -> str:
    with pytest.raises(PiepowderError) as raised:
        cleaned(data)
    return raised.value.code


def test_a_png_keeps_its_pixels_and_nothing_else() -> None:
    """Text chunks and what hangs behind the end are gone, and cleaning again changes nothing."""
    picture = cleaned(png(extra=chunk(b"tEXt", b"Comment\0secret")) + b"<script>alert(1)</script>")
    assert (picture.media_type, picture.width, picture.height) == ("image/png", 400, 320)
    assert b"secret" not in picture.data
    assert b"script" not in picture.data
    assert picture.data.endswith(chunk(b"IEND", b""))
    assert cleaned(picture.data) == picture


def test_a_jpeg_keeps_its_scan_and_nothing_else() -> None:
    """Comments, places and what hangs behind the end are gone."""
    picture = cleaned(jpeg(PLACE, COMMENT) + b"PK\x03\x04 a second file")
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 320, 320)
    assert not [word for word in (b"secret", b"GPS", b"second") if word in picture.data]
    assert cleaned(picture.data) == picture


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\0" * 40,
        b"RIFF1234WEBP",
        b"%PDF-1.7",
    ],
)
def test_other_kinds_are_refused(data: bytes) -> None:
    """By what they are, whatever they are called."""
    assert code(data) == "store_picture_type"


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (png()[:-20], "broken"),
        (png()[:-1] + b"\0", "broken"),
        (png().replace(b"IDAT", b"IDOT", 1), "broken"),
        (png(10, 10), "size"),
        (png(400, 300), "size"),
        (jpeg()[:-300], "broken"),
        (jpeg(frame=_FRAME + _FRAME), "type"),
        (jpeg(frame=b""), "broken"),
        (jpeg(frame=b"\xff\xc3" + _FRAME[2:]), "type"),
        (b"\xff\xd8\xff\xd9" + b"\0" * 40, "broken"),
        (b"\0" * (BYTES_MAX + 1), "large"),
    ],
)
def test_damaged_and_odd_pictures_are_refused(data: bytes, wrong: str) -> None:
    """Each with a reason of its own."""
    assert code(data) == f"store_picture_{wrong}"


def test_a_bomb_is_noticed_as_it_unfolds() -> None:
    """Pixels beyond what the size says are never unpacked."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 400, 320, 8, 2, 0, 0, 0))
    bomb = chunk(b"IDAT", zlib.compress(bytes(50_000_000), 9))
    assert code(b"\x89PNG\r\n\x1a\n" + head + bomb + chunk(b"IEND", b"")) == "store_picture_broken"
