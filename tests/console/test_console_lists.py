"""Lists of the console cost as many questions to the database as their kind needs, however many rows they show."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from piepowder.core.kernel.json import decode
from piepowder.rooms.assessments import actions as assessments
from piepowder.rooms.consent.actions import grant
from piepowder.rooms.developers import actions as developers
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.actions import tell
from piepowder.rooms.people.actions import create_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.rules import Standing
from tests.support import storefront
from tests.support.assessments import answered
from tests.support.consent import now
from tests.support.organisation import PROFILE, submitted

pytestmark = pytest.mark.django_db


def one_more(number: int) -> Developer:
    """An organisation that waits in every queue, with an app in the store that a seller uses."""
    at = now()
    owner = Account.objects.create_user(f"owner{number}@maker.example", name=f"Ada {number}")
    facts = {**PROFILE, "name": f"Maker {number}", "legal_name": f"Maker {number} GmbH"}
    developer = developers.register_developer(**facts, by=SYSTEM, at=at, standing=Standing.GOOD)
    developers.add_member(developer, owner, by=SYSTEM, at=at, role="owner")
    submitted(developer, owner)
    by = Actor(ActorKind.DEVELOPER, owner.id)
    assessments.submit(answered(developer, by, at=at), by=by, at=at)
    app = storefront.make_listing(at, storefront.make_app(at, f"App {number}", developer=developer)).app
    [seller] = storefront.make_sellers(1, at)
    grant(app, seller, by=SYSTEM, at=at)
    tell(recipient=developer.id, kind="people.test", subject="A letter", body="Hello.", at=at, mail_to=(owner.email,))
    create_key(name="nightly", role=KeyRole.DEVELOPER, developer=developer.id, by=SYSTEM, at=at, expires_at=None)
    return developer


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/reviews/",
        "/apps/",
        "/developers/",
        "/grants/",
        "/store/",
        "/store/desk/",
        "/reviews/assessments/",
        "/reviews/identities/",
        "/apps/queue/",
        "/audits/",
        "/mails/",
        "/keys/",
        "/search?q=a",
    ],
)
def test_a_longer_list_asks_no_more(path: str) -> None:
    """With six rows a list of staff asks the database exactly as often as with two."""
    browser = storefront.staff_browser()
    for number in range(2):
        one_more(number)
    few = questions(browser, path)
    for number in range(2, 6):
        one_more(number)
    many = questions(browser, path)
    assert len(many) <= len(few), "\n".join(many)


def questions(browser: Browser, path: str) -> list[str]:
    browser.get(path)  # what is kept between requests is there from now on
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    return [one["sql"][:200] for one in captured]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_file_comes_in_parts(kind: str) -> None:
    """The console's server hands a file on while it is read, and it says the same as from any other server."""
    for number in range(3):
        one_more(number)
    staff = Account.objects.create_user("olga@market.example", is_staff=True, staff_role="operator")
    browser = AsyncClient()
    browser.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")

    async def parts() -> list[bytes]:
        answer: Any = await browser.get(f"/grants/?format={kind}")
        assert answer.is_async
        return [part async for part in answer.streaming_content]

    told = b"".join(async_to_sync(parts)())
    plain: Any = storefront.browser_of(staff).get(f"/grants/?format={kind}")
    assert told == plain.getvalue()
    assert told.count(b"Z") >= 6  # times, whole
    assert len(decode(told) if kind == "json" else told.splitlines()[1:]) == 3
