import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import rules
from piepowder.rooms.ground.machine import draw


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    """The module's drawing of a grant's life is what the table says."""
    drawing = "\n".join("    " + line for line in draw(rules.TRANSITIONS).splitlines())
    assert drawing in (rules.__doc__ or "")


def test_a_choice_is_kept_in_order_and_once() -> None:
    """A seller's choice is sorted; None, "all that is declared", stays None."""
    assert rules.chosen("purpose", ["tax", "shipping", "tax"], ["shipping", "tax"]) == ("shipping", "tax")
    assert rules.chosen("purpose", None, ["shipping"]) is None


def test_nothing_undeclared_can_be_chosen() -> None:
    """What the manifest does not name cannot be granted, and the error says what can."""
    with pytest.raises(PiepowderError) as refused:
        rules.chosen("category", ["buyer.email"], ["buyer.name"])
    assert refused.value.code == "consent_category_not_declared"
    assert "buyer.name" in refused.value.hint


def test_narrowing_never_widens() -> None:
    """A narrowed choice is a part of what was granted."""
    assert rules.narrowed("purpose", ["tax"], ["shipping", "tax"]) == ("tax",)
    with pytest.raises(PiepowderError, match="cannot add it"):
        rules.narrowed("purpose", ["advertising"], ["shipping"])


@pytest.mark.parametrize(
    "uri",
    ["https://app.example/return", "https://app.example:8443/a?b=c", "http://127.0.0.1:9000/cb", "http://[::1]/cb"],
)
def test_https_and_loopback_addresses_can_be_registered(uri: str) -> None:
    """HTTPS anywhere, HTTP on a loopback address only."""
    assert rules.redirect_problem(uri) == ""


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/return",
        "http://localhost/cb",
        "https://user@app.example/cb",
        "https://user:secret@app.example/cb",
        "https://app.example/cb#part",
        "https://app.example/cb#",
        "https://*.app.example/cb",
        "https:///cb",
        "ftp://app.example/cb",
        "javascript:alert(1)",
        "app://return",
        "https://app.example/a b",
        "https://app.example/\\evil",
        "https://app.example/ü",
        "",
    ],
)
def test_dubious_addresses_cannot_be_registered(uri: str) -> None:
    """Plain HTTP, `localhost`, user names, fragments, wildcards and other schemes are refused at registration."""
    assert rules.redirect_problem(uri)
