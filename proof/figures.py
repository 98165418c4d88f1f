"""What a proof measures, and what it is held against."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct

ROOT = Path(__file__).parents[1]


class Figure(Struct, frozen=True):
    """One measured value of a row."""

    name: str
    value: float
    unit: str = ""


class Goal(Struct, frozen=True, kw_only=True):
    """`limit` of the figure `name` in `row`; `full`: the limit where the long amounts are run."""

    row: str
    name: str
    compare: Literal["<=", ">=", "="]
    limit: float
    unit: str = ""
    full: float | None = None

    def limit_of(self, full: bool) -> float:
        return self.full if full and self.full is not None else self.limit

    def reached(self, value: float, full: bool) -> bool:
        limit = self.limit_of(full)
        if self.compare == "=":
            return value == limit
        return value <= limit if self.compare == "<=" else value >= limit


class Outcome(Struct, frozen=True, kw_only=True):
    """A line of the report. Without a goal it is for information; `figure` None: it was not measured."""

    row: str
    name: str
    goal: str
    figure: float | None
    unit: str
    ok: bool | None


class Run(Struct, frozen=True):
    """How a proof is run: with the long amounts or not, and where raw samples go."""

    full: bool
    samples: Path

    def keep(self, name: str, text: str) -> Path:
        """A raw sample beside the figures."""
        self.samples.mkdir(parents=True, exist_ok=True)
        path = self.samples / name
        path.write_text(text)
        return path


def judged(row: str, goals: Iterable[Goal], figures: Iterable[Figure], full: bool) -> list[Outcome]:
    """Every goal of the row, measured or not; then what was measured beside them."""
    measured = {figure.name: figure for figure in figures}
    outcomes = []
    for goal in goals:
        figure = measured.pop(goal.name, None)
        outcomes.append(
            Outcome(
                row=row,
                name=goal.name,
                goal=f"{goal.compare} {goal.limit_of(full):,g}",
                figure=figure.value if figure else None,
                unit=goal.unit,
                ok=figure is not None and goal.reached(figure.value, full),
            )
        )
    beside = [Outcome(row=row, name=f.name, goal="", figure=f.value, unit=f.unit, ok=None) for f in measured.values()]
    return outcomes + beside
