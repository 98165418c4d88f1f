"""What stands around a grant: caps on sellers, roll-outs by shares, closed organisations, paid plans, versions that came meanwhile."""

from collections.abc import Callable

import pytest

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.billing import actions as billing
from piepowder.rooms.billing.models import Subscription
from piepowder.rooms.consent import actions, outlook
from piepowder.rooms.consent.manifests import asked_of
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.consent.offers import offer
from piepowder.rooms.developers import actions as developers
from piepowder.rooms.ground.actor import SYSTEM
from tests.support import consent as shop
from tests.support.billing import make_plan
from tests.support.pages import problems

pytestmark = pytest.mark.django_db
CATEGORIES = shop.MANIFEST.categories
LESS = ManifestFact(shop.MANIFEST.operations, {"shipping": ("buyer.name",), "tax": ("buyer.tax_id",)})
MORE = ManifestFact(shop.MANIFEST.operations, {**CATEGORIES, "tax": (*CATEGORIES["tax"], "buyer.email")})


def _refused(attempt: Callable[[], object]) -> str:
    with pytest.raises(PiepowderError) as refused:
        attempt()
    return refused.value.code


def _now_is(grant: Grant) -> Grant:
    return Grant.objects.named(grant.id)


def test_an_app_for_own_use_has_room_for_few() -> None:
    """The seller after the last is told so; one who has it already may allow it again; an end makes room."""
    app = shop.make_app()
    App.objects.filter(pk=app.id).update(kind=AppKind.OWN_USE)
    app = App.objects.named(app.id)
    assert app.sellers_max
    grants = [shop.open_desk(app=app).grant() for _ in range(app.sellers_max)]
    late = shop.make_seller("Old Mill Teas")

    def come_late() -> Grant:
        return actions.grant(app, late, by=SYSTEM, at=shop.now())

    assert _refused(come_late) == "appstore_sellers_full"
    assert actions.grant(app, grants[0].seller, by=SYSTEM, at=shop.now()).id == grants[0].id
    actions.revoke(grants[0], by=SYSTEM, at=shop.now())
    assert come_late().status == "active"


def _rolled_out(app: App, manifest: ManifestFact) -> AppVersion:
    version = appstore.add_version(app, manifest, make_current=False, by=SYSTEM, at=shop.now())
    return appstore.release_version(version, percent=50, by=SYSTEM, at=shop.now())


def _desks(app: App, number: str) -> tuple[shop.Desk, shop.Desk]:
    """One shop that a roll-out has reached, and one that it has not."""
    reached: dict[bool, shop.Desk] = {}
    while len(reached) < 2:
        desk = shop.open_desk(app=app)
        reached[app.version_for(desk.seller.id) == number] = desk
    return reached[True], reached[False]


def test_a_roll_out_moves_only_those_whom_it_has_reached() -> None:
    """Others hear nothing; a stop takes everybody back, without a question."""
    app = shop.make_app()
    grants = [shop.open_desk(app=app).grant() for _ in range(12)]
    version = _rolled_out(app, LESS)
    app = App.objects.named(app.id)
    near = {grant.id for grant in grants if app.version_for(grant.seller_id) == version.number}
    assert actions.follow_versions(at=shop.now()) == len(near)
    moved = {grant.id for grant in grants if _now_is(grant).version == version.number}
    assert moved == near
    appstore.stop_rollout(version, by=SYSTEM, at=shop.now(), reason="a mistake")
    assert actions.follow_versions(at=shop.now()) == len(near)
    assert {_now_is(grant).version for grant in grants} == {"1"}
    assert not PermissionRequest.objects.exists()


def test_a_new_seller_is_asked_what_the_roll_out_says() -> None:
    """Who is reached consents to the new version, who is not to the present one, and each page says just that."""
    app = shop.make_app()
    version = _rolled_out(app, MORE)
    near, far = _desks(App.objects.named(app.id), version.number)
    assert (near.grant().version, far.grant().version) == (version.number, "1")
    assert "buyer.email" in asked_of(App.objects.named(app.id), near.seller.id).categories
    assert "buyer.email" not in asked_of(App.objects.named(app.id), far.seller.id).categories


def test_a_roll_out_that_was_stopped_takes_its_question_back() -> None:
    """Who had not answered waits for nothing, the grant never changed; released again it asks again, but not who said no."""
    app = shop.make_app()
    version = _rolled_out(app, MORE)
    app = App.objects.named(app.id)
    yes, no, silent = (_granted_before(app, version.number) for _ in range(3))
    assert actions.follow_versions(at=shop.now()) == 3
    actions.choose(yes, purposes=None, narrowed=None, by=SYSTEM, at=shop.now())
    actions.refuse_request(no, by=SYSTEM, at=shop.now())
    appstore.stop_rollout(version, by=SYSTEM, at=shop.now())
    actions.follow_versions(at=shop.now())
    assert not PermissionRequest.objects.filter(status="open").exists()
    assert {_now_is(grant).version for grant in (yes, no, silent)} == {"1"}

    appstore.release_version(AppVersion.objects.named(version.id), by=SYSTEM, at=shop.now())
    actions.follow_versions(at=shop.now())
    waiting = PermissionRequest.objects.filter(status="open").values_list("grant", flat=True)
    assert set(waiting) == {yes.id, silent.id}


def _granted_before(app: App, number: str) -> Grant:
    """A grant of the first version, of a shop that the roll-out of another has reached since."""
    while True:
        seller = shop.make_seller()
        if app.version_for(seller.id) == number:
            grant = actions.grant(app, seller, by=SYSTEM, at=shop.now())
            Grant.objects.filter(pk=grant.id).update(version="1")
            return _now_is(grant)


def test_nobody_can_authorise_the_app_of_a_closed_organisation() -> None:
    """Neither anew nor again nor for longer; an end works, and so does less."""
    desk = shop.open_desk()
    grant = desk.grant()
    developers.close_developer(desk.app.developer, by=SYSTEM, at=shop.now(), reason="moved on")
    app, other = App.objects.named(desk.app.id), shop.make_seller("Old Mill Teas")
    assert _refused(lambda: actions.grant(app, other, by=SYSTEM, at=shop.now())) == "consent_developer_closed"
    assert _refused(lambda: actions.renew(grant, by=SYSTEM, at=shop.now())) == "consent_developer_closed"
    assert actions.narrow(grant, purposes=["tax"], by=SYSTEM, at=shop.now()).purposes == ["tax"]
    assert actions.revoke(grant, by=SYSTEM, at=shop.now()).status == "revoked"
    browser = shop.sign_in_seller(other)
    client = shop.open_desk(app=shop.make_app(), lasting=True)
    developers.close_developer(client.app.developer, by=SYSTEM, at=shop.now())
    path = f"/apps/authorize/consent?application_id={client.app.id}&state=s"
    answer = browser.post(path, {"decision": "allow", "purpose": "tax", "keep": "tax=buyer.tax_id"})
    assert answer.status_code == 422
    assert "the organisation behind" in answer.content.decode().lower()


def test_the_end_of_access_ends_what_is_paid_for_it() -> None:
    """The seller is shown it before, the plan is cancelled with the access, and one cancelled already is left alone."""
    desk = shop.open_desk()
    grant = desk.grant()
    plan = make_plan(desk.app, name="Small shops")
    bought = billing.subscribe(plan, desk.seller, by=SYSTEM, at=shop.now())
    assert outlook.of_end(grant, at=shop.now()).plan == "Small shops"
    browser = shop.sign_in_seller(desk.seller)
    assert "Your plan “Small shops” is cancelled" in browser.get(f"/my/apps/{grant.id}/revoke").content.decode()
    browser.post(f"/my/apps/{grant.id}/revoke")
    assert Subscription.objects.get(pk=bought.pk).status == "cancelled"

    again = actions.grant(desk.app, desk.seller, by=SYSTEM, at=shop.now())
    assert actions.revoke(again, by=SYSTEM, at=shop.now()).status == "revoked"
    assert shop.ledger_kinds(seller=desk.seller.id).count("billing.cancel") == 1


def test_nobody_allows_a_version_that_was_not_on_the_page() -> None:
    """A version that came while the seller was reading is shown first; nothing is granted, and nothing new is ticked."""
    desk = shop.open_desk(lasting=True)
    browser = shop.sign_in_seller(desk.seller)
    path = f"/apps/authorize/consent?application_id={desk.app.id}&state=s"
    assert '<input type="hidden" name="version" value="1">' in browser.get(path).content.decode()
    appstore.add_version(desk.app, MORE, by=SYSTEM, at=shop.now())
    sent = {"decision": "allow", "version": "1", "purpose": "tax", "keep": "tax=buyer.name"}
    answer = browser.post(path, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert problems(page) == []
    assert "another version of the app took its place" in page
    assert '<input type="hidden" name="version" value="2">' in page
    assert '<input type="checkbox" name="keep" value="tax=buyer.email">' in page
    assert not Grant.objects.exists()
    assert browser.post(path, {**sent, "version": "2"}).status_code == 302


def test_an_old_page_of_the_own_choice_changes_nothing() -> None:
    """As on the page of consent: the seller chooses among what was on the page, or reads again."""
    desk = shop.open_desk()
    grant, browser = desk.grant(), shop.sign_in_seller(desk.seller)
    appstore.add_version(desk.app, MORE, by=SYSTEM, at=shop.now())
    path = f"/my/apps/{grant.id}/choose"
    sent = {"decision": "save", "version": "1", "purpose": "tax", "keep": "tax=buyer.name"}
    assert browser.post(path, sent).status_code == 422
    assert _now_is(grant).choice == grant.choice
    assert browser.post(path, {**sent, "version": "2"}).status_code == 302
    assert _now_is(grant).narrowed == {"tax": ["buyer.name"]}


def test_a_part_of_a_group_is_shown_as_what_it_is() -> None:
    """A key may leave only the postcode of a whole address: the page says so and does not lose it."""
    shop.put_policy_into_force()
    desk = shop.open_desk()
    whole = ManifestFact(shop.MANIFEST.operations, {"shipping": ("buyer.address",), "tax": ("buyer.name",)})
    appstore.add_version(desk.app, whole, by=SYSTEM, at=shop.now())
    kept = {"shipping": ["buyer.address.postcode"]}
    app = App.objects.named(desk.app.id)
    grant = actions.grant(app, desk.seller, narrowed=kept, by=SYSTEM, at=shop.now())
    shipping = next(one for one in offer(app, choice=grant.choice).purposes if one.purpose == "shipping")
    assert {one.category: (one.ticked, one.effect) for one in shipping.fields} == {
        "buyer.address": (False, "keep"),
        "buyer.address.postcode": (True, "keep"),
    }
