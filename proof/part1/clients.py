"""Row b: python-amazon-sp-api and amzn-sp-api, unchanged, over every operation."""

from proof.figures import Figure, Run
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    return run_suite(run, "clients", "tests/wire").figures()
