"""`docs/tutorial.md` as a script: what stands in its numbered items is done, word by word, so that it cannot say what is not so.

A heading `## 3. …` begins a step. In the numbered items below it a sentence is one of `SENTENCES`, or it has neither bold words nor code
and is there to be read. Bold is what stands on a screen; code is what is typed, or a file. A fenced block belongs to the item above it.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MORE = r"(?:, {0})*(?:,? and {0})?"
#: verb -> its sentence: `*` stands for bold words, `~` for code, `@` for an address
SENTENCES: dict[str, str] = {
    "open": r"Open @",
    "open_shown": r"Open the address that the terminal shows after \*",
    "window": r"Go to the window of the \*",
    "private": r"Open a private window for the \*",
    "close": r"Close the window of the \*",
    "private_link": r"Copy \* and open it in a private window for the \*",
    "press": r"Press \*(?: beside \*)?",
    "link": r"Press the link in the letter",
    "fill": r"Fill \* with ~" + _MORE.format(r"\* with ~"),
    "fill_today": r"Fill each of the \w+ dates with today's date",
    "choose": r"Choose \*(?: at \*)?",
    "choose_all": r"Choose \* at every point",
    "attach": r"Attach ~ at \*",
    "run": r"Run this in another terminal",
    "paste": r"Copy \* and paste it at \*",
    "see": r"You see \*" + _MORE.format(r"\*"),
    "printed": r"The terminal shows \*" + _MORE.format(r"\*"),
}
_VERBS = {pattern.partition(" ")[0] for pattern in SENTENCES.values()} - {"The", "You"}
_STEP = re.compile(r"(\d+)\. (.+)")
_SENTENCE_END = re.compile(r"(?<=[.:])(\s+)")


class UnknownSentence(Exception):
    """A sentence of the document that nobody could follow to the letter."""


@dataclass(frozen=True, slots=True)
class Action:
    """`given`: the marked words of the sentence, in order; for `run` the block."""

    line: int
    verb: str
    given: tuple[str, ...]
    text: str


@dataclass(slots=True)
class Step:
    """`words`: how many there are to read."""

    title: str
    words: int = 0
    actions: list[Action] = field(default_factory=list)


def read(path: Path) -> list[Step]:
    """The steps in order. What stands before the first is one without actions: it is read as well. A `##` without a number ends them."""
    steps, heading, items = [Step("Before you begin")], "", 0
    for token in MarkdownIt().parse(path.read_text()):
        items += token.nesting * (token.type in ("ordered_list_open", "ordered_list_close"))
        heading = token.tag if token.type == "heading_open" else heading if token.type == "inline" else ""
        if token.type == "inline" and heading == "h2":
            if not (numbered := _STEP.fullmatch(token.content)):
                break
            steps.append(Step(numbered[0]))
        if token.type == "inline":
            steps[-1].words += len(token.content.split())
            steps[-1].actions += _actions(token) if items else []
        elif token.type == "fence" and items:
            _give_block(steps[-1], token)
    return steps


def _give_block(step: Step, fence: Token) -> None:
    asked = step.actions[-1]
    if asked.verb != "run":
        raise UnknownSentence(
            f"line {fence.map[0] + 1 if fence.map else 0}: a block without “Run this in a terminal” before it"
        )
    step.actions[-1] = Action(asked.line, "run", (fence.content.strip(),), asked.text)


def _actions(inline: Token) -> list[Action]:
    masked, marks = _masked(inline)
    line, found = (inline.map[0] if inline.map else 0) + 1, []
    for sentence, space in zip(*[iter([*_SENTENCE_END.split(masked), ""])] * 2, strict=True):
        count = sum(sentence.count(mark) for mark in "*~@")
        given, marks = tuple(marks[:count]), marks[count:]
        bare = " ".join(sentence.rstrip(".:").split())
        verb = next((verb for verb, pattern in SENTENCES.items() if re.fullmatch(pattern, bare)), "")
        if not verb and (given or bare.partition(" ")[0] in _VERBS):
            raise UnknownSentence(f"line {line}: {bare} {given}")
        found += [Action(line, verb, given, bare)] if verb else []
        line += (sentence + space).count("\n")
    return found


def _masked(inline: Token) -> tuple[str, list[str]]:
    """The text with a sign in place of each mark, and the marks."""
    marks: list[str] = []
    text, inside = "", ""
    for child in inline.children or []:
        if child.type in ("strong_open", "link_open"):
            inside = "*" if child.type == "strong_open" else "@"
            marks.append(str(child.attrs.get("href", "")))
        elif child.type in ("strong_close", "link_close"):
            text, inside = text + inside, ""
        elif child.type == "code_inline":
            text += "~"
            marks.append(child.content)
        elif inside == "*":
            marks[-1] += child.content or " "
        elif not inside:
            text += child.content or "\n"
    return text, marks
