import pytest

from piepowder.rooms.ground.machine import draw
from piepowder.rooms.standing import rules
from piepowder.rooms.standing.rules import CAPABILITIES, TRANSITIONS, Capability, Standing, combined


def test_every_standing_has_capabilities_and_moves() -> None:
    """No standing is forgotten in either table."""
    assert set(CAPABILITIES) == set(TRANSITIONS) == set(Standing)


def test_the_drawing_in_the_docstring_is_the_table() -> None:
    """The module's docstring shows exactly the moves that the table allows."""
    drawn = [line.strip() for line in (rules.__doc__ or "").splitlines() if "->" in line]
    assert drawn == draw(TRANSITIONS).splitlines()


@pytest.mark.parametrize("one", Standing)
@pytest.mark.parametrize("other", Standing)
def test_app_and_developer_must_both_permit(one: Standing, other: Standing) -> None:
    """What a call may do is what both standings permit, whichever of them is the app's."""
    assert combined(one, other) == combined(other, one) == CAPABILITIES[one] & CAPABILITIES[other]


def test_personal_data_off_leaves_calls_on() -> None:
    """The partial cut takes personal data and nothing else."""
    assert CAPABILITIES[Standing.GOOD] - CAPABILITIES[Standing.PERSONAL_DATA_OFF] == {Capability.READ_PERSONAL_DATA}


def test_nobody_is_nothing() -> None:
    """No standing at all permits nothing."""
    assert combined() == frozenset()
