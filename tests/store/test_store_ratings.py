from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Seller
from piepowder.rooms.store import actions
from piepowder.rooms.store.models import Listing, Rating, Report
from tests.support.storefront import STAFF, make_listing, make_sellers

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SOMEBODY = Actor(ActorKind.SELLER, "acc_somebody")


@pytest.fixture
def listing() -> Listing:
    return make_listing(AT)


def users(listing: Listing, count: int) -> list[Seller]:
    sellers = make_sellers(count, AT)
    for seller in sellers:
        actions.begin_use(listing.app_id, seller.id, at=AT)
    return sellers


def refusal(action: Any, *args: Any, **given: Any) -> str:
    with pytest.raises(PiepowderError) as raised:
        action(*args, **given)
    return raised.value.code


def rate(listing: Listing, seller: Seller, stars: int, words: str = "", at: datetime = AT) -> Rating:
    return actions.rate(listing.app_id, seller.id, stars=stars, words=words, by=SYSTEM, at=at)


def totals(listing: Listing) -> tuple[float, int]:
    fresh = Listing.objects.of_app(listing.app_id)
    return fresh.rating_median, fresh.rating_count


def test_only_users_rate(listing: Listing) -> None:
    """Who uses it now, or did within 90 days; nobody else."""
    stranger, former = make_sellers(2, AT)
    assert refusal(rate, listing, stranger, 5) == "store_rating_not_user"
    actions.begin_use(listing.app_id, former.id, at=AT)
    actions.end_use(listing.app_id, former.id, at=AT)
    rate(listing, former, 2, at=AT + timedelta(days=89))
    assert refusal(rate, listing, former, 1, at=AT + timedelta(days=91)) == "store_rating_not_user"


def test_median_and_count(listing: Listing) -> None:
    """One rating of each seller; changed ones count once."""
    one, two, three = users(listing, 3)
    rate(listing, one, 1)
    rate(listing, two, 4)
    assert totals(listing) == (2.5, 2)
    rate(listing, one, 5)
    rate(listing, three, 5)
    assert totals(listing) == (5, 3)
    actions.withdraw_rating(listing.app_id, three.id, by=SYSTEM, at=AT)
    assert totals(listing) == (4.5, 2)
    rate(listing, three, 3)
    assert totals(listing) == (4, 3)


def test_the_developer_hears_of_it_without_the_shops_name(listing: Listing) -> None:
    """And answers once; a second answer replaces the first, silently."""
    (seller,) = users(listing, 1)
    rating = rate(listing, seller, 4, "Quick and quiet")
    letter = Letter.objects.get(kind="store.rated")
    assert letter.recipient == listing.app.developer_id
    assert seller.name not in letter.subject + letter.body
    assert seller.id not in str(rating.described())
    actions.change_reply(rating.id, words="Thank you", by=SYSTEM, at=AT)
    actions.change_reply(rating.id, words="Thank you very much", by=SYSTEM, at=AT)
    assert Letter.objects.filter(recipient=seller.id, kind="store.replied").count() == 1
    assert Rating.objects.named(rating.id).reply == "Thank you very much"


def test_reported_hidden_and_shown_again(listing: Listing) -> None:
    """Hidden with a reason that the seller reads; what is hidden does not count, and its seller cannot bring it back."""
    seller, other = users(listing, 2)
    rating = rate(listing, seller, 1, "They are thieves")
    rate(listing, other, 5)
    actions.report_rating(rating.id, words="An insult", by=SOMEBODY, at=AT)
    assert refusal(actions.report_rating, rating.id, words="Again", by=SOMEBODY, at=AT) == "store_report_twice"
    assert [row.pk for row in Rating.objects.reported()] == [rating.pk]
    assert refusal(actions.hide_rating, rating.id, reason="", by=STAFF, at=AT) == "store_reason_missing"
    actions.hide_rating(rating.id, reason="Insults have no place here", by=STAFF, at=AT)
    assert totals(listing) == (5, 1)
    assert "Insults" in Letter.objects.get(kind="store.hidden", recipient=seller.id).body
    assert Report.objects.get(rating=rating).answer == "hidden"
    rate(listing, seller, 1, "I was not happy")
    assert totals(listing) == (5, 1)
    actions.show_rating(rating.id, reason="The words are fine now", by=STAFF, at=AT)
    assert totals(listing) == (3, 2)


def test_a_rating_that_stays(listing: Listing) -> None:
    """The reports are answered, the rating is as it was."""
    (seller,) = users(listing, 1)
    rating = rate(listing, seller, 2)
    actions.report_rating(rating.id, words="I do not like it", by=SOMEBODY, at=AT)
    actions.keep_rating(rating.id, by=STAFF, at=AT)
    assert not Rating.objects.reported().exists()
    assert refusal(actions.keep_rating, rating.id, by=STAFF, at=AT) == "store_reports_answered"
    assert totals(listing) == (2, 1)


def test_buyers_have_no_place_in_ratings(listing: Listing) -> None:
    """Addresses and numbers are refused in words and in answers."""
    (seller,) = users(listing, 1)
    assert refusal(rate, listing, seller, 3, "ann@buyers.example complained") == "store_words_personal"
    rating = rate(listing, seller, 3)
    words = "Call us: +49 30 1234567"
    assert refusal(actions.change_reply, rating.id, words=words, by=SYSTEM, at=AT) == "store_words_personal"
