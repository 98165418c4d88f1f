"""The decision: bounds before policies, one verdict for each category, modes, and the strictest of several."""

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import PERSONAL
from piepowder.core.policy.decide import Prepared, apply_mode, decide, prepare, strictest
from piepowder.core.policy.model import Basis, Decision, Effect, Mode, Outcome, Verdict
from piepowder.core.policy.pack import read_pack
from tests.support.policy_questions import EVERYTHING, pack, question


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(read_pack("data-protection"))


def test_every_category_gets_exactly_one_verdict(prepared: Prepared) -> None:
    """A decision answers for each category it was asked about, and for no other."""
    decision = decide(question(), EVERYTHING, prepared)
    assert set(decision.verdicts) == EVERYTHING
    assert all(name == verdict.category for name, verdict in decision.verdicts.items())
    assert decide(question(), frozenset(), prepared).verdicts == {}


def test_without_the_capability_to_call_nothing_goes_out(prepared: Prepared) -> None:
    """An app whose standing does not let it call gets no category at all, on the basis of its standing."""
    verdicts = decide(question(standing=frozenset({"read_personal_data"})), EVERYTHING, prepared).verdicts
    assert {verdict.effect for verdict in verdicts.values()} == {Effect.WITHHOLD}
    assert {verdict.basis for verdict in verdicts.values()} == {Basis.STANDING}


def test_personal_data_switched_off_leaves_order_data_on(prepared: Prepared) -> None:
    """Without the capability to read personal data, only personal categories are withheld, substitutes included."""
    verdicts = decide(question(standing=frozenset({"call"})), EVERYTHING, prepared).verdicts
    assert {name for name, verdict in verdicts.items() if verdict.basis is Basis.STANDING} == PERSONAL
    assert verdicts["order.money"].effect is Effect.KEEP
    assert verdicts["buyer.email"].effect is Effect.WITHHOLD


def test_a_purpose_the_seller_did_not_agree_to_gets_nothing(prepared: Prepared) -> None:
    """A purpose outside the grant withholds every category, on the basis of consent."""
    verdicts = decide(question(granted_purposes=frozenset({"tax"})), EVERYTHING, prepared).verdicts
    assert {verdict.basis for verdict in verdicts.values()} == {Basis.CONSENT}


def test_a_grant_for_a_purpose_reaches_the_purposes_below_it(prepared: Prepared) -> None:
    """A seller who agreed to shipping agreed to printing labels, and not the other way round."""
    below = question(purpose="shipping.labels", granted_purposes=frozenset({"shipping"}))
    above = question(purpose="shipping", granted_purposes=frozenset({"shipping.labels"}))
    assert decide(below, EVERYTHING, prepared).verdicts["buyer.name"].effect is Effect.KEEP
    assert decide(above, EVERYTHING, prepared).verdicts["buyer.name"].basis is Basis.CONSENT


def test_a_narrowed_grant_withholds_what_was_left_out(prepared: Prepared) -> None:
    """Of what the manifest declares only the granted categories go out; a granted word covers the words below it."""
    asked = question(granted_categories=frozenset({"buyer.name", "buyer.address"}))
    verdicts = decide(asked, EVERYTHING, prepared).verdicts
    assert verdicts["buyer.name"].effect is Effect.KEEP
    assert verdicts["buyer.address.street"].effect is Effect.KEEP
    assert verdicts["buyer.phone"].basis is Basis.CONSENT
    assert verdicts["order.money"].basis is Basis.CONSENT


def test_a_narrowed_grant_leaves_undeclared_order_data_alone(prepared: Prepared) -> None:
    """Order data that the manifest need not declare cannot be narrowed away by a list that never offered it."""
    asked = question(granted_categories=frozenset({"buyer.name"}), declared=frozenset({"buyer.name"}))
    verdicts = decide(asked, EVERYTHING, prepared).verdicts
    assert verdicts["paging"].effect is Effect.KEEP
    assert verdicts["buyer.phone"].basis is Basis.CONSENT


def test_personal_data_needs_a_purpose(prepared: Prepared) -> None:
    """Without a purpose personal data is withheld for that reason, while order data is decided by policy."""
    verdicts = decide(question(purpose=None), EVERYTHING, prepared).verdicts
    assert {name for name, verdict in verdicts.items() if verdict.basis is Basis.PURPOSE} == PERSONAL
    assert verdicts["order.status"].effect is Effect.KEEP


def test_the_word_for_no_purpose_cannot_be_claimed(prepared: Prepared) -> None:
    """An app that names the purpose `none` claims a purpose that no seller agreed to."""
    asked = question(purpose="none", granted_purposes=frozenset({"shipping"}))
    assert decide(asked, EVERYTHING, prepared).verdicts["order.status"].basis is Basis.CONSENT


def test_personal_data_must_be_declared(prepared: Prepared) -> None:
    """A personal category outside the manifest is withheld for that reason; order data need not be declared."""
    verdicts = decide(question(declared=frozenset({"buyer.address"})), EVERYTHING, prepared).verdicts
    assert verdicts["buyer.address.street"].effect is Effect.KEEP
    assert verdicts["buyer.name"].basis is Basis.MANIFEST
    assert verdicts["order.money"].effect is Effect.KEEP


def test_a_category_nobody_listed_is_a_gap(prepared: Prepared) -> None:
    """A word that the taxonomy does not know is decided like any other: withheld, as nobody wrote a rule for it."""
    verdict = decide(question(), frozenset({"weather.today"}), prepared).verdicts["weather.today"]
    assert (verdict.effect, verdict.outcome, verdict.policies) == (Effect.WITHHOLD, Outcome.GAP, ())


def test_an_unlisted_personal_category_falls_under_the_rules_for_personal_data(prepared: Prepared) -> None:
    """A new word below `buyer` is personal at once: advertising is refused it by name of the rule."""
    asked = question(purpose="advertising", declared=frozenset({"buyer.shoe_size"}))
    verdict = decide(asked, frozenset({"buyer.shoe_size"}), prepared).verdicts["buyer.shoe_size"]
    assert (verdict.outcome, verdict.policies) == (Outcome.REFUSED, ("no-advertising",))


def test_a_policy_that_cannot_be_evaluated_closes_the_door() -> None:
    """Cedar skips a forbid that overflows; the decision withholds everything it might have guarded."""
    prepared = prepare(
        pack(
            '@id("open") @reason("Everything is open.") permit (principal, action == Action::"keep", resource);'
            '@id("broken") @reason("Overflows on purpose.") forbid (principal, action, resource)'
            " when { 9223372036854775807 + 1 > 0 };"
        )
    )
    verdict = decide(question(), frozenset({"buyer.name"}), prepared).verdicts["buyer.name"]
    assert (verdict.effect, verdict.outcome) == (Effect.WITHHOLD, Outcome.REFUSED)


def test_a_policy_can_name_one_app() -> None:
    """A permit for one app by its id says nothing about any other."""
    prepared = prepare(
        pack(
            '@id("friend") @reason("This app was checked by hand.")'
            ' permit (principal == App::"app_friend", action == Action::"keep", resource in DataCategory::"buyer.name");'
        )
    )
    names = frozenset({"buyer.name"})
    assert decide(question(app="app_friend"), names, prepared).verdicts["buyer.name"].effect is Effect.KEEP
    assert decide(question(app="app_other"), names, prepared).verdicts["buyer.name"].outcome is Outcome.GAP


def test_of_several_substitutes_the_strictest_is_given() -> None:
    """Where two permits name different substitutes, the one that gives away less is used, and only its policy is named."""
    prepared = prepare(
        pack(
            '@id("loose") @reason("The district is enough.") @substitute("outward")'
            ' permit (principal, action == Action::"substitute", resource);'
            '@id("tight") @reason("Nothing should show.") @substitute("mask")'
            ' permit (principal, action == Action::"substitute", resource);'
        )
    )
    verdict = decide(question(), frozenset({"buyer.address.postcode"}), prepared).verdicts["buyer.address.postcode"]
    assert (verdict.substitute, verdict.policies) == ("mask", ("tight",))


def test_a_substitute_that_does_not_fit_is_not_given() -> None:
    """A relay address cannot stand for a name: the name is withheld rather than replaced by nonsense."""
    prepared = prepare(
        pack(
            '@id("odd") @reason("Written in haste.") @substitute("alias")'
            ' permit (principal, action == Action::"substitute", resource in DataCategory::"buyer.name");'
        )
    )
    verdict = decide(question(), frozenset({"buyer.name"}), prepared).verdicts["buyer.name"]
    assert (verdict.effect, verdict.substitute) == (Effect.WITHHOLD, None)


@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_a_policy_without_name_or_reason_is_refused(effect: str) -> None:
    """A pack whose policy could not be named or explained does not compile."""
    with pytest.raises(PiepowderError) as refusal:
        prepare(pack(f"{effect} (principal, action, resource);"))
    assert refusal.value.code == "policy_pack_faulty"


def verdict(effect: Effect, basis: Basis = Basis.POLICY, substitute: str | None = None) -> Verdict:
    outcome = Outcome.PERMITTED if effect is not Effect.WITHHOLD else Outcome.REFUSED
    return Verdict(category="buyer.name", outcome=outcome, effect=effect, basis=basis, substitute=substitute)


def decision(*verdicts: Verdict) -> Decision:
    return Decision(question=question(), verdicts={verdict.category: verdict for verdict in verdicts})


KEEP = verdict(Effect.KEEP)
ALIAS = verdict(Effect.SUBSTITUTE, substitute="alias")
MASK = verdict(Effect.SUBSTITUTE, substitute="mask")
REFUSED = verdict(Effect.WITHHOLD)
NO_CONSENT = verdict(Effect.WITHHOLD, Basis.CONSENT)
NO_STANDING = verdict(Effect.WITHHOLD, Basis.STANDING)


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([KEEP, KEEP], KEEP),
        ([KEEP, ALIAS], ALIAS),
        ([MASK, ALIAS, KEEP], MASK),
        ([REFUSED, MASK], REFUSED),
        ([REFUSED, NO_CONSENT, KEEP], NO_CONSENT),
        ([NO_STANDING, REFUSED], NO_STANDING),
    ],
)
def test_the_strictest_verdict_wins(several: list[Verdict], expected: Verdict) -> None:
    """Withhold beats substitute beats keep, stricter substitutes beat looser ones, and what no mode lifts beats the rest."""
    assert strictest([decision(each) for each in several]) == {"buyer.name": expected}
    assert strictest([decision(each) for each in reversed(several)]) == {"buyer.name": expected}


def test_a_category_missing_from_one_decision_has_no_verdict() -> None:
    """Whoever combines decisions gets nothing for a category that one of them did not answer."""
    assert strictest([decision(KEEP), decision()]) == {}
    assert strictest([]) == {}


@pytest.mark.parametrize(
    ("mode", "given", "released"),
    [
        (Mode.ENFORCE, REFUSED, Effect.WITHHOLD),
        (Mode.ENFORCE, ALIAS, Effect.SUBSTITUTE),
        (Mode.SUBSTITUTE, REFUSED, Effect.KEEP),
        (Mode.SUBSTITUTE, ALIAS, Effect.SUBSTITUTE),
        (Mode.OBSERVE, REFUSED, Effect.KEEP),
        (Mode.OBSERVE, ALIAS, Effect.KEEP),
        (Mode.OBSERVE, verdict(Effect.WITHHOLD, Basis.MANIFEST), Effect.KEEP),
        (Mode.OBSERVE, verdict(Effect.WITHHOLD, Basis.PURPOSE), Effect.KEEP),
        *[(mode, each, Effect.WITHHOLD) for mode in Mode for each in (NO_CONSENT, NO_STANDING)],
        *[(mode, KEEP, Effect.KEEP) for mode in Mode],
    ],
)
def test_a_mode_lifts_only_what_a_policy_change_could_change(mode: Mode, given: Verdict, released: Effect) -> None:
    """Observe passes what policy, manifest or purpose hold back; substitute mode keeps substitutes; consent and standing bind."""
    verdicts, would_withhold = apply_mode({"buyer.name": given}, mode)
    assert verdicts["buyer.name"].effect is released
    assert would_withhold == (frozenset({"buyer.name"}) if released is not given.effect else frozenset())
    assert verdicts["buyer.name"].outcome is given.outcome
    assert verdicts["buyer.name"].policies == given.policies


def test_a_lifted_substitute_names_no_substitute_any_more() -> None:
    """What is passed plain in observe mode says so: no substitute is left in its verdict."""
    verdicts, _ = apply_mode({"buyer.name": ALIAS}, Mode.OBSERVE)
    assert verdicts["buyer.name"].substitute is None


def test_delivered_is_open_and_closed_is_not(prepared: Prepared) -> None:
    """The order's state alone turns a release into a refusal."""
    name = frozenset({"buyer.name"})
    effects = {
        state: decide(question(order_state=state), name, prepared).verdicts["buyer.name"].effect for state in OrderState
    }
    assert {state for state, effect in effects.items() if effect is Effect.KEEP} == {
        OrderState.UNSHIPPED,
        OrderState.SHIPPED,
        OrderState.DELIVERED,
    }
