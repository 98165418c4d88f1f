from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from piepowder.core.kernel.processes import free_port
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account
from tests.support.consent import now
from tests.support.pages import problems
from tests.support.sign_up import PASSWORD, link_in, send_form, sign_up
from tests.support.smtp_door import SmtpDoor, use

pytestmark = pytest.mark.django_db


def kinds_of(account: Account) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM ledger_record WHERE detail->>'account' = %s ORDER BY id", [account.id])
        return [kind for (kind,) in cursor.fetchall()]


def test_somebody_signs_up(browser: Browser) -> None:
    """Form, letter, link: then they are in, in the browser that they began in, and all of it is on record."""
    page = browser.get("/sign-up/").content.decode()
    assert problems(page) == []
    answer = send_form(browser)
    assert answer.headers["location"] == "/sign-up/mail-sent/"
    assert problems(browser.get("/sign-up/mail-sent/").content.decode()) == []
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ada@maker.example"], "Confirm your address")
    path = link_in(str(letter.body))
    page = browser.get(path).content.decode()
    assert "ada@maker.example" in page
    assert problems(page) == []
    assert "_auth_user_id" not in browser.session
    assert browser.post(path).status_code == 302
    assert browser.session["_auth_user_id"] == (account := Account.objects.get()).id
    assert (account.name, account.is_staff, account.seller) == ("Ada Maker", False, None)
    assert kinds_of(account) == ["people.sign_up", "people.sign_in"]


def test_nobody_signs_in_with_an_address_that_is_not_theirs(browser: Browser) -> None:
    """Before the link was opened, the password opens nothing; asking sends the letter again."""
    send_form(browser)
    other = Browser()
    answer = other.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD})
    assert answer.headers["location"] == "/sign-up/mail-sent/"
    assert "_auth_user_id" not in other.session


def test_the_link_alone_signs_nobody_in(browser: Browser) -> None:
    """Who opens it in another browser has confirmed the address, and still needs the password."""
    send_form(browser)
    other = Browser()
    answer = other.post(link_in(str(mail.outbox[0].body)))
    assert answer.headers["location"] == "/sign-in/"
    assert "_auth_user_id" not in other.session
    assert other.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" in other.session


def test_an_address_that_is_taken_looks_like_one_that_is_free(browser: Browser) -> None:
    """The same answer; the letter to its owner says that somebody tried. No second account comes of it."""
    sign_up(Browser())
    mail.outbox.clear()
    cache.clear()  # a letter a minute goes to one address
    taken = send_form(browser, email="ADA@maker.example")
    free = send_form(Browser(), email="bo@maker.example")
    assert (taken.status_code, taken.headers["location"]) == (free.status_code, free.headers["location"])
    assert [letter.subject for letter in mail.outbox] == ["You have an account already", "Confirm your address"]
    assert sorted(Account.objects.values_list("email", flat=True)) == ["ada@maker.example", "bo@maker.example"]


def test_a_double_submit_makes_one_account(browser: Browser) -> None:
    """Pressed twice, or in two windows at once."""
    assert send_form(browser).status_code == 302
    assert send_form(browser).status_code == 302
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "required"),
        ("Ada\u202eeloB", "U+202E"),
        ("A\u200bda", "U+200B"),
        ("Ada\u2066", "U+2066"),
        ("Ada\ufeff", "U+FEFF"),
        ("\u3164", "U+3164"),
        ("A" * 201, "200"),
        ("Ada\x00", "Null characters"),
    ],
)
def test_a_name_that_hides_something_is_refused_at_its_field(browser: Browser, name: str, why: str) -> None:
    """Directions, zero widths and the empty name; nothing else that was typed is lost."""
    page = send_form(browser, name=name).content.decode()
    assert why in page
    assert 'value="ada@maker.example"' in page
    assert problems(page) == []
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{ 7|add:7 }}", "Ωmega \u0645\u06cc\u200c\u062e\u0648", "O'Brien & Söhne"]
)
def test_a_strange_name_is_shown_as_it_was_typed(browser: Browser, name: str) -> None:
    """HTML in a name is text, and letters of any script are letters."""
    sign_up(browser, name=name)
    assert Account.objects.get().name == name
    page = browser.get("/account/").content.decode()
    assert "<script>alert" not in page
    assert "14" not in page.split("<h1>")[1].split("</h1>")[0]
    assert problems(page) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"password1": "short"},
        {"password1": "password1234"},
        {"password1": "ada@maker.example"},
        {"email": "no address"},
        {"email": "a" * 250 + "@x.example"},
    ],
)
def test_what_does_not_do_is_said_at_its_field(browser: Browser, fields: dict[str, str]) -> None:
    """Weak passwords, addresses that are none or too long."""
    page = send_form(browser, **fields).content.decode()
    assert "errorlist" in page
    assert not Account.objects.exists()


def test_too_many_wrong_passwords_close_the_door_for_a_while(browser: Browser) -> None:
    """The sixth try within five minutes is refused even with the right password."""
    sign_up(Browser())
    for _ in range(5):
        browser.post("/sign-in/", {"login": "ada@maker.example", "password": "wrong"})
    page = browser.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD}).content.decode()
    assert "Too many failed" in page
    assert "_auth_user_id" not in browser.session


def test_a_forgotten_password_is_set_anew(browser: Browser) -> None:
    """By a link that works once; whoever has no account is told the same, and gets no letter."""
    sign_up(Browser())
    mail.outbox.clear()
    known = browser.post("/password/forgotten/", {"email": "ada@maker.example"})
    unknown = browser.post("/password/forgotten/", {"email": "nobody@maker.example"})
    assert known.headers["location"] == unknown.headers["location"] == "/password/forgotten/mail-sent/"
    (letter,) = mail.outbox
    path = link_in(str(letter.body))
    form = browser.get(path).headers["location"]
    assert problems(browser.get(form).content.decode()) == []
    assert browser.post(form, {"password1": "nine loud badgers", "password2": "nine loud badgers"}).status_code == 302
    assert "has expired, or was used before" in Browser().get(path).content.decode()
    assert browser.post("/sign-in/", {"login": "ada@maker.example", "password": "nine loud badgers"}).status_code == 302
    assert "people.change_sign_in" in kinds_of(Account.objects.get())


def test_a_mail_server_that_is_away_loses_nobody(browser: Browser, settings: Any) -> None:
    """The page says that the letter could not be sent; signing in later sends it."""
    with SmtpDoor() as door:
        use(settings, door)
    settings.EMAIL_PORT = free_port()
    send_form(browser)
    assert "could not be sent" in browser.get("/sign-up/mail-sent/").content.decode()
    assert Account.objects.count() == 1


def test_the_letter_goes_by_a_real_server(browser: Browser, settings: Any) -> None:
    """From the form through SMTP to the mailbox; its link leads to the public address."""
    with SmtpDoor() as door:
        use(settings, door)
        send_form(browser)
        (letter,) = door.to("ada@maker.example")
    assert f"{settings.PUBLIC_URL}/sign-up/confirm/" in letter.get_content()


def test_the_start_is_where_one_goes_on(browser: Browser) -> None:
    """Somebody without an organisation is led on to where one is registered, never to a closed door."""
    sign_up(browser)
    answer = browser.get("/", follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain


def test_an_address_is_changed_by_its_new_owner(browser: Browser) -> None:
    """The old one counts until the link in the letter to the new one was opened; the old one is told."""
    sign_up(browser)
    browser.post("/account/confirm/", {"password": PASSWORD})
    page = browser.get("/account/address/").content.decode()
    assert problems(page) == []
    mail.outbox.clear()
    browser.post("/account/address/", {"email": "ada@other.example", "action_add": ""})
    assert Account.objects.get().email == "ada@maker.example"
    assert problems(browser.get("/account/address/").content.decode()) == []
    browser.post(link_in(str(mail.outbox[0].body)))
    assert Account.objects.get().email == "ada@other.example"
    assert [letter.to for letter in mail.outbox][1:] == [["ada@maker.example"]]


def test_a_change_asks_who_it_is_first(browser: Browser) -> None:
    """A browser left open does not give the account away."""
    sign_up(browser)
    session = browser.session
    session["account_authentication_methods"] = []
    session.save()
    answer = browser.post("/account/address/", {"email": "thief@other.example", "action_add": ""})
    assert answer.headers["location"].startswith("/account/confirm/")
    assert problems(browser.get("/account/confirm/").content.decode()) == []


def test_a_closed_account_is_told_so(browser: Browser) -> None:
    """Its sessions end at once, and its password opens a page that says why nothing opens."""
    sign_up(browser)
    account = Account.objects.get()
    actions.close_account(account, by=SYSTEM, at=now(), reason="asked for it")
    assert browser.get("/account/").status_code == 302
    answer = Browser().post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD}, follow=True)
    assert "closed" in answer.content.decode()
    actions.reopen_account(account, by=SYSTEM, at=now())
    assert Browser().post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD}).headers["location"] == "/"
