"""Every change of state is on the ledger: read from the code, and watched while the tests of all rooms run."""

import json
import os
import sys
import tempfile
from pathlib import Path

from proof.figures import ROOT, Figure, Run
from proof.suites import counted, run_suite

ROOMS = sorted(
    path.name for path in (ROOT / "src" / "piepowder" / "rooms").iterdir() if (path / "__init__.py").exists()
)


def measure(run: Run) -> list[Figure]:
    read = run_suite(run, "records", "tests/house/test_house_records.py")
    folders = [f"tests/{room}" for room in [*ROOMS, "flows", "console"] if (ROOT / "tests" / room).is_dir()]
    with tempfile.TemporaryDirectory() as folder:
        report = run.samples / "watched.xml"
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", *folders, f"--junitxml={report}"]
        watched = counted(run, "watched", command, os.environ | {"PIEPOWDER_LEDGER_WATCH": folder})
        seen = {verb for file in Path(folder).glob("*.json") for verb in json.loads(file.read_text(encoding="utf-8"))}
    verbs = set(read.properties["verbs"].split())
    return [
        Figure("verbs that write", len(verbs)),
        Figure("verbs that write and record nothing", int(read.properties["silent"])),
        Figure(
            "tests in which something changed without a record",
            watched.output.count("E   AssertionError: changed without"),
        ),
        Figure("verbs that were seen at work", len(verbs & seen)),
        Figure("verbs exempt, with a reason", int(read.properties["exempt"])),
        Figure("failed", read.failed + watched.failed, "tests"),
    ]
