"""Pages of apps through Django's client, as a browser without JavaScript uses them, and the preview that one with it asks for."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, AppVersion, Deadline
from piepowder.rooms.appstore.rules.versions import points_for
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from tests.support.appstore import AT, DETAILS, NO_BUYERS, SHIPPING, approve, browser_of, make_app, make_draft
from tests.support.consent import put_policy_into_force
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
ADA = Actor(ActorKind.DEVELOPER, "acc_made_up")
FIELDS = {
    "name": DETAILS.name,
    "description": DETAILS.description,
    "redirect_uris": "\n".join(DETAILS.redirect_uris),
    "privacy_policy_url": DETAILS.privacy_policy_url,
    "support_email": DETAILS.support_email,
}


@pytest.fixture
def browser(maker_account: Account) -> Client:
    return browser_of(maker_account)


def _reviewing(actor: Actor) -> Client:
    return browser_of(Account.objects.get(pk=actor.id))


@pytest.fixture
def operator(db: None) -> Client:
    account = create_staff(email="olga@market.example", name="Olga", role=KeyRole.OPERATOR, by=SYSTEM, at=AT)
    return browser_of(account)


def _read(browser: Client, address: str) -> str:
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _home(version: AppVersion) -> str:
    return f"/developer/apps/{version.app_id}/versions/{version.id}/"


def test_from_registration_to_the_first_version(browser: Client) -> None:
    """The empty list leads to the form, the form to the app, the app to its manifest, boxes to a version that is handed in."""
    assert "/developer/apps/new" in _read(browser, "/developer/apps/")
    _read(browser, "/developer/apps/new")
    answer = browser.post("/developer/apps/new", {**FIELDS, "kind": "public"})
    app = App.objects.get()
    assert answer.headers["Location"] == f"/developer/apps/{app.id}/"
    assert "Begin a version" in _read(browser, f"/developer/apps/{app.id}/")
    browser.post(f"/developer/apps/{app.id}/versions/begin")
    version = AppVersion.objects.get()
    home = _home(version)
    assert "No purpose yet" in _read(browser, f"{home}edit")
    assert "not saved yet" in _read(browser, f"{home}edit?purpose=shipping")
    boxes = {"operations": ["orders.v0.getOrders"], "categories": ["buyer.name"], "revision": version.revision}
    browser.post(f"{home}purposes/shipping", boxes)
    roles = {"roles": ["direct_to_consumer_shipping"], "notes": "The first one.", "revision": version.revision + 1}
    assert browser.post(f"{home}describe", roles).status_code == 302
    assert "it can be handed in" in _read(browser, home)
    browser.post(f"{home}submit")
    assert "number 1 among those that wait" in _read(browser, home)
    assert "Waits for a reviewer" in _read(browser, "/developer/apps/")


def test_a_form_with_a_fault_keeps_what_was_typed(browser: Client) -> None:
    """The error stands at its field, every word is still there, nothing is registered."""
    typed = {**FIELDS, "kind": "own_use", "redirect_uris": "https://fine.example.com/\nhttp://bad.example.com/"}
    answer = browser.post("/developer/apps/new", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert problems_of(page) == []
    assert "is plain http" in page
    assert "https://fine.example.com/" in page
    assert DETAILS.description in page
    assert not App.objects.exists()


def test_the_app_is_changed_and_a_stale_form_is_told(browser: Client, own_app: App) -> None:
    """Saved once; a second form that was opened before is shown again with its own words."""
    address = f"/developer/apps/{own_app.id}/change"
    _read(browser, address)
    assert browser.post(address, {**FIELDS, "name": "Better name", "revision": own_app.revision}).status_code == 302
    late = browser.post(address, {**FIELDS, "name": "Late name", "revision": own_app.revision})
    assert late.status_code == 422
    assert "somebody else changed this app" in late.content.decode().lower()
    assert "Late name" in late.content.decode()
    assert App.objects.get(pk=own_app.id).name == "Better name"


def test_why_it_was_returned_is_two_clicks_away(browser: Client, draft_version: AppVersion, rita: Actor) -> None:
    """From the list of apps: the state, then reasons with their clauses, and the way to correct."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    reviewer = _reviewing(rita)
    page = _read(reviewer, "/apps/queue/")
    assert f"/apps/versions/{version.id}/" in page
    reviewer.post(f"/apps/versions/{version.id}/take")
    assert "Checklist" in _read(reviewer, f"/apps/versions/{version.id}/")
    answers = {f"{point.key}_fine": "yes" for point in points_for(True)}
    without = reviewer.post(f"/apps/versions/{version.id}/decide", {**answers, "data_fine": "no"})
    assert "Say what has to change" in without.content.decode()
    reviewer.post(
        f"/apps/versions/{version.id}/decide",
        {**answers, "data_fine": "no", "data_reason": "The <b>name</b> is not needed."},
    )
    assert f"/developer/apps/{version.app_id}/under-way" in _read(browser, "/developer/apps/")
    reasons = _read(browser, f"/developer/apps/{version.app_id}/under-way")
    assert "The &lt;b&gt;name&lt;/b&gt; is not needed." in reasons
    assert "App rules 1.3" in reasons
    assert "Change the manifest" in reasons


def test_two_reviewers_approve_shoppers_data(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """After the first the page asks for a second person; the first sees that it is not them."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    address = f"/apps/versions/{version.id}/"
    answers = {f"{point.key}_fine": "yes" for point in points_for(True)}
    for reviewer in (_reviewing(rita), _reviewing(sam)):
        reviewer.post(f"{address}take")
        reviewer.post(f"{address}decide", answers)
        assert reviewer.get(address).status_code == 200
    assert AppVersion.objects.named(version.id).status == "approved"
    assert "You have approved this version" not in _read(_reviewing(rita), address)


def test_the_first_of_two_is_told_to_wait(draft_version: AppVersion, rita: Actor) -> None:
    """Whoever approved it has no button, and is told why."""
    version = approve(draft_version, rita)
    assert "it waits for a second person" in _read(_reviewing(rita), f"/apps/versions/{version.id}/")


def test_a_version_goes_live_in_stages(browser: Client, own_app: App, rita: Actor, sam: Actor) -> None:
    """Released for a share, raised, stopped, each with a button on the version's page."""
    first = approve(make_draft(own_app, ADA, NO_BUYERS, ["inventory_and_order_tracking"]), rita)
    browser.post(f"{_home(first)}release", {"percent": "100"})
    second = approve(make_draft(own_app, ADA), rita, sam)
    page = _read(browser, _home(second))
    assert "Asks more: sellers are asked again" in page
    browser.post(f"{_home(second)}release", {"percent": "20"})
    assert "20 per cent" in _read(browser, _home(second))
    browser.post(f"{_home(second)}release", {"percent": "0"})
    browser.post(f"{_home(second)}stop", {"reason": "too early"})
    assert "approved, and nobody has it yet" in _read(browser, _home(second))
    browser.post(f"{_home(second)}release", {"percent": "100"})
    assert "It is live for every seller" in _read(browser, _home(second))
    _read(browser, f"/developer/apps/{own_app.id}/")


def test_the_preview_says_what_policy_would_give(browser: Client, draft_version: AppVersion) -> None:
    """For the boxes as they stand, saved or not; nothing is saved by looking."""
    put_policy_into_force()
    home = _home(draft_version)
    assert "Readable" in _read(browser, f"{home}edit")
    boxes = {"operations": ["orders.v0.getOrders"], "categories": ["buyer.tax_id"]}
    seen = browser.post(f"{home}purposes/shipping/preview", boxes, headers={"HX-Request": "true"}).content.decode()
    assert "Withheld" in seen
    assert "not saved yet" in seen
    assert AppVersion.objects.named(draft_version.id).body == draft_version.body
    strange = browser.post(f"{home}purposes/shipping/preview", {"operations": ["no.such"]})
    assert strange.status_code == 422


def test_a_manifest_comes_as_a_file(browser: Client, draft_version: AppVersion) -> None:
    """Downloaded, changed, sent again; a broken file is refused at its field and changes nothing."""
    home = _home(draft_version)
    kept = json.loads(browser.get(f"{home}manifest.json").content)
    assert kept["categories"] == {"shipping": ["buyer.address", "buyer.name"]}
    file = SimpleUploadedFile("manifest.yaml", b"operations:\n  orders.v0.getOrders: [shipping]\n")
    assert browser.post(f"{home}manifest.json", {"file": file, "revision": draft_version.revision}).status_code == 302
    assert AppVersion.objects.named(draft_version.id).body["categories"] == {}
    for data in (b"\x89PNG", b"{", b'{"operations": {"no.such": ["shipping"]}}'):
        sent = SimpleUploadedFile("manifest.json", data, content_type="image/svg+xml")
        answer = browser.post(f"{home}manifest.json", {"file": sent})
        assert answer.status_code == 422
        assert problems_of(answer.content.decode()) == []
    assert browser.post(f"{home}manifest.json", {}).status_code == 422


def test_a_purpose_is_taken_out_and_unknown_boxes_are_refused(browser: Client, draft_version: AppVersion) -> None:
    """The refusal is told on the next page; the manifest stays as it is."""
    home = _home(draft_version)
    browser.post(f"{home}purposes/shipping", {"operations": ["no.such"]})
    browser.post(f"{home}purposes/nonsense", {"operations": ["orders.v0.getOrders"]})
    browser.post(f"{home}purposes/shipping", {})
    assert "Nothing was changed" in browser.get(f"{home}edit").content.decode()
    assert AppVersion.objects.named(draft_version.id).body == draft_version.body
    browser.post(f"{home}purposes/shipping/remove", {"revision": draft_version.revision})
    assert AppVersion.objects.named(draft_version.id).manifest.operations == {}


def test_nobody_reaches_anothers_apps(browser: Client, draft_version: AppVersion) -> None:
    """To a member of another organisation it is as if there were none; a reader looks and changes nothing."""
    other = register_developer(name="Other house", contact_email="office@other.example", by=SYSTEM, at=AT)
    stranger = Account.objects.create_user("eve@other.example", name="Eve")
    add_member(other, stranger, by=SYSTEM, at=AT, role="owner")
    reader = Account.objects.create_user("ron@labels.example.com", name="Ron")
    add_member(draft_version.app.developer, reader, by=SYSTEM, at=AT, role="reader")
    home = _home(draft_version)
    for address in (f"/developer/apps/{draft_version.app_id}/", home, f"{home}edit"):
        assert browser_of(stranger).get(address).status_code == 404
    assert browser_of(stranger).post(f"{home}submit").status_code == 404
    looking = browser_of(reader)
    assert "Hand it in" not in _read(looking, home)
    assert looking.post(f"{home}submit").status_code == 403
    assert Client().get(home).status_code == 302
    assert AppVersion.objects.named(draft_version.id).status == "draft"


def test_hostile_names_are_shown_escaped(browser: Client, maker: Developer, operator: Client) -> None:
    """Markup and turned writing in a name stay what they are: text, spelt out."""
    app = actions.create_app(maker, name="<script>alert(1)</script>\u202e", by=SYSTEM, at=AT)
    for browser_, address in ((browser, "/developer/apps/"), (operator, "/apps/"), (operator, f"/apps/{app.id}/")):
        page = _read(browser_, address)
        assert "<script>alert(1)" not in page
        assert "\u202e" not in page


def test_the_deadline_is_set_and_shown(browser: Client, operator: Client, own_app: App, rita: Actor) -> None:
    """An operator sets the day; developers with apps that are not approved see it on their pages; a reviewer only looks."""
    day = (datetime.now(UTC) + timedelta(days=40)).date()
    _read(operator, "/apps/deadline/")
    assert operator.post("/apps/deadline/", {"day": day.isoformat(), "reason": "Announced."}).status_code == 302
    assert "Apps have to be approved by" in _read(browser, "/developer/apps/")
    assert "Announced." in _read(browser, f"/developer/apps/{own_app.id}/")
    past = operator.post("/apps/deadline/", {"day": "2020-01-01"})
    assert (past.status_code, "is over already" in past.content.decode()) == (422, True)
    _reviewing(rita).post("/apps/deadline/", {"day": ""})
    row = Deadline.objects.present()
    assert row is not None
    operator.post("/apps/deadline/", {"day": ""})
    assert Deadline.objects.present() is None


def test_staff_filter_the_list_of_apps(operator: Client, draft_version: AppVersion, maker: Developer) -> None:
    """By standing, version, developer and approval; a value that makes no sense narrows nothing."""
    old = actions.create_app(maker, name="Old printer", by=SYSTEM, at=AT)
    actions.add_version(old, SHIPPING, by=SYSTEM, at=AT)
    found = {
        query: [name for name in ("Label maker", "Old printer") if name in _read(operator, f"/apps/?{query}")]
        for query in (
            "version=draft",
            "version=live",
            "standing=good",
            "approved=no",
            "approved=yes",
            "developer=house",
        )
    }
    assert found == {
        "version=draft": ["Label maker"],
        "version=live": ["Old printer"],
        "standing=good": [],
        "approved=no": ["Label maker", "Old printer"],
        "approved=yes": [],
        "developer=house": ["Label maker", "Old printer"],
    }
    rows = json.loads(operator.get("/apps/?format=json").getvalue())
    assert {row["App"] for row in rows} == {"Label maker", "Old printer"}
    assert _read(operator, "/apps/?standing=nonsense&sort=-developer")


def test_lists_cost_the_same_however_long(operator: Client, browser: Client, maker: Developer) -> None:
    """No query for each row, on the marketplace's side and on the developer's."""
    counts = set()
    for number in range(3):
        make_draft(make_app(maker, ADA, name=f"App {number}"), ADA)
        with CaptureQueriesContext(connection) as queries:
            for one, address in ((operator, "/apps/"), (operator, "/apps/queue/"), (browser, "/developer/apps/")):
                assert one.get(address).status_code == 200
        counts.add(len(queries))
    assert len(counts) == 1


def test_a_registration_with_a_manifest_has_its_first_version(browser: Client) -> None:
    """One page registers the app and begins its version, with what was said elsewhere filled in; a bad manifest registers nothing."""
    assert DETAILS.support_email != ""
    assert 'name="support_email" value="' in _read(browser, "/developer/apps/new")
    bad = SimpleUploadedFile("manifest.yaml", b"operations: {orders.v0.unknown: [metrics]}")
    wrong = browser.post("/developer/apps/new", {**FIELDS, "kind": "public", "manifest": bad})
    assert (wrong.status_code, App.objects.count()) == (422, 0)
    assert "orders.v0.unknown" in wrong.content.decode()
    good = SimpleUploadedFile("manifest.yaml", b"operations: {orders.v0.getOrders: [metrics]}")
    done = browser.post("/developer/apps/new", {**FIELDS, "kind": "public", "manifest": good})
    version = AppVersion.objects.get()
    assert done["Location"] == _home(version)
    assert version.roles == ["inventory_and_order_tracking"]
    assert "Hand it in" in _read(browser, done["Location"])
