"""What may be handed in as evidence: a document's type is found in its content, and its name must agree. Pure.

Documents are only ever handed out as downloads, never shown inline, and never opened by Piepowder; what is refused here
could still harm whoever opens it: programs, scripts, pages with script (HTML, SVG), and files that are two things at once.
"""

import re
import unicodedata
from datetime import date
from typing import NamedTuple

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.evidence.archives import look_into
from piepowder.rooms.evidence.kinds import ACCEPTED, ENDINGS, TEXTS, Kind, stranger
from piepowder.rooms.evidence.pictures import is_whole_jpeg, is_whole_png
from piepowder.rooms.ground.names import clean_name

NAME_MAX, PURPOSE_MAX = 150, 200
DOCUMENTS_MAX, OWNER_TIMES_MAX = 500, 40  # of one owner: documents, and bytes in sizes of the largest document

_MARKUP = re.compile(
    rb"<\s*(?:!doctype|\?xml|\?php|/?(?:html|head|body|script|svg|iframe|object|embed|style|link|meta|form|base)[\s>/])",
    re.I,
)
_PAGE_START = re.compile(rb"<\s*(?:!doctype|html|script|svg|\?xml|\?php)", re.I)
_PDF_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)\b")
_PDF_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TAIL = 1 << 16  # within this a ZIP's end is looked for


class Inspected(NamedTuple):
    """A document that may be kept: the name it is shown by, and its type."""

    name: str
    kind: Kind


def inspect(name: str, content: bytes, bytes_max: int) -> Inspected:
    """Name and type of an acceptable document; else `evidence_…` says what is wrong with it, for whoever sent it."""
    if len(content) > bytes_max:
        raise too_large(bytes_max)
    if not content:
        raise PiepowderError("evidence_empty", "this file is empty")
    shown = file_name(name)
    kind = _of_name(shown, recognise(content))
    if kind is Kind.ZIP:
        look_into(content, bytes_max, _check_inside)
    return Inspected(shown, kind)


def too_large(bytes_max: int) -> PiepowderError:
    return PiepowderError(
        "evidence_too_large",
        f"this file is larger than {megabytes(bytes_max)}",
        hint="hand in only the pages that matter, or a smaller scan",
    )


def megabytes(count: int) -> str:
    return f"{count / (1 << 20):g} MB" if count >= 1 << 20 else f"{count / (1 << 10):g} kB"


def recognise(content: bytes) -> Kind:
    """The type by content. Text is `Kind.TEXT`, whichever it is."""
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _picture(Kind.PNG, content, is_whole_png(content))
    if content.startswith(b"\xff\xd8\xff"):
        return _picture(Kind.JPEG, content, is_whole_jpeg(content))
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    return _text(content)


def _pdf(content: bytes) -> Kind:
    if b"%%EOF" not in content[-1024:]:
        raise PiepowderError("evidence_damaged", "this PDF is damaged: its end is missing", hint="save it anew")
    if b"PK\x05\x06" in content[-_TAIL:] or _PAGE_START.search(content[:1024]):
        raise _two_at_once()
    plain = _PDF_HEX.sub(lambda found: bytes([int(found[1], 16)]), content)  # names may be spelled `/J#61vaScript`
    if _PDF_ACTIVE.search(plain):
        raise PiepowderError(
            "evidence_active",
            "this PDF holds a script, a program or other files",
            hint="print it to a new PDF, which leaves them out",
        )
    return Kind.PDF


def _picture(kind: Kind, content: bytes, whole: bool) -> Kind:
    if not whole:
        raise PiepowderError(
            "evidence_damaged",
            "this picture is damaged, or something else hangs behind it",
            hint="open it in a picture program and save it anew",
        )
    if _PAGE_START.search(content) and b"<script" in content.lower():
        raise _two_at_once()
    return kind


def _text(content: bytes) -> Kind:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _stranger(content) from None
    if _UNPRINTABLE.search(text):
        raise _stranger(content)
    if text.startswith("#!"):
        raise PiepowderError("evidence_script", "this is a script", hint=f"accepted: {ACCEPTED}")
    if _MARKUP.search(content):
        raise PiepowderError(
            "evidence_markup",
            "this is a web page, an SVG or XML, or text with tags of these within",
            hint="hand it in as PDF",
        )
    return Kind.TEXT


def _stranger(content: bytes) -> PiepowderError:
    return PiepowderError(
        "evidence_type_refused", f"this file is {stranger(content)}", hint=f"accepted: {ACCEPTED}; text in UTF-8"
    )


def _two_at_once() -> PiepowderError:
    return PiepowderError(
        "evidence_two_at_once", "this file is two kinds of file at once", hint="save it anew with another program"
    )


def _of_name(name: str, found: Kind) -> Kind:
    """The type, told apart among texts by the name's ending; `evidence_name_disagrees` where the ending says another."""
    ending = name.rpartition(".")[2].lower()
    named = ENDINGS.get(ending)
    if named is not None and (named is found or {named, found} <= TEXTS):
        return named
    raise PiepowderError(
        "evidence_name_disagrees",
        f"the name ends in `{ending[:20]}`, but the file is {article(found)}",
        hint=f"accepted: {ACCEPTED}, each under its own ending",
    )


def article(kind: Kind) -> str:
    from_kind = {Kind.TEXT: "text", Kind.ZIP: "a ZIP archive (Office documents are such, too: hand in a PDF)"}
    return from_kind.get(kind, f"a {kind.rpartition('/')[2].upper()}")


def _check_inside(name: str, content: bytes) -> None:
    """An entry of an archive is held to the same rules; its refusal names it."""
    if not content:
        return
    try:
        shown = file_name(name)
        if _of_name(shown, recognise(content)) is Kind.ZIP:
            raise PiepowderError("evidence_zip_nested", "an archive within an archive", hint="pack it without")
    except PiepowderError as error:
        raise PiepowderError(
            error.code, f"`{_told(name)}` in this ZIP archive: {error.message}", hint=error.hint
        ) from None


def _told(name: str) -> str:
    return "".join(one if unicodedata.category(one)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for one in name)[-60:]


def file_name(name: str) -> str:
    """The name a document is shown by: no path, nothing hidden in it (`ground_name_hidden`), at most 150 characters."""
    shown = clean_name(re.split(r"[/\\]", name)[-1]).lstrip(".")
    stem, dot, ending = shown.rpartition(".")
    if not stem or not ending:
        raise PiepowderError("evidence_name_missing", "this file has no name with an ending such as `.pdf`")
    return stem[: NAME_MAX - len(ending[:20]) - 1] + dot + ending[:20]


def check_expiry(expires_on: date | None, today: date) -> None:
    if expires_on is not None and expires_on < today:
        raise PiepowderError(
            "evidence_expired",
            f"this document expired on {expires_on:%-d %B %Y}",
            hint="hand in one that is valid today",
        )


def check_room(documents: int, size: int, more: int, bytes_max: int) -> None:
    """One owner cannot fill the disk."""
    if documents >= DOCUMENTS_MAX or size + more > bytes_max * OWNER_TIMES_MAX:
        raise PiepowderError(
            "evidence_too_much",
            f"more than {DOCUMENTS_MAX} documents or {megabytes(bytes_max * OWNER_TIMES_MAX)} of one owner",
            hint="ask the marketplace to erase what is no longer needed",
        )
