"""Why was I refused, why was this field withheld: reason, rule and what obtains it, within two clicks of everybody's home page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import main, says, station

CLICKS_MAX = 2
Open = Callable[..., Page]
Record = Callable[[str, object], None]


class Clicks:
    """Counts what somebody presses between the home page and the answer, and tells it to the report of the tests."""

    def __init__(self, page: Page, why: str, record_property: Record) -> None:
        self.page, self.why, self.count, self.record = page, why, 0, record_property

    def on(self, place: Locator) -> None:
        self.count += 1
        place.click()

    def arrived(self, *words: str) -> None:
        says(self.page, *words)
        self.record(f"clicks: {self.why}", self.count)
        assert self.count <= CLICKS_MAX


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_developer_learns_why(developer: Open, record_property: Record, theme: str) -> None:
    """A refused call, a refused answer and a refused version: each has its reason, its rule, and what to do."""
    page = developer("nora@newcomer.example", theme)
    call = Clicks(page, "a refused call", record_property)
    station(page, "reasons-home")
    call.on(main(page).get_by_role("link", name="Role missing").first)
    call.arrived(
        "needs one of the roles", "App rules 1.2: An operation is open to apps that hold", "Have your assessment cover"
    )
    station(page, "reasons-call")

    page.goto("/developer/")
    answer = Clicks(page, "a refused answer", record_property)
    answer.on(main(page).get_by_role("link", name="Answer the assessment").first)
    answer.arrived("from before the plan was written", "Clause 4.2, Incidents: There is a plan", "What makes it right:")

    page.goto("/developer/")
    version = Clicks(page, "a refused version", record_property)
    version.on(main(page).get_by_role("link", name=re.compile("^Version 2")).first)
    version.arrived(
        "The street is not needed: the postcode does.", "App rules 1.3", "A purpose asks for the least it works with."
    )
    expect(main(page).get_by_role("link", name="Change the manifest")).to_be_visible()
    station(page, "reasons-version")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_seller_learns_why(seller: Open, market: dict[str, Any], record_property: Record, theme: str) -> None:
    """From My apps to the field that was held back from an app: the reason, the policy's own words and name, and what would change it."""
    page = seller(theme)
    field = Clicks(page, "a withheld field", record_property)
    station(page, "my-apps")
    row = main(page).get_by_role("row", name="audience")
    field.on(row.get_by_role("link", name=re.compile("^[0-9]+ calls?$")))
    station(page, "my-reads")
    field.on(main(page).get_by_role("link", name=re.compile("^Why")).first)
    field.arrived("Withheld", "never released for advertising", "Policy ", "What would change it")
    station(page, "my-record")
