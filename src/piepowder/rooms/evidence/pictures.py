"""Pictures are followed from their first byte to their last: what hangs behind one is a second file in disguise. Pure."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers of JPEG without a length


def is_whole_png(content: bytes) -> bool:
    """From signature and `IHDR` through every chunk to `IEND`, and nothing behind."""
    place, first = len(_SIGNATURE), True
    while place + 12 <= len(content):
        length, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if first and name != b"IHDR":
            return False
        place, first = place + 12 + length, False
        if name == b"IEND":
            return place == len(content)
    return False


def is_whole_jpeg(content: bytes) -> bool:
    """One picture after another (cameras append previews) up to the end; blanks and zeros may follow."""
    place = 0
    while content[place : place + 2] == b"\xff\xd8":
        end = _end_of_jpeg(content, place + 2)
        if end is None:
            return False
        place = end
        if not content[place:].strip(b"\0\r\n "):
            return True
    return False


def _end_of_jpeg(content: bytes, place: int) -> int | None:
    while place + 1 < len(content):
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xD9:
            return place + 2
        if marker == 0xFF:  # a filler
            place += 1
            continue
        if marker in _ALONE:
            place += 2
            continue
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == 0xDA:
            place = _end_of_scan(content, place)
    return None


def _end_of_scan(content: bytes, place: int) -> int:
    """The next marker after compressed data, in which a stuffed zero or a restart follows each FF."""
    while (place := content.find(b"\xff", place)) != -1:
        after = content[place + 1] if place + 1 < len(content) else 0xD9
        if after and not 0xD0 <= after <= 0xD7:
            return place
        place += 2
    return len(content)
