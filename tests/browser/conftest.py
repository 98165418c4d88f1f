"""A whole installation that people meet through a real browser: the example marketplace on real orders, gateway, console, Chromium.

anybody     anybody("dark"): a page of a browser that nobody has signed in
seller      seller("dark"): a seller's page, signed in through the marketplace
staff       staff("reviewer", "dark", name="rita"): a page of a member of staff of that role
market      the stack filled with people, apps and calls (fill.py); `market["listed"]` are apps on the shelf, by name
developer   developer("nora@newcomer.example", "dark"): a page of a developer of that market, on the home page
program     what an app's own program was sent, at the address to which sellers return
letters     letters("ada@maker.example"): texts of the mails to an address, the oldest first
"""

import email
import email.policy
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from piepowder.core.kernel import json
from piepowder.demo.orders import OrderBook
from tests.browser.program import Program
from tests.support.chromium import FLAGS, PATH
from tests.support.control_plane import *  # noqa: F403
from tests.support.market import *  # noqa: F403
from tests.support.stack import ROOT, Stack
from tests.wire.apps import spec

Theme = Literal["light", "dark"]
WAIT_MS = 20_000
PASSWORD = "seven quiet otters"


@pytest.fixture(scope="package")
def browser(stack: Stack) -> Iterator[Browser]:
    """After `stack`, and gone before the next folder's tests: Django wants no event loop in its thread, and Playwright runs one."""
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
def orders(orders_path: Path) -> str:
    """The path at which an app asks for the newest orders."""
    book = OrderBook(orders_path)
    try:
        since = datetime.now(UTC) - timedelta(days=5)
        return f"/orders/v0/orders?MarketplaceIds={book.market.id}&CreatedAfter={since:%Y-%m-%dT%H:%M:%SZ}"
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

    def open_page(theme: Theme = "light", **more: Any) -> Page:
        context = browser.new_context(
            base_url=stack.settings.public_url, color_scheme=theme, viewport={"width": 1280, "height": 900}, **more
        )
        context.set_default_timeout(WAIT_MS)
        opened.append(context)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def known() -> dict[str, Any]:
    """Who -> cookies of somebody who signed in before: nobody waits for a sign-in twice."""
    return {}


@pytest.fixture
def as_known(anybody: Callable[..., Page], known: dict[str, Any]) -> Callable[..., Page]:
    """A page of somebody, at `start`; `sign_in(page)` is called the first time only, and ends at `start`."""

    def open_as(who: str, start: str, sign_in: Callable[[Page], object], theme: Theme, **context: Any) -> Page:
        if who not in known:
            first = anybody(theme)
            sign_in(first)
            first.wait_for_url(f"**{start}")
            known[who] = first.context.storage_state()
        page = anybody(theme, storage_state=known[who], **context)
        page.goto(start)
        return page

    return open_as


@pytest.fixture
def seller(as_known: Callable[..., Page], sellers: list[str]) -> Callable[..., Page]:
    def sign_in(page: Page) -> None:
        page.goto("/sign-in/?next=/my/apps/")
        page.get_by_role("button", name="Continue with the marketplace").click()
        page.locator(f'button[value="{sellers[0]}"], input[value="{sellers[0]}"]').first.click()

    return lambda theme="light", **context: as_known("seller", "/my/apps/", sign_in, theme, **context)


@pytest.fixture
def staff(as_known: Callable[..., Page], stack: Stack) -> Callable[..., Page]:
    def open_as(role: str = "operator", theme: Theme = "light", name: str = "", **context: Any) -> Page:
        address = f"{name or role}@staff.example"

        def sign_in(page: Page) -> None:
            named = ("--name", name.capitalize()) if name else ()
            piepowder(stack, "staff", "create", address, "--role", role, *named, fine=(0, 1))
            page.goto(piepowder(stack, "staff", "link", address))
            page.get_by_role("main").get_by_role("button").click()

        return as_known(address, "/", sign_in, theme, **context)

    return open_as


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    with Program() as running:
        yield running


@pytest.fixture(scope="session")
def market(stack: Stack, program: Program, orders: str) -> dict[str, Any]:
    made: dict[str, Any] = json.decode(stack.run("tests.browser.fill", given=json.encode({"return_to": program.url})))
    for app, status in (("printer", 200), ("audience", 200), ("metrics", 200), ("newcomer", 403)):
        token = stack.made["apps"][app]["grants"][0]["access_token"]
        assert httpx.get(stack.url + orders, headers={"x-amz-access-token": token}).status_code == status
    return made


@pytest.fixture
def developer(as_known: Callable[..., Page], market: dict[str, Any]) -> Callable[..., Page]:
    def open_as(email: str, theme: Theme = "light", **context: Any) -> Page:
        def sign_in(page: Page) -> None:
            page.goto("/sign-in/")
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()

        return as_known(email, "/developer/", sign_in, theme, **context)

    return open_as


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
