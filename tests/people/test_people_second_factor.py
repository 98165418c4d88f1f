import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import transaction
from django.test import Client as Browser

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import Account
from tests.support.consent import now
from tests.support.pages import problems
from tests.support.sign_up import PASSWORD, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_keys")]


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def _turn_on(browser: Browser) -> tuple[str, list[str]]:
    """(The app's secret, recovery codes) of a browser that is signed in."""
    browser.post("/account/confirm/", {"password": PASSWORD})
    page = browser.get("/account/second-factor/totp/activate/").content.decode()
    assert problems(page) == []
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page)
    assert secret is not None
    answer = browser.post("/account/second-factor/totp/activate/", {"code": _code(secret[1])}, follow=True)
    codes = answer.content.decode()
    assert problems(codes) == []
    return secret[1], re.findall(r"<li><code>(\d+)</code>", codes)


def _half_in() -> Browser:
    """A browser that knows the password only."""
    browser = Browser()
    answer = browser.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD})
    assert answer.headers["location"].startswith("/account/second-factor/authenticate/")
    assert "_auth_user_id" not in browser.session
    return browser


def test_a_second_factor_is_asked_for(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password alone opens nothing; a wrong code neither; the right one does. Its owner is told by letter."""
    # The test's own transaction never commits; the letter goes out where a commit would be.
    monkeypatch.setattr(transaction, "on_commit", lambda then: then())
    secret, codes = _turn_on(sign_up(browser))
    assert len(codes) == 10
    assert "Authenticator app turned on" in [letter.subject for letter in mail.outbox]
    half = _half_in()
    page = half.get("/account/second-factor/authenticate/").content.decode()
    assert problems(page) == []
    assert "errorlist" in half.post("/account/second-factor/authenticate/", {"code": "000000"}).content.decode()
    assert half.get("/account/").status_code == 302
    # A code is taken once: one of the next half minute, so that the one that turned it on does not stand in the way.
    later = str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + 1)))
    assert half.post("/account/second-factor/authenticate/", {"code": later}).status_code == 302
    assert "_auth_user_id" in half.session


def test_a_recovery_code_works_once(browser: Browser) -> None:
    """In place of app or key; shown at making only."""
    _, codes = _turn_on(sign_up(browser))
    assert "Make new codes" in browser.get("/account/second-factor/recovery-codes/").content.decode()
    assert codes[0] not in browser.get("/account/second-factor/recovery-codes/").content.decode()
    first = _half_in()
    assert first.post("/account/second-factor/authenticate/", {"code": codes[0]}).status_code == 302
    again = _half_in()
    assert "errorlist" in again.post("/account/second-factor/authenticate/", {"code": codes[0]}).content.decode()


def test_secrets_lie_sealed(browser: Browser) -> None:
    """What the database has opens no door: neither the app's secret nor the seed of the codes is readable there."""
    secret, codes = _turn_on(sign_up(browser))
    stored = " ".join(str(one.data) for one in Authenticator.objects.all())
    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_an_operator_helps_who_lost_everything(browser: Browser) -> None:
    """Second factor and sessions go; the password opens again. Nobody does it for themselves."""
    _turn_on(sign_up(browser))
    account = Account.objects.get()
    with pytest.raises(PiepowderError) as raised:
        actions.reset_second_factor(account, by=Actor(ActorKind.DEVELOPER, account.id), at=now())
    assert raised.value.code == "people_own_account"
    assert actions.reset_second_factor(account, by=SYSTEM, at=now()) == 2
    assert browser.get("/account/").status_code == 302
    again = Browser()
    assert again.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD}).headers["location"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/account/second-factor/",
        "/account/second-factor/webauthn/",
        "/account/second-factor/webauthn/add/",
        "/account/second-factor/recovery-codes/generate/",
        "/account/second-factor/totp/deactivate/",
        "/account/password/",
        "/account/sessions/",
    ],
)
def test_pages_of_the_account_are_sound(browser: Browser, path: str) -> None:
    """Headings, labels, no inline script, for somebody with a second factor."""
    _turn_on(sign_up(browser))
    answer = browser.get(path)
    assert answer.status_code == 200
    assert problems(answer.content.decode()) == []


def test_sessions_are_listed_and_ended_one_by_one(browser: Browser) -> None:
    """Each browser is a line; another's session is nobody else's to end."""
    sign_up(browser)
    left = Browser(headers={"user-agent": "Left in the train/1.0"})
    left.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD})
    page = browser.get("/account/sessions/").content.decode()
    assert "Left in the train/1.0" in page
    assert problems(page) == []
    number = UserSession.objects.get(user_agent="Left in the train/1.0").pk
    stranger = sign_up(Browser(), email="bo@maker.example")
    stranger.post(f"/account/sessions/{number}/end")
    assert left.get("/account/").status_code == 200
    browser.post(f"/account/sessions/{number}/end")
    assert left.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200


def test_a_new_password_ends_other_sessions(browser: Browser) -> None:
    """Whoever had the old one is out."""
    sign_up(browser)
    other = Browser()
    other.post("/sign-in/", {"login": "ada@maker.example", "password": PASSWORD})
    fields = {"oldpassword": PASSWORD, "password1": "nine loud badgers", "password2": "nine loud badgers"}
    assert browser.post("/account/password/", fields).status_code == 302
    assert other.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200
