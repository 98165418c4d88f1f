from dataclasses import replace
from typing import Any

import pytest

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.rooms.appstore import manifests
from piepowder.rooms.appstore.rules import AppKind, versions
from piepowder.rooms.appstore.rules.caps import Reach, check_room, sellers_max
from piepowder.rooms.appstore.rules.checks import Application, Observed, Offered, Outcome, check, failed
from piepowder.rooms.appstore.rules.differences import manifest_difference, personal_in
from piepowder.rooms.appstore.rules.versions import Word, check_percent, judged, place_of
from piepowder.rooms.ground.machine import draw

CATALOGUE = {
    one.id: Offered(roles=one.roles, categories=one.categories) for one in load_catalogue("spapi").operations.values()
}
SHIPPING = ManifestFact(
    {"orders.v0.getOrders": ("shipping",), "orders.v0.getOrderAddress": ("shipping",)},
    {"shipping": ("buyer.address", "buyer.name")},
)
FINE = Application(
    name="Label maker",
    own_use=False,
    description="Prints the label of every order that a seller ships, and nothing else.",
    privacy_policy_url="https://labels.example.com/privacy",
    support_email="help@labels.example.com",
    support_url="",
    redirect_uris=("https://labels.example.com/return",),
    login_uri="",
    webhook_urls=(),
    manifest=SHIPPING,
    roles=frozenset({"direct_to_consumer_shipping"}),
    assessed=frozenset({"direct_to_consumer_shipping"}),
    alike=(),
    catalogue=CATALOGUE,
    observed=Observed(),
)


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    """The drawing of a version's life is what the table says."""
    drawing = "\n".join("    " + line for line in draw(versions.TRANSITIONS).splitlines())
    assert drawing in (versions.__doc__ or "")
    assert set(versions.MOVES) == set(versions.STATUS_WORDS) == set(versions.TRANSITIONS)


def test_a_good_application_passes_every_check() -> None:
    """Every check says something, and nothing of it is to put right."""
    results = check(FINE)
    assert {one.outcome for one in results} == {Outcome.PASSED}
    assert all(one.sentence and one.clause for one in results)


def test_two_identical_apps_get_the_same_verdict() -> None:
    """The same application has the same results, whoever asks and however often."""
    bad = replace(FINE, redirect_uris=("http://x.example/",), assessed=None, alike=("Label rnaker",))
    assert check(bad) == check(replace(bad)) == check(bad)


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"manifest": ManifestFact({}, {})}, "manifest", "names no operation"),
        ({"description": "Labels."}, "description", "at least 40 characters"),
        (
            {"manifest": ManifestFact({"orders.v0.getOrders": ("tax",)}, {"tax": ("buyer.regulated",)})},
            "returned",
            "no operation that it calls for that returns it",
        ),
        ({"assessed": frozenset()}, "roles", "does not cover"),
        ({"assessed": None}, "roles", "no assessment in force"),
        ({"roles": frozenset()}, "operations", "one of these roles"),
        ({"assessed": frozenset({"finance"})}, "purposes", "takes the role Direct-to-Consumer Shipping"),
        ({"redirect_uris": ("http://labels.example.com/",)}, "redirects", "plain http"),
        ({"redirect_uris": ()}, "redirects", "at least one return address"),
        ({"login_uri": "javascript:alert(1)"}, "redirects", "neither https nor http"),
        ({"webhook_urls": ("https://10.0.0.1/",)}, "webhooks", "a number, not a host"),
        ({"privacy_policy_url": ""}, "privacy", "privacy policy is missing"),
        ({"privacy_policy_url": "https://printer.local/"}, "privacy", "own network"),
        ({"support_email": ""}, "contact", "somebody to ask"),
        ({"name": "Label\u202ereknam"}, "name", "U+202E"),
    ],
)
def test_what_is_wrong_is_named_with_its_clause(changes: dict[str, Any], name: str, words: str) -> None:
    """Each check fails for its own reason, in a sentence."""
    bad = [one for one in failed(check(replace(FINE, **changes))) if one.check == name]
    assert bad
    assert any(words in one.sentence for one in bad)
    assert all(one.clause for one in bad)


def test_an_app_without_buyers_needs_no_assessment_of_them() -> None:
    """Order data for metrics takes the role of the operation, and no purpose of shoppers' data."""
    manifest = ManifestFact({"orders.v0.getOrders": ("metrics",)}, {"metrics": ("order.item",)})
    role = frozenset({"inventory_and_order_tracking"})
    assert failed(check(replace(FINE, manifest=manifest, roles=role, assessed=role))) == []


def test_an_own_use_app_needs_no_page_for_strangers() -> None:
    """Return address, privacy policy and contact are for other sellers; the data rules are the same."""
    bare: dict[str, Any] = {"redirect_uris": (), "privacy_policy_url": "", "support_email": ""}
    own = replace(FINE, own_use=True, **bare)
    assert failed(check(own)) == []
    assert failed(check(replace(own, assessed=None)))


def test_declared_and_never_used_is_noted() -> None:
    """After enough calls, shoppers' data that never came out is pointed at; that of a group counts for the group."""
    observed = Observed(calls=40, came=frozenset({("shipping.labels", "buyer.address.street")}))
    noted = [one for one in check(replace(FINE, observed=observed)) if one.outcome is Outcome.NOTED]
    assert [one.check for one in noted] == ["unused"]
    assert "the buyer's name" in noted[0].sentence
    few = replace(FINE, observed=Observed(calls=3))
    assert {one.outcome for one in check(few)} == {Outcome.PASSED}


def test_names_that_look_alike_are_for_a_reviewer() -> None:
    """A look-alike name does not stop the submission; it is noted where both sides read it."""
    results = check(replace(FINE, alike=("Label rnaker",)))
    assert failed(results) == []
    assert [one.check for one in results if one.outcome is Outcome.NOTED] == ["name"]


def test_the_difference_of_two_manifests() -> None:
    """More widens and asks again; less narrows and does not; a part of a declared group is nothing new."""
    less = ManifestFact({"orders.v0.getOrders": ("shipping",)}, {"shipping": ("buyer.address.postcode",)})
    wider, narrower = manifest_difference(less, SHIPPING), manifest_difference(SHIPPING, less)
    assert (wider.widens, narrower.widens, narrower.narrows) == (True, False, True)
    assert wider.operations == (("shipping", "orders.v0.getOrderAddress"),)
    assert wider.categories == (("shipping", "buyer.address"), ("shipping", "buyer.name"))
    assert narrower.gone_categories == (("shipping", "buyer.address"), ("shipping", "buyer.name"))
    assert not manifest_difference(SHIPPING, SHIPPING).widens
    assert manifest_difference(None, SHIPPING).purposes == ("shipping",)
    assert personal_in(SHIPPING) == ("buyer.address", "buyer.name")


def test_a_checklist_is_answered_whole() -> None:
    """Every point has an answer, every refusal its reason; one refusal returns the version."""
    fine = {"a": (True, ""), "b": (True, "")}
    assert judged(["a", "b"], fine) is Word.APPROVE
    assert judged(["a", "b"], {**fine, "b": (False, "too much")}) is Word.RETURN
    for answers in ({"a": (True, "")}, {**fine, "b": (False, " ")}, {**fine, "c": (True, "")}):
        with pytest.raises(PiepowderError) as raised:
            judged(["a", "b"], answers)
        assert raised.value.code == "appstore_checklist_incomplete"


def test_places_in_a_roll_out_are_even_and_lasting() -> None:
    """A seller's place is the same for ever, another for another version, and about a tenth are below ten."""
    places = [place_of("app_1", "2", f"sel_{number}") for number in range(2000)]
    assert places == [place_of("app_1", "2", f"sel_{number}") for number in range(2000)]
    assert places != [place_of("app_1", "3", f"sel_{number}") for number in range(2000)]
    assert 140 < sum(place < 10 for place in places) < 260
    assert {min(places), max(places)} == {0, 99}


@pytest.mark.parametrize(
    ("percent", "before", "first", "code"),
    [
        (0, 0, False, "appstore_rollout_percent"),
        (101, 0, False, "appstore_rollout_percent"),
        (50, 0, True, "appstore_rollout_first"),
        (10, 20, False, "appstore_rollout_shrinks"),
    ],
)
def test_a_roll_out_only_grows(percent: int, before: int, first: bool, code: str) -> None:
    """One to a hundred per cent, never less than before; a first version is for everybody."""
    with pytest.raises(PiepowderError) as raised:
        check_percent(percent, before=before, first=first)
    assert raised.value.code == code


def test_caps_on_sellers() -> None:
    """Ten for own use, twenty-five before a listing, none for listed apps and what the marketplace brought in."""
    caps = {(kind, reach): sellers_max(kind, reach, own_use=10, unlisted=25) for kind in AppKind for reach in Reach}
    assert {caps[AppKind.OWN_USE, reach] for reach in Reach} == {10}
    assert caps[AppKind.PUBLIC, Reach.UNLISTED] == 25
    assert {caps[AppKind.PUBLIC, Reach.LISTED], caps[AppKind.PUBLIC, Reach.OPEN]} == {None}
    check_room("Label maker", AppKind.PUBLIC, 25, 24)
    check_room("Label maker", AppKind.PUBLIC, None, 10_000)
    with pytest.raises(PiepowderError) as raised:
        check_room("Label maker", AppKind.OWN_USE, 10, 10)
    assert raised.value.code == "appstore_sellers_full"


def test_a_manifest_is_read_from_json_and_yaml() -> None:
    """Both say the same, whatever order and repetition."""
    as_json = b'{"operations": {"orders.v0.getOrders": ["tax", "tax"]}, "categories": {"tax": ["b", "a", "a"]}}'
    as_yaml = b"operations:\n  orders.v0.getOrders: [tax]\ncategories:\n  tax: [a, b]\n"
    one, other = manifests.manifest_from_file(as_json), manifests.manifest_from_file(as_yaml)
    assert (one.operations, one.categories) == (other.operations, other.categories)
    assert one.categories == {"tax": ("a", "b")}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"just words",
        b"\xff\xfe",
        b"{",
        b'{"operations": []}',
        b'{"operations": {"a": "tax"}}',
        b'{"operations": {"a": ["tax"]}, "surprise": 1}',
        b'{"operations": {"a": [1]}}',
        b'{"operations": {"a\\u0000": ["tax"]}}',
        b"operations: &a\n  b: &c [x]\ncategories: *a\n",
        b"operations: !!python/object/apply:os.system ['true']\n",
        b"[" * 100_000,
        b" " * (manifests.FILE_BYTES_MAX + 1),
        b'{"operations": {' + b",".join(b'"o%d": ["tax"]' % number for number in range(1001)) + b"}}",
    ],
)
def test_a_file_that_is_no_manifest_is_refused(data: bytes) -> None:
    """Wrong kinds, unknown members, aliases, objects, depth and size end in one sentence, never in a failure."""
    with pytest.raises(PiepowderError) as raised:
        manifests.manifest_from_file(data)
    assert raised.value.code == "appstore_manifest_unreadable"


def test_one_purpose_is_written_beside_the_others() -> None:
    """Boxes of one purpose replace what it had, and leave what others call and ask for."""
    both = ManifestFact({"a": ("shipping", "tax"), "b": ("tax",)}, {"tax": ("x",), "shipping": ("y",)})
    written = manifests.with_purpose(both, "tax", operations=["c"], categories=["z"])
    assert written.operations == {"a": ("shipping",), "c": ("tax",)}
    assert written.categories == {"shipping": ("y",), "tax": ("z",)}
    assert manifests.without_purpose(both, "tax").operations == {"a": ("shipping",)}
