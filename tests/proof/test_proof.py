"""The proof judges what it measured, and nothing that it did not."""

from importlib import import_module
from pathlib import Path

import pytest

from proof.figures import Figure, Goal, Run, judged
from proof.part1.goals import GOALS, LATER, ROWS
from proof.part1.triples import told
from proof.run import chosen_rows, line, measured

AT_MOST = Goal(row="row", name="time", compare="<=", limit=2, unit="s")
AT_LEAST = Goal(row="row", name="kills", compare=">=", limit=20, full=200)
NONE = Goal(row="row", name="leaks", compare="=", limit=0)


@pytest.mark.parametrize(
    ("goal", "value", "full", "ok"),
    [
        (AT_MOST, 2.0, False, True),
        (AT_MOST, 2.01, False, False),
        (AT_LEAST, 20, False, True),
        (AT_LEAST, 20, True, False),
        (AT_LEAST, 200, True, True),
        (NONE, 0, False, True),
        (NONE, 1, False, False),
        (AT_MOST, float("nan"), False, False),
    ],
)
def test_a_figure_is_held_against_its_goal(goal: Goal, value: float, full: bool, ok: bool) -> None:
    """At the limit it is reached; the long amounts have goals of their own; what is no number reaches nothing."""
    [outcome] = judged("row", [goal], [Figure(goal.name, value)], full)
    assert outcome.ok is ok


def test_what_was_not_measured_is_missed() -> None:
    """A goal without a figure is no success, and figures beside the goals are told without a verdict."""
    missed, beside = judged("row", [AT_MOST], [Figure("something else", 1.0)], full=False)
    assert (missed.ok, missed.figure) == (False, None)
    assert beside.ok is None
    assert "not measured | MISSED" in line(missed)


def test_a_row_that_breaks_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in one row counts against it and stops no other."""

    def broken(run: Run) -> list[Figure]:
        raise RuntimeError("made up")

    monkeypatch.setattr("proof.part1.clients.measure", broken)
    outcomes = measured(1, "clients", GOALS, Run(full=False, samples=tmp_path))
    assert outcomes
    assert all(outcome.ok is False for outcome in outcomes)


def test_every_row_has_a_module_and_goals() -> None:
    """The table of goals and the modules that measure belong together."""
    for row in ROWS:
        assert callable(import_module(f"proof.part1.{row}").measure)
    assert {goal.row for goal in GOALS} == set(ROWS)
    assert len({(goal.row, goal.name) for goal in GOALS}) == len(GOALS)
    assert chosen_rows(ROWS, "a,kills") == ["demo", "kills"]
    assert LATER


def test_counts_of_shards_are_added_up() -> None:
    """Each shard of the oracle prints its own."""
    assert told("oracle 0: {'triples': 2000}\noracle 1: {'refused': 3, 'triples': 2000}", "triples") == 4000
