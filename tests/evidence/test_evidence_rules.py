from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.evidence.kinds import Kind
from piepowder.rooms.evidence.rules import check_expiry, check_room, file_name, inspect
from tests.support import documents as made

MOST = 10 << 20

ACCEPTED = [
    ("extract.pdf", made.pdf(), Kind.PDF),
    ("Scan.PNG", made.png(), Kind.PNG),
    ("photo.jpg", made.jpeg(), Kind.JPEG),
    ("photo.jpeg", made.jpeg(behind=made.jpeg() + b"\0\0"), Kind.JPEG),
    ("notes.txt", "Zürich, 3 < 5 und a > b\n".encode(), Kind.TEXT),
    ("policy.md", b"# Policy\n\n* one <br> two\n", Kind.MARKDOWN),
    ("list.csv", b"\xef\xbb\xbfa;b\r\n1;2\r\n", Kind.CSV),
    ("all.zip", made.archive(("a/extract.pdf", made.pdf()), ("b.txt", b"text"), ("empty.txt", b"")), Kind.ZIP),
    ("mac.zip", made.archive(("a.txt", b"text"), ("__MACOSX/._a.txt", b"\x00\x05\x16\x07rest")), Kind.ZIP),
]
REFUSED = [
    ("empty.pdf", b"", "evidence_empty"),
    ("page.pdf", b"<html><body>hello</body></html>", "evidence_markup"),
    ("page.html", b"<!DOCTYPE html><p>hello", "evidence_markup"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + made.SCRIPT + b"</svg>", "evidence_markup"),
    ("drawing.txt", b"<?xml version='1.0'?><svg/>", "evidence_markup"),
    ("notes.md", b"# Notes\n\n<ScRiPt src=//evil.example>", "evidence_markup"),
    ("run.sh", b"#!/bin/sh\nrm -rf /\n", "evidence_script"),
    ("run.bat", b"@echo off\r\ndel *\r\n", "evidence_name_disagrees"),
    ("macro.js", b"alert(1)", "evidence_name_disagrees"),
    ("tool.exe", b"MZ\x90\x00\x03", "evidence_type_refused"),
    ("tool.pdf", b"\x7fELF\x02\x01\x01", "evidence_type_refused"),
    ("extract.pdf.exe", made.pdf(), "evidence_name_disagrees"),
    ("extract.png", made.pdf(), "evidence_name_disagrees"),
    ("extract", made.pdf(), "evidence_name_missing"),
    ("cut.pdf", made.pdf()[:60], "evidence_damaged"),
    ("active.pdf", made.pdf(within=b"/OpenAction<</S/JavaScript/JS(x)>>"), "evidence_active"),
    ("hidden.pdf", made.pdf(within=b"/S/J#61vaScript"), "evidence_active"),
    ("starts.pdf", made.pdf(within=b"/S/Launch"), "evidence_active"),
    ("carries.pdf", made.pdf(within=b"/EmbeddedFiles 4 0 R"), "evidence_active"),
    ("both.pdf", made.pdf(within=made.archive(("a.txt", b"x"))), "evidence_two_at_once"),
    ("page.pdf", b"%PDF-1.4\n<html>" + made.SCRIPT + b"\n%%EOF", "evidence_two_at_once"),
    ("behind.png", made.png(behind=made.archive(("a.txt", b"x"))), "evidence_damaged"),
    ("comment.png", made.png(comment=made.SCRIPT), "evidence_two_at_once"),
    ("behind.jpg", made.jpeg(behind=b"<?php system('id');"), "evidence_damaged"),
    ("bomb.zip", made.bomb(), "evidence_zip_bomb"),
    ("steep.zip", made.bomb(8 << 20), "evidence_zip_bomb"),
    ("lying.zip", made.lying_bomb(), "evidence_zip_damaged"),
    ("many.zip", made.archive(*((f"{n}.txt", b"x") for n in range(201))), "evidence_zip_crowded"),
    ("nested.zip", made.archive(("inner.zip", made.archive(("a.txt", b"x")))), "evidence_zip_nested"),
    ("office.docx", made.archive(("[Content_Types].txt", b"x")), "evidence_name_disagrees"),
    ("script.zip", made.archive(("a.svg", b"<svg>" + made.SCRIPT + b"</svg>")), "evidence_markup"),
    ("program.zip", made.archive(("a.txt", b"text"), ("b.exe", b"MZ\x90")), "evidence_type_refused"),
    ("slip.zip", made.archive(("../../etc/cron.txt", b"x")), "evidence_zip_elsewhere"),
    ("absolute.zip", made.archive(("/etc/cron.txt", b"x")), "evidence_zip_elsewhere"),
    ("link.zip", made.linked(), "evidence_zip_link"),
    ("secret.zip", made.encrypted(), "evidence_zip_encrypted"),
    ("empty.zip", made.archive(), "evidence_zip_empty"),
    ("before.zip", b"PK\x03\x04junk" + made.archive(("a.txt", b"x")), "evidence_zip_disguised"),
    ("broken.zip", made.archive(("a.txt", b"x" * 500))[:60], "evidence_zip_damaged"),
    ("turned\u202efdp.exe", made.pdf(), "ground_name_hidden"),
]


@pytest.mark.parametrize(("name", "content", "kind"), ACCEPTED, ids=[one[0] for one in ACCEPTED])
def test_a_real_document_is_accepted(name: str, content: bytes, kind: Kind) -> None:
    """Its type is found in its content, whatever the case of its ending."""
    assert inspect(name, content, MOST) == (name, kind)


@pytest.mark.parametrize(("name", "content", "code"), REFUSED, ids=[f"{one[0]}-{one[2]}" for one in REFUSED])
def test_a_hostile_document_is_refused(name: str, content: bytes, code: str) -> None:
    """Programs, pages with script, bombs, files that are two things at once, and names that lie are refused by name."""
    with pytest.raises(PiepowderError) as raised:
        inspect(name, content, MOST)
    assert raised.value.code == code


def test_a_large_document_is_refused() -> None:
    """One byte more than the setting allows is too much, and the sentence says how much that is."""
    with pytest.raises(PiepowderError) as raised:
        inspect("a.txt", b"x" * 1025, 1024)
    assert (raised.value.code, "1 kB" in str(raised.value)) == ("evidence_too_large", True)


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.png", "a.jpg", "a.zip", "a.txt"]))
def test_any_bytes_are_accepted_or_refused(content: bytes, name: str) -> None:
    """Nothing that can be sent makes the inspection fail otherwise."""
    starts = {
        "a.pdf": b"%PDF-",
        "a.png": b"\x89PNG\r\n\x1a\n",
        "a.jpg": b"\xff\xd8\xff",
        "a.zip": b"PK\x03\x04",
        "a.txt": b"",
    }
    assert _outcome(name, starts[name] + content).startswith(("accepted", "evidence_", "ground_"))


def _outcome(name: str, content: bytes) -> str:
    try:
        return f"accepted {inspect(name, content, MOST).kind}"
    except PiepowderError as error:
        return error.code


def test_a_name_is_shown_without_path_and_cut_before_its_ending() -> None:
    """Neither a folder nor a dot in front survives, and a long name keeps its ending."""
    assert file_name("C:\\secret\\..\\extract.pdf") == "extract.pdf"
    assert file_name("/tmp/.extract.pdf") == "extract.pdf"
    assert len(file_name("x" * 400 + ".pdf")) == 150
    assert file_name("x" * 400 + ".pdf").endswith("x.pdf")


def test_an_expired_document_and_a_full_shelf_are_refused() -> None:
    """What expired yesterday shows nothing today; one owner cannot fill the disk."""
    check_expiry(date(2026, 11, 25), date(2026, 11, 25))
    with pytest.raises(PiepowderError, match="expired on 24 November 2026"):
        check_expiry(date(2026, 11, 24), date(2026, 11, 25))
    check_room(499, 0, 1, 1024)
    for documents, size in ((500, 0), (1, 40 * 1024)):
        with pytest.raises(PiepowderError, match="of one owner"):
            check_room(documents, size, 1, 1024)
