"""Checking a pack: faults with their place, doubts, gaps; example questions; explanations."""

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.cedar import Fault
from piepowder.core.policy.check import Report, check
from piepowder.core.policy.decide import apply_mode, decide, prepare
from piepowder.core.policy.examples import read_examples, run_examples
from piepowder.core.policy.explain import explain, explain_decision
from piepowder.core.policy.model import Mode
from piepowder.core.policy.pack import Pack, read_pack
from piepowder.core.policy.source import statements
from tests.support.policy_questions import pack, question

NOTES = '@id("{}") @reason("Made up for a test.") '
RULE = NOTES.format("rule") + 'permit (principal, action == Action::"keep", resource);'
QUESTION = '[[question]]\nname = "q"\ncategories = ["order.item"]\neffect = "keep"\noutcome = "permitted"\npolicies = ["rule"]\n'


def only_error(cedar: str, **files: str) -> Fault:
    report = check(pack(cedar, **files))
    assert len(report.errors) == 1, report.errors
    return report.errors[0]


def warnings(cedar: str, **files: str) -> list[str]:
    report = check(pack(cedar, **{"questions.toml": QUESTION, **files}))
    assert report.errors == ()
    return [fault.message for fault in report.warnings]


@pytest.mark.parametrize(
    ("cedar", "line", "column", "words"),
    [
        (RULE + "\n\npermit (principal, action, resource)\nwhen { context.declared = true };", 4, 25, "'='"),
        ("permit (principal, action\n  resource);", 2, 3, "`resource`"),
        ("permit (principal, action, resource) when { foo };", 1, 45, "foo"),
        ("permit (principal, action, resource)", 1, 36, "end of input"),
        ('// "quoted; and" over\n/ permit (principal, action, resource);', 2, 1, "/"),
        ("permit (principal == ?principal, action, resource);", 1, 22, "?principal"),
        ('@id("a;b")\npermit (principal, action, resource) when { "unclosed };', 2, 45, ""),
        (
            RULE + '\npermit (principal, action, resource) when { context.orderState == OrderState::"lost" };',
            2,
            67,
            "lost",
        ),
        (RULE + "\npermit (principal, action, resource)\nwhen { context.colour };", 3, 16, "colour"),
        (RULE + '\npermit (principal, action, resource in Role::"finance");', 2, 1, "applicable action"),
    ],
)
def test_a_fault_is_named_with_line_and_column(cedar: str, line: int, column: int, words: str) -> None:
    """What Cedar cannot read, or what the schema does not know, is shown at its place in the file."""
    fault = only_error(cedar)
    assert (fault.file, fault.line, fault.column) == ("test.cedar", line, column)
    assert words in fault.message


def test_every_faulty_policy_is_named() -> None:
    """Faults in several policies and files are listed together."""
    bad = "permit (principal action);"
    report = check(Pack.from_files({**pack(bad + "\n" + RULE + "\n" + bad).files, "more.cedar": bad}))
    assert [(fault.file, fault.line) for fault in report.errors] == [
        ("more.cedar", 1),
        ("test.cedar", 1),
        ("test.cedar", 3),
    ]


@pytest.mark.parametrize(
    ("cedar", "words"),
    [
        ('permit (principal, action == Action::"keep", resource);', "no name"),
        ('@id("A b") @reason("Made up for a test.") forbid (principal, action, resource);', "cannot be the id"),
        ('@id("a") forbid (principal, action, resource);', "no reason"),
        ('@id("a") @reason("no full stop at all") forbid (principal, action, resource);', "no reason"),
        (NOTES.format("a") + "permit (principal, action, resource);", "does not say which"),
        (NOTES.format("a") + '@substitute("fog") permit (principal, action, resource);', "no substitute `fog`"),
        (NOTES.format("a") + '@substitute("mask") forbid (principal, action, resource);', "stands only on a permit"),
        (
            NOTES.format("a") + '@substitute("mask") permit (principal, action == Action::"keep", resource);',
            "stands only",
        ),
        (RULE + "\n" + RULE, "is taken by test.cedar, line 1"),
    ],
)
def test_a_policy_that_cannot_be_named_or_explained_is_an_error(cedar: str, words: str) -> None:
    """Missing or wrong `@id`, `@reason` and `@substitute` are errors of the check, and keep a pack from compiling."""
    report = check(pack(cedar))
    assert any(words in fault.message for fault in report.errors), report.errors
    with pytest.raises(PiepowderError) as refusal:
        prepare(pack(cedar))
    assert words in refusal.value.message


def test_a_pack_may_not_change_the_schema() -> None:
    """A pack with a schema of its own is in error."""
    assert "not a pack's to change" in only_error(RULE, **{"schema.cedarschema": "entity App;"}).message


def test_a_pack_without_policies_is_in_error() -> None:
    """An empty pack says nothing, so it is refused by the check."""
    assert "no policy" in only_error("").message


def test_a_substitute_that_cannot_stand_for_its_category_is_an_error() -> None:
    """A relay address for a name is found by asking, and named with category and purpose."""
    odd = (
        NOTES.format("odd")
        + '@substitute("alias") permit (principal, action == Action::"substitute", resource in DataCategory::"buyer.name");'
    )
    report = check(pack(odd))
    assert report.errors
    assert all("`buyer.name`" in fault.message for fault in report.errors)


@pytest.mark.parametrize(
    ("cedar", "words"),
    [
        (RULE.replace("permit", '@colour("red") permit'), "nothing reads `@colour`"),
        (RULE.replace(";", ' unless { principal in Role::"tax_invoicin" };'), 'Role::"tax_invoicin" is not among'),
        (RULE.replace(";", ' unless { context.purpose in Purpose::"shiping" };'), 'Purpose::"shiping" is not among'),
        (RULE + NOTES.format("idle") + "forbid (principal, action, resource) when { 1 == 2 };", "never decides"),
    ],
)
def test_doubts_are_warnings(cedar: str, words: str) -> None:
    """Unknown words, unread annotations and policies that never decide are named without failing the pack."""
    assert any(words in message for message in warnings(cedar))


def test_a_pack_without_examples_is_warned_of() -> None:
    """Example questions are asked for."""
    assert any("no example questions" in message for message in warnings(RULE, **{"questions.toml": ""}))


def test_a_policy_about_one_app_or_operation_is_not_called_idle() -> None:
    """The check asks about one app and one operation only, so it does not judge policies about others."""
    cedar = RULE + NOTES.format("one") + 'forbid (principal == App::"app_x", action, resource);'
    cedar += (
        NOTES.format("two") + 'forbid (principal, action, resource) when { context.operation == "other.operation" };'
    )
    assert warnings(cedar) == []


def test_gaps_stand_together() -> None:
    """Categories that are open in the very same calls are listed as one gap, with roles and states."""
    cedar = NOTES.format("orders") + 'permit (principal, action == Action::"keep", resource in DataCategory::"order");'
    report: Report = check(pack(cedar, **{"questions.toml": ""}))
    shipping = [gap for gap in report.gaps if gap.purpose == "shipping"]
    assert len(shipping) == 1
    assert "buyer.name" in shipping[0].categories
    assert "order.item" not in shipping[0].categories


@pytest.mark.parametrize(
    "text",
    [
        "[[question]",
        '[[question]]\nname = "a"\n',
        QUESTION + 'colour = "red"\n',
        QUESTION.replace('"permitted"', '"perhaps"'),
        QUESTION + 'state = "lost"\n',
    ],
)
def test_example_questions_that_cannot_be_read_are_named(text: str) -> None:
    """Bad TOML, missing, unknown and impossible fields are one clear error."""
    with pytest.raises(PiepowderError) as refusal:
        read_examples(pack(RULE, **{"questions.toml": text}))
    assert refusal.value.code == "policy_questions_unreadable"
    assert any("cannot be read" in fault.message for fault in check(pack(RULE, **{"questions.toml": text})).errors)


def test_an_example_that_turns_out_otherwise_says_how() -> None:
    """A wrong expectation is reported with what was found and what was written."""
    text = QUESTION.replace('"keep"', '"withhold"').replace('["rule"]', '["other"]')
    (result,) = run_examples(prepare(pack(RULE, **{"questions.toml": text})))
    assert not result.ok
    assert result.differences == ("effect is `keep`, not `withhold`", "policies is `rule`, not `other`")


def test_an_explanation_names_what_why_and_where() -> None:
    """A refusal in words: the field, the purpose, the policy with file and line, and what would change it."""
    prepared = prepare(read_pack("data-protection"))
    asked = question(roles=frozenset({"inventory_and_order_tracking"}))
    (explanation,) = explain_decision(decide(asked, frozenset({"buyer.name"}), prepared), prepared)
    assert explanation.sentences == (
        "`buyer.name` (the buyer's name) is withheld to deliver what was bought, order unshipped.",
        "A policy refuses it.",
        "policy `shipping-needs-its-role` (shipping.cedar, line 3): Personal data for shipping needs the role "
        "Direct-to-Consumer Shipping; the app's developer can apply for it.",
    )
    assert explanation.policies[0].text.startswith('@id("shipping-needs-its-role")')


@pytest.mark.parametrize(
    ("given", "basis", "hint"),
    [
        ({"standing": frozenset()}, "standing of the app", "case in the developer's console"),
        ({"granted_purposes": frozenset()}, "seller has agreed to", "consent page"),
        ({"purpose": None}, "missing purpose", "x-piepowder-purpose"),
        ({"declared": frozenset()}, "manifest", "new version of the app"),
        ({"purpose": "gardening"}, "a gap", "operators"),
    ],
)
def test_each_basis_has_its_words(given: dict[str, object], basis: str, hint: str) -> None:
    """Standing, consent, purpose, manifest and gaps are each told apart, with what would change them."""
    prepared = prepare(read_pack("minimal"))
    (explanation,) = explain_decision(decide(question(**given), frozenset({"buyer.name"}), prepared), prepared)
    assert basis in explanation.basis
    assert hint in explanation.why


def test_what_a_mode_lets_pass_is_not_called_permitted() -> None:
    """In observe mode an explanation says that the field goes out because of the mode, and what the policy thinks."""
    prepared = prepare(read_pack("data-protection"))
    asked = question(purpose="advertising")
    lifted, _ = apply_mode(decide(asked, frozenset({"buyer.name"}), prepared).verdicts, Mode.OBSERVE)
    explanation = explain(lifted["buyer.name"], asked, prepared.rules)
    assert "only because of the mode" in explanation.what
    assert explanation.basis == "A policy refuses it."


def test_an_explanation_of_an_old_decision_names_unknown_policies() -> None:
    """Policies that are no longer in the pack are named, though nothing else is known of them."""
    old = decide(question(), frozenset({"buyer.name"}), prepare(pack(RULE))).verdicts["buyer.name"]
    explanation = explain(old, question(), {})
    assert [line.id for line in explanation.policies] == ["rule"]


def test_statements_are_told_apart_by_their_own_semicolons() -> None:
    """Semicolons in strings and comments end nothing; every statement knows its line."""
    text = '// one; two\npermit (principal, action, resource) when { ";" == ";" };\n\n\n// end;\nforbid (principal, action, resource);\n'
    assert [(statement.line, statement.text.split(" ")[0]) for statement in statements("a.cedar", text)] == [
        (2, "permit"),
        (6, "forbid"),
    ]
