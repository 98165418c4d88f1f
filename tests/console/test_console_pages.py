import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import decode, encode
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people import actions
from piepowder.rooms.people.models import SignInLink
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.standing.models import Subject
from tests.support import consent as shop
from tests.support.pages import problems

pytestmark = pytest.mark.django_db


def _staff() -> Browser:
    """A browser that came in by a link."""
    text = actions.make_staff_link("ada@market.example", by=SYSTEM, at=shop.now())
    browser = Browser()
    assert browser.get(f"/sign-in/staff/{text}").status_code == 200
    assert browser.post(f"/sign-in/staff/{text}").status_code == 302
    return browser


def _record_of_a_call(desk: shop.Desk) -> Record:
    grant = desk.grant()
    policy = Policy.objects.in_force()
    question = {
        "policy_version": policy.version,
        "app": desk.app.id,
        "roles": desk.app.roles,
        "standing": ["call", "read_personal_data"],
        "granted_purposes": ["shipping", "tax"],
        "granted_categories": None,
        "declared": ["buyer.name"],
        "purpose": "shipping",
        "operation": "orders.v0.getOrders",
        "order_state": "closed",
    }
    verdicts = {
        "closed": {
            "buyer.name": ["withheld", "gap", None, "policy", []],
            "buyer.email": ["withheld", "refused", None, "manifest", []],
            "order.item": ["kept", "permitted", None, "policy", ["<b>unknown</b>"]],
        }
    }
    record = Record(
        id="rec_test",
        kind="gateway.read",
        recorded_at=shop.now(),
        request="req_test",
        app=desk.app.id,
        seller=desk.seller.id,
        grant=grant.id,
        operation="orders.v0.getOrders",
        purpose="shipping",
        mode="enforce",
        policy_version=policy.version,
        outcome="served",
        status=200,
        detail=encode({"questions": [question], "verdicts": verdicts}),
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record


def _checked(answer: Any) -> str:
    """The page, once it has proved readable for everybody and safe."""
    page: str = answer.content.decode()
    assert answer.status_code == 200
    assert problems(page) == []
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    return page


def test_every_page_of_the_console_is_readable_for_everybody() -> None:
    """Each page has a title, one heading, labels, names and no inline style or script; filters in the address work."""
    shop.put_policy_into_force()
    desk = shop.open_desk(lasting=True)
    _record_of_a_call(desk)
    browser = _staff()
    for path in (
        "/",
        "/ledger/",
        f"/ledger/?app={desk.app.id}&kind=gateway.read",
        "/ledger/?request=nothing",
        "/ledger/rec_test/",
        "/ledger/req_test/",
        "/apps/",
        f"/apps/{desk.app.id}/",
        "/grants/",
        f"/grants/?app={desk.app.id}&status=active",
        "/policy/",
    ):
        _checked(browser.get(path))
    seller = shop.sign_in_seller(desk.seller)
    grant = Grant.objects.get(app=desk.app)
    for path in (
        "/my/apps/",
        f"/my/apps/{grant.id}/",
        f"/my/apps/{grant.id}/reads",
        f"/apps/authorize/consent?application_id={desk.app.id}",
    ):
        _checked(seller.get(path))
    for path in ("/sign-in/", "/sign-in/staff/nothing"):
        _checked(Browser().get(path))


def test_empty_tables_say_what_to_do() -> None:
    """On a new installation every page opens and says how it gets filled."""
    browser = _staff()
    for path in ("/", "/ledger/", "/apps/", "/grants/", "/policy/"):
        _checked(browser.get(path))
    assert "piepowder app create" in browser.get("/apps/").content.decode()


def test_a_record_says_why_a_field_was_withheld() -> None:
    """Field, verdict, reason and what would change it stand side by side; strangers' words stay words."""
    shop.put_policy_into_force()
    _record_of_a_call(shop.open_desk())
    page = _checked(_staff().get("/ledger/rec_test/"))
    assert "The buyer&#x27;s name" in page
    assert "Withheld" in page
    assert "does not declare <code>buyer.email</code> for <code>shipping</code>" in page
    assert "a new version of the app that declares it can be submitted" in page
    assert "<b>unknown</b>" not in page


def test_staff_cut_personal_data_from_an_app() -> None:
    """One form cuts personal data; without a reason nothing changes."""
    desk, browser = shop.open_desk(), _staff()
    path = f"/apps/{desk.app.id}/standing"
    assert "Nothing was changed" in _followed(browser, path, {"standing": "personal_data_off", "reason": " "})
    assert Subject.objects.named(desk.app.id).status == "good"
    assert "Nothing was changed" in _followed(browser, path, {"standing": "excellent", "reason": "test"})
    page = _followed(browser, path, {"standing": "personal_data_off", "reason": "uploads to an ad network"})
    assert "personal data off" in page
    assert Subject.objects.named(desk.app.id).status == "personal_data_off"
    assert "uploads to an ad network" in page


def _followed(browser: Browser, path: str, fields: dict[str, str]) -> str:
    return browser.post(path, fields, follow=True).content.decode()


@pytest.mark.parametrize("path", ["/", "/ledger/", "/ledger/rec_x/", "/apps/", "/apps/app_x/", "/grants/"])
def test_the_console_is_for_staff(path: str) -> None:
    """Strangers are sent to sign in; a seller sees nothing of the console."""
    answer = Browser().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")
    seller = shop.sign_in_seller(shop.make_seller())
    assert seller.get(path).status_code == (302 if path == "/" else 403)


def test_whom_the_policy_binds_may_read_it() -> None:
    """A seller reads every rule in words and as its text; who published which version stays with staff."""
    shop.put_policy_into_force()
    page = _checked(shop.sign_in_seller(shop.make_seller()).get("/policy/"))
    assert 'id="rule-no-advertising"' in page
    assert "never released for advertising" in page
    assert "@id(&quot;no-advertising&quot;)" in page
    assert "History" not in page
    assert "History" in _checked(_staff().get("/policy/"))


def test_only_staff_change_a_standing() -> None:
    """The form's address refuses strangers and sellers."""
    desk = shop.open_desk()
    fields = {"standing": "suspended", "reason": "test"}
    path = f"/apps/{desk.app.id}/standing"
    assert Browser().post(path, fields).status_code == 302
    assert shop.sign_in_seller(desk.seller).post(path, fields).status_code == 403
    assert Browser(enforce_csrf_checks=True).post(path, fields).status_code == 403
    assert Subject.objects.named(desk.app.id).status == "good"


def test_a_seller_sees_own_grants_only() -> None:
    """Another seller's grant cannot be seen, narrowed or revoked."""
    desk = shop.open_desk()
    grant, stranger = desk.grant(), shop.sign_in_seller(shop.make_seller("Old Mill Teas"))
    assert "Label printer" not in stranger.get("/my/apps/").content.decode()
    assert stranger.get(f"/my/apps/{grant.id}/").status_code == 404
    assert stranger.get(f"/my/apps/{grant.id}/reads").status_code == 404
    assert stranger.post(f"/my/apps/{grant.id}/revoke").status_code == 404
    assert stranger.post(f"/my/apps/{grant.id}/choose", {"purpose": "tax", "decision": "save"}).status_code == 404
    assert stranger.post(f"/my/apps/{grant.id}/renew").status_code == 404
    assert stranger.post(f"/my/apps/{grant.id}/keep").status_code == 404
    assert Grant.objects.get(pk=grant.id).status == "active"


def test_a_seller_chooses_again_on_the_own_page() -> None:
    """What is unticked is gone at once, for each purpose by itself; unticking everything is refused in words."""
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    path = f"/my/apps/{grant.id}/choose"
    page = _followed(browser, path, {"purpose": "tax", "keep": "tax=buyer.tax_id", "decision": "save"})
    assert "reads what you chose" in page
    grant.refresh_from_db()
    assert (grant.purposes, grant.narrowed) == (["tax"], {"tax": ["buyer.tax_id"]})
    refused = browser.post(path, {"decision": "save"})
    assert refused.status_code == 422
    assert "No purpose was chosen" in refused.content.decode()


def test_a_link_is_good_once_and_for_a_quarter_of_an_hour() -> None:
    """A second use, a late use and an invented link are refused alike; only a digest is kept."""
    text = actions.make_staff_link("ada@market.example", by=SYSTEM, at=shop.now())
    assert bytes(SignInLink.objects.get().digest) == hashlib.sha256(text.encode()).digest()
    assert actions.take_staff_link(text, at=shop.now()).is_staff
    for spent, after in ((text, 0), ("invented", 0)):
        with pytest.raises(PiepowderError, match="was used before, has expired or never existed"):
            actions.take_staff_link(spent, at=shop.now() + timedelta(minutes=after))
    late = actions.make_staff_link("ada@market.example", by=SYSTEM, at=shop.now())
    with pytest.raises(PiepowderError):
        actions.take_staff_link(late, at=shop.now() + timedelta(minutes=15))
    assert Browser().post("/sign-in/staff/invented").status_code == 403


def test_no_link_for_a_sellers_account() -> None:
    """A seller's address never becomes staff's way in."""
    seller = shop.make_seller()
    shop.sign_in_seller(seller)
    with pytest.raises(PiepowderError) as refused:
        actions.make_staff_link(f"{seller.id}@sellers.invalid", by=SYSTEM, at=shop.now())
    assert refused.value.code == "people_link_not_staff"


@pytest.mark.parametrize(
    "wanted", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "evil"]
)
def test_next_never_leads_away(wanted: str, settings: Any) -> None:
    """After signing in, or changing colours, one stays on this site."""
    settings.OIDC_ISSUER = "https://market.example"
    assert '/login/?next=%2F">' in Browser().get("/sign-in/", {"next": wanted}).content.decode()
    answer = Browser().post("/theme", {"theme": "dark", "next": wanted})
    assert answer["Location"] == "/"
    assert answer.cookies["piepowder_theme"].value == "dark"


def test_the_theme_is_remembered_in_the_page() -> None:
    """Dark, light or the system's own, without JavaScript."""
    browser = Browser()
    browser.post("/theme", {"theme": "dark", "next": "/sign-in/"})
    assert 'data-theme="dark"' in browser.get("/sign-in/").content.decode()
    browser.post("/theme", {"theme": "auto", "next": "/sign-in/"})
    assert "data-theme" not in browser.get("/sign-in/").content.decode()


def test_unknown_addresses_and_old_forms_have_pages_of_their_own() -> None:
    """Nothing here, and a form without its token, are said in words."""
    assert "There is nothing at this address" in Browser().get("/nothing-here").content.decode()
    refused = Browser(enforce_csrf_checks=True).post("/theme", {"theme": "dark"})
    assert refused.status_code == 403
    assert "Please try again" in refused.content.decode()


def test_the_ledger_is_turned_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older records follow where the page ended; the file has every record that the filter lets through, once."""
    monkeypatch.setattr("piepowder.web.views.records.SHOWN_RECORDS", 2)
    monkeypatch.setattr("piepowder.web.views.records.FILE_CHUNK", 2)
    desk = shop.open_desk()
    written = [_a_call(desk, number) for number in range(5)]
    browser, query = _staff(), f"/ledger/?app={desk.app.id}&kind=gateway.read"
    seen, page = [], _checked(browser.get(query))
    for _ in range(3):
        seen += re.findall(r'href="/ledger/(rec_\w+)/"', page)
        older = re.search(r'before=(rec_\w+)">Older', page)
        page = _checked(browser.get(f"{query}&before={older[1]}")) if older else ""
    assert seen == written[::-1]
    file = browser.get(f"{query}&format=json")
    rows = decode(b"".join(file.streaming_content))  # type: ignore[attr-defined]
    assert [row["id"] for row in rows] == written[::-1]


def _a_call(desk: shop.Desk, number: int) -> str:
    record = Record(
        id=new_id("rec"),
        kind="gateway.read",
        recorded_at=datetime(2026, 11, 25, 12, number, tzinfo=UTC),
        app=desk.app.id,
        outcome="served",
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record.id
