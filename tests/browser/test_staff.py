"""The marketplace's own people: what waits, who has what, what was decided, and finding one call among all."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import follow, main, menu, press, says, station
from tests.support.stack import Stack

Open = Callable[..., Page]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reviewers_day(staff: Open, market: dict[str, Any], theme: str) -> None:
    """Home and desk say what waits; of two reviewers at one case the second is told who has it, and can take the next."""
    rita, sam = staff("reviewer", theme, name=f"rita-{theme}"), staff("reviewer", theme, name=f"sam-{theme}")
    station(rita, "reviewer-home")
    menu(rita, "Review desk")
    station(rita, "desk")
    says(rita, "Identities", "Oldest promise")
    follow(rita, "Identities")
    follow(rita, "Open tools")
    sam.goto(rita.url)
    press(rita, "Take it on")
    says(rita, "You are working on this")
    press(sam, "Take it on")
    says(sam, f"Rita-{theme}")
    station(sam, "second-reviewer")
    for met in main(rita).get_by_label("Met", exact=True).all():
        met.check()
    main(rita).get_by_label("Not met", exact=True).last.check()
    press(rita, "Decide")
    expect(main(rita).locator(".wrong").first).to_contain_text("Say what would make it right")
    station(rita, "identity-decision-missing")
    press(rita, "Give it back")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_reviews_their_own(staff: Open, market: dict[str, Any], theme: str) -> None:
    """A reviewer who is a member of the organisation is told so on its case, and finds nothing to press."""
    page = staff("reviewer", theme, name="olga")
    page.goto(f"/reviews/identities/{market['identity']}/")
    says(page, "You act for this organisation yourself, so somebody else reviews it.")
    expect(main(page).get_by_role("button", name="Decide")).to_have_count(0)
    page.goto(f"/reviews/assessments/{market['case']}/")
    says(page, "so somebody else reviews it")
    station(page, "own-organisation")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_call_among_all(staff: Open, stack: Stack, market: dict[str, Any], orders: str, theme: str) -> None:
    """What an app was told, its request id or record id, leads to the call; then personal data is cut, and the next call has none."""
    page = staff("operator", theme)
    station(page, "operator-home")
    name = {"light": "spare_1", "dark": "spare_2"}[theme]
    app = stack.made["apps"][name]
    token = unlocked(stack.url, app["grants"][0]["access_token"])
    answer = httpx.get(stack.url + orders, headers=token)
    assert personal(answer)
    record = answer.headers["x-piepowder-decision"]
    for asked in (record, record.replace("rec_", "req_")):
        page.get_by_role("searchbox", name="Name or id").first.fill(asked)
        page.keyboard.press("Enter")
        says(page, "orders.v0.getOrders", name, record)
        station(page, "one-call")
        page.goto("/")
    page.get_by_role("searchbox", name="Name or id").first.fill("label")
    page.keyboard.press("Enter")
    says(page, "Label maker", "Label works")
    station(page, "search")
    page.goto(f"/apps/{app['app_id']}/")
    cut(page)
    assert personal(httpx.get(stack.url + orders, headers=token)) == []


def cut(page: Page) -> None:
    station(page, "app-of-staff")
    page.get_by_label("Reason (the developer reads it)").fill("A made-up suspicion.")
    press(page, "Cut personal data now")
    says(page, "It may call, but gets no personal data.")


def unlocked(url: str, access: str) -> dict[str, str]:
    """The header of a token with which buyers' names and addresses can be read."""
    wanted = {"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo", "shippingAddress"]}
    given = {"x-amz-access-token": access}
    answer = httpx.post(
        f"{url}/tokens/2021-03-01/restrictedDataToken", json={"restrictedResources": [wanted]}, headers=given
    )
    return {"x-amz-access-token": answer.raise_for_status().json()["restrictedDataToken"]}


def personal(answer: httpx.Response) -> list[str]:
    return re.findall('"(?:BuyerName|BuyerEmail)"', answer.text)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_files_say_what_the_page_says(staff: Open, market: dict[str, Any], theme: str) -> None:
    """A narrowed table and its CSV and JSON have the same rows in the same order."""
    page = staff("operator", theme)
    page.goto("/apps/")
    page.get_by_label("Name or id").first.fill("spare")
    press(page, "Show")
    station(page, "apps")
    shown = [
        re.split(r"\s+by |\n", one)[0].strip()
        for one in main(page).locator("tbody tr td:first-child").all_inner_texts()
    ]
    assert len(shown) > 5
    address = page.url + ("&" if "?" in page.url else "?") + "format="
    rows = page.request.get(address + "json").json()
    lines = list(csv.DictReader(io.StringIO(page.request.get(address + "csv").text())))
    name = next(iter(rows[0]))
    assert [one[name] for one in rows] == [one[name] for one in lines] == shown


def test_a_stale_form_says_so(staff: Open, market: dict[str, Any]) -> None:
    """A form whose session is gone changes nothing, and says that in words."""
    page = staff("operator")
    page.goto("/apps/deadline/")
    page.context.clear_cookies(name="piepowder_csrf")
    page.get_by_label(re.compile("Reason|Why")).first.fill("Too late")
    press(page, "Set it")
    says(page, "Please try again", "Nothing was changed")
