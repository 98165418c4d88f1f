"""A seller's way without a mouse: looking for an app, comparing, authorising with less than it asks, and ending it again."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import Keyboard, main, says, station
from tests.browser.program import Program
from tests.support.stack import Stack

REVOKE_STEPS_MAX = 3
Open = Callable[..., Page]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_shelf_to_the_end_by_keyboard(
    seller: Open, market: dict[str, Any], program: Program, stack: Stack, orders: str, theme: str
) -> None:
    """Tab, Enter, Space and arrows are enough for everything, the focus is always seen, and ending takes three keys."""
    page = seller(theme)
    keys = Keyboard(page)
    find_and_compare(page, keys)
    authorise_with_less(page, keys, program)
    client = market["client_id"], market["client_secret"]
    answer = program.read_orders(stack.settings.public_url, stack.url, orders, client)
    assert answer.status_code == 200, answer.text
    see_what_it_read(page, keys)
    end_it(page, keys)


def find_and_compare(page: Page, keys: Keyboard) -> None:
    keys.skip()
    keys.page.goto("/my/apps/")
    keys.tab_to("App store")
    keys.activate()
    station(page, "store")
    keys.skip()
    page.keyboard.type("label")
    page.keyboard.press("Enter")
    expect(main(page).get_by_role("heading", name=re.compile("for “label”"))).to_be_visible()
    narrow(page, keys)
    for name in ("Label maker", "printer"):
        keys.tab_to(f"Compare {name}")
        page.keyboard.press("Space")
    keys.tab_to("Compare what is ticked")
    keys.activate()
    says(page, "Side by side", "Label maker", "printer")
    station(page, "compare")
    keys.tab_to("Label maker")
    keys.activate()
    says(page, "Data label", "Use it in your shop")
    station(page, "store-app-seller")


def narrow(page: Page, keys: Keyboard) -> None:
    """By shelf, with the arrows; the list follows."""
    keys.tab_to("shelf")
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("shelf=shipping"))


def authorise_with_less(page: Page, keys: Keyboard, program: Program) -> None:
    """The purpose that is not wanted is unticked, and the sample order follows before anything is decided."""
    keys.tab_to("Authorise")
    keys.activate()
    station(page, "authorise")
    keys.tab_to("Show the seller how the shop")
    page.keyboard.press("Space")
    keys.tab_to("Show the order below for this choice")
    keys.activate()
    assert not page.get_by_role("checkbox", name=re.compile("how the shop is doing")).is_checked()
    keys.tab_to("Allow")
    keys.activate()
    page.wait_for_url(re.compile("/return"))
    assert "spapi_oauth_code" in program.came[-1]


def see_what_it_read(page: Page, keys: Keyboard) -> None:
    page.goto("/my/apps/")
    keys.skip()
    row = main(page).get_by_role("row", name="Label maker").first
    expect(row).to_contain_text("To deliver what was bought")
    expect(row).not_to_contain_text("how the shop is doing")
    keys.tab_to("Label maker")
    keys.activate()
    says(page, "What it did this week", "with your buyers' data in plain", "orders read")
    station(page, "my-app")


def end_it(page: Page, keys: Keyboard) -> None:
    page.goto("/my/apps/")
    keys.steps = 0
    keys.tab_to("Revoke Label maker")
    keys.activate()
    says(page, "What stops", "Orders under way", "Data it already has", "must be deleted by")
    station(page, "revoke")
    keys.tab_to("Revoke now")
    keys.activate()
    says(page, "has no access")
    assert keys.steps <= REVOKE_STEPS_MAX
    station(page, "revoked")
