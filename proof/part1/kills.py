"""Row d: `kill -9` of gateway and PostgreSQL under load; the client's journal against the ledger."""

from proof.figures import Figure, Run
from proof.part1.goals import GOALS
from proof.suites import run_suite


def measure(run: Run) -> list[Figure]:
    kills = next(each for each in GOALS if each.name == "kills").limit_of(run.full)
    suite = run_suite(run, "kills", "tests/kills", {"PIEPOWDER_KILLS": f"{kills:.0f}"})
    told = suite.properties
    return [
        Figure("kills", int(told["kills"])),
        Figure("received and not recorded", int(told["missing"])),
        Figure("recorded twice", int(told["twice"])),
        Figure("failed", suite.failed, "tests"),
        Figure("answers with personal data received", int(told["received"])),
        Figure("calls cut off", int(told["broken"])),
        Figure("recorded and not received", int(told["unreceived"])),
    ]
