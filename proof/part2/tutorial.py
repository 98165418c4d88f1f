"""Row: a person follows the tutorial from signing up to the first filtered order, timed by the keystroke-level model."""

from piepowder.core.kernel import json
from proof.figures import Figure, Run
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    """Seconds of all steps, those that a failure left out missing; a step that is not as written fails its test."""
    times = run.keep("tutorial.json", json.pretty({"steps_written": 0, "steps": []}))
    suite = run_suite(run, "tutorial", "tests/tutorial", {"PIEPOWDER_TUTORIAL_TIMES": str(times)})
    told = json.decode(times.read_bytes())
    steps = told["steps"]
    return [
        Figure("a person's time", sum(step["seconds"] for step in steps), "s"),
        Figure("steps that are not as written", told["steps_written"] - sum(step["ok"] for step in steps)),
        Figure("steps", len(steps), "steps"),
        Figure("of it the system's time", sum(step["system"] for step in steps), "s"),
        Figure("of it reading", sum(step["reading"] for step in steps), "s"),
        Figure("reading every page's introduction as well", sum(step["introductions"] for step in steps), "s"),
        *suite.figures(),
    ]
