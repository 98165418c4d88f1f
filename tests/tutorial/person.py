"""A person who follows the tutorial in Chromium and a terminal, and how long that takes by the keystroke-level model.

Times are those of Card, Moran & Newell (1980, doi:10.1145/358886.358895): K 0.28 s for an average typist who is no secretary, also for a
press of the mouse; P 1.1 s to point; H 0.4 s from mouse to keyboard or back; M 1.35 s to prepare, by their rule 0 before whatever selects a
command and not before arguments (fields, choices), whose words are read. R, the system's answer, is measured.
Reading is 238 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047): all of the tutorial's words, and of each page its heading,
messages, and the help of the fields that are filled; what a page says below its heading is counted apart. What is longer than 40
characters is copied, not typed; a dialogue for files remembers its folder.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

from tests.support.stack import ROOT
from tests.tutorial.script import Action, Step

SECONDS = {"K": 0.28, "P": 1.1, "H": 0.4, "M": 1.35}
WORDS_A_MINUTE = 238
TYPED_MAX = 40
CLICK = "MPK"  # a command
FIELD = "PK"  # an argument
COPY = "MPKPK" + "HKK"  # drag over it, Ctrl+C
PASTE = "KK" + "HPK" + "HKK"  # to the other window, into the field, Ctrl+V
PROGRAM_SECONDS_MAX = 60
#: what a person who follows a tutorial reads of a page on arriving: what it is, and what became of the last thing done
READ = """() => [...document.querySelectorAll('h1, main > [role=status], main > [role=alert]')].map(one => one.innerText).join(' ')"""
#: and what somebody reads who wants to know it all
INTRODUCTION = """() => [...document.querySelectorAll('h1 + p')].map(one => one.innerText).join(' ')"""
#: the help beside a field; its label stands in the tutorial
HELP = """one => (one.getAttribute('aria-describedby') || '').split(' ')
    .map(id => document.getElementById(id)?.innerText || '').join(' ')"""


class NotAsWritten(AssertionError):
    """The product is not as the document says; the message names the line."""


@dataclass(slots=True)
class Spent:
    """What a step took. `operators` as in the model, `system` in seconds, `words` read, and those of introductions that are not."""

    title: str
    operators: Counter[str] = field(default_factory=Counter)
    system: float = 0.0
    words: int = 0
    passed_over: int = 0
    ok: bool = True

    @property
    def seconds(self) -> float:
        hands = sum(SECONDS[each] * count for each, count in self.operators.items())
        return hands + self.system + self.words / WORDS_A_MINUTE * 60

    def told(self) -> dict[str, Any]:
        return {
            "step": self.title,
            "ok": self.ok,
            "seconds": self.seconds,
            "system": self.system,
            "reading": self.words / WORDS_A_MINUTE * 60,
            "introductions": self.passed_over / WORDS_A_MINUTE * 60,
            **self.operators,
        }


class Person:
    """`open_window` makes a window with nobody signed in; `shown` is what the demonstration's terminal shows, by its first words.

    `here`: the addresses of the document -> those of this run.
    """

    def __init__(
        self,
        open_window: Callable[[], Page],
        *,
        shown: Mapping[str, str],
        here: Mapping[str, str],
        environment: Mapping[str, str],
    ) -> None:
        self._open_window, self._shown, self._here, self._environment = open_window, shown, here, environment
        self._windows: dict[str, Page] = {}
        self._page: Page | None = None
        self._program: Program | None = None
        self._known: set[str] = set()
        self.spent: list[Spent] = []

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = self._windows["developer"] = self._open_window()
        return self._page

    def follow(self, step: Step) -> None:
        spent = Spent(step.title, words=step.words)
        self.spent.append(spent)
        for action in step.actions:
            try:
                self._do(action)
            except (Error, AssertionError) as error:
                spent.ok = False
                raise NotAsWritten(
                    f"docs/tutorial.md, line {action.line}: {action.text} {action.given}\n{error}"
                ) from error

    def _do(self, action: Action) -> None:
        given = [self._translated(each) for each in action.given]
        before, began = self.page.url, time.monotonic()
        getattr(self, f"_{action.verb}")(*given)
        self.page.wait_for_load_state()
        self._now.system += time.monotonic() - began
        if self.page.url != before and action.verb not in ("window", "run", "paste"):
            self._reads(self.page.evaluate(READ))
            self._now.passed_over += len(str(self.page.evaluate(INTRODUCTION)).split())

    @property
    def _now(self) -> Spent:
        return self.spent[-1]

    def _spends(self, operators: str, typed: str = "") -> None:
        self._now.operators.update(operators + "K" * len(typed))

    def _reads(self, text: str) -> None:
        """What was read before is known again."""
        text = " ".join(text.split())
        self._now.words += 0 if text in self._known else len(text.split())
        self._known.add(text)

    def _translated(self, text: str) -> str:
        for theirs, ours in self._here.items():
            text = text.replace(theirs, ours)
        return text

    def _open(self, address: str) -> None:
        self._spends(CLICK)
        self.page.goto(address)

    def _open_shown(self, name: str) -> None:
        self._spends(COPY + PASTE + "K")
        self.page.goto(self._shown[name])

    def _private(self, role: str) -> None:
        self._spends("MHKKK")
        self._page = self._windows[role] = self._open_window()

    def _close(self, role: str) -> None:
        self._spends("HKK")
        self._windows.pop(role).context.close()
        self._page = next(iter(self._windows.values()))

    def _private_link(self, name: str, role: str) -> None:
        address = self._beside(name)
        self._spends(COPY)
        self._private(role)
        self._spends("KKK")
        self.page.goto(address)

    def _window(self, role: str) -> None:
        self._spends(CLICK)
        self._page = self._windows[role]

    def _press(self, words: str, beside: str = "") -> None:
        where: Page | Locator = self.page
        if beside:
            where = self.page.locator("tr, li, .card, section").filter(has_text=beside).last
        self._click(_pressable(where, words))

    def _link(self) -> None:
        self._click(self.page.locator("pre a").first)

    def _click(self, target: Locator) -> None:
        self._looks_for(target)
        self._spends(CLICK)
        target.click()

    def _looks_for(self, target: Locator) -> None:
        """What is not in the window has to be scrolled to first: as long as pointing."""
        expect(target).to_be_visible()
        box, height = target.bounding_box(), self.page.viewport_size
        if box and height and not 0 <= box["y"] <= height["height"] - box["height"]:
            self._spends("P")

    def _fill(self, *given: str) -> None:
        for label, text in zip(given[::2], given[1::2], strict=True):
            target = _one(self._field(label))
            self._looks_for(target)
            self._reads(target.evaluate(HELP))
            self._spends(FIELD + "HH", text) if len(text) <= TYPED_MAX else self._spends(COPY + PASTE)
            target.fill(text)

    def _fill_today(self) -> None:
        """Every date that has to be there and is not."""
        for target in self.page.locator("input[type=date]:visible").all():
            label = target.evaluate("one => one.labels[0].innerText")
            if not target.input_value() and "(optional)" not in label:
                self._looks_for(target)
                self._reads(label)
                self._spends(FIELD + "HH", typed="31122026")
                target.fill(date.today().isoformat())

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(?: \(optional\))?\s*$"))

    def _choose(self, words: str, at: str = "") -> None:
        if at and (listed := self._field(at).and_(self.page.locator("select"))).count():
            self._reads(_one(listed).evaluate(HELP))
            self._spends(FIELD + FIELD)
            listed.select_option(label=words)
            return
        where: Page | Locator = self.page
        if at:
            where = self.page.locator("fieldset, section, .question").filter(has_text=at).last
        self._tick(_one(_boxes(where, words)))

    def _choose_all(self, words: str) -> None:
        boxes = _boxes(self.page, words)
        expect(boxes.first).to_be_visible()
        for number in range(boxes.count()):
            self._tick(boxes.nth(number))

    def _tick(self, target: Locator) -> None:
        self._looks_for(target)
        self._reads(target.evaluate(HELP))
        self._spends(FIELD)
        target.check()

    def _attach(self, file: str, at: str) -> None:
        target = _one(self._field(at))
        self._looks_for(target)
        self._reads(target.evaluate(HELP))
        folder = file.rpartition("/")[0]
        self._spends("M" + FIELD * 3 if folder in self._known else COPY + FIELD + "HKKK")
        self._known.add(folder)
        target.set_input_files(ROOT / file)

    def _see(self, *several: str) -> None:
        for words in several:
            self._spends("M")
            expect(self.page.get_by_text(words).filter(visible=True).first).to_be_visible()

    def _run(self, block: str) -> None:
        self._spends("MPK" + PASTE + "K")  # blocks have a button that copies them
        self._program = Program(block, self._environment)

    def _paste(self, name: str, prompt: str) -> None:
        text = self._beside(name)
        self._spends(COPY + PASTE + "KH")
        assert self._program is not None, "no program was run"
        self._program.answer(prompt, text)

    def _beside(self, name: str) -> str:
        """What stands on the page under this name."""
        named = self.page.locator("dt").get_by_text(name, exact=True)
        return _one(named.locator("xpath=following-sibling::dd[1]")).inner_text().strip()

    def _printed(self, *several: str) -> None:
        assert self._program is not None, "no program was run"
        told = self._program.rest()
        for words in several:
            self._spends("M")
            assert words in told, f"the terminal shows:\n{told}"


class Program:
    """What runs in the person's terminal."""

    def __init__(self, block: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "-c", block.replace(".venv/bin/", f"{Path(sys.executable).parent}/")],
            cwd=ROOT,
            env=os.environ | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.told = ""

    def answer(self, prompt: str, text: str) -> None:
        """Waits until the program asks for it."""
        assert self._process.stdin is not None
        self._read_to(prompt)
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def _read_to(self, prompt: str) -> None:
        assert self._process.stdout is not None
        said = ""
        while not said.rstrip().endswith(prompt):
            more = os.read(self._process.stdout.fileno(), 4096)
            assert more, f"the program ended without asking for {prompt}:\n{self.told}"
            said += more.decode()
            self.told += more.decode()

    def rest(self) -> str:
        """Everything it says to its end."""
        if self._process.poll() is None:
            out, _ = self._process.communicate(timeout=PROGRAM_SECONDS_MAX)
            self.told += out.decode()
        assert self._process.returncode == 0, self.told
        return self.told


def _boxes(where: Page | Locator, words: str) -> Locator:
    """Radio buttons and boxes of these words."""
    named = re.compile(rf"^\s*{re.escape(words)}(?:\W|$)")
    return where.get_by_role("radio", name=named).or_(where.get_by_role("checkbox", name=named))


def _one(found: Locator) -> Locator:
    """The only one that is to be seen."""
    expect(found.first).to_be_attached()
    count = found.count()
    if count > 1 and len({each.get_attribute("href") or str(number) for number, each in enumerate(found.all())}) == 1:
        return found.first
    if count > 1:
        raise NotAsWritten(f"there are {count} of these: {[each.inner_text()[:60] for each in found.all()]}")
    return found


def _pressable(where: Page | Locator, words: str) -> Locator:
    """A button of this name, else a link; what a screen reader hears besides may follow."""
    named = re.compile(rf"^\s*{re.escape(words)}(?:\W|$)")
    summary = where.locator("summary").get_by_text(words, exact=True)
    exact = where.get_by_role("button", name=words, exact=True).or_(summary)
    link = where.get_by_role("link", name=words, exact=True)
    more = where.get_by_role("button", name=named).or_(where.get_by_role("link", name=named))
    expect(more.or_(summary).first).to_be_visible()
    return _one(next((found for found in (exact, link) if found.count()), more))
