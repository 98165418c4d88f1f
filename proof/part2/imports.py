"""Row `imports`: 100,000 grants with their tokens, 10,000 apps, 3,000 developers from files: dry run, run, once more, rollback."""

import shutil
import tempfile
from pathlib import Path

from piepowder.core.kernel import json
from piepowder.core.kernel.postgres import EmbeddedPostgres
from proof.figures import Figure, Run
from proof.part2 import market

UNITS = dict.fromkeys(("dry run", "run", "dry run and run, CPU of the process", "second run", "rollback"), "s")
UNITS |= {"memory above the start": "MB"}


def measure(run: Run) -> list[Figure]:
    """In an empty installation of its own."""
    folder = Path(tempfile.mkdtemp(prefix="piepowder-proof-"))
    try:
        with EmbeddedPostgres(folder) as server:
            settings = market.settings_of(folder, server.dsn())
            market.run(settings, "django", "migrate", "--no-input", "--verbosity", "0")
            told = json.decode(market.run(settings, "proof.part2.bring_in").splitlines()[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    run.keep("imports.json", json.pretty(told))
    return [Figure(name, value, UNITS.get(name, "")) for name, value in told.items()]
