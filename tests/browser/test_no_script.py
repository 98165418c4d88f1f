"""Without JavaScript: every form of the main journeys does its work. And on paper: the page without its menu."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.pages import follow, main, menu, press, says
from tests.browser.test_developer import MANIFEST, register, sign_up

Open = Callable[..., Page]
PLAIN = {"java_script_enabled": False}


def test_a_developer_without_script(anybody: Open, letters: Callable[[str], list[str]]) -> None:
    """Signing up, registering, a section of the assessment, an app with a version: saved by buttons, refused with everything kept."""
    page = anybody(**PLAIN)
    sign_up(page, letters, "pia@plain.example", "Pia Plain")
    register(page, "plain.example")
    menu(page, "Assessment")
    page.get_by_label("Inventory and Order Tracking").check()
    press(page, "Begin")
    follow(page, "Who has access")
    leavers = page.locator("#q-leavers input[type=text]").first
    leavers.fill("soon")
    page.locator("#q-own_accounts").get_by_label("Yes").check()
    press(page, "Save")
    says(page, "Digits only", "What you typed is still here")
    expect(leavers).to_have_value("soon")
    leavers.fill("12")
    press(page, "Save")
    expect(page.locator("#q-leavers")).to_contain_text("Full marks")
    an_app(page)


def an_app(page: Page) -> None:
    menu(page, "Apps")
    follow(page, "Register an app")
    page.get_by_label("Name").fill("Plain labels")
    press(page, "Register")
    press(page, "Begin a version")
    page.get_by_label("Another purpose").select_option("shipping.labels")
    press(page, "Add it")
    main(page).get_by_role("checkbox", name="getOrders").first.check()
    press(page, "Save this purpose")
    says(page, "To print shipping labels")
    main(page).locator("form[action*=manifest] input[type=file]").set_input_files(
        {"name": "manifest.yaml", "mimeType": "application/yaml", "buffer": MANIFEST}
    )
    press(page, "Replace the manifest")
    says(page, "To deliver what was bought")
    follow(page, "Checks, and handing in")
    press(page, "Hand it in")
    says(page, "Nothing was changed")


def test_a_seller_without_script(seller: Open, market: dict[str, Any]) -> None:
    """Searching, authorising with less, and ending: by buttons alone."""
    page = seller(**PLAIN)
    page.goto("/store/?q=label")
    page.get_by_role("searchbox", name="What should it do?").fill("parcel")
    press(page, "Search")
    follow(page, "Label maker")
    follow(page, "Authorise")
    page.get_by_role("checkbox", name="To show the seller how the shop").uncheck()
    press(page, "Show the order below for this choice")
    expect(page.get_by_role("checkbox", name="To show the seller how the shop")).not_to_be_checked()
    press(page, "Allow")
    page.wait_for_url("**/return*")
    page.goto("/my/apps/")
    follow(page, "Revoke Label maker")
    press(page, "Revoke now")
    says(page, "has no access")


def test_a_reviewer_without_script(staff: Open, market: dict[str, Any]) -> None:
    """A case is taken, one answer decided on a page of its own, and the case handed back."""
    page = staff("reviewer", **PLAIN)
    page.goto("/reviews/assessments/")
    page.get_by_role("link", name="Waiting works").first.click()
    press(page, "Take this case")
    question = page.locator("#q-incident_rehearsed")
    question.locator("summary").first.click()
    question.get_by_label("Not accepted").check()
    press(page, "Save", "#q-incident_rehearsed")
    says(page, "Decide one answer", "Say why")
    assert page.get_by_label("Not accepted").is_checked()
    page.get_by_label("Reason, or your question").fill("The date is from before the plan was written.")
    press(page, "Save")
    expect(page.locator("#q-incident_rehearsed")).to_contain_text("from before the plan was written")
    press(page, "Hand back to the queue")


def test_on_paper(developer: Open, seller: Open, staff: Open, market: dict[str, Any]) -> None:
    """Menus, filters and buttons stay away from paper; headings, tables and reasons are on it."""
    nora, shop, operator = developer("nora@newcomer.example"), seller(), staff("operator")
    nora.goto("/assessments/")
    operator.goto("/apps/")
    for page, words in ((nora, "from before the plan was written"), (shop, "printer"), (operator, "newcomer")):
        page.emulate_media(media="print")
        expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(main(page).get_by_text(words).first).to_be_visible()
        expect(main(page).get_by_role("button")).to_have_count(0)
