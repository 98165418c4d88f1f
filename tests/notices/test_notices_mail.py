import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.processes import free_port
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices import actions
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.notices.rules import PAUSES, MailStatus
from tests.support.smtp_door import SmtpDoor, use

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def door(settings: Any) -> Iterator[SmtpDoor]:
    with SmtpDoor() as opened:
        use(settings, opened)
        yield opened


def tell(*addresses: str, subject: str = "Decided", body: str = "All roles were approved.") -> Letter:
    return actions.tell(
        recipient="dev_1", kind="assessments.decided", subject=subject, body=body, link="/a/", mail_to=addresses, at=AT
    )


def _only() -> Mail:
    return Mail.objects.get()


@pytest.mark.django_db
def test_a_letter_goes_out_by_mail(door: SmtpDoor, settings: Any) -> None:
    """Its words, where to go, and who wrote it; once, however often the clock looks."""
    letter = tell("ada@maker.example", "bo@maker.example", subject="Décidé: Ωmega", body="Grüße\n\nZweiter Absatz")
    assert [actions.mail_due(at=AT), actions.mail_due(at=AT)] == [2, 0]
    (mail,) = door.to("ada@maker.example")
    assert (mail["Subject"], mail["To"]) == ("Décidé: Ωmega", "ada@maker.example")
    text = mail.get_content()
    assert "Grüße\n\nZweiter Absatz" in text.replace("\r\n", "\n")
    assert f"{settings.PUBLIC_URL}/a/" in text
    assert f"{settings.PUBLIC_URL}/letters/{letter.id}/" in text
    assert len(door.to("bo@maker.example")) == 1
    assert {one.status for one in Mail.objects.all()} == {"sent"}


@pytest.mark.django_db
def test_what_is_sent_is_on_record() -> None:
    """Handed over and sent are two records, so a crash between them shows."""
    tell("ada@maker.example")
    actions.mail_due(at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, developer FROM ledger_record WHERE kind LIKE 'notices.%%' ORDER BY id")
        found = cursor.fetchall()
    assert found == [("notices.tell", "dev_1"), ("notices.begin_mail", "dev_1"), ("notices.mail", "dev_1")]


@pytest.mark.django_db
def test_an_address_that_is_refused_for_good_is_not_tried_again(door: SmtpDoor) -> None:
    """One bad address stops neither the others nor the next round; what the server said is kept."""
    door.refusals["gone@maker.example"] = "550 no such person"
    tell("gone@maker.example", "ada@maker.example")
    assert actions.mail_due(at=AT) == 1
    gone = Mail.objects.get(address="gone@maker.example")
    assert gone.status == MailStatus.UNDELIVERABLE
    assert gone.error == "550 no such person"
    assert actions.mail_due(at=AT + timedelta(days=3)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["address", "letter"])
def test_a_mail_that_is_refused_for_now_waits_longer_each_time(door: SmtpDoor, where: str) -> None:
    """It is tried after each pause and not before, and given up after the last."""
    door.refusals["ada@maker.example"] = "450 later, please"
    if where == "letter":
        door.refusals, door.answer = {}, "451 disk full"
    tell("ada@maker.example")
    moment = AT
    for number, pause in enumerate(PAUSES, 1):
        actions.mail_due(at=moment)
        assert (_only().status, _only().tries, _only().due_at) == ("waiting", number, moment + pause)
        assert actions.mail_due(at=moment + pause - timedelta(seconds=1)) == 0
        assert _only().tries == number
        moment += pause
    actions.mail_due(at=moment)
    assert (_only().status, _only().tries) == ("undeliverable", len(PAUSES) + 1)


@pytest.mark.django_db
def test_a_server_that_is_away_costs_one_try_a_round(settings: Any) -> None:
    """The rest of what is due is not touched, so a short outage postpones one mail only."""
    with SmtpDoor() as door:
        use(settings, door)
    tell("ada@maker.example", "bo@maker.example")
    settings.EMAIL_PORT = free_port()
    assert actions.mail_due(at=AT) == 0
    assert sorted(Mail.objects.values_list("tries", flat=True)) == [0, 1]
    with SmtpDoor() as door:
        use(settings, door)
        assert actions.mail_due(at=AT + PAUSES[0]) == 2


@pytest.mark.django_db
def test_a_mail_that_was_cut_off_is_not_sent_by_itself(door: SmtpDoor) -> None:
    """Nobody knows whether it arrived, so a person decides; then it goes out."""
    tell("ada@maker.example")
    Mail.objects.update(status="sending", begun_at=AT)
    actions.mail_due(at=AT + timedelta(minutes=9))
    assert _only().status == "sending"
    actions.mail_due(at=AT + timedelta(minutes=10))
    assert (_only().status, door.letters) == ("uncertain", [])
    assert list(Mail.objects.in_trouble()) == [_only()]
    actions.send_again(_only(), by=SYSTEM, at=AT + timedelta(hours=1))
    assert actions.mail_due(at=AT + timedelta(hours=1)) == 1
    assert len(door.letters) == 1


@pytest.mark.django_db
def test_a_sent_mail_is_not_sent_again(door: SmtpDoor) -> None:
    """Pressing the button twice, or after it went out, meets a conflict."""
    tell("ada@maker.example")
    actions.mail_due(at=AT)
    with pytest.raises(PiepowderError) as raised:
        actions.send_again(_only(), by=SYSTEM, at=AT)
    assert raised.value.code == "notices_mail_not_from_here"


def test_two_processes_send_each_mail_once(
    committed: str, door: SmtpDoor, in_thread: Callable[..., threading.Thread]
) -> None:
    """Of two that look at once, one takes a mail and the other leaves it."""
    tell(*(f"person{number}@maker.example" for number in range(12)))
    threads = [in_thread(actions.mail_due, at=AT) for _ in range(3)]
    for thread in threads:
        thread.join()
    assert sorted(address for address, _ in door.letters) == sorted(
        f"person{number}@maker.example" for number in range(12)
    )
    assert set(Mail.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db
def test_without_a_server_letters_are_files(settings: Any, tmp_path: Path) -> None:
    """One file a letter, for the owner of the installation only."""
    settings.EMAIL_BACKEND = "piepowder.rooms.ground.mail_files.FilesBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    tell("ada@maker.example", "bo@maker.example")
    assert actions.mail_due(at=AT) == 2
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert b"To: ada@maker.example" in files[0].read_bytes()
