"""The seller's own pages: what apps did, what they would see, what an end would mean, why a field was held back."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import decode, encode
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.offers import offer
from piepowder.rooms.consent.samples import sample
from piepowder.rooms.consent.uses import open_orders, use_since
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.publication.models import Policy
from tests.support import consent as shop
from tests.support.pages import problems

pytestmark = pytest.mark.django_db


def _page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert problems(page) == []
    return page


def _read(
    grant: Grant,
    verdicts: dict[str, list[object]],
    *,
    at: datetime | None = None,
    order: bytes = b"o",
    state: str = "unshipped",
) -> str:
    """A call of the app, as the gateway records it."""
    policy = Policy.objects.newest().first()
    question = {
        "policy_version": policy.version if policy else "",
        "app": grant.app_id,
        "roles": grant.app.roles,
        "standing": ["call", "read_personal_data"],
        "granted_purposes": grant.purposes,
        "granted_categories": ["buyer.name"],
        "declared": ["buyer.name", "buyer.address.street"],
        "purpose": "shipping",
        "operation": "orders.v0.getOrders",
        "order_state": state,
    }
    detail = {
        "questions": [question],
        "verdicts": {state: verdicts},
        "counts": {"orders": 1, "states": {state: 1}},
    }
    record = Record(
        id=new_id("rec"),
        kind="gateway.read",
        recorded_at=at or shop.now(),
        app=grant.app_id,
        developer=grant.app.developer_id,
        seller=grant.seller_id,
        grant=grant.id,
        operation="orders.v0.getOrders",
        purpose="shipping",
        mode="enforce",
        policy_version=str(question["policy_version"]),
        outcome="served",
        status=200,
        personal=any(verdict[0] == "kept" for verdict in verdicts.values()),
        orders=(order.ljust(16, b"."),),
        detail=encode(detail),
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record.id


KEPT: dict[str, list[object]] = {"buyer.name": ["kept", "permitted", None, "policy", []]}
LEFT_OUT: dict[str, list[object]] = {"buyer.address.street": ["withheld", "refused", None, "consent", []]}


def test_what_an_app_read_is_counted_by_category_and_purpose() -> None:
    """Calls with a category in plain, replaced and withheld; of one seller and app, and since a moment only."""
    grant, other = shop.open_desk().grant(), shop.open_desk().grant()
    _read(grant, {**KEPT, **LEFT_OUT}, order=b"1")
    _read(grant, LEFT_OUT, order=b"2")
    _read(grant, KEPT, at=shop.now() - timedelta(days=8))
    _read(other, KEPT)
    use = use_since(grant, shop.now() - timedelta(days=7))
    assert (use.calls, use.personal_calls, use.order_reads, use.full) == (2, 1, 2, False)
    found = {line.category: (line.kept, line.substituted, line.withheld) for line in use.categories}
    assert found == {"buyer.name": (1, 0, 0), "buyer.address.street": (0, 0, 2)}
    assert use.plain_words == ("the buyer's name",)


def test_only_orders_still_under_way_are_affected_by_an_end() -> None:
    """An order counts once, in the state it was last read in."""
    grant = shop.open_desk().grant()
    _read(grant, KEPT, order=b"1", at=shop.now() - timedelta(hours=2))
    _read(grant, KEPT, order=b"1", state="delivered")
    _read(grant, KEPT, order=b"2", state="shipped")
    assert open_orders(grant, shop.now() - timedelta(days=30)) == 1


def test_the_dashboard_leads_to_everything_in_a_few_clicks() -> None:
    """The week's calls, the way to revoke with what it means, and two clicks from a record to the reason for a field."""
    shop.put_policy_into_force()
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    name = _read(grant, {**KEPT, **LEFT_OUT})

    mine = _page(browser, "/my/apps/")
    assert "1 call" in mine
    assert f"/my/apps/{grant.id}/revoke" in mine
    outlook = _page(browser, f"/my/apps/{grant.id}/revoke")
    for words in (
        "To deliver what was bought",
        "up to 1 order",
        "Its developer is told so",
        f"{shop.now() + timedelta(days=30):%-d %B %Y}",
    ):
        assert words in outlook
    assert "What it did this week" in _page(browser, f"/my/apps/{grant.id}/")
    assert f"/my/apps/{grant.id}/records/{name}" in _page(browser, f"/my/apps/{grant.id}/reads")
    why = _page(browser, f"/my/apps/{grant.id}/records/{name}")
    assert (
        "The seller has left <code>buyer.address.street</code> out of what this app may read for <code>shipping</code>"
        in why
    )
    assert "“Choose again” adds it at once" in why

    browser.post(f"/my/apps/{grant.id}/revoke", {"reason": "no more parcels"})
    ended = _page(browser, "/my/apps/")
    assert "You ended it: no more parcels" in ended
    assert "an authorisation was revoked" in _page(browser, f"/my/apps/{grant.id}/").lower()


def test_own_records_can_be_taken_along() -> None:
    """The list of calls as CSV and JSON, with the same rows; another shop's records are not to be had."""
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    name = _read(grant, KEPT)
    path = f"/my/apps/{grant.id}/reads"
    answer = browser.get(path, {"format": "csv"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    header, row = csv.reader(io.StringIO(text))
    assert dict(zip(header, row, strict=True))["Record"] == name
    assert [one["Record"] for one in decode(browser.get(path, {"format": "json"}).getvalue())] == [name]
    stranger = shop.sign_in_seller(shop.make_seller("Old Mill Teas"))
    assert stranger.get(path).status_code == 404
    own = shop.open_desk()
    mine = own.grant()
    assert shop.sign_in_seller(own.seller).get(f"/my/apps/{mine.id}/records/{name}").status_code == 404


def test_the_sample_shows_what_the_choice_leaves() -> None:
    """Plain where policy and choice agree, withheld by state, left out, or never asked for; the choice changes it."""
    shop.put_policy_into_force()
    app = shop.make_app()
    whole = {row.category: row for row in sample(offer(app)).rows}
    assert [cell.effect for cell in whole["buyer.name"].cells[:2]] == ["keep", "keep"]
    assert whole["buyer.name"].cells[0].text == "Mira Muster"
    assert whole["buyer.email"].reason == "not asked for"
    desk = shop.open_desk(app=app)
    grant = actions.grant(
        app, desk.seller, purposes=["shipping"], narrowed={"shipping": ["order.item"]}, by=SYSTEM, at=shop.now()
    )
    less = {row.category: row for row in sample(offer(app, choice=grant.choice)).rows}
    assert less["buyer.name"].reason == "you left it out"
    assert {cell.effect for cell in less["buyer.name"].cells} == {"withhold"}
    assert less["order.item"].cells[0].text == "2 tea lanterns"


def test_a_preview_changes_nothing_and_keeps_the_ticks() -> None:
    """The consent page shows the order anew for what is ticked; no grant is made, nothing ticked is lost."""
    shop.put_policy_into_force()
    desk = shop.open_desk(lasting=True)
    browser = shop.sign_in_seller(desk.seller)
    path = f"/apps/authorize/consent?application_id={desk.app.id}&state=s"
    answer = browser.post(path, {"decision": "preview", "purpose": "shipping", "keep": "shipping=buyer.name"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert problems(page) == []
    assert '<input type="checkbox" name="keep" value="shipping=buyer.name" checked>' in page
    assert '<input type="checkbox" name="keep" value="shipping=order.item">' in page
    assert '<input type="checkbox" name="purpose" value="tax">' in page
    assert not Grant.objects.exists()
    for words in ("not your buyers' consent", "ends by itself after 365 days", "A made-up order"):
        assert words in page.replace("&#x27;", "'")


def test_a_seller_answers_a_version_that_asks_more() -> None:
    """What is new stands there marked and not ticked; a no leaves everything, a part of it is a yes to that part."""
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    categories = {**shop.MANIFEST.categories, "tax": ("buyer.email", *shop.MANIFEST.categories["tax"])}
    appstore.add_version(desk.app, ManifestFact(shop.MANIFEST.operations, categories), by=SYSTEM, at=shop.now())
    actions.follow_versions(at=shop.now())
    assert "asks for more" in _page(browser, "/my/apps/")
    page = _page(browser, f"/my/apps/{grant.id}/choose")
    assert "New, to issue invoices and pay taxes: the buyer&#x27;s e-mail address" in page
    assert '<input type="checkbox" name="keep" value="tax=buyer.email">' in page
    assert '<input type="checkbox" name="keep" value="tax=buyer.name" checked>' in page
    browser.post(f"/my/apps/{grant.id}/keep")
    assert PermissionRequest.objects.get(grant=grant).status == "refused"
    assert "asks for more" not in _page(browser, "/my/apps/")


def test_renewal_takes_two_clicks() -> None:
    """From the reminder's page, which shows the past year, one button adds a year."""
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    Grant.objects.filter(pk=grant.id).update(expires_at=shop.now() + timedelta(days=10))
    assert f"/my/apps/{grant.id}/renew" in _page(browser, "/my/apps/")
    assert "It made no call for your shop" in _page(browser, f"/my/apps/{grant.id}/renew")
    browser.post(f"/my/apps/{grant.id}/renew")
    assert Grant.objects.named(grant.id).expires_at > shop.now() + timedelta(days=364)
    assert shop.ledger_kinds(grant=grant.id)[-1] == "consent.renew"
