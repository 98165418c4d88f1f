"""Every action of the console at the two other doors, and the JSON API against generated requests."""

import os
import sys

from proof.figures import Figure, Run
from proof.suites import counted, run_suite

EXAMPLES = 200


def measure(run: Run) -> list[Figure]:
    table = run_suite(run, "doors", "tests/house/test_house_doors.py")
    told = {name: int(value) for name, value in table.properties.items()}
    report = run.samples / "generated.xml"
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "tests/api", f"--junitxml={report}"]
    asked = counted(run, "generated", command, os.environ | {"PIEPOWDER_API_EXAMPLES": str(EXAMPLES)})
    requests = [int(value) for name, value in asked.properties.items() if name.startswith("requests: ")]
    return [
        Figure("pages that accept a form", told["posting"]),
        Figure("of them at one door only, without a reason", told["posting"] - told["mapped"] - told["alone"]),
        Figure("operations of the API", told["operations"]),
        Figure("operations without a command", told["operations"] - told["with_command"]),
        Figure("changing commands without an operation", told["commands_left"]),
        Figure("operations sent generated requests", len(requests)),
        Figure("requests to each operation, at least", min(requests, default=0)),
        Figure("requests in all", sum(requests)),
        Figure("server errors", asked.output.count("ServerError: Server error")),
        Figure("operations that do not answer as documented", asked.failed),
        Figure("failed", table.failed, "tests"),
    ]
