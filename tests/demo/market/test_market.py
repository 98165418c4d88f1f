"""The market is what it promises to whoever looks around."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import DateField, DateTimeField

from piepowder.demo.market.days import Days
from piepowder.demo.market.papers import MADE_UP
from piepowder.demo.market.pictures import BANNER, WIDTH, screenshot
from piepowder.demo.market.stalls import STALLS, Stall
from tests.demo.market.conftest import Place

# What lies ahead by its nature: promises, deadlines, ends.
_AHEAD = """
answer_due_at due_at due_on ends_at expire_date expires expires_at expires_on fix_by identity_due_on promised_at trial_ends_at until
valid_until
"""


def _listings() -> list[Any]:
    from piepowder.rooms.store.models import Listing

    return list(Listing.objects.full().open_to_new())


def test_the_store_is_worth_browsing(place: Place) -> None:
    """Thirteen apps are listed, on every shelf, each with texts, a screenshot, prices and addresses to ask at."""
    from piepowder.rooms.billing.models import Plan
    from piepowder.rooms.store.shelf import shelves

    rows = _listings()
    assert len(rows) == 13
    assert all(count for _, count in shelves(""))
    for row in rows:
        assert len(row.long) >= 120
        assert len(row.features) >= 2
        assert row.support_email
        assert row.privacy_url
        assert row.screenshots.count() == 1
        assert Plan.objects.filter(app=row.app_id).exists()
        assert row.rating_count


def test_the_label_tells_what_was_read(place: Place) -> None:
    """Calls went through the gateway, so the label has, beside what is declared, what was read; buyers only where policy lets them."""
    from piepowder.rooms.store.labels import glances

    rows = _listings()
    seen = {row.app.name: glances(rows)[row.app_id] for row in rows}
    assert place.answered > 50
    assert seen["Label printer"].read
    assert seen["Parcel compass"].read
    assert seen["Ad audience"].asked == 7
    assert seen["Ad audience"].read == 0
    assert seen["Penny ledger"].asked == 0


def test_every_queue_has_something_in_it(place: Place) -> None:
    """Identities, assessments, versions, listings, ratings and audits wait, some late, some taken, some for a second person."""
    from piepowder.rooms.appstore.models import AppVersion
    from piepowder.rooms.assessments.models import Submission
    from piepowder.rooms.audits.models import Audit
    from piepowder.rooms.developers.models import Review
    from piepowder.rooms.store.models import Listing, Rating

    at = datetime.now(UTC)
    assert {bool(one.reviewer) for one in Review.objects.waiting()} == {True, False}
    assert Review.objects.overdue(at).count() == 1
    assert {one.occasion for one in Submission.objects.waiting()} == {"first", "correction"}
    assert (
        Submission.objects.to_confirm().count() == Submission.objects.waiting().filter(promised_at__lt=at).count() == 1
    )
    assert {one.status for one in AppVersion.objects.queue()} == {"submitted", "in_review"}
    assert AppVersion.objects.queue().exclude(first_approval_by="").count() == 1
    assert Listing.objects.waiting().count() == Listing.objects.changed_since_look().count() == 1
    assert Rating.objects.reported().count() == 1
    assert {one.status for one in Audit.objects.all()} == {
        "drawn",
        "evidence_requested",
        "under_assessment",
        "closed_with_findings",
    }


def test_checks_found_what_reviewers_and_developers_should_see(place: Place) -> None:
    """A name that looks alike is noted, a version asks more than the present one, a draft cannot be handed in."""
    from piepowder.rooms.appstore.inspection import inspect
    from piepowder.rooms.appstore.models import AppVersion
    from piepowder.rooms.appstore.rules.checks import failed

    alike = AppVersion.objects.get(app__name="Label-Printer")
    assert any(one["check"] == "name" and one["outcome"] == "noted" for one in alike.checks)
    kite = AppVersion.objects.get(app__name="Price kite", number="2")
    assert set(kite.manifest.categories["repricing"]) > set(kite.app.manifest().categories["repricing"])
    draft = AppVersion.objects.get(app__name="Shop mirror", number="2")
    assert [one.check for one in failed(inspect(draft, at=datetime.now(UTC)))] == ["returned"]


def test_ad_audience_was_honest(place: Place) -> None:
    """Its roles with shoppers' data were not approved, with the clause and the reason; the others were."""
    from piepowder.rooms.assessments.models import Submission

    case = Submission.objects.get(assessment__developer__name="Example Audiences")
    refused = case.decisions.get(question="purposes")
    assert (case.outcome, case.roles_approved) == ("partly_approved", ["inventory_and_order_tracking"])
    assert (refused.word, refused.clause) == ("wrong", "2.1")
    assert "advertising" in refused.reason


def test_sellers_have_something_to_decide(place: Place) -> None:
    """The largest shop is asked for more by one app, has narrowed another, and the grant of a third ends within days."""
    from piepowder.rooms.consent.models import Grant, PermissionRequest

    seller = place.made["apps"]["label_printer"]["seller_id"]
    rows = Grant.objects.filter(seller__marketplace_id=seller, status="active").select_related("seller")
    assert [one.grant.app.name for one in PermissionRequest.objects.of_seller(rows[0].seller_id)] == ["Shelf count"]
    assert [one.app.name for one in rows if one.narrowed] == ["Parcel compass"]
    soon = datetime.now(UTC) + timedelta(days=10)
    assert [one.app.name for one in rows if one.expires_at < soon] == ["Ad audience"]
    assert PermissionRequest.objects.filter(status="accepted").exists()
    assert PermissionRequest.objects.filter(status="refused").exists()


def test_the_last_month_has_its_statements(place: Place) -> None:
    """Every month that is over was run, with commission, and most of it is settled; the letter is in the inbox."""
    from piepowder.rooms.billing.models import Settlement, Statement
    from piepowder.rooms.notices.models import Letter

    newest = Statement.objects.filter(developer=None).order_by("-month")[0]
    assert (newest.month + timedelta(days=32)).replace(day=1) == date.today().replace(day=1)
    assert newest.gross > newest.commission > 0
    assert {"settled", "due"} == set(Settlement.objects.values_list("status", flat=True))
    assert Letter.objects.filter(kind="billing.statement").exists()


@pytest.mark.parametrize("stall", STALLS[::4], ids=lambda stall: stall.domain)
def test_each_developer_signs_in(place: Place, stall: Stall) -> None:
    """With the address and the one password of the credentials, in a browser, and lands on its organisation's home.

    All have the same password; every fourth tries it, since sign-ins of one sender are limited.
    """
    people = place.made["people"]
    with httpx2.Client(base_url=place.settings.public_url, follow_redirects=True) as browser:
        browser.get("/sign-in/")
        token = browser.cookies["piepowder_csrf"]
        form = {"login": stall.email, "password": people["password"], "csrfmiddlewaretoken": token}
        answer = browser.post("/sign-in/", data=form, headers={"referer": place.settings.public_url})
        assert answer.url.path == "/developer/"
        assert stall.name in answer.text


def test_staff_come_in_by_a_link(place: Place) -> None:
    """Each of the marketplace's people can be given a link."""
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import make_staff_link, take_staff_link

    at = datetime.now(UTC)
    for email in place.made["people"]["staff"]:
        assert take_staff_link(make_staff_link(email, by=COMMAND_LINE, at=at), at=at).email == email


def _tables() -> list[Any]:
    """Those that exist: models of libraries that the rooms replace by their own have none."""
    there = set(connection.introspection.table_names())
    return [model for model in apps.get_models() if model._meta.db_table in there]


def _moments() -> Iterator[tuple[str, Any]]:
    for model in _tables():
        for field in model._meta.concrete_fields:
            if isinstance(field, DateTimeField | DateField) and field.name not in _AHEAD.split():
                newest = model._default_manager.exclude(**{field.name: None}).order_by(f"-{field.name}").first()
                if newest is not None:
                    yield f"{model._meta.label}.{field.name}", getattr(newest, field.name)


def test_nothing_is_of_tomorrow(place: Place) -> None:
    """Every time in every table is over, promises and ends apart; so is every record on the ledger."""
    now = datetime.now(UTC)
    late = {
        name: moment
        for name, moment in _moments()
        if (moment > now if isinstance(moment, datetime) else moment > now.date())
    }
    assert late == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_record WHERE recorded_at > now()")
        assert cursor.fetchone() == (0,)


def test_every_document_says_that_it_is_made_up(place: Place) -> None:
    """Whoever opens one reads it first; organisations say it in their legal names, pictures in words and letters."""
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.evidence.actions import hand_out
    from piepowder.rooms.evidence.models import Document
    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.store.models import Screenshot

    documents = list(Document.objects.all())
    assert len(documents) > 50
    for one in documents:
        assert hand_out(one, by=SYSTEM, at=datetime.now(UTC)).decode().startswith(MADE_UP)
    assert all("made up" in one.legal_name for one in Developer.objects.all())
    assert all("made-up" in one.words for one in Screenshot.objects.all())


def test_a_second_start_changes_nothing(place: Place) -> None:
    """No act is played again, no app calls again, and the same credentials are handed out."""
    from piepowder.demo.fixtures import set_the_stage
    from piepowder.demo.market.build import cast_passes

    def never() -> Any:
        raise AssertionError("the orders are not needed for what is there already")

    before = _rows()
    assert place.played == 27
    assert set_the_stage(place.settings, never, market=True) == place.made
    assert (place.market.build(), place.market.trade(cast_passes(place.made))) == (0, 0)
    assert _rows() == before


def _rows() -> dict[str, int]:
    """Rows of every table of the rooms; what the worker would write meanwhile is not running here."""
    return {model._meta.label: model._default_manager.count() for model in _tables()}


def test_letters_of_the_past_were_sent_when_they_were_written(place: Place) -> None:
    """So the mailbox of the marketplace begins empty."""
    from piepowder.rooms.notices.models import Mail

    assert {one.status for one in Mail.objects.all()} == {"sent"}
    assert all(one.sent_at == one.letter.created_at for one in Mail.objects.select_related("letter"))


@pytest.mark.parametrize("weekday", range(7))
def test_days_are_business_days_and_over(weekday: int) -> None:
    """Seen from any day of the week, history is of Mondays to Fridays, each before the one after it."""
    days = Days(datetime(2026, 11, 23 + weekday, 0, 5, tzinfo=UTC))
    found = [days.ago(number) for number in range(30, 0, -1)]
    assert found == sorted(found)
    assert len(set(found)) == 30
    assert all(one.weekday() < 5 and one < days.now for one in found)
    with pytest.raises(ValueError, match="today"):
        days.ago(0)


def test_a_picture_says_what_it_is() -> None:
    """The line at the bottom is drawn: another colour of the app changes the picture, and the line fits in."""
    one, other = (screenshot("App", ("A",), kind="rows", colour=colour) for colour in ((1, 2, 3), (200, 2, 3)))
    assert one != other
    assert len(BANNER) * 12 + 24 < WIDTH
