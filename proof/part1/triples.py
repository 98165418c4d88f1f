"""Row c: generated (policy, document, request) triples, judged by the oracle."""

import re

from proof.figures import Figure, Run
from proof.part1.goals import GOALS
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    """Each failed test stands for at least one leak, or for one field too few: both are wrong."""
    goal = next(each for each in GOALS if each.name == "triples")
    suite = run_suite(run, "triples", "tests/oracle", {"PIEPOWDER_TRIPLES": f"{goal.limit_of(run.full):.0f}"})
    triples = told(suite.output, "triples")
    if not triples:
        raise AssertionError(f"tests/oracle did not say how many triples it tried\n{suite.output[-2000:]}")
    return [
        Figure("triples", triples),
        Figure("leaks", suite.failed),
        Figure("triples with personal data", told(suite.output, "with personal data")),
        Figure("triples refused", told(suite.output, "refused")),
    ]


def told(output: str, what: str) -> int:
    """Sum over the shards, each of which prints its own counts."""
    return sum(map(int, re.findall(rf"'{what}': (\d+)", output)))
