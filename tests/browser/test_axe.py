"""Every page that a role can reach by links, seen by axe-core in light and dark: nothing serious, nothing critical."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

GRAVE = {"serious", "critical"}
PAGES_MAX = 90
NOT_PAGES = {"people_sign_out", "account_logout", "evidence_download", "console_theme"}
ROLES = ("operator", "reviewer", "auditor", "seller", "nobody")


@pytest.fixture
def opened(
    anybody: Callable[..., Page], seller: Callable[..., Page], staff: Callable[..., Page]
) -> Callable[[str, str], Page]:
    def open_as(role: str, theme: str) -> Page:
        if role == "nobody":
            page = anybody(theme)
            page.goto("/sign-in/")
            return page
        return seller(theme) if role == "seller" else staff(role, theme)

    return open_as


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("role", ROLES)
def test_nothing_grave_on_any_page(opened: Callable[[str, str], Page], role: str, theme: str) -> None:
    """The walk follows the links of each page; one page of each kind is looked at."""
    page = opened(role, theme)
    grave: dict[str, list[str]] = {}
    seen = walk(page, lambda name: grave.update(look(page, name)))
    assert grave == {}
    assert len(seen) >= {"nobody": 3, "seller": 5}.get(role, 8)


def look(page: Page, name: str) -> dict[str, list[str]]:
    found = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in GRAVE
    ]
    return {name: found} if found else {}


def walk(page: Page, visit: Callable[[str], object]) -> list[str]:
    """Names of the pages visited."""
    seen: list[str] = []
    waiting = [urlsplit(page.url).path]
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.pop(0)
        name = name_of(path)
        if name is None or name in seen:
            continue
        answer = page.goto(path)
        assert answer is not None
        assert answer.status in (200, 403), f"{path}: {answer.status}"
        if answer.status == 403 or "text/html" not in (answer.headers.get("content-type") or ""):
            continue
        seen.append(name)
        visit(name)
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.pathname)")
        waiting += [link for link in links if name_of(link) not in (None, *seen)]
    return seen


def name_of(path: str) -> str | None:
    try:
        name = resolve(path).view_name
    except Resolver404:
        return None
    return None if name in NOT_PAGES or name.startswith("api:") else name
