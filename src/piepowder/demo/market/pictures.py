"""Screenshots drawn by code: a window with the app's name, rows or bars, and a line that says that it is made up. PNG, by palette."""

import struct
import zlib
from typing import Literal

Kind = Literal["rows", "bars", "cards"]
WIDTH, HEIGHT = 720, 450
BANNER = "MADE-UP EXAMPLE - NO REAL DATA"
_PAPER, _INK, _PALE, _LINE, _ACCENT, _SOFT = range(6)
_GREYS = ((250, 250, 248), (38, 44, 52), (128, 136, 146), (222, 225, 229))
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.:"
_DOTS = """
7c1211127c 7f49494936 3e41414122 7f4141413e 7f49494941 7f09090901 3e41415173 7f0808087f 00417f4100 2040413f01
7f08142241 7f40404040 7f021c027f 7f0408107f 3e4141413e 7f09090906 3e4151215e 7f09192946 2649494932 03017f0103
3f4040403f 1f2040201f 3f4038403f 6314081463 0304780403 6159494d43 3e5149453e 00427f4000 7249494946 2141494d33
1814127f10 2745454539 3c4a494931 4121110907 3649494936 464949291e 0000000000 0808080808 0060600000 0036360000
"""
# Five columns of seven dots for each sign, the lowest bit on top.
_FONT = {sign: bytes.fromhex(columns) for sign, columns in zip(_SIGNS, _DOTS.split(), strict=True)}


def screenshot(title: str, lines: tuple[str, ...], *, kind: Kind, colour: tuple[int, int, int]) -> bytes:
    """A window with `title` and `lines` (in capitals, as far as the font goes), in the app's colour."""
    canvas = _Canvas()
    canvas.box(0, 0, WIDTH, 54, _ACCENT)
    canvas.write(24, 17, title, 3, _PAPER)
    _DRAW[kind](canvas, lines)
    canvas.box(0, HEIGHT - 36, WIDTH, 36, _SOFT)
    canvas.write(24, HEIGHT - 25, BANNER, 2, _INK)
    soft = tuple(channel + (255 - channel) * 3 // 4 for channel in colour)
    return canvas.png((*_GREYS, colour, soft))


class _Canvas:
    def __init__(self) -> None:
        self._rows = [bytearray(WIDTH) for _ in range(HEIGHT)]

    def box(self, left: int, top: int, width: int, height: int, ink: int) -> None:
        for row in self._rows[top : top + height]:
            row[left : left + width] = bytes([ink]) * len(row[left : left + width])

    def write(self, left: int, top: int, words: str, size: int, ink: int) -> None:
        for place, sign in enumerate(words.upper()):
            for column, dots in enumerate(_FONT.get(sign, _FONT[" "])):
                for line in range(7):
                    if dots >> line & 1:
                        self.box(left + (place * 6 + column) * size, top + line * size, size, size, ink)

    def png(self, palette: tuple[tuple[int, ...], ...]) -> bytes:
        head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in self._rows), 6)
        colours = b"".join(map(bytes, palette))
        parts = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", pixels), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _rows(canvas: _Canvas, lines: tuple[str, ...]) -> None:
    for place, line in enumerate(lines):
        top = 84 + place * 52
        canvas.write(28, top, line, 2, _INK)
        canvas.box(560, top - 6, 128, 26, _ACCENT if place % 3 == 0 else _SOFT)
        canvas.box(24, top + 32, WIDTH - 48, 1, _LINE)


def _bars(canvas: _Canvas, lines: tuple[str, ...]) -> None:
    for place, height in enumerate((120, 168, 142, 210, 186, 236, 198, 254, 222, 262)):
        canvas.box(40 + place * 64, 376 - height, 40, height, _ACCENT if place % 5 == 3 else _SOFT)
    canvas.box(24, 376, WIDTH - 48, 2, _LINE)
    for place, line in enumerate(lines[:2]):
        canvas.write(28, 72 + place * 24, line, 2, _INK if place == 0 else _PALE)


def _cards(canvas: _Canvas, lines: tuple[str, ...]) -> None:
    for place, line in enumerate(lines[:4]):
        left, top = 24 + place % 2 * 344, 78 + place // 2 * 164
        canvas.box(left, top, 328, 148, _LINE)
        canvas.box(left + 2, top + 2, 324, 144, _PAPER)
        canvas.write(left + 18, top + 20, line, 2, _INK)
        for stripe in range(3):
            canvas.box(left + 18, top + 56 + stripe * 26, 250 - stripe * 60, 10, _SOFT if stripe else _ACCENT)


_DRAW = {"rows": _rows, "bars": _bars, "cards": _cards}


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
