import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.names import clean_name, hidden_in


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "O'Brien & Söhne",
        "株式会社",
        "Ωmega 3",
        "\u0645\u06cc\u200c\u062e\u0648",
        "क्\u200dष",
        "<b>Bold</b>",
        "Café",
    ],
)
def test_letters_of_every_script_are_letters(name: str) -> None:
    """And marks, and the joiners that some scripts need between letters."""
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["a\u202eb", "a\u200bb", "a\u200db", "\u200cx", "a\ufeff", "a\u2066b", "a\u00adb", "\u3164", "a\ue000", "a\x07"],
)
def test_what_nobody_can_see_is_refused(name: str) -> None:
    """Directions, zero widths, joiners between Latin letters, blanks that count as letters, private signs, bells."""
    with pytest.raises(PiepowderError) as raised:
        clean_name(name)
    assert raised.value.code == "ground_name_hidden"
    assert "U+" in raised.value.message


@given(st.text(max_size=50))
def test_a_clean_name_stays_clean(text: str) -> None:
    """Cleaning twice changes nothing; line ends and double spaces are gone."""
    try:
        name = clean_name(text)
    except PiepowderError:
        return
    assert clean_name(name) == name
    assert hidden_in(name) == ""
    assert name == " ".join(name.split())


def test_one_name_has_one_spelling() -> None:
    """Composed and decomposed letters are the same name."""
    assert clean_name("Cafe\u0301") == clean_name("Café")
