from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.ground.machine import draw
from piepowder.rooms.notices import actions, rules
from piepowder.rooms.notices.models import Letter, Mail

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ADA = Actor(ActorKind.DEVELOPER, "acc_ada")


def tell(**fields: Any) -> Letter:
    given: dict[str, Any] = {
        "recipient": "dev_1",
        "kind": "assessments.decided",
        "subject": "Your assessment was approved",
        "body": "All roles were approved.",
        "link": "/assessments/asm_1/",
        "at": AT,
    }
    return actions.tell(**(given | fields))


def _records(kind: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT developer, seller FROM ledger_record WHERE kind = %s ORDER BY id", [kind])
        return list(cursor.fetchall())


def test_the_drawing_is_the_table() -> None:
    """The docstring shows the moves of a mail as they are."""
    for line in draw(rules.TRANSITIONS).splitlines():
        assert f"    {line}\n" in str(rules.__doc__)


@pytest.mark.django_db
def test_a_letter_is_kept_and_on_record() -> None:
    """It keeps its words; the ledger knows whom it is about, not what it says."""
    letter = tell()
    assert Letter.objects.to(["dev_1"]).get() == letter
    assert _records("notices.tell") == [("dev_1", "")]
    tell(recipient="sel_1")
    tell(recipient="acc_1")
    assert _records("notices.tell")[1:] == [("", "sel_1"), ("", "")]


@pytest.mark.django_db
def test_a_letter_is_written_with_what_it_tells_of() -> None:
    """Where the room's own transaction fails, there is no letter either."""
    with transaction.atomic():
        tell(mail_to=["ada@maker.example"])
        transaction.set_rollback(True)
    assert not Letter.objects.exists()
    assert not Mail.objects.exists()


@pytest.mark.django_db
def test_the_same_reminder_is_written_once() -> None:
    """A second call with the same `once` gives back the first letter and mails nothing."""
    first = tell(once="asm_1 due 2026-12-01", mail_to=["ada@maker.example"])
    again = tell(once="asm_1 due 2026-12-01", mail_to=["ada@maker.example"], subject="Another")
    assert again == first
    assert (Letter.objects.count(), Mail.objects.count()) == (1, 1)
    assert tell(once="asm_1 due 2026-12-02") != first


@pytest.mark.django_db
@pytest.mark.parametrize("recipient", ["", "dev_", "ada@maker.example", "app_1", "dev_1\n", "DEV_1", "sel_é"])
def test_a_letter_to_nobody_is_refused(recipient: str) -> None:
    """Only developers, sellers and accounts get letters."""
    with pytest.raises(PiepowderError) as raised:
        tell(recipient=recipient)
    assert raised.value.code == "notices_recipient_malformed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "/\\x", "/" * 600]
)
def test_a_letter_leads_nowhere_else(link: str) -> None:
    """A link is a path of this console."""
    with pytest.raises(PiepowderError) as raised:
        tell(link=link)
    assert raised.value.code == "notices_link_elsewhere"


@pytest.mark.django_db
@pytest.mark.parametrize("empty", [{"subject": " \n"}, {"body": "\x00 "}])
def test_an_empty_letter_is_refused(empty: dict[str, str]) -> None:
    """There is something to say, and a line that says what about."""
    with pytest.raises(PiepowderError) as raised:
        tell(**empty)
    assert raised.value.code == "notices_letter_empty"


@given(st.text(max_size=300))
def test_a_subject_is_one_line(text: str) -> None:
    """Whatever an app is called, no header begins in a subject."""
    line = rules.one_line(text)
    assert len(line) <= rules.SUBJECT_MAX
    assert line == "" or len(line.splitlines()) == 1
    assert not any(character < " " for character in line)


def test_long_words_are_cut_and_say_so() -> None:
    """A body of a novel's length ends with dots, and nothing fails."""
    assert rules.paragraphs("x" * 30_000).endswith("x…")
    assert len(rules.paragraphs("x" * 30_000)) == rules.BODY_MAX
    assert rules.paragraphs("one\r\n\r\ntwo\x00\x1b[31m") == "one\n\ntwo[31m"


@pytest.mark.django_db
def test_addresses_that_are_none_are_left_out() -> None:
    """A mistyped address costs its mail, never the letter; nobody is mailed twice or under the reserved name."""
    letter = tell(mail_to=["ada@maker.example", "ADA@maker.example ", "no address", "sel_1@sellers.invalid", ""])
    assert [mail.address for mail in letter.mails.all()] == ["ADA@maker.example"]


@pytest.mark.django_db
def test_who_read_a_letter_first_is_kept() -> None:
    """Reading counts once, with its reader and its moment."""
    letter = actions.read(tell(), by=ADA, at=AT)
    again = actions.read(letter, by=SYSTEM, at=AT.replace(hour=13))
    assert (again.read_at, again.read_by) == (AT, "developer:acc_ada")
    assert _records("notices.read") == [("dev_1", "")]


@pytest.mark.django_db
def test_everything_is_read_at_once() -> None:
    """The whole inbox, and nobody else's."""
    tell(), tell(recipient="acc_ada"), tell(recipient="dev_2")
    assert actions.read_all(["dev_1", "acc_ada"], by=ADA, at=AT) == 2
    assert [letter.recipient for letter in Letter.objects.unread()] == ["dev_2"]
    assert actions.read_all(["dev_1", "acc_ada"], by=ADA, at=AT) == 0
