from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from piepowder.core.facts.model import AppFact, ManifestFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.models import App, ModeChange
from piepowder.rooms.appstore.rules import AppKind, ModeStatus
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.rules import Standing

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MONTH = AT + timedelta(days=30)
MANIFEST = ManifestFact({"orders.v0.getOrders": ("shipping",)}, {"shipping": ("buyer.name",)})
ALICE, BOB = Actor(ActorKind.STAFF, "key_alice"), Actor(ActorKind.STAFF, "key_bob")


@pytest.fixture
def app(db: None) -> App:
    developer = register_developer(name="Label works", contact_email="office@example.com", by=SYSTEM, at=AT)
    return actions.create_app(developer, name="Label printer", by=SYSTEM, at=AT, standing=Standing.GOOD)


def _fact(app: App) -> AppFact:
    fact = decode_fact("app", Fact.objects.get(kind="app", key=app.id).body or "")
    assert isinstance(fact, AppFact)
    return fact


def test_the_gateway_is_told_everything(app: App) -> None:
    """After each action the published app is the app as it now is."""
    actions.add_version(app, MANIFEST, by=SYSTEM, at=AT)
    actions.approve_roles(app, ["tax_invoicing", "direct_to_consumer_shipping"], by=SYSTEM, at=AT)
    actions.set_rates(app, {"*": (2, 10)}, by=SYSTEM, at=AT)
    actions.set_mode(app, Mode.SUBSTITUTE, by=ALICE, at=AT, operation="orders.v0.getOrders")
    fact = _fact(app)
    assert (fact.id, fact.developer, fact.name) == (app.id, app.developer_id, "Label printer")
    assert fact.roles == ("direct_to_consumer_shipping", "tax_invoicing")
    assert (fact.current_version, fact.versions["1"].operations) == ("1", MANIFEST.operations)
    assert fact.versions["1"].categories == MANIFEST.categories
    assert fact.rates == {"*": (2.0, 10)}
    assert (fact.modes, fact.modes_until) == ({"orders.v0.getOrders": "substitute"}, {})


def test_versions_are_added_and_never_changed(app: App) -> None:
    """A new version stands beside the old ones; one that is not made current waits."""
    actions.add_version(app, MANIFEST, by=SYSTEM, at=AT)
    wider = ManifestFact({**MANIFEST.operations, "orders.v0.getOrder": ("shipping",)}, MANIFEST.categories)
    actions.add_version(app, wider, by=SYSTEM, at=AT, make_current=False)
    assert (_fact(app).current_version, sorted(_fact(app).versions)) == ("1", ["1", "2"])
    with pytest.raises(PiepowderError) as raised:
        actions.add_version(app, wider, by=SYSTEM, at=AT, number="2")
    assert raised.value.code == "appstore_version_taken"
    assert set(App.objects.named(app.id).manifest("2").operations) == set(wider.operations)


def test_a_faulty_manifest_changes_nothing(app: App) -> None:
    """A manifest that names what does not exist is refused with all its problems."""
    with pytest.raises(PiepowderError) as raised:
        actions.add_version(app, ManifestFact({"a": (), "b": ("shipping",)}, {}), by=SYSTEM, at=AT)
    assert raised.value.code == "appstore_manifest_invalid"
    assert len(raised.value.fields["problems"]) == 3
    assert _fact(app).versions == {}


def test_observe_mode_takes_two_persons(app: App) -> None:
    """Whoever proposes observe mode cannot start it; a second person can, and the gateway learns its end."""
    change = actions.set_mode(app, Mode.OBSERVE, by=ALICE, at=AT, until=MONTH)
    assert (change.status, _fact(app).modes) == (ModeStatus.PROPOSED, {})
    with pytest.raises(PiepowderError) as raised:
        actions.approve_mode(change, by=ALICE, at=AT)
    assert raised.value.code == "appstore_mode_same_person"
    actions.approve_mode(change, by=BOB, at=AT)
    assert (_fact(app).modes, _fact(app).modes_until) == ({"*": "observe"}, {"*": MONTH.timestamp()})
    with pytest.raises(PiepowderError) as raised:
        actions.approve_mode(ModeChange.objects.named(change.id), by=BOB, at=AT)
    assert raised.value.code == "appstore_modechange_not_from_here"


def test_a_declined_mode_never_starts(app: App) -> None:
    """A proposal that was declined cannot be approved afterwards."""
    change = actions.set_mode(app, Mode.OBSERVE, by=ALICE, at=AT, until=MONTH)
    declined = actions.decline_mode(change, by=BOB, at=AT, reason="too broad")
    with pytest.raises(PiepowderError):
        actions.approve_mode(declined, by=BOB, at=AT)
    with pytest.raises(PiepowderError) as raised:
        actions.approve_mode(change, by=BOB, at=AT)  # as somebody sees it who looked before it was declined
    assert raised.value.code == "appstore_modechange_changed_meanwhile"
    assert _fact(app).modes == {}


def test_an_approval_after_the_end_date_is_refused(app: App) -> None:
    """A proposal that waited too long is void."""
    change = actions.set_mode(app, Mode.OBSERVE, by=ALICE, at=AT, until=MONTH)
    with pytest.raises(PiepowderError) as raised:
        actions.approve_mode(change, by=BOB, at=MONTH)
    assert raised.value.code == "appstore_mode_end_past"


def test_a_mode_replaces_the_one_before_and_ends_by_its_date(app: App) -> None:
    """One mode at a time for an operation; those whose date has passed are ended, and others left alone."""
    actions.set_mode(app, Mode.SUBSTITUTE, by=ALICE, at=AT)
    observed = actions.set_mode(app, Mode.OBSERVE, by=ALICE, at=AT, until=MONTH)
    actions.approve_mode(observed, by=BOB, at=AT)
    actions.set_mode(app, Mode.SUBSTITUTE, by=ALICE, at=AT, operation="orders.v0.getOrder")
    assert _fact(app).modes == {"*": "observe", "orders.v0.getOrder": "substitute"}
    assert actions.end_due_modes(by=SYSTEM, at=MONTH - timedelta(seconds=1)) == []
    assert [change.id for change in actions.end_due_modes(by=SYSTEM, at=MONTH)] == [observed.id]
    assert (_fact(app).modes, _fact(app).modes_until) == ({"orders.v0.getOrder": "substitute"}, {})


def test_every_change_is_on_the_ledger(app: App) -> None:
    """Each action leaves a record about the app that says who did it."""
    actions.add_version(app, MANIFEST, by=ALICE, at=AT)
    actions.approve_roles(app, ["finance"], by=ALICE, at=AT)
    actions.set_mode(app, Mode.SUBSTITUTE, by=ALICE, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, detail->>'by' FROM ledger_record WHERE app = %s ORDER BY id", [app.id])
        rows: list[Any] = cursor.fetchall()
    assert {kind for kind, by in rows if by == "staff:key_alice"} == {
        "appstore.add_version",
        "appstore.approve_roles",
        "appstore.propose_mode",
        "appstore.set_mode",
    }
    assert {kind for kind, by in rows if by == "system:piepowder"} == {"appstore.create_app", "standing.open"}


def test_names_and_client_ids_are_free_or_refused(app: App) -> None:
    """An app's name is its developer's only once; a client id is nobody's twice."""
    with pytest.raises(PiepowderError) as raised:
        actions.create_app(app.developer, name="Label printer", by=SYSTEM, at=AT)
    assert raised.value.code == "appstore_name_taken"
    with pytest.raises(PiepowderError) as raised:
        actions.create_app(app.developer, name="Other", client_id=app.client_id, by=SYSTEM, at=AT)
    assert raised.value.code == "appstore_client_id_taken"


def test_registration_of_an_app_is_all_or_nothing(app: App) -> None:
    """An app whose first manifest is faulty is not left behind without one."""
    with pytest.raises(PiepowderError):
        actions.register_app(app.developer, name="Other", by=SYSTEM, at=AT, manifest=ManifestFact({}, {}))
    assert not App.objects.filter(name="Other").exists()


def test_apps_by_api(app: App, api: Client) -> None:
    """An operator registers an app for its developer's own shop, gives it roles, rates and a mode."""
    as_json = "application/json"
    made = api.post("/api/apps", {"developer": app.developer_id, "name": "Own", "kind": AppKind.OWN_USE}, as_json)
    assert (made.status_code, made.json()["kind"]) == (201, "own_use")
    place = f"/api/apps/{made.json()['id']}"
    manifest = {"operations": MANIFEST.operations, "categories": MANIFEST.categories}
    assert api.post(f"{place}/versions", manifest, as_json).json()["current_version"] == "1"
    assert api.put(f"{place}/roles", {"roles": ["finance"]}, as_json).json()["roles"] == ["finance"]
    assert api.put(f"{place}/rates", {"rates": {"*": [0.5, 30]}}, as_json).json()["rates"] == {"*": [0.5, 30]}
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    proposed = api.post(f"{place}/modes", {"mode": "observe", "until": until}, as_json).json()
    assert proposed["status"] == "proposed"
    assert api.post(f"/api/apps/modes/{proposed['id']}/approve").status_code == 403
    assert api.post(f"/api/apps/modes/{proposed['id']}/decline", {}, as_json).json()["status"] == "declined"
    assert api.post(f"{place}/modes", {"mode": "enforce"}, as_json).json()["status"] == "in_effect"
    assert [mode["status"] for mode in api.get(f"{place}/modes").json()] == ["in_effect", "declined"]
    assert [one["mode"] for one in api.get(place).json()["modes"]] == ["enforce"]
    assert len(api.get("/api/apps").json()) == 2


def test_a_list_of_apps_costs_the_same_however_long(app: App, api: Client) -> None:
    """Versions and modes of all apps of a page are fetched together."""
    counts = []
    api.get("/api/apps")  # the first call also notes when the key was used
    for number in range(3):
        other = actions.create_app(app.developer, name=f"Other {number}", by=SYSTEM, at=AT)
        actions.add_version(other, MANIFEST, by=SYSTEM, at=AT)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get("/api/apps").json()) == number + 2
        counts.append(len(queries))
    assert len(set(counts)) == 1
