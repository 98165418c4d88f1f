from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.rules import identity, organisation
from piepowder.rooms.developers.rules.identity import IdentityStatus, Point
from piepowder.rooms.developers.rules.names import escaped, peculiarities, skeleton
from piepowder.rooms.developers.rules.organisation import Role
from piepowder.rooms.ground.machine import draw

FRIDAY = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
FACTS = {
    "address": "1 Made-up Street",
    "country": "DE",
    "representative": "Ada Maker",
    "website": "https://maker.example",
    "privacy_email": "privacy@maker.example",
    "security_email": "security@maker.example",
}


@pytest.mark.parametrize(
    ("module", "table"),
    [
        (organisation, organisation.TRANSITIONS),
        (organisation, organisation.INVITATION_TRANSITIONS),
        (identity, identity.TRANSITIONS),
    ],
)
def test_the_drawing_is_the_table(module: object, table: dict[IdentityStatus, frozenset[IdentityStatus]]) -> None:
    """The docstring shows every state and move as the table has it."""
    drawn = [line.strip() for line in str(module.__doc__).splitlines()]
    assert [line for line in draw(table).splitlines() if line not in drawn] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PayPal", "\u0420\u0430ypal"),
        ("PayPal", "PayPaI Ltd."),
        ("PayPal", "P a y P a l"),
        ("Label works", "LabeI vvorks GmbH"),
        ("Modern apps", "Modem apps"),
        ("Google", "G00gle"),
        ("Amazon", "\u0391mazon"),
        ("Café", "Cafe"),
        ("Label works", "Label\u200b works"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    """Letters of other alphabets, digits for letters, legal forms, marks, blanks and hidden characters change nothing."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Label works", "Label shop"), ("Ada", "Adam"), ("日本", "日木"), ("A1", "A2")]
)
def test_names_that_look_different_have_two(one: str, other: str) -> None:
    """Ordinary names are not taken for each other."""
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=300))
def test_any_name_has_a_skeleton_and_can_be_shown(name: str) -> None:
    """Nothing that can be typed breaks the comparison, and nothing hides in what is shown."""
    assert len(skeleton(name)) <= 200
    assert peculiarities(escaped(name)) == [one for one in peculiarities(escaped(name)) if "nobody can see" not in one]


def test_a_peculiar_name_is_told_in_words() -> None:
    """Two alphabets in one word and hidden characters are named; two words in two alphabets, as of a translation, are fine."""
    assert peculiarities("\u0420aypal") == ["The name mixes Cyrillic and Latin letters in one word."]
    assert peculiarities("\u041f\u0440\u0438\u043c\u0435\u0440 (Example)") == []
    assert len(peculiarities("gnp\u202eexe")) == 1
    assert escaped("gnp\u202eexe") == "gnp[U+202E]exe"


def test_an_owner_may_everything_and_others_what_their_role_says() -> None:
    """A page without roles is for every member."""
    assert organisation.may("owner", (Role.BILLING,))
    assert organisation.may("reader", ())
    assert organisation.may("billing", (Role.BILLING, Role.DEVELOPER))
    assert not organisation.may("reader", (Role.DEVELOPER,))


def test_the_last_owner_stays() -> None:
    """Leaving and another role are refused to the only owner; a second one is free to go."""
    for to in (None, "reader"):
        with pytest.raises(PiepowderError, match="the only owner"):
            organisation.check_owner_left("owner", to, 1)
    organisation.check_owner_left("owner", None, 2)
    organisation.check_owner_left("reader", None, 1)
    organisation.check_owner_left("owner", "owner", 1)


def test_gaps_are_what_a_reviewer_would_return_it_for() -> None:
    """Every point has its own gap; nothing is missing once all is there; an expired document counts as none."""
    assert set(identity.gaps({}, ())) == set(Point)
    documented = {"existence", "address", "representative"}
    assert identity.gaps(FACTS, documented) == {}
    assert set(identity.gaps(FACTS, documented, {"address"})) == {Point.ADDRESS}
    assert set(identity.gaps({**FACTS, "representative": ""}, documented)) == {Point.REPRESENTATIVE}


def test_a_decision_answers_every_point_and_reasons_every_no() -> None:
    """A point left out, a no without a reason and a point that is none are refused."""
    answers = {str(point): (True, "") for point in Point}
    identity.check_answers(answers)
    for wrong, code in (
        ({**answers, "address": (False, " ")}, "developers_reason_missing"),
        ({one: answers[one] for one in answers if one != "address"}, "developers_point_unanswered"),
        ({**answers, "mood": (True, "")}, "developers_point_unknown"),
    ):
        with pytest.raises(PiepowderError) as raised:
            identity.check_answers(wrong)
        assert raised.value.code == code


def test_promises_count_business_days() -> None:
    """Weekends and holidays do not count, and the day that is promised is whole."""
    monday, tuesday = date(2026, 11, 30), date(2026, 12, 1)
    assert identity.business_days_after(FRIDAY, 1).date() == monday
    assert identity.business_days_after(FRIDAY, 1, {monday}).date() == tuesday
    assert identity.business_days_after(FRIDAY, 5) == datetime(2026, 12, 4, 23, 59, 59, tzinfo=UTC)
    assert identity.business_days_between(FRIDAY, FRIDAY + timedelta(days=3)) == 1
    waits = [(FRIDAY, FRIDAY), (FRIDAY, FRIDAY + timedelta(days=3)), (FRIDAY, FRIDAY + timedelta(days=7))]
    assert identity.median_days(waits) == 1
    assert identity.median_days([]) is None


@pytest.mark.parametrize(
    ("left", "due"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 14), (1, 1), (0, 1), (-1, None)]
)
def test_one_reminder_is_due_at_a_time(left: int, due: int | None) -> None:
    """The nearest one that has passed; after the end none."""
    today = date(2026, 11, 25)
    assert identity.reminder_due(today + timedelta(days=left), today) == due
