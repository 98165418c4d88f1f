"""Rows that are test suites: pytest in a process of its own, counted from its own report."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from msgspec import Struct

from proof.figures import ROOT, Figure, Run


class Suite(Struct, frozen=True):
    """`properties`: what tests said of themselves with `record_property`; `output`: what they printed."""

    passed: int
    failed: int
    skipped: int
    seconds: float
    properties: dict[str, str]
    output: str

    def figures(self) -> list[Figure]:
        return [
            Figure("passed", self.passed, "tests"),
            Figure("failed", self.failed, "tests"),
            Figure("skipped", self.skipped, "tests"),
        ]


def run_suite(run: Run, name: str, folder: str, environment: Mapping[str, str] | None = None) -> Suite:
    """The tests of a folder. A run that breaks off counts as failed, whatever passed before."""
    report = run.samples / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", folder, f"--junitxml={report}"]
    return counted(run, name, command, os.environ | dict(environment or {}))


def counted(run: Run, name: str, command: list[str], environment: Mapping[str, str]) -> Suite:
    """`command` writes `<samples>/<name>.xml`."""
    report = run.samples / f"{name}.xml"
    run.samples.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    began = time.monotonic()
    done = subprocess.run(command, env=dict(environment), cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - began
    run.keep(f"{name}.txt", done.stdout + done.stderr)
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    broken = done.returncode != 0 and not failed
    properties = {each.attrib["name"]: each.attrib["value"] for case in cases for each in case.iter("property")}
    return Suite(len(cases) - failed - skipped, failed + broken, skipped, seconds, properties, done.stdout)
