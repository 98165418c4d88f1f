"""Row: the journeys of the three roles in real Chromium, in both themes, one of them by keyboard only, and without JavaScript."""

from proof.figures import Figure, Run
from proof.suites import run_suite

JOURNEYS = "test_developer test_seller test_staff test_no_script"


def measure(run: Run) -> list[Figure]:
    suite = run_suite(run, "browser", "tests/browser", {"PYTEST_ADDOPTS": f"-k '{JOURNEYS.replace(' ', ' or ')}'"})
    return [*suite.figures(), Figure("took", suite.seconds, "s")]
