"""Rows become a snapshot; what cannot be read is read as strictly as it could be meant."""

from typing import Any

import pytest
from msgspec import NODEFAULT, Struct, structs, to_builtins

from piepowder.core.facts.model import (
    KINDS,
    AppFact,
    GrantFact,
    ManifestFact,
    PolicyFact,
    RevokedTokenFact,
    SellerFact,
    StandingFact,
)
from piepowder.core.facts.shared import Shared
from piepowder.core.facts.snapshot import FOREVER, Changes, Row, Snapshot, read_rows
from piepowder.core.facts.table import Table
from piepowder.core.kernel.json import encode_text

DIGEST = "ab" * 32
MANIFEST = ManifestFact({"orders.v0.getOrder": ("shipping",)}, {"shipping": ("buyer.name",)})


def app(name: str = "app_1", **fields: Any) -> AppFact:
    return AppFact(id=name, developer="dev_1", name="Made up", versions={"1": MANIFEST}, **fields)


def grant(name: str = "grt_1", **fields: Any) -> GrantFact:
    return GrantFact(id=name, app="app_1", seller="sel_1", version="1", purposes=("shipping",), **fields)


def row(kind: str, key: str, fact: Any, number: int = 1) -> Row:
    return Row(kind, key, None if fact is None else encode_text(fact), number)


ALL = [
    row("app", "app_1", app()),
    row("seller", "sel_1", SellerFact(id="sel_1", marketplace_id="A1")),
    row("grant", "grt_1", grant()),
    row("standing", "app_1", StandingFact(capabilities=("call", "read_personal_data"))),
    row("standing", "dev_1", StandingFact(capabilities=("call",))),
    row("policy", "current", PolicyFact(version="p@1", files={"pack.toml": ""})),
    row("revoked_token", DIGEST, RevokedTokenFact(until=5.0), 9),
]


def after(*steps: list[Row]) -> tuple[Snapshot, list[Changes]]:
    snapshot, shared, read = Snapshot(), Shared(), []
    for rows in steps:
        read.append(read_rows(rows, shared=shared))
        snapshot = snapshot.with_changes(read[-1])
    return snapshot, read


def test_every_kind_finds_its_place() -> None:
    """Each kind of the contract is read, by key, under the newest number."""
    snapshot, [changes] = after(ALL)
    assert {row.kind for row in ALL} == set(KINDS)
    assert snapshot.number == 9
    assert encode_text(snapshot.apps["app_1"]) == encode_text(app())
    assert encode_text(snapshot.grants["grt_1"]) == encode_text(grant())
    assert snapshot.sellers["sel_1"].marketplace_id == "A1"
    assert snapshot.policy is not None
    assert snapshot.policy.version == "p@1"
    assert dict(snapshot.revoked_tokens) == {bytes.fromhex(DIGEST): 5.0}
    assert changes.keys == [(row.kind, row.key) for row in ALL]
    assert changes.unreadable == []


def test_removal_takes_out_and_nothing_else() -> None:
    """A removed fact is gone, everything else is the very same object, and the older snapshot keeps what it had."""
    before, _ = after(ALL)
    changes = read_rows([row("grant", "grt_1", None, 12)], shared=Shared())
    later = before.with_changes(changes)
    assert "grt_1" not in later.grants
    assert "grt_1" in before.grants
    assert later.number == 12
    assert later.apps["app_1"] is before.apps["app_1"]
    assert later.policy is before.policy


def test_the_last_row_of_a_key_wins() -> None:
    """Within one fetch as between two."""
    snapshot, _ = after([row("grant", "grt_1", grant()), row("grant", "grt_1", grant(expires_at=7.0))])
    assert snapshot.grants["grt_1"].expires_at == 7.0
    snapshot, _ = after([row("grant", "grt_1", None), row("grant", "grt_1", grant())], [row("grant", "grt_1", None)])
    assert len(snapshot.grants) == 0


def test_numbers_never_go_back() -> None:
    """Changes without rows leave the number where it is."""
    before, _ = after(ALL)
    assert before.with_changes(Changes()).number == 9


def test_capabilities_need_app_and_developer() -> None:
    """An app may do what its own standing and its developer's both allow; without a row of either, nothing."""
    snapshot, _ = after(ALL)
    assert snapshot.capabilities(snapshot.apps["app_1"]) == {"call"}
    without, _ = after(ALL, [row("standing", "dev_1", None)])
    assert without.capabilities(without.apps["app_1"]) == frozenset()


@pytest.mark.parametrize("body", ["{", "{}", "[]", "null", '{"id": 7}', "\ud800"])
@pytest.mark.parametrize("kind", ["app", "grant", "seller", "standing", "policy"])
def test_what_cannot_be_read_is_not_there(kind: str, body: str) -> None:
    """A row that makes no sense takes the fact of that key away, and is reported; the others are read."""
    keys = {"app": "app_1", "grant": "grt_1", "seller": "sel_1", "standing": "app_1", "policy": "current"}
    snapshot, [_, changes] = after(ALL, [Row(kind, keys[kind], body, 20), row("grant", "grt_2", grant("grt_2"))])
    places: dict[str, Table[str, Any]] = {
        "app": snapshot.apps,
        "grant": snapshot.grants,
        "seller": snapshot.sellers,
        "standing": snapshot.standing,
    }
    there = snapshot.policy is not None if kind == "policy" else keys[kind] in places[kind]
    assert not there
    assert [(each.kind, each.key) for each in changes.unreadable] == [(kind, keys[kind])]
    assert "grt_2" in snapshot.grants
    assert snapshot.number == 20


def test_a_revocation_that_cannot_be_read_revokes_for_good() -> None:
    """The strictest reading of a revocation is that the token is dead."""
    snapshot, [changes] = after([Row("revoked_token", DIGEST, "{", 1), Row("revoked_token", "no hex", "{}", 1)])
    assert dict(snapshot.revoked_tokens) == {bytes.fromhex(DIGEST): FOREVER}
    assert len(changes.unreadable) == 2


def test_a_fact_under_another_ones_key_is_refused() -> None:
    """A body that names another id than its key is not believed."""
    snapshot, [changes] = after([row("grant", "grt_2", grant("grt_1"))])
    assert len(snapshot.grants) == 0
    assert [each.key for each in changes.unreadable] == ["grt_2"]


def test_a_kind_of_a_later_release_is_left_alone() -> None:
    """An unknown kind is reported and changes nothing but the number."""
    snapshot, [changes] = after([Row("weather", "x", "{}", 3)])
    assert (snapshot.number, changes.keys, changes.unreadable[0].why) == (3, [], "unknown kind")


def test_equal_values_are_kept_once() -> None:
    """Grants share the ids of apps and sellers, purposes and categories; apps share manifests."""
    many = [row("grant", f"grt_{n}", grant(f"grt_{n}", narrowed={"tax": ("buyer.name",)})) for n in (1, 2)]
    snapshot, _ = after(ALL[:2], [row("app", "app_2", app("app_2"))], many)
    one, two = snapshot.grants["grt_1"], snapshot.grants["grt_2"]
    assert one.app is two.app is snapshot.apps["app_1"].id
    assert one.seller is snapshot.sellers["sel_1"].id
    assert one.purposes is two.purposes
    assert one.narrowed is two.narrowed
    assert snapshot.apps["app_1"].versions["1"] is snapshot.apps["app_2"].versions["1"]


def test_sharing_never_mixes_values_up() -> None:
    """A full pool forgets; what is read stays right."""
    shared = Shared()
    for number in range(120_000):
        words = (f"word {number}", "same")
        assert shared.words(words) == words
    assert encode_text(shared.app(app())) == encode_text(app())


def test_revocations_of_expired_tokens_are_forgotten() -> None:
    """Once a token has expired by itself, its revocation is no longer kept."""
    snapshot, _ = after(
        [
            row("revoked_token", DIGEST, RevokedTokenFact(until=5.0)),
            row("revoked_token", "cd" * 32, RevokedTokenFact(until=50.0)),
        ]
    )
    assert list(snapshot.without_revocations_before(10.0).revoked_tokens) == [bytes.fromhex("cd" * 32)]
    assert snapshot.without_revocations_before(1.0) is snapshot


def test_nothing_of_a_fact_is_lost_on_the_way() -> None:
    """Sharing equal values changes none: every field of an app, a manifest and a grant arrives as it was published."""
    whole = AppFact(
        id="app_1",
        developer="dev_1",
        name="Made up",
        environment="sandbox",
        roles=("finance",),
        current_version="2",
        versions={"1": ManifestFact({"a.b": ("tax",)}, {"tax": ("buyer",)}, True), "2": MANIFEST},
        modes={"*": "observe"},
        modes_until={"*": 1_900_000_000.5},
        rates={"a.b": (0.5, 3)},
    )
    given = grant(narrowed={"tax": ("buyer.name",)}, expires_at=7.5)
    for kind, fact in (("app", whole), ("grant", given)):
        assert all(getattr(fact, name) != value for name, value in _defaults(type(fact)).items())
        snapshot, _ = after([row(kind, fact.id, fact)])
        read = getattr(snapshot, f"{kind}s")[fact.id]
        assert to_builtins(read) == to_builtins(fact)


def _defaults(shape: type[Struct]) -> dict[str, Any]:
    """The fields that may be left out, with what they are then: a value of the test must differ to prove anything."""
    fields = {each.name: each for each in structs.fields(shape)}
    return {
        name: each.default if each.default is not NODEFAULT else each.default_factory()
        for name, each in fields.items()
        if not each.required
    }
