import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.machine import draw
from piepowder.rooms.store import rules
from piepowder.rooms.store.rules import RATING_TRANSITIONS, TRANSITIONS, Situation
from tests.support.storefront import texts

READY = Situation(public=True, live_version=True, permitted=True, screenshots=0)
SHELVES = ("shipping", "pricing", "insight", "orders")


def test_the_drawings_are_the_tables() -> None:
    """The docstring shows the moves that the tables allow."""
    text = "\n".join(line.strip() for line in (rules.__doc__ or "").splitlines())
    drawn = f"{draw(TRANSITIONS)}\n{draw(RATING_TRANSITIONS)}"
    assert [line for line in text.splitlines() if "->" in line] == drawn.splitlines()


def test_a_complete_listing_is_ready() -> None:
    """A screenshot is only recommended; everything else is there."""
    rules.refuse_unready(rules.checks(texts(), READY))


@pytest.mark.parametrize(
    "changes",
    [
        {"short": "Too short"},
        {"long": "Hardly a word."},
        {"features": ("One",)},
        {"categories": ()},
        {"languages": ()},
        {"support_email": ""},
        {"privacy_url": ""},
    ],
)
def test_each_missing_text_keeps_it_from_the_shelf(changes: dict[str, object]) -> None:
    """What is missing is named."""
    with pytest.raises(PiepowderError) as raised:
        rules.refuse_unready(rules.checks(texts(**changes), READY))
    assert raised.value.code == "store_listing_unready"
    assert len(raised.value.fields["problems"]) == 1


def test_the_app_must_be_able_to_be_authorised() -> None:
    """Without a live version, a public app and a standing that permits it, nothing is listed."""
    bare = Situation(public=False, live_version=False, permitted=False, screenshots=5)
    assert [check.passed for check in rules.checks(texts(), bare)[:3]] == [False, False, False]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("short", "x" * 141),
        ("short", "pay\u202epal"),
        ("long", "zero\u200bwidth"),
        ("features", ("x" * 121,)),
        ("features", tuple(map(str, range(11)))),
        ("categories", ("nowhere",)),
        ("categories", SHELVES),
        ("languages", ("xx",)),
        ("support_email", "not an address"),
        ("privacy_url", "http://labels.example/privacy"),
        ("website", "javascript:alert(1)"),
        ("start_url", "https://user:pass@labels.example/"),
        ("support_url", "https://labels.example\\@evil.example/"),
    ],
)
def test_faults_are_named_at_their_field(field: str, value: object) -> None:
    """One fault, one field."""
    assert list(rules.check_texts(texts(**{field: value}), SHELVES)) == [field]


@pytest.mark.parametrize(
    "address",
    ["https://a.example", "https://a.example:8443/x?y=z#q", "https://xn--bcher-kva.example/"],
)
def test_web_addresses(address: str) -> None:
    """Absolute, secure, of a named host."""
    assert rules.is_web_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "https://localhost/",
        "//a.example",
        "https:a.example",
        "https://a.example/ b",
        "https://a.example:99999/",
        "https://\u0430pple.example/",
        "data:text/html,x",
        "https://a.example/" + "x" * 500,
    ],
)
def test_what_is_no_web_address(address: str) -> None:
    """Nothing that a browser could read as something else."""
    assert not rules.is_web_address(address)


@pytest.mark.parametrize(
    "text",
    ["write to ann@buyers.example", "call +49 30 1234567", "0171 / 123 45 67 is her number"],
)
def test_ratings_name_nobody(text: str) -> None:
    """A rating with an address or a number in it is refused."""
    with pytest.raises(PiepowderError) as raised:
        rules.check_rating(4, text)
    assert raised.value.code == "store_words_personal"


@pytest.mark.parametrize("text", ["", "Good for 1,200 orders a day", "Since 2024 it has saved us 3-4 hours."])
def test_plain_words_pass(text: str) -> None:
    """Numbers of orders and years are no telephone numbers."""
    rules.check_rating(5, text)


def test_a_stage_only_grows() -> None:
    """Whoever sees a listing at some share sees it at every greater one; the share is about right."""
    sellers = [f"sel_{number}" for number in range(2_000)]
    seen: set[str] = set()
    for percent in (0, 10, 50, 100):
        now = {seller for seller in sellers if rules.in_stage("lst_1", seller, percent, ())}
        assert seen <= now
        assert abs(len(now) - 20 * percent) < 120
        seen = now
    assert rules.in_stage("lst_1", "sel_1", 0, ("sel_1",))


@pytest.mark.parametrize(
    ("counts", "median"),
    [({}, 0), ({5: 1}, 5), ({1: 1, 5: 1}, 3), ({4: 1, 5: 2}, 5), ({1: 2, 4: 1, 5: 1}, 2.5)],
)
def test_medians(counts: dict[int, int], median: float) -> None:
    """The one in the middle, or between the two that are."""
    assert rules.median(counts) == median
