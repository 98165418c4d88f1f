"""Words: the tree of purposes, roles and their groups, substitutes."""

import pytest

from piepowder.core.policy.taxonomy import (
    PURPOSES,
    ROLE_GROUPS,
    ROLES,
    SUBSTITUTE_WORDS,
    SUBSTITUTES,
    covers,
    fits,
    lineage,
    purpose_words,
    strictness,
)


def test_a_word_is_covered_by_itself_and_what_stands_above_it() -> None:
    """`shipping` covers `shipping.labels`, and neither `shippings` nor the other way round."""
    assert covers({"shipping"}, "shipping.labels.print")
    assert covers({"shipping.labels"}, "shipping.labels")
    assert not covers({"shipping.labels"}, "shipping")
    assert not covers({"ship"}, "shipping")
    assert not covers((), "shipping")


def test_lineage_goes_up() -> None:
    """A dotted word and everything above it, nearest first."""
    assert list(lineage("a.b.c")) == ["a.b.c", "a.b", "a"]


def test_every_purpose_has_its_parent() -> None:
    """The tree has no branch without a stem."""
    assert all(above in PURPOSES for purpose in PURPOSES for above in lineage(purpose))


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("shipping.labels", "print shipping labels"),
        ("tax.anything", "issue invoices and pay taxes"),
        ("gardening", "`gardening`"),
    ],
)
def test_every_purpose_has_words(purpose: str, words: str) -> None:
    """A purpose without words of its own borrows its parent's; an unknown one is quoted."""
    assert purpose_words(purpose) == words


def test_groups_hold_known_roles() -> None:
    """A role group names only roles that exist."""
    assert {role for roles in ROLE_GROUPS.values() for role in roles} <= set(ROLES)


def test_substitutes_fit_what_they_can_stand_for() -> None:
    """Aliases are for addresses of e-mail, districts for postcodes, masks and pseudonyms for anything, unknown ones for nothing."""
    assert fits("alias", "buyer.email")
    assert not fits("alias", "buyer.name")
    assert fits("outward", "buyer.address.postcode")
    assert not fits("outward", "buyer.address.street")
    assert fits("mask", "free_text")
    assert not fits("fog", "free_text")
    assert set(SUBSTITUTES) == set(SUBSTITUTE_WORDS)


def test_an_unknown_substitute_is_the_strictest() -> None:
    """Something nobody can rank is taken to give away least."""
    assert max([*SUBSTITUTES, "fog"], key=strictness) == "fog"
