"""Every kind of page that a role can reach by links, full of content, seen by axe-core in light and dark: nothing serious or critical."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

from tests.browser.pages import main, press

GRAVE = {"serious", "critical"}
PAGES_MAX = 90
NOT_PAGES = {
    "people_sign_out",
    "account_logout",
    "evidence_download",
    "console_theme",
    "assessments_export",
    "appstore_manifest",
}
STAFF = ("operator", "reviewer", "auditor")
DEVELOPERS = {"developer": "nora@newcomer.example", "newcomer": "otto@open.example"}
LEAST = {"operator": 20, "seller": 8, "developer": 15, "nobody": 3}
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def looked() -> dict[str, set[str]]:
    """Kinds of pages that somebody with the same menu has shown already: staff look at each kind once, and so do developers."""
    return {"staff": set(), "developer": set(), "seller": set(), "nobody": set()}


@pytest.fixture
def opened(anybody: Open, seller: Open, staff: Open, developer: Open, market: dict[str, Any]) -> Callable[[str], Page]:
    def open_as(role: str) -> Page:
        if role in STAFF:
            return staff(role)
        if role in DEVELOPERS:
            return developer(DEVELOPERS[role])
        if role == "seller":
            return seller()
        page = anybody()
        page.goto("/sign-in/")
        return page

    return open_as


@pytest.mark.parametrize("role", [*STAFF, *DEVELOPERS, "seller", "nobody"])
def test_nothing_grave_on_any_page(
    opened: Callable[[str], Page],
    looked: dict[str, set[str]],
    record_property: Callable[[str, object], None],
    role: str,
) -> None:
    """The walk follows the links of each page; one page of each kind is looked at, in both themes."""
    page = opened(role)
    grave: dict[str, list[str]] = {}
    group = "staff" if role in STAFF else "developer" if role in DEVELOPERS else role
    seen = walk(page, looked[group], lambda name: grave.update(look(page, name)))
    record_property(f"pages: {role}", len(seen))
    assert grave == {}
    assert len(seen) >= LEAST.get(role, 0)


def test_nothing_grave_where_something_is_wrong(
    developer: Open, staff: Open, anybody: Open, market: dict[str, Any]
) -> None:
    """Forms with errors, pages for others, addresses with nothing behind them, and a form that came too late."""
    nora, operator, stranger = developer("nora@newcomer.example"), staff("operator"), anybody()
    nora.goto("/developer/apps/new")
    nora.get_by_label("Return addresses").fill("javascript:alert(1)")
    press(nora, "Register")
    grave = look(nora, "form with errors")
    nora.goto("/developers/")
    grave |= look(nora, "403")
    operator.goto("/nothing/here/")
    grave |= look(operator, "404")
    operator.goto("/apps/deadline/")
    operator.context.clear_cookies(name="piepowder_csrf")
    main(operator).locator("form button").last.click()
    assert "Please try again" in operator.inner_text("main")
    grave |= look(operator, "stale form")
    stranger.goto("/sign-in/")
    stranger.get_by_label("E-mail address").fill("nobody@maker.example")
    stranger.get_by_label("Password").fill("seven loud otters")
    press(stranger, "Sign in")
    grave |= look(stranger, "refused sign-in")
    assert grave == {}


def look(page: Page, name: str) -> dict[str, list[str]]:
    """What axe finds grave, by page and theme; empty if nothing."""
    found = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # no colour half way to another
        grave = [
            f"{one['id']}: {one['nodes'][0]['html'][:160]}"
            for one in Axe().run(page).response["violations"]
            if one["impact"] in GRAVE
        ]
        if grave:
            found[f"{name}, {theme}"] = grave
    return found


def walk(page: Page, looked: set[str], visit: Callable[[str], object]) -> list[str]:
    """Names of the pages visited. Those in `looked` are passed through without a look."""
    seen: list[str] = []
    passed: set[str] = set()
    waiting = [urlsplit(page.url).path]
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.pop(0)
        name = name_of(path)
        if name is None or name in passed:
            continue
        passed.add(name)
        if not shown(page, path):
            continue
        if name not in looked:
            seen.append(name)
            looked.add(name)
            visit(name)
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.pathname + one.search)")
        waiting += [link for link in links if name_of(link) is not None]
    return seen


def shown(page: Page, address: str) -> bool:
    """Whether a page came: files are saved and not shown, and some pages are for others."""
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return False
        raise
    assert answer is not None
    assert answer.status in (200, 403), f"{address}: {answer.status}"
    return answer.status == 200 and "text/html" in (answer.headers.get("content-type") or "")


def name_of(address: str) -> str | None:
    try:
        name = resolve(urlsplit(address).path).view_name
    except Resolver404:
        return None
    return None if name in NOT_PAGES or name.startswith("api:") else name
