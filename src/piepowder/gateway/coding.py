"""Content codings: bounded inflation of one gzip member. Anything cleverer is refused, from either side."""

import zlib

RATIO_MAX = 100
_RATIO_FREE_BYTES = 64 * 1024  # tiny bodies may inflate freely up to here: a ratio says little about them


class CodingFault(ValueError):
    """The bytes are not exactly one whole gzip member, or they inflate past the cap (`too_large`)."""

    def __init__(self, sentence: str, *, too_large: bool = False) -> None:
        super().__init__(sentence)
        self.too_large = too_large


def inflate(data: bytes, cap_bytes: int) -> bytes:
    """The content of one gzip member, at most `cap_bytes` and at most 100 times the size of `data`.

    A second member is refused like any trailing bytes: nobody who reads only the first would notice what it holds.
    """
    cap = min(cap_bytes, max(len(data) * RATIO_MAX, _RATIO_FREE_BYTES))
    stream = zlib.decompressobj(wbits=31)
    try:
        content = stream.decompress(data, cap + 1)
    except zlib.error as error:
        raise CodingFault(f"not a gzip body: {error}") from None
    if len(content) > cap:
        raise CodingFault(f"inflates past {cap} bytes", too_large=True)
    if not stream.eof:
        raise CodingFault("the gzip body ends too early")
    if stream.unused_data:
        raise CodingFault("bytes follow the gzip body")
    return content
