"""The tutorial is followed by its letters, from signing up to the first order, and timed."""

import os
from pathlib import Path

import pytest

from piepowder.core.kernel import json
from tests.support.stack import ROOT
from tests.tutorial.person import Person, Spent
from tests.tutorial.script import UnknownSentence, read

DOCUMENT = ROOT / "docs" / "tutorial.md"
PERSON_SECONDS_MAX = 600


def test_whoever_follows_the_tutorial_reads_an_order_within_ten_minutes(person: Person) -> None:
    """Every step is as written; hands, head and eyes need less than ten minutes for all. `prove` adds the system's time."""
    steps = read(DOCUMENT)
    try:
        for step in steps:
            person.follow(step)
    finally:
        _tell(person.spent, len(steps))
    assert len(person.spent) == len(steps)
    assert sum(step.seconds - step.system for step in person.spent) <= PERSON_SECONDS_MAX


def _tell(spent: list[Spent], steps: int) -> None:
    """A line for each step; where `PIEPOWDER_TUTORIAL_TIMES` names a file, all of it as JSON as well."""
    rows = [step.told() for step in spent]
    for row in rows:
        print(f"{row['seconds']:6.1f} s  {row['step']}  (reading {row['reading']:.1f}, system {row['system']:.1f})")
    print(f"{sum(row['seconds'] for row in rows):6.1f} s  together")
    if path := os.environ.get("PIEPOWDER_TUTORIAL_TIMES"):
        Path(path).write_text(json.pretty({"steps_written": steps, "steps": rows}) + "\n")


def test_a_sentence_that_nobody_could_follow_is_named(tmp_path: Path) -> None:
    """Words in bold that belong to no action stop the test at their line."""
    path = tmp_path / "odd.md"
    path.write_text("# Odd\n\n## 1. Step\n\n1. Press **Save**.\n2. Jump over **the fence**.\n")
    with pytest.raises(UnknownSentence, match="line 6"):
        read(path)


def test_what_is_read_is_what_is_done(tmp_path: Path) -> None:
    """Sentences become actions in their order, with what they name; blocks belong to the sentence above."""
    path = tmp_path / "small.md"
    text = "## 1. Step\n\nFirst of all.\n\n1. Fill **A** with `1`, **B** with `2` and **C** with `3`. Press **D** beside **E**.\n"
    path.write_text(
        text + "2. Run this in another terminal:\n\n   ```sh\n   ls\n   ```\n\n## After\n\n1. Press **F**.\n"
    )
    actions = [action for step in read(path) for action in step.actions]
    assert [(one.verb, one.given) for one in actions] == [
        ("fill", ("A", "1", "B", "2", "C", "3")),
        ("press", ("D", "E")),
        ("run", ("ls",)),
    ]
