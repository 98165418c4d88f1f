import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils.datastructures import MultiValueDict

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.evidence import actions
from piepowder.rooms.evidence.forms import DocumentField
from piepowder.rooms.evidence.models import Content, Document
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key, create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support import documents as made
from tests.support.consent import ledger_kinds as kinds

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OWNER = "dev_01jd0000000000000000000000"


def _keep(
    content: bytes = made.pdf(), name: str = "extract.pdf", owner: str = OWNER, purpose: str = "register"
) -> Document:
    return actions.keep(content, name=name, owner=owner, purpose=purpose, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_a_kept_document_is_sealed_and_comes_back_whole() -> None:
    """Nothing of it can be read in the tables; handing it out opens it, and both are on the ledger."""
    document = _keep(made.pdf("a very secret word"))
    row = Content.objects.get(document=document)
    assert b"secret" not in bytes(row.sealed) + bytes(row.sealed_key)
    assert actions.hand_out(document, by=SYSTEM, at=AT) == made.pdf("a very secret word")
    assert kinds(developer=OWNER) == ["evidence.keep", "evidence.hand_out"]


@pytest.mark.django_db
def test_a_moved_document_does_not_open() -> None:
    """Whoever moves sealed bytes to another row gets nothing out of them."""
    one, other = _keep(made.pdf("one")), _keep(made.pdf("other"))
    row = Content.objects.get(document=one)
    Content.objects.filter(document=other).update(sealed=row.sealed, sealed_key=row.sealed_key)
    with pytest.raises(PiepowderError) as raised:
        actions.hand_out(other, by=SYSTEM, at=AT)
    assert raised.value.code == "kernel_seal_broken"


@pytest.mark.django_db
def test_the_same_document_is_kept_once() -> None:
    """Handed in again for the same purpose it is the first one; for another purpose, or after erasure, it is another."""
    first = _keep()
    assert _keep(name="copy.pdf") == first
    assert _keep(purpose="address") != first
    actions.erase(first, by=SYSTEM, at=AT)
    assert _keep() != first


def test_a_form_that_is_sent_twice_at_once_keeps_one(
    committed: str, in_thread: Callable[..., threading.Thread]
) -> None:
    """Of two uploads at the same moment both come back with the one document that was kept."""
    found: list[Document] = []
    threads = [in_thread(lambda: found.append(_keep())) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert len({one.id for one in found}) == Document.objects.count() == 1


@pytest.mark.django_db
def test_an_erased_document_is_gone_and_known() -> None:
    """Bytes and key are deleted; that there was one stays. Twice is once."""
    document = _keep()
    assert actions.erase(document, by=SYSTEM, at=AT, reason="asked for").erased_at == AT
    actions.erase(document, by=SYSTEM, at=AT)
    assert not Content.objects.exists()
    with pytest.raises(PiepowderError) as raised:
        actions.hand_out(document, by=SYSTEM, at=AT)
    assert raised.value.code == "evidence_erased"
    assert kinds(developer=OWNER) == ["evidence.keep", "evidence.erase"]


@pytest.mark.django_db
def test_what_is_refused_leaves_nothing() -> None:
    """Neither a row nor a record of a document that was refused."""
    with pytest.raises(PiepowderError):
        _keep(b"<html>", "a.pdf")
    with pytest.raises(PiepowderError):
        actions.keep(made.pdf(), name="a.pdf", owner=OWNER, purpose=" ", by=SYSTEM, at=AT)
    with pytest.raises(PiepowderError):
        actions.keep(made.pdf(), name="a.pdf", owner=OWNER, purpose="x", by=SYSTEM, at=AT, expires_on=date(2026, 1, 1))
    assert not Document.objects.exists()
    assert kinds(developer=OWNER) == []


def _browser(account: Account) -> Client:
    browser = Client()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.mark.django_db
def test_a_document_leaves_as_a_download_for_those_who_may() -> None:
    """Members and reviewers get a file to save that can run nothing; for anybody else there is none."""
    developer = register_developer(name="Label works", contact_email="office@example.com", by=SYSTEM, at=AT)
    member, stranger = (Account.objects.create_user(f"{name}@maker.example") for name in ("ada", "eve"))
    add_member(developer, member, by=SYSTEM, at=AT)
    reviewer = create_staff(email="rita@market.example", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    auditor = create_staff(email="otto@market.example", role=KeyRole.AUDITOR, by=SYSTEM, at=AT)
    document = _keep(name="Auszug „Kopie“.pdf", owner=developer.id)
    for account in (member, reviewer):
        answer = _browser(account).get(f"/documents/{document.id}/")
        assert (answer.status_code, answer.content) == (200, made.pdf())
        assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Auszug%20")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert (answer["Content-Type"], "no-store" in answer["Cache-Control"]) == ("application/pdf", True)
    for account in (stranger, auditor):
        assert _browser(account).get(f"/documents/{document.id}/").status_code == 404
    assert Client().get(f"/documents/{document.id}/").status_code == 302
    assert kinds(developer=developer.id).count("evidence.hand_out") == 2
    actions.erase(document, by=SYSTEM, at=AT)
    assert _browser(member).get(f"/documents/{document.id}/").status_code == 410


@pytest.mark.django_db
def test_documents_by_api(api: Client, auditor_api: Client) -> None:
    """An organisation's key hands in, lists and downloads its own, and reaches no other's."""
    developer = register_developer(name="Label works", contact_email="office@example.com", by=SYSTEM, at=AT)
    _, secret = create_key(name="own", role=KeyRole.DEVELOPER, developer=developer.id, by=SYSTEM, at=AT)
    own = Client(headers={"authorization": f"Bearer {secret}"})
    sent = {"owner": developer.id, "purpose": "register", "expires_on": "2030-01-31"}
    added = own.post("/api/evidence", {**sent, "file": SimpleUploadedFile("extract.pdf", made.pdf())})
    assert (added.status_code, added.json()["expires_on"]) == (201, "2030-01-31")
    document = added.json()["id"]
    assert own.get(f"/api/evidence?owner={developer.id}").json() == [added.json()]
    assert own.get(f"/api/evidence/{document}").json() == added.json()
    content = own.get(f"/api/evidence/{document}/content")
    assert (content.content, content["Content-Security-Policy"]) == (made.pdf(), "sandbox; default-src 'none'")
    other = _keep()
    assert own.get(f"/api/evidence/{other.id}").status_code == 404
    assert own.get(f"/api/evidence?owner={OWNER}").status_code == 404
    assert auditor_api.get(f"/api/evidence/{document}/content").status_code == 403
    refused = own.post("/api/evidence", {**sent, "file": SimpleUploadedFile("a.pdf", b"<svg onload=x>")})
    assert (refused.status_code, refused.json()["code"]) == (422, "evidence_markup")
    assert own.post(f"/api/evidence/{document}/erase", {}, content_type="application/json").status_code == 403
    erased = api.post(f"/api/evidence/{document}/erase", {"reason": "old"}, content_type="application/json")
    assert erased.json()["erased_at"] is not None
    assert api.get(f"/api/evidence/{document}/content").json()["code"] == "evidence_erased"


class _Form(forms.Form):
    file = DocumentField()


def _sent(file: SimpleUploadedFile) -> _Form:
    return _Form({}, MultiValueDict({"file": [file]}))


def test_a_form_says_what_is_wrong_at_the_field() -> None:
    """The field looks into the file before anything is kept, and its sentence says what to do instead."""
    good = _sent(SimpleUploadedFile("extract.pdf", made.pdf()))
    assert good.is_valid()
    assert good.cleaned_data["file"] == ("extract.pdf", made.pdf())
    bad = _sent(SimpleUploadedFile("extract.pdf", made.bomb(100)))
    assert not bad.is_valid()
    assert "The name ends in `pdf`" in str(bad.errors["file"])
    large = SimpleUploadedFile("large.pdf", b"")
    large.size = 1 << 30
    assert "This file is larger than 10 MB" in str(_sent(large).errors["file"])
    assert 'accept=".pdf,' in str(_Form()["file"])


@pytest.mark.django_db
def test_a_page_of_documents_does_not_load_their_bytes() -> None:
    """A list asks for rows, never for contents."""
    _keep()
    with connection.execute_wrapper(_no_contents):
        assert len(list(Document.objects.of(OWNER))) == 1


def _no_contents(execute: Callable[..., object], sql: str, *rest: object) -> object:
    assert "evidence_content" not in sql
    return execute(sql, *rest)
