import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from piepowder.core.kernel.processes import free_port
from piepowder.demo.marketplace.mailbox import KEPT, Mailbox


@pytest.fixture
def box() -> Iterator[tuple[Mailbox, int]]:
    mailbox, port = Mailbox(), free_port()
    mailbox.open(port)
    yield mailbox, port
    mailbox.close()


def _send(port: int, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "piepowder@localhost", "ada@maker.example", subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(message)


def test_letters_are_there_to_read(box: tuple[Mailbox, int]) -> None:
    """The newest first; a link in one can be followed, HTML in one is text."""
    mailbox, port = box
    _send(port, "First", "Nothing")
    _send(port, "Zwölf <b>Boxkämpfer</b>", "Go to http://127.0.0.1:1/sign-up/confirm/x:1/?a=1&b=2.\n<script>x</script>")
    listed = mailbox.answer("/mail").body.decode()
    assert listed.index("Zwölf") < listed.index("First")
    page = mailbox.answer("/mail/2")
    text = page.body.decode()
    assert page.status == 200
    assert 'href="http://127.0.0.1:1/sign-up/confirm/x:1/?a=1&amp;b=2"' in text
    assert "<script>" not in text
    assert "<b>" not in text
    assert "ada@maker.example" in text


def test_an_empty_box_says_so() -> None:
    """And a letter that is not there is missed with the way back."""
    mailbox = Mailbox()
    assert "No letter has come yet" in mailbox.answer("/mail").body.decode()
    assert mailbox.answer("/mail/1").status == 404
    assert mailbox.answer("/mail/../etc").status == 404


def test_a_full_box_forgets_the_oldest(box: tuple[Mailbox, int]) -> None:
    """However much is sent, it does not grow."""
    mailbox, port = box
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(KEPT + 5):
            server.sendmail("a@b.example", ["c@d.example"], f"Subject: {number}\r\n\r\nx\r\n")
    assert len(mailbox.mails) == KEPT
    assert (mailbox.mails[0].subject, mailbox.mails[-1].subject) == (str(KEPT + 4), "5")


def test_a_letter_that_is_none_is_taken_all_the_same(box: tuple[Mailbox, int]) -> None:
    """No headers, an unknown character set, no text: the page shows what there is."""
    mailbox, port = box
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("a@b.example", ["c@d.example"], b"\r\n")
        server.sendmail(
            "a@b.example", ["c@d.example"], b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe\r\n"
        )
    assert [mailbox.answer(f"/mail/{number}").status for number in (1, 2)] == [200, 200]
