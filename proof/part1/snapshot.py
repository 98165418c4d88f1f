"""Row g: 10,000 apps and 100,000 grants in a worker's snapshot."""

import subprocess
import sys
from typing import Any

from piepowder.core.kernel import json
from proof.figures import ROOT, Figure, Run

ROUNDS = 3
_NAMES = {
    "snapshot load": "load",
    "worker with snapshot, peak memory": "memory of a worker",
    "apps": "apps",
    "grants": "grants",
    "snapshot load, CPU of the worker": "load, CPU of the worker",
}


def measure(run: Run) -> list[Figure]:
    """Medians of several runs, each in a database and a process of its own."""
    rounds = [_one(run, number) for number in range(ROUNDS)]
    figures = []
    for case, name in _NAMES.items():
        several = sorted((float(each[case]["value"]), each[case]["unit"]) for each in rounds)
        figures.append(Figure(name, *several[ROUNDS // 2]))
    return figures


def _one(run: Run, number: int) -> dict[str, dict[str, Any]]:
    run.samples.mkdir(parents=True, exist_ok=True)
    kept = run.samples / f"snapshot-{number}.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.snapshot", "--json", str(kept)],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    return {row["case"]: row for row in json.decode(kept.read_bytes())}
