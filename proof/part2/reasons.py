"""Row: clicks from somebody's home page to the reason, the rule and what obtains it."""

from proof.figures import Figure, Run
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    suite = run_suite(run, "reasons", "tests/browser/test_reasons.py")
    clicks = [
        Figure(name, float(value), "clicks") for name, value in suite.properties.items() if name.startswith("clicks: ")
    ]
    return [*clicks, *suite.figures()]
