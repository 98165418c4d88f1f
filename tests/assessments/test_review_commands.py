"""Commands of the review desk and of the documents made from approved answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from piepowder.core.kernel import json
from tests.support.assessments import PROVED, ROLES, good_answers
from tests.support.commands import Run, commands

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def _handed_in(run: Run, folder: Path) -> tuple[str, str]:
    """An assessment whose answers are right, and its submission."""
    developer = run("developer", "create", "Label works", "--email", "office@labels.example")
    words = [word for role in ROLES for word in ("--role", role)]
    begun: str = run("assessment", "begin", developer["id"], *words)["id"]
    file = folder / "answers.json"
    dates = {"scans": TODAY, "incident_rehearsed": TODAY, "training": TODAY}
    file.write_bytes(json.encode({"answers": {**good_answers(), **dates}}))
    run("assessment", "import", begun, str(file))
    for question in PROVED:
        document = folder / f"{question}.txt"
        document.write_text(f"Made up, for {question}.\n")
        run("assessment", "attach", begun, question, str(document))
    return begun, run("assessment", "submit", begun)["id"]


def test_two_people_by_command(run: Run, tmp_path: Path, settings: Any) -> None:
    """Take the next, conclude, take back, conclude, decline, conclude, confirm; then the documents."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"assessment_four_eyes": True})
    begun, submission = _handed_in(run, tmp_path)
    review = ("assessment", "review")
    assert run(*review, "next")["id"] == submission
    assert run(*review, "next", status=1)["error"]["code"] == "assessments_queue_empty"
    run(*review, "accept-rest", submission)
    assert run(*review, "conclude", submission)["proposed_at"]
    assert run(*review, "retract", submission)["proposed_at"] is None
    assert run(*review, "conclude", submission)["proposed_outcome"] == "approved"
    assert run(*review, "confirm", submission, status=1)["error"]["code"] == "assessments_second_person"
    key = tmp_path / "second.key"
    key.write_text(run("staff", "key", "second", "--role", "reviewer")["key"])
    declined = run(*review, "decline", submission, "Not yet.", "--key-file", str(key))
    assert declined["proposed_at"] is None
    run(*review, "conclude", submission)
    assert run(*review, "confirm", submission, "--key-file", str(key))["outcome"] == "approved"
    file = tmp_path / "record.csv"
    made = run("assessment", "document", "processing-record", begun, "--format", "csv", "--file", str(file))
    assert made["missing"] > 0
    assert file.read_text().strip()
    assert run("assessment", "document", "impact-assessment", begun)["missing"]
