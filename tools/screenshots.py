"""`python -m tools.screenshots [--data FOLDER]`: the README's pictures, taken of a running `piepowder demo` in Debian's Chromium.

operator's home, the store, an app's data label, the page on which a seller authorises
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from piepowder.cli.options import Common
from piepowder.core.kernel import json
from tests.support.chromium import FLAGS, PATH

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 860}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("/var/lib/piepowder/demo"))
    data = parser.parse_args().data
    base = Common(data=data, config=None).settings().public_url
    made = json.decode((data / "demo" / "credentials.json").read_bytes())
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        for name, page in pages(browser, base, data, made):
            page.screenshot(path=PICTURES / f"{name}.png")
            print(name)
        browser.close()
    return 0


def pages(browser: Browser, base: str, data: Path, made: dict[str, Any]) -> Iterator[tuple[str, Page]]:
    app = made["apps"]["label_printer"]
    operator = opened(browser, base, "dark")
    command = [sys.executable, "-m", "piepowder.cli.main", "staff", "link", "operator@example.com", "--data", str(data)]
    operator.goto(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
    operator.get_by_role("main").get_by_role("button").click()
    operator.wait_for_url(f"{base}/")
    yield "home", operator
    seller = opened(browser, base, "light")
    seller.goto("/sign-in/?next=/my/apps/")
    seller.get_by_role("button", name="Continue with the marketplace").click()
    seller.locator("button[value]").first.click()
    seller.wait_for_url("**/my/apps/")
    seller.goto("/store/")
    yield "store", seller
    seller.goto(f"/store/{app['app_id']}/")
    yield "label", seller
    seller.goto(app["consent_path"])
    yield "authorise", seller


def opened(browser: Browser, base: str, theme: Any) -> Page:
    return browser.new_context(base_url=base, color_scheme=theme, viewport=SIZE).new_page()  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
