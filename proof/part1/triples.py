"""Row c: generated (policy, document, request) triples, judged by the oracle."""

import re

from proof.figures import Figure, Run
from proof.part1.goals import GOALS
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    """Each failed test stands for at least one leak, or for one field too few: both are wrong."""
    goal = next(each for each in GOALS if each.name == "triples")
    suite = run_suite(run, "triples", "tests/oracle", {"PIEPOWDER_TRIPLES": f"{goal.limit_of(run.full):.0f}"})
    told = re.search(r"'triples': (\d+)", suite.output)
    if told is None:
        raise AssertionError(f"tests/oracle did not say how many triples it tried\n{suite.output[-2000:]}")
    personal = re.search(r"'with personal data': (\d+)", suite.output)
    return [
        Figure("triples", int(told[1])),
        Figure("leaks", suite.failed),
        Figure("triples with personal data", int(personal[1]) if personal else 0),
    ]
