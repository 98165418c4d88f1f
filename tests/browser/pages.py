"""How a journey speaks of pages: stations, menus, buttons, and keys instead of a mouse."""

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PHONE_WIDTH = 390
_PICTURES = os.environ.get(
    "PIEPOWDER_PICTURES", ""
)  # a folder for a picture of every station, to be looked at by people
_FOCUS = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const look = getComputedStyle(at), box = at.getBoundingClientRect();
    return {
        tag: at.tagName,
        words: (at.ariaLabel || at.labels?.[0]?.textContent || at.textContent || at.value || at.name || '')
            .replace(/\\s+/g, ' ').trim().slice(0, 200),
        ringed: look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2,
        seen: box.width > 0 && box.height > 0 && box.left >= 0 && box.top >= 0
            && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1,
    };
}"""

_OVER = """() => [...document.querySelectorAll('main *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth && !one.closest('.scroll'))
    .map(one => one.tagName + '.' + one.className).slice(0, 8)"""


def station(page: Page, name: str) -> Locator:
    """The main part of a page that a journey stops at: it has one main heading, and fits a phone without scrolling sideways."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": PHONE_WIDTH, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    over = page.evaluate(_OVER) if wide > PHONE_WIDTH else []
    keep(page, f"{name}-phone")
    page.set_viewport_size(size)
    keep(page, name)
    assert wide <= PHONE_WIDTH, f"{name} is {wide} px wide on a phone: {over}"
    return main(page)


def keep(page: Page, name: str) -> None:
    if _PICTURES:
        theme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        page.screenshot(path=Path(_PICTURES) / f"{name}-{theme}.png", full_page=True)


def main(page: Page) -> Locator:
    return page.get_by_role("main")


def menu(page: Page, words: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile(f"^{words}")).click()


def press(page: Page, words: str, within: str = "") -> None:
    place = page.locator(within) if within else main(page)
    place.get_by_role("button", name=words, exact=True).click()


def follow(page: Page, words: str) -> None:
    main(page).get_by_role("link", name=words).first.click()


def says(page: Page, *words: str) -> None:
    """All of these stand on the page."""
    for one in words:
        expect(main(page)).to_contain_text(one)


class Keyboard:
    """Somebody without a mouse. Whatever is focused must be ringed and in view; `steps` counts the keys that set something off."""

    def __init__(self, page: Page) -> None:
        self.page, self.steps = page, 0

    def focused(self) -> str:
        """What the focus is on, in words; none is none. Fails where a seeing person could not tell."""
        found = self.page.evaluate(_FOCUS)
        if found is None:
            return ""
        assert found["ringed"], f"no ring around {found}"
        assert found["seen"], f"out of view: {found}"
        return str(found["words"])

    def tab_to(self, words: str, most: int = 150) -> None:
        """Tab, until the focus is on what says or is named so."""
        for _ in range(most):
            if words.lower() in self.focused().lower():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not come to {words!r} in {most} steps")

    def skip(self) -> None:
        """The first Tab of a page offers to skip the menu; the next one after that is in the content."""
        self.page.keyboard.press("Tab")
        assert self.focused() == "Skip to the content"
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Tab")
        inside = self.page.evaluate("document.activeElement.closest('main') !== null")
        assert inside, f"skipping leads to {self.focused()!r}"

    def activate(self) -> None:
        """Enter on a link or button, to the page that follows."""
        self.steps += 1
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
