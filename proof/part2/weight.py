"""Row `weight`: the script that a browser has to fetch for any page, as Chromium counts it, and what else comes with it.

Every page that `walk` finds is opened in a browser that has nothing in its cache. Script is every resource of that type and every
script in the page itself; bytes are counted as they are decoded, and as they were transferred.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from playwright.sync_api import CDPSession, Page, sync_playwright

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings
from proof.figures import Figure, Run
from proof.part2 import market, pages, walk
from tests.support.chromium import FLAGS, PATH

INLINE = "() => [...document.scripts].filter(one => !one.src).reduce((sum, one) => sum + new Blob([one.text]).size, 0)"
TIMES = 2  # weight does not depend on how much the marketplace has


class Weight(Struct, frozen=True, kw_only=True):
    """Bytes of one page, by what they are: decoded, and transferred; how many requests it took."""

    role: str
    page: str
    address: str
    script: int
    inline: int
    style: int
    transferred: int
    requests: int


class Counter:
    """Listens to the browser's own count of what it receives."""

    def __init__(self, session: CDPSession) -> None:
        self.kinds: dict[str, str] = {}
        self.decoded: dict[str, int] = {}
        self.transferred = 0
        session.on("Network.responseReceived", self._received)
        session.on("Network.dataReceived", self._data)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def clear(self) -> None:
        self.kinds, self.decoded, self.transferred = {}, {}, 0

    def of(self, kind: str) -> int:
        return sum(self.decoded.get(request, 0) for request, one in self.kinds.items() if one == kind)

    def _received(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def _data(self, event: dict[str, Any]) -> None:
        request = event["requestId"]
        self.decoded[request] = self.decoded.get(request, 0) + int(event["dataLength"])

    def _finished(self, event: dict[str, Any]) -> None:
        self.transferred += int(event["encodedDataLength"])


def measure(run: Run) -> list[Figure]:
    folder = Path(os.environ.get(pages.KEPT) or tempfile.mkdtemp(prefix="piepowder-proof-"))
    try:
        with market.opened(folder, TIMES) as settings, market.console(settings):
            found = list(_weighed(settings))
    finally:
        if pages.KEPT not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)
    run.keep("weight.json", json.pretty(found))
    heaviest = max(found, key=lambda one: one.script + one.inline)
    print(f"   heaviest: {heaviest.role} {heaviest.page} {heaviest.address}")
    return [
        Figure("script before charts, heaviest page", (heaviest.script + heaviest.inline) / 1000, "kB"),
        Figure("pages walked", len(found)),
        Figure("style, heaviest page", max(one.style for one in found) / 1000, "kB"),
        Figure("transferred, heaviest page", max(one.transferred for one in found) / 1000, "kB"),
        Figure("requests, at most", max(one.requests for one in found)),
    ]


def _weighed(settings: Settings) -> Iterator[Weight]:
    walk.ready()
    cookies = market.cookies(settings)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        for role in pages.ROLES:
            cookie = cookies.get(role, "")
            plain = walk.Browser(settings.public_url, cookie)
            found = walk.walk(plain, "/" if cookie else "/sign-in/", 1)
            context = browser.new_context(base_url=settings.public_url)
            if cookie:
                context.add_cookies([{"name": "piepowder_session", "value": cookie, "url": settings.public_url}])
            page = context.new_page()
            counter = Counter(context.new_cdp_session(page))
            for name, addresses in found.items():
                if plain.get(addresses[0]).kind == "text/html":
                    yield _one(page, counter, role, name, addresses[0])
            context.close()
        browser.close()


def _one(page: Page, counter: Counter, role: str, name: str, address: str) -> Weight:
    counter.clear()
    page.goto(address, wait_until="load")
    return Weight(
        role=role,
        page=name,
        address=address,
        script=counter.of("Script"),
        inline=int(page.evaluate(INLINE)),
        style=counter.of("Stylesheet"),
        transferred=counter.transferred,
        requests=len(counter.kinds),
    )
