"""A whole installation that people meet through a real browser: the example marketplace on real orders, gateway, console, Chromium.

anybody     anybody("dark"): a page of a browser that nobody has signed in
seller      seller("dark"): a seller's page, signed in through the marketplace
staff       staff("reviewer", "dark"): a page of a member of staff of that role
letters     letters("ada@maker.example"): texts of the mails to an address, the oldest first
"""

import email
import email.policy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from piepowder.demo.orders import OrderBook
from tests.support.chromium import FLAGS, PATH
from tests.support.control_plane import *  # noqa: F403
from tests.support.market import *  # noqa: F403
from tests.support.stack import ROOT, Stack
from tests.wire.apps import spec

Theme = Literal["light", "dark"]
WAIT_MS = 20_000


@pytest.fixture(scope="session")
def browser(stack: Stack) -> Iterator[Browser]:
    """After `stack`, since Django wants no event loop in its thread, and Playwright runs one."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def sellers(orders_path: Path) -> list[str]:
    """The marketplace's ids of two sellers with orders."""
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


@pytest.fixture
def anybody(browser: Browser, stack: Stack) -> Iterator[Callable[..., Page]]:
    opened = []

    def open_page(theme: Theme = "light") -> Page:
        context = browser.new_context(
            base_url=stack.settings.public_url, color_scheme=theme, viewport={"width": 1280, "height": 900}
        )
        context.set_default_timeout(WAIT_MS)
        opened.append(context)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture
def seller(anybody: Callable[..., Page], sellers: list[str]) -> Callable[..., Page]:
    def sign_in(theme: Theme = "light") -> Page:
        page = anybody(theme)
        page.goto("/sign-in/?next=/my/apps/")
        page.get_by_role("button", name="Continue with the marketplace").click()
        page.locator(f'button[value="{sellers[0]}"], input[value="{sellers[0]}"]').first.click()
        page.wait_for_url("**/my/apps/")
        return page

    return sign_in


@pytest.fixture
def staff(anybody: Callable[..., Page], stack: Stack) -> Callable[..., Page]:
    def sign_in(role: str = "operator", theme: Theme = "light") -> Page:
        address = f"{role}@staff.example"
        piepowder(stack, "staff", "create", address, "--role", role, fine=(0, 1))
        page = anybody(theme)
        page.goto(piepowder(stack, "staff", "link", address))
        page.get_by_role("main").get_by_role("button").click()
        page.wait_for_url(f"{stack.settings.public_url}/")
        return page

    return sign_in


@pytest.fixture
def letters(stack: Stack) -> Callable[[str], list[str]]:
    """Without a mail server letters are files; this reads them as their receiver would."""

    def to(address: str) -> list[str]:
        found = []
        for path in sorted((stack.settings.data / "mail").glob("*"), key=lambda one: one.stat().st_mtime_ns):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if address in str(message["to"]):
                body = message.get_body(("plain",))
                found.append(str(body.get_content()) if body is not None else "")
        return found

    return to


def piepowder(stack: Stack, *words: str, fine: tuple[int, ...] = (0,)) -> str:
    """The last word that a command prints."""
    command = [sys.executable, "-m", "piepowder.cli.main", *words]
    done = subprocess.run(command, env=stack.environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in fine, done.stderr
    return (done.stdout.split() or [""])[-1]
