import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key
from piepowder.rooms.people.models import Seller
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.store import actions
from piepowder.rooms.store.models import Listing
from tests.support.storefront import TEXTS, make_app, make_listing, make_sellers, png

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BODY = {
    name: list(value) if isinstance(value := getattr(TEXTS, name), tuple) else value
    for name in TEXTS.__dataclass_fields__
}


@pytest.fixture
def listing() -> Listing:
    return make_listing(AT)


def keyed(role: KeyRole, **owner: Any) -> Client:
    _, secret = create_key(name=f"test {role}", role=role, by=SYSTEM, at=AT, **owner)
    return Client(headers={"authorization": f"Bearer {secret}"})


def send(client: Client, method: str, address: str, body: Any = None, status: int = 200) -> Any:
    answer = client.generic(method, f"/api/store{address}", "" if body is None else _json(body), "application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def _json(body: Any) -> str:
    from piepowder.core.kernel.json import encode_text

    return encode_text(body)


def test_anybody_with_a_key_looks_around(listing: Listing) -> None:
    """Shelves, search, an app with its label, several side by side, ratings."""
    other = make_listing(AT, make_app(AT, "Parcel friend"))
    (seller,) = make_sellers(1, AT)
    key = keyed(KeyRole.SELLER, seller=seller.id)
    assert "shipping" in [one["id"] for one in send(key, "GET", "/shelves")]
    assert [one["name"] for one in send(key, "GET", "/apps?q=friend")] == ["Parcel friend"]
    assert send(key, "GET", "/apps?shelf=pricing") == []
    one = send(key, "GET", f"/apps/{listing.app_id}")
    assert one["label"]["state"] == "none"
    assert {row["category"] for row in one["label"]["rows"]} == {"buyer.name", "buyer.address", "order.item"}
    assert len(send(key, "GET", f"/compare?app={listing.app_id},{other.app_id}")) == 2
    assert send(key, "GET", f"/apps/{listing.app_id}/ratings") == []
    send(key, "GET", "/apps/app_none", status=404)


def test_a_developer_lists_with_a_key() -> None:
    """From draft to queue; another developer's key finds nothing there."""
    app = make_app(AT)
    key, stranger = (
        keyed(KeyRole.DEVELOPER, developer=one) for one in (app.developer_id, make_app(AT, "O").developer_id)
    )
    send(key, "POST", f"/listings/{app.id}", status=201)
    send(stranger, "PUT", f"/listings/{app.id}", BODY, status=404)
    written = send(key, "PUT", f"/listings/{app.id}", BODY)
    assert written["texts"]["short"] == TEXTS.short
    seen = written["changed_at"]
    send(key, "PUT", f"/listings/{app.id}", {**BODY, "website": "https://a.example", "seen": seen})
    late = send(key, "PUT", f"/listings/{app.id}", {**BODY, "seen": "2020-01-01T00:00:00Z"}, status=409)
    assert late["code"] == "store_listing_stale"
    assert [one["words"] for one in send(key, "GET", f"/listings/{app.id}/checks") if not one["passed"]] == [
        "It shows itself in a screenshot"
    ]
    picture = base64.b64encode(png()).decode()
    shown = send(key, "POST", f"/listings/{app.id}/screenshots", {"picture": picture, "words": "Labels"}, status=201)
    wrong = send(key, "POST", f"/listings/{app.id}/screenshots", {"picture": "%%", "words": "x"}, status=422)
    assert wrong["code"] == "store_picture_base64"
    (shot,) = shown["screenshots"]
    send(key, "POST", f"/listings/{app.id}/screenshots/{shot['id']}/front")
    assert send(key, "DELETE", f"/listings/{app.id}/screenshots/{shot['id']}")["screenshots"] == []
    assert send(key, "PUT", f"/listings/{app.id}/stage", {"percent": 20})["percent"] == 20
    assert send(key, "POST", f"/listings/{app.id}/submit")["status"] == "submitted"
    assert [one["app"] for one in send(key, "GET", "/listings?status=submitted")] == [app.id]
    send(key, "POST", f"/desk/{app.id}/accept", {}, status=403)


def test_staff_decide_with_a_key(listing: Listing) -> None:
    """With the permission to review, and a reason."""
    key = keyed(KeyRole.REVIEWER)
    assert send(key, "POST", f"/desk/{listing.app_id}/remove", {}, status=422)["code"] == "store_reason_missing"
    assert send(key, "POST", f"/desk/{listing.app_id}/remove", {"reason": "A copied name"})["status"] == "removed"
    assert send(key, "POST", f"/desk/{listing.app_id}/restore", {"reason": "Ours"})["status"] == "listed"
    assert send(key, "POST", f"/desk/{listing.app_id}/look", {})["status"] == "listed"
    send(keyed(KeyRole.AUDITOR), "POST", f"/desk/{listing.app_id}/look", {}, status=403)


def test_a_seller_rates_with_its_own_key(listing: Listing) -> None:
    """For its own shop only; the developer answers; a report is judged."""
    one, other = make_sellers(2, AT)
    for seller in (one, other):
        actions.begin_use(listing.app_id, seller.id, at=datetime.now(UTC))
    key = keyed(KeyRole.SELLER, seller=one.id)
    rating = _rate(key, listing, one)
    send(key, "PUT", f"/apps/{listing.app_id}/rating", {"seller": other.id, "stars": 1}, status=404)
    public = send(keyed(KeyRole.SELLER, seller=other.id), "GET", f"/apps/{listing.app_id}/ratings")
    assert one.id not in str(public)
    developer = keyed(KeyRole.DEVELOPER, developer=listing.app.developer_id)
    assert send(developer, "PUT", f"/ratings/{rating}/reply", {"words": "Thanks"})["reply"] == "Thanks"
    send(key, "PUT", f"/ratings/{rating}/reply", {"words": "Thanks"}, status=404)
    send(developer, "POST", f"/ratings/{rating}/reports", {"words": "Rude"}, status=201)
    staff = keyed(KeyRole.REVIEWER)
    assert [report["rating"] for report in send(staff, "GET", "/reports")] == [rating]
    assert send(staff, "POST", f"/ratings/{rating}/hide", {"reason": "Rude"})["status"] == "hidden"
    assert send(staff, "POST", f"/ratings/{rating}/show", {"reason": "Fine"})["status"] == "shown"
    send(staff, "POST", f"/ratings/{rating}/keep", {}, status=409)
    assert send(key, "DELETE", f"/apps/{listing.app_id}/rating?seller={one.id}")["status"] == "withdrawn"


def _rate(key: Client, listing: Listing, seller: Seller) -> str:
    body = {"seller": seller.id, "stars": 2, "words": "Slow"}
    return str(send(key, "PUT", f"/apps/{listing.app_id}/rating", body)["id"])
