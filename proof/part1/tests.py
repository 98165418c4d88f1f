"""Row h: `make test`, all of it, none skipped."""

import os

from proof.figures import Figure, Run
from proof.suites import counted


def measure(run: Run) -> list[Figure]:
    command = ["make", "test", f"ARGS=--junitxml={run.samples / 'tests.xml'}"]
    suite = counted(run, "tests", command, os.environ)
    return [Figure("make test", suite.seconds / 60, "min"), *suite.figures()]
