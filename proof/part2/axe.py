"""Row: axe-core on every kind of page that a role can reach, in both themes, and on pages where something is wrong."""

from proof.figures import Figure, Run
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    """A serious or critical finding fails its test."""
    suite = run_suite(run, "axe", "tests/browser/test_axe.py")
    pages = sum(int(value) for name, value in suite.properties.items() if name.startswith("pages: "))
    return [Figure("kinds of pages looked at", pages), *suite.figures()]
