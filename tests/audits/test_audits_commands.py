"""Commands of audits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from piepowder.rooms.audits.rules import AuditStatus
from tests.support.commands import Run, commands


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


def test_the_whole_audit_by_commands(run: Run, tmp_path: Path) -> None:
    """Both sides on this machine, from the draw to the result."""
    developer = run("developer", "create", "Label works", "--email", "office@labels.example", "--standing", "good")
    draw = run("audit", "draw", "sample", "1", "--seed", "seed")
    assert run("audit", "draw-again", draw["id"])["same"] is True
    assert len(run("audit", "pool", draw["id"])) == 1
    audit = run("audit", "list")[0]["id"]
    account = run("staff", "create", "rita@market.example", "--role", "reviewer")
    assert run("audit", "assign", audit, account["email"])["assessor"].endswith(account["id"])
    run("audit", "announce", audit)
    (asked,) = run("audit", "ask", audit, "logs=A sample.")
    file = tmp_path / "log.txt"
    file.write_text("made up\n")
    assert len(run("audit", "answer", "provide", asked["id"], "--file", str(file))["documents"]) == 1
    run("audit", "accept", asked["id"])
    for item in run("audit", "show", audit)["items"]:
        run("audit", "judge", audit, item["key"], "met", "Seen.")
    finding = run("audit", "find", audit, "low", "A typing error.", "Mend it.", "--item", "logs")["id"]
    run("audit", "send-findings", audit)
    run("audit", "answer", "finding", finding, "fixed", "Done.")
    run("audit", "settle", finding, "fixed", "Seen.")
    assert run("audit", "close", audit, "All fixed.")["status"] == AuditStatus.CLOSED_WITH_FINDINGS
    assert run("audit", "result", developer["id"])["to_fix"] == 0
