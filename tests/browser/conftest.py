"""A whole installation that people meet through a real browser: the example marketplace on real orders, gateway, console, Chromium.

page        a new browser context on the console, nobody signed in
seller      a page of a seller who signed in through the marketplace
staff       staff("reviewer"): a page of a member of staff of that role
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from piepowder.demo.orders import OrderBook
from tests.support.chromium import FLAGS, PATH
from tests.support.control_plane import *  # noqa: F403
from tests.support.market import *  # noqa: F403
from tests.support.stack import ROOT, Stack
from tests.wire.apps import spec


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def sellers(orders_path: Path) -> list[str]:
    book = OrderBook(orders_path)
    try:
        return [seller.id for seller in book.sellers(2)]
    finally:
        book.close()


@pytest.fixture(scope="session")
def stack(
    postgres_folder: Path, migrated_database: Callable[[], str], marketplace_url: str, sellers: list[str]
) -> Iterator[Stack]:
    folder = postgres_folder / "browser"
    folder.mkdir()
    running = Stack(
        folder,
        migrated_database(),
        upstream_url=marketplace_url,
        spec=spec(sellers),
        console=True,
        migrated=True,
        oidc_issuer=marketplace_url,
        oidc_client_id="piepowder",
    )
    with running:
        yield running


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def context(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=stack.settings.public_url, viewport={"width": 1280, "height": 860})
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def seller(page: Page, sellers: list[str]) -> Page:
    """Through the marketplace's own sign-in, as a seller does it."""
    page.goto("/sign-in/?next=/my/apps/")
    page.get_by_role("link", name="seller").or_(page.get_by_role("button", name="seller")).first.click()
    return page


@pytest.fixture
def staff(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    opened: list[BrowserContext] = []

    def sign_in(role: str = "operator", theme: str = "light") -> Page:
        link = _piepowder(stack, "staff", "link", f"{role}@staff.example")
        context = browser.new_context(base_url=stack.settings.public_url, color_scheme=theme)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button").first.click()
        return page

    yield sign_in
    for each in opened:
        each.close()


def _piepowder(stack: Stack, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "piepowder.cli.main", *words],
        env=stack.environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]
