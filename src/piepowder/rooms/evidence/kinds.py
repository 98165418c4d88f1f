"""Kinds of documents that are accepted, and how a kind is known by its first bytes. Pure."""

from enum import StrEnum


class Kind(StrEnum):
    """A document's type, found in its content. The three of text look alike inside; the name tells them apart."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TEXT = "text/plain"
    MARKDOWN = "text/markdown"
    CSV = "text/csv"
    ZIP = "application/zip"


WORDS: dict[Kind, str] = {
    Kind.PDF: "PDF",
    Kind.PNG: "PNG picture",
    Kind.JPEG: "JPEG picture",
    Kind.TEXT: "plain text",
    Kind.MARKDOWN: "Markdown",
    Kind.CSV: "CSV table",
    Kind.ZIP: "ZIP archive",
}
ENDINGS: dict[str, Kind] = {
    "pdf": Kind.PDF,
    "png": Kind.PNG,
    "jpg": Kind.JPEG,
    "jpeg": Kind.JPEG,
    "txt": Kind.TEXT,
    "log": Kind.TEXT,
    "md": Kind.MARKDOWN,
    "markdown": Kind.MARKDOWN,
    "csv": Kind.CSV,
    "zip": Kind.ZIP,
}
ACCEPTED = "PDF, PNG, JPEG, plain text, Markdown, CSV, or a ZIP of these"
TEXTS = frozenset({Kind.TEXT, Kind.MARKDOWN, Kind.CSV})

# What people try most, so that the refusal can name it.
STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture, a sound or a film"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript program"),
)


def stranger(content: bytes) -> str:
    """What else this looks like, in words."""
    if content[4:12] in (b"ftypheic", b"ftypmif1", b"ftypheix"):
        return "a HEIC picture"
    return next((words for magic, words in STRANGERS if content.startswith(magic)), "of a kind that is not accepted")
