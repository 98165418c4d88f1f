"""Packs: reading, digests, extension, and what the shipped ones say."""

from itertools import product
from pathlib import Path

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import PERSONAL
from piepowder.core.policy.cedar import base_schema
from piepowder.core.policy.check import check, gap_world
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.examples import run_examples
from piepowder.core.policy.model import Effect, Outcome, Verdict
from piepowder.core.policy.pack import Pack, read_pack, shipped_packs
from piepowder.core.policy.table import Cell, compile_table
from piepowder.core.policy.taxonomy import PURPOSES, ROLES
from tests.support.policy_questions import EVERYTHING, OPEN_STATES, pack, question

RULE = '@id("rule") @reason("Made up for a test.") permit (principal, action == Action::"keep", resource);'
ANY_ROLES = frozenset(ROLES)


@pytest.fixture(scope="module")
def default() -> Prepared:
    return prepare(read_pack("data-protection"))


@pytest.fixture(scope="module")
def whole(default: Prepared) -> dict[Cell, Verdict]:
    """The default pack for no role, each role and all roles, every purpose, state and category."""
    return compile_table(default, gap_world(default.engine.rules))


def test_the_packs_that_come_along() -> None:
    """Three packs are shipped, each named as its folder."""
    assert shipped_packs() == ("data-protection", "minimal", "strict")
    assert [read_pack(name).name for name in shipped_packs()] == list(shipped_packs())


@pytest.mark.parametrize("name", shipped_packs())
def test_a_shipped_pack_is_sound_and_answers_its_own_questions(name: str) -> None:
    """Every shipped pack passes its check without warnings and its example questions without a difference."""
    read = read_pack(name)
    report = check(read)
    assert (report.errors, report.warnings) == ((), ())
    assert [result for result in run_examples(prepare(read)) if not result.ok] == []


@pytest.mark.parametrize("name", shipped_packs())
def test_a_shipped_pack_carries_the_schema(name: str) -> None:
    """The schema beside a shipped pack is the one that packs are held to."""
    assert read_pack(name).files["schema.cedarschema"] == base_schema()


@pytest.mark.parametrize("name", ["data-protection", "minimal"])
def test_every_policy_of_a_shipped_pack_has_an_example(name: str) -> None:
    """No policy of these packs is left without an example question that it decides."""
    prepared = prepare(read_pack(name))
    decided = {policy for result in run_examples(prepared) for policy in result.policies}
    assert {rule.id for rule in prepared.engine.rules} - decided - {"email-only-as-relay-address"} == set()


@pytest.mark.parametrize("name", ["data-protection", "strict"])
def test_no_known_purpose_meets_a_gap(name: str) -> None:
    """Every category, purpose, role set and state is decided by a policy that somebody wrote."""
    assert check(read_pack(name)).gaps == ()


def test_the_minimal_pack_has_gaps_and_says_so() -> None:
    """The smallest pack leaves calls undecided, and a check lists them with roles and states."""
    gaps = check(read_pack("minimal")).gaps
    assert any("metrics" in gap.words and "buyer.name" in gap.words and "shipped" in gap.words for gap in gaps)


def test_advertising_is_forbidden_every_personal_category(whole: dict[Cell, Verdict]) -> None:
    """For advertising each personal category is refused by a policy that says so, while an order is open."""
    for (_, purpose, _, state, category), verdict in whole.items():
        if purpose == "advertising" and category in PERSONAL:
            assert verdict.effect is Effect.WITHHOLD
            assert state not in OPEN_STATES or "no-advertising" in verdict.policies


def test_business_purposes_get_no_personal_data(whole: dict[Cell, Verdict]) -> None:
    """Metrics, repricing and accounting get no personal category in any form."""
    effects = {
        verdict.effect
        for (_, purpose, _, _, category), verdict in whole.items()
        if purpose in ("metrics", "repricing", "accounting") and category in PERSONAL
    }
    assert effects == {Effect.WITHHOLD}


def test_no_personal_data_after_an_order_has_closed(whole: dict[Cell, Verdict]) -> None:
    """Closed, cancelled and unknown orders, and calls about no order, give no personal category in any form."""
    effects = {
        verdict.effect
        for (*_, state, category), verdict in whole.items()
        if category in PERSONAL and state not in OPEN_STATES
    }
    assert effects == {Effect.WITHHOLD}


def test_an_email_address_is_never_plain(whole: dict[Cell, Verdict]) -> None:
    """A buyer's e-mail address goes out as a relay address or not at all."""
    forms = {
        (verdict.effect, verdict.substitute) for (*_, category), verdict in whole.items() if category == "buyer.email"
    }
    assert forms == {(Effect.WITHHOLD, None), (Effect.SUBSTITUTE, "alias")}


def test_plain_personal_data_is_for_shipping_and_tax_with_their_roles(whole: dict[Cell, Verdict]) -> None:
    """Nothing personal is kept in plain for any other purpose or without the role of that purpose."""
    needed = {"shipping": {"direct_to_consumer_shipping"}, "tax": {"tax_invoicing", "tax_remittance"}}
    for (roles, purpose, _, _, category), verdict in whole.items():
        if category in PERSONAL and verdict.effect is Effect.KEEP:
            assert purpose in needed
            assert roles & needed[purpose]


def test_sales_figures_say_that_they_are_not_to_be_pooled(default: Prepared) -> None:
    """The sentence that releases a seller's figures, and the one that refuses them, forbid pooling across sellers."""
    for purpose in ("metrics", "accounting", "shipping"):
        asked = question(purpose=purpose)
        sentence = decide(asked, frozenset({"seller.commercial"}), default).verdicts["seller.commercial"].sentence
        assert "pooled" in sentence


def test_order_data_is_open_to_order_roles_for_any_purpose(default: Prepared) -> None:
    """Any role for orders opens order data, with city, region and country, whatever the purpose, even without one."""
    order = frozenset(name for name in EVERYTHING if name.startswith("order."))
    for purpose, state in product([None, *PURPOSES], OrderState):
        asked = question(purpose=purpose, roles=frozenset({"inventory_and_order_tracking"}), order_state=state)
        assert {verdict.effect for verdict in decide(asked, order, default).verdicts.values()} == {Effect.KEEP}


def test_the_strict_pack_shortens_the_postcode_even_for_shipping() -> None:
    """Under the strict pack a label app gets the street and only the district of the postcode."""
    verdicts = decide(question(), EVERYTHING, prepare(read_pack("strict"))).verdicts
    assert verdicts["buyer.address.street"].effect is Effect.KEEP
    assert (verdicts["buyer.address.postcode"].effect, verdicts["buyer.address.postcode"].substitute) == (
        Effect.SUBSTITUTE,
        "outward",
    )


def test_a_refusal_carries_a_sentence_and_the_policies(whole: dict[Cell, Verdict]) -> None:
    """No verdict of the default pack is without a sentence; every policy verdict names the policies that decided."""
    assert all(verdict.sentence for verdict in whole.values())
    assert all(verdict.policies for verdict in whole.values() if verdict.basis == "policy")


def test_a_pack_travels_as_text() -> None:
    """A pack built again from its own files is the same pack, and gives the same decisions."""
    read = read_pack("strict")
    again = Pack.from_files(dict(reversed(read.files.items())))
    assert (again.version, again.digest, again.files) == (read.version, read.digest, read.files)
    asked = question()
    assert decide(asked, EVERYTHING, prepare(again)).verdicts == decide(asked, EVERYTHING, prepare(read)).verdicts


def test_the_version_names_the_very_words() -> None:
    """The version is name, version and 12 hex digits; a changed letter, or a moved one, changes the digits."""
    first, second = pack(RULE), pack(RULE + " ")
    assert first.version == f"test@1+{first.digest[:12]}"
    assert first.digest != second.digest
    assert pack(RULE, **{"a.md": "b", "c.md": ""}).digest != pack(RULE, **{"a.md": "", "c.md": "b"}).digest


def test_a_pack_read_from_a_folder_extends_a_shipped_one(tmp_path: Path) -> None:
    """`extends` takes over the files that the folder does not have, once and for all: the text that travels is whole."""
    head = 'name = "ours"\nversion = "2"\ntitle = "Ours"\ndescription = "Made up."\nextends = "data-protection"\n'
    (tmp_path / "pack.toml").write_text(head)
    (tmp_path / "talking.cedar").write_text(RULE.replace("rule", "ours"))
    (tmp_path / "notes.bin").write_bytes(b"\xff")
    read = read_pack(tmp_path)
    assert "ours" in read.files["talking.cedar"]
    assert read.files["tax.cedar"] == read_pack("data-protection").files["tax.cedar"]
    assert "notes.bin" not in read.files
    assert Pack.from_files(read.files).digest == read.digest


HEAD = 'name = "a"\nversion = "1"\ntitle = "A"\ndescription = "B"\n'


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no `pack.toml`"),
        ({"pack.toml": "name ="}, "not TOML"),
        ({"pack.toml": HEAD.replace('"a"', '"A B"')}, "cannot be the name"),
        ({"pack.toml": HEAD.replace('title = "A"\n', "")}, "no `title`"),
        ({"pack.toml": HEAD.replace('"1"', "1")}, "no `version`"),
        ({"pack.toml": HEAD.replace('"1"', '"1+2"')}, "cannot be the version"),
        ({"pack.toml": HEAD + 'extends = "nothing"'}, "cannot extend `nothing`"),
        ({"pack.toml": HEAD + 'extends = "strict"'}, "extends another itself"),
    ],
)
def test_a_title_page_that_is_wrong_is_named(tmp_path: Path, files: dict[str, str], words: str) -> None:
    """A pack without a proper title page is refused with the field that is wrong."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PiepowderError) as refusal:
        read_pack(tmp_path)
    assert refusal.value.code == "policy_pack_unreadable"
    assert words in refusal.value.message


def test_a_pack_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    """A missing folder and an unknown name get the same clear answer, with the names that would work."""
    for place in (tmp_path / "nowhere", "no-such-pack"):
        with pytest.raises(PiepowderError) as refusal:
            read_pack(place)
        assert refusal.value.code == "policy_pack_not_found"
        assert "strict" in refusal.value.hint


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """A Cedar file that is not UTF-8 is refused by name."""
    (tmp_path / "pack.toml").write_text(HEAD)
    (tmp_path / "a.cedar").write_bytes(b"\xff\xfe")
    with pytest.raises(PiepowderError) as refusal:
        read_pack(tmp_path)
    assert "a.cedar" in refusal.value.message


def test_line_endings_do_not_change_a_pack(tmp_path: Path) -> None:
    """A checkout with other line endings has the same digest."""
    for folder, end in (("unix", "\n"), ("windows", "\r\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pack.toml").write_bytes(HEAD.replace("\n", end).encode())
        (tmp_path / folder / "a.cedar").write_bytes((RULE + end).encode())
    assert read_pack(tmp_path / "unix").digest == read_pack(tmp_path / "windows").digest


def test_a_gap_is_told_from_a_refusal() -> None:
    """With one permit for one purpose, every other purpose is a gap and not a refusal."""
    prepared = prepare(pack(RULE.replace(";", ' when { context.purpose in Purpose::"tax" };')))
    names = frozenset({"buyer.name"})
    assert decide(question(purpose="tax"), names, prepared).verdicts["buyer.name"].outcome is Outcome.PERMITTED
    assert decide(question(), names, prepared).verdicts["buyer.name"].outcome is Outcome.GAP
