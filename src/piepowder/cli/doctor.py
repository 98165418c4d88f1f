"""`piepowder doctor`: is this installation fit to run, and does everything go through the gateway?"""

from cyclopts import App

from piepowder.cli.checks import Outcome, examine
from piepowder.cli.options import Common, print_json, print_table

app = App(name="doctor", help="Check configuration, keys, database, ports, disk, upstream and clocks.")


@app.default
def doctor(*, common: Common | None = None) -> int:
    """Check configuration, keys, database, ports, disk, upstream and clocks. Exit status 1 if anything failed."""
    common = common or Common()
    found = examine(common.settings(), config=common.config)
    healthy = all(finding.outcome is not Outcome.FAILED for finding in found)
    if common.json:
        checks = [
            {"check": one.check, "outcome": one.outcome.value, "detail": one.detail, "hint": one.hint} for one in found
        ]
        print_json({"ok": healthy, "checks": checks})
        return 0 if healthy else 1
    rows = [
        (finding.outcome.value, finding.check, "\n".join(filter(None, (finding.detail, finding.hint))))
        for finding in found
    ]
    print_table(("outcome", "check", "detail"), rows)
    return 0 if healthy else 1
