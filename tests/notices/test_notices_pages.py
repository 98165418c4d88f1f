from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client as Browser

from piepowder.core.kernel.json import decode
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices import actions
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.people.actions import create_key, create_staff
from piepowder.rooms.people.models import Seller
from piepowder.rooms.people.rules import KeyRole
from tests.support.commands import Run, commands
from tests.support.consent import make_seller, now, sign_in_seller
from tests.support.pages import problems

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HTML = "<script>alert('hello')</script>"


def tell(recipient: str, *addresses: str, subject: str = "A new version asks for more") -> Letter:
    body = f"{HTML}\n\nYou decide."
    return actions.tell(
        recipient=recipient,
        kind="consent.asked",
        subject=subject,
        body=body,
        link="/my/apps/",
        mail_to=addresses,
        at=AT,
    )


def staff(role: KeyRole = KeyRole.OPERATOR) -> Browser:
    account = create_staff(email=f"{role}@market.example", role=role, by=SYSTEM, at=now())
    browser = Browser()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


@pytest.mark.django_db
def test_a_seller_finds_and_reads_a_letter() -> None:
    """New in the list, read when opened; words are text, whatever they contain."""
    seller = make_seller()
    letter, browser = tell(seller.id, "shop@example.com"), sign_in_seller(seller)
    page = browser.get("/letters/").content.decode()
    assert problems(page) == []
    assert "Mark all 1 as read" in page
    page = browser.get(f"/letters/{letter.id}/").content.decode()
    assert problems(page) == []
    assert HTML not in page
    assert "<p>You decide.</p>" in page
    assert 'href="/my/apps/"' in page
    assert "On its way to shop@example.com" in page
    assert Letter.objects.get().read_by.startswith("seller:acc_")
    assert "Mark all" not in browser.get("/letters/").content.decode()


@pytest.mark.django_db
def test_a_browser_that_looks_ahead_has_read_nothing() -> None:
    """Prefetching and a look at the headers do not serve a letter."""
    seller = make_seller()
    letter, browser = tell(seller.id), sign_in_seller(seller)
    browser.get(f"/letters/{letter.id}/", headers={"sec-purpose": "prefetch"})
    browser.head(f"/letters/{letter.id}/")
    assert Letter.objects.get().read_at is None


@pytest.mark.django_db
def test_nobody_reads_anothers_letters() -> None:
    """Not by guessing numbers, and not by the button for all."""
    letter, stranger = tell(make_seller().id), sign_in_seller(make_seller("Old Mill Teas"))
    assert stranger.get(f"/letters/{letter.id}/").status_code == 404
    assert letter.subject not in stranger.get("/letters/").content.decode()
    stranger.post("/letters/read")
    assert Letter.objects.get().read_at is None
    assert Browser().get(f"/letters/{letter.id}/").status_code == 302


@pytest.mark.django_db
def test_the_inbox_narrows_and_leaves_as_a_file() -> None:
    """State in the address; CSV and JSON of the same rows; nonsense in the address narrows nothing."""
    seller = make_seller()
    browser = sign_in_seller(seller)
    first, second = tell(seller.id, subject="=1+1"), tell(seller.id, subject="Second")
    browser.get(f"/letters/{second.id}/")
    page = browser.get("/letters/?state=new").content.decode()
    assert first.id in page
    assert second.id not in page
    rows = decode(browser.get("/letters/?format=json").getvalue())
    assert [row["Subject"] for row in rows] == ["Second", "=1+1"]
    csv = b"".join(browser.get("/letters/?format=csv"))
    assert b"'=1+1" in csv
    assert browser.get("/letters/?state=%00&sort=nonsense&page=99").status_code == 200
    browser.post("/letters/read")
    assert not Letter.objects.unread().exists()


@pytest.mark.django_db
def test_stuck_mail_is_shown_to_staff_and_sent_again() -> None:
    """What the server said, and a button for whoever governs; an auditor sees both and may press neither."""
    tell(make_seller().id, "shop@example.com", "second@example.com")
    Mail.objects.filter(address="shop@example.com").update(status="undeliverable", tries=7, error="550 no such person")
    operator, auditor = staff(), staff(KeyRole.AUDITOR)
    page = operator.get("/mails/").content.decode()
    assert problems(page) == []
    assert "550 no such person" in page
    assert "1 mail has not arrived" in page
    path = f"/mails/{Mail.objects.get(tries=7).id}/send-again"
    assert f'action="{path}"' in page
    assert auditor.get("/mails/?status=undeliverable").status_code == 200
    assert auditor.post(path).status_code == 403
    assert operator.post(path, {"next": "/mails/?status=waiting"}).headers["location"] == "/mails/?status=waiting"
    assert "Nothing was changed" in operator.post(path, {"next": "//elsewhere.example"}, follow=True).content.decode()
    assert set(Mail.objects.values_list("status", flat=True)) == {"waiting"}


@pytest.mark.django_db
def test_empty_lists_say_what_comes_there() -> None:
    """No dead ends on the first day."""
    page = sign_in_seller(make_seller()).get("/letters/").content.decode()
    assert "When something is decided" in page
    assert problems(page) == []
    page = staff().get("/mails/").content.decode()
    assert "go out by mail are listed here" in page
    assert problems(page) == []


def _client(seller: Seller) -> Browser:
    _, secret = create_key(name="erp", role=KeyRole.SELLER, seller=seller.id, by=SYSTEM, at=now())
    return Browser(headers={"authorization": f"Bearer {secret}"})


@pytest.mark.django_db
def test_letters_by_api(api: Browser) -> None:
    """A seller's program reads its own inbox; staff name whose they look at, and read for nobody."""
    seller, other = make_seller(), make_seller("Old Mill Teas")
    letters = [tell(seller.id) for _ in range(3)]
    foreign, own = tell(other.id), _client(seller)
    assert [one["id"] for one in own.get("/api/letters?limit=2").json()] == [letters[2].id, letters[1].id]
    assert [one["id"] for one in own.get(f"/api/letters?before={letters[1].id}").json()] == [letters[0].id]
    assert own.get(f"/api/letters/{foreign.id}").status_code == 404
    assert own.get(f"/api/letters?recipient={other.id}").status_code == 404
    assert own.post(f"/api/letters/{foreign.id}/read").status_code == 404
    assert own.get(f"/api/letters/{letters[0].id}").json()["read_at"] is None
    assert own.post(f"/api/letters/{letters[0].id}/read").json()["read_at"]
    assert len(own.get("/api/letters?unread=true").json()) == 2
    assert own.post("/api/letters/read-all").json() == {"read": 2}
    assert len(api.get(f"/api/letters?recipient={seller.id}").json()) == 3
    assert api.get("/api/letters").status_code == 422
    assert api.post("/api/letters/read-all").status_code == 422
    assert api.post(f"/api/letters/{foreign.id}/read").status_code == 404
    assert own.get("/api/letters/mails").status_code == 403


@pytest.mark.django_db
def test_mails_by_api(api: Browser, auditor_api: Browser) -> None:
    """What is stuck, and the wish to send it again; a mail that waits anyway is a conflict."""
    tell(make_seller().id, "shop@example.com")
    Mail.objects.update(status="uncertain")
    (shown,) = auditor_api.get("/api/letters/mails?status=uncertain").json()
    assert (shown["address"], shown["subject"]) == ("shop@example.com", "A new version asks for more")
    path = f"/api/letters/mails/{shown['id']}/send-again"
    assert auditor_api.post(path).status_code == 403
    assert api.post(path).json()["status"] == "waiting"
    assert api.post(path).status_code == 409
    assert api.get("/api/letters/mails?status=nonsense").status_code == 422


def test_letters_by_command(run: Run) -> None:
    """Listed, shown, read; mails listed and sent again."""
    letter, other = tell("dev_1", "ada@maker.example"), tell("dev_1")
    assert {one["id"] for one in run("letter", "list", "dev_1", "--unread")} == {letter.id, other.id}
    assert run("letter", "show", letter.id)["subject"] == letter.subject
    assert run("letter", "read", letter.id)["read_at"]
    assert run("letter", "read-all", "dev_1")["read"] == 1
    Mail.objects.update(status="undeliverable")
    (mail,) = run("letter", "mails", "--status", "undeliverable")
    assert run("letter", "send-again", mail["id"])["status"] == "waiting"
    assert run("letter", "show", "let_1", status=1)["error"]["code"] == "notices_unknown"
