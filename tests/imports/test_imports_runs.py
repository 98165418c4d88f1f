from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import to_builtins

from piepowder.core.facts.model import AppFact, GrantFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.actions import register_app
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent import actions as consent
from piepowder.rooms.consent import texts
from piepowder.rooms.consent.models import Client, Grant, RefreshToken
from piepowder.rooms.developers.actions import register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.imports import actions, reads
from piepowder.rooms.imports.actions import running
from piepowder.rooms.imports.models import File, Import, Line, Link
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Seller
from piepowder.rooms.publication.models import Fact
from tests.support.imports import (
    AT,
    OFFICE,
    SECOND,
    a_market,
    app,
    as_csv,
    as_json,
    developer,
    grant,
    lines,
    load,
    seller,
    token,
)

pytestmark = pytest.mark.django_db
MAKER = {"developers": [developer()]}
SHOP = {**MAKER, "apps": [app()], "sellers": [seller()]}
UNKNOWN = '{"operations": {"no.such": ["shipping"]}, "categories": {}}'
CREATED = {
    "developers": {"create": 1},
    "sellers": {"create": 2},
    "apps": {"create": 1},
    "grants": {"create": 2},
    "tokens": {"create": 1},
}


def facts() -> dict[str, int]:
    """How many facts of each kind the gateways know."""
    known = Fact.objects.exclude(body=None).values_list("kind", flat=True)
    return {kind: list(known).count(kind) for kind in set(known)}


def everything() -> list[Any]:
    tables = (Developer, Seller, App, Grant, Client, RefreshToken, Link)
    return [table._default_manager.count() for table in tables] + [Fact.objects.exclude(body=None).count()]


def test_a_dry_run_changes_nothing_but_says_what_would_be() -> None:
    """Every row has its line."""
    before = everything()
    run = actions.check(a_market(), by=OFFICE, at=AT)
    assert (run.status, run.counts, everything()) == ("checked", CREATED, before)
    assert len(lines(run)) == 7


def test_what_is_taken_meanwhile_stops_nothing_else() -> None:
    """A client id that somebody takes while the import runs refuses its own row, with the reason there; the others are brought in."""
    other = register_developer(name="Quick hands", contact_email="own@quick.example", by=OFFICE, at=AT)

    def now() -> datetime:
        if Link.objects.filter(kind="developers").exists() and not App.objects.exists():
            register_app(other, name="Quick", client_id="client-of-tax", by=OFFICE, at=AT)
        return AT

    market = {"developers.csv": as_csv([developer()]), "apps.csv": as_csv([app(), app("tax"), app("margin")])}
    run = actions.check(market, by=OFFICE, at=AT)
    actions.start(run, by=OFFICE, at=AT)
    done = actions.carry_out(run.id, now=now)
    assert (done.status, done.counts["apps"]) == ("done", {"create": 2, "refused": 1})
    assert "taken already" in done.lines.get(verdict="refused").words
    assert set(App.objects.values_list("name", flat=True)) == {"App printer", "App margin", "Quick"}
    assert facts()["app"] == 3


def test_what_was_there_goes_on_working() -> None:
    """Client id, secret and refresh token that the app has get it an access token, under the grant its seller gave."""
    run = load(a_market())
    assert (run.status, run.counts, run.done_rows) == ("done", CREATED, 7)
    client = Client.objects.named("client-of-printer")
    assert consent.presented_secret(client, "secret of printer", at=AT) is not None
    parent = consent.take_refresh_token("Atzr|made up", client=client, at=AT)
    assert (parent.grant.seller.marketplace_id, parent.grant.purposes) == ("A1", ["shipping"])
    consent.issue(
        texts.access_text(),
        refresh_text="Atzr|made up",
        client=client,
        grant=parent.grant,
        family=None,
        parent=parent,
        at=AT,
    )
    assert parent.grant.expires_at == datetime(2027, 6, 30, tzinfo=UTC)
    assert client.redirect_uris == "https://label-works.example/return"


def test_the_gateways_are_told_everything() -> None:
    """Apps with versions and roles, sellers, grants, standings; as the tables have it."""
    load(a_market())
    assert facts() == {"app": 1, "seller": 2, "grant": 2, "standing": 2}
    row = App.objects.get()
    fact = decode_fact("app", Fact.objects.get(kind="app").body or "")
    assert isinstance(fact, AppFact)
    assert to_builtins(fact) == to_builtins(row.fact())
    assert (fact.roles, fact.current_version) == (("direct_to_consumer_shipping",), "1")
    for one in Grant.objects.all():
        told = decode_fact("grant", Fact.objects.get(kind="grant", key=one.id).body or "")
        assert isinstance(told, GrantFact)
        assert (told.app, told.seller, told.purposes) == (one.app_id, one.seller_id, ("shipping",))


def test_the_same_files_again_change_nothing() -> None:
    """Every row is as it is here, and there is nothing to start."""
    load(a_market())
    before = everything()
    run = actions.check(a_market(), by=OFFICE, at=AT)
    assert [set(several) for several in run.counts.values()] == [{"same"}] * 5
    with pytest.raises(PiepowderError, match="nothing in these files"):
        actions.start(run, by=OFFICE, at=AT)
    assert everything() == before


def test_what_was_decided_here_stays() -> None:
    """A changed app or grant is a difference in the report; sellers follow the file."""
    load(a_market())
    row = Grant.objects.get(seller__marketplace_id="A1")
    consent.revoke(row, by=SYSTEM, at=AT)
    files = {
        "developers.csv": as_csv([developer(website="https://other.example")]),
        "sellers.csv": as_csv([seller(name="New name"), seller("A3")]),
        "apps.csv": as_csv([app(roles="finance")]),
        "grants.csv": as_csv([grant(), grant(seller="A2", purposes="tax")]),
    }
    run = load(files)
    assert lines(run) == [
        ("developers", 2, "website", "differs"),
        ("sellers", 2, "name", "change"),
        ("sellers", 3, "", "create"),
        ("sellers", 0, "", "only_here"),
        ("apps", 2, "roles", "differs"),
        ("grants", 2, "key", "differs"),
        ("grants", 3, "purposes", "differs"),
    ]
    assert Seller.objects.named("A1").name == "New name"
    assert App.objects.get().roles == ["direct_to_consumer_shipping"]
    assert Grant.objects.get(pk=row.pk).status == "revoked"
    found = {verdict: len(several) for verdict, several in reads.report(run).items()}
    assert found == {"refused": 0, "differs": 4, "change": 1, "only_here": 1, "kept": 0}


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        ({"developers": [developer(contact_email="nobody")]}, ("developers", 2, "contact_email")),
        ({"developers": [developer(), developer("other", name="Developer label-works")]}, ("developers", 3, "name")),
        ({"developers": [developer(), developer()]}, ("developers", 3, "key")),
        ({"developers": [developer(id="dev_none")]}, ("developers", 2, "id")),
        ({"sellers": [seller(oidc_subject="x"), seller("A2", oidc_subject="x")]}, ("sellers", 3, "oidc_subject")),
        ({"sellers": [seller("sel_1")]}, ("sellers", 2, "key")),
        ({"apps": [app()]}, ("apps", 2, "developer")),
        ({**MAKER, "apps": [app(manifest=UNKNOWN)]}, ("apps", 2, "manifest")),
        ({**MAKER, "apps": [app(manifest='{"operations":3}')]}, ("apps", 2, "manifest")),
        ({**MAKER, "apps": [app(roles="king")]}, ("apps", 2, "roles")),
        ({**MAKER, "apps": [app(redirect_uris="http://x.example")]}, ("apps", 2, "redirect_uris")),
        ({**MAKER, "apps": [app(), app("b", client_id="client-of-printer")]}, ("apps", 3, "client_id")),
        ({"grants": [grant()]}, ("grants", 2, "app")),
        ({**MAKER, "apps": [app()], "grants": [grant()]}, ("grants", 2, "seller")),
        ({**MAKER, "apps": [app()], "sellers": [seller(active="no")], "grants": [grant()]}, ("grants", 2, "seller")),
        ({**SHOP, "grants": [grant(purposes="advertising")]}, ("grants", 2, "purposes")),
        ({**SHOP, "grants": [grant(expires_at="2020-01-01")]}, ("grants", 2, "expires_at")),
        ({**SHOP, "grants": [grant(), grant(key="x")]}, ("grants", 3, "seller")),
        ({**SHOP, "tokens": [token()]}, ("tokens", 2, "seller")),
    ],
)  # fmt: skip
def test_a_refusal_names_row_and_column(files: dict[str, list[dict[str, Any]]], refused: tuple[str, int, str]) -> None:
    """And nothing else is refused because of it."""
    run = actions.check({f"{kind}.csv": as_csv(rows) for kind, rows in files.items()}, by=OFFICE, at=AT)
    assert lines(run, "refused") == [(*refused, "refused")]
    assert Line.objects.get(run=run, verdict="refused").words


def test_what_depends_on_a_refused_row_is_refused_with_it() -> None:
    """Each says of what."""
    files = {**a_market(), "developers.csv": as_csv([developer(contact_email="nobody")])}
    run = actions.check(files, by=OFFICE, at=AT)
    assert [(kind, column) for kind, _, column, _ in lines(run, "refused")] == [
        ("developers", "contact_email"),
        ("apps", "developer"),
        ("grants", "app"),
        ("grants", "app"),
        ("tokens", "app"),
    ]
    assert (load(files).status, Seller.objects.count(), App.objects.count()) == ("done", 2, 0)


def test_a_developer_who_registered_before_is_joined() -> None:
    """Its name alone is refused with its id; with the id, only the key is noted, and a rollback leaves it."""
    here = register_developer(name="Developer label-works", contact_email="a@label-works.example", by=SYSTEM, at=AT)
    run = actions.check(a_market(), by=OFFICE, at=AT)
    assert here.id in Line.objects.get(run=run, kind="developers").words
    run = load({**a_market(), "developers.csv": as_csv([developer(id=here.id)])})
    assert App.objects.get().developer_id == here.id
    actions.roll_back(run, by=OFFICE, at=AT)
    assert list(Developer.objects.all()) == [here]


def test_everything_begins_in_observe_mode_if_wished() -> None:
    """Proposed by whoever started the import, approved by a second person in one go; developers are told until when to register."""
    until, day = AT + timedelta(days=90), (AT + timedelta(days=30)).date()
    run = load(a_market(), observe_until=until, register_by=day)
    left = reads.what_now(run)
    assert (left.apps, left.proposed, left.observed, left.unregistered) == (1, 1, 0, 1)
    with pytest.raises(PiepowderError) as raised:
        actions.approve_modes(run, by=OFFICE, at=AT)
    assert raised.value.code == "appstore_mode_same_person"
    assert actions.approve_modes(run, by=SECOND, at=AT) == 1
    assert (App.objects.get().fact().modes, reads.what_now(run).observed) == ({"*": "observe"}, 1)
    [letter] = Letter.objects.filter(kind="imports.brought_over")
    assert letter.recipient == Developer.objects.get().id
    assert Developer.objects.get().identity_due_on == day


@pytest.mark.parametrize(("days", "code"), [(0, "appstore_mode_end_past"), (181, "appstore_mode_end_far")])
def test_observe_mode_has_an_end(days: int, code: str) -> None:
    """In the future, at most 180 days ahead."""
    with pytest.raises(PiepowderError) as raised:
        actions.check(a_market(), by=OFFICE, at=AT, observe_until=AT + timedelta(days=days))
    assert raised.value.code == code


def test_an_own_use_app_keeps_its_cap(settings: Any) -> None:
    """Sellers beyond it are refused."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"own_use_sellers_max": 1})
    run = actions.check({**a_market(), "apps.csv": as_csv([app(kind="own_use")])}, by=OFFICE, at=AT)
    assert lines(run, "refused") == [("grants", 3, "app", "refused")]


def test_a_rollback_takes_back_what_was_created() -> None:
    """The database is as before, the gateways forget, and the same files can be imported anew."""
    before = everything()
    run = actions.roll_back(load(a_market()), by=OFFICE, at=AT)
    assert (run.status, everything(), facts()) == ("rolled_back", before, {})
    assert {verdict for *_, verdict in lines(run)} == {"taken_back"}
    assert load(a_market()).counts == CREATED


def test_a_rollback_keeps_what_was_changed_or_used_since() -> None:
    """And what that stands on: the grant's app, seller and developer."""
    run = load(a_market())
    used = Grant.objects.get(seller__marketplace_id="A1")
    client = Client.objects.named("client-of-printer")
    parent = consent.take_refresh_token("Atzr|made up", client=client, at=AT)
    consent.issue(texts.access_text(), refresh_text="x", client=client, grant=used, family=None, parent=parent, at=AT)
    run = actions.roll_back(run, by=OFFICE, at=AT)
    kept = Line.objects.filter(run=run, verdict="kept").exclude(kind="tokens").values_list("kind", "key")
    assert list(kept.order_by("id")) == [
        ("developers", "label-works"),
        ("sellers", "A1"),
        ("apps", "printer"),
        ("grants", "printer/A1"),
    ]
    assert Line.objects.filter(run=run, verdict="kept", kind="tokens").count() == 1
    assert consent.take_refresh_token("Atzr|made up", client=client, at=AT).grant == used
    assert [one.marketplace_id for one in Seller.objects.all()] == ["A1"]


def test_a_rollback_leaves_what_others_imported() -> None:
    """Of two imports only the one is taken back."""
    load(a_market())
    second = load({"sellers.csv": as_csv([seller("A9")]), "grants.csv": as_csv([grant(seller="A9")])})
    actions.roll_back(second, by=OFFICE, at=AT)
    assert (Seller.objects.count(), Grant.objects.count(), facts()["grant"]) == (2, 2, 2)
    with pytest.raises(PiepowderError) as raised:
        actions.roll_back(Import.objects.named(second.id), by=OFFICE, at=AT)
    assert raised.value.code == "imports_not_over"


def test_a_process_that_died_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole pieces are kept; after five silent minutes the clock goes on, and nothing is there twice."""
    run = actions.check(a_market(), by=OFFICE, at=AT)
    actions.start(run, by=OFFICE, at=AT)

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(running.Work, "_grants", die)
    with pytest.raises(SystemExit):
        actions.carry_out(run.id, now=lambda: AT)
    monkeypatch.undo()
    assert (Import.objects.named(run.id).status, App.objects.count()) == ("running", 1)
    assert actions.run_due(now=lambda: AT + timedelta(minutes=4)) == 0
    assert actions.run_due(now=lambda: AT + timedelta(minutes=6)) == 1
    run = Import.objects.named(run.id)
    assert (run.status, run.counts, Grant.objects.count(), RefreshToken.objects.count()) == ("done", CREATED, 2, 1)


def test_a_failure_is_told_and_can_be_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed stands at the import; what was done stays done."""
    run = actions.check(a_market(), by=OFFICE, at=AT)
    actions.start(run, by=OFFICE, at=AT)

    def fail(*_: object, **__: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(running.Work, "_tokens", fail)
    run = actions.carry_out(run.id, now=lambda: AT)
    assert (run.status, "nobody foresaw" in run.problem, "fault" in run.problem) == ("failed", True, False)
    monkeypatch.undo()
    actions.start(run, by=OFFICE, at=AT)
    assert actions.run_due(now=lambda: AT) == 1
    assert (Import.objects.named(run.id).status, RefreshToken.objects.count()) == ("done", 1)


def test_files_are_forgotten_when_they_are_not_needed() -> None:
    """After the import, after a week without a start, and at once when it is dropped."""
    load(a_market())
    waiting = actions.check({"sellers.csv": as_csv([seller("A8")])}, by=OFFICE, at=AT)
    dropped = actions.check({"sellers.csv": as_csv([seller("A8")])}, by=OFFICE, at=AT)
    actions.drop(dropped, by=OFFICE, at=AT)
    actions.forget_files(at=AT)
    assert [one.run_id for one in File.objects.all()] == [waiting.id]
    actions.forget_files(at=AT + timedelta(days=8))
    assert File.objects.count() == 0


def test_no_text_of_a_token_or_secret_is_kept() -> None:
    """Only digests are in the files, and a row with a text instead is refused without repeating it."""
    bad = {"app": "printer", "seller": "A1", "refresh_token_sha256": "Atzr|the-very-token"}
    files = {**a_market(), "tokens.json": as_json([bad])}
    del files["tokens.csv"]
    run = actions.check(files, by=OFFICE, at=AT)
    line = Line.objects.get(run=run, kind="tokens")
    assert (line.verdict, line.column, "the-very" in line.words) == ("refused", "refresh_token_sha256", False)
