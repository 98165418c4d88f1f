from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import rules
from piepowder.rooms.consent.rules import Choice
from piepowder.rooms.ground.machine import draw


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    """The module's drawing of a grant's life is what the table says."""
    drawing = "\n".join("    " + line for line in draw(rules.TRANSITIONS).splitlines())
    assert drawing in (rules.__doc__ or "")


def test_the_drawing_of_a_request_is_the_table() -> None:
    """The life of a request for more is drawn as its table says."""
    drawing = "\n".join("    " + line for line in draw(rules.REQUEST_TRANSITIONS).splitlines())
    assert drawing in (rules.__doc__ or "")


DECLARED = {"shipping": ("buyer.address", "buyer.name"), "tax": ("buyer.name", "buyer.tax_id")}


@dataclass(frozen=True)
class Version:
    """What a version asks for."""

    purposes: dict[str, tuple[str, ...]]
    operations: dict[str, tuple[str, ...]]


def version(operations: tuple[str, ...] = ("read",), **purposes: tuple[str, ...]) -> Version:
    return Version(purposes, dict.fromkeys(purposes, operations))


def test_a_choice_has_one_form() -> None:
    """Sorted, once each; a purpose with everything ticked is not narrowed, and what is said of one not chosen is nothing."""
    assert rules.chosen(None, None, DECLARED) == Choice(("shipping", "tax"))
    ticked = {"shipping": ["buyer.name", "buyer.address", "buyer.name"], "tax": ["buyer.tax_id"]}
    assert rules.chosen(["tax", "shipping"], ticked, DECLARED) == Choice(
        ("shipping", "tax"), {"tax": ("buyer.tax_id",)}
    )
    assert rules.chosen(["shipping"], {"tax": []}, DECLARED) == Choice(("shipping",))
    assert rules.chosen(["tax"], {"tax": []}, DECLARED) == Choice(("tax",), {"tax": ()})


def test_a_member_of_a_declared_group_can_be_kept_alone() -> None:
    """Where the manifest asks for the whole address, a seller may leave the postcode only."""
    choice = rules.chosen(["shipping"], {"shipping": ["buyer.address.postcode"]}, DECLARED)
    assert choice.narrowed == {"shipping": ("buyer.address.postcode",)}


@pytest.mark.parametrize(
    ("purposes", "narrowed", "code"),
    [
        (["advertising"], None, "consent_purpose_not_declared"),
        (["tax"], {"advertising": []}, "consent_purpose_not_declared"),
        (["tax"], {"tax": ["buyer.email"]}, "consent_category_not_declared"),
        (["tax"], {"tax": ["buyer"]}, "consent_category_not_declared"),
        (["shipping"], {"shipping": ["buyer.tax_id"]}, "consent_category_not_declared"),
        ([], None, "consent_nothing_chosen"),
    ],
)
def test_nothing_undeclared_can_be_chosen(purposes: list[str], narrowed: Any, code: str) -> None:
    """What the manifest does not ask for under that very purpose cannot be granted."""
    with pytest.raises(PiepowderError) as refused:
        rules.chosen(purposes, narrowed, DECLARED)
    assert refused.value.code == code


def test_the_same_categories_for_every_purpose() -> None:
    """A flat list narrows each purpose that declares some of it; a word that none declares is an error."""
    assert rules.only(["buyer.name"], DECLARED) == {"shipping": ("buyer.name",), "tax": ("buyer.name",)}
    with pytest.raises(PiepowderError, match="not in the app's manifest"):
        rules.only(["buyer.email"], DECLARED)


def test_narrowing_never_widens() -> None:
    """A narrowed choice is a part of what was granted, for each purpose by itself."""
    present = Choice(("shipping", "tax"), {"tax": ("buyer.tax_id",)})
    assert rules.narrower(present, ["tax"], None, DECLARED) == Choice(("tax",), {"tax": ("buyer.tax_id",)})
    kept = rules.narrower(present, None, {"shipping": ["buyer.address.street"]}, DECLARED)
    assert kept.narrowed == {"shipping": ("buyer.address.street",), "tax": ("buyer.tax_id",)}
    for purposes, narrowed in ((["advertising"], None), (None, {"tax": ["buyer.name"]}), (None, {"metrics": []})):
        with pytest.raises(PiepowderError, match="cannot add it"):
            rules.narrower(present, purposes, narrowed, DECLARED)


def test_what_a_version_asks_beyond_a_grant() -> None:
    """New purposes, categories and operations are more; what concerns a purpose the seller left out is not."""
    before, granted = version(shipping=("buyer.name",), tax=("buyer.tax_id",)), Choice(("shipping",))
    same = version(shipping=("buyer.name",), tax=("buyer.tax_id", "buyer.name"))
    assert not rules.difference(granted, before, same).more
    assert rules.difference(granted, before, version(shipping=("buyer",))).categories == (("shipping", "buyer"),)
    assert rules.difference(granted, before, version(("read", "write"), shipping=("buyer.name",))).more
    wider = rules.difference(granted, before, version(shipping=(), tax=(), metrics=()))
    assert (wider.purposes, wider.gone_categories) == (("metrics",), (("shipping", "buyer.name"),))


def test_permissions_are_carried_over_without_anything_new() -> None:
    """Under another version a grant is what both allow; a group and its member meet at the member."""
    before = version(shipping=("buyer.address", "buyer.name"), tax=("buyer.name",))
    after = version(shipping=("buyer.address.street", "buyer.email", "buyer.name"))
    carried = rules.carried_over(Choice(("shipping", "tax")), before, after)
    assert carried == Choice(("shipping",), {"shipping": ("buyer.address.street", "buyer.name")})
    assert rules.carried_over(Choice(("tax",)), before, after) is None
    assert rules.carried_over(Choice(("shipping",)), before, before) == Choice(("shipping",))


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (61, None),
        (60, 60),
        (31, 60),
        (30, 30),
        (14, 14),
        (7.5, 14),
        (3, 3),
        (1.5, 3),
        (1, 1),
        (0.1, 1),
        (0, None),
        (-1, None),
    ],
)
def test_which_reminder_is_due(left: float, days: int | None) -> None:
    """The one that fits what is left; none too early, none after the end."""
    at = datetime(2026, 11, 25, tzinfo=UTC)
    assert rules.reminder_due(at + timedelta(days=left), at) == days


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
