"""Row f: the gateway beside nginx and nginx + Lua in one run, the cached decision, the distance to later goals, and where the time goes."""

import subprocess
import sys

import benchmarks.run as bench
from piepowder.core.kernel import json
from proof.figures import ROOT, Figure, Run
from proof.part1.goals import LATER
from proof.part1.profile import profile

SECONDS, SECONDS_FULL = 5, 10
ROUNDS, ROUNDS_FULL = 3, 5
CONNECTIONS = 32


def measure(run: Run) -> list[Figure]:
    seconds, rounds = (SECONDS_FULL, ROUNDS_FULL) if run.full else (SECONDS, ROUNDS)
    busy = bench.run(seconds, rounds, CONNECTIONS, run.samples / "wrk")
    run.keep("performance.json", json.pretty(busy))
    figures = [_figure(row) for row in busy if row["case"] != "about"]
    return [*figures, *_later(figures), *_latency(run), *_decision(run), *profile(run)]


def _figure(row: dict[str, object]) -> Figure:
    """`page, piepowder / nginx-lua` for a ratio, `page, piepowder, answers/s` for anything else."""
    name, unit = f"{row['case']}, {row['subject']}", str(row["unit"])
    ratio = unit == "ratio"
    return Figure(name if ratio else f"{name}, {unit}", float(str(row["value"])), "times" if ratio else unit.split()[0])


def _later(figures: list[Figure]) -> list[Figure]:
    """Above 1: reached."""
    return [
        Figure(f"share of the later goal: {each.name} >= {LATER[each.name]:g}", each.value / LATER[each.name], "times")
        for each in figures
        if each.name in LATER
    ]


def _latency(run: Run) -> list[Figure]:
    """One call at a time, so that nothing queues: what the gateway adds to the answer of its upstream."""
    idle = bench.run(3, 1, 1, run.samples / "wrk-one-at-a-time")
    found = {(row["case"], row["subject"], row["unit"]): float(row["value"]) for row in idle}
    return [
        Figure(
            f"{case}, latency added, {unit}",
            found[case, "piepowder", f"ms {unit}"] - found[case, "direct", f"ms {unit}"],
            "ms",
        )
        for case in ("page", "single")
        for unit in ("p50", "p99")
    ]


def _decision(run: Run) -> list[Figure]:
    command = [sys.executable, "-m", "proof.part1.decision"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    run.keep("decision.json", done.stdout)
    told = json.decode(done.stdout)
    return [
        Figure("cached decision with its key", min(told["plan_us"]), "us"),
        Figure("cached decision with its key, and the verdicts of one order state", min(told["verdicts_us"]), "us"),
        Figure("a question never asked before", told["new_us"], "us"),
    ]
