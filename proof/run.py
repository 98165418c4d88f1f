"""`python -m proof.run --part 1 [--full] [--rows demo,kills]`: measures what a part must reach, and says what falls short.

Prints `row | goal | figure | ok`, writes `proof/part<N>.json`, keeps raw samples in `proof/samples/part<N>/`; exit status 1 if a goal is
missed. A row that fails to run counts as missed. Chosen rows are printed only: a report is of all rows, or it is none.
"""

import argparse
import importlib
import os
import platform
import subprocess
import sys
import time
import traceback
from datetime import UTC, datetime

from piepowder.core.kernel import json
from proof.figures import ROOT, Goal, Outcome, Run, judged


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="the long amounts")
    parser.add_argument("--rows", default="", help="only these, by name or letter (a, b, ...), separated by commas")
    options = parser.parse_args()
    table = importlib.import_module(f"proof.part{options.part}.goals")
    rows, goals = table.ROWS, table.GOALS
    chosen = chosen_rows(rows, options.rows)
    run = Run(options.full, ROOT / "proof" / "samples" / f"part{options.part}")
    outcomes = [each for row in chosen for each in measured(options.part, row, goals, run)]
    if list(rows) == chosen:
        (ROOT / "proof" / f"part{options.part}.json").write_text(report(options.part, options.full, outcomes))
    missed = [each for each in outcomes if each.ok is False]
    print(f"\n{len(missed)} of {sum(each.ok is not None for each in outcomes)} goals missed")
    return 1 if missed else 0


def chosen_rows(rows: tuple[str, ...], wanted: str) -> list[str]:
    if not wanted:
        return list(rows)
    letters = {chr(ord("a") + number): row for number, row in enumerate(rows)}
    return [letters.get(word, word) for word in wanted.split(",")]


def measured(part: int, row: str, goals: tuple[Goal, ...], run: Run) -> list[Outcome]:
    """One row. Whatever goes wrong in it, the others are still measured."""
    began = time.monotonic()
    print(f"\n== {row}", flush=True)
    try:
        figures = importlib.import_module(f"proof.part{part}.{row}").measure(run)
    except Exception:
        traceback.print_exc()
        figures = []
    outcomes = judged(row, [goal for goal in goals if goal.row == row], figures, run.full)
    for each in outcomes:
        print(line(each), flush=True)
    print(f"   ({time.monotonic() - began:.0f} s)", flush=True)
    return outcomes


def line(outcome: Outcome) -> str:
    figure = "not measured" if outcome.figure is None else f"{outcome.figure:,.4g} {outcome.unit}".rstrip()
    goal = f"{outcome.goal} {outcome.unit}".rstrip() if outcome.goal else "-"
    mark = {True: "ok", False: "MISSED", None: ""}[outcome.ok]
    return f"{outcome.row}: {outcome.name} | {goal} | {figure} | {mark}".rstrip()


def report(part: int, full: bool, outcomes: list[Outcome]) -> str:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    told = {
        "part": part,
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": commit,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "full": full,
        "rows": outcomes,
    }
    return json.pretty(told) + "\n"


if __name__ == "__main__":
    sys.exit(main())
