"""The developer's home names the next step and its button, all the way to the first seller."""

import pytest
from django.test import Client

from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.consent.actions import register_client
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.people.models import Account
from piepowder.web.views.next_steps import Step, next_of, steps
from tests.support.appstore import *  # noqa: F403
from tests.support.appstore import AT, NO_BUYERS, all_fine, browser_of, make_app, make_draft
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
ADA = Actor(ActorKind.DEVELOPER, "acc_made_up")


def _next(maker: Developer) -> str:
    step = next_of(steps(maker, AT)[1:])  # identity is another room's, and open all the way
    return step.title if step else ""


def test_the_next_step_is_named_all_the_way(maker: Developer, maker_account: Account, rita: Actor) -> None:
    """Whatever can be done now comes before what waits for the marketplace; each step is done by what it names."""
    assert _next(maker) == "Register an app"
    app = make_app(maker, ADA)
    assert _next(maker) == "Have a version approved"
    version = make_draft(app, ADA, NO_BUYERS)
    assert _next(maker) == f"Version 1 of {app.name}"
    version = actions.submit_version(version, by=ADA, at=AT)
    assert _next(maker) == "Make a program"
    taken = actions.begin_review(version, by=rita, at=AT)
    version = actions.decide_version(taken, all_fine(taken), by=rita, at=AT)
    assert _next(maker) == "Put it live"
    actions.release_version(version, by=ADA, at=AT, percent=100)
    register_client(App.objects.named(app.id), redirect_uris=tuple(app.redirect_uris), lasting=True, by=ADA, at=AT)
    assert _next(maker) == "Let a seller authorise it"
    page = browser_of(maker_account).get("/developer/").content.decode()
    assert problems_of(page) == []
    assert "of 6 done" in page


def test_a_newcomer_begins_with_identity(maker: Developer, maker_account: Account) -> None:
    """The first card of the home has a button of the step's name; steps that have to wait for another say nothing of a turn."""
    Assessment.objects.all().delete()
    page: Client = browser_of(maker_account)
    home = page.get("/developer/").content.decode()
    assert 'class="btn primary" href="/developer/identity/">Show who you are</a>' in home
    assert home.count("your turn") == 3
    assert not AppVersion.objects.exists()


def test_nothing_is_next_when_all_is_done() -> None:
    """A developer whose steps are done is shown no card."""
    assert next_of([Step(title="One", words="", page="/", done=True, turn="nobody")]) is None
