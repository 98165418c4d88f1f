"""Documents for tests: small real ones of every kind, and hostile ones. Everything in them is made up."""

import io
import struct
import zipfile
import zlib

SCRIPT = b"<script>alert(1)</script>"


def pdf(words: str = "made-up extract", *, within: bytes = b"") -> bytes:
    """A PDF of one empty page."""
    body = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj "
    return b"%PDF-1.4\n" + body + within + f"% {words}\n".encode() + b"trailer<</Root 1 0 R>>\n%%EOF\n"


def png(*, behind: bytes = b"", comment: bytes = b"") -> bytes:
    """A PNG of one grey pixel."""
    text = _chunk(b"tEXt", b"Comment\0" + comment) if comment else b""
    pixel = _chunk(b"IDAT", zlib.compress(b"\0\x7f"))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + text + pixel + _chunk(b"IEND", b"") + behind


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(*, behind: bytes = b"") -> bytes:
    """The frame of a JPEG: start, a segment, a scan with a stuffed zero and a restart, end."""
    return b"\xff\xd8\xff\xe0\x00\x04JF\xff\xda\x00\x02\x01\xff\x00\x02\xff\xd0\x03\xff\xd9" + behind


def archive(*files: tuple[str, bytes], comment: bytes = b"") -> bytes:
    """A ZIP of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files:
            opened.writestr(name, content)
        opened.comment = comment
    return out.getvalue()


def bomb(size: int = 60 << 20) -> bytes:
    """A small ZIP that becomes large."""
    return archive(("zeros.txt", b" " * size))


def lying_bomb(size: int = 20 << 20) -> bytes:
    """As `bomb`, and its headers say that it holds ten bytes."""
    whole, true, told = bomb(size), struct.pack("<I", size), struct.pack("<I", 10)
    return whole.replace(true, told)


def linked() -> bytes:
    """A ZIP with a symbolic link."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    """A ZIP whose entry says that it has a password."""
    whole = bytearray(archive(("a.txt", b"text")))
    whole[6] |= 1
    directory = whole.index(b"PK\x01\x02")
    whole[directory + 8] |= 1
    return bytes(whole)
